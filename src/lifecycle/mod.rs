//! The life of a container: the shim's processes as state machines, and the flows that make and unmake containers.
//!
//! Everything that decides is in `spec/lifecycle` and `spec/flows`, as tables: a machine is a row for each state and
//! operation, a flow a list of steps with what each acquires and what undoes it. This module loads the tables, checks them
//! completely, and follows them: [`Process::step`] and [`Flow::plan`] are total functions.

mod document;
mod errors;
mod flow;
mod guard;
mod load;
mod machine;
mod moves;
mod rows;
mod step;

use std::sync::Arc;

pub use document::{DocumentError, Judged, JudgedStep};
pub use errors::{ErrorRow, ErrorTable};
pub use flow::{Action, ActionKind, Flow, FlowStep, Leak, Left, Plan, Resource, Undo};
pub use guard::Guard;
pub use machine::{
    Call, Class, Crash, Failure, Machine, Operation, Row, RowKind, State, Value, Variable, VariableKind, Way,
};
pub use moves::{Move, Moves};
pub use rows::{RowDoc, does, stands_for};
pub use step::{Process, Refused, Step, StepError, Told};

use crate::schema::Schema;
use crate::table::{CatalogError, TableError};

/// The machines and the tables of errors, checked. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Lifecycle {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    machines: Vec<Machine>,
    errors: Vec<ErrorTable>,
    log: Schema,
}

const ERRORS: (&str, &str) = ("spec/lifecycle/errors.toml", include_str!("../../spec/lifecycle/errors.toml"));
const LOG: (&str, &str) =
    ("spec/schema/runtime-log.toml", include_str!("../../spec/schema/runtime-log.toml"));
/// A machine comes after those that it refers to.
const MACHINES: [(&str, &str); 2] = [
    ("spec/lifecycle/init.toml", include_str!("../../spec/lifecycle/init.toml")),
    ("spec/lifecycle/exec.toml", include_str!("../../spec/lifecycle/exec.toml")),
];

impl Lifecycle {
    /// The machines that the crate carries.
    ///
    /// # Errors
    /// None in a released crate: a test loads them.
    pub fn builtin() -> Result<Self, CatalogError> {
        Self::parse(ERRORS, &MACHINES)
    }

    /// The same with other texts for some of them: `other` is asked for each by its name, `spec/lifecycle/init.toml`.
    ///
    /// # Errors
    /// All problems of all texts, each with its place.
    pub fn builtin_with(other: &dyn Fn(&str) -> Option<String>) -> Result<Self, CatalogError> {
        let text =
            |(name, text): (&'static str, &str)| (name, other(name).unwrap_or_else(|| text.to_owned()));
        let (errors, log, machines) = (text(ERRORS), text(LOG), MACHINES.map(text));
        let machines: Vec<(&str, &str)> =
            machines.iter().map(|(name, text)| (*name, text.as_str())).collect();
        Self::read((errors.0, &errors.1), &machines, (log.0, &log.1))
    }

    /// Machines from texts, each with its name; a machine may refer to those before it.
    ///
    /// # Errors
    /// All problems of all texts, each with its place.
    pub fn parse(errors: (&str, &str), machines: &[(&str, &str)]) -> Result<Self, CatalogError> {
        Self::read(errors, machines, LOG)
    }

    fn read(
        errors: (&str, &str),
        machines: &[(&str, &str)],
        log: (&str, &str),
    ) -> Result<Self, CatalogError> {
        let mut wrong: Vec<TableError> = Vec::new();
        let mut note = |source: (&str, &str), mut problems: Vec<crate::schema::Problem>| {
            if !problems.is_empty() {
                problems.sort();
                problems.dedup();
                wrong.push(TableError { name: source.0.to_owned(), text: source.1.to_owned(), problems });
            }
        };
        let mut seen = Vec::new();
        let mut problems = Vec::new();
        let tables = errors::read(errors.1, &mut seen, &mut problems);
        note(errors, problems);
        let mut read: Vec<Machine> = Vec::new();
        for source in machines {
            let mut problems = Vec::new();
            let machine = load::machine(source.1, &read, &tables, &mut seen, &mut problems);
            note(*source, problems);
            read.extend(machine);
        }
        let schema = match Schema::parse(log.1) {
            Ok(schema) if wrong.is_empty() => schema,
            Ok(_) => return Err(CatalogError { errors: wrong }),
            Err(error) => {
                let problems = error.problems;
                wrong.push(TableError { name: log.0.to_owned(), text: log.1.to_owned(), problems });
                return Err(CatalogError { errors: wrong });
            }
        };
        Ok(Self { inner: Arc::new(Inner { machines: read, errors: tables, log: schema }) })
    }

    /// The machines.
    #[must_use]
    pub fn machines(&self) -> &[Machine] {
        &self.inner.machines
    }

    /// A machine by its id.
    #[must_use]
    pub fn machine(&self, id: &str) -> Option<&Machine> {
        self.machines().iter().find(|machine| machine.id == id)
    }

    /// What errors of the runtime and the kernel become.
    #[must_use]
    pub fn errors(&self) -> &[ErrorTable] {
        &self.inner.errors
    }

    /// What a line of the runtime's log.json is.
    fn log_schema(&self) -> &Schema {
        &self.inner.log
    }
}
