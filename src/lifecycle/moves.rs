//! Everything that can be done to a process: each operation with each sort of what can be told with it.
//!
//! What a machine does is a function of finitely many tests, so that one sample of each sort stands for all: bools and
//! names as they are, texts by what rows test them against, and an error of a call by the row that speaks of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::errors::ErrorTable;
use super::guard::{Guard, How};
use super::machine::{Machine, Row, RowKind, Value, VariableKind, Way, names};
use super::step::{Process, StepError, Told};
use super::{Lifecycle, Variable};
use crate::schema::Problem;
use crate::source::Span;
use crate::table::RuleId;

/// An operation, and what is told with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// Its name.
    pub operation: String,
    /// What is told; what is not has its default.
    pub told: Told,
}

/// All moves of a machine, those with which less is told first.
#[derive(Clone, Debug, Default)]
pub struct Moves {
    /// The moves.
    pub all: Vec<Move>,
    /// The rows about errors that calls of the machine can come to: each must speak of some move, or the moves are not all.
    pub errors: BTreeSet<RuleId>,
    /// Why the moves may not be all.
    pub doubts: Vec<String>,
}

/// A runtime's log with a line of level error in it.
const LOG_LINE: &str = r#"{"level":"error","msg":"x"}"#;

/// What can be told of each variable, by its number.
type Samples = BTreeMap<usize, Vec<Value>>;

impl Lifecycle {
    /// Everything that can be done to a process of a machine.
    #[must_use]
    pub fn moves(&self, machine: &Machine) -> Moves {
        let mut out = Moves::default();
        for operation in &machine.operations {
            let mut samples = Samples::new();
            self.of_way(machine, &operation.way, &mut samples, &mut out);
            let mut told: Vec<Told> = vec![Told::new()];
            for (variable, values) in samples {
                let Some(variable) = machine.variables.get(variable).filter(|v| !v.hidden) else { continue };
                told = told.into_iter().flat_map(|one| with(one, variable, &values)).collect();
            }
            let moves = told.into_iter().map(|told| Move { operation: operation.name.clone(), told });
            out.all.extend(moves);
        }
        out.all.sort_by_key(|one| one.told.len());
        out.doubts.dedup();
        out
    }

    fn of_way(&self, machine: &Machine, way: &Way, samples: &mut Samples, out: &mut Moves) {
        match way {
            Way::Rows(cells) => {
                for row in cells.iter().flatten() {
                    self.of_row(machine, row, samples, out);
                }
            }
            Way::As(other, _) => {
                if let Some(other) = machine.operations.get(*other) {
                    self.of_way(machine, &other.way, samples, out);
                }
            }
            Way::On { machine: other, operation, .. } => {
                let Some(other) = self.machines().get(*other) else { return };
                let Some(operation) = other.operations.get(*operation) else { return };
                let mut theirs = Samples::new();
                self.of_way(other, &operation.way, &mut theirs, out);
                // What both know by the same name is told on.
                for (variable, values) in theirs {
                    let name = other.variables.get(variable).map_or("", |v| v.name.as_str());
                    if let Some(mine) = machine.variable_number(name) {
                        add(samples, mine, values);
                    }
                }
            }
        }
    }

    fn of_row(&self, machine: &Machine, row: &Row, samples: &mut Samples, out: &mut Moves) {
        for test in row.when.all_tests() {
            let Some(variable) = machine.variables.get(test.variable) else { continue };
            let values = match (&variable.kind, &test.how) {
                (VariableKind::Bool, _) => vec![Value::Bool(false), Value::Bool(true)],
                (VariableKind::Names(all), _) => all.iter().map(|name| text(name)).collect(),
                (VariableKind::Text, how) => {
                    if !matches!(how, How::Is(_)) {
                        out.doubts.push(format!("{} tests a part of a text", row.id));
                    }
                    how.literal().into_iter().chain(["x"]).map(text).collect()
                }
            };
            add(samples, test.variable, values);
        }
        let RowKind::Go { call: Some(call), .. } = &row.kind else { return };
        let Some(call) = machine.calls.get(*call) else { return };
        let Some(table) = self.errors().get(call.errors) else { return };
        out.errors.extend(table.rows.iter().map(|row| row.id.clone()));
        let errors = [Value::Text(None)].into_iter().chain(errors(table).into_iter().map(text));
        add(samples, call.error, errors.collect());
        if table.asks_log() {
            for (name, sample) in [("log", LOG_LINE), ("log_unreadable", "x")] {
                if let Some(variable) = machine.variable_number(name) {
                    add(samples, variable, vec![text(sample)]);
                }
            }
        }
    }
}

/// Errors to try: what rows test for, and one of which nothing is tested.
fn errors(table: &ErrorTable) -> BTreeSet<&str> {
    let tests = table.rows.iter().flat_map(|row| row.when.all_tests());
    tests.filter(|test| !table.is_log(test)).filter_map(|test| test.how.literal()).chain(["x"]).collect()
}

fn text(text: &str) -> Value {
    Value::Text(Some(text.to_owned()))
}

fn add(samples: &mut Samples, variable: usize, values: Vec<Value>) {
    let known = samples.entry(variable).or_default();
    for value in values {
        if !known.contains(&value) {
            known.push(value);
        }
    }
}

/// What is told so far, and each value of one more variable; its default is not told.
fn with(told: Told, variable: &Variable, values: &[Value]) -> Vec<Told> {
    let mut out = vec![told.clone()];
    for value in values.iter().filter(|value| **value != variable.fresh) {
        let mut more = told.clone();
        more.push((variable.name.clone(), value.clone()));
        out.push(more);
    }
    out
}

impl Machine {
    /// A condition over the variables of the machine, as its rows have them.
    ///
    /// # Errors
    /// What is wrong with it, at its place in `text`.
    pub fn condition(&self, text: &str) -> Result<Guard, Vec<Problem>> {
        let mut problems = Vec::new();
        match Guard::read(text, Span::default(), &names(&self.variables), &mut problems) {
            Some(guard) if problems.is_empty() => Ok(guard),
            _ => Err(problems),
        }
    }

    /// The combinations of what can be hidden in a process, whether or not it can come to be so.
    #[must_use]
    pub fn hidden_values(&self) -> Vec<Told> {
        let mut all = vec![Told::new()];
        for variable in self.variables.iter().filter(|variable| variable.hidden) {
            let values = match &variable.kind {
                VariableKind::Bool => vec![Value::Bool(false), Value::Bool(true)],
                VariableKind::Names(all) => all.iter().map(|name| text(name)).collect(),
                VariableKind::Text => vec![variable.fresh.clone()],
            };
            let one = |told: Told| {
                values.iter().map(move |value| {
                    let mut told = told.clone();
                    told.push((variable.name.clone(), value.clone()));
                    told
                })
            };
            all = all.into_iter().flat_map(one).collect();
        }
        all
    }
}

impl Process<'_> {
    /// The rows that speak of an operation here: one, or the table is wrong.
    ///
    /// # Errors
    /// As [`Process::step`].
    pub fn speaking(&self, operation: &str, told: &Told) -> Result<Vec<Arc<Row>>, StepError> {
        let (number, values) = self.asked(operation, told)?;
        Ok(self.rows_for(number, values))
    }

    /// Whether a condition over the variables of the machine holds, with what is told.
    ///
    /// # Errors
    /// As [`Process::step`].
    pub fn meets(&self, guard: &Guard, told: &Told) -> Result<bool, StepError> {
        Ok(guard.holds(&self.told_values(told)?))
    }
}
