use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use rayon::prelude::*;
use serde_json::{Value, json};

use super::coverage::percent;
use super::policies::Policies;
use crate::case::{Case, Excused, compare};
use crate::engine::{Budget, RuleTrace, Verdict};
use crate::subject::{Kind, Policy, Trial, trials};
use crate::table::{Catalog, Mutant, Rule, RuleId, Shown, mutants};

/// Cases that agree, kept to be judged by mutants.
#[derive(Debug, Default)]
pub(super) struct Kept {
    lines: Vec<Vec<u8>>,
    /// For each rule the cases in which it fired, and those in which it was judged.
    fired: BTreeMap<RuleId, Vec<usize>>,
    judged: BTreeMap<RuleId, Vec<usize>>,
}

impl Kept {
    /// Keeps a line that holds an agreeing case, with what the rules did.
    pub(super) fn add(&mut self, line: Vec<u8>, trace: &[RuleTrace]) {
        for one in trace {
            let list = match (one.fired, one.judged) {
                (0, 0) => continue,
                (0, _) => &mut self.judged,
                _ => &mut self.fired,
            };
            list.entry(one.rule.clone()).or_default().push(self.lines.len());
        }
        self.lines.push(line);
    }

    /// The cases that a rule can have a part in, those in which it fires first.
    fn of<'k>(
        &'k self,
        rule: &RuleId,
        cases: &'k [Option<Agreed<'k>>],
    ) -> impl Iterator<Item = &'k Agreed<'k>> {
        let lists = [self.fired.get(rule), self.judged.get(rule)];
        lists.into_iter().flatten().flatten().filter_map(|i| cases.get(*i)?.as_ref())
    }
}

/// A case whose expectations are met.
#[derive(Debug)]
struct Agreed<'l> {
    case: Case<'l>,
    /// It expects something of what the document resolves to, which only a verdict can change.
    resolves: Option<bool>,
}

impl<'l> Agreed<'l> {
    fn parse(line: &'l [u8]) -> Option<Self> {
        let mut case = Case::parse(line).ok()?;
        let expect = case.expect.as_mut()?;
        let resolves = expect.resolved.take().map(|value| !value.is_null());
        Some(Self { case, resolves })
    }

    fn notices(&self, policy: &Policy) -> bool {
        let Some(expect) = &self.case.expect else { return false };
        let (request, budget) = (self.case.request(), Budget::default());
        let decision = match expect.rules {
            Some(_) => policy.judge_traced(&request, &budget).map(|outcome| outcome.decision),
            None => policy.decide(&request, &budget),
        };
        let Ok(decision) = decision else { return true };
        let denied = decision.verdict == Verdict::Deny;
        let outcome = crate::subject::Outcome { decision, resolved: None };
        // A create body is resolved to what it says even when it is denied.
        let resolves =
            self.case.kind != Kind::Create && self.resolves.is_some_and(|resolves| resolves == denied);
        resolves || !compare(expect, &outcome).is_empty()
    }
}

/// A rule whose mutants are tried, and what may notice them.
struct Target<'t> {
    rule: &'t Rule,
    kind: Kind,
    trials: Vec<Trial<'t>>,
    mutants: Vec<Mutant>,
}

/// Tries all mutants of these rules on cases and, if `examples`, on the examples of the tables.
pub(super) fn run<'r>(
    rules: impl Iterator<Item = &'r Rule>,
    kept: &Kept,
    examples: bool,
    policies: &Policies,
    catalog: &Catalog,
    excused: &Excused,
) -> MutationReport {
    let cases: Vec<_> = kept.lines.par_iter().map(|line| Agreed::parse(line)).collect();
    let all = catalog.rules().iter().map(AsRef::as_ref);
    let all_trials = if examples { trials(catalog, all) } else { Vec::new() };
    let targets: Vec<Target<'_>> = rules
        .filter_map(|rule| {
            let subject = catalog.subject(&rule.subject)?;
            let others = !rule.set.is_empty() || rule.halt;
            let of_rule =
                |trial: &&Trial<'_>| trial.rule.id == rule.id || others && trial.rule.subject == rule.subject;
            let mut trials: Vec<_> = all_trials.iter().filter(of_rule).copied().collect();
            trials.sort_by_key(|trial| trial.rule.id != rule.id);
            let mutants = mutants(rule, &Shown::new(rule, subject));
            Some(Target { rule, kind: rule.subject.parse().ok()?, trials, mutants })
        })
        .collect();
    let pairs: Vec<_> = targets.iter().flat_map(|t| t.mutants.iter().map(move |m| (t, m))).collect();
    let noticed: Vec<bool> = pairs
        .par_iter()
        .map(|(target, mutant)| {
            let mut trial = Mutated { target, mutant, policies, made: BTreeMap::new() };
            trial.is_noticed(kept.of(&target.rule.id, &cases))
        })
        .collect();
    let mut report = MutationReport::default();
    for ((target, mutant), noticed) in pairs.into_iter().zip(noticed) {
        let id = target.rule.id.as_str();
        let reason = excused.mutant(id, &mutant.text).map(str::to_owned);
        report.tried.push(Tried { rule: target.rule.id.clone(), text: mutant.text.clone(), noticed, reason });
    }
    let ids: BTreeSet<&str> = targets.iter().map(|t| t.rule.id.as_str()).collect();
    let survive = |id: &str, text: &str| {
        report.tried.iter().any(|t| !t.noticed && t.rule.as_str() == id && t.text == text)
    };
    report.stale = excused
        .mutants()
        .filter(|(id, text)| ids.contains(id) && !survive(id, text))
        .map(|(id, text)| format!("{id}: {text}"))
        .collect();
    report
}

