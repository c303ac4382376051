//! The options of a runtime that names a shim: `runtimes.{name}.options` in daemon.json.
//!
//! moby turns the JSON object into a TOML tree and decodes the tree into one of three structures (seed 000
//! `setupRuntimes`, `shimopts.Generate`, go-toml 1.9.5). What that accepts is far from obvious: keys match by four
//! spellings, unknown ones are dropped without a word, no number is ever accepted, and some lists crash the daemon.
//! [`ShimOptions::decode`] says what comes out, word for word.

mod convert;
mod print;
mod structure;
mod tree;

#[cfg(test)]
mod tests;

use serde::ser::{Serialize, SerializeMap, Serializer};

#[cfg(all(feature = "cli", feature = "prove"))]
pub(crate) use self::structure::SCHEMA_TEXT;
use self::structure::Spelling;
pub use self::structure::Structure;
use super::{AnyRef, Item};
use crate::source::Span;

/// A value of an option; every one that daemon.json can set is of these types.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OptionValue {
    /// A boolean.
    Bool(bool),
    /// A string, as bytes.
    Str(Vec<u8>),
    /// A map of strings, in the order of the text.
    Map(Vec<(Vec<u8>, Vec<u8>)>),
}

impl OptionValue {
    /// Whether protobuf's JSON form leaves it out.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        match self {
            Self::Bool(b) => !b,
            Self::Str(s) => s.is_empty(),
            Self::Map(m) => m.is_empty(),
        }
    }
}

/// Bytes that are not UTF-8 become U+FFFD.
impl Serialize for OptionValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Bool(b) => serializer.serialize_bool(*b),
            Self::Str(s) => serializer.serialize_str(&String::from_utf8_lossy(s)),
            Self::Map(m) => {
                let mut map = serializer.serialize_map(Some(m.len()))?;
                for (key, value) in m {
                    map.serialize_entry(&String::from_utf8_lossy(key), &String::from_utf8_lossy(value))?;
                }
                map.end()
            }
        }
    }
}

/// Options by their names in protobuf's JSON form, in the order of the structure, zero values left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OptionValues(Vec<(&'static str, OptionValue)>);

impl OptionValues {
    /// The value under a name such as `binary_name`, unless it is zero.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&OptionValue> {
        self.iter().find_map(|(n, v)| (n == name).then_some(v))
    }

    /// The string under a name; empty if there is none.
    #[must_use]
    pub fn str(&self, name: &str) -> &[u8] {
        match self.get(name) {
            Some(OptionValue::Str(s)) => s,
            _ => &[],
        }
    }

    /// All of them, in the order of the structure.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&'static str, &OptionValue)> {
        self.0.iter().map(|(name, value)| (*name, value))
    }

    /// Whether none is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Sets the next one; a zero value is left out.
    pub(crate) fn push(&mut self, name: &'static str, value: OptionValue) {
        if !value.is_zero() {
            self.0.push((name, value));
        }
    }
}

impl Serialize for OptionValues {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

/// What stops the daemon: it refuses to start or to reload, or it crashes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptionProblem {
    /// The error without the `runtime {name}: ` in front of it, or the text of the panic.
    pub message: String,
    /// Whether the daemon panics.
    pub crash: bool,
    /// The option in question, as daemon.json spells it.
    pub key: Vec<u8>,
    /// Place of the offending value.
    pub span: Option<Span>,
    /// What may come first instead, since Go visits keys in random order.
    pub alternatives: Vec<Alternative>,
}

/// Another outcome that Go's random map order can lead to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Alternative {
    /// As in [`OptionProblem::message`].
    pub message: String,
    /// Whether the daemon panics.
    pub crash: bool,
}

/// Why the daemon drops a key without a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IgnoredWhy {
    /// No field has this name, however spelt.
    Unknown {
        /// The field that was perhaps meant: it differs in case or underscores only.
        meant: Option<&'static str>,
    },
    /// An earlier spelling of the same field is there and wins, whatever this one holds.
    Shadowed {
        /// The field.
        field: &'static str,
    },
    /// A field of another structure: BinaryName does nothing for a shim other than runc's.
    Foreign {
        /// The structure that has it.
        of: Structure,
        /// The field.
        field: &'static str,
    },
}

/// A key that the daemon drops.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IgnoredKey {
    /// The key as daemon.json spells it.
    pub key: Vec<u8>,
    /// Place of the key, or of its value.
    pub span: Option<Span>,
    /// Why.
    pub why: IgnoredWhy,
}

