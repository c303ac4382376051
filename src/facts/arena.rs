use std::borrow::Cow;
use std::collections::BTreeMap;

use super::any::AnyNode;
use crate::schema::{Constant, Schema, StructId, Type};
use crate::source::Span;

/// Index of a [`Slot`] in its [`Facts`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SlotId(pub(crate) u32);

impl SlotId {
    /// Where no slot is: what is read there has its zero value, and so have its fields.
    pub(crate) const NOWHERE: Self = Self(u32::MAX);

    /// The slot of the field with this index in the record that begins here.
    #[inline]
    pub(crate) fn field(self, index: usize) -> Self {
        Self(self.0.saturating_add(u32::try_from(index).unwrap_or(u32::MAX)))
    }
}

/// Index of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListId(pub(crate) u32);

/// Index of a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MapId(pub(crate) u32);

/// What a slot holds; its type is known from the schema.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'s> {
    /// Go's zero value of the type: false, 0, "", nil, or a struct of zero values.
    Zero,
    /// A boolean.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A floating-point number.
    Float(f64),
    /// A string, borrowed from the text where it has no escapes.
    Str(Cow<'s, [u8]>),
    /// A struct, or a pointer to one: its first field's slot, the others behind it.
    Record(SlotId),
    /// A non-nil slice.
    List(ListId),
    /// A non-nil map.
    Map(MapId),
    /// A non-nil `interface{}`: the index of its root in the tape.
    Any(u32),
}

/// A value, where it stands in the text, and whether the text has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Slot<'s> {
    /// The value.
    pub value: Value<'s>,
    /// Place of the value.
    pub span: Span,
    /// Place of the key in front of it, quotes included; empty for elements of lists.
    pub key: Span,
    /// Whether a value other than null was decoded into it (a default that was merged in does not count).
    pub set: bool,
}

impl Slot<'_> {
    pub(super) const ZERO: Self = Slot {
        value: Value::Zero,
        span: Span { start: 0, end: 0 },
        key: Span { start: 0, end: 0 },
        set: false,
    };
}

/// A slice as Go keeps it: elements beyond the length stay, and are decoded over later.
#[derive(Clone, Debug)]
struct List {
    /// The elements, as long as they are few: most lists take no memory of their own.
    few: [SlotId; FEW],
    /// All elements once there are more.
    many: Vec<SlotId>,
    kept: usize,
    len: usize,
}

/// How many elements a list has in place.
const FEW: usize = 6;

impl List {
    const fn new() -> Self {
        Self { few: [SlotId(0); FEW], many: Vec::new(), kept: 0, len: 0 }
    }

    fn elements(&self) -> &[SlotId] {
        if self.many.is_empty() { self.few.get(..self.kept).unwrap_or_default() } else { &self.many }
    }

    fn push(&mut self, slot: SlotId) {
        match self.few.get_mut(self.kept) {
            Some(place) => *place = slot,
            None if self.many.is_empty() => self.many.extend(self.few.into_iter().chain([slot])),
            None => self.many.push(slot),
        }
        self.kept += 1;
    }
}

/// One entry of a map.
#[derive(Clone, Debug, PartialEq)]
pub struct MapEntry<'s> {
    /// The key, decoded.
    pub key: Cow<'s, [u8]>,
    /// Its value.
    pub slot: SlotId,
}

#[derive(Clone, Debug)]
struct Map<'s> {
    entries: Vec<MapEntry<'s>>,
    /// Keys to places in `entries`; kept once a map is large, so that huge documents stay linear.
    index: BTreeMap<Cow<'s, [u8]>, usize>,
}

impl Map<'_> {
    const fn new() -> Self {
        Self { entries: Vec::new(), index: BTreeMap::new() }
    }
}

/// From this many entries on a map keeps an index.
const INDEXED: usize = 16;

/// A decoded document: one record of the schema's root struct.
///
/// Reading is total: ids come from the same arena, and one that does not gives a zero slot.
#[derive(Clone, Debug)]
pub struct Facts<'s> {
    schema: Schema,
    slots: Vec<Slot<'s>>,
    lists: Vec<List>,
    maps: Vec<Map<'s>>,
    pub(super) tape: Vec<AnyNode<'s>>,
    root_span: Span,
    /// Slots whose value stands elsewhere in the text than their place in the schema says; JSON Pointers.
    moved: Vec<(SlotId, &'static str)>,
}

