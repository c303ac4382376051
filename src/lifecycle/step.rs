use std::sync::Arc;

use super::Lifecycle;
use super::errors::CallError;
use super::machine::{Call, Class, Failure, Machine, Row, RowKind, Value, Variable, VariableKind, Way};
use crate::facts::{Limits, last_runtime_error};
use crate::source::nearest;
use crate::table::RuleId;

/// What is told with one step: variables and their values. Those that are not told have their defaults.
pub type Told = Vec<(String, Value)>;

/// A process, as the shim has it in its books.
#[derive(Clone, Debug)]
pub struct Process<'l> {
    lifecycle: &'l Lifecycle,
    machine: &'l Machine,
    state: usize,
    /// For each variable of the machine; those that are told with a step have their defaults here.
    values: Vec<Value>,
    crashed: bool,
}

/// What one operation did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The operation was done, and the caller is told so.
    pub ok: bool,
    /// The state afterwards.
    pub state: String,
    /// What the caller is told if it was not done; what Go prints if the original crashed.
    pub message: Option<String>,
    /// The class of that error.
    pub class: Option<Class>,
    /// What a question was answered.
    pub status: Option<String>,
    /// The original crashed: there is no further step.
    pub crashed: bool,
    /// The row that spoke.
    pub row: RuleId,
    /// If the operation was not done: the row to blame, which may be that of a failing call, and what it says.
    pub refused: Option<Refused>,
    /// What was called.
    pub called: Option<String>,
    /// If that failed: the row that says what becomes of the error.
    pub error: Option<RuleId>,
    /// What became of an error that the caller is not told.
    pub swallowed: Option<String>,
}

/// Why an operation was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The row.
    pub id: RuleId,
    /// Why it matters.
    pub why: Arc<str>,
    /// What to do about it.
    pub help: Arc<str>,
}

/// A question that has no answer. Never to be taken for a step.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StepError {
    /// There is no such machine, state, operation or variable.
    #[error("there is no {what} `{asked}` ({}there are: {})", perhaps(asked, known), known.join(", "))]
    Unknown {
        /// `machine`, `state`, `operation`, `variable`.
        what: &'static str,
        /// What was asked for.
        asked: String,
        /// What there is.
        known: Vec<String>,
    },
    /// A variable cannot have this value.
    #[error("`{name}` is {wanted}")]
    Value {
        /// The variable.
        name: String,
        /// What it can be.
        wanted: String,
    },
    /// A hidden variable was told in the middle.
    #[error("`{0}` goes on from step to step and can be told for the first only")]
    Hidden(String),
    /// An earlier step crashed the original.
    #[error("an earlier step crashed the original")]
    Crashed,
}

fn perhaps(asked: &str, known: &[String]) -> String {
    let meant = nearest(asked, known.iter().map(String::as_str));
    meant.map_or_else(String::new, |meant| format!("perhaps `{meant}` is meant; "))
}

impl Variable {
    /// The value, if it is one that the variable can have.
    pub(super) fn fitting(&self, value: Value) -> Result<Value, StepError> {
        let wanted = match (&self.kind, &value) {
            (VariableKind::Bool, Value::Bool(_)) | (VariableKind::Text, Value::Text(_)) => return Ok(value),
            (VariableKind::Names(all), Value::Text(Some(text))) if all.contains(text) => return Ok(value),
            (VariableKind::Bool, _) => "true or false".to_owned(),
            (VariableKind::Text, _) => "a string".to_owned(),
            (VariableKind::Names(all), _) => format!("one of {}", all.join(", ")),
        };
        Err(StepError::Value { name: self.name.clone(), wanted })
    }
}

