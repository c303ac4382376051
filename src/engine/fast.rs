use std::collections::BTreeMap;

use super::answers::{Memo, Truth};
use super::budget::{Budget, OverBudget};
use super::decision::Decision;
use super::loops::{Frames, Odometer};
use super::naive;
use super::plan::{RulePlan, StagePlan};
use super::program::Program;
use super::reader::Reader;
use super::run::{Run, Tells};
use super::scope::Roots;
use super::tri::{Needs, Tri};
use super::view_cache::ViewCache;
use crate::facts::{Facts, SlotId};

/// Judges a document by the lowered rules. It allocates only for findings, changes, and tests without a fast form.
pub(super) fn evaluate(
    program: &Program,
    document: &Facts<'_>,
    others: &[&Facts<'_>],
    budget: &Budget,
    tells: Tells,
) -> Result<Decision, OverBudget> {
    // Most documents are fine: nothing to set up, nothing to tell.
    if tells == Tells::Decision && is_quiet(program, Roots { document, others }, budget) {
        return Ok(Decision::allow());
    }
    let mut run = Run::new(program, document, others, budget, tells);
    for (stage, plan) in program.stages().iter().zip(program.plans()) {
        if !run.begin(stage.rules.iter().map(AsRef::as_ref)) {
            break;
        }
        match plan {
            Some(plan) => judge_stage(&mut run, plan, stage.over_map())?,
            None => naive::judge_stage(&mut run, stage)?,
        }
    }
    Ok(run.decision())
}

/// Whether no rule fires, or might. False also where finding out takes more than this: the caller then judges in full.
fn is_quiet(program: &Program, roots: Roots<'_>, budget: &Budget) -> bool {
    static UNCHANGED: BTreeMap<SlotId, Needs> = BTreeMap::new();
    let mut left = budget.instances;
    let cache;
    let views = if program.has_views() {
        cache = ViewCache::default();
        Some(&cache)
    } else {
        None
    };
    let mut frames = Frames::default();
    program.plans().iter().all(|plan| {
        let Some(plan) = plan else { return false };
        let reader = Reader::of(program.subject(), roots, &plan.vars, &UNCHANGED).keeping(views);
        quiet_from(0, plan, &reader, &mut frames, &mut left)
    })
}

/// The same for the instances of the loops from number `depth` on; `left` is how many rules may yet be judged.
fn quiet_from(
    depth: usize,
    plan: &StagePlan,
    reader: &Reader<'_>,
    frames: &mut Frames,
    left: &mut usize,
) -> bool {
    let Some(each) = plan.loops.get(depth) else { return is_quiet_instance(plan, reader, frames, left) };
    // The elements of what nobody told are nobody's instances.
    let Some(elements) = reader.elements(each, frames) else { return true };
    let is_innermost = depth + 1 == plan.loops.len();
    elements.iter().all(|frame| {
        if let Some(open) = frames.get_mut(depth) {
            *open = frame;
        }
        if is_innermost {
            is_quiet_instance(plan, reader, frames, left)
        } else {
            quiet_from(depth + 1, plan, reader, frames, left)
        }
    })
}

#[inline]
fn is_quiet_instance(plan: &StagePlan, reader: &Reader<'_>, frames: &Frames, left: &mut usize) -> bool {
    let Some(rest) = left.checked_sub(plan.rules.len()) else { return false };
    *left = rest;
    if plan.any.as_ref().is_some_and(|any| reader.is_never(any, &plan.tests, frames)) {
        return true;
    }
    let mut memo = Memo::default();
    // Unknown may mean that this evaluator gave up: a warning that the naive one would find must not be lost.
    plan.rules.iter().all(|rule| truth(rule, plan, reader, &mut memo, frames) == Truth::False)
}

fn truth(rule: &RulePlan, plan: &StagePlan, reader: &Reader<'_>, memo: &mut Memo, frames: &Frames) -> Truth {
    match &rule.when {
        Some(when) => reader.condition(when, &plan.tests, memo, frames),
        None => reader.slow(&rule.rule.when, frames),
    }
}

fn judge_stage(run: &mut Run<'_>, plan: &StagePlan, over_map: bool) -> Result<(), OverBudget> {
    let before = run.denials();
    let mut instances = Odometer::default();
    while instances.next(&plan.loops, &Reader::new(run, &plan.vars)).is_some() {
        if plan.changes {
            // A row may make the record that a later row reads.
            instances.frames.iter_mut().for_each(|frame| frame.fields = None);
        }
        let now = run.denials();
        instance(run, plan, &instances.frames)?;
        run.end_instance(over_map, before, now);
    }
    Ok(())
}

fn instance(run: &mut Run<'_>, plan: &StagePlan, frames: &Frames) -> Result<(), OverBudget> {
    let mut memo = Memo::default();
    for (i, rule) in plan.rules.iter().enumerate() {
        let reader = Reader::new(run, &plan.vars);
        let truth = truth(rule, plan, &reader, &mut memo, frames);
        let vars = if truth == Truth::False { Vec::new() } else { reader.bounds(frames) };
        let outcome = match truth {
            Truth::False => Tri::False,
            Truth::True => Tri::True,
            // What is not known, the naive evaluator names; and it knows some things that this one gave up on.
            Truth::Unknown => run.scope(&vars).cond(&rule.rule.when),
        };
        run.count(i, outcome == Tri::True, matches!(outcome, Tri::Unknown(_)))?;
        if outcome == Tri::False {
            continue;
        }
        run.outcome(&rule.rule, &vars, outcome);
        if plan.changes {
            memo = Memo::default();
        }
    }
    Ok(())
}
