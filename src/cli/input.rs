use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::engine::OverBudget;
use crate::report::Failure;

/// How standard input is called in reports.
pub(super) const STDIN: &str = "<stdin>";

/// One document to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Input {
    Stdin,
    File(PathBuf),
    /// A path that cannot be read, found out while looking for files.
    Unreadable(PathBuf, Failure),
}

impl Input {
    /// As the user named it.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Stdin => STDIN.to_owned(),
            Self::File(path) | Self::Unreadable(path, _) => path.to_string_lossy().into_owned(),
        }
    }

    /// Its bytes, if there are at most `limit`.
    pub(super) fn read(&self, limit: usize) -> Result<Vec<u8>, Failure> {
        match self {
            Self::Stdin => read_at_most(io::stdin().lock(), limit),
            Self::File(path) => read_at_most(open(path)?, limit),
            Self::Unreadable(_, failure) => Err(failure.clone()),
        }
    }

    /// Its bytes as a stream, however many.
    pub(super) fn stream(&self) -> Result<Box<dyn Read>, Failure> {
        match self {
            Self::Stdin => Ok(Box::new(io::stdin().lock())),
            Self::File(path) => Ok(Box::new(open(path)?)),
            Self::Unreadable(_, failure) => Err(failure.clone()),
        }
    }
}

/// The named files; `-` is standard input, a folder stands for every `*.json` below it, sorted, and the bundle of a
/// container for its `config.json`.
pub(super) fn documents(paths: &[PathBuf], is_bundle: &dyn Fn(&Path) -> bool) -> Vec<Input> {
    let mut inputs = Vec::new();
    for path in paths {
        if path.as_os_str() == "-" {
            inputs.push(Input::Stdin);
        } else if fs::metadata(path).is_ok_and(|metadata| metadata.is_dir()) {
            if is_bundle(path) {
                inputs.push(Input::File(path.join("config.json")));
                continue;
            }
            let before = inputs.len();
            walk(path, &mut inputs);
            if inputs.len() == before {
                let failure = Failure {
                    message: "no *.json in this folder".to_owned(),
                    help: "name the files themselves if they are called otherwise".to_owned(),
                };
                inputs.push(Input::Unreadable(path.clone(), failure));
            }
        } else {
            inputs.push(Input::File(path.clone()));
        }
    }
    inputs
}

/// Files as named; folders are not looked into.
pub(super) fn streams(paths: &[PathBuf]) -> Vec<Input> {
    let input =
        |path: &PathBuf| if path.as_os_str() == "-" { Input::Stdin } else { Input::File(path.clone()) };
    paths.iter().map(input).collect()
}

/// Folders that are links are left out: they could lead in circles.
fn walk(folder: &Path, inputs: &mut Vec<Input>) {
    let mut pending = vec![folder.to_owned()];
    while let Some(path) = pending.pop() {
        if !fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_dir()) && path != folder {
            inputs.push(Input::File(path));
            continue;
        }
        match entries(&path) {
            Ok(entries) => pending.extend(entries.into_iter().rev()),
            Err(error) => inputs.push(Input::Unreadable(path, failure(&error))),
        }
    }
}

/// Folders and `*.json` in a folder, sorted by name.
fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() || path.extension().is_some_and(|extension| extension == "json") {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// Opens a regular file. Devices and pipes could block or never end.
fn open(path: &Path) -> Result<File, Failure> {
    let metadata = fs::metadata(path).map_err(|error| failure(&error))?;
    if metadata.is_dir() {
        return Err(Failure {
            message: "this is a folder".to_owned(),
            help: "name the files in it".to_owned(),
        });
    }
    if !metadata.is_file() {
        return Err(Failure {
            message: "not a regular file, and so not opened: it might never end".to_owned(),
            help: "give it on standard input, as the file `-`".to_owned(),
        });
    }
    File::open(path).map_err(|error| failure(&error))
}

fn read_at_most(reader: impl Read, limit: usize) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let beyond = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    reader.take(beyond).read_to_end(&mut bytes).map_err(|error| failure(&error))?;
    if bytes.len() > limit {
        let over = OverBudget { what: "document size in bytes", found: bytes.len(), limit };
        return Err(Failure {
            message: over.to_string(),
            help: "no daemon has such a configuration; is it the right file?".to_owned(),
        });
    }
    Ok(bytes)
}

/// What the system says, and the way out.
pub(super) fn failure(error: &io::Error) -> Failure {
    let help = match error.kind() {
        io::ErrorKind::NotFound => "check the path; relative paths start at the current folder",
        io::ErrorKind::PermissionDenied => {
            "read it as a user who may, and give it on standard input: `sudo cat FILE | plimsoll check -`"
        }
        io::ErrorKind::IsADirectory => "name the files in it",
        _ => "",
    };
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    Failure { message: format!("cannot read this file: {text}"), help: help.to_owned() }
}
