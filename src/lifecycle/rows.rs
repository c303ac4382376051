use std::sync::Arc;

use super::machine::{Call, Machine, Row, RowKind, Value, Way};
use super::{ErrorRow, Flow, Lifecycle};
use crate::table::{Evidence, RuleId};

/// A row as it is listed and explained.
#[derive(Clone, Debug)]
pub struct RowDoc {
    /// Its name, for ever.
    pub id: RuleId,
    /// What it is about, in a few words.
    pub title: String,
    /// The table that it stands in.
    pub table: String,
    /// `deny`: the operation is refused or crashes the original; `allow`: it is done, if nothing that it calls fails;
    /// `leak`: something stays behind.
    pub effect: &'static str,
    /// The operation and states it is for, or the steps whose failure; empty for what becomes of an error.
    pub cells: Vec<String>,
    /// When it speaks, beside that; empty: always.
    pub when: String,
    /// What it does.
    pub does: String,
    /// Why it matters.
    pub why: Arc<str>,
    /// What to do about it.
    pub help: Arc<str>,
    /// Where the original does it.
    pub source: String,
    /// How that is known.
    pub evidence: Evidence,
}

impl Lifecycle {
    /// All rows of all tables, each once: those of the machines, their crashes, and what becomes of errors.
    pub fn rows(&self) -> impl Iterator<Item = RowDoc> {
        let machines = self.machines().iter();
        let of_machines = machines.flat_map(|machine| {
            let rows = machine.rows().map(|(operation, row)| of_row(machine, &operation.name, row));
            rows.chain(crashes(machine))
        });
        let of_errors = self.errors().iter().flat_map(|table| {
            table.rows.iter().map(|row| RowDoc {
                table: format!("errors/{}", table.name),
                source: table.source.clone(),
                ..of_error(row)
            })
        });
        of_machines.chain(of_errors)
    }
}

impl Flow {
    /// What the original leaves behind, as rows.
    pub fn rows(&self) -> impl Iterator<Item = RowDoc> {
        self.leaks().iter().map(|leak| {
            let (resource, failing) = self.stays(leak);
            RowDoc {
                id: leak.id.clone(),
                title: leak.title.clone(),
                table: format!("flow/{}", self.id),
                effect: "leak",
                cells: failing.into_iter().map(|step| format!("at {step}")).collect(),
                when: leak.when_text.clone(),
                does: format!("`{resource}` stays behind"),
                why: leak.why.clone(),
                help: leak.help.clone(),
                source: leak.source.clone(),
                evidence: leak.evidence,
            }
        })
    }
}

fn of_row(machine: &Machine, operation: &str, row: &Row) -> RowDoc {
    let states = machine.states().iter().enumerate();
    let number = machine.operation_number(operation).unwrap_or_default();
    let here = |state: usize| machine.cell(state, number).iter().any(|other| other.id == row.id);
    let cells: Vec<String> = states
        .filter(|(state, _)| here(*state))
        .map(|(_, state)| format!("{operation} in {}", state.name))
        .collect();
    let (effect, crash) = match row.kind {
        RowKind::Refuse { .. } => ("deny", None),
        RowKind::Crash(crash) => ("deny", machine.crashes().get(crash)),
        RowKind::Go { .. } => ("allow", None),
    };
    RowDoc {
        id: row.id.clone(),
        title: cells.first().cloned().unwrap_or_default(),
        table: format!("machine/{}", machine.id),
        effect,
        cells,
        when: row.when_text.clone(),
        does: does(machine, &row.kind),
        why: crash.map_or(&row.why, |crash| &crash.why).clone(),
        help: crash.map_or(&row.help, |crash| &crash.help).clone(),
        source: machine.source.clone(),
        evidence: row.evidence,
    }
}

fn crashes(machine: &Machine) -> impl Iterator<Item = RowDoc> {
    machine.crashes().iter().map(|crash| RowDoc {
        id: crash.id.clone(),
        title: crash.title.clone(),
        table: format!("machine/{}", machine.id),
        effect: "deny",
        cells: Vec::new(),
        when: String::new(),
        does: format!("panic: {}", crash.message),
        why: crash.why.clone(),
        help: crash.help.clone(),
        source: machine.source.clone(),
        evidence: crash.evidence,
    })
}

fn of_error(row: &ErrorRow) -> RowDoc {
    let (effect, does) = match &row.message {
        None => ("allow", "no error".to_owned()),
        Some(message) => {
            let class = row.class.map_or_else(String::new, |class| format!(" ({class})"));
            ("deny", format!("{message}{class}"))
        }
    };
    RowDoc {
        id: row.id.clone(),
        title: row.title.clone(),
        table: String::new(),
        effect,
        cells: Vec::new(),
        when: row.when_text.clone(),
        does,
        why: row.why.clone(),
        help: row.help.clone(),
        source: String::new(),
        evidence: row.evidence,
    }
}

/// What a row does, in one line.
#[must_use]
pub fn does(machine: &Machine, kind: &RowKind) -> String {
    match kind {
        RowKind::Refuse { message, class: None } => format!("\"{message}\""),
        RowKind::Refuse { message, class: Some(class) } => format!("\"{message}\" ({class})"),
        RowKind::Crash(crash) => panics(machine, *crash),
        RowKind::Go { call, next, set, status, failure } => {
            let mut parts: Vec<String> = Vec::new();
            parts.extend(call.and_then(|call| machine.calls.get(call)).map(|Call { runs, .. }| runs.clone()));
            parts.extend(next.map(|next| format!("-> {}", machine.state_name(next))));
            parts.extend(settings(machine, set));
            parts.extend(status.as_ref().map(|status| format!("\"{status}\"")));
            if let Some(what) = &failure.ignored {
                parts.push(format!("if the call fails: {what}"));
            }
            if let Some(set) = settings(machine, &failure.set) {
                parts.push(format!("if the call fails: {set}"));
            }
            if let Some(crash) = failure.crash {
                parts.push(format!("if the call fails: {}", panics(machine, crash)));
            }
            if parts.is_empty() { "stays".to_owned() } else { parts.join(", ") }
        }
    }
}

fn panics(machine: &Machine, crash: usize) -> String {
    machine
        .crashes()
        .get(crash)
        .map_or_else(String::new, |crash| format!("panic: {} [{}]", crash.message, crash.id))
}

fn settings(machine: &Machine, set: &[(usize, Value)]) -> Option<String> {
    let one = |(variable, value): &(usize, Value)| {
        let name = machine.variables.get(*variable).map_or("", |variable| variable.name.as_str());
        match value {
            Value::Bool(value) => format!("{name} = {value}"),
            Value::Text(value) => format!("{name} = {}", value.as_deref().unwrap_or("nothing")),
        }
    };
    let all: Vec<String> = set.iter().map(one).collect();
    (!all.is_empty()).then(|| all.join(", "))
}

/// How an operation without rows of its own is done.
#[must_use]
pub fn stands_for(lifecycle: &Lifecycle, machine: &Machine, way: &Way) -> Option<String> {
    match way {
        Way::Rows(_) => None,
        Way::As(other, with) => {
            let other = machine.operations.get(*other).map_or("", |operation| operation.name.as_str());
            let with = settings(machine, with).map_or_else(String::new, |with| format!(" with {with}"));
            Some(format!("{other}{with}"))
        }
        Way::On { machine: other, operation, variable } => {
            let other = lifecycle.machines().get(*other)?;
            let operation = other.operations.get(*operation)?;
            let variable = machine.variables.get(*variable)?;
            Some(format!("{} of the machine {}, in {}", operation.name, other.id, variable.name))
        }
    }
}