impl<'s> Facts<'s> {
    /// A document in which everything has its zero value.
    #[must_use]
    pub fn new(schema: &Schema) -> Self {
        Self::with_room(schema, [0; 3])
    }

    /// The same with room for so many slots, lists and maps.
    fn with_room(schema: &Schema, [slots, lists, maps]: [usize; 3]) -> Self {
        let mut facts = Self {
            schema: schema.clone(),
            slots: Vec::with_capacity(slots),
            lists: Vec::with_capacity(lists),
            maps: Vec::with_capacity(maps),
            tape: Vec::new(),
            root_span: Span::default(),
            moved: Vec::new(),
        };
        facts.new_record(schema.root());
        facts
    }

    /// The same with room for what a text of this length is likely to hold.
    pub(crate) fn for_text(schema: &Schema, len: usize) -> Self {
        /// For each slot, list and map.
        const BYTES_EACH: [usize; 3] = [10, 80, 320];
        const MOST: [usize; 3] = [256, 32, 8];
        let mut room = MOST;
        room.iter_mut().zip(BYTES_EACH).for_each(|(most, bytes)| *most = (len / bytes).min(*most));
        Self::with_room(schema, room)
    }

    /// The schema it was decoded by.
    #[must_use]
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The first slot of the root record.
    #[must_use]
    pub fn root(&self) -> SlotId {
        SlotId(0)
    }

    /// Where the document stands in the text.
    #[must_use]
    pub fn root_span(&self) -> Span {
        self.root_span
    }

    pub(crate) fn set_root_span(&mut self, span: Span) {
        self.root_span = span;
    }

    /// Notes that the value of a slot stands elsewhere in the text; `pointer` is where.
    pub(crate) fn set_moved(&mut self, slot: SlotId, pointer: &'static str) {
        self.moved.push((slot, pointer));
    }

