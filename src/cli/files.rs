//! The few operations on files that writing wrapper scripts needs, so that a test can make each of them fail.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

/// What stands under a path. Links are not followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    Nothing,
    /// A regular file: its permission bits and its size.
    File {
        mode: u32,
        size: u64,
    },
    Folder,
    /// A link, a device, a pipe.
    Other,
}

pub(super) trait Files {
    /// A file open for writing.
    type File;
    /// Held while nobody else may write to a folder.
    type Lock;

    fn find(&mut self, path: &Path) -> io::Result<Found>;
    /// The names in a folder, sorted.
    fn names(&mut self, folder: &Path) -> io::Result<Vec<OsString>>;
    /// At most `limit` bytes of a file.
    fn read(&mut self, path: &Path, limit: u64) -> io::Result<Vec<u8>>;
    fn lock(&mut self, folder: &Path) -> io::Result<Self::Lock>;
    /// A new folder that only its owner may enter.
    fn make_folder(&mut self, path: &Path) -> io::Result<()>;
    /// A new file; an error if something is there.
    fn create(&mut self, path: &Path) -> io::Result<Self::File>;
    fn write(&mut self, file: &mut Self::File, bytes: &[u8]) -> io::Result<()>;
    /// Permission bits, whatever the umask.
    fn set_mode(&mut self, file: &mut Self::File, mode: u32) -> io::Result<()>;
    /// Waits until the file is on the disk.
    fn sync(&mut self, file: &mut Self::File) -> io::Result<()>;
    /// Waits until the names in a folder are on the disk.
    fn sync_folder(&mut self, path: &Path) -> io::Result<()>;
    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()>;
    fn remove(&mut self, path: &Path) -> io::Result<()>;
    /// Removes a folder and the files in it.
    fn remove_folder(&mut self, path: &Path) -> io::Result<()>;
}

/// The files of this machine.
#[derive(Debug)]
pub(super) struct Disk;

impl Files for Disk {
    type File = File;
    type Lock = File;

    fn find(&mut self, path: &Path) -> io::Result<Found> {
        let metadata = match fs::symlink_metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
            other => other?,
        };
        Ok(if metadata.is_dir() {
            Found::Folder
        } else if metadata.is_file() {
            Found::File { mode: mode(&metadata), size: metadata.len() }
        } else {
            Found::Other
        })
    }

    fn names(&mut self, folder: &Path) -> io::Result<Vec<OsString>> {
        let mut names = fs::read_dir(folder)?
            .map(|entry| entry.map(|entry| entry.file_name()))
            .collect::<io::Result<Vec<_>>>()?;
        names.sort();
        Ok(names)
    }

    fn read(&mut self, path: &Path, limit: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        File::open(path)?.take(limit).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn lock(&mut self, folder: &Path) -> io::Result<Self::Lock> {
        let file = File::open(folder)?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => Err(io::Error::other("another plimsoll is writing here")),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn make_folder(&mut self, path: &Path) -> io::Result<()> {
        fs::create_dir(path)?;
        set_mode(path, 0o700)
    }

    fn create(&mut self, path: &Path) -> io::Result<Self::File> {
        OpenOptions::new().write(true).create_new(true).open(path)
    }

    fn write(&mut self, file: &mut Self::File, bytes: &[u8]) -> io::Result<()> {
        file.write_all(bytes)
    }

    fn set_mode(&mut self, file: &mut Self::File, mode: u32) -> io::Result<()> {
        match permissions(mode) {
            Some(permissions) => file.set_permissions(permissions),
            None => Ok(()),
        }
    }

    fn sync(&mut self, file: &mut Self::File) -> io::Result<()> {
        file.sync_all()
    }

    fn sync_folder(&mut self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&mut self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn remove_folder(&mut self, path: &Path) -> io::Result<()> {
        fs::remove_dir_all(path)
    }
}

fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    permissions(mode).map_or(Ok(()), |permissions| fs::set_permissions(path, permissions))
}

#[cfg(unix)]
fn permissions(mode: u32) -> Option<fs::Permissions> {
    Some(std::os::unix::fs::PermissionsExt::from_mode(mode))
}

#[cfg(unix)]
fn mode(metadata: &fs::Metadata) -> u32 {
    std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o7777
}

/// Elsewhere a plan is all there is: no shell would run the scripts, and files have no such bits.
#[cfg(not(unix))]
fn permissions(_: u32) -> Option<fs::Permissions> {
    None
}

#[cfg(not(unix))]
fn mode(_: &fs::Metadata) -> u32 {
    crate::runtime::WrapperScript::MODE
}
