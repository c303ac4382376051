//! Flows: ordered steps, what each acquires, and what undoes it when a later one fails.
//!
//! What a flow does when a step fails is a function of its table: [`Flow::plan`]. That nothing which was acquired stays
//! behind but what the table lists as a leak of the original is checked when the table is loaded, for every step and
//! everything the flow depends on.

mod load;
mod plan;

use std::sync::Arc;

pub use plan::{Action, ActionKind, Left, Plan};

use super::guard::Guard;
use super::machine::Variable;
use crate::schema::Problem;
use crate::source::Span;
use crate::table::{CatalogError, Evidence, RuleId, TableError};

/// A flow, loaded and checked.
#[derive(Clone, Debug)]
pub struct Flow {
    /// Its name.
    pub id: String,
    /// What it is, in a few words.
    pub title: String,
    /// What a reader should know first.
    pub doc: String,
    /// The program whose versions it speaks of.
    pub line: String,
    /// The first profile that has it.
    pub since: String,
    /// Where the original does it.
    pub source: String,
    /// What it depends on.
    pub variables: Vec<Variable>,
    /// What can be acquired.
    pub resources: Vec<Resource>,
    /// What is there already when it begins, by number.
    pub(super) holds: Vec<usize>,
    /// What the caller has if it is done, by number.
    pub(super) result: Vec<usize>,
    pub(super) steps: Vec<FlowStep>,
    pub(super) undos: Vec<Undo>,
    pub(super) leaks: Vec<Leak>,
}

/// Something that is acquired and must go again.
#[derive(Clone, Debug)]
pub struct Resource {
    /// Its name.
    pub name: String,
    /// What it is.
    pub doc: String,
}

/// One step of a flow.
#[derive(Clone, Debug)]
pub struct FlowStep {
    /// Its name.
    pub id: String,
    /// What is done.
    pub does: String,
    /// When it is done, as text; empty: always.
    pub when_text: String,
    pub(super) when: Guard,
    pub(super) acquires: Vec<usize>,
    pub(super) releases: Vec<usize>,
    /// What is there even if the step fails.
    pub(super) partial: Vec<usize>,
    /// What the caller is told if it fails; none: nothing.
    pub error: Option<String>,
    /// If it fails, the steps after it are done all the same.
    pub goes_on: bool,
    /// It cannot fail.
    pub sure: bool,
    /// What the caller is not told of a failure.
    pub swallows: Option<String>,
    /// How it is known.
    pub evidence: Evidence,
    pub(super) span: Span,
}

/// What undoes something.
#[derive(Clone, Debug)]
pub struct Undo {
    /// Its name.
    pub id: String,
    /// What is done.
    pub does: String,
    /// When it is done, as text; empty: always.
    pub when_text: String,
    pub(super) when: Guard,
    /// The step that puts it off to the end (Go's `defer`); none: it is done where a step fails.
    pub(super) armed: Option<usize>,
    /// Only if one of these steps fails, by number; empty: whichever does.
    pub(super) failing: Vec<usize>,
    /// Also if no step fails.
    pub always: bool,
    pub(super) releases: Vec<usize>,
    /// What the caller is not told of its own failure.
    pub swallows: Option<String>,
}

/// What the original leaves behind.
#[derive(Clone, Debug)]
pub struct Leak {
    /// Its name, for ever.
    pub id: RuleId,
    /// What stays, in a few words.
    pub title: String,
    pub(super) resource: usize,
    /// If one of these steps fails, by number; `None`: if none does.
    pub(super) failing: Vec<Option<usize>>,
    /// When, as text; empty: always.
    pub when_text: String,
    pub(super) when: Guard,
    /// Why it matters.
    pub why: Arc<str>,
    /// What to do about it.
    pub help: Arc<str>,
    /// Where the original does it.
    pub source: String,
    /// How that is known.
    pub evidence: Evidence,
    pub(super) span: Span,
}