    /// Where the value of a slot stands in the text, if that is not where the schema says: a JSON Pointer.
    #[must_use]
    pub fn moved(&self, slot: SlotId) -> Option<&'static str> {
        self.moved.iter().find(|(moved, _)| *moved == slot).map(|(_, pointer)| *pointer)
    }

    /// How many slots there are: what a budget of nodes counts.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.len().saturating_add(self.tape.len())
    }

    /// Whether the schema has no fields at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A slot.
    #[must_use]
    #[inline]
    pub fn slot(&self, id: SlotId) -> &Slot<'s> {
        match self.slots.get(id.0 as usize) {
            Some(slot) => slot,
            None => Slot::zero(),
        }
    }

    /// The slots from this one on: the fields of the record that begins with it, and what follows.
    #[inline]
    pub(crate) fn slots_from(&self, id: SlotId) -> &[Slot<'s>] {
        self.slots.get(id.0 as usize..).unwrap_or_default()
    }

    /// A slot, to write to.
    #[inline]
    pub(crate) fn slot_mut(&mut self, id: SlotId) -> Option<&mut Slot<'s>> {
        self.slots.get_mut(id.0 as usize)
    }

    /// The slot of the field with this index in the record that begins at `base`.
    #[must_use]
    #[inline]
    pub fn field_id(&self, base: SlotId, index: usize) -> SlotId {
        base.field(index)
    }

    /// The live elements of a list.
    #[must_use]
    #[inline]
    pub fn list(&self, id: ListId) -> &[SlotId] {
        self.lists.get(id.0 as usize).and_then(|l| l.elements().get(..l.len)).unwrap_or_default()
    }

    /// The entries of a map, in the order in which their keys first stood in the text.
    #[must_use]
    #[inline]
    pub fn map(&self, id: MapId) -> &[MapEntry<'s>] {
        self.maps.get(id.0 as usize).map(|m| m.entries.as_slice()).unwrap_or_default()
    }

    /// The entry of a map with this key.
    #[must_use]
    pub fn map_get(&self, id: MapId, key: &[u8]) -> Option<&MapEntry<'s>> {
        let map = self.maps.get(id.0 as usize)?;
        map.entries.get(map.position(key)?)
    }

    fn push(&mut self, slot: Slot<'s>) -> SlotId {
        let id = SlotId(u32::try_from(self.slots.len()).unwrap_or(u32::MAX));
        self.slots.push(slot);
        id
    }

    /// A fresh slot with the zero value (an element of a list, a value of a map).
    pub(crate) fn new_slot(&mut self) -> SlotId {
        self.push(Slot::ZERO)
    }

    /// A fresh record of this struct; its first slot.
    pub(crate) fn new_record(&mut self, id: StructId) -> SlotId {
        let fields = self.schema.get(id).fields.len();
        let first = SlotId(u32::try_from(self.slots.len()).unwrap_or(u32::MAX));
        self.slots.extend((0..fields).map(|_| Slot::ZERO));
        first
    }

    /// A fresh, empty, non-nil list.
    pub(crate) fn new_list(&mut self) -> ListId {
        // A constant is copied as it is; made here it would first be written somewhere else.
        self.lists.push(const { List::new() });
        ListId(u32::try_from(self.lists.len().saturating_sub(1)).unwrap_or(u32::MAX))
    }

    /// The slot to decode element `index` into: one kept from before, or a fresh one. The list grows to hold it.
    pub(crate) fn list_element(&mut self, id: ListId, index: usize) -> SlotId {
        let kept = self.lists.get(id.0 as usize).and_then(|l| l.elements().get(index)).copied();
        let slot = kept.unwrap_or_else(|| self.new_slot());
        if let Some(list) = self.lists.get_mut(id.0 as usize) {
            if kept.is_none() {
                list.push(slot);
            }
            list.len = list.len.max(index.saturating_add(1));
        }
        slot
    }

    /// Cuts a list to `len`; what lies beyond stays for a later, longer value.
    pub(crate) fn list_truncate(&mut self, id: ListId, len: usize) {
        if let Some(list) = self.lists.get_mut(id.0 as usize) {
            list.len = len.min(list.kept);
        }
    }

    /// A fresh, empty, non-nil map.
    pub(crate) fn new_map(&mut self) -> MapId {
        self.maps.push(const { Map::new() });
        MapId(u32::try_from(self.maps.len().saturating_sub(1)).unwrap_or(u32::MAX))
    }

    /// Adds or replaces an entry; a replaced one keeps its place.
    pub(crate) fn map_insert(&mut self, id: MapId, key: Cow<'s, [u8]>, slot: SlotId) {
        let Some(map) = self.maps.get_mut(id.0 as usize) else { return };
        if let Some(entry) = map.position(&key).and_then(|at| map.entries.get_mut(at)) {
            entry.slot = slot;
            return;
        }
        map.entries.push(MapEntry { key, slot });
        let len = map.entries.len();
        if len == INDEXED {
            map.index = map.entries.iter().enumerate().map(|(i, e)| (e.key.clone(), i)).collect();
        } else if len > INDEXED
            && let Some(last) = map.entries.last()
        {
            map.index.insert(last.key.clone(), len - 1);
        }
    }

    /// Gives every field of the root that has its zero value the default of the schema (moby's merge of flags),
    /// except the fields for which `keeps_zero`.
    ///
    /// The slots stay marked as not set: the text does not have them.
    pub(crate) fn merge_defaults(&mut self, keeps_zero: impl Fn(usize) -> bool) {
        let schema = self.schema.clone();
        for (index, field) in schema.get(schema.root()).fields.iter().enumerate() {
            let id = self.field_id(self.root(), index);
            let Some(default) = &field.default else { continue };
            let Some(slot) = self.slots.get_mut(id.0 as usize) else { continue };
            if slot.is_zero() && !keeps_zero(index) {
                slot.value = match default {
                    Constant::Bool(b) => Value::Bool(*b),
                    Constant::Int(n) => Value::Int(*n),
                    Constant::String(s) => Value::Str(Cow::Owned(s.clone().into_bytes())),
                };
            }
        }
    }

    /// The slot at the end of a path of fields, from a record (or the root), for somebody who sets it. Records on the way that Go
    /// keeps in place come into being; what lies behind a pointer to nothing has no slot.
    pub(crate) fn slot_to_set<'n>(
        &mut self,
        from: Option<(SlotId, Type)>,
        fields: impl IntoIterator<Item = &'n str>,
    ) -> Option<SlotId> {
        let mut at = from;
        for name in fields {
            let (base, id) = match &at {
                None => (self.root(), self.schema.root()),
                Some((slot, ty)) => {
                    let Type::Struct(id) = ty.pointee() else { return None };
                    let base = match self.slot(*slot).value {
                        Value::Record(base) => base,
                        _ if ty.is_nillable() => return None,
                        _ => {
                            let base = self.new_record(*id);
                            self.slot_mut(*slot)?.value = Value::Record(base);
                            base
                        }
                    };
                    (base, *id)
                }
            };
            let (index, field) = self.schema.get(id).field(name)?;
            at = Some((self.field_id(base, index), field.ty.clone()));
        }
        at.map(|(slot, _)| slot)
    }

    /// Changes every span by `map`; empty ones at the start, which mean "nowhere", stay.
    pub(crate) fn map_spans(&mut self, map: impl Fn(Span) -> Span) {
        let change = |span: &mut Span| {
            if *span != Span::default() {
                *span = map(*span);
            }
        };
        change(&mut self.root_span);
        for slot in &mut self.slots {
            change(&mut slot.span);
            change(&mut slot.key);
        }
        for node in &mut self.tape {
            change(&mut node.span);
            change(&mut node.key_span);
        }
    }

    /// The same facts without borrows from the text.
    #[must_use]
    pub fn into_owned(self) -> Facts<'static> {
        let own = |text: Cow<'s, [u8]>| Cow::Owned(text.into_owned());
        let slot = |slot: Slot<'s>| Slot {
            value: match slot.value {
                Value::Zero => Value::Zero,
                Value::Bool(b) => Value::Bool(b),
                Value::Int(n) => Value::Int(n),
                Value::Float(f) => Value::Float(f),
                Value::Str(s) => Value::Str(own(s)),
                Value::Record(id) => Value::Record(id),
                Value::List(id) => Value::List(id),
                Value::Map(id) => Value::Map(id),
                Value::Any(index) => Value::Any(index),
            },
            span: slot.span,
            key: slot.key,
            set: slot.set,
        };
        let map = |map: Map<'s>| Map {
            entries: map.entries.into_iter().map(|e| MapEntry { key: own(e.key), slot: e.slot }).collect(),
            index: map.index.into_iter().map(|(key, at)| (own(key), at)).collect(),
        };
        Facts {
            schema: self.schema,
            slots: self.slots.into_iter().map(slot).collect(),
            lists: self.lists,
            maps: self.maps.into_iter().map(map).collect(),
            tape: self.tape.into_iter().map(AnyNode::into_owned).collect(),
            root_span: self.root_span,
            moved: self.moved,
        }
    }

    /// The type of a field, for writers of facts that do not come from a text.
    pub(crate) fn root_field(&self, name: &str) -> Option<(SlotId, Type)> {
        let (index, field) = self.schema.get(self.schema.root()).field(name)?;
        Some((self.field_id(self.root(), index), field.ty.clone()))
    }
}

impl Slot<'_> {
    /// A slot with the zero value.
    #[inline]
    pub(crate) const fn zero() -> &'static Self {
        const { &Self::ZERO }
    }

    /// Whether the text sets it: for a type with a nil, whether it is not nil; else whether a value was given.
    #[must_use]
    #[inline]
    pub(crate) fn is_present(&self, nillable: bool) -> bool {
        if nillable { !matches!(self.value, Value::Zero) } else { self.set }
    }

    /// Whether the value is Go's zero value for a scalar, or nil.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        match &self.value {
            Value::Zero | Value::Bool(false) | Value::Int(0) => true,
            Value::Str(s) => s.is_empty(),
            Value::Float(f) => *f == 0.0,
            _ => false,
        }
    }
}

impl Map<'_> {
    fn position(&self, key: &[u8]) -> Option<usize> {
        if self.entries.len() >= INDEXED {
            self.index.get(key).copied()
        } else {
            self.entries.iter().position(|e| e.key.as_ref() == key)
        }
    }
}
