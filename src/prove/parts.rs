//! Splits a question into parts that share nothing: each is a small decision diagram, and together they are the question.

use std::collections::{BTreeMap, BTreeSet};

use super::diagram::Bdd;
use super::space::{Arg, Atom, Node, Space, TermId};

/// The most nodes of the diagram that conditions are put together in; further ones get a diagram of their own. Large ones
/// take long to make, and with many small ones more models of one have to be tried on the others.
const MAX_NODES: usize = 3_000;

/// The same of those that speak of what the question is about: most impossible questions are so because of them.
const MAX_NEAR: usize = 12_000;

/// One of the independent parts.
#[derive(Clone, Debug)]
pub(super) struct Part {
    /// Diagrams that are to hold together, those that matter most first.
    pub(super) formulas: Vec<Bdd>,
    /// Conditions that are to hold as well, and are put together once a model of the others asks for them.
    rest: Vec<Bdd>,
    /// Whether the question is mostly about this part: the one that the first condition is in.
    pub(super) main: bool,
    /// Why its having no models left would prove nothing.
    pub(super) doubts: BTreeSet<String>,
}

impl Part {
    /// The nodes of all its diagrams.
    pub(super) fn size(&self) -> usize {
        let all = self.formulas.iter().chain(&self.rest);
        all.fold(0, |n, formula| n.saturating_add(formula.size()))
    }

    /// Whether conditions were left to add a diagram for.
    pub(super) fn grow(&mut self) -> bool {
        let mut rest = std::mem::take(&mut self.rest).into_iter();
        let Some(mut last) = rest.next() else { return false };
        for condition in rest.by_ref() {
            match last.and_within(&condition, MAX_NODES) {
                Some(both) => last = both,
                None => {
                    self.rest.push(condition);
                    break;
                }
            }
        }
        self.rest.extend(rest);
        self.formulas.push(last);
        true
    }

    fn add(&mut self, near: bool, condition: Bdd) {
        if self.formulas.iter().any(Bdd::is_false) {
            return;
        }
        match self.formulas.last_mut() {
            Some(last) if near => match last.and_within(&condition, MAX_NEAR) {
                Some(both) => *last = both,
                None => self.formulas.push(condition),
            },
            None => self.formulas.push(condition),
            Some(_) => self.rest.push(condition),
        }
    }
}

/// Groups conditions that speak of the same terms, or of terms that a view connects.
pub(super) fn parts(space: &Space, conditions: Vec<Bdd>) -> Vec<Part> {
    let mut groups = Groups::default();
    for (id, term) in space.terms() {
        match &term.node {
            Node::View(_, args) => {
                for arg in args {
                    if let Arg::Term(of) = arg {
                        groups.join(id, *of);
                    }
                }
            }
            Node::Output(of, _) | Node::Size(of) => groups.join(id, *of),
            Node::Member(of, _) if *of != usize::MAX => groups.join(id, *of),
            _ => {}
        }
    }
    let mut homes: Vec<(Option<TermId>, Bdd)> = Vec::with_capacity(conditions.len());
    for condition in conditions {
        let mut first = None;
        for variable in condition.support_set() {
            let Some(atom) = space.owner(variable).and_then(|n| space.atoms().get(n)) else { continue };
            for term in atom.terms() {
                match first {
                    None => first = Some(term),
                    Some(first) => groups.join(first, term),
                }
            }
        }
        homes.push((first, condition));
    }
    let homes = near_first(space, homes);
    let main = homes.first().and_then(|(_, home, _)| *home).map(|term| groups.find(term));
    let mut parts: BTreeMap<Option<TermId>, Part> = BTreeMap::new();
    for (near, home, condition) in homes {
        let home = home.map(|term| groups.find(term));
        let doubts = BTreeSet::new();
        let new = || Part { formulas: Vec::new(), rest: Vec::new(), main: home == main, doubts };
        parts.entry(home).or_insert_with(new).add(near, condition);
    }
    parts.into_values().collect()
}

/// Puts the conditions that speak of what the first speaks of behind it, and of the others the small ones first. The first
/// value is whether it does.
fn near_first(space: &Space, homes: Vec<(Option<TermId>, Bdd)>) -> Vec<(bool, Option<TermId>, Bdd)> {
    let support = |condition: &Bdd| -> BTreeSet<usize> {
        let numbers = condition.support_set().into_iter().filter_map(|v| space.owner(v));
        numbers.filter(|n| !matches!(space.atoms().get(*n), Some(Atom::Present(_)))).collect()
    };
    let first = homes.first().map(|(_, condition)| support(condition)).unwrap_or_default();
    let mut out: Vec<_> = homes
        .into_iter()
        .map(|(home, condition)| (!support(&condition).is_disjoint(&first), home, condition))
        .collect();
    if let Some(rest) = out.get_mut(1..) {
        rest.sort_by_key(|(near, _, condition)| (!near, condition.size()));
    }
    out
}

/// Terms that belong together.
#[derive(Debug, Default)]
struct Groups {
    leader: BTreeMap<TermId, TermId>,
}

impl Groups {
    fn find(&mut self, term: TermId) -> TermId {
        let mut at = term;
        while let Some(up) = self.leader.get(&at).copied() {
            at = up;
        }
        if at != term {
            self.leader.insert(term, at);
        }
        at
    }

    fn join(&mut self, a: TermId, b: TermId) {
        let (a, b) = (self.find(a), self.find(b));
        if a != b {
            self.leader.insert(a.max(b), a.min(b));
        }
    }
}
