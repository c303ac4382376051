//! The first value of a text, as Go's `json.Decoder.Decode` reads it: what follows is another matter.

use super::report::Report;
use super::tell;
use crate::facts::arena::Facts;
use crate::facts::decode::decode_first;
use crate::facts::json::check_syntax;
use crate::facts::limits::{Limits, OverLimit};
use crate::schema::Schema;

/// Decodes the first value, and tells where it ends. `None` if there is none: `empty` or `syntax` of the report say why.
pub(super) fn load_first<'s>(
    text: &'s [u8],
    schema: &Schema,
    limits: &Limits,
    report: &mut Report<'_>,
) -> Result<Option<(Facts<'s>, usize)>, OverLimit> {
    limits.check_bytes(text.len())?;
    if text.iter().all(|c| is_space(*c)) {
        report.set("empty");
        return Ok(None);
    }
    let (decoded, end) = match decode_first(text, schema, limits)? {
        Ok(decoded) => decoded,
        Err(error) => {
            let whole = check_syntax(text).err().map_or_else(String::new, |error| error.message);
            report.syntax_of_first(&error.message, &whole, text, error.span);
            return Ok(None);
        }
    };
    tell(&decoded, report);
    Ok(Some((decoded.facts, end)))
}

/// What JSON takes for white space.
pub(super) fn is_space(c: u8) -> bool {
    matches!(c, b' ' | b'\t' | b'\r' | b'\n')
}
