use super::answers::{Memo, Truth};
use super::bases::Bases;
use super::budget::{Budget, OverBudget};
use super::calls::Calls;
use super::decision::Decision;
use super::loops::{Frames, Odometer};
use super::naive;
use super::plan::{RulePlan, StagePlan};
use super::program::Program;
use super::reader::Reader;
use super::run::{Run, Tells};
use super::scope::Roots;
use super::tri::Tri;
use crate::facts::Facts;

/// Judges a document by the lowered rules. It allocates only for findings, changes, and tests without a fast form.
pub(super) fn evaluate(
    program: &Program,
    document: &Facts<'_>,
    others: &[&Facts<'_>],
    budget: &Budget,
    tells: Tells,
) -> Result<Decision, OverBudget> {
    // Most documents are fine: nothing to set up, nothing to tell.
    if tells == Tells::Decision && program.quiet().holds(program, Roots { document, others }, budget) {
        return Ok(Decision::allow());
    }
    let mut run = Run::new(program, document, others, budget, tells);
    let mut bases = program.records().find(run.roots());
    for (stage, plan) in program.stages().iter().zip(program.plans()) {
        if !run.begin(stage.rules.iter().map(AsRef::as_ref)) {
            break;
        }
        match plan {
            Some(plan) => judge_stage(&mut run, plan, stage.over_map(), &mut bases)?,
            None => naive::judge_stage(&mut run, stage)?,
        }
        if plan.as_ref().is_none_or(|plan| plan.changes) {
            bases = program.records().find(run.roots());
        }
    }
    let all_fast = || program.plans().iter().all(Option::is_some);
    held_by_tests(tells != Tells::Decision || run.spoke() || !all_fast(), "took the long way to nothing");
    Ok(run.decision())
}

/// What is left to a slower evaluator is judged rightly, so no answer would show that it was left: tests and fuzzing ask here.
#[allow(unused_variables)]
fn held_by_tests(holds: bool, otherwise: &str) {
    #[cfg(any(test, fuzzing))]
    assert!(holds, "the fast evaluator {otherwise}");
}

/// Whether a rule fires.
pub(super) fn truth<'e>(
    rule: &'e RulePlan,
    plan: &'e StagePlan,
    reader: &Reader<'_, 'e>,
    memo: &mut Memo,
    frames: &Frames,
) -> Truth {
    match &rule.when {
        Some(when) => reader.condition(when, &plan.tests, memo, frames),
        None => reader.slow(&rule.rule.when, frames),
    }
}

fn judge_stage(
    run: &mut Run<'_>,
    plan: &StagePlan,
    over_map: bool,
    bases: &mut Bases,
) -> Result<(), OverBudget> {
    let before = run.denials();
    let mut instances = Odometer::default();
    while instances.next(&plan.loops, &Reader::new(run, bases, &plan.vars, &Calls::default())).is_some() {
        if plan.changes {
            // A row may make the record that a later row reads.
            instances.frames.iter_mut().for_each(|frame| frame.fields = None);
        }
        let now = run.denials();
        instance(run, plan, &instances.frames, bases)?;
        run.end_instance(over_map, before, now);
    }
    Ok(())
}

fn instance(
    run: &mut Run<'_>,
    plan: &StagePlan,
    frames: &Frames,
    bases: &mut Bases,
) -> Result<(), OverBudget> {
    let mut memo = Memo::default();
    for (i, rule) in plan.rules.iter().enumerate() {
        let calls = Calls::default();
        let reader = Reader::new(run, bases, &plan.vars, &calls);
        let truth = truth(rule, plan, &reader, &mut memo, frames);
        let vars = if truth == Truth::False { Vec::new() } else { reader.bounds(frames) };
        let outcome = match truth {
            Truth::False => Tri::False,
            Truth::True => Tri::True,
            // What is not known, the naive evaluator names.
            Truth::Unknown => run.scope(&vars).cond(&rule.rule.when),
        };
        held_by_tests(truth != Truth::Unknown || matches!(outcome, Tri::Unknown(_)), "gave up on a rule");
        run.count(i, outcome == Tri::True, matches!(outcome, Tri::Unknown(_)))?;
        if outcome == Tri::False {
            continue;
        }
        run.outcome(&rule.rule, &vars, outcome);
        if plan.changes {
            memo = Memo::default();
            *bases = run.program.records().find(run.roots());
        }
    }
    Ok(())
}
