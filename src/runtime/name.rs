use std::fmt;

use serde::ser::{Serialize, Serializer};

use super::stock::Generation;

/// The name of a runtime as a client gives it: any bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuntimeName<'n>(pub &'n [u8]);

impl<'n> RuntimeName<'n> {
    /// Whether moby passes a name that it does not know on to containerd (`isPermissibleC8dRuntimeName`).
    ///
    /// This describes; what *decides* is the predicate `permissible` of the rule tables. Nothing but slashes and dots
    /// counts: NUL, newlines and bytes that are not UTF-8 pass.
    ///
    /// ```
    /// use plimsoll::runtime::{Generation, RuntimeName};
    /// assert!(RuntimeName(b"io.containerd.kata.v2").is_permissible(Generation::Reloadable));
    /// assert!(!RuntimeName(b".a.b").is_permissible(Generation::Reloadable));
    /// assert!(RuntimeName(b".a.b").is_permissible(Generation::First));
    /// assert!(!RuntimeName(b"/usr/bin/shim.v2").is_permissible(Generation::First));
    /// ```
    #[must_use]
    pub fn is_permissible(self, generation: Generation) -> bool {
        let leading_dot = self.0.starts_with(b".");
        self.shim_binary().is_some() && (generation == Generation::First || !leading_dot)
    }

    /// The shim that containerd looks for on its PATH (`shim.BinaryName`); `None` for a name that is a path or has no dot.
    ///
    /// Names that end alike share a shim: `evil.runc.v2` runs containerd's own.
    #[must_use]
    pub fn shim_binary(self) -> Option<ShimBinary> {
        if self.0.contains(&b'/') {
            return None;
        }
        let mut parts = self.0.rsplit(|b| *b == b'.');
        let (version, name) = (parts.next()?, parts.next()?);
        Some(ShimBinary([b"containerd-shim-", name, b"-", version].concat()))
    }

    /// The name.
    #[must_use]
    pub fn as_bytes(self) -> &'n [u8] {
        self.0
    }
}

/// File name of a shim: `containerd-shim-<a>-<b>` from the last two parts of a runtime name. It has no slash.
///
/// ```
/// use plimsoll::runtime::RuntimeName;
/// let shim = |name| RuntimeName(name).shim_binary().map(|shim| shim.to_string());
/// assert_eq!(shim(b"io.containerd.runc.v2").as_deref(), Some("containerd-shim-runc-v2"));
/// // Two dashes; the comment in moby's source says three.
/// assert_eq!(shim(b"a..").as_deref(), Some("containerd-shim--"));
/// assert_eq!(shim(b"runc"), None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShimBinary(Vec<u8>);

impl ShimBinary {
    /// The file name.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Bytes that are not UTF-8 become U+FFFD.
impl fmt::Display for ShimBinary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.0))
    }
}

/// As displayed.
impl Serialize for ShimBinary {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every string over `a . / -` of up to six characters.
    fn all_names() -> Vec<Vec<u8>> {
        let mut names: Vec<Vec<u8>> = vec![Vec::new()];
        let mut longest = names.clone();
        for _ in 0..6 {
            longest = longest
                .iter()
                .flat_map(|name| b"a./-".iter().map(move |b| [name.as_slice(), &[*b]].concat()))
                .collect();
            names.extend_from_slice(&longest);
        }
        names
    }

    #[test]
    fn every_short_name_is_judged_by_the_definition() {
        let names = all_names();
        assert_eq!(names.len(), 5461);
        for name in &names {
            let text = std::str::from_utf8(name).unwrap();
            let parts: Vec<&str> = text.split('.').collect();
            let binary = (parts.len() >= 2 && !text.contains('/'))
                .then(|| format!("containerd-shim-{}-{}", parts[parts.len() - 2], parts[parts.len() - 1]));

            let name = RuntimeName(name);
            assert_eq!(name.shim_binary().map(|b| b.to_string()), binary, "{text}");
            assert_eq!(name.is_permissible(Generation::First), binary.is_some(), "{text}");
            assert_eq!(
                name.is_permissible(Generation::Reloadable),
                binary.is_some() && !text.starts_with('.'),
                "{text}"
            );
            assert!(name.shim_binary().is_none_or(|b| !b.as_bytes().contains(&b'/')), "{text}");
        }
    }

    #[test]
    fn bytes_do_not_matter() {
        for name in [&b"a.\xff"[..], b"\0.b", b"a\n.b", b"a b.c d", "\u{2024}.".as_bytes(), &[b'.'; 65536]] {
            assert!(RuntimeName(name).is_permissible(Generation::First));
        }
    }
}
