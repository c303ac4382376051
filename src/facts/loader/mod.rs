//! What happens to a document before and after it is decoded. For daemon.json that is moby's
//! `daemon/config/config.go` `getConflictFreeConfiguration` and the merge with the flags.

mod create;
mod encoding;
mod first;
mod flatten;
mod report;
mod runtime_log;
mod spec;

use super::arena::{Facts, Value};
use super::decode::ErrorKind;
use super::decode::{Decoded, decode, decode_text};
use super::item::Item;
use super::limits::{Limits, OverLimit};
use super::text::quote;
use crate::schema::Schema;
use encoding::{Input, decode_input};
use flatten::Flattened;
use report::Report;

pub use create::load_create;
pub use report::load_schema;
pub use runtime_log::last_runtime_error;
pub use spec::load_spec;

/// A document and what loading it found.
#[derive(Clone, Debug)]
pub struct Loaded<'s> {
    /// The document.
    pub facts: Facts<'s>,
    /// What was found: a document of [`load_schema`].
    pub load: Facts<'s>,
}

impl Loaded<'_> {
    /// The message of the first problem that keeps a part of the document from being read.
    #[must_use]
    pub fn first_error(&self) -> Option<String> {
        ["encoding", "syntax", "types"].into_iter().find_map(|list| {
            let problem = Item::root(&self.load, list)?.elements().next()?;
            Some(String::from_utf8_lossy(problem.field("message")?.str()).into_owned())
        })
    }
}

/// Loads a daemon.json as dockerd does with all flags at their defaults.
///
/// In this order: byte order mark and encoding, white space around, JSON syntax, the generic map and its unknown
/// keys, booleans copied into the flags, decoding by `schema`, and the merge of defaults. With an error of
/// encoding or syntax the document is empty, but for its defaults; every other problem leaves what could be
/// decoded. The spans are offsets into `text` also when that is UTF-16.
///
/// Where a boolean stands both at top level and inside another object, dockerd takes one of them at random;
/// here the top level counts, and among several others the last.
///
/// `schema` is the profile's: a key that it does not have is unknown.
///
/// # Errors
/// Only when the text is over one of the `limits`. What is wrong with the document is in [`Loaded::load`].
pub fn load_daemon<'s>(text: &'s [u8], schema: &Schema, limits: &Limits) -> Result<Loaded<'s>, OverLimit> {
    limits.check_bytes(text.len())?;
    match decode_input(text) {
        Ok(Input::Utf8 { start, end }) => load_text(text, start, end, schema, limits),
        Ok(Input::Utf16 { text: decoded, start, end, offsets }) => {
            let mut loaded = load_text(&decoded, start, end, schema, limits)?;
            loaded.facts.map_spans(|span| offsets.original(span));
            loaded.load.map_spans(|span| offsets.original(span));
            Ok(Loaded { facts: loaded.facts.into_owned(), load: loaded.load.into_owned() })
        }
        Err((message, span)) => {
            let mut report = Report::new();
            report.problem("encoding", &message, "", span);
            Ok(Loaded { facts: defaults(schema), load: report.finish() })
        }
    }
}

/// Loads any other document: checks the syntax and decodes. No defaults are merged.
///
/// # Errors
/// Only when the text is over one of the `limits`. What is wrong with the document is in [`Loaded::load`].
pub fn load_document<'s>(text: &'s [u8], schema: &Schema, limits: &Limits) -> Result<Loaded<'s>, OverLimit> {
    let decoded = decode(text, schema, limits)?;
    let mut report = Report::new();
    tell(&decoded, &mut report);
    Ok(Loaded { facts: decoded.facts, load: report.finish() })
}

fn load_text<'t>(
    text: &'t [u8],
    start: usize,
    end: usize,
    schema: &Schema,
    limits: &Limits,
) -> Result<Loaded<'t>, OverLimit> {
    let mut report = Report::new();
    if start == end {
        report.set("blank");
        return Ok(Loaded { facts: defaults(schema), load: report.finish() });
    }
    let decoded = match decode_text(text, start, end, schema, limits)? {
        Ok(decoded) => decoded,
        Err(error) => {
            report.syntax(&error.message, text.get(..end).unwrap_or(text), error.span);
            return Ok(Loaded { facts: defaults(schema), load: report.finish() });
        }
    };
    let flattened = match Flattened::read(text, start, end, schema, limits)? {
        Ok(flattened) => flattened,
        Err((message, path, span)) => {
            report.problem("syntax", &message, &path, span);
            return Ok(Loaded { facts: defaults(schema), load: report.finish() });
        }
    };
    flattened.tell(schema, &mut report);
    tell(&decoded, &mut report);
    let mut facts = decoded.facts;
    copy_flags(&mut facts, &flattened);
    Ok(Loaded { facts, load: report.finish() })
}

/// Gives boolean fields that decoding left false the value of their flag, and all others their defaults.
fn copy_flags(facts: &mut Facts<'_>, flattened: &Flattened<'_>) {
    let schema = facts.schema().clone();
    let fields = &schema.get(schema.root()).fields;
    for (index, field) in fields.iter().enumerate().filter(|(_, field)| field.flag) {
        let Some(entry) = flattened.get(field.name.as_bytes()) else { continue };
        let id = facts.field_id(facts.root(), index);
        if let Some(slot) = facts.slot_mut(id)
            && slot.is_zero()
        {
            slot.value = Value::Bool(entry.flag);
            (slot.key, slot.span) = (entry.key_span, entry.span);
        }
    }
    facts.merge_defaults(|index| {
        fields.get(index).is_some_and(|field| field.flag && flattened.get(field.name.as_bytes()).is_some())
    });
}

fn defaults<'s>(schema: &Schema) -> Facts<'s> {
    let mut facts = Facts::new(schema);
    facts.merge_defaults(|_| false);
    facts
}

/// Puts errors and duplicates of decoding into the report.
fn tell(decoded: &Decoded<'_>, report: &mut Report<'_>) {
    for error in &decoded.errors {
        let list = if error.kind == ErrorKind::Syntax { "syntax" } else { "types" };
        report.problem(list, &error.message, &error.path, error.span);
    }
    for duplicate in &decoded.duplicates {
        // As decoded, not as spelt: escapes change nothing.
        let key = duplicate.path.rsplit('/').next().unwrap_or_default().replace("~1", "/").replace("~0", "~");
        report.problem(
            "duplicates",
            &format!("the key {} is there twice", quote(key.as_bytes())),
            &duplicate.path,
            duplicate.later,
        );
    }
}
