/// What one document may cost to read.
///
/// A judgement's budget hands its shares of bytes, depth and nodes down to here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the text. Default 16 MiB.
    pub bytes: usize,
    /// Nesting of JSON values. Default 10,000, where Go itself refuses (`encoding/json`, `maxNestingDepth`).
    pub depth: usize,
    /// Values kept: slots and nodes. Default 4 million.
    pub nodes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 16 << 20, depth: 10_000, nodes: 4 << 20 }
    }
}

/// A limit was passed: the document was not read, and nothing may be concluded from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("over budget: {what} {found} exceeds the limit of {limit}")]
pub struct OverLimit {
    /// Which limit, in words.
    pub what: &'static str,
    /// What was found, at least.
    pub found: usize,
    /// The limit.
    pub limit: usize,
}

impl Limits {
    pub(crate) fn check_bytes(&self, found: usize) -> Result<(), OverLimit> {
        over("document size in bytes", found, self.bytes)
    }

    pub(crate) fn check_depth(&self, found: usize) -> Result<(), OverLimit> {
        over("nesting depth", found, self.depth)
    }

    #[inline]
    pub(crate) fn check_nodes(&self, found: usize) -> Result<(), OverLimit> {
        over("values", found, self.nodes)
    }
}

fn over(what: &'static str, found: usize, limit: usize) -> Result<(), OverLimit> {
    if found > limit { Err(OverLimit { what, found, limit }) } else { Ok(()) }
}
