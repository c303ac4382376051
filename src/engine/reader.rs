use std::borrow::Cow;
use std::collections::BTreeMap;

use super::answers::{Memo, Truth};
use super::jumps::{ACCEPT, Condition, Formula, Jumps, REJECT};
use super::loops::{Elements, Frame, Frames, Within};
use super::lower::VarType;
use super::plan::{
    ByteTest, From, MAX_PARAMS, Number, NumberOp, Path, PathStep, Test, Tests, Text, ViewParam, ViewRead,
};
use super::run::Run;
use super::scope::{Bound, Roots, Scope};
use super::tri::{Needs, Tri};
use super::view_cache::ViewCache;
use crate::facts::views::{ViewArg, ViewField};
use crate::facts::{AnyRef, Facts, Item, MapEntry, Slot, SlotId, Value};
use crate::table::{Cond, OrderOp, Subject};

/// What a path leads to.
#[derive(Clone, Copy)]
enum Found<'e> {
    Slot(&'e Facts<'e>, SlotId),
    Key(&'e [u8]),
    /// Zero.
    Absent,
    Unknown,
}

/// Reads a document by paths, and answers tests.
#[derive(Clone, Copy)]
pub(super) struct Reader<'e> {
    subject: &'e Subject,
    roots: Roots<'e>,
    vars: &'e [VarType],
    poison: &'e BTreeMap<SlotId, Needs>,
    /// What views made of the document, as long as nothing changes it.
    views: Option<&'e ViewCache>,
}

impl<'e> Reader<'e> {
    pub(super) fn new(run: &'e Run<'_>, vars: &'e [VarType]) -> Self {
        Self::of(run.program.subject(), run.roots(), vars, &run.poison)
    }

    pub(super) fn of(
        subject: &'e Subject,
        roots: Roots<'e>,
        vars: &'e [VarType],
        poison: &'e BTreeMap<SlotId, Needs>,
    ) -> Self {
        Self { subject, roots, vars, poison, views: None }
    }

    /// The same, and what views make is kept for as long as the document stays as it is.
    pub(super) fn keeping(self, views: Option<&'e ViewCache>) -> Self {
        Self { views, ..self }
    }

    fn facts(&self, root: usize) -> Option<&'e Facts<'e>> {
        self.roots.get(root)
    }

    #[inline]
    pub(super) fn condition(
        &self,
        condition: &Condition,
        tests: &Tests,
        memo: &mut Memo,
        frames: &Frames,
    ) -> Truth {
        let mut at = condition.jumps.entry;
        loop {
            let Some(jump) = condition.jumps.get(at) else { return (at == ACCEPT).into() };
            at = match self.ask(jump.test, tests, memo, frames) {
                Truth::True => jump.holds,
                Truth::False => jump.fails,
                Truth::Unknown => return self.formula(&condition.formula, tests, memo, frames),
            };
        }
    }

    /// Whether the jumps of a decision diagram end at "no", by tests that are all known. No test is asked twice, so
    /// only what an automaton answers besides is kept.
    #[inline]
    pub(super) fn is_never(&self, jumps: &Jumps, tests: &Tests, frames: &Frames) -> bool {
        let mut memo = Memo::default();
        let mut at = jumps.entry;
        loop {
            let Some(jump) = jumps.get(at) else { return at == REJECT };
            let truth = match tests.tests.get(usize::from(jump.test)) {
                Some(Test::Automaton(_)) => self.ask(jump.test, tests, &mut memo, frames),
                Some(test) => self.test(test, frames),
                None => Truth::Unknown,
            };
            at = match truth {
                Truth::True => jump.holds,
                Truth::False => jump.fails,
                Truth::Unknown => return false,
            };
        }
    }

