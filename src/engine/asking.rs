//! What tests and conditions say of a document.

use super::answers::{Memo, Truth};
use super::calls::Calls;
use super::glance::{one_of, starts};
use super::groups::Group;
use super::jumps::{ACCEPT, Condition, Formula};
use super::loops::Frames;
use super::lower::VarType;
use super::plan::{Path, Test, Tests, Text};
use super::reader::{Found, Reader, same, size, string};
use crate::facts::views::ViewField;
use crate::facts::{Facts, Value};

impl<'e> Reader<'_, 'e> {
    #[inline]
    pub(super) fn condition(
        &self,
        condition: &'e Condition,
        tests: &'e Tests,
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

    fn formula(&self, formula: &Formula, tests: &'e Tests, memo: &mut Memo, frames: &Frames) -> Truth {
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
    fn chain(
        &self,
        parts: &[Formula],
        end: Truth,
        tests: &'e Tests,
        memo: &mut Memo,
        frames: &Frames,
    ) -> Truth {
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
    fn ask(&self, test: u8, tests: &'e Tests, memo: &mut Memo, frames: &Frames) -> Truth {
        let bit = 1_u64 << (test & 63);
        if let Some(truth) = memo.get(bit) {
            return truth;
        }
        let truth = match tests.tests.get(usize::from(test)) {
            Some(Test::Automaton(group)) => match tests.groups.get(*group) {
                Some(group) => return self.automaton(group, bit, memo, frames),
                None => Truth::Unknown,
            },
            Some(test) => self.test(test, frames),
            None => Truth::Unknown,
        };
        memo.put(bit, truth);
        truth
    }

    fn automaton(&self, group: &'e Group, bit: u64, memo: &mut Memo, frames: &Frames) -> Truth {
        match self.text(&group.text, frames) {
            Some(text) => {
                let holds = group.bits(text);
                memo.put(holds, Truth::True);
                memo.put(group.all & !holds, Truth::False);
            }
            None => memo.put(group.all, Truth::Unknown),
        }
        memo.get(bit).unwrap_or(Truth::Unknown)
    }

    #[inline]
    pub(super) fn test(&self, test: &'e Test, frames: &Frames) -> Truth {
        match test {
            // Most tests are these.
            Test::Empty(path) => match self.find(path, frames) {
                Found::Slot(facts, id) => (size(facts, facts.slot(id)) == 0).into(),
                Found::Key(key) => key.is_empty().into(),
                Found::Absent => Truth::True,
                Found::Unknown => Truth::Unknown,
            },
            other => self.longer_test(other, frames),
        }
    }

    fn longer_test(&self, test: &'e Test, frames: &Frames) -> Truth {
        match test {
            Test::True(path) => match self.find(path, frames) {
                Found::Slot(facts, id) => matches!(facts.slot(id).value, Value::Bool(true)).into(),
                Found::Unknown => Truth::Unknown,
                Found::Key(_) | Found::Absent => Truth::False,
            },
            Test::ViewTrue(read) => match self.view(read, frames) {
                Some(field) => matches!(field, ViewField::Bool(true)).into(),
                None => Truth::Unknown,
            },
            Test::Present(path) => match self.find(path, frames) {
                Found::Slot(facts, id) => facts.slot(id).is_present(path.nillable).into(),
                _ => Truth::False,
            },
            Test::Number(op, left, right) => match (self.number(left, frames), self.number(right, frames)) {
                (Some(left), Some(right)) => op.holds(left, right).into(),
                _ => Truth::Unknown,
            },
            Test::Same(left, right) => match (self.text(left, frames), self.text(right, frames)) {
                (Some(left), Some(right)) => same(left, right).into(),
                _ => Truth::Unknown,
            },
            // No literal at all: false whatever the text.
            Test::OneOf(_, literals) if literals.is_empty() => Truth::False,
            Test::OneOf(text, literals) => self.ask_text(text, frames, |text| one_of(text, literals)),
            Test::Starts(text, literal) => self.ask_text(text, frames, |text| starts(text, literal)),
            Test::Ends(text, literal) => self.ask_text(text, frames, |text| text.ends_with(literal)),
            Test::HasByte(text, byte) => self.ask_text(text, frames, |text| text.contains(byte)),
            Test::InMap(key, map) => self.ask_within(key, map, frames, |facts, value, key| match value {
                Value::Map(map) => facts.map_get(*map, key).is_some(),
                _ => false,
            }),
            Test::InList(text, list) => {
                self.ask_within(text, list, frames, |facts, value, text| match value {
                    Value::List(list) => facts.list(*list).iter().any(|e| same(string(facts.slot(*e)), text)),
                    _ => false,
                })
            }
            Test::Exists { over, var, vars, body, tests } => {
                self.exists(over, *var, vars, body, tests, frames)
            }
            Test::Slow(cond) => self.slow(cond, frames),
            Test::Empty(_) | Test::Automaton(_) => Truth::Unknown,
        }
    }

    #[inline(never)]
    fn exists(
        &self,
        over: &'e Path,
        var: usize,
        vars: &'e [VarType],
        body: &'e Condition,
        tests: &'e Tests,
        frames: &Frames,
    ) -> Truth {
        let Some(elements) = self.elements(over, frames) else { return Truth::Unknown };
        let mut frames = *frames;
        let mut out = Truth::False;
        for frame in elements.iter() {
            if let Some(slot) = frames.get_mut(var) {
                *slot = frame;
            }
            let calls = Calls::default();
            let inner = self.within(vars, &calls);
            match inner.condition(body, tests, &mut Memo::default(), &frames) {
                Truth::True => return Truth::True,
                Truth::Unknown => out = Truth::Unknown,
                Truth::False => {}
            }
        }
        out
    }

    /// What is to be asked of a text: unknown if it is.
    #[inline]
    fn ask_text(&self, text: &'e Text, frames: &Frames, ask: impl FnOnce(&[u8]) -> bool) -> Truth {
        self.text(text, frames).map_or(Truth::Unknown, |text| ask(text).into())
    }

    /// What is to be asked of a map or list and a text.
    #[inline]
    fn ask_within(
        &self,
        text: &'e Text,
        place: &'e Path,
        frames: &Frames,
        ask: impl FnOnce(&Facts<'e>, &Value<'e>, &[u8]) -> bool,
    ) -> Truth {
        match (self.text(text, frames), self.find(place, frames)) {
            (None, _) | (_, Found::Unknown) => Truth::Unknown,
            (Some(text), Found::Slot(facts, id)) => ask(facts, &facts.slot(id).value, text).into(),
            _ => Truth::False,
        }
    }
}
