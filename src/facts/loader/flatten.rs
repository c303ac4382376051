//! The generic map: `configValuesSet` and `findConfigurationConflicts` of moby's `daemon/config/config.go`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::report::Report;
use crate::facts::decode::float;
use crate::facts::json::fold::folds_to;
use crate::facts::json::{Reader, Token, path_to};
use crate::facts::limits::{Limits, OverLimit};
use crate::schema::Schema;
use crate::source::Span;

/// A key that is flat and yet unknown, so that it is refused even with an object: a left-over of `flatOptions`.
const FLAT_UNKNOWN: &[u8] = b"cluster-store-opts";

/// Boolean flags that are no options and are yet obeyed in the file.
const OBEYED: [&str; 2] = ["restart", "validate"];

/// What the original's message says, the JSON Pointer and the place.
type Refusal = (String, String, Span);

/// One key with its value, as the generic map has it.
#[derive(Clone, Debug)]
pub(super) struct Entry<'t> {
    pub(super) key: Cow<'t, [u8]>,
    pub(super) key_span: Span,
    /// Place of the value.
    pub(super) span: Span,
    /// What a boolean flag becomes: `strconv.ParseBool` of the value as Go prints it, false on an error.
    pub(super) flag: bool,
    /// Whether that was a boolean at all.
    is_bool: bool,
    object: bool,
    /// Whether the key stands inside another key's object.
    nested: bool,
}

/// The top level of daemon.json with objects replaced by what is in them.
#[derive(Debug)]
pub(super) struct Flattened<'t> {
    /// As written, the last of equal keys, in the order of the text.
    top: Vec<Entry<'t>>,
    entries: Vec<Entry<'t>>,
    index: BTreeMap<Cow<'t, [u8]>, usize>,
}

impl<'t> Flattened<'t> {
    /// Reads `text[start..end]`, which has passed the syntax check. The inner result is what Go's decoding into
    /// `map[string]interface{}` gives.
    pub(super) fn read(
        text: &'t [u8],
        start: usize,
        end: usize,
        schema: &Schema,
        limits: &Limits,
    ) -> Result<Result<Self, Refusal>, OverLimit> {
        let mut reader = Reader::new(text, start, end);
        let (first, span) = reader.next();
        if !matches!(first, Token::ObjectStart | Token::Null) {
            let span = reader.skip(first, span);
            let map = "map[string]interface {}";
            let message = format!("json: cannot unmarshal {} into Go value of type {map}", first.kind());
            return Ok(Err((message, String::new(), span)));
        }
        if let Some(refusal) = number_too_large(text, start, end) {
            return Ok(Err(refusal));
        }
        let mut this = Self { top: Vec::new(), entries: Vec::new(), index: BTreeMap::new() };
        if first == Token::Null {
            return Ok(Ok(this));
        }
        this.top = members(&mut reader, false, limits)?;
        let root = schema.get(schema.root());
        let is_flat = |key: &[u8]| {
            let field = std::str::from_utf8(key).ok().and_then(|name| root.field(name));
            key == FLAT_UNKNOWN || field.is_some_and(|(_, field)| field.flat)
        };
        for entry in this.top.clone() {
            if entry.object && !is_flat(&entry.key) {
                let mut reader = Reader::new(text, entry.span.start as usize, end);
                reader.next();
                for inner in members(&mut reader, true, limits)? {
                    this.insert(inner);
                }
            } else {
                this.insert(entry);
            }
            limits.check_nodes(this.entries.len())?;
        }
        Ok(Ok(this))
    }

