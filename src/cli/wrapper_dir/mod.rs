//! The directory of wrapper scripts: at every instant, and after every accident, a name in it has the whole of its
//! file behind it or nothing.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};

use super::files::{Files, Found};
use crate::runtime::{Generation, WrapperScript};

#[cfg(test)]
mod memory;
#[cfg(test)]
mod tests;

/// What a file is called until it is finished. No rule lets a script have such a name (WF005).
const UNFINISHED: (&str, &str) = (".plimsoll-", ".tmp");
/// The longest file looked into to see whether it is a wrapper script: far more than any command line.
const LONGEST: u64 = 4 << 20;

/// A script and what it is called in the directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ScriptFile {
    pub(super) name: OsString,
    pub(super) contents: Vec<u8>,
}

/// What became of a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// It is there now.
    New,
    /// It was there already.
    Kept,
}

/// What went wrong with which file. Nothing under a final name is damaged.
#[derive(Debug, thiserror::Error)]
pub(super) enum WriteError {
    #[error("cannot {doing} {}: {error}", path.display())]
    Io { doing: &'static str, path: PathBuf, error: io::Error },
    #[error("{} exists with other contents", .0.display())]
    OtherContents(PathBuf),
    #[error("{} is in the way: it is neither a script nor a directory of them", .0.display())]
    InTheWay(PathBuf),
    #[error("{} is no directory of wrapper scripts: it holds {name:?}", folder.display())]
    Foreign { folder: PathBuf, name: OsString },
    #[error("{} cannot be swapped for another: it has no parent", .0.display())]
    NoParent(PathBuf),
}

/// Says what was being done when it failed.
trait Doing<T> {
    fn doing(self, doing: &'static str, path: &Path) -> Result<T, WriteError>;
}

impl<T> Doing<T> for io::Result<T> {
    fn doing(self, doing: &'static str, path: &Path) -> Result<T, WriteError> {
        self.map_err(|error| WriteError::Io { doing, path: path.to_owned(), error })
    }
}

/// Writes the scripts as that generation of the daemon does; the folder itself is made if only its parent is there.
pub(super) fn write<F: Files>(
    files: &mut F,
    folder: &Path,
    scripts: &[ScriptFile],
    generation: Generation,
) -> Result<Vec<Written>, WriteError> {
    match generation {
        Generation::Reloadable => add(files, folder, scripts),
        Generation::First => swap(files, folder, scripts),
    }
}

/// Adds scripts whose names tell their contents. What is there stays: a running container may need it.
fn add<F: Files>(files: &mut F, folder: &Path, scripts: &[ScriptFile]) -> Result<Vec<Written>, WriteError> {
    if files.find(folder).doing("look at", folder)? == Found::Nothing {
        files.make_folder(folder).doing("make the directory", folder)?;
        let parent = parent(folder)?;
        files.sync_folder(parent).doing("sync", parent)?;
    }
    let _lock = files.lock(folder).doing("lock", folder)?;
    for name in files.names(folder).doing("list", folder)? {
        if is_unfinished(&name) {
            let path = folder.join(name);
            files.remove(&path).doing("remove", &path)?;
        }
    }
    let mut written = Vec::with_capacity(scripts.len());
    for script in scripts {
        written.push(add_one(files, folder, script)?);
    }
    files.sync_folder(folder).doing("sync", folder)?;
    Ok(written)
}

fn add_one<F: Files>(files: &mut F, folder: &Path, script: &ScriptFile) -> Result<Written, WriteError> {
    let path = folder.join(&script.name);
    match files.find(&path).doing("look at", &path)? {
        Found::Nothing => {}
        Found::File { mode, size } => {
            let length = u64::try_from(script.contents.len()).unwrap_or(u64::MAX);
            let same = size == length
                && files.read(&path, length.saturating_add(1)).doing("read", &path)? == script.contents;
            if !same {
                return Err(WriteError::OtherContents(path));
            }
            if mode == WrapperScript::MODE {
                return Ok(Written::Kept);
            }
        }
        Found::Folder | Found::Other => return Err(WriteError::InTheWay(path)),
    }
    let unfinished = folder.join(format!("{}{}{}", UNFINISHED.0, std::process::id(), UNFINISHED.1));
    let finished = finish(files, &unfinished, &script.contents)
        .and_then(|()| files.rename(&unfinished, &path).doing("rename to", &path));
    if finished.is_err() {
        // If that fails as well, the next run does it.
        let _ = files.remove(&unfinished);
    }
    finished.map(|()| Written::New)
}

/// Writes a new file, down to the disk. It is closed afterwards: an open one could not be executed.
fn finish<F: Files>(files: &mut F, path: &Path, contents: &[u8]) -> Result<(), WriteError> {
    let mut file = files.create(path).doing("create", path)?;
    files.write(&mut file, contents).doing("write", path)?;
    files.set_mode(&mut file, WrapperScript::MODE).doing("set the mode of", path)?;
    files.sync(&mut file).doing("sync", path)
}

/// Puts a directory with these scripts in the place of the old one (seed 001 `initRuntimes`): a script's name does not
/// tell its contents there, so the old ones go. Between the two renames there is none, as in the original; after an
/// accident there the next run puts the old one back first.
fn swap<F: Files>(files: &mut F, folder: &Path, scripts: &[ScriptFile]) -> Result<Vec<Written>, WriteError> {
    let parent = parent(folder)?;
    let base = folder.file_name().ok_or_else(|| WriteError::NoParent(folder.to_owned()))?;
    let beside = |before: &str, after: &str| {
        let mut name = OsString::from(before);
        name.push(base);
        name.push(after);
        parent.join(name)
    };
    let (old, new) = (beside("", "-old"), beside("gen-", ""));
    let _lock = files.lock(parent).doing("lock", parent)?;
    if files.find(folder).doing("look at", folder)? == Found::Nothing && holds_scripts(files, &old, true)? {
        files.rename(&old, folder).doing("rename", &old)?;
    }
    // One that was moved away was whole; one that was never moved in may not be.
    for (leftover, whole) in [(&old, true), (&new, false)] {
        if holds_scripts(files, leftover, whole)? {
            files.remove_folder(leftover).doing("remove", leftover)?;
        }
    }
    let replaces = holds_scripts(files, folder, true)?;

    files.make_folder(&new).doing("make the directory", &new)?;
    for script in scripts {
        finish(files, &new.join(&script.name), &script.contents)?;
    }
    files.sync_folder(&new).doing("sync", &new)?;
    if replaces {
        files.rename(folder, &old).doing("rename", folder)?;
    }
    let moved = files.rename(&new, folder).doing("rename", &new);
    if moved.is_err() && replaces {
        // If that fails as well, the next run does it.
        let _ = files.rename(&old, folder);
    }
    moved?;
    files.sync_folder(parent).doing("sync", parent)?;
    if replaces {
        files.remove_folder(&old).doing("remove", &old)?;
    }
    Ok(vec![Written::New; scripts.len()])
}

/// Whether there is a directory of wrapper scripts. What holds anything else is not ours to swap or remove.
fn holds_scripts<F: Files>(files: &mut F, folder: &Path, whole: bool) -> Result<bool, WriteError> {
    match files.find(folder).doing("look at", folder)? {
        Found::Nothing => return Ok(false),
        Found::Folder => {}
        Found::File { .. } | Found::Other => return Err(WriteError::InTheWay(folder.to_owned())),
    }
    for name in files.names(folder).doing("list", folder)? {
        let path = folder.join(&name);
        let is_script = match files.find(&path).doing("look at", &path)? {
            Found::File { .. } => is_script(&files.read(&path, LONGEST).doing("read", &path)?, whole),
            _ => false,
        };
        if !is_script {
            return Err(WriteError::Foreign { folder: folder.to_owned(), name });
        }
    }
    Ok(true)
}

/// Whether this is a wrapper script, or, unless it has to be whole, the beginning of one.
fn is_script(text: &[u8], whole: bool) -> bool {
    const HEAD: &[u8] = b"#!/bin/sh\n";
    if whole {
        text.starts_with(HEAD) && text.ends_with(b" $@\n")
    } else {
        text.starts_with(HEAD) || HEAD.starts_with(text)
    }
}

fn is_unfinished(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name.starts_with(UNFINISHED.0) && name.ends_with(UNFINISHED.1)
}

fn parent(folder: &Path) -> Result<&Path, WriteError> {
    match folder.parent() {
        None => Err(WriteError::NoParent(folder.to_owned())),
        Some(parent) if parent.as_os_str().is_empty() => Ok(Path::new(".")),
        Some(parent) => Ok(parent),
    }
}
