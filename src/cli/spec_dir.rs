use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::Path;

use super::Fatal;
use super::input::Input;
use super::output::Output;
use crate::facts::options::SCHEMA_TEXT;
use crate::lifecycle::{Flow, Lifecycle};
use crate::prove::{Lives, THEOREMS};
use crate::report::{Failure, problems};
use crate::table::{Catalog, CatalogError};

/// A text of spec/ is read by people; beyond this it is something else.
const MAX_BYTES: usize = 1 << 20;

/// The folders of spec/ that have tables.
const FOLDERS: [&str; 5] = ["", "schema", "rules", "lifecycle", "flows"];

/// A folder laid out as spec/ of plimsoll's source: what it has stands in the place of what is built in.
#[derive(Debug)]
pub(super) struct SpecDir {
    pub(super) catalog: Catalog,
    pub(super) lifecycle: Lifecycle,
    pub(super) flows: Vec<Flow>,
    pub(super) theorems: Option<String>,
}

impl SpecDir {
    /// Reads a folder; `None` if something in it is wrong and that has been said.
    pub(super) fn load(dir: &Path, output: &Output) -> Result<Option<Self>, Fatal> {
        let failed: RefCell<Option<Fatal>> = RefCell::new(None);
        let asked: RefCell<BTreeSet<String>> = RefCell::default();
        let other = |name: &str| {
            asked.borrow_mut().insert(name.to_owned());
            let path = dir.join(name.strip_prefix("spec/").unwrap_or(name));
            if !path.exists() {
                return None;
            }
            let read = Input::File(path.clone()).read(MAX_BYTES).and_then(|bytes| {
                let message = "not UTF-8, and so not TOML".to_owned();
                String::from_utf8(bytes).map_err(|_| Failure { message, help: String::new() })
            });
            read.map_err(|failure| *failed.borrow_mut() = Some(Fatal::at(path.to_string_lossy(), failure)))
                .ok()
        };
        let catalog = Catalog::builtin_with(&other);
        let lifecycle = Lifecycle::builtin_with(&other);
        let flows = Flow::builtin_with(&other);
        let theorems = other(THEOREMS);
        let options = other(SCHEMA_TEXT.0);
        if let Some(fatal) = failed.take() {
            return Err(fatal);
        }
        strangers(dir, &asked.borrow())?;
        if options.is_some_and(|text| text != SCHEMA_TEXT.1) {
            let message =
                format!("{}: differs from the one built in", dir.join("schema/shim-options.toml").display());
            return Err(Fatal::new(
                message,
                "what options of shims are is compiled in: build plimsoll with this file",
            ));
        }
        let catalog = said(catalog, dir, output);
        let lifecycle = said(lifecycle, dir, output);
        let flows = said(flows, dir, output);
        let (Some(catalog), Some(lifecycle), Some(flows)) = (catalog, lifecycle, flows) else {
            return Ok(None);
        };
        Ok(Some(Self { catalog, lifecycle, flows, theorems }))
    }

    pub(super) fn lives(&self) -> Lives<'_> {
        (&self.lifecycle, &self.flows)
    }
}

/// The value, or what is wrong with the texts in the folder, said.
fn said<T>(value: Result<T, CatalogError>, dir: &Path, output: &Output) -> Option<T> {
    let errors = match value {
        Ok(value) => return Some(value),
        Err(error) => error.errors,
    };
    for error in errors {
        let name = dir.join(error.name.strip_prefix("spec/").unwrap_or(&error.name));
        output.complain(&problems(
            &name.to_string_lossy(),
            &error.text,
            &error.problems,
            output.styled_errors(),
        ));
    }
    None
}

/// A file that would not be read, or a folder without any that would, is a mistake.
fn strangers(dir: &Path, known: &BTreeSet<String>) -> Result<(), Fatal> {
    let mut found = 0_usize;
    for folder in FOLDERS {
        let Ok(entries) = std::fs::read_dir(dir.join(folder)) else { continue };
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if !name.ends_with(".toml") {
                continue;
            }
            let place = if folder.is_empty() { name } else { format!("{folder}/{name}") };
            if !known.contains(&format!("spec/{place}")) {
                let message =
                    format!("{}: there is no such file in plimsoll's spec", dir.join(place).display());
                return Err(Fatal::new(message, "a table of your own goes with --table"));
            }
            found = found.saturating_add(1);
        }
    }
    if found == 0 {
        let message = format!("{}: nothing of plimsoll's spec in it", dir.display());
        return Err(Fatal::new(message, "give a folder that is laid out as spec/: rules/runtimes.toml, …"));
    }
    Ok(())
}
