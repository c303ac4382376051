//! Which field of a struct a JSON key means.

use super::names::Key;
use super::types::{FieldDef, Schema, StructDef, Type};

/// A field found by its key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lookup<'a> {
    /// Its index in its own struct.
    pub(crate) index: usize,
    pub(crate) field: &'a FieldDef,
    /// That of its name.
    pub(crate) key: Key,
    /// The index of the embedded struct that it belongs to.
    pub(crate) via: Option<usize>,
}

impl Lookup<'_> {
    /// Whether it is the field's name, which is as long.
    #[inline]
    pub(crate) fn is(&self, name: &[u8]) -> bool {
        self.key.is(self.field.name.as_bytes(), name)
    }

    /// Where the fields behind this one begin.
    #[inline]
    pub(crate) fn next(&self) -> Next {
        let behind = self.index.saturating_add(1);
        self.via.map_or(Next { index: behind, inner: 0 }, |index| Next { index, inner: behind })
    }
}

/// A place among the fields of a struct: an index, and where that field embeds a struct, one in there.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Next {
    index: usize,
    inner: usize,
}

impl StructDef {
    #[inline]
    fn at(&self, index: usize, via: Option<usize>) -> Option<Lookup<'_>> {
        Some(Lookup { index, field: self.fields.get(index)?, key: self.names.key(index)?, via })
    }

    /// The field that is likely to come next: Go writes fields in their order. If its name does come next, as the field spells
    /// it, [`StructDef::lookup`] would find the same field.
    #[inline]
    pub(crate) fn expected<'a>(&'a self, schema: &'a Schema, next: Next) -> Option<Lookup<'a>> {
        let found = self.at(next.index, None).filter(|_| self.distinct)?;
        if !found.field.embed {
            return Some(found);
        }
        let inner = found.field.embedded(schema).filter(|inner| inner.distinct)?;
        inner.at(next.inner, Some(next.index))
    }

    /// The field with exactly this JSON name, and its index.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<(usize, &FieldDef)> {
        let index = self.index_of(Key::of(name.as_bytes()), name.as_bytes())?;
        Some((index, self.fields.get(index)?))
    }

    fn index_of(&self, key: Key, name: &[u8]) -> Option<usize> {
        self.names.find(key, name, &self.fields)
    }

    /// The field that a decoder takes this JSON key for, as Go's `typeFields` and `decodeState.object` find it: exact
    /// bytes over all fields, then the first that folds alike. A struct's own fields go before those of a struct
    /// that it embeds, at equal spelling.
    pub(crate) fn lookup<'a>(
        &'a self,
        schema: &'a Schema,
        exact: &[u8],
        folds: impl Fn(&str) -> bool,
    ) -> Option<Lookup<'a>> {
        let key = Key::of(exact);
        let own = self.index_of(key, exact).and_then(|index| self.at(index, None));
        if let Some(found) = own.filter(|found| !found.field.embed) {
            return Some(found);
        }
        for via in &self.embeds {
            let inner = self.fields.get(*via).and_then(|field| field.embedded(schema));
            if let Some(inner) = inner
                && let Some(index) = inner.index_of(key, exact)
            {
                return inner.at(index, Some(*via));
            }
        }
        for (index, field) in self.fields.iter().enumerate() {
            if let Some(inner) = field.embedded(schema) {
                if let Some(at) = inner.fields.iter().position(|field| folds(&field.name)) {
                    return inner.at(at, Some(index));
                }
            } else if folds(&field.name) {
                return self.at(index, None);
            }
        }
        None
    }
}

impl FieldDef {
    /// The struct that the field embeds.
    fn embedded<'a>(&self, schema: &'a Schema) -> Option<&'a StructDef> {
        match self.ty.pointee() {
            Type::Struct(id) if self.embed => Some(schema.get(*id)),
            _ => None,
        }
    }
}
