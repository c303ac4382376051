use std::collections::BTreeMap;

use super::budget::{Budget, OverBudget};
use super::decision::Decision;
use super::naive;
use super::plan::{RulePlan, StagePlan};
use super::program::Program;
use super::reader::{Frames, Memo, Odometer, Reader, Truth};
use super::run::{Run, Tells};
use super::scope::Roots;
use super::tri::Tri;
use crate::facts::Facts;

/// Judges a document by the lowered rules. It allocates only for findings, changes, and tests without a fast form.
pub(super) fn evaluate(
    program: &Program,
    document: &Facts<'_>,
    others: &[Facts<'_>],
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
    let poison = BTreeMap::new();
    let mut left = budget.instances;
    for plan in program.plans() {
        let Some(plan) = plan else { return false };
        let reader = Reader::of(program.subject(), roots, &plan.vars, &poison);
        let mut instances = Odometer::default();
        while instances.next(&plan.loops, &reader).is_some() {
            if left < plan.rules.len() {
                return false;
            }
            left -= plan.rules.len();
            let mut memo = Memo::default();
            let is_false =
                |rule: &RulePlan| truth(rule, plan, &reader, &mut memo, &instances.frames) == Truth::False;
            if !plan.rules.iter().all(is_false) {
                return false;
            }
        }
    }
    true
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
        run.count(i, truth == Truth::True, truth == Truth::Unknown)?;
        let outcome = match truth {
            Truth::False => continue,
            Truth::True => Tri::True,
            // What is not known, the naive evaluator names.
            Truth::Unknown => run.scope(&vars).cond(&rule.rule.when),
        };
        run.outcome(&rule.rule, &vars, outcome);
        if plan.changes {
            memo = Memo::default();
        }
    }
    Ok(())
}
