//! From the truth of atoms to values that make them true: strings, integers, and arguments of views.

use std::collections::{BTreeMap, BTreeSet};

use super::exact;
use super::number::{self, Difference};
use super::space::{Arg, Atom, LangId, Node, Space, TermId};
use crate::facts::views::{ParamType, ViewArg, ViewField};
use crate::schema::{Constant, IntSize, Type};

/// Atoms and whether each holds.
pub(super) type Literals = BTreeMap<usize, bool>;

/// How many results of views are looked at for one choice of arguments.
const MAX_TRIES: usize = 6_000;
/// The same where there is only one argument, and so no product of candidates.
const MAX_TRIES_ALONE: usize = 30_000;

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

/// Why there are no strings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lack {
    /// The tests exclude each other.
    Clash,
    /// They are too many to be looked at together.
    TooMany,
}

/// The steps that looking at one result of a view counts for.
const TRY: u64 = 50;

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
                let calls = self::calls(space, l);
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

fn bounds(space: &Space, term: TermId) -> (i64, i64) {
    let Some(term) = space.get(term) else { return (i64::MIN, i64::MAX) };
    if matches!(term.node, Node::Size(_)) {
        return (0, i64::MAX);
    }
    match term.ty.as_ref().map(Type::pointee) {
        Some(Type::Int(IntSize::I32)) => (i32::MIN.into(), i32::MAX.into()),
        Some(Type::Int(IntSize::U8)) => (0, u8::MAX.into()),
        Some(Type::Int(IntSize::U16)) => (0, u16::MAX.into()),
        Some(Type::Int(IntSize::U32)) => (0, u32::MAX.into()),
        Some(Type::Int(IntSize::Uint | IntSize::U64)) => (0, i64::MAX),
        _ => (i64::MIN, i64::MAX),
    }
}

/// Integers to try as arguments of views, besides what is there.
const INTEGERS: [i64; 8] = [0, 1, 2, 8, 64, 1_000, 1_000_000, 10_000_000_000];

/// Integers with which views of one integer give what the model wants of them.
fn numbers_of_views(
    space: &Space,
    model: &Literals,
    calls: &[Call<'_>],
    mut found: BTreeMap<TermId, i64>,
) -> Option<BTreeMap<TermId, i64>> {
    let mut fixed = BTreeMap::new();
    for call in calls {
        let ([Arg::Term(argument)], Some(view)) = (call.args, space.get(call.term).and_then(|t| t.view))
        else {
            continue;
        };
        if !matches!(view.params, [(_, ParamType::Int)]) {
            continue;
        }
        let own = found.get(argument).copied().unwrap_or(0);
        let (numbers, more) = [own].into_iter().chain(INTEGERS).find_map(|n| {
            let mut more = fixed.clone();
            more.insert(*argument, n);
            let fields = (view.eval)(&[ViewArg::Int(n)]);
            for (output, at) in &call.outputs {
                if let Some(ViewField::Int(made)) = fields.get(*at) {
                    more.insert(*output, *made);
                }
            }
            space.meter.spend(TRY).then(|| Some((numbers(space, model, &more).ok()?, more)))?
        })?;
        (found, fixed) = (numbers, more);
    }
    Some(found)
}

/// Integers that meet the model, some of which are told.
fn numbers(
    space: &Space,
    model: &Literals,
    fixed: &BTreeMap<TermId, i64>,
) -> Result<BTreeMap<TermId, i64>, ()> {
    let mut constraints = Vec::new();
    let mut all = BTreeMap::new();
    for (term, value) in fixed {
        let (least, most) = bounds(space, *term);
        all.insert(*term, (least, most, *value));
        let value = i128::from(*value);
        constraints.push(Difference { x: Some(*term), y: None, c: value });
        constraints.push(Difference { x: None, y: Some(*term), c: value.saturating_neg() });
    }
    for (number, holds) in model {
        let Some(Atom::AtMost(x, y, c)) = space.atoms().get(*number) else { continue };
        let constraint = Difference { x: *x, y: *y, c: i128::from(*c) };
        constraints.push(if *holds { constraint } else { constraint.not() });
        for term in x.iter().chain(y) {
            let (least, most) = bounds(space, *term);
            let wanted = match space.get(*term).and_then(|t| t.default.as_ref()) {
                Some(Constant::Int(n)) => *n,
                _ => 0,
            };
            all.entry(*term).or_insert((least, most, wanted));
        }
    }
    let steps = constraints.len().saturating_add(all.len()).saturating_mul(all.len()).saturating_mul(4);
    if !space.meter.spend(u64::try_from(steps).unwrap_or(u64::MAX)) {
        return Err(());
    }
    number::solve(&constraints, &all).ok_or(())
}

/// What is asked of strings that are equal, and their value where it is chosen already.
type Class<'c> = (Vec<(LangId, bool)>, Option<&'c Vec<u8>>);

