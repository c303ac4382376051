//! Rows that do nothing: dead, contradictory, shadowed or duplicate ones.
//!
//! What the examples of a row show needs no proof: if it fires on one of them it is reachable. Only what none of them
//! shows is asked.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::answer::Questions;
use super::pool::of_example;
use super::question::{Answer, Ask, Side};
use super::theorem::RowLaw;
use crate::engine::Decision;
use crate::subject::Kind;
use crate::table::{Catalog, Effect, Rule, RuleId};

/// A row that does nothing of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// The row.
    pub rule: RuleId,
    /// What is wrong with it.
    pub kind: FaultKind,
    /// The profile in which it is so.
    pub profile: String,
    /// Other rows that it is because of, where single ones are to blame.
    pub because_of: Vec<RuleId>,
    /// Why it is not known whether it is so.
    pub doubts: Vec<String>,
}

/// What can be wrong with a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FaultKind {
    /// Its condition holds for no document.
    Contradictory,
    /// Its condition can hold, but not for what earlier rows leave of a document.
    Dead,
    /// Wherever it fires a deny row before it fires as well, so that it is never the first; a warning: wherever it fires
    /// the document is denied.
    Shadowed,
    /// Another row of its effect fires on the same documents.
    Duplicate,
}

impl FaultKind {
    /// In one word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Contradictory => "contradictory",
            Self::Dead => "dead",
            Self::Shadowed => "shadowed",
            Self::Duplicate => "duplicate",
        }
    }
}

/// A document on which one row fires, and another does not: proved if there is none.
///
/// Undecided as well if the profile does not judge the kind.
#[must_use]
pub fn separate(
    catalog: &Catalog,
    profile: &str,
    kind: Kind,
    (fires, silent): (&str, &str),
    steps: u64,
) -> Answer {
    match Side::new(catalog, profile, kind) {
        None => Answer::Undecided(vec![format!("{profile} does not judge documents of kind {kind}")]),
        Some(side) => {
            let asks = [(0, Ask::Fires(RuleId(fires.into()))), (0, Ask::Silent(RuleId(silent.into())))];
            Questions::new(steps).answer(&[&side], &asks)
        }
    }
}

/// The rows of a catalog, from the given number on, that do nothing of their own in some profile.
///
/// Each question on the way may take so many steps ([`DEFAULT_STEPS`]). The second value is the number of rows and profiles
/// that were looked at.
///
/// [`DEFAULT_STEPS`]: super::DEFAULT_STEPS
#[must_use]
pub fn faults(catalog: &Catalog, from: usize, steps: u64) -> (Vec<Fault>, usize) {
    let questions = Questions::new(steps);
    let rows = catalog.rules().get(from..).unwrap_or_default();
    let (mut out, mut looked_at) = (Vec::new(), 0);
    for profile in catalog.profiles().iter() {
        for kind in Kind::ALL {
            let own = rows.iter().filter(|rule| {
                *rule.subject == *kind.as_str() && rule.holds_in(catalog.profiles(), &profile.id)
            });
            let ids: Vec<RuleId> = own.map(|rule| rule.id.clone()).collect();
            if ids.is_empty() {
                continue;
            }
            let Some(side) = Side::new(catalog, &profile.id, kind) else { continue };
            looked_at += ids.len();
            out.extend(faults_of(&questions, &side, &ids));
        }
    }
    (out, looked_at)
}

