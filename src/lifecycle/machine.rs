use std::fmt;
use std::sync::Arc;

use super::guard::{Guard, Name};
use crate::source::Span;
use crate::table::{Evidence, RuleId};

/// A state machine, loaded and checked: every state and operation has exactly one row, whatever is hidden.
#[derive(Clone, Debug)]
pub struct Machine {
    /// Its name in questions.
    pub id: String,
    /// What it is, in a few words.
    pub title: String,
    /// The program whose versions it speaks of.
    pub line: String,
    /// The first profile that has it.
    pub since: String,
    /// Where the original does it.
    pub source: String,
    /// The state of a new process, by number.
    pub(super) fresh: usize,
    /// The state of a process that is to be restored from a checkpoint.
    pub(super) restored: usize,
    pub(super) states: Vec<State>,
    pub(super) variables: Vec<Variable>,
    pub(super) calls: Vec<Call>,
    pub(super) crashes: Vec<Crash>,
    pub(super) operations: Vec<Operation>,
}

/// A state.
#[derive(Clone, Debug)]
pub struct State {
    /// Its name.
    pub name: String,
    /// What it means.
    pub doc: String,
}

/// Something that rows depend on beside state and operation.
#[derive(Clone, Debug)]
pub struct Variable {
    /// Its name, in rows and in questions.
    pub name: String,
    /// What it means.
    pub doc: String,
    /// What it can be.
    pub kind: VariableKind,
    /// Whether it is part of the process, and goes on from step to step; else it is told with each step.
    pub hidden: bool,
    /// For a new process, or if it is not told.
    pub fresh: Value,
    /// For a question about one step in a state, where that differs; by number of the state.
    pub(super) in_state: Vec<(usize, Value)>,
}

/// What a variable can be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VariableKind {
    /// True or false.
    Bool,
    /// One of these.
    Names(Vec<String>),
    /// Any text, or none.
    Text,
}

/// What a variable is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// True or false.
    Bool(bool),
    /// A text, or that there is none.
    Text(Option<String>),
}

impl Value {
    /// The text; empty if there is none.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Text(Some(text)) => text,
            _ => "",
        }
    }
}

/// A call that can fail: of the OCI runtime, or of the kernel.
#[derive(Clone, Debug)]
pub struct Call {
    /// Its name in the table.
    pub name: String,
    /// What is called.
    pub runs: String,
    /// The variable that tells how it fails.
    pub(super) error: usize,
    /// The table of errors, by number.
    pub(super) errors: usize,
    /// What the errors call it.
    pub operation: String,
    /// What is put before each message.
    pub prefix: String,
}

/// A step that makes the original panic.
#[derive(Clone, Debug)]
pub struct Crash {
    /// Its name, for ever.
    pub id: RuleId,
    /// What is wrong, in a few words.
    pub title: String,
    /// What Go prints.
    pub message: String,
    /// Why it matters.
    pub why: Arc<str>,
    /// What to do about it.
    pub help: Arc<str>,
    /// How it is known.
    pub evidence: Evidence,
}

/// An operation.
#[derive(Clone, Debug)]
pub struct Operation {
    /// Its name.
    pub name: String,
    /// What it does.
    pub doc: String,
    /// How.
    pub way: Way,
    /// Where it stands in its table.
    pub span: Span,
}

/// How an operation is done.
#[derive(Clone, Debug)]
pub enum Way {
    /// By rows of its own: those of each state, in the order of the states.
    Rows(Vec<Vec<Arc<Row>>>),
    /// As another operation of this machine (by number), with these variables for this one step.
    As(usize, Vec<(usize, Value)>),
    /// As an operation of another machine (both by number), whose state is in this variable.
    On {
        /// The machine, by number.
        machine: usize,
        /// Its operation, by number.
        operation: usize,
        /// The variable that holds its state.
        variable: usize,
    },
}

/// What is done for one operation in one state.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its name, for ever.
    pub id: RuleId,
    /// When it speaks, as text; empty: always.
    pub when_text: String,
    /// When it speaks.
    pub when: Guard,
    /// What it does.
    pub kind: RowKind,
    /// Why the operation is refused where it is.
    pub why: Arc<str>,
    /// What to do instead.
    pub help: Arc<str>,
    /// How it is known.
    pub evidence: Evidence,
    /// Where it stands in its table.
    pub span: Span,
}