    /// The entry of the flattened map with exactly this key.
    pub(super) fn get(&self, key: &[u8]) -> Option<&Entry<'t>> {
        self.entries.get(*self.index.get(key)?)
    }

    /// Where Go's random order decides which of two equal keys stays, the top level does here, else the last.
    fn insert(&mut self, entry: Entry<'t>) {
        match self.index.get(&entry.key).and_then(|at| self.entries.get_mut(*at)) {
            Some(old) if !old.nested && entry.nested => {}
            Some(old) => *old = entry,
            None => {
                self.index.insert(entry.key.clone(), self.entries.len());
                self.entries.push(entry);
            }
        }
    }

    /// Reports unknown keys and everything about the keys that a person should know.
    pub(super) fn tell(&self, schema: &Schema, report: &mut Report<'t>) {
        let root = schema.get(schema.root());
        let field =
            |key: &[u8]| std::str::from_utf8(key).ok().and_then(|name| root.field(name)).map(|(_, f)| f);
        let is_flag_only = |key: &[u8]| schema.flag_only().iter().any(|name| name.as_bytes() == key);
        let is_known = |key: &[u8]| field(key).is_some_and(|f| !f.unlisted) || is_flag_only(key);
        let is_obeyed = |key: &[u8]| OBEYED.iter().any(|name| name.as_bytes() == key) && is_flag_only(key);
        for entry in &self.top {
            let key = entry.key.as_ref();
            if is_flag_only(key) && (entry.object || !is_obeyed(key)) {
                report.key("ignored", entry.key.clone(), entry.key_span);
            }
            if !entry.object || key == FLAT_UNKNOWN || is_known(key) || field(key).is_some() {
                continue;
            }
            let folds = root.fields.iter().any(|f| folds_to(key, f.name.as_bytes()));
            report.key(if folds { "respelt" } else { "swallowed" }, entry.key.clone(), entry.key_span);
        }
        let mut entries: Vec<_> = self.entries.iter().collect();
        entries.sort_by_key(|entry| entry.key_span);
        for entry in entries {
            let key = entry.key.as_ref();
            report.key("keys", entry.key.clone(), entry.key_span);
            if !is_known(key) {
                report.key("unknown", entry.key.clone(), entry.key_span);
            }
            if field(key).is_some_and(|f| f.flag) && (entry.nested || !entry.is_bool) {
                report.key("nested_flags", entry.key.clone(), entry.key_span);
            }
            if is_obeyed(key) {
                report.flag(entry.key.clone(), entry.flag, entry.key_span, entry.span);
            }
        }
    }
}

/// The members of the object whose opening brace was read; of equal keys the last.
fn members<'t>(reader: &mut Reader<'t>, nested: bool, limits: &Limits) -> Result<Vec<Entry<'t>>, OverLimit> {
    let mut last: BTreeMap<Cow<'t, [u8]>, Entry<'t>> = BTreeMap::new();
    while let (Token::Str(literal), key_span) = reader.next() {
        let key = literal.text();
        let (token, span) = reader.next();
        let span = reader.skip(token, span);
        let parsed = as_go_bool(token);
        let entry = Entry {
            key: key.clone(),
            key_span,
            span,
            flag: parsed.unwrap_or(false),
            is_bool: parsed.is_some(),
            object: token == Token::ObjectStart,
            nested,
        };
        last.insert(key, entry);
        limits.check_nodes(last.len())?;
    }
    let mut members: Vec<_> = last.into_values().collect();
    members.sort_by_key(|entry| entry.key_span);
    Ok(members)
}

/// `strconv.ParseBool(fmt.Sprintf("%v", value))`; numbers are `float64` and print as `1` and `0` whatever their
/// spelling, but for a negative zero.
fn as_go_bool(token: Token<'_>) -> Option<bool> {
    match token {
        Token::Bool(value) => Some(value),
        Token::Number(literal) => match float(literal)? {
            1.0 => Some(true),
            zero if zero == 0.0 && zero.is_sign_positive() => Some(false),
            _ => None,
        },
        Token::Str(literal) => match literal.text().as_ref() {
            b"1" | b"t" | b"T" | b"TRUE" | b"true" | b"True" => Some(true),
            b"0" | b"f" | b"F" | b"FALSE" | b"false" | b"False" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

/// The first number anywhere that `float64` cannot hold.
fn number_too_large(text: &[u8], start: usize, end: usize) -> Option<Refusal> {
    let mut reader = Reader::new(text, start, end);
    loop {
        match reader.next() {
            (Token::End, _) => return None,
            (Token::Number(literal), span) if float(literal).is_none() => {
                let literal = String::from_utf8_lossy(literal);
                let message =
                    format!("json: cannot unmarshal number {literal} into Go value of type float64");
                let inside = text.get(start..end).unwrap_or_default();
                let path = path_to(inside, (span.start as usize).saturating_sub(start));
                return Some((message, path, span));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn booleans_as_go_prints_and_parses_them() {
        let string = |quoted: &'static [u8]| Reader::new(quoted, 0, quoted.len()).next().0;
        for (token, value) in [
            (Token::Bool(true), Some(true)),
            (Token::Number(b"1"), Some(true)),
            (Token::Number(b"10e-1"), Some(true)),
            (Token::Number(b"0.0"), Some(false)),
            (Token::Number(b"-0"), None),
            (Token::Number(b"2"), None),
            (string(b"\"T\""), Some(true)),
            (string(b"\"\\u0074\""), Some(true)),
            (string(b"\"tRUE\""), None),
            (string(b"\"\""), None),
            (Token::Null, None),
            (Token::ArrayStart, None),
            (Token::ObjectStart, None),
        ] {
            assert_eq!(as_go_bool(token), value, "{token:?}");
        }
    }
}
