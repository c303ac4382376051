use super::budget::{Budget, OverBudget};
use super::decision::Decision;
use super::program::{Program, Stage};
use super::run::{Run, Tells};
use super::tri::Tri;
use crate::facts::Facts;

/// Judges a document by walking the typed tree of every rule: short, slow, and the reference for anything faster.
pub(super) fn evaluate(
    program: &Program,
    document: &Facts<'_>,
    others: &[&Facts<'_>],
    budget: &Budget,
    tells: Tells,
) -> Result<Decision, OverBudget> {
    let mut run = Run::new(program, document, others, budget, tells);
    for stage in program.stages() {
        if !run.begin(stage.rules.iter().map(AsRef::as_ref)) {
            break;
        }
        judge_stage(&mut run, stage)?;
    }
    Ok(run.decision())
}

/// Judges the rows of one stage for every instance.
pub(super) fn judge_stage(run: &mut Run<'_>, stage: &Stage) -> Result<(), OverBudget> {
    let instances = match stage.rules.first() {
        Some(rule) => run.scope(&[]).instances(&rule.each),
        None => Vec::new(),
    };
    let before = run.denials();
    for vars in &instances {
        let now = run.denials();
        for (i, rule) in stage.rules.iter().enumerate() {
            let outcome = run.scope(vars).cond(&rule.when);
            run.count(i, outcome == Tri::True, matches!(outcome, Tri::Unknown(_)))?;
            run.cover(i, rule, vars);
            run.outcome(rule, vars, outcome);
        }
        run.end_instance(stage.over_map(), before, now);
    }
    Ok(())
}
