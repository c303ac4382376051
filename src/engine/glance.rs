//! Tests of a field against what stands in a rule, ready to run: most of what is asked of a document.

use super::answers::Truth;
use super::bases::{Base, Bases, MAX_BASES, Spot};
use super::loops::Frame;
use super::plan::{MAX_LOOPS, Number, NumberOp, Path, PathStep, Reach, Test, Text, ViewRead};
use super::reader::{same, size, string};
use super::scope::Roots;
use crate::facts::views::ViewField;
use crate::facts::{Facts, Slot, SlotId, Value};
use crate::table::OrderOp;

/// Records, and two for each loop: the element by itself, and its fields.
const PLACES: usize = MAX_BASES + 2 * MAX_LOOPS;

/// One test.
#[derive(Debug)]
pub(super) enum Glance {
    Empty(Place),
    True(Place),
    Present(Place),
    Number(NumberOp, Place, i64),
    Same(Place, Box<[u8]>),
    OneOf(Place, Box<[Vec<u8>]>),
    Starts(Place, Box<[u8]>),
}

/// A field, or an element of a loop.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// The number of a record in [`Places`].
    record: u8,
    nillable: bool,
    /// Whether absence means that nobody told.
    open: bool,
    field: u16,
}

/// Where the records are that tests read.
#[derive(Debug)]
pub(super) struct Places<'e> {
    records: [Record<'e>; PLACES],
}

/// The fields of a record and what lies behind them; none if there is no record.
#[derive(Clone, Copy, Debug)]
struct Record<'e> {
    facts: &'e Facts<'e>,
    slots: &'e [Slot<'e>],
}

impl Glance {
    /// The short form of a test, if it has one.
    pub(super) fn new(test: &Test) -> Option<Self> {
        Some(match test {
            Test::Empty(path) => Self::Empty(Place::new(path)?),
            Test::True(path) => Self::True(Place::new(path)?),
            Test::Present(path) => Self::Present(Place::new(path)?),
            Test::Number(op, Number::Path(path), Number::Literal(n)) => {
                Self::Number(*op, Place::new(path)?, *n)
            }
            Test::Same(Text::Path(path), Text::Literal(literal)) => {
                Self::Same(Place::new(path)?, literal.as_slice().into())
            }
            Test::OneOf(Text::Path(path), literals) if !literals.is_empty() => {
                Self::OneOf(Place::new(path)?, literals.as_slice().into())
            }
            Test::Starts(Text::Path(path), literal) => {
                Self::Starts(Place::new(path)?, literal.as_slice().into())
            }
            _ => return None,
        })
    }

    #[inline(always)]
    pub(super) fn ask(&self, places: &Places<'_>) -> Truth {
        let known = match self {
            Self::Empty(place) => places.known(*place).map(|(facts, slot)| size(facts, slot) == 0),
            Self::True(place) => {
                places.known(*place).map(|(_, slot)| matches!(slot.value, Value::Bool(true)))
            }
            // Of what nobody told it is known that it is not there.
            Self::Present(place) => Some(places.get(*place).1.is_present(place.nillable)),
            Self::Number(op, place, n) => places.known(*place).map(|(_, slot)| {
                let found = match slot.value {
                    Value::Int(n) => n,
                    _ => 0,
                };
                op.holds(found, *n)
            }),
            Self::Same(place, literal) => places.text(*place).map(|text| same(text, literal)),
            Self::OneOf(place, literals) => {
                places.text(*place).map(|text| literals.iter().any(|literal| same(text, literal)))
            }
            Self::Starts(place, literal) => places.text(*place).map(|text| starts(text, literal)),
        };
        known.map_or(Truth::Unknown, Truth::from)
    }
}

/// One test of what a view made.
#[derive(Debug)]
pub(super) enum ViewGlance {
    True,
    Number(NumberOp, i64),
    Same(Box<[u8]>),
    OneOf(Box<[Vec<u8>]>),
}

