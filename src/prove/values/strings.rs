//! Strings that meet a model.

use std::collections::BTreeMap;

use super::Literals;
use crate::prove::space::{Atom, LangId, Space, TermId};
use crate::schema::Constant;

/// Why there are no strings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lack {
    /// The tests exclude each other.
    Clash,
    /// They are too many to be looked at together.
    TooMany,
}

/// What is asked of strings that are equal, and their value where it is chosen already.
type Class<'c> = (Vec<(LangId, bool)>, Option<&'c Vec<u8>>);

/// Strings that pass their tests, are equal where they must be, and differ where they must.
pub(super) fn strings(
    space: &Space,
    model: &Literals,
    fixed: &BTreeMap<TermId, Vec<u8>>,
) -> Result<BTreeMap<TermId, Vec<u8>>, Lack> {
    let mut tests: BTreeMap<TermId, Vec<(LangId, bool)>> = BTreeMap::new();
    let (mut same, mut differ) = (Vec::new(), Vec::new());
    for (number, holds) in model {
        match space.atoms().get(*number) {
            Some(Atom::Text(term, lang)) => tests.entry(*term).or_default().push((*lang, *holds)),
            Some(Atom::Equal(a, b)) => {
                tests.entry(*a).or_default();
                tests.entry(*b).or_default();
                if *holds { &mut same } else { &mut differ }.push((*a, *b));
            }
            _ => {}
        }
    }
    for term in fixed.keys() {
        tests.entry(*term).or_default();
    }
    // The least term of each set of equal ones stands for it.
    let mut leader: BTreeMap<TermId, TermId> = tests.keys().map(|t| (*t, *t)).collect();
    let find = |leader: &BTreeMap<TermId, TermId>, t: TermId| leader.get(&t).copied().unwrap_or(t);
    for (a, b) in &same {
        let (a, b) = (find(&leader, *a), find(&leader, *b));
        for value in leader.values_mut().filter(|v| **v == a.max(b)) {
            *value = a.min(b);
        }
    }
    let differ: Vec<(TermId, TermId)> =
        differ.into_iter().map(|(a, b)| (find(&leader, a), find(&leader, b))).collect();
    if differ.iter().any(|(a, b)| a == b) {
        return Err(Lack::Clash);
    }
    let mut classes: BTreeMap<TermId, Class<'_>> = BTreeMap::new();
    for (term, tests) in &tests {
        let class = classes.entry(find(&leader, *term)).or_default();
        class.0.extend(tests);
        if let Some(value) = fixed.get(term) {
            if class.1.is_some_and(|other| other != value) {
                return Err(Lack::Clash);
            }
            class.1 = Some(value);
        }
    }
    let mut candidates: Vec<(TermId, Vec<Vec<u8>>)> = Vec::new();
    for (term, (mut tests, fixed)) in classes {
        tests.sort_unstable();
        tests.dedup();
        let rivals = differ.iter().filter(|(a, b)| *a == term || *b == term).count();
        let found = match fixed {
            Some(value) => {
                if passes(space, &tests, value) {
                    vec![value.clone()]
                } else {
                    Vec::new()
                }
            }
            None => {
                // One more than there are strings to differ from is enough.
                let found = space.strings(&tests, rivals.saturating_add(1)).ok_or(Lack::TooMany)?;
                let mut found = found.found.clone().unwrap_or_default();
                // What need not be written at all comes first.
                if let Some(Constant::String(text)) = space.get(term).and_then(|t| t.default.as_ref())
                    && passes(space, &tests, text.as_bytes())
                {
                    found.insert(0, text.clone().into_bytes());
                }
                found
            }
        };
        if found.is_empty() {
            return Err(Lack::Clash);
        }
        candidates.push((term, found));
    }
    let mut chosen = BTreeMap::new();
    if !choose(space, &candidates, &differ, &mut chosen) {
        return Err(Lack::Clash);
    }
    Ok(tests.keys().filter_map(|t| Some((*t, chosen.get(&find(&leader, *t))?.clone()))).collect())
}

fn passes(space: &Space, tests: &[(LangId, bool)], text: &[u8]) -> bool {
    let langs = space.langs.borrow();
    tests.iter().all(|(lang, wanted)| langs.get(*lang).is_some_and(|l| l.contains(text) == *wanted))
}

/// A string for each, different where they must differ.
fn choose(
    space: &Space,
    candidates: &[(TermId, Vec<Vec<u8>>)],
    differ: &[(TermId, TermId)],
    chosen: &mut BTreeMap<TermId, Vec<u8>>,
) -> bool {
    let Some(((term, strings), rest)) = candidates.split_first() else { return true };
    for string in strings {
        if !space.meter.spend(1) {
            return false;
        }
        let clash = differ.iter().any(|(a, b)| {
            let other = if a == term { b } else { a };
            (a == term || b == term) && chosen.get(other) == Some(string)
        });
        if clash {
            continue;
        }
        chosen.insert(*term, string.clone());
        if choose(space, rest, differ, chosen) {
            return true;
        }
        chosen.remove(term);
    }
    false
}
