//! Rows that do nothing: dead, contradictory, shadowed or duplicate ones.
//!
//! What the examples of the rows show needs no proof: a row that fires on one of them is reachable. Only what no example
//! shows is asked.

use std::collections::{BTreeMap, BTreeSet};

use super::question::{Answer, Ask, Questions, Side};
use super::theorem::RowLaw;
use crate::engine::{Budget, Decision, Verdict};
use crate::subject::Kind;
use crate::table::{Catalog, Effect, RuleId};

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
        unknown => Some((id.to_string(), unknown.doubts().unwrap_or_default())),
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
                (one, other) => out.push((about, one.doubts().or(other.doubts()).unwrap_or_default())),
            }
        }
    }
    out
}