impl Row {
    /// A refusal for a cell without rows, which the loader does not let through.
    pub(super) fn nothing() -> Arc<Self> {
        Arc::new(Self {
            id: RuleId("LI000".into()),
            when_text: String::new(),
            when: Guard::Const(true),
            kind: RowKind::Refuse { message: "no row speaks of this".to_owned(), class: None },
            why: "".into(),
            help: "".into(),
            evidence: Evidence::Read,
            span: Span::default(),
        })
    }
}

/// What a row does.
#[derive(Clone, Debug)]
pub enum RowKind {
    /// The operation is refused, and nothing changes.
    Refuse {
        /// What the caller is told.
        message: String,
        /// The class of the error.
        class: Option<Class>,
    },
    /// The original panics; by number of the crash.
    Crash(usize),
    /// The operation is done.
    Go {
        /// What is called first, by number.
        call: Option<usize>,
        /// The next state, by number; none: it stays.
        next: Option<usize>,
        /// Hidden variables that change.
        set: Vec<(usize, Value)>,
        /// What the caller is answered.
        status: Option<String>,
        /// What happens if the call fails.
        failure: Failure,
    },
}

/// What a failing call does. Unless it is ignored, the caller is told, and state and status are as if nothing had been asked.
#[derive(Clone, Debug, Default)]
pub struct Failure {
    /// Hidden variables that change.
    pub(super) set: Vec<(usize, Value)>,
    /// The original panics; by number of the crash.
    pub(super) crash: Option<usize>,
    /// The step goes on all the same: what becomes of the error instead.
    pub ignored: Option<String>,
}

/// The class of an error, as containerd's API tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// `errdefs.ErrNotFound`
    NotFound,
    /// `errdefs.ErrFailedPrecondition`
    FailedPrecondition,
}

impl Class {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::NotFound, Self::FailedPrecondition];

    /// Its name in questions and answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotFound => "NotFound",
            Self::FailedPrecondition => "FailedPrecondition",
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Machine {
    /// The states, in the order of the table.
    #[must_use]
    pub fn states(&self) -> &[State] {
        &self.states
    }

    /// The operations, in the order of the table.
    #[must_use]
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// What rows depend on beside state and operation.
    #[must_use]
    pub fn variables(&self) -> &[Variable] {
        &self.variables
    }

    /// The calls that steps make.
    #[must_use]
    pub fn calls(&self) -> &[Call] {
        &self.calls
    }

    /// The steps that make the original panic.
    #[must_use]
    pub fn crashes(&self) -> &[Crash] {
        &self.crashes
    }

    /// The name of a new process's state, or of one that is to be restored.
    #[must_use]
    pub fn first_state(&self, checkpoint: bool) -> &str {
        self.state_name(if checkpoint { self.restored } else { self.fresh })
    }

    pub(super) fn state_name(&self, number: usize) -> &str {
        self.states.get(number).map_or("", |state| state.name.as_str())
    }

    pub(super) fn state_number(&self, name: &str) -> Option<usize> {
        self.states.iter().position(|state| state.name == name)
    }

    pub(super) fn operation_number(&self, name: &str) -> Option<usize> {
        self.operations.iter().position(|operation| operation.name == name)
    }

    pub(super) fn variable_number(&self, name: &str) -> Option<usize> {
        self.variables.iter().position(|variable| variable.name == name)
    }

    /// The rows of an operation in a state, both by number; those of another operation if it is done as that one is.
    #[must_use]
    pub fn cell(&self, state: usize, operation: usize) -> &[Arc<Row>] {
        match self.operations.get(operation).map(|operation| &operation.way) {
            Some(Way::Rows(cells)) => cells.get(state).map_or(&[], Vec::as_slice),
            // The loader lets an operation stand for one with rows of its own only.
            Some(Way::As(other, _)) => match self.operations.get(*other).map(|operation| &operation.way) {
                Some(Way::Rows(cells)) => cells.get(state).map_or(&[], Vec::as_slice),
                _ => &[],
            },
            _ => &[],
        }
    }

    /// Each row once, in the order of the table.
    pub fn rows(&self) -> impl Iterator<Item = (&Operation, &Row)> {
        let mut seen = std::collections::BTreeSet::new();
        self.operations
            .iter()
            .flat_map(|operation| {
                let cells: &[Vec<Arc<Row>>] = match &operation.way {
                    Way::Rows(cells) => cells,
                    _ => &[],
                };
                cells.iter().flatten().map(move |row| (operation, row.as_ref()))
            })
            .filter(move |(_, row)| seen.insert(row.id.clone()))
    }
}

/// Variables as conditions name them.
pub(super) fn names(variables: &[Variable]) -> Vec<Name<'_>> {
    variables.iter().map(|variable| (variable.name.as_str(), &variable.kind)).collect()
}
