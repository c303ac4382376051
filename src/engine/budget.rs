use crate::facts::Limits;
pub use crate::facts::OverLimit as OverBudget;

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
        let Limits { bytes, depth, nodes } = Limits::default();
        Self { bytes, depth, nodes, instances: 16 << 20 }
    }
}

impl Budget {
    /// The part that reading a document draws on.
    #[must_use]
    pub fn limits(&self) -> Limits {
        Limits { bytes: self.bytes, depth: self.depth, nodes: self.nodes }
    }
}
