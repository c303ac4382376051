//! What a run of `check` has to say, and its renderings: each a pure function from a [`Report`] to text.

#[cfg(feature = "prove")]
mod diff;
#[cfg(feature = "cli")]
mod excerpt;
#[cfg(feature = "cli")]
mod human;
mod json;
mod lifecycle;
#[cfg(feature = "prove")]
mod prove;
mod resolve;
#[cfg(all(test, feature = "cli"))]
mod tests;
mod text;
mod wrap;

#[cfg(feature = "prove")]
pub use diff::{
    Sides, daemon_diff_human, daemon_diff_json, diff_human, diff_json, faults_human, faults_json,
};
#[cfg(feature = "cli")]
pub use human::{Human, problems};
pub use json::json;
pub use lifecycle::{
    StepReport, flow_human, flow_json, flows_human, flows_json, machines_dot, machines_json,
    machines_mermaid, machines_table, plan_human, plan_json, step_human, step_json,
};
#[cfg(feature = "prove")]
pub use prove::{NOT_PROVED, Proved, prove_human, prove_json};
pub use resolve::{ResolveReport, resolve_dot, resolve_human, resolve_json, resolve_mermaid};
pub use wrap::{Plan, PlannedScript, Progress, wrap_human, wrap_json};

use crate::engine::{Decision, Verdict};
use crate::subject::Kind;
use crate::table::Effect;

/// Everything that was judged in one run.
#[derive(Clone, Debug)]
pub struct Report {
    /// The version of the original that was judged for.
    pub profile: String,
    /// Files in the order they were given.
    pub files: Vec<FileReport>,
}

/// One document and what came of it.
#[derive(Clone, Debug)]
pub struct FileReport {
    /// As the user named it.
    pub path: String,
    /// What it was judged as; `None` if it was not read that far.
    pub kind: Option<KindGuess>,
    /// The version that it was judged for, if that is not the report's: another program's.
    pub profile: Option<String>,
    /// The text that the spans of the decision speak of; may be empty if there are none.
    pub source: Vec<u8>,
    /// The decision, or why there is none.
    pub result: Result<Decision, Failure>,
    /// What the document comes to, if that was asked for: the `resolved` of the case format.
    pub resolved: Option<serde_json::Value>,
}

/// A kind, and how it was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KindGuess {
    /// The kind.
    pub kind: Kind,
    /// How it was found.
    pub because: Because,
}

/// How the kind of a document was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Because {
    /// The user said so.
    Told,
    /// It has this key at its top level.
    Key(&'static str),
    /// The file is called as such files are.
    FileName,
    /// Nothing said otherwise.
    Default,
}

impl Because {
    /// `told`, `key`, `file-name` or `default`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Told => "told",
            Self::Key(_) => "key",
            Self::FileName => "file-name",
            Self::Default => "default",
        }
    }
}

/// Why a document was not judged, and the way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What is wrong.
    pub message: String,
    /// What to do about it; may be empty.
    pub help: String,
}

/// How many of what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Summary {
    /// Documents.
    pub files: usize,
    /// Accepted.
    pub allowed: usize,
    /// Denied.
    pub denied: usize,
    /// Undecided.
    pub undecided: usize,
    /// Not judged.
    pub failed: usize,
    /// Findings that deny.
    pub errors: usize,
    /// Findings that warn.
    pub warnings: usize,
}

impl Report {
    /// The versions that its files were judged for, each once.
    #[must_use]
    pub fn profiles(&self) -> Vec<&str> {
        let mut profiles = Vec::new();
        for file in &self.files {
            let profile = file.profile.as_deref().unwrap_or(&self.profile);
            if !profiles.contains(&profile) {
                profiles.push(profile);
            }
        }
        if profiles.is_empty() {
            profiles.push(&self.profile);
        }
        profiles
    }

    /// Counts verdicts and findings.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let mut summary = Summary { files: self.files.len(), ..Summary::default() };
        for file in &self.files {
            let Ok(decision) = &file.result else {
                summary.failed += 1;
                continue;
            };
            match decision.verdict {
                Verdict::Allow => summary.allowed += 1,
                Verdict::Deny => summary.denied += 1,
                Verdict::Undecided => summary.undecided += 1,
            }
            summary.errors += decision.findings.iter().filter(|f| f.effect == Effect::Deny).count();
            summary.warnings += decision.warnings().count();
        }
        summary
    }
}
