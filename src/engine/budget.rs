/// How much work one judgement may cost. Past a limit the outcome is [`OverBudget`], never "allow".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Bytes of the document. Default 16 MiB: four times what dockerd hands to an authorization plugin
    /// (4 MiB, moby `pkg/authorization`), and far above any daemon.json ever seen.
    pub bytes: usize,
    /// Nesting of JSON values. Default 10,000, Go's own limit (`encoding/json` scanner, `maxNestingDepth`).
    pub depth: usize,
    /// Values decoded: slots and nodes. Default 4 million, so that memory stays under about 500 MiB.
    pub nodes: usize,
    /// Instances of rules: one rule judged once for one element. Default 16 million.
    pub instances: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { bytes: 16 << 20, depth: 10_000, nodes: 4 << 20, instances: 16 << 20 }
    }
}

/// A limit of the [`Budget`] was passed: the document was not judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("over budget: {what} {found} exceeds the limit of {limit}")]
pub struct OverBudget {
    /// Which limit, in words: "document size in bytes", "values", "rule instances".
    pub what: &'static str,
    /// What was found, at least.
    pub found: usize,
    /// The limit.
    pub limit: usize,
}