impl Lifecycle {
    /// A new process; `checkpoint`: one that is to be restored.
    ///
    /// # Errors
    /// If there is no such machine.
    ///
    /// ```
    /// use plimsoll::lifecycle::Lifecycle;
    /// let lifecycle = Lifecycle::builtin()?;
    /// let mut process = lifecycle.process("init", false)?;
    /// let step = process.step("Pause", &Vec::new())?;
    /// assert_eq!(step.message.as_deref(), Some("cannot pause task in created state"));
    /// process.step("Start", &Vec::new())?;
    /// assert_eq!(process.step("Pause", &Vec::new())?.state, "paused");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn process(&self, machine: &str, checkpoint: bool) -> Result<Process<'_>, StepError> {
        let machine = self.find(machine)?;
        let state = if checkpoint { machine.restored } else { machine.fresh };
        let values = machine.variables.iter().map(|variable| variable.fresh.clone()).collect();
        Ok(Process { lifecycle: self, machine, state, values, crashed: false })
    }

    /// A process in a state, with what is usually hidden there.
    ///
    /// # Errors
    /// If there is no such machine or state.
    pub fn process_in(&self, machine: &str, state: &str) -> Result<Process<'_>, StepError> {
        let machine = self.find(machine)?;
        let number = machine.state_number(state).ok_or_else(|| StepError::Unknown {
            what: "state",
            asked: state.to_owned(),
            known: machine.states.iter().map(|state| state.name.clone()).collect(),
        })?;
        let value = |variable: &Variable| {
            let usual = variable.in_state.iter().find(|(of, _)| *of == number);
            usual.map_or(&variable.fresh, |(_, value)| value).clone()
        };
        let values = machine.variables.iter().map(value).collect();
        Ok(Process { lifecycle: self, machine, state: number, values, crashed: false })
    }

    fn find(&self, id: &str) -> Result<&Machine, StepError> {
        self.machine(id).ok_or_else(|| StepError::Unknown {
            what: "machine",
            asked: id.to_owned(),
            known: self.machines().iter().map(|machine| machine.id.clone()).collect(),
        })
    }
}

