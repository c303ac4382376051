//! Rows that do nothing: dead, contradictory, shadowed or duplicate ones.
//!
//! What the examples of the rows show needs no proof: a row that fires on one of them is reachable. Only what no example
//! shows is asked.

use std::collections::{BTreeMap, BTreeSet};

use super::question::{Answer, Ask, Questions, Side};
use super::theorem::RowLaw;
use crate::engine::{Budget, Decision, Verdict};
use crate::table::{Effect, RuleId};

/// The decisions about all examples of a kind.
pub(super) fn decisions(questions: &Questions, side: &Side) -> Vec<Decision> {
    let pool = questions.pool(side);
    let judge = |texts: super::document::Texts| {
        side.policy.judge_traced(&texts.request(side.kind), &Budget::default()).ok()
    };
    pool.documents.iter().filter_map(|w| judge(w.texts())).map(|outcome| outcome.decision).collect()
}

/// The rows of which the law does not hold, and why that is not known, where it is not.
pub(super) fn look(
    questions: &Questions,
    side: &Side,
    ids: &[RuleId],
    law: RowLaw,
) -> Vec<(String, Vec<String>)> {
    let decisions = questions.decisions(side);
    match law {
        RowLaw::Reachable => {
            let fired: BTreeSet<&RuleId> = decisions.iter().flat_map(fired).collect();
            let open = ids.iter().filter(|id| !fired.contains(id));
            open.filter_map(|id| failure(id, questions.answer(&[side], &[(0, Ask::Fires(id.clone()))])))
                .collect()
        }
        RowLaw::Unshadowed => {
            let shown: BTreeSet<RuleId> = decisions.iter().flat_map(|d| unshadowed(side, d)).collect();
            let open = ids.iter().filter(|id| !shown.contains(id));
            open.filter_map(|id| {
                let rule = side.rules().find(|rule| rule.id == *id)?;
                let more = match rule.effect {
                    Effect::Deny => Ask::First(id.clone()),
                    Effect::Warn => Ask::NotDenied,
                    Effect::Set => return None,
                };
                let asks = [(0, Ask::Fires(id.clone())), (0, more)];
                failure(id, questions.answer(&[side], &asks))
            })
            .collect()
        }
        RowLaw::Distinct => distinct(questions, side, ids, &decisions),
    }
}

fn failure(id: &RuleId, answer: Answer) -> Option<(String, Vec<String>)> {
    match answer {
        Answer::Possible(_) => None,
        Answer::Impossible => Some((id.to_string(), Vec::new())),
        Answer::Undecided(doubts) => Some((id.to_string(), doubts)),
    }
}

fn fired(decision: &Decision) -> impl Iterator<Item = &RuleId> {
    decision.trace.iter().filter(|t| t.fired > 0).map(|t| &t.rule)
}

/// The rows that fire without a deny row before them, and the warnings where nothing is denied.
fn unshadowed(side: &Side, decision: &Decision) -> Vec<RuleId> {
    let fired: BTreeSet<&RuleId> = fired(decision).collect();
    let unknown: BTreeSet<&RuleId> =
        decision.trace.iter().filter(|t| t.unknown > 0).map(|t| &t.rule).collect();
    let mut out = Vec::new();
    let mut denied = false;
    for rule in side.rules() {
        let fires = fired.contains(&rule.id);
        match rule.effect {
            Effect::Deny => {
                if fires && !denied {
                    out.push(rule.id.clone());
                }
                denied |= fires || unknown.contains(&rule.id);
            }
            Effect::Warn if fires && decision.verdict != Verdict::Deny => out.push(rule.id.clone()),
            _ => {}
        }
    }
    out
}

/// Pairs of rows of one effect that fire on the same documents.
fn distinct(
    questions: &Questions,
    side: &Side,
    ids: &[RuleId],
    decisions: &[Decision],
) -> Vec<(String, Vec<String>)> {
    let mut signatures: BTreeMap<&RuleId, BTreeSet<usize>> = BTreeMap::new();
    for (number, decision) in decisions.iter().enumerate() {
        for id in fired(decision) {
            signatures.entry(id).or_default().insert(number);
        }
    }
    let rules: Vec<_> = side.rules().filter(|rule| rule.effect != Effect::Set).collect();
    let mut out = Vec::new();
    for (at, one) in rules.iter().enumerate() {
        for other in rules.iter().skip(at.saturating_add(1)) {
            let concerned = ids.contains(&one.id) || ids.contains(&other.id);
            let alike = one.effect == other.effect && signatures.get(&one.id) == signatures.get(&other.id);
            if !concerned || !alike {
                continue;
            }
            let differ = |fires: &RuleId, silent: &RuleId| {
                let asks = [(0, Ask::Fires(fires.clone())), (0, Ask::Silent(silent.clone()))];
                questions.answer(&[side], &asks)
            };
            let about = format!("{} and {}", one.id, other.id);
            match (differ(&one.id, &other.id), differ(&other.id, &one.id)) {
                (Answer::Possible(_), _) | (_, Answer::Possible(_)) => {}
                (Answer::Impossible, Answer::Impossible) => out.push((about, Vec::new())),
                (Answer::Undecided(doubts), _) | (_, Answer::Undecided(doubts)) => out.push((about, doubts)),
            }
        }
    }
    out
}