impl ViewGlance {
    /// The short form of a test, if it has one.
    pub(super) fn new(test: &Test) -> Option<(Self, ViewRead)> {
        let (glance, read) = match test {
            Test::ViewTrue(read) => (Self::True, read),
            Test::Number(op, Number::View(read), Number::Literal(n)) => (Self::Number(*op, *n), read),
            Test::Same(Text::View(read), Text::Literal(literal)) => {
                (Self::Same(literal.as_slice().into()), read)
            }
            Test::OneOf(Text::View(read), literals) if !literals.is_empty() => {
                (Self::OneOf(literals.as_slice().into()), read)
            }
            _ => return None,
        };
        Some((glance, (**read).clone()))
    }

    #[inline]
    pub(super) fn ask(&self, field: &ViewField<'_>) -> bool {
        let text = match field {
            ViewField::Str(text) => text,
            _ => &[][..],
        };
        match self {
            Self::True => matches!(field, ViewField::Bool(true)),
            Self::Number(op, n) => op.holds(if let ViewField::Int(found) = field { *found } else { 0 }, *n),
            Self::Same(literal) => same(text, literal),
            Self::OneOf(literals) => literals.iter().any(|literal| same(text, literal)),
        }
    }
}

impl NumberOp {
    #[inline]
    pub(super) fn holds(self, left: i64, right: i64) -> bool {
        match self {
            Self::Same => left == right,
            Self::Order(OrderOp::Lt) => left < right,
            Self::Order(OrderOp::Le) => left <= right,
            Self::Order(OrderOp::Gt) => left > right,
            Self::Order(OrderOp::Ge) => left >= right,
        }
    }
}

/// The first byte first: comparing memory takes long to begin.
#[inline]
pub(super) fn starts(text: &[u8], literal: &[u8]) -> bool {
    literal.first().is_none_or(|first| text.first() == Some(first)) && text.starts_with(literal)
}

impl Place {
    /// `None` if it takes more to come there.
    fn new(path: &Path) -> Option<Self> {
        let looped = |var: usize, at: usize| u8::try_from(MAX_BASES + 2 * var + at).ok();
        let (record, field) = match (path.reach, path.steps.as_slice()) {
            (Reach::Spot(Spot { base, field }), _) => (base, field),
            (Reach::Element(var), _) => (looped(var, 0)?, 0),
            (Reach::Fields(var), [PathStep::Field { index, .. }]) => {
                (looped(var, 1)?, u16::try_from(*index).ok()?)
            }
            _ => return None,
        };
        // Nobody withholds an element by itself.
        let open = path.open && !matches!(path.reach, Reach::Element(_));
        Some(Self { record, nillable: path.nillable, open, field })
    }
}

impl<'e> Places<'e> {
    pub(super) fn new(roots: Roots<'e>, bases: &Bases) -> Self {
        let mut records = [Record { facts: roots.document, slots: &[] }; PLACES];
        for (record, Base { root, slot }) in records.iter_mut().zip(bases.all()) {
            if *slot != SlotId::NOWHERE
                && let Some(facts) = roots.get((*root).into())
            {
                *record = Record { facts, slots: facts.slots_from(*slot) };
            }
        }
        Self { records }
    }

    /// Comes to another element of the loop with this number.
    #[inline]
    pub(super) fn enter(&mut self, var: usize, facts: &'e Facts<'e>, frame: &Frame) {
        let fields = frame.fields.unwrap_or(SlotId::NOWHERE);
        for (slot, number) in [(frame.slot, 0), (fields, 1)] {
            if let Some(record) = self.records.get_mut(MAX_BASES + 2 * var + number) {
                *record = Record { facts, slots: facts.slots_from(slot) };
            }
        }
    }

    /// The slot of a place, and its document. There is none where the record is not there.
    #[inline]
    fn get(&self, place: Place) -> (Option<&'e Facts<'e>>, &'e Slot<'e>) {
        match self.records.get(usize::from(place.record)) {
            Some(record) => {
                (Some(record.facts), record.slots.get(usize::from(place.field)).unwrap_or(Slot::zero()))
            }
            None => (None, Slot::zero()),
        }
    }

    /// The same; `None` if nobody told.
    #[inline]
    fn known(&self, place: Place) -> Option<(&'e Facts<'e>, &'e Slot<'e>)> {
        let (facts, slot) = self.get(place);
        if place.open && !slot.is_present(place.nillable) { None } else { Some((facts?, slot)) }
    }

    #[inline]
    fn text(&self, place: Place) -> Option<&'e [u8]> {
        self.known(place).map(|(_, slot)| string(slot))
    }
}