fn faults_of(questions: &Questions, side: &Side, ids: &[RuleId]) -> Vec<Fault> {
    let profile = side.policy.profile().to_owned();
    let fault = |rule: &RuleId, kind, because_of, doubts| Fault {
        rule: rule.clone(),
        kind,
        profile: profile.clone(),
        because_of,
        doubts,
    };
    let mut out = Vec::new();
    let mut dead = BTreeSet::new();
    for (id, doubts) in look(questions, side, ids, RowLaw::Reachable) {
        let id = RuleId(id.into());
        let alone = Side::alone(side, &id);
        let contradictory = doubts.is_empty()
            && questions.answer(&[&alone], &[(0, Ask::Fires(id.clone()))]) == Answer::Impossible;
        let kind = if contradictory { FaultKind::Contradictory } else { FaultKind::Dead };
        out.push(fault(&id, kind, Vec::new(), doubts));
        dead.insert(id);
    }
    let living: Vec<RuleId> = ids.iter().filter(|id| !dead.contains(id)).cloned().collect();
    for (id, doubts) in look(questions, side, &living, RowLaw::Unshadowed) {
        let id = RuleId(id.into());
        let blamed = if doubts.is_empty() { shadows(questions, side, &id) } else { Vec::new() };
        out.push(fault(&id, FaultKind::Shadowed, blamed, doubts));
    }
    for (pair, doubts) in look(questions, side, &living, RowLaw::Distinct) {
        let (one, other) = pair.split_once(" and ").unwrap_or((&pair, ""));
        let (one, other) = (RuleId(one.into()), RuleId(other.into()));
        let (rule, twin) = if living.contains(&other) { (other, one) } else { (one, other) };
        if !dead.contains(&twin) {
            out.push(fault(&rule, FaultKind::Duplicate, vec![twin], doubts));
        }
    }
    out
}

/// The single deny rows that fire wherever a row does.
fn shadows(questions: &Questions, side: &Side, id: &RuleId) -> Vec<RuleId> {
    let rule = side.rules().find(|rule| rule.id == *id);
    let any = rule.is_some_and(|rule| rule.effect == Effect::Warn);
    let before = side.rules().take_while(|rule| any || rule.id != *id);
    let deny = before.filter(|rule| rule.effect == Effect::Deny && rule.id != *id);
    deny.filter(|other| {
        let asks = [(0, Ask::Fires(id.clone())), (0, Ask::Silent(other.id.clone()))];
        questions.answer(&[side], &asks) == Answer::Impossible
    })
    .map(|other| other.id.clone())
    .collect()
}

/// The rows of which the law does not hold, and why that is not known, where it is not.
pub(super) fn look(
    questions: &Questions,
    side: &Side,
    ids: &[RuleId],
    law: RowLaw,
) -> Vec<(String, Vec<String>)> {
    let rule = |id: &RuleId| side.rules().find(|rule| rule.id == *id);
    match law {
        RowLaw::Reachable => {
            ids.iter().filter_map(|id| failure(id, reach(questions, side, rule(id)?))).collect()
        }
        RowLaw::Unshadowed => ids
            .iter()
            .filter_map(|id| {
                let rule = rule(id)?;
                let more = match rule.effect {
                    Effect::Deny => Ask::First(id.clone()),
                    Effect::Warn => Ask::NotDenied,
                    Effect::Set => return None,
                };
                let Some(said) = questions.said(side, rule) else {
                    return failure(id, Answer::OverBudget { steps: questions.steps() });
                };
                let fires = Ask::Fires(id.clone());
                if said.iter().any(|decision| side.meets(&[&fires, &more], decision)) {
                    return None;
                }
                failure(id, questions.answer(&[side], &[(0, fires), (0, more)]))
            })
            .collect(),
        RowLaw::Distinct => distinct(questions, side, ids),
    }
}

/// Whether a row fires: an example that shows it needs no proof.
fn reach(questions: &Questions, side: &Side, rule: &Rule) -> Answer {
    let Some(said) = questions.said(side, rule) else {
        return Answer::OverBudget { steps: questions.steps() };
    };
    let shown = said.iter().position(|decision| fired(decision).any(|id| *id == rule.id));
    match shown.and_then(|at| rule.bad.get(at)) {
        Some(example) => Answer::Possible(Box::new(of_example(example))),
        None => questions.answer(&[side], &[(0, Ask::Fires(rule.id.clone()))]),
    }
}

