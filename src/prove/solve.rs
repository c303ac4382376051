//! Models of a question: ways through its decision diagram, cheapest first, that values exist for.

use std::collections::BTreeMap;

use biodivine_lib_bdd::{Bdd, BddPointer};

use super::ground::literal;
use super::sides::sides;
use super::space::{Atom, Space};
use super::values::{Conflict, Literals, Values, values};

/// How many models are looked at before a question is given up.
const MAX_MODELS: usize = 600;

/// The models of a formula, one after the other.
pub(super) struct Models<'m> {
    space: &'m mut Space,
    formula: Bdd,
    pool: &'m [Vec<u8>],
    looked_at: usize,
    /// Why the end of the models would be no proof that there are none.
    pub(super) doubts: std::collections::BTreeSet<String>,
}

impl<'m> Models<'m> {
    /// `pool` are strings to try as arguments of views.
    pub(super) fn new(space: &'m mut Space, question: &Bdd, pool: &'m [Vec<u8>]) -> Self {
        let formula = if question.is_false() { question.clone() } else { sides(space).and(question) };
        let doubts = space.limits.clone();
        Self { space, formula, pool, looked_at: 0, doubts }
    }

    /// The next model with values for it, and the model itself.
    pub(super) fn next(&mut self) -> Option<(Literals, Values)> {
        loop {
            if self.formula.is_false() {
                return None;
            }
            self.looked_at = self.looked_at.saturating_add(1);
            if self.looked_at > MAX_MODELS {
                self.doubts.insert(format!("more than {MAX_MODELS} cases would have to be looked at"));
                return None;
            }
            let model = cheapest(&self.formula, self.space)?;
            match values(self.space, &model, self.pool) {
                Ok(values) => return Some((model, values)),
                Err(Conflict::Hard(core)) => self.exclude(&core),
                Err(Conflict::Soft(core, why)) => {
                    self.doubts.insert(why);
                    self.exclude(&core);
                }
            }
        }
    }

    /// The space, to build documents from.
    pub(super) fn space(&self) -> &Space {
        self.space
    }

    /// Leaves out a model that turned out not to be one, for a reason that is no proof.
    pub(super) fn reject(&mut self, model: &Literals, why: String) {
        self.doubts.insert(why);
        self.exclude(model);
    }

    fn exclude(&mut self, literals: &Literals) {
        let mut all = self.space.yes();
        for (number, holds) in literals.iter().rev() {
            all = all.and(&self.space.literal(*number, *holds));
        }
        self.formula = self.formula.and_not(&all);
    }
}

/// The way to true through a decision diagram that asks for least.
fn cheapest(formula: &Bdd, space: &Space) -> Option<Literals> {
    let empty = space.langs.borrow().find(&literal(&[]));
    let weights: Vec<(u64, u64)> = space.atoms().iter().map(|atom| weight(atom, empty)).collect();
    let mut costs: BTreeMap<usize, u64> = BTreeMap::new();
    // Below a node are only nodes that were made before it.
    let mut stack = vec![formula.root_pointer()];
    while let Some(node) = stack.last().copied() {
        if node.is_terminal() || costs.contains_key(&node.to_index()) {
            stack.pop();
            continue;
        }
        let (low, high) = (formula.low_link_of(node), formula.high_link_of(node));
        match (cost(low, &costs), cost(high, &costs)) {
            (Some(low), Some(high)) => {
                let (no, yes) = weights.get(formula.var_of(node).to_index()).copied().unwrap_or_default();
                let best = low.saturating_add(no).min(high.saturating_add(yes));
                costs.insert(node.to_index(), best);
                stack.pop();
            }
            (None, _) => stack.push(low),
            (_, None) => stack.push(high),
        }
    }
    let mut out = Literals::new();
    let mut node = formula.root_pointer();
    while !node.is_terminal() {
        let var = formula.var_of(node).to_index();
        let (no, yes) = weights.get(var).copied().unwrap_or_default();
        let (low, high) = (formula.low_link_of(node), formula.high_link_of(node));
        let on_low = cost(low, &costs)?.saturating_add(no);
        let on_high = cost(high, &costs)?.saturating_add(yes);
        let up = on_high < on_low;
        out.insert(var, up);
        node = if up { high } else { low };
    }
    node.is_one().then_some(out)
}

/// More than any way to true costs.
const NEVER: u64 = 1 << 60;

fn cost(node: BddPointer, costs: &BTreeMap<usize, u64>) -> Option<u64> {
    if node.is_one() {
        Some(0)
    } else if node.is_zero() {
        Some(NEVER)
    } else {
        costs.get(&node.to_index()).copied()
    }
}

/// What it costs, roughly in bytes of a document, that an atom does not hold, and that it does.
fn weight(atom: &Atom, empty: Option<usize>) -> (u64, u64) {
    match atom {
        Atom::Used(..) => (0, 12),
        Atom::Present(_) => (0, 8),
        Atom::True(_) => (0, 6),
        Atom::Text(_, lang) if Some(*lang) == empty => (8, 0),
        Atom::Text(..) => (0, 1),
        Atom::Equal(..) | Atom::AtMost(..) => (0, 0),
    }
}
