//! Proofs about flows, by following each of them for every step that can fail, in everything it depends on.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json};

use super::document::Witness;
use super::life::FlowLaw;
use super::machines::json;
use super::prover::{Case, Proof};
use super::question::Answer;
use crate::lifecycle::{ActionKind, Flow, Plan, Told};

/// Proves a theorem about flows.
pub(super) fn prove(flows: &[Flow], only: Option<&str>, law: &FlowLaw) -> Proof {
    let (mut cases, mut questions) = (Vec::new(), 0_usize);
    let mut seen = BTreeSet::new();
    for flow in flows.iter().filter(|flow| only.is_none_or(|only| only == flow.id)) {
        let runs = flow.runs();
        questions = questions.saturating_add(runs.len());
        let mut shown: BTreeMap<String, &(Told, Plan)> = BTreeMap::new();
        for run in &runs {
            let found: Vec<String> = match law {
                FlowLaw::Leaks(_) => left(&run.1),
                FlowLaw::Silent(_) => silent(flow, &run.1),
                FlowLaw::Balanced => unbalanced(flow, &run.1),
            };
            for about in found {
                shown.entry(about).or_insert(run);
            }
        }
        let except = match law {
            FlowLaw::Leaks(except) | FlowLaw::Silent(except) => except.clone(),
            FlowLaw::Balanced => BTreeSet::new(),
        };
        for (about, run) in shown {
            let fits = except.contains(&about);
            let answer = Answer::Possible(Box::new(witness(run)));
            cases.push(Case::new(&flow.id, &about, answer, fits));
            seen.insert(about);
        }
    }
    if let FlowLaw::Leaks(except) | FlowLaw::Silent(except) = law {
        let unseen = except.iter().filter(|about| !seen.contains(*about));
        cases.extend(unseen.map(|about| Case::new("flow", about, Answer::Impossible, false)));
    }
    if questions == 0 && cases.is_empty() {
        cases.push(Case::new("flow", "", Answer::Undecided(vec!["there is no such flow".to_owned()]), false));
    }
    Proof::of(cases, questions)
}

/// What `plimsoll lifecycle flow FLOW --fail STEP` is to be asked.
pub(super) fn witness((told, plan): &(Told, Plan)) -> Witness {
    let mut document = Map::new();
    document.insert("flow".to_owned(), plan.flow.clone().into());
    document.extend(plan.failing.iter().map(|step| ("fail".to_owned(), Json::from(step.clone()))));
    for (name, value) in told {
        document.insert(name.clone(), json(value));
    }
    Witness { document: Json::Object(document), ..Witness::default() }
}

/// Rows of what stays behind; what no row speaks of by its own name.
fn left(plan: &Plan) -> Vec<String> {
    let row = |left: &crate::lifecycle::Left| {
        left.leak.as_ref().map_or_else(|| left.resource.clone(), ToString::to_string)
    };
    plan.left.iter().map(row).collect()
}

/// The step that fails, if the caller is told nothing of it.
fn silent(flow: &Flow, plan: &Plan) -> Vec<String> {
    let failing = plan.failing.as_ref().filter(|_| plan.told.is_none());
    failing.map(|step| format!("{}/{step}", flow.id)).into_iter().collect()
}

/// What is out of balance: the actions are held against a count of their own.
fn unbalanced(flow: &Flow, plan: &Plan) -> Vec<String> {
    let mut out = Vec::new();
    let mut there: BTreeSet<String> = flow.held().into_iter().collect();
    let mut last = usize::MAX;
    for action in &plan.actions {
        for resource in &action.acquires {
            if !there.insert(resource.clone()) {
                out.push(format!("{resource} is acquired twice"));
            }
        }
        for resource in &action.releases {
            if !there.remove(resource) {
                out.push(format!("{resource} is released and not there"));
            }
        }
        if action.kind == ActionKind::Undo {
            let armed = flow.undos().iter().find(|undo| undo.id == action.id).and_then(|u| flow.waits(u).0);
            let at = armed.and_then(|armed| flow.steps().iter().position(|step| step.id == armed));
            if let Some(at) = at {
                if at > last {
                    out.push(format!("{} is undone too late", action.id));
                }
                last = at;
            }
        }
    }
    let kept: BTreeSet<String> =
        plan.kept.iter().cloned().chain(plan.left.iter().map(|left| left.resource.clone())).collect();
    if kept != there {
        out.push("what is there at the end is not what is said to be".to_owned());
    }
    out
}
