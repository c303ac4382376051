//! An OCI config.json: what containerd's `pkg/process/utils.go` `readConfig` and `typeurl.UnmarshalTo` make of it.

use super::Loaded;
use super::first::{is_space, load_first};
use super::report::Report;
use crate::facts::arena::Facts;
use crate::facts::json::check_syntax;
use crate::facts::limits::{Limits, OverLimit};
use crate::schema::Schema;
use crate::source::Span;

/// Loads an OCI config.json.
///
/// The first JSON value counts; `load.trailing` tells of anything behind it, with the words of `json.Unmarshal`, which
/// refuses the whole for it. `json.Decoder` does not look, so that which of the two reads decides, and that is for
/// rules to know.
///
/// # Errors
/// Only when the text is over one of the `limits`. What is wrong with the document is in [`Loaded::load`].
///
/// ```
/// use plimsoll::facts::{Item, Limits, load_spec};
/// use plimsoll::table::Catalog;
///
/// let catalog = Catalog::builtin()?;
/// let schema = catalog.schema("spec").ok_or("no schema")?;
/// let loaded = load_spec(br#"{"mounts": [{"UIDMAPPINGS": []}]}"#, schema, &Limits::default())?;
/// let mounts = Item::root(&loaded.facts, "mounts").ok_or("no field")?;
/// let mapped = mounts.elements().next().and_then(|mount| mount.field("uidMappings"));
/// assert!(mapped.is_some_and(|ids| ids.is_present() && ids.size() == 0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn load_spec<'s>(text: &'s [u8], schema: &Schema, limits: &Limits) -> Result<Loaded<'s>, OverLimit> {
    let mut report = Report::new();
    let Some((facts, end)) = load_first(text, schema, limits, &mut report)? else {
        return Ok(Loaded { facts: Facts::new(schema), load: report.finish() });
    };
    let (first, rest) = text.split_at(end.min(text.len()));
    if first.trim_ascii() == b"null" {
        report.set("null");
    }
    if rest.iter().any(|c| !is_space(*c))
        && let Err(error) = check_syntax(text)
    {
        report.problem("trailing", &error.message, "", Span::new(error.span.range().start, text.len()));
    }
    Ok(Loaded { facts, load: report.finish() })
}
