//! The body of a container-create request: what moby's `runconfig/config.go` `decodeContainerConfig` and
//! `config_unix.go` `getHostConfig` make of it before anything is verified.

use std::borrow::Cow;

use super::Loaded;
use super::first::{is_space, load_first};
use super::report::Report;
use crate::facts::arena::{Facts, SlotId, Value};
use crate::facts::limits::{Limits, OverLimit};
use crate::schema::{Schema, Type};
use crate::source::Span;

/// The fields of the outer host configuration that are taken over where the inner one has zero, and where they stand.
const COPIED: [(&str, &str); 5] = [
    ("Memory", "/Memory"),
    ("MemorySwap", "/MemorySwap"),
    ("CpuShares", "/CpuShares"),
    ("CpusetCpus", "/CpusetCpus"),
    ("VolumeDriver", "/VolumeDriver"),
];

/// Loads the body of a container-create request.
///
/// Only the first JSON value counts. What follows it is told in `load.trailing`, but for `]` and `}`, which
/// `json.Decoder.More` takes for the end of something. Afterwards `HostConfig` is the one that counts, as in
/// `getHostConfig`: the object of that name or, without one, the keys at top level; with both, the object, with five
/// fields of the other where it has zero. Schemas from moby-28 on have the object alone.
///
/// # Errors
/// Only when the text is over one of the `limits`. What is wrong with the document is in [`Loaded::load`].
///
/// ```
/// use plimsoll::facts::{Item, Limits, load_create};
/// use plimsoll::table::Catalog;
///
/// let catalog = Catalog::builtin()?;
/// let schema = catalog.schema("create").ok_or("no schema")?;
/// let body = br#"{"Cmd": "sh", "hostconfig": {"Privileged": true}}"#;
/// let loaded = load_create(body, schema, &Limits::default())?;
/// let host_config = Item::root(&loaded.facts, "HostConfig").ok_or("no field")?;
/// assert_eq!(host_config.field("Privileged").map(|f| f.bool()), Some(true));
/// assert_eq!(host_config.field("NetworkMode").map(|f| f.str()), Some(&b"default"[..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn load_create<'s>(text: &'s [u8], schema: &Schema, limits: &Limits) -> Result<Loaded<'s>, OverLimit> {
    let mut report = Report::new();
    let Some((mut facts, end)) = load_first(text, schema, limits, &mut report)? else {
        return Ok(Loaded { facts: Facts::new(schema), load: report.finish() });
    };
    let rest = text.get(end..).unwrap_or_default();
    match rest.iter().position(|c| !is_space(*c)) {
        Some(at) if !matches!(rest.get(at), Some(b']' | b'}')) => {
            let span = Span::new(end.saturating_add(at), text.len());
            report.problem("trailing", "unexpected content after JSON", "", span);
        }
        _ => {}
    }
    arrange(&mut facts);
    Ok(Loaded { facts, load: report.finish() })
}

/// `getHostConfig`, and the map of volumes that `decodeContainerConfig` makes. Newer versions have no outer host
/// configuration: there the object counts alone.
fn arrange(facts: &mut Facts<'_>) -> Option<()> {
    let (config, inner) = (slot(facts, &["Config"])?, slot(facts, &["HostConfig"])?);
    let outer = slot(facts, &["OuterHostConfig"]);
    let span = facts.root_span();
    for promoted in [Some(config), outer].into_iter().flatten() {
        if is_set(facts, promoted)
            && let Some(slot) = facts.slot_mut(promoted)
        {
            slot.span = span;
        }
    }
    if let Some(outer) = outer.filter(|outer| is_set(facts, *outer)) {
        if is_set(facts, inner) {
            for (name, pointer) in COPIED {
                copy(facts, &["OuterHostConfig", name], &["HostConfig", name], pointer);
            }
        } else {
            let whole = facts.slot(outer).clone();
            *facts.slot_mut(inner)? = whole;
            facts.set_moved(inner, "");
        }
    }
    if is_set(facts, inner) {
        copy(facts, &["Cpuset"], &["HostConfig", "CpusetCpus"], "/Cpuset");
        let mode = slot(facts, &["HostConfig", "NetworkMode"])?;
        if facts.slot(mode).is_zero() {
            facts.slot_mut(mode)?.value = Value::Str(Cow::Borrowed(b"default"));
        }
        if is_set(facts, config) {
            let volumes = slot(facts, &["Config", "Volumes"])?;
            if facts.slot(volumes).value == Value::Zero {
                let map = facts.new_map();
                facts.slot_mut(volumes)?.value = Value::Map(map);
            }
        }
    }
    Some(())
}

/// Whether a pointer is not nil.
fn is_set(facts: &Facts<'_>, slot: SlotId) -> bool {
    facts.slot(slot).value != Value::Zero
}

/// Copies a field over one that has its zero value, with its place in the text.
fn copy(facts: &mut Facts<'_>, from: &[&str], to: &[&str], pointer: &'static str) -> Option<()> {
    let (from, to) = (slot(facts, from)?, slot(facts, to)?);
    if facts.slot(to).is_zero() && !facts.slot(from).is_zero() {
        let whole = facts.slot(from).clone();
        *facts.slot_mut(to)? = whole;
        facts.set_moved(to, pointer);
    }
    Some(())
}

/// The slot at the end of a path of fields; `None` below a nil pointer.
fn slot(facts: &Facts<'_>, path: &[&str]) -> Option<SlotId> {
    let (mut base, mut id) = (facts.root(), facts.schema().root());
    let (last, way) = path.split_last()?;
    for name in way {
        let (index, field) = facts.schema().get(id).field(name)?;
        let (Value::Record(inner), Type::Struct(of)) =
            (&facts.slot(facts.field_id(base, index)).value, field.ty.pointee())
        else {
            return None;
        };
        (base, id) = (*inner, *of);
    }
    let (index, _) = facts.schema().get(id).field(last)?;
    Some(facts.field_id(base, index))
}
