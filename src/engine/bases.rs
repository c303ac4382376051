//! Where the records begin that rules read fields of: found once a judgement instead of once a test.

use super::plan::PathStep;
use super::scope::Roots;
use crate::facts::{SlotId, Value};

/// The most records that are found beforehand.
pub(super) const MAX_BASES: usize = 24;

/// The records of a program's documents that its rules read fields of. A record comes after the one it lies in; the
/// first are the documents themselves.
#[derive(Clone, Debug)]
pub(super) struct Records {
    records: Vec<Record>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Record {
    root: usize,
    /// The record it lies in, and the field; none for the document itself.
    within: Option<(u8, u16)>,
    /// For host facts: absence means that nobody told. Whether the field has a nil, then.
    open: Option<bool>,
}

/// Where a record begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct Base {
    pub(super) root: u8,
    /// [`SlotId::NOWHERE`] if there is no record.
    pub(super) slot: SlotId,
}

/// The records of one judgement.
#[derive(Debug)]
pub(super) struct Bases {
    at: [Base; MAX_BASES],
    /// How many of them there are.
    len: usize,
}

/// A field of a record, found without following a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spot {
    pub(super) base: u8,
    pub(super) field: u16,
}

impl Records {
    /// Those of `roots` documents.
    pub(super) fn new(roots: usize) -> Self {
        let record = |root| Record { root, within: None, open: None };
        Self { records: (0..roots.min(MAX_BASES)).map(record).collect() }
    }

    /// The spot at the end of some fields of a document. None where there are too many records, or other steps than
    /// fields.
    pub(super) fn spot(&mut self, root: usize, steps: &[PathStep], open: bool) -> Option<Spot> {
        let (last, front) = steps.split_last()?;
        let mut base = u8::try_from(root).ok().filter(|_| root < self.records.len())?;
        for step in front {
            let (field, nillable) = field(step)?;
            base =
                self.record(Record { root, within: Some((base, field)), open: open.then_some(nillable) })?;
        }
        Some(Spot { base, field: field(last)?.0 })
    }

    fn record(&mut self, record: Record) -> Option<u8> {
        let at = match self.records.iter().position(|known| *known == record) {
            Some(at) => at,
            None if self.records.len() < MAX_BASES => {
                self.records.push(record);
                self.records.len() - 1
            }
            None => return None,
        };
        u8::try_from(at).ok()
    }

    /// Where they begin in these documents.
    pub(super) fn find(&self, roots: Roots<'_>) -> Bases {
        let mut at = [Base { root: 0, slot: SlotId::NOWHERE }; MAX_BASES];
        for (number, record) in self.records.iter().enumerate() {
            let slot = match record.within {
                None => SlotId::default(),
                Some((base, field)) => roots.get(record.root).map_or(SlotId::NOWHERE, |facts| {
                    let base = at.get(usize::from(base)).map_or(SlotId::NOWHERE, |base| base.slot);
                    let slot = facts.slot(facts.field_id(base, field.into()));
                    match slot.value {
                        // A fact that somebody told is there; one that nobody told has no fields either.
                        Value::Record(fields) if record.open.is_none_or(|nil| slot.is_present(nil)) => fields,
                        _ => SlotId::NOWHERE,
                    }
                }),
            };
            if let Some(base) = at.get_mut(number) {
                *base = Base { root: u8::try_from(record.root).unwrap_or(u8::MAX), slot };
            }
        }
        Bases { at, len: self.records.len() }
    }
}

impl Bases {
    /// All of them, by their numbers.
    pub(super) fn all(&self) -> &[Base] {
        self.at.get(..self.len).unwrap_or_default()
    }

    /// The document and the slot of a spot.
    #[inline]
    pub(super) fn slot(&self, spot: Spot) -> (usize, SlotId) {
        let base = self.at.get(usize::from(spot.base));
        let base = base.copied().unwrap_or(Base { root: 0, slot: SlotId::NOWHERE });
        (base.root.into(), base.slot.field(spot.field.into()))
    }
}

fn field(step: &PathStep) -> Option<(u16, bool)> {
    match step {
        PathStep::Field { index, nillable } => Some((u16::try_from(*index).ok()?, *nillable)),
        PathStep::Key(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_BASES, PathStep, Records};

    /// Records in the first document, each in a field of its own: as many as there is room for have spots.
    #[test]
    fn there_are_only_so_many_records() {
        let mut records = Records::new(2);
        let field = |index| PathStep::Field { index, nillable: true };
        let mut spot = |index| records.spot(0, &[field(index), field(7)], false);
        let bases: Vec<_> = (0..40).map_while(|index| spot(index).map(|spot| spot.base)).collect();
        assert_eq!(bases, (2_u8..).take(MAX_BASES - 2).collect::<Vec<_>>());
        // What was found is found again.
        assert_eq!((spot(0).map(|spot| spot.base), spot(40)), (Some(2), None));
    }
}
