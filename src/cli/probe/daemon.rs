//! What a daemon.json names: paths, and runtimes that can be asked for their features.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value as Json, json};

use super::root::Root;
use crate::cli::{Fatal, input};
use crate::facts::{AnyRef, AnyValue, Facts, Item};
use crate::report::Failure;
use crate::schema::Type;

/// The absolute paths that a daemon.json names and those asked for besides that are there; runtimes only if they can be
/// executed. `None` if one of them could not be looked at: the list would not be whole.
pub(super) fn paths(root: &Root, daemon: Option<&Facts<'_>>, more: &[String]) -> Option<Json> {
    let runtimes: Vec<String> = daemon.into_iter().flat_map(runtimes).map(|(_, path)| path).collect();
    let mut named: Vec<String> = more.to_vec();
    if let Some(daemon) = daemon {
        for field in &daemon.schema().get(daemon.schema().root()).fields {
            Item::root(daemon, &field.name).iter().for_each(|item| strings(item, &mut named));
        }
    }
    named.retain(|path| path.starts_with('/'));
    named.sort_unstable();
    named.dedup();
    let mut found = Vec::new();
    for path in named {
        let there = if runtimes.contains(&path) { root.executable(&path)? } else { root.exists(&path)? };
        if there {
            found.push(path);
        }
    }
    Some(json!(found))
}

/// The name and path of each runtime that has a path.
fn runtimes(daemon: &Facts<'_>) -> Vec<(String, String)> {
    let entries = Item::root(daemon, "runtimes");
    let entries = entries.iter().flat_map(Item::entries).filter_map(|(name, entry)| {
        let path = entry.field("path").map(|path| text(path.str()))?;
        (!path.is_empty()).then(|| (text(name), path))
    });
    entries.collect()
}

/// Every string in a value, as the daemon reads it.
fn strings(item: &Item<'_, '_>, out: &mut Vec<String>) {
    match item.ty().pointee() {
        Type::String | Type::Text(_) => out.push(text(item.str())),
        Type::List(_) => item.elements().for_each(|element| strings(&element, out)),
        Type::Map(_) => item.entries().for_each(|(_, value)| strings(&value, out)),
        Type::Struct(id) => {
            let fields = &item.facts().schema().get(*id).fields;
            fields.iter().filter_map(|field| item.field(&field.name)).for_each(|inner| strings(&inner, out));
        }
        Type::Any => {
            let mut pending: Vec<AnyRef<'_, '_>> = item.any().into_iter().collect();
            while let Some(value) = pending.pop() {
                if let AnyValue::Str(string) = value.value() {
                    out.push(text(string));
                }
                pending.extend(value.children());
            }
        }
        Type::Bool | Type::Int(_) | Type::Float | Type::Pointer(_) => {}
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Runs `PATH features` for each runtime and writes what it prints to `NAME.json` in the folder, as
/// `plimsoll check --features` reads it. Every run is noted, with how it ended.
pub(super) fn run_runtimes(root: &Root, daemon: &Facts<'_>, folder: &Path) -> Result<(), Fatal> {
    for (name, path) in runtimes(daemon) {
        if name.contains('/') || name.starts_with('.') || name.is_empty() {
            root.note(format!("did not run {path}: no file can be called after the runtime {name:?}"));
            continue;
        }
        root.note(format!("ran `{path} features`"));
        let output = Command::new(&path).arg("features").stdin(Stdio::null()).output();
        match output {
            Err(error) => root.note(format!("  it did not start: {error}")),
            Ok(output) if !output.status.success() => {
                let said = String::from_utf8_lossy(&output.stderr);
                root.note(format!("  it ended with {}: {}", output.status, said.trim()));
            }
            Ok(output) => {
                let file = folder.join(format!("{name}.json"));
                std::fs::write(&file, &output.stdout).map_err(|error| {
                    let Failure { help, .. } = input::failure(&error);
                    let message = format!("cannot write this file: {error}");
                    Fatal::at(file.to_string_lossy(), Failure { message, help })
                })?;
                root.note(format!("  what it printed is in {}", file.display()));
            }
        }
    }
    Ok(())
}
