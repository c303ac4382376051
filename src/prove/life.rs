//! Theorems about state machines and flows, as `spec/theorems.toml` has them.

use std::collections::BTreeSet;

use crate::lifecycle::{Flow, Guard, Lifecycle, Machine};
use crate::schema::{Problem, TomlReader};
use crate::source::Span;

/// A theorem about a machine or about flows.
#[derive(Clone, Debug)]
pub(super) enum Life {
    /// About a machine.
    Machine {
        /// Its name.
        machine: String,
        /// The processes that are followed.
        start: Start,
        /// What is said of them.
        law: MachineLaw,
    },
    /// About a flow, by its name; none: all of them.
    Flow(Option<String>, FlowLaw),
}

/// Which new processes are followed.
#[derive(Clone, Debug)]
pub(super) struct Start {
    /// Those that are to be restored from a checkpoint, or those that are not; none: both.
    pub(super) checkpoint: Option<bool>,
    /// What is hidden in them.
    pub(super) when: Guard,
}

/// What is said of a machine.
#[derive(Clone, Debug)]
pub(super) enum MachineLaw {
    /// Exactly one row speaks of each operation, in every state, whatever is hidden and told.
    Total,
    /// Every state comes about, and every row speaks, but for these rows.
    Reachable { except: BTreeSet<String> },
    /// From everything that comes about, one of these states can be reached.
    Can { to: Vec<String> },
    /// No step is like this, but by these rows.
    Never { step: Box<Pattern>, except: BTreeSet<String> },
}

/// What a step is like: whatever is not told is free.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    /// The states before it.
    pub(super) from: Vec<String>,
    /// The operations.
    pub(super) ops: Vec<String>,
    /// The states after it; a crash leads to none.
    pub(super) to: Vec<String>,
    /// What is called.
    pub(super) calls: Vec<String>,
    /// What a question is answered.
    pub(super) status: Vec<String>,
    /// How it ends.
    pub(super) outcome: Option<Outcome>,
    /// What is hidden before it, and told with it.
    pub(super) when: Guard,
}

/// How a step ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Done,
    Refused,
    Crashed,
}

/// What is said of a flow.
#[derive(Clone, Debug)]
pub(super) enum FlowLaw {
    /// What stays behind are these rows, and nothing else.
    Leaks(BTreeSet<String>),
    /// The caller is told of every failure but those of these steps, each `FLOW/STEP`.
    Silent(BTreeSet<String>),
    /// Nothing is acquired twice or released without being there; what is put off is undone in reverse; what is there at
    /// the end is what is said to be.
    Balanced,
}

/// Reads the rest of a theorem of one of these forms.
pub(super) fn read(
    (form, at): (&str, Span),
    entry: &mut TomlReader<'_, '_>,
    lifecycle: &Lifecycle,
    flows: &[Flow],
    problems: &mut Vec<Problem>,
) -> Option<Life> {
    if form.starts_with("flow-") {
        return flow((form, at), entry, flows, problems);
    }
    let (id, span) = entry.required("machine", problems);
    let Some(machine) = lifecycle.machine(id) else {
        problems.push(Problem::new(span, format!("there is no machine `{id}`")));
        return None;
    };
    let checkpoint = match entry.string("start", problems) {
        None => None,
        Some(("fresh", _)) => Some(false),
        Some(("restored", _)) => Some(true),
        Some((_, span)) => {
            problems.push(Problem::new(span, "`start` is \"fresh\" or \"restored\""));
            None
        }
    };
    let start = Start { checkpoint, when: condition(machine, "hidden", entry, problems) };
    let states: Vec<&str> = machine.states().iter().map(|state| state.name.as_str()).collect();
    let rows: Vec<&str> = machine.rows().map(|(_, row)| row.id.as_str()).collect();
    let law = match form {
        "machine-total" => MachineLaw::Total,
        "machine-reachable" => MachineLaw::Reachable { except: set(entry, "except", &rows, problems) },
        "machine-can" => {
            let to = known(entry, "to", &states, problems);
            if to.is_empty() {
                problems.push(Problem::new(at, "`to` is missing: the states that can be reached"));
            }
            MachineLaw::Can { to }
        }
        "machine-never" => {
            let ops: Vec<&str> = machine.operations().iter().map(|op| op.name.as_str()).collect();
            let calls: Vec<&str> = machine.calls().iter().map(|call| call.runs.as_str()).collect();
            let outcome = entry.string("outcome", problems).and_then(|(word, span)| match word {
                "done" => Some(Outcome::Done),
                "refused" => Some(Outcome::Refused),
                "crashed" => Some(Outcome::Crashed),
                _ => {
                    problems.push(Problem::new(span, "`outcome` is \"done\", \"refused\" or \"crashed\""));
                    None
                }
            });
            let status = entry.strings("status", problems);
            let step = Pattern {
                from: known(entry, "from", &states, problems),
                ops: known(entry, "ops", &ops, problems),
                to: known(entry, "to", &states, problems),
                calls: known(entry, "calls", &calls, problems),
                status: status.into_iter().map(|(status, _)| status.to_owned()).collect(),
                outcome,
                when: condition(machine, "when", entry, problems),
            };
            let except = set(entry, "except", &rows, problems);
            MachineLaw::Never { step: Box::new(step), except }
        }
        _ => {
            problems.push(Problem::new(at, "there is no such form of theorem"));
            return None;
        }
    };
    Some(Life::Machine { machine: id.to_owned(), start, law })
}

