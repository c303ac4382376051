use std::borrow::Cow;
use std::collections::BTreeMap;

use super::answers::Truth;
use super::bases::Bases;
use super::calls::{Calls, MAX_PARAMS};
use super::loops::{Elements, Frame, Frames, Within};
use super::lower::VarType;
use super::plan::{From, Number, Path, PathStep, Reach, Text, ViewParam, ViewRead};
use super::run::Run;
use super::scope::{Bound, Roots, Scope};
use super::tri::{Needs, Tri};
use crate::facts::views::{ViewArg, ViewField, ViewFields};
use crate::facts::{AnyRef, Facts, Item, MapEntry, Slot, SlotId, Value};
use crate::table::{Cond, Subject};

/// What a path leads to.
#[derive(Clone, Copy)]
pub(super) enum Found<'e> {
    Slot(&'e Facts<'e>, SlotId),
    Key(&'e [u8]),
    /// Zero.
    Absent,
    Unknown,
}

/// Reads a document by paths.
#[derive(Clone, Copy)]
pub(super) struct Reader<'c, 'e> {
    subject: &'e Subject,
    roots: Roots<'e>,
    vars: &'e [VarType],
    poison: &'e BTreeMap<SlotId, Needs>,
    bases: &'e Bases,
    /// What views made for this instance.
    calls: &'c Calls<'e>,
}

impl<'c, 'e> Reader<'c, 'e> {
    pub(super) fn new(run: &'e Run<'_>, bases: &'e Bases, vars: &'e [VarType], calls: &'c Calls<'e>) -> Self {
        Self::of(run.program.subject(), run.roots(), bases, vars, &run.poison, calls)
    }

    pub(super) fn of(
        subject: &'e Subject,
        roots: Roots<'e>,
        bases: &'e Bases,
        vars: &'e [VarType],
        poison: &'e BTreeMap<SlotId, Needs>,
        calls: &'c Calls<'e>,
    ) -> Self {
        Self { subject, roots, vars, poison, bases, calls }
    }