/// A mutant under trial, with the policies of the profiles that it was tried in.
struct Mutated<'m> {
    target: &'m Target<'m>,
    mutant: &'m Mutant,
    policies: &'m Policies,
    made: BTreeMap<String, Policy>,
}

impl Mutated<'_> {
    fn policy(&mut self, profile: &str) -> Option<&Policy> {
        if !self.made.contains_key(profile) {
            let original = self.policies.get(Some(profile)).ok()?;
            let with = self.mutant.rule.clone().map(Arc::new);
            let mutated = original.replacing(self.target.kind, &self.target.rule.id, with);
            self.made.insert(profile.to_owned(), mutated);
        }
        self.made.get(profile)
    }

    fn is_noticed<'c>(&mut self, mut cases: impl Iterator<Item = &'c Agreed<'c>>) -> bool {
        let target = self.target;
        let default = self.policies.profile().to_owned();
        target.trials.iter().any(|trial| self.is_noticed_by(trial))
            || cases.any(|agreed| {
                let profile = agreed.case.profile.as_deref().unwrap_or(&default);
                self.policy(profile).is_some_and(|policy| agreed.notices(policy))
            })
    }

    fn is_noticed_by(&mut self, trial: &Trial<'_>) -> bool {
        let Some(policy) = self.policy(trial.profile) else { return false };
        match trial.judge(policy) {
            Ok((_, decision)) => trial.problem(&decision).is_some(),
            Err(_) => true,
        }
    }
}

#[derive(Debug)]
struct Tried {
    rule: RuleId,
    text: String,
    noticed: bool,
    /// Why nothing notices it.
    reason: Option<String>,
}

impl Tried {
    fn survives(&self) -> bool {
        !self.noticed && self.reason.is_none()
    }
}

/// Which mutants were noticed.
#[derive(Debug, Default)]
pub(super) struct MutationReport {
    tried: Vec<Tried>,
    /// Excused mutants that need no excuse.
    stale: Vec<String>,
}

impl MutationReport {
    /// The mutants of a rule that nothing noticed and nobody excused.
    pub(super) fn survivors(&self, rule: &RuleId) -> BTreeSet<&str> {
        self.tried.iter().filter(|t| t.survives() && t.rule == *rule).map(|t| t.text.as_str()).collect()
    }

    pub(super) fn is_complete(&self) -> bool {
        self.stale.is_empty() && !self.tried.iter().any(Tried::survives)
    }

    /// Mutants, those noticed, and those excused.
    fn figures(&self) -> [usize; 3] {
        let count = |keep: fn(&Tried) -> bool| self.tried.iter().filter(|t| keep(t)).count();
        [self.tried.len(), count(|t| t.noticed), count(|t| !t.noticed && t.reason.is_some())]
    }

    pub(super) fn text(&self) -> String {
        let [all, noticed, excused] = self.figures();
        let mut out = format!("mutation: {noticed} of {all} mutants ({}) noticed", percent(noticed, all));
        out.push_str(&if excused > 0 { format!(", {excused} excused\n") } else { "\n".to_owned() });
        for tried in self.tried.iter().filter(|t| t.survives()) {
            let _ = writeln!(out, "  {} survives: {}", tried.rule, tried.text);
        }
        for stale in &self.stale {
            let _ = writeln!(out, "  excused without need: {stale}");
        }
        out
    }

    pub(super) fn json(&self) -> Value {
        let [all, noticed, excused] = self.figures();
        let mut rows: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        for tried in &self.tried {
            let row = rows.entry(tried.rule.as_str()).or_default();
            row.0 += 1;
            row.1 += usize::from(tried.noticed);
        }
        let rows = rows.into_iter().map(
            |(rule, (mutants, noticed))| json!({ "rule": rule, "mutants": mutants, "noticed": noticed }),
        );
        let survivors = self
            .tried
            .iter()
            .filter(|t| !t.noticed)
            .map(|t| json!({ "rule": t.rule.as_str(), "mutant": t.text, "excused": t.reason }));
        json!({
            "mutants": all, "noticed": noticed, "excused": excused,
            "survivors": survivors.collect::<Vec<_>>(),
            "excused_without_need": self.stale,
            "rows": rows.collect::<Vec<_>>(),
        })
    }
}
