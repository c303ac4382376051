//! Models of a question: ways through its decision diagram, cheapest first, that values exist for.

use std::collections::BTreeSet;

use biodivine_lib_bdd::BddPointer;

use super::diagram::Bdd;
use super::parts::{Part, parts};
use super::sides::sides;
use super::space::{Atom, Space, TermId};
use super::values::{Conflict, Literals, Values, smaller, values};
use crate::schema::Constant;

/// The models of a question, one after the other.
pub(super) struct Models<'m> {
    space: &'m mut Space,
    parts: Vec<Part>,
    /// The model of each part that is valid still.
    found: Vec<Option<(Literals, Values)>>,
    pool: &'m [Vec<u8>],
    /// Why the end of the models would be no proof that there are none.
    pub(super) doubts: BTreeSet<String>,
}

impl<'m> Models<'m> {
    /// `conditions` are to hold together, the one that the question is about first; `pool` are strings to try as
    /// arguments of views.
    pub(super) fn new(space: &'m mut Space, mut conditions: Vec<Bdd>, pool: &'m [Vec<u8>]) -> Self {
        if conditions.iter().any(Bdd::is_false) {
            conditions = vec![space.no()];
        } else {
            // What always holds keeps the diagrams small.
            let rest = conditions.split_off(conditions.len().min(1));
            conditions.extend(sides(space));
            conditions.extend(rest);
        }
        let parts = parts(space, conditions);
        let doubts = space.limits.clone();
        let found = parts.iter().map(|_| None).collect();
        Self { space, parts, found, pool, doubts }
    }

    /// The next model.
    pub(super) fn next(&mut self) -> Option<Values> {
        // What the question is about first: mostly there is no model for just that.
        let mut order: Vec<usize> = (0..self.parts.len()).collect();
        order.sort_by_key(|n| self.parts.get(*n).map(|part| (!part.main, part.size())));
        let mut all = Values::default();
        for number in order {
            if self.found.get(number).is_none_or(Option::is_none) {
                let model = self.part(number);
                if model.is_none() {
                    // What is doubtful about other parts does not matter: this one has no model.
                    self.doubts = self.space.limits.clone();
                    self.doubts
                        .extend(self.parts.get(number).into_iter().flat_map(|p| p.doubts.iter().cloned()));
                    return None;
                }
                if let Some(slot) = self.found.get_mut(number) {
                    *slot = model;
                }
            }
            if let Some(Some((_, values))) = self.found.get(number) {
                all.extend(values.clone());
            }
        }
        Some(all)
    }

    /// A model of one part.
    fn part(&mut self, number: usize) -> Option<(Literals, Values)> {
        let part = self.parts.get_mut(number)?;
        let mut search = Search::new(self.space);
        while let Some(model) = search.next(part) {
            match values(self.space, &model, self.pool) {
                Ok(values) => return Some((model, values)),
                Err(Conflict::Hard(core)) => search.exclude(part, &core),
                Err(Conflict::Soft(core, why)) => {
                    part.doubts.insert(why);
                    search.exclude(part, &core);
                }
            }
        }
        None
    }

    /// The space, to build documents from.
    pub(super) fn space(&self) -> &Space {
        self.space
    }

    /// Leaves out the last model, which turned out not to be one, for a reason that is no proof.
    pub(super) fn reject(&mut self, why: &str) {
        self.doubts.insert(why.to_owned());
        for (part, found) in self.parts.iter_mut().zip(&mut self.found) {
            if part.main
                && let Some((model, _)) = found.take()
            {
                part.doubts.insert(why.to_owned());
                if let Some(formula) = part.formulas.first_mut() {
                    exclude(self.space, formula, &model);
                }
            }
        }
    }
}

/// A way through several diagrams that are to hold together: one after the other, each as those before it leave it open.
///
/// Where one is left no way, the choices that are to blame are excluded from the last diagram that made one of them. So
/// each diagram learns of the others what matters to it, and once the first has no way left there is none.
struct Search<'s> {
    space: &'s Space,
    weights: Vec<(u64, u64)>,
    /// What each diagram in turn has added.
    levels: Vec<Literals>,
}

impl<'s> Search<'s> {
    fn new(space: &'s Space) -> Self {
        let weights = space.atoms().iter().map(|atom| weight(space, atom)).collect();
        Self { space, weights, levels: Vec::new() }
    }

