//! Splits a question into parts that share nothing: each is a small decision diagram, and together they are the question.

use std::collections::{BTreeMap, BTreeSet};

use biodivine_lib_bdd::Bdd;

use super::space::{Arg, Atom, Node, Space, TermId};

/// The most nodes of a decision diagram.
const MAX_NODES: usize = 30_000;

/// One of the independent parts.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) formula: Bdd,
    /// Whether the question is mostly about this part: the one that the first condition is in.
    pub(super) main: bool,
    /// Why its having no models left would prove nothing.
    pub(super) doubts: BTreeSet<String>,
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
    near_first(space, &mut homes);
    let main = homes.first().and_then(|(home, _)| *home).map(|term| groups.find(term));
    let mut parts: BTreeMap<Option<TermId>, Part> = BTreeMap::new();
    for (home, condition) in homes {
        let home = home.map(|term| groups.find(term));
        let part = parts.entry(home).or_insert_with(|| Part {
            formula: space.yes(),
            main: home == main,
            doubts: BTreeSet::new(),
        });
        if part.formula.size() > MAX_NODES {
            // What is impossible without a condition is impossible with it, and what is possible is tried.
            continue;
        }
        part.formula = part.formula.and(&condition);
    }
    parts.into_values().collect()
}

/// Puts the conditions that speak of what the first speaks of behind it, and of the others the small ones first: if not all
/// can be kept, these matter most.
fn near_first(space: &Space, homes: &mut [(Option<TermId>, Bdd)]) {
    let support = |condition: &Bdd| -> BTreeSet<usize> {
        let numbers = condition.support_set().into_iter().filter_map(|v| space.owner(v));
        numbers.filter(|n| !matches!(space.atoms().get(*n), Some(Atom::Present(_)))).collect()
    };
    let Some(first) = homes.first().map(|(_, condition)| support(condition)) else { return };
    if let Some(rest) = homes.get_mut(1..) {
        rest.sort_by_cached_key(|(_, condition)| (support(condition).is_disjoint(&first), condition.size()));
    }
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