    fn formula(&self, formula: &Formula, tests: &Tests, memo: &mut Memo, frames: &Frames) -> Truth {
        match formula {
            Formula::Const(b) => (*b).into(),
            Formula::Test(test) => self.ask(*test, tests, memo, frames),
            Formula::Not(inner) => match self.formula(inner, tests, memo, frames) {
                Truth::False => Truth::True,
                Truth::True => Truth::False,
                Truth::Unknown => Truth::Unknown,
            },
            Formula::All(parts) => self.chain(parts, Truth::False, tests, memo, frames),
            Formula::Any(parts) => self.chain(parts, Truth::True, tests, memo, frames),
        }
    }

    /// `&&` ends at the first false, `||` at the first true; an unknown counts if nothing ends it.
    fn chain(&self, parts: &[Formula], end: Truth, tests: &Tests, memo: &mut Memo, frames: &Frames) -> Truth {
        let mut out = if end == Truth::False { Truth::True } else { Truth::False };
        for part in parts {
            match self.formula(part, tests, memo, frames) {
                truth if truth == end => return end,
                Truth::Unknown => out = Truth::Unknown,
                _ => {}
            }
        }
        out
    }

    #[inline(always)]
    fn ask(&self, test: u8, tests: &Tests, memo: &mut Memo, frames: &Frames) -> Truth {
        let bit = 1_u64 << (test & 63);
        if let Some(truth) = memo.get(bit) {
            return truth;
        }
        let truth = match tests.tests.get(usize::from(test)) {
            Some(Test::Automaton(group)) => return self.automaton(*group, bit, tests, memo, frames),
            Some(test) => self.test(test, frames),
            None => Truth::Unknown,
        };
        memo.put(bit, truth);
        truth
    }

    fn automaton(&self, group: usize, bit: u64, tests: &Tests, memo: &mut Memo, frames: &Frames) -> Truth {
        let Some(group) = tests.groups.get(group) else { return Truth::Unknown };
        match self.text(&group.text, frames) {
            Some(text) => {
                let holds = group.bits(&text);
                memo.put(holds, Truth::True);
                memo.put(group.all & !holds, Truth::False);
            }
            None => memo.put(group.all, Truth::Unknown),
        }
        memo.get(bit).unwrap_or(Truth::Unknown)
    }

    #[inline(always)]
    fn test(&self, test: &Test, frames: &Frames) -> Truth {
        match test {
            // Most tests are these.
            Test::Empty(path) => match self.find(path, frames) {
                Found::Slot(facts, id) => (size(facts, id) == 0).into(),
                Found::Key(key) => key.is_empty().into(),
                Found::Absent => Truth::True,
                Found::Unknown => Truth::Unknown,
            },
            other => self.longer_test(other, frames),
        }
    }