    /// The next model.
    fn next(&mut self, part: &mut Part) -> Option<Literals> {
        let mut all: Literals = self.levels.iter().flatten().map(|(n, b)| (*n, *b)).collect();
        loop {
            // Once the steps are spent nothing is true of a diagram.
            if self.space.meter.is_over() {
                return None;
            }
            let Some(formula) = part.formulas.get(self.levels.len()) else {
                if part.grow() {
                    continue;
                }
                return Some(all);
            };
            match self.cheapest(formula, &all) {
                Some(way) => {
                    let more: Literals = way.into_iter().filter(|(n, _)| !all.contains_key(n)).collect();
                    all.extend(more.iter().map(|(n, b)| (*n, *b)));
                    self.levels.push(more);
                }
                None => {
                    let support = formula.support_set();
                    let support = support.into_iter().filter_map(|v| self.space.owner(v));
                    let core: Literals = support.filter_map(|n| Some((n, *all.get(&n)?))).collect();
                    let core = smaller(core, |core| self.cheapest(formula, core).is_none());
                    if core.is_empty() {
                        return None;
                    }
                    self.exclude(part, &core);
                    all = self.levels.iter().flatten().map(|(n, b)| (*n, *b)).collect();
                }
            }
        }
    }

    /// Leaves out what turned out to be no model, and goes back to where it began.
    fn exclude(&mut self, part: &mut Part, core: &Literals) {
        let last = self.levels.iter().rposition(|level| core.keys().any(|n| level.contains_key(n)));
        let last = last.unwrap_or(0);
        self.levels.truncate(last);
        if let Some(formula) = part.formulas.get_mut(last) {
            exclude(self.space, formula, core);
        }
    }

    /// The way to true through a diagram that asks for least, where some atoms are decided already.
    fn cheapest(&self, formula: &Bdd, given: &Literals) -> Option<Literals> {
        let formula = formula.nodes()?;
        let weigh = |node| {
            let number = self.space.owner(formula.var_of(node));
            let (no, yes) = number.and_then(|n| self.weights.get(n)).copied().unwrap_or_default();
            match number.and_then(|n| given.get(&n)) {
                Some(true) => (NEVER, 0),
                Some(false) => (0, NEVER),
                None => (no, yes),
            }
        };
        let mut costs: Vec<Option<u64>> = vec![None; formula.size()];
        // Below a node are only nodes that were made before it.
        let mut stack = vec![formula.root_pointer()];
        while let Some(node) = stack.last().copied() {
            if node.is_terminal() || cost(node, &costs).is_some() {
                stack.pop();
                continue;
            }
            let (low, high) = (formula.low_link_of(node), formula.high_link_of(node));
            match (cost(low, &costs), cost(high, &costs)) {
                (Some(low), Some(high)) => {
                    let (no, yes) = weigh(node);
                    let best = low.saturating_add(no).min(high.saturating_add(yes));
                    if let Some(slot) = costs.get_mut(node.to_index()) {
                        *slot = Some(best);
                    }
                    stack.pop();
                }
                (None, _) => stack.push(low),
                (_, None) => stack.push(high),
            }
        }
        let mut out = Literals::new();
        let mut node = formula.root_pointer();
        if cost(node, &costs)? >= NEVER {
            return None;
        }
        while !node.is_terminal() {
            let (no, yes) = weigh(node);
            let (low, high) = (formula.low_link_of(node), formula.high_link_of(node));
            let on_low = cost(low, &costs)?.saturating_add(no);
            let on_high = cost(high, &costs)?.saturating_add(yes);
            let up = on_high < on_low;
            out.extend(self.space.owner(formula.var_of(node)).map(|number| (number, up)));
            node = if up { high } else { low };
        }
        node.is_one().then_some(out)
    }
}

fn exclude(space: &Space, formula: &mut Bdd, literals: &Literals) {
    let all = space.cube(literals.iter().map(|(number, holds)| (*number, *holds)));
    *formula = formula.and_not(&all);
}

/// More than any way to true costs.
const NEVER: u64 = 1 << 60;

fn cost(node: BddPointer, costs: &[Option<u64>]) -> Option<u64> {
    if node.is_one() {
        Some(0)
    } else if node.is_zero() {
        Some(NEVER)
    } else {
        costs.get(node.to_index()).copied().flatten()
    }
}

/// What it costs, roughly in bytes of a document, that an atom does not hold, and that it does: nothing where it is so
/// of what is left out.
fn weight(space: &Space, atom: &Atom) -> (u64, u64) {
    let default = |term: &TermId| space.get(*term).and_then(|t| t.default.as_ref());
    let (by_itself, cost) = match atom {
        Atom::Equal(..) => return (0, 0),
        Atom::Used(..) => (false, 12),
        Atom::Present(_) => (false, 8),
        Atom::True(term) => (default(term) == Some(&Constant::Bool(true)), 6),
        Atom::Text(term, lang) => {
            let text = match default(term) {
                Some(Constant::String(text)) => text.as_bytes(),
                _ => &[],
            };
            (space.langs.borrow().get(*lang).is_some_and(|lang| lang.contains(text)), 5)
        }
        Atom::AtMost(Some(x), None, c) => match default(x) {
            Some(Constant::Int(n)) => (n <= c, 7),
            _ => (*c >= 0, 7),
        },
        Atom::AtMost(_, _, c) => (*c >= 0, 1),
    };
    if by_itself { (cost, 0) } else { (0, cost) }
}
