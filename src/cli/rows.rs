//! Rows of the machines, listed and explained beside the rules.

use std::fmt::Write as _;

use serde::Serialize;

use super::Fatal;
use super::policies::Policies;
use crate::lifecycle::{Flow, RowDoc};
use crate::source::{printable, to_json_pretty, wrap};
use crate::subject::Kind;

/// Where explanations are wrapped.
const WIDTH: usize = 96;

/// All rows there are, whatever the profile: of the machines and of the flows.
pub(super) fn all(policies: &Policies) -> Result<Vec<RowDoc>, Fatal> {
    let mut rows: Vec<RowDoc> = match policies.judging(Kind::Lifecycle).last() {
        Some(newest) => policies.get(Some(newest))?.lifecycle().iter().flat_map(|all| all.rows()).collect(),
        None => Vec::new(),
    };
    let flows = Flow::builtin().map_err(|error| Fatal::new(error.to_string(), ""))?;
    rows.extend(flows.iter().flat_map(Flow::rows));
    Ok(rows)
}

/// A row for a program to read, with the keys of a rule where it has them.
#[derive(Serialize)]
pub(super) struct JsonRow<'r> {
    id: &'r str,
    title: &'r str,
    table: &'r str,
    subject: &'static str,
    effect: &'static str,
    cells: &'r [String],
    when: &'r str,
    does: &'r str,
    why: &'r str,
    help: &'r str,
    source: &'r str,
    evidence: &'static str,
}

impl<'r> From<&'r RowDoc> for JsonRow<'r> {
    fn from(row: &'r RowDoc) -> Self {
        Self {
            id: row.id.as_str(),
            title: &row.title,
            table: &row.table,
            subject: "lifecycle",
            effect: row.effect,
            cells: &row.cells,
            when: &row.when,
            does: &row.does,
            why: &row.why,
            help: &row.help,
            source: &row.source,
            evidence: row.evidence.as_str(),
        }
    }
}

/// All about one row.
pub(super) fn json(row: &RowDoc) -> String {
    to_json_pretty(&JsonRow::from(row)) + "\n"
}

/// All about one row, for people.
pub(super) fn human(row: &RowDoc) -> String {
    let mut out = format!("{}: {}\n\n", row.id, printable(&row.title));
    let cells = row.cells.join(", ");
    let rows = [
        ("effect", row.effect),
        ("about", "lifecycle"),
        ("table", &*row.table),
        ("for", &cells),
        ("when", &*row.when),
        ("does", &*row.does),
        ("source", &*row.source),
        ("evidence", row.evidence.as_str()),
    ];
    for (name, text) in rows.into_iter().filter(|(_, text)| !text.is_empty()) {
        let _ = writeln!(out, "  {name:9} {}", printable(text));
    }
    for (name, text) in [("Why", &*row.why), ("What to do", &*row.help)] {
        if !text.is_empty() {
            let _ = writeln!(out, "\n{name}:\n  {}", wrap(text, WIDTH).replace('\n', "\n  "));
        }
    }
    out
}

/// The rows, table by table, one line each.
pub(super) fn list(rows: &[RowDoc]) -> String {
    let mut out = String::new();
    let mut table = "";
    for row in rows {
        if row.table != table {
            table = &row.table;
            let _ = writeln!(out, "{table} (lifecycle)");
        }
        let _ = writeln!(out, "  {:6} {:5} {}", row.id, row.effect, printable(&row.title));
    }
    out
}
