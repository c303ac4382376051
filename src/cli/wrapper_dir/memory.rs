//! Files in memory whose computer can lose its power: what was not synced may be gone.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use super::super::files::{Files, Found};

/// A file, and as much of it as is on the disk.
#[derive(Clone, Debug, Default)]
struct Inode {
    contents: Vec<u8>,
    mode: u32,
    synced: Option<(Vec<u8>, u32)>,
}

/// What stands under a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Entry {
    Folder,
    File(usize),
}

type Names = BTreeMap<PathBuf, Entry>;

#[derive(Clone, Debug)]
pub(super) struct Memory {
    inodes: Vec<Inode>,
    names: Names,
    /// Every state of the names since the last one that is sure to be on the disk, which is the first.
    history: Vec<Names>,
}

fn error(kind: io::ErrorKind) -> io::Error {
    io::Error::from(kind)
}

impl Memory {
    /// With one empty folder.
    pub(super) fn new(folder: &str) -> Self {
        let names: Names = [(PathBuf::from(folder), Entry::Folder)].into();
        Self { inodes: Vec::new(), history: vec![names.clone()], names }
    }

    /// What another start finds if the power fails now: for each state of the names that may have reached the disk,
    /// with the contents that surely have.
    pub(super) fn after_power_cuts(&self) -> Vec<Self> {
        let inodes: Vec<Inode> = self
            .inodes
            .iter()
            .map(|inode| {
                let (contents, mode) = inode.synced.clone().unwrap_or_default();
                Inode { synced: Some((contents.clone(), mode)), contents, mode }
            })
            .collect();
        let mut states: Vec<Names> = self.history.clone();
        states.push(self.names.clone());
        states.dedup();
        let after = |names: Names| Self { inodes: inodes.clone(), history: vec![names.clone()], names };
        states.into_iter().map(after).collect()
    }

    pub(super) fn contents(&self, path: &Path) -> Option<(&[u8], u32)> {
        match self.names.get(path)? {
            Entry::File(id) => self.inodes.get(*id).map(|inode| (inode.contents.as_slice(), inode.mode)),
            Entry::Folder => None,
        }
    }

    fn inode(&mut self, id: usize) -> io::Result<&mut Inode> {
        self.inodes.get_mut(id).ok_or_else(|| error(io::ErrorKind::NotFound))
    }

    fn change(&mut self, change: impl FnOnce(&mut Names)) {
        self.history.push(self.names.clone());
        change(&mut self.names);
    }
}

impl Files for Memory {
    type File = usize;
    type Lock = ();

    fn find(&mut self, path: &Path) -> io::Result<Found> {
        Ok(match self.names.get(path) {
            None => Found::Nothing,
            Some(Entry::Folder) => Found::Folder,
            Some(Entry::File(_)) => match self.contents(path) {
                Some((contents, mode)) => Found::File { mode, size: contents.len() as u64 },
                None => Found::Nothing,
            },
        })
    }

    fn names(&mut self, folder: &Path) -> io::Result<Vec<OsString>> {
        let here = self.names.keys().filter(|path| path.parent() == Some(folder));
        Ok(here.filter_map(|path| path.file_name()).map(OsString::from).collect())
    }

    fn read(&mut self, path: &Path, limit: u64) -> io::Result<Vec<u8>> {
        let (contents, _) = self.contents(path).ok_or_else(|| error(io::ErrorKind::NotFound))?;
        Ok(contents.iter().take(usize::try_from(limit).unwrap()).copied().collect())
    }

    fn lock(&mut self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn make_folder(&mut self, path: &Path) -> io::Result<()> {
        if self.names.contains_key(path) {
            return Err(error(io::ErrorKind::AlreadyExists));
        }
        self.change(|names| {
            let _ = names.insert(path.to_owned(), Entry::Folder);
        });
        Ok(())
    }

    fn create(&mut self, path: &Path) -> io::Result<usize> {
        if self.names.contains_key(path) {
            return Err(error(io::ErrorKind::AlreadyExists));
        }
        let id = self.inodes.len();
        self.inodes.push(Inode::default());
        self.change(|names| {
            let _ = names.insert(path.to_owned(), Entry::File(id));
        });
        Ok(id)
    }

    fn write(&mut self, file: &mut usize, bytes: &[u8]) -> io::Result<()> {
        self.inode(*file)?.contents.extend_from_slice(bytes);
        Ok(())
    }

    fn set_mode(&mut self, file: &mut usize, mode: u32) -> io::Result<()> {
        self.inode(*file)?.mode = mode;
        Ok(())
    }

    fn sync(&mut self, file: &mut usize) -> io::Result<()> {
        let inode = self.inode(*file)?;
        inode.synced = Some((inode.contents.clone(), inode.mode));
        Ok(())
    }

    fn sync_folder(&mut self, _: &Path) -> io::Result<()> {
        self.history = vec![self.names.clone()];
        Ok(())
    }

    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        if !self.names.contains_key(from) {
            return Err(error(io::ErrorKind::NotFound));
        }
        if self.names.get(to) == Some(&Entry::Folder) {
            return Err(error(io::ErrorKind::DirectoryNotEmpty));
        }
        self.change(|names| {
            let moved: Vec<_> = names
                .iter()
                .filter(|(path, _)| path.starts_with(from))
                .map(|(p, e)| (p.clone(), *e))
                .collect();
            for (path, entry) in moved {
                names.remove(&path);
                let below = path.strip_prefix(from).unwrap();
                let path = if below.as_os_str().is_empty() { to.to_owned() } else { to.join(below) };
                names.insert(path, entry);
            }
        });
        Ok(())
    }

    fn remove(&mut self, path: &Path) -> io::Result<()> {
        if !self.names.contains_key(path) {
            return Err(error(io::ErrorKind::NotFound));
        }
        self.change(|names| {
            let _ = names.remove(path);
        });
        Ok(())
    }

    /// File by file, as a real one is, so that a power cut may leave a part.
    fn remove_folder(&mut self, path: &Path) -> io::Result<()> {
        for name in self.names(path)? {
            self.remove(&path.join(name))?;
        }
        self.remove(path)
    }
}