/// Strings that pass their tests, are equal where they must be, and differ where they must.
fn strings(
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

/// A call of a view whose result the model says something about.
#[derive(Debug)]
struct Call<'c> {
    term: TermId,
    name: &'static str,
    args: &'c [Arg],
    /// What the model says of its result.
    atoms: Literals,
    /// The fields that the question asks for, and their numbers.
    outputs: Vec<(TermId, usize)>,
}

fn calls<'s>(space: &'s Space, model: &Literals) -> Vec<Call<'s>> {
    let mut found = BTreeSet::new();
    for number in model.keys() {
        let Some(atom) = space.atoms().get(*number) else { continue };
        found.extend(atom.terms().filter_map(|t| call_of(space, t)));
    }
    // A view of a view needs the inner one first.
    let mut queue: Vec<TermId> = found.iter().copied().collect();
    while let Some(term) = queue.pop() {
        let Some(Node::View(_, args)) = space.get(term).map(|t| &t.node) else { continue };
        for arg in args {
            if let Arg::Term(inner) = arg
                && let Some(call) = call_of(space, *inner)
                && found.insert(call)
            {
                queue.push(call);
            }
        }
    }
    let call = |term| match space.get(term).map(|t| &t.node) {
        Some(Node::View(name, args)) => {
            let atoms = pick(space, model, |_, atom| atom.terms().any(|t| call_of(space, t) == Some(term)));
            let outputs = space.terms().filter_map(|(id, of)| match of.node {
                Node::Output(call, at) if call == term => Some((id, at)),
                _ => None,
            });
            Some(Call { term, name, args, atoms, outputs: outputs.collect() })
        }
        _ => None,
    };
    found.into_iter().filter_map(call).collect()
}

/// The call that a term is a part of the result of.
fn call_of(space: &Space, term: TermId) -> Option<TermId> {
    match &space.get(term)?.node {
        Node::Output(call, _) => Some(*call),
        Node::Size(of) | Node::Member(of, _) => call_of(space, *of),
        _ => None,
    }
}

fn touches_view(space: &Space, atom: &Atom, calls: &[Call<'_>]) -> bool {
    atom.terms()
        .any(|t| call_of(space, t).is_some() || calls.iter().any(|call| call.args.contains(&Arg::Term(t))))
}

/// The search for arguments for which views give what is wanted.
struct Search<'s> {
    space: &'s Space,
    pool: &'s [Vec<u8>],
    /// Whether parts of the strings in the pool are tried as well.
    far: bool,
    model: &'s Literals,
    numbers: &'s BTreeMap<TermId, i64>,
    calls: &'s [Call<'s>],
    /// How many tries are left.
    tries: usize,
}

/// A short string with one byte left out, for each of its bytes.
fn without_a_byte(text: &[u8]) -> Vec<Vec<u8>> {
    let short = if text.len() <= 24 { text.len() } else { 0 };
    let without =
        |at: usize| text.iter().enumerate().filter(move |(i, _)| *i != at).map(|(_, b)| *b).collect();
    (0..short).map(without).collect()
}

type Found = (BTreeMap<TermId, Vec<u8>>, BTreeSet<TermId>);

