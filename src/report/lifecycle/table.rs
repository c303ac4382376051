use std::fmt::Write as _;

use super::{brief, columns};
use crate::lifecycle::{Lifecycle, Machine, RowKind, Variable, VariableKind, does, stands_for};

/// Each machine as a table of states and operations, with what is refused below it, letter by letter.
#[must_use]
pub fn machines_table(lifecycle: &Lifecycle, machines: &[&Machine]) -> String {
    let mut out = String::new();
    for machine in machines {
        if !out.is_empty() {
            out.push('\n');
        }
        one(lifecycle, machine, &mut out);
    }
    out
}

fn one(lifecycle: &Lifecycle, machine: &Machine, out: &mut String) {
    let _ = writeln!(out, "{}: {}\n", machine.id, machine.title);
    let head = std::iter::once(String::new()).chain(machine.states().iter().map(|state| state.name.clone()));
    let mut rows: Vec<Vec<String>> = vec![head.collect()];
    let mut notes = Vec::new();
    for (number, operation) in machine.operations().iter().enumerate() {
        if let Some(other) = stands_for(lifecycle, machine, &operation.way) {
            notes.push(format!("{}: {}, done as {other}", operation.name, operation.doc));
            continue;
        }
        let cells = machine.states().iter().enumerate();
        let cells = cells.map(|(state, _)| brief(machine, machine.cell(state, number)));
        rows.push(std::iter::once(operation.name.clone()).chain(cells).collect());
    }
    columns(&rows, out);
    for note in notes {
        let _ = writeln!(out, "\n{note}");
    }
    for (title, hidden) in [("What is hidden in it:", true), ("What is told with a step:", false)] {
        let variables = machine.variables().iter().filter(|variable| variable.hidden == hidden);
        let lines: Vec<Vec<String>> = variables.map(described).collect();
        if !lines.is_empty() {
            let _ = writeln!(out, "\n{title}");
            columns(&lines, out);
        }
    }
    let _ = writeln!(out, "\nWhat is refused, and what depends on more than the state:");
    let mut lines = Vec::new();
    for (operation, row) in machine.rows() {
        let plain = row.when_text.is_empty() && matches!(row.kind, RowKind::Go { .. });
        if plain {
            continue;
        }
        let when = if row.when_text.is_empty() { String::new() } else { format!("if {}: ", row.when_text) };
        let number = machine.operations().iter().position(|other| other.name == operation.name);
        let here = |state: usize| {
            machine.cell(state, number.unwrap_or_default()).iter().any(|other| other.id == row.id)
        };
        let states = machine.states().iter().enumerate();
        let states: Vec<&str> =
            states.filter(|(n, _)| here(*n)).map(|(_, state)| state.name.as_str()).collect();
        let states =
            if states.len() == machine.states().len() { "any".to_owned() } else { states.join(", ") };
        let what = format!("{when}{}", does(machine, &row.kind));
        lines.push(vec![row.id.to_string(), operation.name.clone(), states, what]);
    }
    columns(&lines, out);
}

fn described(variable: &Variable) -> Vec<String> {
    let kind = match &variable.kind {
        VariableKind::Bool => "true or false".to_owned(),
        VariableKind::Text => "a text".to_owned(),
        VariableKind::Names(_) => "a state".to_owned(),
    };
    vec![variable.name.clone(), kind, variable.doc.clone()]
}
