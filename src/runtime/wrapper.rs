use std::sync::LazyLock;

use data_encoding::{BASE32HEX, Encoding, Specification};
use serde::ser::{Serialize, SerializeStruct, Serializer};
use sha2::{Digest, Sha256};

use crate::facts::path;

/// moby's `base32Disemvoweled`: no vowels, so that no word comes out by accident.
static DISEMVOWELED: LazyLock<Encoding> = LazyLock::new(|| {
    let mut specification = Specification::new();
    specification.symbols.push_str("0123456789BCDFGHJKLMNPQRSTVWXYZ-");
    specification.padding = Some('=');
    // 32 different symbols always make an encoding; known digests in the tests would show it if they did not.
    specification.encoding().unwrap_or(BASE32HEX)
});

/// The script that puts `runtimeArgs` between a runtime and the arguments it is called with.
///
/// containerd's shim can only be given a binary, so moby writes a script and names that. A script is a value: its
/// contents follow from path and arguments, and its file name from the contents, so that a script once written never
/// has to change, however often the configuration does (seed 000 `wrapRuntime`).
///
/// Nothing is quoted: a path or argument with shell syntax in it *is* shell, and runs as root when the daemon starts.
///
/// ```
/// use plimsoll::runtime::WrapperScript;
/// let script = WrapperScript::new(b"runsc", b"/usr/bin/runsc", &["--debug", "--x y"]);
/// assert_eq!(script.contents(), b"#!/bin/sh\n/usr/bin/runsc --debug --x y $@\n");
/// assert!(script.path(b"/var/lib/docker").starts_with(b"/var/lib/docker/runtimes/runsc."));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct WrapperScript {
    file_name: Vec<u8>,
    contents: Vec<u8>,
}

impl WrapperScript {
    /// Permission bits of the file, whatever the umask.
    pub const MODE: u32 = 0o700;

    /// The directory of the scripts, below the data root.
    pub const DIRECTORY: &'static str = "runtimes";

    /// The script of seed 000 and later, named by its contents: `<name>.<suffix>`.
    #[must_use]
    pub fn new<A: AsRef<[u8]>>(name: &[u8], path: &[u8], args: &[A]) -> Self {
        let contents = contents(path, args);
        let file_name = [name, b".", suffix(&contents).as_bytes()].concat();
        Self { file_name, contents }
    }

    /// The script of the first generation, named by the runtime alone (seed 001 `initRuntimes`): changing the arguments
    /// of a runtime changes it under the containers that run with it.
    #[must_use]
    pub fn unhashed<A: AsRef<[u8]>>(name: &[u8], path: &[u8], args: &[A]) -> Self {
        Self { file_name: name.to_vec(), contents: contents(path, args) }
    }

    /// Its bytes.
    #[must_use]
    pub fn contents(&self) -> &[u8] {
        &self.contents
    }

    /// SHA-256 of the bytes.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(&self.contents).into()
    }

    /// The digest as it stands in file names: 52 symbols and four `=`.
    #[must_use]
    pub fn suffix(&self) -> String {
        suffix(&self.contents)
    }

    /// Its name; with slashes in it if the runtime's name has some.
    #[must_use]
    pub fn file_name(&self) -> &[u8] {
        &self.file_name
    }

    /// Where moby writes it, and what it gives to the shim as binary.
    ///
    /// Names of configured runtimes are not checked, so a `../` in one leads out of the directory.
    #[must_use]
    pub fn path(&self, data_root: &[u8]) -> Vec<u8> {
        // moby joins twice; that a join of joins is the join of all is a property of the tests of `path`.
        path::join(&[data_root, Self::DIRECTORY.as_bytes(), &self.file_name])
    }

    /// Puts it below a data root.
    #[must_use]
    pub fn place(self, data_root: &[u8]) -> PlacedScript {
        PlacedScript { path: self.path(data_root), directory: directory(data_root), script: self }
    }
}

/// A wrapper script and where moby writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacedScript {
    script: WrapperScript,
    directory: Vec<u8>,
    path: Vec<u8>,
}

impl PlacedScript {
    /// The script.
    #[must_use]
    pub fn script(&self) -> &WrapperScript {
        &self.script
    }

    /// The whole path: what the shim is given as binary.
    #[must_use]
    pub fn path(&self) -> &[u8] {
        &self.path
    }

    /// The path below the directory of the scripts; `None` if the runtime's name leads out of it. Such a script stands
    /// somewhere else on the host, and no start of the daemon removes it.
    #[must_use]
    pub fn below_directory(&self) -> Option<&[u8]> {
        self.path.strip_prefix(self.directory.as_slice())?.strip_prefix(b"/")
    }
}

fn directory(data_root: &[u8]) -> Vec<u8> {
    path::join(&[data_root, WrapperScript::DIRECTORY.as_bytes()])
}

/// `file_name` and `contents`, as in the result of a case of kind `daemon`: what is found in the directory of the
/// scripts, so null for one that its name leads out of there. Bytes that are not UTF-8 become U+FFFD.
impl Serialize for PlacedScript {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Some(file_name) = self.below_directory() else { return serializer.serialize_none() };
        let mut out = serializer.serialize_struct("PlacedScript", 2)?;
        out.serialize_field("file_name", &String::from_utf8_lossy(file_name))?;
        out.serialize_field("contents", &String::from_utf8_lossy(&self.script.contents))?;
        out.end()
    }
}

/// `file_name`, `contents` and `mode`, as in the result of a case of kind `wrap`; bytes that are not UTF-8 become U+FFFD.
impl Serialize for WrapperScript {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("WrapperScript", 3)?;
        out.serialize_field("file_name", &String::from_utf8_lossy(&self.file_name))?;
        out.serialize_field("contents", &String::from_utf8_lossy(&self.contents))?;
        out.serialize_field("mode", &format!("{:04o}", Self::MODE))?;
        out.end()
    }
}

fn contents<A: AsRef<[u8]>>(path: &[u8], args: &[A]) -> Vec<u8> {
    let args: Vec<&[u8]> = args.iter().map(AsRef::as_ref).collect();
    [b"#!/bin/sh\n", path, b" ", &args.join(&b' '), b" $@\n"].concat()
}

fn suffix(contents: &[u8]) -> String {
    DISEMVOWELED.encode(&Sha256::digest(contents))
}
