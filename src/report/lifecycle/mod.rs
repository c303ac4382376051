//! The state machines as text: tables, pictures, and one step of them.

mod graph;
mod json;
mod step;
mod table;

pub use graph::{machines_dot, machines_mermaid};
pub use json::machines_json;
pub use step::{StepReport, step_human, step_json};
pub use table::machines_table;

use crate::lifecycle::{Machine, Row, RowKind};

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
