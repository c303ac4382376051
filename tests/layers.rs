//! The shape of the source: who may import whom, how long a file may be, who may print.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

/// The folders of src/, each importing only what stands before it.
const LAYERS: [&str; 14] = [
    "source",
    "schema",
    "facts",
    "expr",
    "table",
    "engine",
    "runtime",
    "lifecycle",
    "subject",
    "prove",
    "case",
    "report",
    "arbitrary",
    "cli",
];

const LONGEST: usize = 600;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Every .rs file below a folder, and its text.
fn files(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            found.push((path, text));
        }
    }
    found.sort();
    found
}

/// The lines of a text that are not comments, numbered.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .map(|(i, line)| (i + 1, line))
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// The modules of ours that a line names by `crate::X`, `crate::{X, Y::Z}` included.
fn imports(line: &str) -> Vec<String> {
    let word = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    line.split("crate::")
        .skip(1)
        .flat_map(|rest| match rest.strip_prefix('{') {
            Some(list) => list.split(',').map(|item| word(item.trim_start())).collect(),
            None => vec![word(rest)],
        })
        .collect()
}

#[test]
fn lower_layers_do_not_import_higher_ones() {
    let mut wrong = Vec::new();
    for (height, layer) in LAYERS.iter().enumerate() {
        for (path, text) in files(&root().join(layer)) {
            for (number, line) in code(&text) {
                for import in imports(line) {
                    let above =
                        LAYERS.iter().position(|other| *other == import).is_some_and(|other| other > height);
                    if above {
                        wrong.push(format!("{}:{number}: {layer} imports {import}", path.display()));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "lower layers import higher ones:\n{}", wrong.join("\n"));
}

#[test]
fn every_folder_is_a_layer() {
    let mut folders: Vec<String> = fs::read_dir(root())
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_type().unwrap().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    let mut layers = LAYERS.map(str::to_owned).to_vec();
    layers.sort();
    folders.sort();
    assert_eq!(folders, layers);
}

#[test]
fn files_are_short_enough_to_be_read() {
    let long: Vec<String> = files(&root())
        .into_iter()
        .map(|(path, text)| (path, text.lines().count()))
        .filter(|(_, lines)| *lines > LONGEST)
        .map(|(path, lines)| format!("{}: {lines} lines", path.display()))
        .collect();
    assert!(long.is_empty(), "over {LONGEST} lines:\n{}", long.join("\n"));
}

#[test]
fn nobody_prints_past_the_checked_writer() {
    for (path, text) in files(&root()) {
        for (number, line) in code(&text) {
            for macro_name in ["println!", "eprintln!", "print!", "eprint!", "dbg!", "process::exit"] {
                let called = line
                    .match_indices(macro_name)
                    .any(|(at, _)| !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'));
                assert!(!called, "{}:{number}: {macro_name}", path.display());
            }
        }
    }
}

#[test]
fn imports_are_seen_however_they_are_written() {
    assert_eq!(imports("use crate::engine::{Budget, Verdict};"), ["engine"]);
    assert_eq!(imports("use crate::{table, engine::Budget};"), ["table", "engine"]);
    assert_eq!(imports("    crate::report::json(&crate::case::Case::new())"), ["report", "case"]);
    assert!(imports("use super::engine;").is_empty());
}
