//! The state machines as text: tables, pictures, and one step of them.

mod flow;
mod graph;
mod json;
mod step;
mod table;

pub use flow::{flow_human, flow_json, flows_human, flows_json, plan_human, plan_json};
pub use graph::{machines_dot, machines_mermaid};
pub use json::machines_json;
pub use step::{StepReport, step_human, step_json};
pub use table::machines_table;

use std::fmt::Write as _;

use crate::lifecycle::{Machine, Row, RowKind};

/// Lines of words set below each other; the last column runs free.
fn columns(rows: &[Vec<String>], out: &mut String) {
    let count = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        // What stands last in its line needs no room.
        let cells = rows.iter().filter(|row| row.len() > column + 1).filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..count).map(width).collect();
    for row in rows {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        let _ = writeln!(out, "  {}", cells.collect::<Vec<_>>().join("  ").trim_end());
    }
}

/// A cell in a few words: what its rows do, each thing once.
fn brief(machine: &Machine, rows: &[std::sync::Arc<Row>]) -> String {
    let mut words: Vec<String> = Vec::new();
    for row in rows {
        let word = match &row.kind {
            RowKind::Refuse { .. } => "no".to_owned(),
            RowKind::Crash(_) => "panic".to_owned(),
            RowKind::Go { status: Some(status), .. } => format!("\"{status}\""),
            RowKind::Go { next, .. } => match next.and_then(|next| machine.states().get(next)) {
                Some(state) => format!("-> {}", state.name),
                None => "stays".to_owned(),
            },
        };
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words.join(" | ")
}

/// The changes of state: from, to, and the operation.
fn edges(machine: &Machine) -> Vec<(&str, &str, &str)> {
    let mut edges = Vec::new();
    for (number, operation) in machine.operations().iter().enumerate() {
        for (from, state) in machine.states().iter().enumerate() {
            for row in machine.cell(from, number) {
                if let RowKind::Go { next: Some(next), .. } = &row.kind
                    && let Some(to) = machine.states().get(*next)
                {
                    let edge = (state.name.as_str(), to.name.as_str(), operation.name.as_str());
                    if !edges.contains(&edge) {
                        edges.push(edge);
                    }
                }
            }
        }
    }
    edges
}
