//! What two versions of the machines and flows do differently.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::document::Witness;
use super::flows;
use super::machines::{question, starts};
use crate::lifecycle::{Flow, Lifecycle, Machine, Move, Process, Step, StepError, Told, Value};

/// Machines and flows.
pub type Lives<'l> = (&'l Lifecycle, &'l [Flow]);

/// One difference of machines or flows.
#[derive(Clone, Debug, PartialEq)]
pub struct LifeDifference {
    /// `machine init`, `flow task-create`.
    pub about: String,
    /// What the first does: the row that speaks and what comes of it, or what is left.
    pub before: String,
    /// What the second does.
    pub after: String,
    /// The shortest trace that ends in it, or the way through the flow.
    pub witness: Witness,
}

/// Finds what the second does differently, with a shortest trace for each row of the first that is concerned.
///
/// Both are followed side by side through every move of either: where nothing is found, nothing differs that anybody is
/// told. Other names of rows are no difference.
#[must_use]
pub fn life_diff(before: Lives<'_>, after: Lives<'_>) -> Vec<LifeDifference> {
    let mut out = Vec::new();
    for machine in before.0.machines() {
        match after.0.machine(&machine.id) {
            Some(other) => out.extend(machines((before.0, machine), (after.0, other))),
            None => out.push(gone(&format!("machine {}", machine.id), "", "not there")),
        }
    }
    let new = after.0.machines().iter().filter(|machine| before.0.machine(&machine.id).is_none());
    out.extend(new.map(|machine| gone(&format!("machine {}", machine.id), "not there", "")));
    for flow in before.1 {
        match after.1.iter().find(|other| other.id == flow.id) {
            Some(other) => out.extend(ways(flow, other)),
            None => out.push(gone(&format!("flow {}", flow.id), "", "not there")),
        }
    }
    out
}

fn gone(about: &str, before: &str, after: &str) -> LifeDifference {
    let text = |text: &str| text.to_owned();
    LifeDifference {
        about: text(about),
        before: text(before),
        after: text(after),
        witness: Witness::default(),
    }
}

/// What is followed side by side, and how it came about.
#[derive(Clone)]
struct Pair<'l> {
    before: Process<'l>,
    after: Process<'l>,
    checkpoint: bool,
    hidden: Told,
    moves: Vec<Move>,
}

/// A situation of both.
type Key = [(String, Vec<Value>); 2];

impl Pair<'_> {
    fn key(&self) -> Key {
        [&self.before, &self.after].map(|process| {
            (process.state().to_owned(), process.hidden().map(|(_, value)| value.clone()).collect())
        })
    }
}

fn machines<'l>(
    before: (&'l Lifecycle, &'l Machine),
    after: (&'l Lifecycle, &'l Machine),
) -> Vec<LifeDifference> {
    let machine = &before.1.id;
    let mut moves = before.0.moves(before.1).all;
    moves.extend(after.0.moves(after.1).all);
    moves.sort_by_key(|one| one.told.len());
    moves.dedup();
    let mut known: BTreeSet<Key> = BTreeSet::new();
    let mut open: VecDeque<Pair<'l>> = VecDeque::new();
    for checkpoint in [false, true] {
        for hidden in starts(before.0, before.1).unwrap_or_default() {
            let pair = begin(before.0, after.0, machine, checkpoint, hidden);
            open.extend(pair.ok().filter(|pair| known.insert(pair.key())));
        }
    }
    let mut found: BTreeMap<String, LifeDifference> = BTreeMap::new();
    while let Some(pair) = open.pop_front() {
        for one in &moves {
            let mut next = pair.clone();
            next.moves.push(one.clone());
            let old = next.before.step(&one.operation, &one.told);
            let new = next.after.step(&one.operation, &one.told);
            let (seen, other) = (said(&old), said(&new));
            if seen == other {
                let crashed = old.is_ok_and(|step| step.crashed);
                if !crashed && known.insert(next.key()) {
                    open.push_back(next);
                }
                continue;
            }
            let row = |step: &Result<Step, StepError>| {
                step.as_ref().map_or_else(|_| String::new(), |s| s.row.to_string())
            };
            let moves: Vec<&Move> = next.moves.iter().collect();
            found.entry(format!("{} {}", row(&old), row(&new))).or_insert_with(|| LifeDifference {
                about: format!("machine {machine}"),
                before: format!("{}: {seen}", row(&old)),
                after: format!("{}: {other}", row(&new)),
                witness: question(machine, next.checkpoint, &next.hidden, &moves),
            });
        }
    }
    found.into_values().collect()
}

fn begin<'l>(
    before: &'l Lifecycle,
    after: &'l Lifecycle,
    machine: &str,
    checkpoint: bool,
    hidden: Told,
) -> Result<Pair<'l>, StepError> {
    let mut both = [before.process(machine, checkpoint)?, after.process(machine, checkpoint)?];
    for process in &mut both {
        for (name, value) in &hidden {
            process.tell(name, value.clone())?;
        }
    }
    let [before, after] = both;
    Ok(Pair { before, after, checkpoint, hidden, moves: Vec::new() })
}

/// What somebody is told of a step.
fn said(step: &Result<Step, StepError>) -> String {
    let step = match step {
        Ok(step) => step,
        Err(error) => return error.to_string(),
    };
    let mut out = if step.ok { "done".to_owned() } else { "refused".to_owned() };
    if step.crashed {
        out = "crashed".to_owned();
    }
    for (what, text) in [
        ("calls", &step.called),
        ("says", &step.message),
        ("answers", &step.status),
        ("drops", &step.swallowed),
    ] {
        if let Some(text) = text {
            out.push_str(&format!(", {what} {text:?}"));
        }
    }
    if let Some(class) = step.class {
        out.push_str(&format!(" ({class})"));
    }
    format!("{out}, {}", step.state)
}

/// Ways through a flow that come to something else; one for each step that fails.
fn ways(before: &Flow, after: &Flow) -> Vec<LifeDifference> {
    let mut found: BTreeMap<Option<String>, LifeDifference> = BTreeMap::new();
    let (old, new) = (before.runs(), after.runs());
    let shown = |plan: &crate::lifecycle::Plan| {
        let actions: Vec<&str> = plan.actions.iter().map(|action| action.id.as_str()).collect();
        let left: Vec<&str> = plan.left.iter().map(|left| left.resource.as_str()).collect();
        let told = plan.told.as_deref().unwrap_or("nothing");
        format!(
            "{}; tells {told:?}; keeps {}; leaves {}",
            actions.join(", "),
            plan.kept.join(", "),
            left.join(", ")
        )
    };
    for (runs, others, first) in [(&old, &new, true), (&new, &old, false)] {
        for run in runs {
            let other = others.iter().find(|(told, plan)| *told == run.0 && plan.failing == run.1.failing);
            let (mine, theirs) =
                (shown(&run.1), other.map_or_else(|| "no such way".to_owned(), |o| shown(&o.1)));
            if mine == theirs {
                continue;
            }
            let (before, after) = if first { (mine, theirs) } else { (theirs, mine) };
            found.entry(run.1.failing.clone()).or_insert_with(|| LifeDifference {
                about: format!("flow {}", run.1.flow),
                before,
                after,
                witness: flows::witness(run),
            });
        }
    }
    found.into_values().collect()
}
