use std::sync::Arc;

use crate::source::Span;
use crate::table::{Effect, RuleId};

/// The answer to "would the original accept this?".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// Yes.
    Allow,
    /// No: a deny rule fires, whatever the facts that nobody told.
    Deny,
    /// It depends on facts that nobody told: [`Decision::needs`]. Not to be taken for [`Verdict::Allow`].
    Undecided,
}

impl Verdict {
    /// `allow`, `deny` or `undecided`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::Undecided => "undecided",
        }
    }
}

/// A place in the document that a finding talks about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The place in the judged text.
    pub span: Span,
    /// A few words for the place; may be empty.
    pub text: String,
}

/// One rule that fired for one element of the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule.
    pub rule: RuleId,
    /// What it does.
    pub effect: Effect,
    /// JSON Pointer (RFC 6901) of the place; empty for the whole document.
    pub path: String,
    /// As the original prints it, or as the rule says it where the original says nothing.
    pub message: String,
    /// Why this matters, for a person.
    pub why: Arc<str>,
    /// What to do about it.
    pub help: Arc<str>,
    /// The place itself; `None` if the document has no such place (something is missing altogether).
    pub primary: Option<Label>,
    /// Other places involved.
    pub related: Vec<Label>,
}

/// What the rules say of one document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The answer.
    pub verdict: Verdict,
    /// Rules that fired, in the order stage, instance, row: the first deny is what the original prints.
    pub findings: Vec<Finding>,
    /// Host facts that the answer depends on, sorted; empty unless the verdict is undecided.
    pub needs: Vec<String>,
    /// Other messages that the original may print first, because Go's map order is random.
    pub alternatives: Vec<String>,
    /// What each rule did, in the order in which they were judged; empty unless a trace was asked for.
    pub trace: Vec<RuleTrace>,
}

/// What one rule did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleTrace {
    /// The rule.
    pub rule: RuleId,
    /// How often it was judged: once for each element of its loops.
    pub judged: usize,
    /// How often it fired.
    pub fired: usize,
    /// How often that depended on a fact nobody told.
    pub unknown: usize,
    /// For each test of the condition ([`Cond::atoms`](crate::table::Cond::atoms)) how often it decided the outcome; empty
    /// unless coverage was asked for.
    pub seen: Vec<Seen>,
}

/// How often a test decided the outcome of a condition: had it come out otherwise, the condition would have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// By holding.
    pub held: usize,
    /// By not holding.
    pub failed: usize,
}

impl Seen {
    /// Whether it decided both ways.
    #[must_use]
    pub fn is_both(self) -> bool {
        self.held > 0 && self.failed > 0
    }
}

impl Decision {
    /// Nothing fired.
    pub(super) fn allow() -> Self {
        Self {
            verdict: Verdict::Allow,
            findings: Vec::new(),
            needs: Vec::new(),
            alternatives: Vec::new(),
            trace: Vec::new(),
        }
    }

    /// What the original prints first when it refuses.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.findings.iter().find(|f| f.effect == Effect::Deny).map(|f| f.message.as_str())
    }

    /// The warnings, in order.
    pub fn warnings(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|f| f.effect == Effect::Warn)
    }
}
