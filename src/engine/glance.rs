//! Tests of a field against what stands in a rule, ready to run: most of what is asked of a document.

use super::bases::{Base, Bases, MAX_BASES, Spot};
use super::loops::Frame;
use super::plan::{
    From, MAX_LOOPS, Number, NumberOp, Path, PathStep, Reach, Test, Text, ViewParam, ViewRead,
};
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
    Numbers(NumberOp, Place, Place),
    Same(Place, Box<[u8]>),
    OneOf(Place, Box<[Vec<u8>]>),
    Starts(Place, Box<[u8]>),
    Ends(Place, Box<[u8]>),
    HasByte(Place, u8),
    Size(NumberOp, Place, i64),
    /// The key of the loop with this number.
    KeyOneOf(u8, Box<[Vec<u8>]>),
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
    /// Of the loops over maps.
    keys: [&'e [u8]; MAX_LOOPS],
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
            Test::OneOf(Text::Path(path), literals) if !literals.is_empty() => {
                match (Place::new(path), path.from) {
                    (Some(place), _) => Self::OneOf(place, literals.as_slice().into()),
                    (None, From::Key(var)) => {
                        Self::KeyOneOf(u8::try_from(var).ok()?, literals.as_slice().into())
                    }
                    _ => Entry::test(path, literals.clone())?,
                }
            }
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
            Self::OneOf(place, literals) => places.text(place).map(|text| one_of(text, literals)),
            Self::Starts(place, literal) => places.text(place).map(|text| starts(text, literal)),
            Self::Ends(place, literal) => places.text(place).map(|text| text.ends_with(literal)),
            Self::HasByte(place, byte) => places.text(place).map(|text| text.contains(byte)),
            Self::Size(op, place, n) => {
                let found = places.known(place).map(|slot| size(places.facts(place), slot));
                found.map(|found| op.holds(i64::try_from(found).unwrap_or(i64::MAX), *n))
            }
            Self::KeyOneOf(var, literals) => {
                places.keys.get(usize::from(*var)).map(|key| one_of(key, literals))
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

/// Where a text is.
#[derive(Clone, Copy, Debug)]
pub(super) enum TextPlace {
    Place(Place),
    /// The key of the loop with this number.
    Key(u8),
}

impl TextPlace {
    fn new(path: &Path) -> Option<Self> {
        match path.from {
            From::Key(var) => u8::try_from(var).ok().map(Self::Key),
            From::Root(_) | From::Var(_) => Place::new(path).map(Self::Place),
        }
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
        let (Reach::Entry(Spot { base, field }), Some(PathStep::Key(Text::Literal(key)))) =
            (path.reach, path.steps.last())
        else {
            return None;
        };
        let map = Place { record: base, nillable: true, open: false, field };
        Some(Glance::Entry(Box::new(Self { map, key: key.clone(), literals })))
    }
}

/// The first byte first: comparing memory takes long to begin.
#[inline]
pub(super) fn starts(text: &[u8], literal: &[u8]) -> bool {
    literal.first().is_none_or(|first| text.first() == Some(first)) && text.starts_with(literal)
}

impl Place {
    /// `None` if it takes more to come there.
    pub(super) fn new(path: &Path) -> Option<Self> {
        let looped =
            |var, at| if var < MAX_LOOPS { u8::try_from(MAX_BASES + 2 * var + at).ok() } else { None };
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
    /// All places, and nothing there.
    pub(super) fn new(roots: Roots<'e>) -> Self {
        Self { records: [Record { facts: roots.document, slots: &[] }; PLACES], keys: [&[]; MAX_LOOPS] }
    }

    /// Comes to these records.
    pub(super) fn find(&mut self, roots: Roots<'e>, bases: &Bases) {
        for (record, Base { root, slot }) in self.records.iter_mut().zip(bases.all()) {
            if *slot != SlotId::NOWHERE
                && let Some(facts) = roots.get((*root).into())
            {
                *record = Record { facts, slots: facts.slots_from(*slot) };
            }
        }
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
        if let Some(key) = self.keys.get_mut(var) {
            let entry = frame.map.and_then(|map| facts.map(map).get(frame.index as usize));
            *key = entry.map_or(&[], |entry| &entry.key);
        }
    }

    /// Whether there is nothing in it, neither bytes nor elements nor entries; `None` if nobody told.
    #[inline(always)]
    pub(super) fn is_empty(&self, place: &Place) -> Option<bool> {
        let slot = self.known(place)?;
        Some(nothing(self.facts(place), slot))
    }

    /// An entry of a map, if it is there; `None` if nobody told the map.
    #[inline]
    fn entry(&self, map: &Place, key: &[u8]) -> Option<Option<&'e Slot<'e>>> {
        let Value::Map(entries) = self.known(map)?.value else { return Some(None) };
        let facts = self.facts(map);
        Some(facts.map_get(entries, key).map(|entry| facts.slot(entry.slot)))
    }

    #[inline]
    fn record(&self, place: &Place) -> &Record<'e> {
        let [first, ..] = &self.records;
        // `Place::new` makes none that lies outside: so there is nothing to check.
        self.records.get(usize::from(place.record) % PLACES).unwrap_or(first)
    }

    /// The document of a place.
    #[inline]
    fn facts(&self, place: &Place) -> &'e Facts<'e> {
        self.record(place).facts
    }

    /// The slot of a place; zero where the record is not there.
    #[inline]
    fn get(&self, place: &Place) -> &'e Slot<'e> {
        self.record(place).slots.get(usize::from(place.field)).unwrap_or(Slot::zero())
    }

    /// The same; `None` if nobody told.
    #[inline]
    fn known(&self, place: &Place) -> Option<&'e Slot<'e>> {
        let slot = self.get(place);
        if place.open && !slot.is_present(place.nillable) { None } else { Some(slot) }
    }

    #[inline]
    fn number(&self, place: &Place) -> Option<i64> {
        self.known(place).map(|slot| match slot.value {
            Value::Int(n) => n,
            _ => 0,
        })
    }

    #[inline]
    fn text(&self, place: &Place) -> Option<&'e [u8]> {
        self.known(place).map(string)
    }

    /// A text; `None` if nobody told.
    #[inline]
    pub(super) fn text_at(&self, at: &TextPlace) -> Option<&'e [u8]> {
        match at {
            TextPlace::Place(place) => self.text(place),
            TextPlace::Key(var) => self.keys.get(usize::from(*var)).copied(),
        }
    }
}

/// Whether a size is 0. Short for texts and for what is not there, which is nearly all.
#[inline(always)]
fn nothing(facts: &Facts<'_>, slot: &Slot<'_>) -> bool {
    #[inline(never)]
    fn no_elements(facts: &Facts<'_>, slot: &Slot<'_>) -> bool {
        size(facts, slot) == 0
    }
    match &slot.value {
        Value::Str(text) => text.is_empty(),
        Value::Zero => true,
        _ => no_elements(facts, slot),
    }
}
