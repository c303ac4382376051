//! Where the values are that tests read: found once a judgement, and once for each element of a loop.

use super::bases::{Base, Bases, MAX_BASES, Spot};
use super::loops::Frame;
use super::plan::{From, MAX_LOOPS, Path, PathStep, Reach, Text};
use super::reader::{size, string};
use super::scope::Roots;
use crate::facts::{Facts, Slot, SlotId, Value};

/// Records, and two for each loop: the element by itself, and its fields.
const PLACES: usize = MAX_BASES + 2 * MAX_LOOPS;

/// A field, or an element of a loop.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// The number of a record in [`Places`].
    record: u8,
    pub(super) nillable: bool,
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

    /// The map and the key of an entry that a rule names.
    pub(super) fn of_entry(path: &Path) -> Option<(Self, &[u8])> {
        match (path.reach, path.steps.last()) {
            (Reach::Entry(Spot { base, field }), Some(PathStep::Key(Text::Literal(key)))) => {
                Some((Self { record: base, nillable: true, open: false, field }, key))
            }
            _ => None,
        }
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
    pub(super) fn new(path: &Path) -> Option<Self> {
        match path.from {
            From::Key(var) => u8::try_from(var).ok().map(Self::Key),
            From::Root(_) | From::Var(_) => Place::new(path).map(Self::Place),
        }
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
    pub(super) fn entry(&self, map: &Place, key: &[u8]) -> Option<Option<&'e Slot<'e>>> {
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
    pub(super) fn facts(&self, place: &Place) -> &'e Facts<'e> {
        self.record(place).facts
    }

    /// The slot of a place; zero where the record is not there.
    #[inline]
    pub(super) fn get(&self, place: &Place) -> &'e Slot<'e> {
        self.record(place).slots.get(usize::from(place.field)).unwrap_or(Slot::zero())
    }

    /// The same; `None` if nobody told.
    #[inline]
    pub(super) fn known(&self, place: &Place) -> Option<&'e Slot<'e>> {
        let slot = self.get(place);
        if place.open && !slot.is_present(place.nillable) { None } else { Some(slot) }
    }

    #[inline]
    pub(super) fn number(&self, place: &Place) -> Option<i64> {
        self.known(place).map(|slot| match slot.value {
            Value::Int(n) => n,
            _ => 0,
        })
    }

    #[inline]
    pub(super) fn text(&self, place: &Place) -> Option<&'e [u8]> {
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
pub(super) fn nothing(facts: &Facts<'_>, slot: &Slot<'_>) -> bool {
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