    fn longer_test(&self, test: &Test, frames: &Frames) -> Truth {
        match test {
            Test::True(path) => match self.find(path, frames) {
                Found::Slot(facts, id) => matches!(facts.slot(id).value, Value::Bool(true)).into(),
                Found::Unknown => Truth::Unknown,
                Found::Key(_) | Found::Absent => Truth::False,
            },
            Test::ViewTrue(read) => match self.view(read, frames) {
                Some(field) => (field == ViewField::Bool(true)).into(),
                None => Truth::Unknown,
            },
            Test::Present(path) => match self.find(path, frames) {
                Found::Slot(facts, id) => present(facts.slot(id), path.nillable).into(),
                _ => Truth::False,
            },
            Test::Number(op, left, right) => match (self.number(left, frames), self.number(right, frames)) {
                (Some(left), Some(right)) => match op {
                    NumberOp::Same => left == right,
                    NumberOp::Order(OrderOp::Lt) => left < right,
                    NumberOp::Order(OrderOp::Le) => left <= right,
                    NumberOp::Order(OrderOp::Gt) => left > right,
                    NumberOp::Order(OrderOp::Ge) => left >= right,
                }
                .into(),
                _ => Truth::Unknown,
            },
            Test::Same(left, right) => match (self.text(left, frames), self.text(right, frames)) {
                (Some(left), Some(right)) => same(&left, &right).into(),
                _ => Truth::Unknown,
            },
            // No literal at all: false whatever the text.
            Test::OneOf(_, literals) if literals.is_empty() => Truth::False,
            Test::OneOf(text, literals) => {
                self.ask_text(text, frames, |text| literals.iter().any(|literal| same(text, literal)))
            }
            Test::InMap(key, map) => match (self.text(key, frames), self.find(map, frames)) {
                (None, _) | (_, Found::Unknown) => Truth::Unknown,
                (Some(key), Found::Slot(facts, id)) => match facts.slot(id).value {
                    Value::Map(map) => facts.map_get(map, &key).is_some().into(),
                    _ => Truth::False,
                },
                _ => Truth::False,
            },
            Test::InList(text, list) => match (self.text(text, frames), self.find(list, frames)) {
                (None, _) | (_, Found::Unknown) => Truth::Unknown,
                (Some(text), Found::Slot(facts, id)) => match facts.slot(id).value {
                    Value::List(list) => {
                        facts.list(list).iter().any(|e| same(string(facts.slot(*e)), &text)).into()
                    }
                    _ => Truth::False,
                },
                _ => Truth::False,
            },
            Test::Exists { over, var, vars, body, tests } => {
                self.exists(over, *var, &Reader { vars, ..*self }, body, tests, frames)
            }
            Test::Byte(place, text, byte) => self.ask_text(text, frames, |text| match place {
                ByteTest::First => text.first() == Some(byte),
                ByteTest::Last => text.last() == Some(byte),
                ByteTest::Anywhere => text.contains(byte),
            }),
            Test::Slow(cond) => self.slow(cond, frames),
            Test::Empty(_) | Test::Automaton(_) => Truth::Unknown,
        }
    }

    fn exists(
        &self,
        over: &Path,
        var: usize,
        inner: &Reader<'_>,
        body: &Condition,
        tests: &Tests,
        frames: &Frames,
    ) -> Truth {
        let Some(elements) = self.elements(over, frames) else { return Truth::Unknown };
        let mut frames = *frames;
        let mut out = Truth::False;
        for frame in elements.iter() {
            if let Some(slot) = frames.get_mut(var) {
                *slot = frame;
            }
            match inner.condition(body, tests, &mut Memo::default(), &frames) {
                Truth::True => return Truth::True,
                Truth::Unknown => out = Truth::Unknown,
                Truth::False => {}
            }
        }
        out
    }

