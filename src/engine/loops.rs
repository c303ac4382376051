//! The instances of a stage: one for each element of its loops.

use super::plan::{MAX_LOOPS, Path};
use super::reader::Reader;
use crate::facts::{Facts, MapEntry, MapId, SlotId, Value};

/// The element of a loop, where it is kept.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Frame {
    pub(super) root: u32,
    pub(super) slot: SlotId,
    /// Where its fields begin, if it is a record that is there and that will stay where it is.
    pub(super) fields: Option<SlotId>,
    /// The map that it is an entry of, for its key.
    pub(super) map: Option<MapId>,
    /// Its place there, or in the list.
    pub(super) index: u32,
}

/// What a loop goes through.
#[derive(Clone, Copy, Debug)]
pub(super) struct Elements<'e> {
    pub(super) facts: Option<&'e Facts<'e>>,
    pub(super) root: u32,
    pub(super) within: Within<'e>,
}

/// Where elements are kept.
#[derive(Clone, Copy, Debug)]
pub(super) enum Within<'e> {
    List(&'e [SlotId]),
    Map(MapId, &'e [MapEntry<'e>]),
}

impl<'e> Elements<'e> {
    /// Element or entry number `at`.
    #[inline]
    fn get(&self, at: usize) -> Option<Frame> {
        let (slot, map) = match self.within {
            Within::List(list) => (*list.get(at)?, None),
            Within::Map(map, entries) => (entries.get(at)?.slot, Some(map)),
        };
        let fields = match self.facts?.slot(slot).value {
            Value::Record(fields) => Some(fields),
            _ => None,
        };
        // Elements never outnumber 32 bits: arenas count in them.
        Some(Frame { root: self.root, slot, fields, map, index: u32::try_from(at).ok()? })
    }

    /// One after the other.
    #[inline]
    pub(super) fn iter(self) -> impl Iterator<Item = Frame> + use<'e> {
        (0..).map_while(move |at| self.get(at))
    }
}

/// The elements of the loops that are open.
pub(super) type Frames = [Frame; MAX_LOOPS];

/// Goes through the instances of a stage one after the other, in document order.
///
/// A row that changes the document changes scalars only, never what there is to go through.
#[derive(Debug, Default)]
pub(super) struct Odometer {
    pub(super) frames: Frames,
    counters: [usize; MAX_LOOPS],
    begun: bool,
}

impl Odometer {
    /// Moves on to the next instance; `None` after the last. Without loops there is one.
    pub(super) fn next<'e>(&mut self, loops: &'e [Path], reader: &Reader<'_, 'e>) -> Option<()> {
        let mut depth = if self.begun { loops.len().checked_sub(1)? } else { 0 };
        self.begun = true;
        while let Some(each) = loops.get(depth) {
            let counter = self.counters.get_mut(depth)?;
            match reader.elements(each, &self.frames).and_then(|elements| elements.get(*counter)) {
                Some(frame) => {
                    *counter += 1;
                    *self.frames.get_mut(depth)? = frame;
                    depth += 1;
                    if let Some(inner) = self.counters.get_mut(depth) {
                        *inner = 0;
                    }
                }
                None => depth = depth.checked_sub(1)?,
            }
        }
        Some(())
    }
}
