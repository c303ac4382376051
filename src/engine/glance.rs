//! Tests of a field against what stands in a rule, ready to run: most of what is asked of a document.

use super::places::{Place, Places, TextPlace, nothing};
use super::plan::{Number, NumberOp, Path, Test, Text, ViewParam, ViewRead};
use super::reader::{same, size, string};
use crate::facts::views::ViewField;
use crate::facts::{Slot, Value};
use crate::table::OrderOp;

/// One test.
#[derive(Debug)]
pub(super) enum Glance {
    Empty(Place),
    True(Place),
    Present(Place),
    Number(NumberOp, Place, i64),
    Numbers(NumberOp, Place, Place),
    Same(Place, Box<[u8]>),
    OneOf(TextPlace, Box<[Vec<u8>]>),
    Starts(Place, Box<[u8]>),
    Ends(Place, Box<[u8]>),
    HasByte(Place, u8),
    Size(NumberOp, Place, i64),
    InMap(Box<[u8]>, Place),
    Entry(Box<Entry>),
    /// What takes longer: the number that whoever asks has for it.
    Longer(u32),
}

/// A test of a map's entry.
#[derive(Debug)]
pub(super) struct Entry {
    map: Place,
    key: Vec<u8>,
    /// Whether it is one of these; without any, whether it is empty.
    literals: Vec<Vec<u8>>,
}

impl Glance {
    /// The short form of a test, if it has one.
    pub(super) fn new(test: &Test) -> Option<Self> {
        Some(match test {
            Test::Empty(path) => {
                Place::new(path).map(Self::Empty).or_else(|| Entry::test(path, Vec::new()))?
            }
            Test::True(path) => Self::True(Place::new(path)?),
            Test::Present(path) => Self::Present(Place::new(path)?),
            Test::Number(op, Number::Path(path), Number::Literal(n)) => {
                Self::Number(*op, Place::new(path)?, *n)
            }
            Test::Number(op, Number::Path(left), Number::Path(right)) => {
                Self::Numbers(*op, Place::new(left)?, Place::new(right)?)
            }
            Test::Number(op, Number::Size(path), Number::Literal(n)) => {
                Self::Size(*op, Place::new(path)?, *n)
            }
            Test::Same(Text::Path(path), Text::Literal(literal)) => match Place::new(path) {
                Some(place) => Self::Same(place, literal.as_slice().into()),
                None => Entry::test(path, vec![literal.clone()])?,
            },
            Test::OneOf(Text::Path(path), literals) if !literals.is_empty() => match TextPlace::new(path) {
                Some(place) => Self::OneOf(place, literals.as_slice().into()),
                None => Entry::test(path, literals.clone())?,
            },
            Test::InMap(Text::Literal(key), path) => Self::InMap(key.as_slice().into(), Place::new(path)?),
            Test::Ends(Text::Path(path), literal) => Self::Ends(Place::new(path)?, literal.as_slice().into()),
            Test::HasByte(Text::Path(path), byte) => Self::HasByte(Place::new(path)?, *byte),
            Test::Starts(Text::Path(path), literal) => {
                Self::Starts(Place::new(path)?, literal.as_slice().into())
            }
            _ => return None,
        })
    }

    /// `None` if nobody told, or if it takes longer.
    #[inline(always)]
    pub(super) fn ask(&self, places: &Places<'_>) -> Option<bool> {
        match self {
            Self::Empty(place) => places.is_empty(place),
            Self::True(place) => places.known(place).map(|slot| matches!(slot.value, Value::Bool(true))),
            // Of what nobody told it is known that it is not there.
            Self::Present(place) => Some(places.get(place).is_present(place.nillable)),
            Self::Number(op, place, n) => places.number(place).map(|found| op.holds(found, *n)),
            Self::Numbers(op, left, right) => {
                let numbers = places.number(left).zip(places.number(right));
                numbers.map(|(left, right)| op.holds(left, right))
            }
            Self::Same(place, literal) => places.text(place).map(|text| same(text, literal)),
            Self::OneOf(place, literals) => places.text_at(place).map(|text| one_of(text, literals)),
            Self::Starts(place, literal) => places.text(place).map(|text| starts(text, literal)),
            Self::Ends(place, literal) => places.text(place).map(|text| text.ends_with(literal)),
            Self::HasByte(place, byte) => places.text(place).map(|text| text.contains(byte)),
            Self::Size(op, place, n) => {
                let found = places.known(place).map(|slot| size(places.facts(place), slot));
                found.map(|found| op.holds(i64::try_from(found).unwrap_or(i64::MAX), *n))
            }
            Self::InMap(key, map) => places.entry(map, key).map(|entry| entry.is_some()),
            Self::Entry(entry) => places.entry(&entry.map, &entry.key).map(|slot| {
                let slot = slot.unwrap_or(Slot::zero());
                if entry.literals.is_empty() {
                    nothing(places.facts(&entry.map), slot)
                } else {
                    one_of(string(slot), &entry.literals)
                }
            }),
            Self::Longer(_) => None,
        }
    }
}

/// One test of what a view makes.
#[derive(Debug)]
pub(super) struct ViewTest {
    pub(super) ask: ViewGlance,
    /// What the view reads if that is a single text, and one that is at hand.
    pub(super) text: Option<TextPlace>,
    pub(super) read: ViewRead,
}

impl ViewTest {
    /// The short form of a test, if it has one.
    pub(super) fn new(test: &Test) -> Option<Self> {
        let (ask, read) = ViewGlance::new(test)?;
        let text = match read.args.as_slice() {
            [ViewParam::Text(Text::Path(path))] => TextPlace::new(path),
            _ => None,
        };
        Some(Self { ask, text, read: read.clone() })
    }
}

/// What is asked of it.
#[derive(Debug)]
pub(super) enum ViewGlance {
    True,
    Number(NumberOp, i64),
    Same(Box<[u8]>),
    OneOf(Box<[Vec<u8>]>),
}

impl ViewGlance {
    /// The short form of a test, if it has one.
    fn new(test: &Test) -> Option<(Self, &ViewRead)> {
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
        Some((glance, read))
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
            Self::OneOf(literals) => one_of(text, literals),
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

#[inline]
pub(super) fn one_of(text: &[u8], literals: &[Vec<u8>]) -> bool {
    literals.iter().any(|literal| same(text, literal))
}

impl Entry {
    fn test(path: &Path, literals: Vec<Vec<u8>>) -> Option<Glance> {
        let (map, key) = Place::of_entry(path)?;
        Some(Glance::Entry(Box::new(Self { map, key: key.to_vec(), literals })))
    }
}

/// The first byte first: comparing memory takes long to begin.
#[inline]
pub(super) fn starts(text: &[u8], literal: &[u8]) -> bool {
    literal.first().is_none_or(|first| text.first() == Some(first)) && text.starts_with(literal)
}
