//! What a daemon.json names: paths, and runtimes that can be asked for their features.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value as Json, json};

use super::root::Root;
use crate::cli::{Fatal, input};
use crate::report::Failure;

/// The absolute paths that a daemon.json names and those asked for besides that are there; runtimes only if they can be
/// executed. `None` if one of them could not be looked at: the list would not be whole.
pub(super) fn paths(root: &Root, daemon: &Json, more: &[String]) -> Option<Json> {
    let runtimes: Vec<&str> = runtimes(daemon).map(|(_, path)| path).collect();
    let mut named = Vec::new();
    strings(daemon, &mut named);
    named.extend(more.iter().map(String::as_str));
    named.retain(|path| path.starts_with('/'));
    named.sort_unstable();
    named.dedup();
    let mut found = Vec::new();
    for path in named {
        let there = if runtimes.contains(&path) { root.executable(path)? } else { root.exists(path)? };
        if there {
            found.push(path);
        }
    }
    Some(json!(found))
}

/// The name and path of each runtime that has a path.
fn runtimes(daemon: &Json) -> impl Iterator<Item = (&str, &str)> {
    let entries = daemon.get("runtimes").and_then(Json::as_object);
    let path =
        |entry: &'_ Json| entry.get("path").and_then(Json::as_str).is_some_and(|path| !path.is_empty());
    entries
        .into_iter()
        .flatten()
        .filter(move |(_, entry)| path(entry))
        .filter_map(|(name, entry)| Some((name.as_str(), entry.get("path")?.as_str()?)))
}

fn strings<'j>(value: &'j Json, out: &mut Vec<&'j str>) {
    match value {
        Json::String(text) => out.push(text),
        Json::Array(elements) => elements.iter().for_each(|element| strings(element, out)),
        Json::Object(members) => members.values().for_each(|member| strings(member, out)),
        _ => {}
    }
}

/// Runs `PATH features` for each runtime and writes what it prints to `NAME.json` in the folder, as
/// `plimsoll check --features` reads it. Every run is noted, with how it ended.
pub(super) fn run_runtimes(root: &Root, daemon: &Json, folder: &Path) -> Result<(), Fatal> {
    for (name, path) in runtimes(daemon) {
        if name.contains('/') || name.starts_with('.') || name.is_empty() {
            root.note(format!("did not run {path}: no file can be called after the runtime {name:?}"));
            continue;
        }
        root.note(format!("ran `{path} features`"));
        let output = Command::new(path).arg("features").stdin(Stdio::null()).output();
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
