//! What is true of all documents, whatever a question asks: entries are counted from the first, keys differ, what is
//! absent is zero, and a string can only meet the tests that some string meets.

use std::collections::BTreeMap;

use super::diagram::Bdd;
use super::exact;
use super::ground::literal;
use super::space::{Atom, LangId, NAMED, Node, Space, TermId};
use crate::schema::Constant;

/// The most tests of one string that are looked at together beforehand; others meet when a model is tried.
const MAX_TOGETHER: usize = 16;

/// The constraints on all atoms of the space.
pub(super) fn sides(space: &mut Space) -> Vec<Bdd> {
    let mut out = exact::lemmas(space);
    out.extend(exact::of_nothing(space));
    entries(space, &mut out);
    defaults(space, &mut out);
    absence(space, &mut out);
    strings(space, &mut out);
    numbers(space, &mut out);
    out
}

/// What is at most so much is at most more.
fn numbers(space: &Space, out: &mut Vec<Bdd>) {
    type Pair = (Option<TermId>, Option<TermId>);
    let mut bounds: BTreeMap<Pair, Vec<(i64, usize)>> = BTreeMap::new();
    for (number, atom) in space.atoms().iter().enumerate() {
        if let Atom::AtMost(x, y, c) = atom {
            bounds.entry((*x, *y)).or_default().push((*c, number));
        }
    }
    for bounds in bounds.values_mut() {
        bounds.sort_unstable();
        for pair in bounds.windows(2) {
            if let [(_, less), (_, more)] = pair {
                out.push(space.literal(*less, false).or(&space.literal(*more, true)));
            }
        }
    }
}

/// Entries are there from the first on, and the keys of a map differ.
fn entries(space: &mut Space, out: &mut Vec<Bdd>) {
    let lists: Vec<TermId> = space
        .terms()
        .map(|(id, _)| id)
        .filter(|id| {
            space.slots_of(*id) > 0 && matches!(node(space, *id), Some(Node::Field(..) | Node::Element(..)))
        })
        .collect();
    for list in lists {
        let slots = space.slots_of(list);
        let used: Vec<Bdd> = (0..slots).map(|i| space.atom(Atom::Used(list, i))).collect();
        for pair in used.windows(2) {
            if let [first, second] = pair {
                out.push(second.imp(first));
            }
        }
        let keys: Vec<(usize, TermId)> = space
            .terms()
            .filter_map(|(id, term)| match term.node {
                Node::Key(of, index) if of == list && index < NAMED => Some((index, id)),
                _ => None,
            })
            .collect();
        // Keys with a name have entries of their own.
        for name in space.names_of(list).to_vec() {
            for (index, key) in &keys {
                let same = space.text(*key, &literal(&name));
                out.extend(used.get(*index).map(|used| used.and(&same).not()));
            }
        }
        for (n, (i, first)) in keys.iter().enumerate() {
            for (j, second) in keys.iter().skip(n.saturating_add(1)) {
                let (Some(a), Some(b)) = (used.get(*i), used.get(*j)) else { continue };
                let same = space.atom(Atom::Equal(*first.min(second), *first.max(second)));
                out.push(a.and(b).and(&same).not());
            }
        }
    }
}

fn node(space: &Space, term: TermId) -> Option<&Node> {
    space.get(term).map(|t| &t.node)
}

/// The merge with the command line's defaults leaves no zero string or number where there is a default.
fn defaults(space: &mut Space, out: &mut Vec<Bdd>) {
    let with: Vec<(TermId, Constant)> = space
        .terms()
        .filter(|(_, t)| t.never_zero)
        .filter_map(|(id, t)| Some((id, t.default.clone()?)))
        .collect();
    for (term, default) in with {
        match default {
            Constant::String(text) if !text.is_empty() => {
                let empty = space.text(term, &literal(&[]));
                out.push(empty.not());
            }
            Constant::Int(n) if n != 0 => {
                let zero = zero_int(space, term);
                out.push(zero.not());
            }
            _ => {}
        }
    }
}

fn zero_int(space: &mut Space, term: TermId) -> Bdd {
    let most = space.atom(Atom::AtMost(Some(term), None, 0));
    let less = space.atom(Atom::AtMost(Some(term), None, -1));
    most.and_not(&less)
}

/// What is not there has the zero value, and so has everything in it.
fn absence(space: &mut Space, out: &mut Vec<Bdd>) {
    // Atoms that come up on the way are looked at as well.
    let mut at = 0;
    while let Some(atom) = space.atoms().get(at).cloned() {
        at = at.saturating_add(1);
        for term in atom.terms().collect::<Vec<_>>() {
            let mut around = Some(term);
            while let Some(place) = around {
                let present = Atom::Present(place);
                if atom != present && space.has_atom(&present) {
                    let here = space.atom(present);
                    let zero = is_zero(space, &atom, at.saturating_sub(1), term, place == term);
                    out.push(here.or(&zero));
                }
                around = space.parent(place);
            }
        }
    }
}

/// The atom has the outcome that an absent value gives it. `itself`: the value is absent, not one around it.
fn is_zero(space: &mut Space, atom: &Atom, number: usize, term: TermId, itself: bool) -> Bdd {
    let default = space.get(term).and_then(|t| t.default.clone());
    if default.is_some() && !itself {
        return space.yes();
    }
    match atom {
        Atom::True(_) => space.literal(number, default == Some(Constant::Bool(true))),
        Atom::Present(_) | Atom::Used(..) => space.literal(number, false),
        Atom::Text(_, lang) => {
            let text = match &default {
                Some(Constant::String(text)) => text.as_bytes(),
                _ => &[],
            };
            let lang = space.langs.borrow().get(*lang);
            let holds = lang.is_some_and(|lang| lang.contains(text));
            space.literal(number, holds)
        }
        Atom::Equal(..) => match &default {
            Some(Constant::String(text)) => space.text(term, &literal(text.as_bytes())),
            _ => space.text(term, &literal(&[])),
        },
        Atom::AtMost(..) => match default {
            Some(Constant::Int(n)) => {
                let most = space.atom(Atom::AtMost(Some(term), None, n));
                let less = space.atom(Atom::AtMost(Some(term), None, n.saturating_sub(1)));
                most.and_not(&less)
            }
            _ => zero_int(space, term),
        },
    }
}

/// The combinations of tests that some string meets.
fn strings(space: &mut Space, out: &mut Vec<Bdd>) {
    let mut tests: BTreeMap<TermId, Vec<(LangId, usize)>> = BTreeMap::new();
    for (number, atom) in space.atoms().iter().enumerate() {
        if let Atom::Text(term, lang) = atom {
            tests.entry(*term).or_default().push((*lang, number));
        }
    }
    for mut tests in tests.into_values() {
        tests.sort_unstable_by_key(|(_, number)| *number);
        let langs: Vec<LangId> = tests.iter().map(|(lang, _)| *lang).collect();
        if langs.len() < 2 || langs.len() > MAX_TOGETHER {
            continue;
        }
        let found = space.outcomes(&langs);
        let Some(found) = found.as_ref().and_then(|found| found.found.as_ref()) else { continue };
        let mut any = space.no();
        for (outcome, _) in found {
            let all = space.cube(tests.iter().map(|(_, number)| *number).zip(outcome.iter().copied()));
            any = any.or(&all);
        }
        out.push(any);
    }
}