fn flow(
    (form, at): (&str, Span),
    entry: &mut TomlReader<'_, '_>,
    flows: &[Flow],
    problems: &mut Vec<Problem>,
) -> Option<Life> {
    let one = entry.string("flow", problems);
    if let Some((id, span)) = one
        && !flows.iter().any(|flow| flow.id == id)
    {
        problems.push(Problem::new(span, format!("there is no flow `{id}`")));
    }
    let one = one.map(|(id, _)| id.to_owned());
    let flows = flows.iter().filter(|flow| one.as_ref().is_none_or(|one| *one == flow.id));
    let law = match form {
        "flow-leaks" => {
            let rows: Vec<&str> = flows.flat_map(|flow| flow.leaks()).map(|leak| leak.id.as_str()).collect();
            FlowLaw::Leaks(set(entry, "except", &rows, problems))
        }
        "flow-silent" => {
            let steps = flows.flat_map(|flow| flow.steps().iter().map(move |step| (flow, step)));
            let steps: Vec<String> = steps.map(|(flow, step)| format!("{}/{}", flow.id, step.id)).collect();
            let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
            FlowLaw::Silent(set(entry, "except", &steps, problems))
        }
        "flow-balanced" => FlowLaw::Balanced,
        _ => {
            problems.push(Problem::new(at, "there is no such form of theorem"));
            return None;
        }
    };
    Some(Life::Flow(one, law))
}

fn condition(
    machine: &Machine,
    key: &'static str,
    entry: &mut TomlReader<'_, '_>,
    problems: &mut Vec<Problem>,
) -> Guard {
    let Some((text, at)) = entry.string(key, problems) else { return Guard::Const(true) };
    match machine.condition(text) {
        Ok(guard) => guard,
        Err(found) => {
            let here = |problem: Problem| {
                Problem::new(problem.span.shifted((at.start as usize).saturating_add(1)), problem.message)
            };
            problems.extend(found.into_iter().map(here));
            Guard::Const(true)
        }
    }
}

/// A list of names, each one that there is.
fn known(
    entry: &mut TomlReader<'_, '_>,
    key: &'static str,
    all: &[&str],
    problems: &mut Vec<Problem>,
) -> Vec<String> {
    let names = entry.strings(key, problems);
    for (name, span) in &names {
        if !all.contains(name) {
            problems.push(Problem::new(*span, format!("there is no `{name}` here")));
        }
    }
    names.into_iter().map(|(name, _)| name.to_owned()).collect()
}

fn set(
    entry: &mut TomlReader<'_, '_>,
    key: &'static str,
    all: &[&str],
    problems: &mut Vec<Problem>,
) -> BTreeSet<String> {
    known(entry, key, all, problems).into_iter().collect()
}
