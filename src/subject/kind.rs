use std::fmt;
use std::str::FromStr;

/// The kinds of document, as the case format names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The name of a runtime, as a container asks for it.
    Name,
    /// A daemon.json.
    Daemon,
    /// A container-create body.
    Create,
    /// An OCI config.json.
    Spec,
    /// A wrapper script.
    Wrap,
    /// A wrapper script that plimsoll itself is about to write.
    Write,
    /// A step or trace of the shim's processes.
    Lifecycle,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Name, Self::Daemon, Self::Create, Self::Spec, Self::Wrap, Self::Write, Self::Lifecycle];

    /// As the case format writes it; also the id of the subject.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Daemon => "daemon",
            Self::Create => "create",
            Self::Spec => "spec",
            Self::Wrap => "wrap",
            Self::Write => "write",
            Self::Lifecycle => "lifecycle",
        }
    }
}

#[cfg(test)]
#[test]
fn kinds_are_numbered_as_they_are_listed() {
    assert!(Kind::ALL.iter().enumerate().all(|(place, kind)| *kind as usize == place));
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// No kind has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown kind `{0}` (there are: name, daemon, create, spec, wrap, write, lifecycle)")]
pub struct UnknownKind(pub String);

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|k| k.as_str() == text).ok_or_else(|| UnknownKind(text.to_owned()))
    }
}
