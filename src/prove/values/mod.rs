//! From the truth of atoms to values that make them true: strings, integers, and arguments of views.

mod numbers;
mod strings;
mod views;

use std::collections::{BTreeMap, BTreeSet};

use self::numbers::{numbers, numbers_of_views};
use self::strings::{Lack, strings};
use self::views::{MAX_TRIES, Search, calls, touches_view};
use super::space::{Atom, Space, TermId};

/// Atoms and whether each holds.
pub(super) type Literals = BTreeMap<usize, bool>;

/// The steps that looking at one result of a view counts for.
const TRY: u64 = 50;

/// Values that make the literals of a model true.
#[derive(Clone, Debug, Default)]
pub(super) struct Values {
    pub(super) strings: BTreeMap<TermId, Vec<u8>>,
    pub(super) numbers: BTreeMap<TermId, i64>,
    pub(super) bools: BTreeMap<TermId, bool>,
    pub(super) present: BTreeMap<TermId, bool>,
    pub(super) used: BTreeSet<(TermId, usize)>,
    /// Lists and maps that a view looks into as a whole: their contents are taken from examples.
    pub(super) whole: BTreeSet<TermId>,
}

impl Values {
    /// Those of another part of the question as well.
    pub(super) fn extend(&mut self, other: Self) {
        self.strings.extend(other.strings);
        self.numbers.extend(other.numbers);
        self.bools.extend(other.bools);
        self.present.extend(other.present);
        self.used.extend(other.used);
        self.whole.extend(other.whole);
    }
}

/// Why there are no such values.
#[derive(Clone, Debug)]
pub(super) enum Conflict {
    /// These literals exclude each other.
    Hard(Literals),
    /// None were found, which proves nothing.
    Soft(Literals, String),
}

/// Finds values for a model; `pool` are strings to try as arguments of views, short ones first.
pub(super) fn values(space: &Space, model: &Literals, pool: &[Vec<u8>]) -> Result<Values, Conflict> {
    let mut out = plain(space, model);
    let none = BTreeMap::new();
    out.numbers = numbers(space, model, &none).map_err(|()| {
        let core = smaller(pick(space, model, is_number), |l| numbers(space, l, &none).is_err());
        Conflict::Hard(core)
    })?;
    out.strings = strings(space, model, &BTreeMap::new()).map_err(|lack| {
        let all = pick(space, model, is_string);
        if lack == Lack::TooMany {
            return Conflict::Soft(all, "it asks too much of one string at once".to_owned());
        }
        let clash = |l: &Literals| strings(space, l, &BTreeMap::new()).err() == Some(Lack::Clash);
        Conflict::Hard(smaller(all, clash))
    })?;
    let calls = calls(space, model);
    if calls.is_empty() {
        return Ok(out);
    }
    out.numbers = numbers_of_views(space, model, &calls, out.numbers).ok_or_else(|| {
        let why = "what views make of an integer is only known by trying";
        Conflict::Soft(pick(space, model, is_number), why.to_owned())
    })?;
    let tries = MAX_TRIES;
    let mut search = Search { space, pool, far: true, model, numbers: &out.numbers, calls: &calls, tries };
    match search.run() {
        Some((strings, whole)) => {
            out.strings = strings;
            out.whole = whole;
            Ok(out)
        }
        None => {
            let names: BTreeSet<&str> = calls.iter().map(|call| call.name).collect();
            let names: Vec<&str> = names.into_iter().collect();
            let near = |l: &Literals| {
                let calls = views::calls(space, l);
                let (numbers, tries) = (&out.numbers, MAX_TRIES / 2);
                let mut search = Search { space, pool, far: false, model: l, numbers, calls: &calls, tries };
                search.run().is_none()
            };
            let all = pick(space, model, |space, atom| touches_view(space, atom, &calls));
            let core = if near(&all) { smaller(all, near) } else { model.clone() };
            Err(Conflict::Soft(core, format!("what {} can give is only known by trying", names.join(", "))))
        }
    }
}

fn plain(space: &Space, model: &Literals) -> Values {
    let mut out = Values::default();
    for (number, holds) in model {
        match space.atoms().get(*number) {
            Some(Atom::True(t)) => drop(out.bools.insert(*t, *holds)),
            Some(Atom::Present(t)) => drop(out.present.insert(*t, *holds)),
            Some(Atom::Used(t, i)) if *holds => drop(out.used.insert((*t, *i))),
            _ => {}
        }
    }
    out
}

fn is_number(_: &Space, atom: &Atom) -> bool {
    matches!(atom, Atom::AtMost(..))
}

fn is_string(_: &Space, atom: &Atom) -> bool {
    matches!(atom, Atom::Text(..) | Atom::Equal(..))
}

fn pick(space: &Space, model: &Literals, keep: impl Fn(&Space, &Atom) -> bool) -> Literals {
    let kept = model.iter().filter(|(n, _)| space.atoms().get(**n).is_some_and(|a| keep(space, a)));
    kept.map(|(n, b)| (*n, *b)).collect()
}

/// Leaves out literals as long as what remains is still contradictory.
pub(super) fn smaller(mut core: Literals, contradictory: impl Fn(&Literals) -> bool) -> Literals {
    let numbers: Vec<usize> = core.keys().copied().collect();
    // Halves first: most literals have nothing to do with it.
    let mut step = numbers.len().div_ceil(2);
    while step > 0 {
        for chunk in numbers.chunks(step) {
            let mut less = core.clone();
            less.retain(|n, _| !chunk.contains(n));
            if less.len() < core.len() && contradictory(&less) {
                core = less;
            }
        }
        step = if step == 1 { 0 } else { step.div_ceil(2) };
    }
    core
}
