use super::any::AnyRef;
use super::arena::{Facts, SlotId, Value};
use crate::schema::Type;
use crate::source::Span;

/// A typed place in a document: what expressions, views and `resolve` read.
///
/// Reading never fails: below an absent value everything is absent, and absent values are zero.
#[derive(Clone, Debug)]
pub struct Item<'f, 's> {
    facts: &'f Facts<'s>,
    ty: Type,
    slot: Option<SlotId>,
}

impl<'f, 's> Item<'f, 's> {
    /// The field `name` of the document's root; `None` if the schema has no such field.
    #[must_use]
    pub fn root(facts: &'f Facts<'s>, name: &str) -> Option<Self> {
        let (slot, ty) = facts.root_field(name)?;
        Some(Self { facts, ty, slot: Some(slot) })
    }

    /// The place of a slot whose type is known.
    #[must_use]
    pub fn at(facts: &'f Facts<'s>, slot: SlotId, ty: Type) -> Self {
        Self { facts, ty, slot: Some(slot) }
    }

    /// The document.
    #[must_use]
    pub fn facts(&self) -> &'f Facts<'s> {
        self.facts
    }

    /// Its type in the schema.
    #[must_use]
    pub fn ty(&self) -> &Type {
        &self.ty
    }

    /// Its slot; `None` below an absent value.
    #[must_use]
    pub fn slot(&self) -> Option<SlotId> {
        self.slot
    }

    fn value(&self) -> &'f Value<'s> {
        match self.slot {
            Some(id) => &self.facts.slot(id).value,
            None => &Value::Zero,
        }
    }

    /// Whether the text sets it: for types with a nil, whether it is not nil; else whether a value was given.
    #[must_use]
    pub fn is_present(&self) -> bool {
        let Some(id) = self.slot else { return false };
        self.facts.slot(id).is_present(self.ty.is_nillable())
    }

    /// As a boolean; false if it is none.
    #[must_use]
    pub fn bool(&self) -> bool {
        matches!(self.value(), Value::Bool(true))
    }

    /// As an integer; 0 if it is none.
    #[must_use]
    pub fn int(&self) -> i64 {
        match self.value() {
            Value::Int(n) => *n,
            _ => 0,
        }
    }

    /// As a string; empty if it is none.
    #[must_use]
    pub fn str(&self) -> &'f [u8] {
        match self.value() {
            Value::Str(s) => s,
            _ => &[],
        }
    }

    /// A field of a struct (or of the struct behind a pointer); `None` if the type has none of that name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<Self> {
        let Type::Struct(id) = self.ty.pointee() else { return None };
        let (index, field) = self.facts.schema().get(*id).field(name)?;
        let slot = match self.value() {
            Value::Record(base) => Some(self.facts.field_id(*base, index)),
            _ => None,
        };
        Some(Self { facts: self.facts, ty: field.ty.clone(), slot })
    }

    /// The elements of a list; none for anything else.
    pub fn elements(&self) -> impl ExactSizeIterator<Item = Self> + use<'f, 's> {
        let (facts, ty) = (self.facts, self.element_type());
        let ids = match self.value() {
            Value::List(id) => facts.list(*id),
            _ => &[],
        };
        ids.iter().map(move |id| Self { facts, ty: ty.clone(), slot: Some(*id) })
    }

    /// The elements of a list of strings; one that is no string is empty.
    pub fn texts(&self) -> impl ExactSizeIterator<Item = &'f [u8]> + use<'f, 's> {
        let facts = self.facts;
        let ids = match self.value() {
            Value::List(id) => facts.list(*id),
            _ => &[],
        };
        ids.iter().map(move |id| match &facts.slot(*id).value {
            Value::Str(text) => text.as_ref(),
            _ => &[],
        })
    }

    /// The entries of a map, in the order of the text; none for anything else.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = (&'f [u8], Self)> + use<'f, 's> {
        let (facts, ty) = (self.facts, self.element_type());
        let entries = match self.value() {
            Value::Map(id) => facts.map(*id),
            _ => &[],
        };
        entries.iter().map(move |e| (e.key.as_ref(), Self { facts, ty: ty.clone(), slot: Some(e.slot) }))
    }

    /// The value of a map under `key`; an absent one if the map has no such key.
    #[must_use]
    pub fn get(&self, key: &[u8]) -> Self {
        let slot = match self.value() {
            Value::Map(id) => self.facts.map_get(*id, key).map(|e| e.slot),
            _ => None,
        };
        Self { facts: self.facts, ty: self.element_type(), slot }
    }

    /// Whether the map has `key`.
    #[must_use]
    pub fn contains_key(&self, key: &[u8]) -> bool {
        self.get(key).slot.is_some()
    }

    /// How many elements, entries or bytes it has.
    #[must_use]
    pub fn size(&self) -> usize {
        match self.value() {
            Value::List(id) => self.facts.list(*id).len(),
            Value::Map(id) => self.facts.map(*id).len(),
            Value::Str(s) => s.len(),
            _ => 0,
        }
    }

    /// An `interface{}`; `None` if it is nil.
    #[must_use]
    pub fn any(&self) -> Option<AnyRef<'f, 's>> {
        match self.value() {
            Value::Any(index) => AnyRef::new(self.facts, *index),
            _ => None,
        }
    }

    /// Place of the value, if the text has it.
    #[must_use]
    pub fn span(&self) -> Option<Span> {
        let slot = self.facts.slot(self.slot?);
        (slot.span != Span::default()).then_some(slot.span)
    }

    /// Place of the key in front of the value, if there is one.
    #[must_use]
    pub fn key_span(&self) -> Option<Span> {
        let slot = self.facts.slot(self.slot?);
        (slot.key != Span::default()).then_some(slot.key)
    }

    fn element_type(&self) -> Type {
        match self.ty.pointee() {
            Type::List(of) | Type::Map(of) => (**of).clone(),
            _ => Type::Any,
        }
    }
}