impl Search<'_> {
    fn run(&mut self) -> Option<Found> {
        let mut whole = BTreeSet::new();
        let mut terms: Vec<TermId> = Vec::new();
        for call in self.calls {
            for arg in call.args {
                let Arg::Term(term) = arg else { continue };
                let ty = self.space.get(*term).and_then(|t| t.ty.as_ref()).map(Type::pointee);
                match ty {
                    Some(Type::List(_) | Type::Map(_) | Type::Any) => {
                        // A list that is not there needs no contents.
                        let present = self.space.number(&Atom::Present(*term));
                        let there = present.and_then(|n| self.model.get(&n)) == Some(&true);
                        if there || call.args.len() > 1 {
                            whole.insert(*term);
                        }
                    }
                    Some(Type::Bool | Type::Int(_)) => {}
                    _ if call_of(self.space, *term).is_some() => {}
                    _ if terms.contains(term) => {}
                    _ => terms.push(*term),
                }
            }
        }
        let far = self.far && terms.len() == 1;
        if far {
            self.tries = MAX_TRIES_ALONE;
        }
        let candidates: Vec<(TermId, Vec<Vec<u8>>)> =
            terms.iter().map(|t| (*t, self.candidates(*t, far))).collect();
        let strings = self.assign(&candidates, &mut BTreeMap::new())?;
        Some((strings, whole))
    }

    fn candidates(&self, term: TermId, far: bool) -> Vec<Vec<u8>> {
        let mut tests: Vec<(LangId, bool)> = Vec::new();
        for (number, holds) in self.model {
            if let Some(Atom::Text(t, lang)) = self.space.atoms().get(*number)
                && *t == term
            {
                tests.push((*lang, *holds));
            }
        }
        tests.sort_unstable();
        let own = self.space.strings(&tests, 4);
        self.space.meter.spend(u64::try_from(self.pool.len()).unwrap_or(u64::MAX));
        // What need not be written at all comes first.
        let mut out = Vec::new();
        if let Some(Constant::String(text)) = self.space.get(term).and_then(|t| t.default.as_ref()) {
            out.push(text.clone().into_bytes());
        }
        let langs: Vec<_> = tests
            .iter()
            .filter_map(|(lang, wanted)| Some((self.space.langs.borrow().get(*lang)?, *wanted)))
            .collect();
        out.extend(self.pool.iter().cloned());
        if far {
            out.extend(self.pool.iter().flat_map(|s| without_a_byte(s)));
        }
        out.retain(|s| langs.iter().all(|(l, w)| l.contains(s) == *w));
        let at = out.len().min(1);
        out.splice(at..at, own.and_then(|own| own.found.clone()).unwrap_or_default());
        out
    }

    /// Tries the candidates of the first term with those of the rest.
    fn assign(
        &mut self,
        candidates: &[(TermId, Vec<Vec<u8>>)],
        fixed: &mut BTreeMap<TermId, Vec<u8>>,
    ) -> Option<BTreeMap<TermId, Vec<u8>>> {
        let Some(((term, strings), rest)) = candidates.split_first() else {
            let outputs = self.outputs(fixed)?;
            return self::strings(self.space, self.model, &outputs).ok();
        };
        for string in strings {
            self.tries = self.tries.checked_sub(1)?;
            if !self.space.meter.spend(TRY) {
                return None;
            }
            fixed.insert(*term, string.clone());
            if self.outputs(fixed).is_some()
                && let Some(found) = self.assign(rest, fixed)
            {
                return Some(found);
            }
            fixed.remove(term);
        }
        None
    }

    /// The strings so far and those that views make of them; `None` if one gives something else than is wanted.
    fn outputs(&self, fixed: &BTreeMap<TermId, Vec<u8>>) -> Option<BTreeMap<TermId, Vec<u8>>> {
        let mut out = fixed.clone();
        for call in self.calls {
            let Some(view) = self.space.get(call.term).and_then(|t| t.view) else { continue };
            let mut args = Vec::new();
            for arg in call.args {
                args.push(match arg {
                    Arg::Bool(b) => ViewArg::Bool(*b),
                    Arg::Int(n) => ViewArg::Int(*n),
                    Arg::Str(s) => ViewArg::Str(s),
                    Arg::Nothing => break,
                    Arg::Term(term) => match (out.get(term), self.numbers.get(term)) {
                        (Some(s), _) => ViewArg::Str(s),
                        (None, Some(n)) => ViewArg::Int(*n),
                        // Not chosen yet, or not modelled: nothing can be said so far.
                        (None, None) => break,
                    },
                });
            }
            if args.len() < call.args.len() {
                continue;
            }
            let fields = (view.eval)(&args);
            for (number, holds) in &call.atoms {
                let Some(atom) = self.space.atoms().get(*number) else { continue };
                if exact::outcome(self.space, atom, call.term, &fields).is_some_and(|o| o != *holds) {
                    return None;
                }
            }
            let made: Vec<(TermId, Vec<u8>)> = (call.outputs.iter())
                .filter_map(|(id, at)| match fields.get(*at) {
                    Some(ViewField::Str(s)) => Some((*id, s.to_vec())),
                    _ => None,
                })
                .collect();
            drop(fields);
            drop(args);
            out.extend(made);
        }
        Some(out)
    }
}
