//! The one decoder: any document, by its schema, as Go's `encoding/json` (Go 1.21) decodes it into structs.

mod any;
mod custom;
mod errors;
mod machine;
mod scalar;

pub(crate) use scalar::float;

use super::arena::Facts;
use super::json::{Extent, Reader, SyntaxError, of_first};
use super::limits::{Limits, OverLimit};
use crate::schema::Schema;
use crate::source::Span;

/// At most this many errors and this many duplicates are kept: the first decides, the others are a courtesy.
const KEPT: usize = 1_000;

/// And at most this many bytes of paths and messages, since both can be as long as the document.
const KEPT_BYTES: usize = 1 << 20;

/// What is wrong with a document, as far as decoding goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// Not JSON.
    Syntax,
    /// A value of the wrong type: the original remembers the first and decodes on.
    Type,
    /// A value's own parser refuses it: the original stops at once, and reports this rather than a type error.
    Text,
}

/// Something that makes the original refuse a document while decoding it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct DecodeError {
    /// Which kind.
    pub kind: ErrorKind,
    /// As the original prints it.
    pub message: String,
    /// Place of the value.
    pub span: Span,
    /// JSON Pointer (RFC 6901) to the value, with the keys as the document spells them.
    pub path: String,
}

/// A key that an object has twice, or that a second object is merged over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duplicate {
    /// JSON Pointer to the later value.
    pub path: String,
    /// The later key, quotes included.
    pub later: Span,
    /// The earlier key.
    pub earlier: Span,
}

/// A decoded document.
#[derive(Clone, Debug)]
pub struct Decoded<'s> {
    /// What the original has after decoding; everything zero if the text is not JSON.
    pub facts: Facts<'s>,
    /// Why the original refuses it: the first is what it prints. An error of kind [`ErrorKind::Text`] stands
    /// first, then the type errors in the order of the text (at most 1,000). Empty = accepted.
    pub errors: Vec<DecodeError>,
    /// Keys that stand twice, in the order of the text (at most 1,000), also where they differ in case only.
    pub duplicates: Vec<Duplicate>,
}

/// Decodes `text` by `schema` as Go's `json.Unmarshal` does.
///
/// Objects that meet a record again are merged into it, map values are decoded afresh, elements of a list over
/// those that stood there, `null` resets what Go has a nil for, keys match whatever their case: see
/// `encoding/json/decode.go` of Go 1.21. Works in a loop, so that nesting costs no stack.
///
/// # Errors
/// Only when the text is over one of the `limits`. What is wrong with the document is in [`Decoded::errors`].
///
/// ```
/// use plimsoll::facts::{Item, Limits, decode};
/// # let schema = plimsoll::schema::Schema::parse(r#"
/// #     schema = { id = "pet", root = "Pet", doc = "a pet", source = "this example" }
/// #     [struct.Pet]
/// #     doc = "one pet"
/// #     fields = [{ name = "legs", type = "int", doc = "how many" }]
/// # "#)?;
/// let pet = decode(br#"{"LEGS": 3, "legs": 4}"#, &schema, &Limits::default())?;
/// assert_eq!(Item::root(&pet.facts, "legs").map(|legs| legs.int()), Some(4));
/// assert_eq!(pet.duplicates.len(), 1);
///
/// let pet = decode(br#"{"legs": "four"}"#, &schema, &Limits::default())?;
/// assert_eq!(
///     pet.errors[0].message,
///     "json: cannot unmarshal string into Go struct field Pet.legs of type int",
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn decode<'s>(text: &'s [u8], schema: &Schema, limits: &Limits) -> Result<Decoded<'s>, OverLimit> {
    limits.check_bytes(text.len())?;
    match decode_text(text, 0, text.len(), schema, limits)? {
        Ok(decoded) => Ok(decoded),
        Err(error) => {
            let (message, span) = (error.message, error.span);
            let error = DecodeError { kind: ErrorKind::Syntax, message, span, path: String::new() };
            Ok(Decoded { facts: Facts::new(schema), errors: vec![error], duplicates: Vec::new() })
        }
    }
}

/// Decodes `text[start..end]`; spans are offsets into `text`. The inner error says that it is not JSON.
pub(crate) fn decode_text<'s>(
    text: &'s [u8],
    start: usize,
    end: usize,
    schema: &Schema,
    limits: &Limits,
) -> Result<Result<Decoded<'s>, SyntaxError>, OverLimit> {
    let decoded = machine::Machine::new(Reader::new(text, start, end), schema, limits).run()?;
    Ok(decoded.map(|(decoded, _)| decoded))
}

/// Decodes the first value of a text, and tells where it ends. What follows is not looked at.
pub(crate) fn decode_first<'s>(
    text: &'s [u8],
    schema: &Schema,
    limits: &Limits,
) -> Result<Result<(Decoded<'s>, usize), SyntaxError>, OverLimit> {
    let reader = Reader::of(text, 0, text.len(), Extent::First);
    let decoded = machine::Machine::new(reader, schema, limits).run()?;
    Ok(decoded.map_err(|error| of_first(error, text)))
}
