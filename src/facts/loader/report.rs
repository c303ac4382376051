use std::borrow::Cow;
use std::sync::LazyLock;

use crate::facts::arena::{Facts, SlotId, Value};
use crate::schema::{Schema, Type};
use crate::source::Span;

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
    // A test sees to it that it parses.
    Schema::parse(include_str!("../../../spec/schema/load.toml")).unwrap_or_else(|_| Schema::empty())
});

/// The schema of what loading finds: `spec/schema/load.toml`.
#[must_use]
pub fn load_schema() -> &'static Schema {
    &SCHEMA
}

/// How many bytes on each side of a problem of syntax are kept.
const NEAR: usize = 16;

/// Writes a document of [`load_schema`].
pub(super) struct Report<'s> {
    facts: Facts<'s>,
}

impl<'s> Report<'s> {
    pub(super) fn new() -> Self {
        Self { facts: Facts::new(load_schema()) }
    }

    pub(super) fn finish(self) -> Facts<'s> {
        self.facts
    }

    /// Sets a boolean.
    pub(super) fn set(&mut self, name: &str) {
        if let Some((slot, _)) = self.facts.root_field(name) {
            self.write(slot, Value::Bool(true), Span::default());
        }
    }

    /// Appends a problem.
    pub(super) fn problem(&mut self, list: &str, message: &str, path: &str, span: Span) {
        self.located(list, [("message", message.as_bytes()), ("path", path.as_bytes())], span);
    }

    /// Appends a problem of syntax, with some of the text on both sides of it: what a rule can tell the cause by.
    pub(super) fn syntax(&mut self, message: &str, text: &[u8], span: Span) {
        self.syntax_of_first(message, "", text, span);
    }

    /// The same of the first value of a stream; `whole` is what is said of the text as a whole.
    pub(super) fn syntax_of_first(&mut self, message: &str, whole: &str, text: &[u8], span: Span) {
        let at = span.range().start.min(text.len());
        let (before, near) = text.split_at(at);
        let before = before.trim_ascii_end();
        let before = before.get(before.len().saturating_sub(NEAR)..).unwrap_or_default();
        let near = near.get(..NEAR.min(near.len())).unwrap_or_default();
        self.located(
            "syntax",
            [
                ("message", message.as_bytes()),
                ("whole", whole.as_bytes()),
                ("before", before),
                ("near", near),
            ],
            span,
        );
    }

    fn located<const N: usize>(&mut self, list: &str, fields: [(&str, &[u8]); N], span: Span) {
        let Some((slot, Type::Struct(id))) = self.append(list) else { return };
        let base = self.facts.new_record(id);
        for (name, value) in fields {
            if let Some((index, _)) = load_schema().get(id).field(name) {
                let field = self.facts.field_id(base, index);
                self.write(field, Value::Str(Cow::Owned(value.to_vec())), span);
            }
        }
        self.write(slot, Value::Record(base), span);
    }

    /// Appends a key of the document.
    pub(super) fn key(&mut self, list: &str, key: Cow<'s, [u8]>, span: Span) {
        if let Some((slot, _)) = self.append(list) {
            self.write(slot, Value::Str(key), span);
        }
    }

    /// Adds an entry to the map of flags.
    pub(super) fn flag(&mut self, name: Cow<'s, [u8]>, value: bool, key: Span, span: Span) {
        let Some((owner, _)) = self.facts.root_field("flags") else { return };
        let map = match self.facts.slot(owner).value {
            Value::Map(map) => map,
            _ => self.facts.new_map(),
        };
        self.write(owner, Value::Map(map), Span::default());
        let slot = self.facts.new_slot();
        self.facts.map_insert(map, name, slot);
        self.write(slot, Value::Bool(value), span);
        if let Some(slot) = self.facts.slot_mut(slot) {
            slot.key = key;
        }
    }

    /// A new element at the end of a list, and its type.
    fn append(&mut self, name: &str) -> Option<(SlotId, Type)> {
        let (owner, Type::List(element)) = self.facts.root_field(name)? else { return None };
        let list = match self.facts.slot(owner).value {
            Value::List(list) => list,
            _ => self.facts.new_list(),
        };
        self.write(owner, Value::List(list), Span::default());
        let len = self.facts.list(list).len();
        Some((self.facts.list_element(list, len), (*element).clone()))
    }

    fn write(&mut self, slot: SlotId, value: Value<'s>, span: Span) {
        if let Some(slot) = self.facts.slot_mut(slot) {
            *slot = crate::facts::arena::Slot { value, span, key: Span::default(), set: true };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_parses() {
        let schema = Schema::parse(include_str!("../../../spec/schema/load.toml")).unwrap();
        assert_eq!(schema.id(), "load");
        assert_eq!(load_schema().structs().len(), schema.structs().len());
    }
}
