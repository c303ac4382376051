//! The first value of a text, as Go's `json.Decoder.Decode` reads it: what follows is another matter.

use super::report::Report;
use super::tell;
use crate::facts::arena::Facts;
use crate::facts::decode::decode_valid;
use crate::facts::json::{check_syntax, scan_first};
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
    let first = match scan_first(text) {
        Ok(first) => first,
        Err(error) => {
            let whole = check_syntax(text).err().map_or_else(String::new, |error| error.message);
            report.syntax_of_first(&error.message, &whole, text, error.span);
            return Ok(None);
        }
    };
    limits.check_depth(first.depth)?;
    let decoded = decode_valid(text, 0, first.end, schema, limits)?;
    tell(&decoded, report);
    Ok(Some((decoded.facts, first.end)))
}

/// What JSON takes for white space.
pub(super) fn is_space(c: u8) -> bool {
    matches!(c, b' ' | b'\t' | b'\r' | b'\n')
}