/// What becomes of the `options` of one runtime.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShimOptions {
    /// The structure they are decoded into.
    pub structure: Structure,
    /// What the shim is given; nothing if there is a problem.
    pub values: OptionValues,
    /// What stops the daemon, if anything does.
    pub problem: Option<OptionProblem>,
    /// Keys that do nothing, in the order of the text.
    pub ignored: Vec<IgnoredKey>,
}

impl ShimOptions {
    /// Decodes `options`, a map of any values, as moby does for this runtimeType.
    ///
    /// `None` if there are none: the field is absent, null or empty, and moby hands no options to containerd at all.
    #[must_use]
    pub fn decode(options: &Item<'_, '_>, runtime_type: &[u8]) -> Option<Self> {
        let entries: Vec<Entry<'_, '_>> = options
            .entries()
            .map(|(key, item)| Entry { key, value: item.any(), span: item.span(), key_span: item.key_span() })
            .collect();
        if entries.is_empty() {
            return None;
        }
        let structure = Structure::of(runtime_type);
        let (values, problem) = match tree::check(&entries).map_or_else(|| fields(structure, &entries), Err) {
            Ok(values) => (values, None),
            Err(problem) => (OptionValues::default(), Some(problem)),
        };
        Some(Self { structure, values, problem, ignored: ignored(structure, &entries) })
    }

    /// Keys of which no structure knows anything.
    pub fn unknown(&self) -> impl Iterator<Item = &IgnoredKey> {
        self.ignored.iter().filter(|k| matches!(k.why, IgnoredWhy::Unknown { .. }))
    }

    /// Keys that lose to another spelling of the same field.
    pub fn shadowed(&self) -> impl Iterator<Item = &IgnoredKey> {
        self.ignored.iter().filter(|k| matches!(k.why, IgnoredWhy::Shadowed { .. }))
    }

    /// Keys that would be fields under another runtimeType.
    pub fn foreign(&self) -> impl Iterator<Item = &IgnoredKey> {
        self.ignored.iter().filter(|k| matches!(k.why, IgnoredWhy::Foreign { .. }))
    }
}

/// One key of the options object.
#[derive(Clone, Copy, Debug)]
struct Entry<'f, 's> {
    key: &'f [u8],
    /// `None` is null.
    value: Option<AnyRef<'f, 's>>,
    span: Option<Span>,
    key_span: Option<Span>,
}

/// Decodes every field that has a matching key, in the order of the structure (go-toml `valueFromTree`).
fn fields(structure: Structure, entries: &[Entry<'_, '_>]) -> Result<OptionValues, OptionProblem> {
    let mut values = OptionValues::default();
    for (field, found) in structure.fields().iter().zip(structure.matches(entries)) {
        let Some((_, entry)) = found else { continue };
        let Some(value) = entry.value else { continue };
        match convert::convert(&field.ty, &field.go, value) {
            // Only the technical fields of generated code have no name in protobuf, and nothing but zero fits them.
            Ok(Some(value)) => values.push(field.proto.as_deref().unwrap_or_default(), value),
            Ok(None) => {}
            Err(failure) => return Err(failure.into_problem(entry)),
        }
    }
    Ok(values)
}

fn ignored(structure: Structure, entries: &[Entry<'_, '_>]) -> Vec<IgnoredKey> {
    let winners = structure.matches(entries);
    let why = |entry: &Entry<'_, '_>| {
        let key = entry.key;
        if let Some((index, field)) = structure.field(key) {
            let wins = winners.get(index).copied().flatten().is_some_and(|(_, w)| w.key == key);
            return (!wins).then_some(IgnoredWhy::Shadowed { field });
        }
        let foreign = Structure::ALL.into_iter().find_map(|of| Some((of, of.field(key)?.1)));
        Some(match foreign {
            Some((of, field)) => IgnoredWhy::Foreign { of, field },
            None => IgnoredWhy::Unknown { meant: structure.meant(key) },
        })
    };
    entries
        .iter()
        .filter_map(|e| Some(IgnoredKey { key: e.key.to_vec(), span: e.key_span.or(e.span), why: why(e)? }))
        .collect()
}

impl Structure {
    /// For each field the key that sets it, and by which spelling.
    fn matches<'e, 'f, 's>(self, entries: &'e [Entry<'f, 's>]) -> Vec<Option<(Spelling, &'e Entry<'f, 's>)>> {
        let mut found: Vec<Option<(Spelling, &Entry<'_, '_>)>> = vec![None; self.fields().len()];
        for entry in entries {
            let Some((index, spelling)) = self.spelling(entry.key) else { continue };
            if let Some(place) = found.get_mut(index)
                && place.is_none_or(|(earlier, _)| spelling < earlier)
            {
                *place = Some((spelling, entry));
            }
        }
        found
    }
}