impl<'l> Process<'l> {
    /// Its machine.
    #[must_use]
    pub fn machine(&self) -> &'l Machine {
        self.machine
    }

    /// Its state.
    #[must_use]
    pub fn state(&self) -> &'l str {
        self.machine.state_name(self.state)
    }

    /// Its hidden variables and what they are.
    pub fn hidden(&self) -> impl Iterator<Item = (&'l str, &Value)> {
        let variables = self.machine.variables.iter().zip(&self.values);
        variables
            .filter(|(variable, _)| variable.hidden)
            .map(|(variable, value)| (variable.name.as_str(), value))
    }

    /// Tells a hidden variable before the first step.
    ///
    /// # Errors
    /// If there is no such variable, or it cannot be that.
    pub fn tell(&mut self, name: &str, value: Value) -> Result<(), StepError> {
        let number = self.variable(name, true)?;
        let value = self.fitting(number, value)?;
        if let Some(slot) = self.values.get_mut(number) {
            *slot = value;
        }
        Ok(())
    }

    /// Does one operation, or does not: total, for every state, operation and variable.
    ///
    /// # Errors
    /// If there is no such operation or variable, or an earlier step crashed the original.
    pub fn step(&mut self, operation: &str, told: &Told) -> Result<Step, StepError> {
        let (number, values) = self.asked(operation, told)?;
        Ok(self.perform(number, values))
    }

    /// The number of an operation, and all variables with what is told.
    pub(super) fn asked(&self, operation: &str, told: &Told) -> Result<(usize, Vec<Value>), StepError> {
        if self.crashed {
            return Err(StepError::Crashed);
        }
        let number = self.machine.operation_number(operation).ok_or_else(|| StepError::Unknown {
            what: "operation",
            asked: operation.to_owned(),
            known: self.machine.operations.iter().map(|operation| operation.name.clone()).collect(),
        })?;
        Ok((number, self.told_values(told)?))
    }

    pub(super) fn told_values(&self, told: &Told) -> Result<Vec<Value>, StepError> {
        let mut values = self.values.clone();
        for (name, value) in told {
            let variable = self.variable(name, false)?;
            let value = self.fitting(variable, value.clone())?;
            if let Some(slot) = values.get_mut(variable) {
                *slot = value;
            }
        }
        Ok(values)
    }

    fn variable(&self, name: &str, hidden: bool) -> Result<usize, StepError> {
        let found = self.machine.variables.iter().position(|variable| variable.name == name);
        match found.and_then(|number| Some((number, self.machine.variables.get(number)?))) {
            Some((number, variable)) if variable.hidden == hidden => Ok(number),
            Some((_, variable)) if variable.hidden => Err(StepError::Hidden(name.to_owned())),
            _ => {
                let known = self.machine.variables.iter().filter(|variable| variable.hidden == hidden);
                let known = known.map(|variable| variable.name.clone()).collect();
                Err(StepError::Unknown { what: "variable", asked: name.to_owned(), known })
            }
        }
    }

    fn fitting(&self, number: usize, value: Value) -> Result<Value, StepError> {
        match self.machine.variables.get(number) {
            Some(variable) => variable.fitting(value),
            None => Ok(value),
        }
    }

    fn perform(&mut self, operation: usize, values: Vec<Value>) -> Step {
        match self.machine.operations.get(operation).map(|operation| &operation.way) {
            Some(Way::On { machine, operation, variable }) => {
                let (mut other, theirs) = self.other(*machine, *variable, &values);
                let step = other.perform(*operation, theirs);
                if let Some(slot) = self.values.get_mut(*variable) {
                    *slot = Value::Text(Some(step.state.clone()));
                }
                Step { state: self.state().to_owned(), ..step }
            }
            _ => {
                let values = self.changed(operation, values);
                self.perform_row(operation, &values)
            }
        }
    }

    /// The variables as an operation has them that stands for another.
    fn changed(&self, operation: usize, mut values: Vec<Value>) -> Vec<Value> {
        if let Some(Way::As(_, with)) = self.machine.operations.get(operation).map(|operation| &operation.way)
        {
            for (variable, value) in with {
                if let Some(slot) = values.get_mut(*variable) {
                    *slot = value.clone();
                }
            }
        }
        values
    }

    /// The rows that speak of an operation.
    pub(super) fn rows_for(&self, operation: usize, values: Vec<Value>) -> Vec<Arc<Row>> {
        match self.machine.operations.get(operation).map(|operation| &operation.way) {
            Some(Way::On { machine, operation, variable }) => {
                let (other, theirs) = self.other(*machine, *variable, &values);
                other.rows_for(*operation, theirs)
            }
            _ => {
                let values = self.changed(operation, values);
                let cell = self.machine.cell(self.state, operation);
                cell.iter().filter(|row| row.when.holds(&values)).cloned().collect()
            }
        }
    }

    /// A process of another machine, whose state is in a variable of this one, and its variables.
    fn other(&self, machine: usize, variable: usize, values: &[Value]) -> (Process<'l>, Vec<Value>) {
        let lifecycle = self.lifecycle;
        let other = lifecycle.machines().get(machine).unwrap_or(self.machine);
        let state =
            values.get(variable).and_then(|value| other.state_number(value.text())).unwrap_or(other.fresh);
        // What both know by the same name is told on.
        let told = |wanted: &Variable| {
            let number = self.machine.variable_number(&wanted.name)?;
            let mine = self.machine.variables.get(number)?;
            if mine.hidden || mine.kind != wanted.kind { None } else { values.get(number).cloned() }
        };
        let theirs =
            other.variables.iter().map(|wanted| told(wanted).unwrap_or_else(|| wanted.fresh.clone()));
        let theirs: Vec<Value> = theirs.collect();
        let process = Process { lifecycle, machine: other, state, values: theirs.clone(), crashed: false };
        (process, theirs)
    }

    fn perform_row(&mut self, operation: usize, values: &[Value]) -> Step {
        let cell = self.machine.cell(self.state, operation);
        // The loader has made sure that exactly one row speaks; were there none, nothing could be said to be done.
        let row = cell.iter().find(|row| row.when.holds(values)).or_else(|| cell.first()).cloned();
        let row = row.unwrap_or_else(Row::nothing);
        let row = row.as_ref();
        match &row.kind {
            RowKind::Refuse { message, class } => {
                let refused = Refused { id: row.id.clone(), why: row.why.clone(), help: row.help.clone() };
                self.refuse(row, Error { message: message.clone(), class: *class, refused })
            }
            RowKind::Crash(crash) => self.crash(row, *crash),
            RowKind::Go { call, next, set, status, failure } => {
                let call = call.and_then(|number| self.machine.calls.get(number));
                let (error_row, error) = call.and_then(|call| self.error_of(call, values)).unzip();
                // Some errors are none: what is to be deleted has gone already.
                let error = error.flatten();
                let step = match (error, &failure.ignored) {
                    (Some(error), None) => self.fail(row, failure, error),
                    (error, ignored) => {
                        self.set(set);
                        self.state = next.unwrap_or(self.state);
                        let swallowed = error.zip(ignored.as_ref());
                        let swallowed = swallowed.map(|(error, what)| format!("{what}: {}", error.message));
                        Step { status: status.clone(), swallowed, ..self.done(row) }
                    }
                };
                Step { called: call.map(|call| call.runs.clone()), error: error_row, ..step }
            }
        }
    }

    /// How a call fails, if it does: what it says is told with the step, and what becomes of that is in a table.
    fn error_of(&self, call: &Call, values: &[Value]) -> Option<(RuleId, Option<Error>)> {
        let text = |name: &str| {
            let number = self.machine.variable_number(name)?;
            match values.get(number) {
                Some(Value::Text(Some(text))) => Some(text.as_str()),
                _ => None,
            }
        };
        let Some(Value::Text(Some(error))) = values.get(call.error) else { return None };
        let log = match (text("log_unreadable"), text("log")) {
            (Some(reason), _) => Err(reason.to_owned()),
            (None, Some(log)) => {
                last_runtime_error(log.as_bytes(), self.lifecycle.log_schema(), &Limits::default())
            }
            (None, None) => Ok(None),
        };
        let bundle = text("bundle").unwrap_or_default();
        let error = CallError { error, operation: &call.operation, bundle, log };
        let table = self.lifecycle.errors().get(call.errors)?;
        let (row, message) = table.classify(&error)?;
        let told = message.is_some();
        let message = format!("{}{}", call.prefix, message.unwrap_or_default());
        let refused = Refused { id: row.id.clone(), why: row.why.clone(), help: row.help.clone() };
        Some((row.id.clone(), told.then_some(Error { message, class: row.class, refused })))
    }

    fn set(&mut self, settings: &[(usize, Value)]) {
        for (variable, value) in settings {
            if let Some(slot) = self.values.get_mut(*variable) {
                *slot = value.clone();
            }
        }
    }

    fn done(&self, row: &Row) -> Step {
        Step {
            ok: true,
            state: self.state().to_owned(),
            message: None,
            class: None,
            status: None,
            crashed: false,
            row: row.id.clone(),
            refused: None,
            called: None,
            error: None,
            swallowed: None,
        }
    }

    fn refuse(&self, row: &Row, error: Error) -> Step {
        let Error { message, class, refused } = error;
        Step { ok: false, message: Some(message), class, refused: Some(refused), ..self.done(row) }
    }

    fn fail(&mut self, row: &Row, failure: &Failure, error: Error) -> Step {
        self.set(&failure.set);
        match failure.crash {
            Some(crash) => self.crash(row, crash),
            None => self.refuse(row, error),
        }
    }

    fn crash(&mut self, row: &Row, crash: usize) -> Step {
        self.crashed = true;
        let Some(crash) = self.machine.crashes.get(crash) else { return self.done(row) };
        let refused = Refused { id: crash.id.clone(), why: crash.why.clone(), help: crash.help.clone() };
        let message = format!("panic: {}", crash.message);
        Step { crashed: true, ..self.refuse(row, Error { message, class: None, refused }) }
    }
}

/// What the caller is told of a step that was not done.
struct Error {
    message: String,
    class: Option<Class>,
    refused: Refused,
}
