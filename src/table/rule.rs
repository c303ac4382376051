use std::fmt;
use std::sync::Arc;

use super::message::Message;
use super::profile::Profiles;
use super::typed::{Cond, Operand, Place};
use crate::source::Span;

/// The name of a rule: two or three capital letters and three digits, never reused.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleId(pub(crate) Arc<str>);

impl RuleId {
    /// An id from its text, if it is well formed.
    pub(crate) fn new(text: &str) -> Option<Self> {
        let letters = text.bytes().take_while(u8::is_ascii_uppercase).count();
        let digits = text.bytes().skip(letters).filter(u8::is_ascii_digit).count();
        let well_formed = (2..=3).contains(&letters) && digits == 3 && text.len() == letters + digits;
        well_formed.then(|| Self(text.into()))
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// What a rule does when it fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// The original refuses the document, cannot decode it, or crashes on it.
    Deny,
    /// The original accepts it; a person should look.
    Warn,
    /// No finding: later rules see changed values, as later code of the original does.
    Set,
}

impl Effect {
    /// `deny`, `warn` or `set`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deny => "deny",
            Self::Warn => "warn",
            Self::Set => "set",
        }
    }
}

/// How it is known what the original does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// The running original was asked.
    Recorded,
    /// Its source was read.
    Read,
}

impl Evidence {
    /// `recorded` or `read`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Recorded => "recorded",
            Self::Read => "read",
        }
    }
}

/// A document on which a rule fires, or does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// The document.
    pub doc: Vec<u8>,
    /// The daemon.json that a name or a create request is judged against.
    pub daemon: Option<Vec<u8>>,
    /// The configuration of the image of a create request.
    pub image: Option<Vec<u8>>,
    /// What the HTTP request around a create body says.
    pub request: Option<Vec<u8>>,
    /// Host facts, as JSON.
    pub host: Option<Vec<u8>>,
    /// What the runtime of a config.json printed when it was asked for its features.
    pub features: Option<Vec<u8>>,
    /// How that ended, as JSON; only together with `features`.
    pub answer: Option<Vec<u8>>,
    /// The profile it is for; if none, every one that has the rule.
    pub profile: Option<String>,
    /// Where it stands in the table.
    pub span: Span,
}

/// One loop of an `each`.
#[derive(Clone, Debug)]
pub struct Loop {
    /// The variable of the key, over a map.
    pub key: Option<String>,
    /// The variable of the element or value.
    pub value: String,
    /// What is gone through.
    pub source: Place,
}

/// What a `set` changes.
#[derive(Clone, Debug)]
pub struct Assignment {
    /// A scalar field of the document or of a loop's element.
    pub target: Place,
    /// A constant or another field.
    pub value: Operand,
}

/// A place that a finding underlines, and what it says there.
#[derive(Clone, Debug)]
pub struct LabelRule {
    /// The place.
    pub place: Place,
    /// A few words; may be empty.
    pub text: String,
}

/// One row of a table, checked.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its name, for ever.
    pub id: RuleId,
    /// What is wrong, in a few words.
    pub title: Arc<str>,
    /// The id of its table.
    pub table: Arc<str>,
    /// What it judges.
    pub subject: Arc<str>,
    /// The program whose versions it speaks of.
    pub line: Arc<str>,
    /// First profile that has it; the first of all if none.
    pub since: Option<Arc<str>>,
    /// First profile that has it no longer.
    pub until: Option<Arc<str>>,
    /// Its place among the loops of the original.
    pub stage: i64,
    /// Its place in its table.
    pub row: usize,
    /// What it does.
    pub effect: Effect,
    /// The loops as text; empty if it is judged once.
    pub each_text: Arc<str>,
    /// The loops.
    pub each: Vec<Loop>,
    /// The condition as text.
    pub when_text: Arc<str>,
    /// The condition.
    pub when: Cond,
    /// What is changed.
    pub set: Vec<Assignment>,
    /// The message as text.
    pub message_text: Arc<str>,
    /// The message.
    pub message: Message,
    /// The place that is underlined.
    pub at: Option<LabelRule>,
    /// Other places involved.
    pub also: Vec<LabelRule>,
    /// Why it matters.
    pub why: Arc<str>,
    /// What to do about it.
    pub help: Arc<str>,
    /// Where the original does it.
    pub source: Arc<str>,
    /// How that is known.
    pub evidence: Evidence,
    /// Names others give it: CWE, CIS, CVE, `crash`.
    pub tags: Vec<Arc<str>>,
    /// When it fires, later stages are not judged: the original has nothing left to judge.
    pub halt: bool,
    /// Documents on which it fires.
    pub bad: Vec<Example>,
    /// Documents on which it does not.
    pub good: Vec<Example>,
    /// Where the row stands in its table.
    pub span: Span,
}

impl Rule {
    /// Whether a profile has this rule.
    #[must_use]
    pub fn holds_in(&self, profiles: &Profiles, profile: &str) -> bool {
        profiles.get(profile).is_some_and(|p| p.line == *self.line)
            && self.since.as_deref().is_none_or(|since| profiles.at_least(profile, since))
            && !self.until.as_deref().is_some_and(|until| profiles.at_least(profile, until))
    }
}
