use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};

/// The file system that is looked at, and a record of what was looked at.
#[derive(Debug)]
pub(super) struct Root {
    root: PathBuf,
    trail: RefCell<Vec<String>>,
}

impl Root {
    pub(super) fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), trail: RefCell::default() }
    }

    /// What was looked at and what came of it, a line each, in order.
    pub(super) fn trail(self) -> Vec<String> {
        self.trail.into_inner()
    }

    /// Adds a remark.
    pub(super) fn note(&self, line: String) {
        self.trail.borrow_mut().push(line);
    }

    fn place(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }

    /// The text of a file; `None` if it cannot be read, which is noted.
    pub(super) fn read(&self, path: &str) -> Option<String> {
        match fs::read(self.place(path)) {
            Ok(bytes) => {
                self.note(format!("read {path}"));
                Some(String::from_utf8_lossy(&bytes).into_owned())
            }
            Err(error) => {
                self.note(format!("could not read {path}: {}", plain(&error)));
                None
            }
        }
    }

    /// Whether something is there; `None` if that cannot be told, which is noted.
    pub(super) fn exists(&self, path: &str) -> Option<bool> {
        match fs::metadata(self.place(path)) {
            Ok(_) => {
                self.note(format!("{path} is there"));
                Some(true)
            }
            Err(error)
                if matches!(
                    error.kind(),
                    std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory
                ) =>
            {
                self.note(format!("{path} is not there"));
                Some(false)
            }
            Err(error) => {
                self.note(format!("could not look at {path}: {}", plain(&error)));
                None
            }
        }
    }

    /// Whether something is there that can be executed, as Go's `exec.LookPath` asks; `None` as above.
    pub(super) fn executable(&self, path: &str) -> Option<bool> {
        if !self.exists(path)? {
            return Some(false);
        }
        let runs = is_executable(&self.place(path));
        if !runs {
            self.note(format!("{path} is no program"));
        }
        Some(runs)
    }

    /// The programs in a folder; `None` if it cannot be listed. One that is not there has none.
    pub(super) fn programs(&self, folder: &str) -> Option<Vec<String>> {
        let place = self.place(folder);
        let entries = match fs::read_dir(&place) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                self.note(format!("{folder} is not there"));
                return Some(Vec::new());
            }
            Err(error) => {
                self.note(format!("could not list {folder}: {}", plain(&error)));
                return None;
            }
        };
        let mut names = Vec::new();
        for entry in entries.flatten().filter(|entry| is_executable(&entry.path())) {
            match entry.file_name().into_string() {
                Ok(name) => names.push(name),
                Err(name) => self.note(format!("left out {}: not UTF-8", name.to_string_lossy())),
            }
        }
        names.sort();
        self.note(format!("listed {folder}: {} programs", names.len()));
        Some(names)
    }
}

/// A file, through links, with a bit for execution: what `exec.LookPath` takes.
#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).is_ok_and(|m| !m.is_dir() && m.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(_: &Path) -> bool {
    false
}

fn plain(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}