    /// The same for an instance of other loops.
    pub(super) fn within<'d>(&self, vars: &'e [VarType], calls: &'d Calls<'e>) -> Reader<'d, 'e> {
        let Self { subject, roots, poison, bases, .. } = *self;
        Reader { subject, roots, vars, poison, bases, calls }
    }

    fn facts(&self, root: usize) -> Option<&'e Facts<'e>> {
        self.roots.get(root)
    }

    /// The elements or entries of a list or map; `None` if it is not known.
    pub(super) fn elements(&self, over: &'e Path, frames: &Frames) -> Option<Elements<'e>> {
        let root = match over.from {
            From::Root(root) => u32::try_from(root).unwrap_or(u32::MAX),
            From::Var(var) | From::Key(var) => frames.get(var).map_or(u32::MAX, |frame| frame.root),
        };
        let (facts, within) = match self.find(over, frames) {
            Found::Unknown => return None,
            Found::Slot(facts, id) => match facts.slot(id).value {
                Value::List(list) => (Some(facts), Within::List(facts.list(list))),
                Value::Map(map) => (Some(facts), Within::Map(map, facts.map(map))),
                _ => (None, Within::List(&[])),
            },
            Found::Key(_) | Found::Absent => (None, Within::List(&[])),
        };
        Some(Elements { facts, root, within })
    }

    fn key(&self, frame: &Frame) -> Option<&'e MapEntry<'e>> {
        self.facts(frame.root as usize)?.map(frame.map?).get(frame.index as usize)
    }

    #[inline(always)]
    pub(super) fn find(&self, path: &'e Path, frames: &Frames) -> Found<'e> {
        match path.reach {
            // Nobody changes or withholds an element by itself.
            Reach::Element(var) => {
                let Some(frame) = frames.get(var) else { return Found::Absent };
                let Some(facts) = self.facts(frame.root as usize) else { return Found::Absent };
                Found::Slot(facts, frame.slot)
            }
            Reach::Spot(spot) if self.poison.is_empty() => {
                let (root, id) = self.bases.slot(spot);
                match self.facts(root) {
                    Some(facts) if path.open && !facts.slot(id).is_present(path.nillable) => Found::Unknown,
                    Some(facts) => Found::Slot(facts, id),
                    None => Found::Absent,
                }
            }
            Reach::Fields(var) if self.poison.is_empty() => self.fields(var, path, frames),
            _ => self.walk(path, frames),
        }
    }

    /// What fields of a loop's element lead to.
    #[inline]
    fn fields(&self, var: usize, path: &'e Path, frames: &Frames) -> Found<'e> {
        let ([front @ .., PathStep::Field { index, .. }], Some(Frame { root, fields: Some(base), .. })) =
            (path.steps.as_slice(), frames.get(var))
        else {
            return self.walk(path, frames);
        };
        let Some(facts) = self.facts(*root as usize) else { return Found::Absent };
        let mut base = *base;
        for step in front {
            let PathStep::Field { index, .. } = step else { return Found::Absent };
            let Value::Record(fields) = facts.slot(base.field(*index)).value else { return Found::Absent };
            base = fields;
        }
        Found::Slot(facts, base.field(*index))
    }

    #[inline(never)]
    fn walk(&self, path: &'e Path, frames: &Frames) -> Found<'e> {
        let (root, mut at) = match path.from {
            From::Root(root) => (root, None),
            From::Var(var) => match frames.get(var) {
                Some(frame) => (frame.root as usize, Some(frame.slot)),
                None => return Found::Absent,
            },
            From::Key(var) => {
                let entry = frames.get(var).and_then(|frame| self.key(frame));
                return entry.map_or(Found::Absent, |entry| Found::Key(&entry.key));
            }
        };
        let Some(facts) = self.facts(root) else { return Found::Absent };
        for step in &path.steps {
            match step {
                PathStep::Field { index, nillable } => {
                    let base = match at {
                        None => facts.root(),
                        Some(id) => match facts.slot(id).value {
                            Value::Record(base) => base,
                            _ if path.open => return Found::Unknown,
                            _ => return Found::Absent,
                        },
                    };
                    let id = facts.field_id(base, *index);
                    if path.open && !facts.slot(id).is_present(*nillable) {
                        return Found::Unknown;
                    }
                    if root == 0 && !self.poison.is_empty() && self.poison.contains_key(&id) {
                        return Found::Unknown;
                    }
                    at = Some(id);
                }
                PathStep::Key(key) => {
                    let Some(key) = self.plain_text(key, frames) else { return Found::Unknown };
                    let entry = match at.map(|id| &facts.slot(id).value) {
                        Some(Value::Map(map)) => facts.map_get(*map, key),
                        _ => None,
                    };
                    match entry {
                        Some(entry) => at = Some(entry.slot),
                        None => return Found::Absent,
                    }
                }
            }
        }
        at.map_or(Found::Absent, |id| Found::Slot(facts, id))
    }

    /// `None` if it is not known.
    #[inline]
    pub(super) fn text(&self, text: &'e Text, frames: &Frames) -> Option<&'c [u8]>
    where
        'e: 'c,
    {
        match text {
            Text::View(read) => match self.view(read, frames)? {
                ViewField::Str(text) => Some(text),
                _ => Some(&[]),
            },
            plain => self.plain_text(plain, frames),
        }
    }

    /// The field that a view gives; `None` if an argument is not known.
    #[inline]
    pub(super) fn view(&self, read: &'e ViewRead, frames: &Frames) -> Option<&'c ViewField<'e>> {
        let calls = self.calls;
        calls.get(read.call, read.field).or_else(|| self.call(read, frames)?.get(read.field))
    }

    #[inline(never)]
    fn call(&self, read: &'e ViewRead, frames: &Frames) -> Option<&'c ViewFields<'e>> {
        let mut args: [ViewArg<'e>; MAX_PARAMS] = [const { ViewArg::Int(0) }; MAX_PARAMS];
        for (arg, param) in args.iter_mut().zip(&read.args) {
            *arg = match param {
                ViewParam::Text(text) => ViewArg::Str(self.plain_text(text, frames)?),
                ViewParam::Number(number) => ViewArg::Int(self.number(number, frames)?),
                ViewParam::Place(path, ty) => match self.find(path, frames) {
                    Found::Slot(facts, id) => ViewArg::Item(Item::at(facts, id, ty.clone())),
                    Found::Unknown => return None,
                    _ => ViewArg::Str(&[]),
                },
            };
        }
        self.calls.make(read, args.get(..read.args.len()).unwrap_or_default())
    }

    /// The text that a view reads, if that is all it reads.
    #[cfg(any(test, fuzzing))]
    pub(super) fn argument(&self, read: &'e ViewRead, frames: &Frames) -> Option<&'e [u8]> {
        match read.args.as_slice() {
            [ViewParam::Text(text)] => self.plain_text(text, frames),
            _ => None,
        }
    }

    /// A text that lies somewhere; `None` if it is not known, or if a view made it anew.
    #[inline]
    fn plain_text(&self, text: &'e Text, frames: &Frames) -> Option<&'e [u8]> {
        match text {
            Text::View(read) => match self.view(read, frames)? {
                ViewField::Str(Cow::Borrowed(text)) => Some(text),
                _ => None,
            },
            Text::Literal(literal) => Some(literal),
            Text::Path(path) => match self.find(path, frames) {
                Found::Slot(facts, id) => Some(string(facts.slot(id))),
                Found::Key(key) => Some(key),
                Found::Absent => Some(&[]),
                Found::Unknown => None,
            },
        }
    }

    /// `None` if it is not known.
    #[inline]
    pub(super) fn number(&self, number: &'e Number, frames: &Frames) -> Option<i64> {
        match number {
            Number::Literal(n) => Some(*n),
            read => self.read_number(read, frames),
        }
    }

    fn read_number(&self, number: &'e Number, frames: &Frames) -> Option<i64> {
        let int = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        match number {
            Number::Literal(n) => Some(*n),
            Number::View(read) => match self.view(read, frames)? {
                ViewField::Int(n) => Some(*n),
                _ => Some(0),
            },
            Number::ViewSize(read) => Some(match self.view(read, frames)? {
                ViewField::Str(s) => int(s.len()),
                ViewField::Strs(s) => int(s.len()),
                _ => 0,
            }),
            Number::Path(path) => match self.find(path, frames) {
                Found::Slot(facts, id) => match facts.slot(id).value {
                    Value::Int(n) => Some(n),
                    _ => Some(0),
                },
                Found::Unknown => None,
                _ => Some(0),
            },
            Number::Size(path) => match self.find(path, frames) {
                Found::Slot(facts, id) => Some(int(size(facts, facts.slot(id)))),
                Found::Key(key) => Some(int(key.len())),
                Found::Absent => Some(0),
                Found::Unknown => None,
            },
        }
    }

    #[inline(never)]
    pub(super) fn slow(&self, cond: &Cond, frames: &Frames) -> Truth {
        let vars = self.bounds(frames);
        let scope = Scope { subject: self.subject, roots: self.roots, vars: &vars, poison: self.poison };
        match scope.cond(cond) {
            Tri::True => Truth::True,
            Tri::False => Truth::False,
            Tri::Unknown(_) => Truth::Unknown,
        }
    }

    /// The elements of the loops as the naive evaluator has them.
    pub(super) fn bounds(&self, frames: &Frames) -> Vec<Bound> {
        let bound = |(var, frame): (&VarType, &Frame)| Bound {
            root: frame.root as usize,
            slot: frame.slot,
            ty: var.ty.clone(),
            key: self.key(frame).map(|entry| entry.key.to_vec()),
            index: frame.index as usize,
        };
        self.vars.iter().zip(frames).map(bound).collect()
    }
}

/// Bytes of a string, elements of a list, entries of a map. A rule may know a field as a list that another profile decodes
/// into an `interface{}`.
#[inline(always)]
pub(super) fn size(facts: &Facts<'_>, slot: &Slot<'_>) -> usize {
    match &slot.value {
        Value::Str(s) => s.len(),
        Value::List(list) => facts.list(*list).len(),
        Value::Map(map) => facts.map(*map).len(),
        Value::Any(any) => AnyRef::new(facts, *any).map_or(0, |any| any.children().len()),
        _ => 0,
    }
}

pub(super) fn string<'s>(slot: &'s Slot<'_>) -> &'s [u8] {
    match &slot.value {
        Value::Str(s) => s,
        _ => &[],
    }
}

/// Lengths first: comparing with an empty slice that points nowhere costs tens of nanoseconds in `memcmp`.
pub(super) fn same(left: &[u8], right: &[u8]) -> bool {
    left.len() == right.len() && (left.is_empty() || left == right)
}
