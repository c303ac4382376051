use std::fmt::Write as _;

use serde_json::json;

use crate::lifecycle::{Class, Step};
use crate::source::{printable, to_json_pretty, wrap};

/// Where explanations are wrapped.
const WIDTH: usize = 96;

/// One step of a machine, and what was asked.
#[derive(Clone, Debug)]
pub struct StepReport {
    /// The machine.
    pub machine: String,
    /// The state before.
    pub from: String,
    /// The operation.
    pub operation: String,
    /// What it did.
    pub step: Step,
}

/// For people.
#[must_use]
pub fn step_human(report: &StepReport) -> String {
    let StepReport { machine, from, operation, step } = report;
    let mut out = String::new();
    let what = match (step.crashed, step.ok) {
        (true, _) => "crashes the original",
        (false, true) => "done",
        (false, false) => "refused",
    };
    let _ = writeln!(out, "{machine} in {from}: {operation} {what} [{}]", step.row);
    let rows = [
        ("told", step.message.as_deref()),
        ("class", step.class.map(Class::as_str)),
        ("status", step.status.as_deref()),
        ("called", step.called.as_deref()),
        ("swallowed", step.swallowed.as_deref()),
        ("state", Some(step.state.as_str())),
    ];
    for (name, text) in rows {
        if let Some(text) = text {
            let _ = writeln!(out, "  {name:9} {}", printable(text));
        }
    }
    if let Some(refused) = &step.refused {
        for (name, text) in [("Why", &refused.why), ("What to do", &refused.help)] {
            if !text.is_empty() {
                let text = wrap(text, WIDTH).replace('\n', "\n  ");
                let _ = writeln!(out, "\n{name} [{}]:\n  {text}", refused.id);
            }
        }
    }
    out
}

/// For a program.
#[must_use]
pub fn step_json(report: &StepReport) -> String {
    let step = &report.step;
    let refused = step.refused.as_ref();
    to_json_pretty(&json!({
        "machine": report.machine,
        "state": report.from,
        "op": report.operation,
        "ok": step.ok,
        "next": step.state,
        "message": step.message,
        "class": step.class.map(Class::as_str),
        "status": step.status,
        "called": step.called,
        "swallowed": step.swallowed,
        "crashed": step.crashed,
        "row": step.row.as_str(),
        "rule": refused.map(|refused| refused.id.as_str()),
        "why": refused.map(|refused| &*refused.why),
        "help": refused.map(|refused| &*refused.help),
    })) + "\n"
}