const FLOWS: [(&str, &str); 8] = [
    ("spec/flows/container-create.toml", include_str!("../../../spec/flows/container-create.toml")),
    ("spec/flows/task-start-up.toml", include_str!("../../../spec/flows/task-start-up.toml")),
    ("spec/flows/task-create.toml", include_str!("../../../spec/flows/task-create.toml")),
    ("spec/flows/task-delete.toml", include_str!("../../../spec/flows/task-delete.toml")),
    ("spec/flows/shim-create.toml", include_str!("../../../spec/flows/shim-create.toml")),
    ("spec/flows/shim-restore.toml", include_str!("../../../spec/flows/shim-restore.toml")),
    ("spec/flows/shim-checkpoint.toml", include_str!("../../../spec/flows/shim-checkpoint.toml")),
    ("spec/flows/shim-delete.toml", include_str!("../../../spec/flows/shim-delete.toml")),
];

impl Flow {
    /// The flows that the crate carries.
    ///
    /// # Errors
    /// None in a released crate: a test loads them.
    pub fn builtin() -> Result<Vec<Self>, CatalogError> {
        Self::parse(&FLOWS)
    }

    /// The same with other texts for some of them: `other` is asked for each by its name, `spec/flows/task-create.toml`.
    ///
    /// # Errors
    /// As [`Flow::parse`].
    pub fn builtin_with(other: &dyn Fn(&str) -> Option<String>) -> Result<Vec<Self>, CatalogError> {
        let texts = FLOWS.map(|(name, text)| (name, other(name).unwrap_or_else(|| text.to_owned())));
        let texts: Vec<(&str, &str)> = texts.iter().map(|(name, text)| (*name, text.as_str())).collect();
        Self::parse(&texts)
    }

    /// Flows from texts, each with its name.
    ///
    /// # Errors
    /// All problems of all texts, each with its place: among them everything that would stay behind and is not listed.
    pub fn parse(texts: &[(&str, &str)]) -> Result<Vec<Self>, CatalogError> {
        let (mut flows, mut errors, mut ids) = (Vec::new(), Vec::new(), Vec::new());
        for (name, text) in texts {
            let mut problems: Vec<Problem> = Vec::new();
            flows.extend(load::flow(text, &mut ids, &mut problems));
            if !problems.is_empty() {
                problems.sort();
                problems.dedup();
                errors.push(TableError { name: (*name).to_owned(), text: (*text).to_owned(), problems });
            }
        }
        if errors.is_empty() { Ok(flows) } else { Err(CatalogError { errors }) }
    }

    /// Its steps, in order.
    #[must_use]
    pub fn steps(&self) -> &[FlowStep] {
        &self.steps
    }

    /// What undoes them.
    #[must_use]
    pub fn undos(&self) -> &[Undo] {
        &self.undos
    }

    /// What the original leaves behind.
    #[must_use]
    pub fn leaks(&self) -> &[Leak] {
        &self.leaks
    }

    /// Resources by their numbers: their names.
    pub(super) fn names(&self, numbers: &[usize]) -> Vec<String> {
        let resources = numbers.iter().filter_map(|number| self.resources.get(*number));
        resources.map(|resource| resource.name.clone()).collect()
    }

    /// What is there already when it begins.
    #[must_use]
    pub fn held(&self) -> Vec<String> {
        self.names(&self.holds)
    }

    /// What a step acquires.
    #[must_use]
    pub fn acquired_by(&self, step: &FlowStep) -> Vec<String> {
        self.names(&step.acquires)
    }

    /// What a step releases.
    #[must_use]
    pub fn released_by(&self, step: &FlowStep) -> Vec<String> {
        self.names(&step.releases)
    }

    /// The step that an undoing waits for, and the steps whose failure it is for; both may be none.
    #[must_use]
    pub fn waits(&self, undo: &Undo) -> (Option<&str>, Vec<&str>) {
        let name = |number: &usize| self.steps.get(*number).map(|step| step.id.as_str());
        (undo.armed.as_ref().and_then(name), undo.failing.iter().filter_map(name).collect())
    }

    /// What an undoing releases.
    #[must_use]
    pub fn undone_by(&self, undo: &Undo) -> Vec<String> {
        self.names(&undo.releases)
    }

    /// What stays by a leak, and the steps whose failure it is for; `none` for a flow that is done.
    #[must_use]
    pub fn stays(&self, leak: &Leak) -> (String, Vec<&str>) {
        let name = |number: &Option<usize>| match number {
            None => "none",
            Some(number) => self.steps.get(*number).map_or("", |step| step.id.as_str()),
        };
        let resource = self.resources.get(leak.resource).map_or_else(String::new, |r| r.name.clone());
        (resource, leak.failing.iter().map(name).collect())
    }
}