    /// The elements or entries of a list or map; `None` if it is not known.
    pub(super) fn elements(&self, over: &Path, frames: &Frames) -> Option<Elements<'e>> {
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
    fn find(&self, path: &Path, frames: &Frames) -> Found<'e> {
        // An element of a loop by itself: nobody changes or withholds those.
        if let (From::Var(var), []) = (path.from, path.steps.as_slice()) {
            let Some(frame) = frames.get(var) else { return Found::Absent };
            let Some(facts) = self.facts(frame.root as usize) else { return Found::Absent };
            return Found::Slot(facts, frame.slot);
        }
        // Nearly all paths: fields of records, and nothing else to look at.
        if let (true, [front @ .., PathStep::Field { index, .. }]) = (path.plain, path.steps.as_slice())
            && self.poison.is_empty()
        {
            let (facts, mut base) = match path.from {
                From::Root(root) => (self.facts(root), SlotId::default()),
                From::Var(var) => match frames.get(var) {
                    Some(Frame { root, fields: Some(fields), .. }) => (self.facts(*root as usize), *fields),
                    _ => return self.walk(path, frames),
                },
                From::Key(_) => return self.walk(path, frames),
            };
            let Some(facts) = facts else { return Found::Absent };
            for step in front {
                let PathStep::Field { index, .. } = step else { return Found::Absent };
                let Value::Record(fields) = facts.slot(facts.field_id(base, *index)).value else {
                    return Found::Absent;
                };
                base = fields;
            }
            return Found::Slot(facts, facts.field_id(base, *index));
        }
        self.walk(path, frames)
    }

    fn walk(&self, path: &Path, frames: &Frames) -> Found<'e> {
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
                    if path.open && !present(facts.slot(id), *nillable) {
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

    /// What is to be asked of a text: unknown if it is.
    #[inline]
    fn ask_text(&self, text: &Text, frames: &Frames, ask: impl FnOnce(&[u8]) -> bool) -> Truth {
        let known = match text {
            Text::View(_) => self.text(text, frames).map(|text| ask(&text)),
            plain => self.plain_text(plain, frames).map(ask),
        };
        known.map_or(Truth::Unknown, Truth::from)
    }

    /// `None` if it is not known. Only a view that makes a new text allocates.
    fn text<'t>(&self, text: &'t Text, frames: &Frames) -> Option<Cow<'t, [u8]>>
    where
        'e: 't,
    {
        match text {
            Text::View(read) => match self.view(read, frames)? {
                ViewField::Str(text) => Some(text),
                _ => Some(Cow::Borrowed(&[])),
            },
            plain => self.plain_text(plain, frames).map(Cow::Borrowed),
        }
    }

    /// The field that a view gives; `None` if an argument is not known.
    fn view<'t>(&self, read: &'t ViewRead, frames: &Frames) -> Option<ViewField<'t>>
    where
        'e: 't,
    {
        if let (Some(cache), [ViewParam::Text(text)]) = (self.views, read.args.as_slice()) {
            let text = self.plain_text(text, frames)?;
            if let Some(field) = cache.get(read.view, text, read.field) {
                return Some(field);
            }
            let fields = (read.view.eval)(&[ViewArg::Str(text)]);
            cache.put(read.view, text, &fields);
            return fields.take(read.field);
        }
        let mut args: [ViewArg<'t>; MAX_PARAMS] = [const { ViewArg::Int(0) }; MAX_PARAMS];
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
        let args = args.get(..read.args.len()).unwrap_or_default();
        (read.view.eval)(args).take(read.field)
    }

    /// A text that lies somewhere; `None` if it is not known, or if a view made it anew.
    #[inline]
    fn plain_text<'t>(&self, text: &'t Text, frames: &Frames) -> Option<&'t [u8]>
    where
        'e: 't,
    {
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
    fn number(&self, number: &Number, frames: &Frames) -> Option<i64> {
        match number {
            Number::Literal(n) => Some(*n),
            read => self.read_number(read, frames),
        }
    }

    fn read_number(&self, number: &Number, frames: &Frames) -> Option<i64> {
        let int = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        match number {
            Number::Literal(n) => Some(*n),
            Number::View(read) => match self.view(read, frames)? {
                ViewField::Int(n) => Some(n),
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
                Found::Slot(facts, id) => Some(int(size(facts, id))),
                Found::Key(key) => Some(int(key.len())),
                Found::Absent => Some(0),
                Found::Unknown => None,
            },
        }
    }

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

fn present(slot: &Slot<'_>, nillable: bool) -> bool {
    if nillable { !matches!(slot.value, Value::Zero) } else { slot.set }
}

/// Bytes of a string, elements of a list, entries of a map. A rule may know a field as a list that another profile decodes
/// into an `interface{}`.
fn size(facts: &Facts<'_>, id: SlotId) -> usize {
    match &facts.slot(id).value {
        Value::Str(s) => s.len(),
        Value::List(list) => facts.list(*list).len(),
        Value::Map(map) => facts.map(*map).len(),
        Value::Any(any) => AnyRef::new(facts, *any).map_or(0, |any| any.children().len()),
        _ => 0,
    }
}

fn string<'s>(slot: &'s Slot<'_>) -> &'s [u8] {
    match &slot.value {
        Value::Str(s) => s,
        _ => &[],
    }
}

/// Lengths first: comparing with an empty slice that points nowhere costs tens of nanoseconds in `memcmp`.
fn same(left: &[u8], right: &[u8]) -> bool {
    left.len() == right.len() && (left.is_empty() || left == right)
}