fn failure(id: &RuleId, answer: Answer) -> Option<(String, Vec<String>)> {
    match answer {
        Answer::Possible(_) => None,
        Answer::Impossible => Some((id.to_string(), Vec::new())),
        unknown => Some((id.to_string(), unknown.doubts().unwrap_or_default())),
    }
}

fn fired(decision: &Decision) -> impl Iterator<Item = &RuleId> {
    decision.trace.iter().filter(|t| t.fired > 0).map(|t| &t.rule)
}

/// Pairs of rows of one effect that fire on the same documents.
fn distinct(questions: &Questions, side: &Side, ids: &[RuleId]) -> Vec<(String, Vec<String>)> {
    let ids: BTreeSet<&RuleId> = ids.iter().collect();
    let rules: Vec<&Rule> = side.rules().filter(|rule| rule.effect != Effect::Set).collect();
    let numbers: BTreeMap<&RuleId, usize> = rules.iter().zip(0..).map(|(rule, n)| (&rule.id, n)).collect();
    // For each row the documents that are known to fire it, each with all rows that it fires; nothing if finding out takes
    // too many steps.
    let mut shown: Vec<Option<Vec<Vec<bool>>>> = Vec::new();
    for (at, rule) in rules.iter().enumerate() {
        let rows = |decision: &Decision| {
            let mut row = vec![false; rules.len()];
            for number in fired(decision).filter_map(|id| numbers.get(id)) {
                if let Some(slot) = row.get_mut(*number) {
                    *slot = true;
                }
            }
            row
        };
        let all = known(questions, side, rule).map(|known| known.iter().map(rows).collect::<Vec<_>>());
        shown.push(all.map(|all| all.into_iter().filter(|row| row.get(at) == Some(&true)).collect()));
    }
    let without = |one: usize, other: usize| {
        let all = shown.get(one).and_then(Option::as_ref);
        all.is_some_and(|all| all.iter().any(|row| row.get(other) == Some(&false)))
    };
    let unknown = |one: usize| shown.get(one).is_none_or(Option::is_none);
    let mut out = Vec::new();
    for (at, one) in rules.iter().enumerate() {
        for (next, other) in rules.iter().enumerate().skip(at.saturating_add(1)) {
            let concerned = ids.contains(&&one.id) || ids.contains(&&other.id);
            if !concerned || one.effect != other.effect || without(at, next) || without(next, at) {
                continue;
            }
            let about = format!("{} and {}", one.id, other.id);
            if unknown(at) || unknown(next) {
                // One line for each such row, and not one for each pair.
                out.push((
                    about,
                    Answer::OverBudget { steps: questions.steps() }.doubts().unwrap_or_default(),
                ));
                break;
            }
            let differ = |fires: &RuleId, silent: &RuleId| {
                let asks = [(0, Ask::Fires(fires.clone())), (0, Ask::Silent(silent.clone()))];
                questions.answer(&[side], &asks)
            };
            match (differ(&one.id, &other.id), differ(&other.id, &one.id)) {
                (Answer::Possible(_), _) | (_, Answer::Possible(_)) => {}
                (Answer::Impossible, Answer::Impossible) => out.push((about, Vec::new())),
                (one, other) => out.push((about, one.doubts().or(other.doubts()).unwrap_or_default())),
            }
        }
    }
    out
}

/// What is said of the examples of a row, or else of a document that fires it; `None` if that takes too many steps.
fn known(questions: &Questions, side: &Side, rule: &Rule) -> Option<Rc<Vec<Decision>>> {
    let said = questions.said(side, rule)?;
    if said.iter().any(|decision| fired(decision).any(|id| *id == rule.id)) {
        return Some(said);
    }
    match questions.answer(&[side], &[(0, Ask::Fires(rule.id.clone()))]) {
        Answer::Possible(witness) => Some(Rc::new(side.judge(&witness).into_iter().collect())),
        Answer::OverBudget { .. } => None,
        Answer::Impossible | Answer::Undecided(_) => Some(said),
    }
}
