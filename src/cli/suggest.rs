use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use serde_json::json;
use serde_json::value::RawValue;

use super::coverage::CoverageReport;
use super::mutate::MutationReport;
use super::policies::Policies;
use crate::arbitrary::{Boundary, Question};
use crate::case::Case;
use crate::engine::{Budget, Decision, Seen};
use crate::source::to_json_line;
use crate::subject::{Kind, Policy};
use crate::table::{Catalog, Mutant, Rule, Shown, mutants};

/// Documents tried for one rule.
const MOST: usize = 30_000;
/// Documents on which the tests of a rule come out alike: more than these show nothing new.
const MOST_ALIKE: usize = 400;

/// Looks for cases that cover what is not covered and notice mutants that nothing noticed. They expect what the rules
/// say now: whether that is right is for the reader to say.
pub(super) fn run<'r>(
    rules: impl Iterator<Item = &'r Rule>,
    policies: &Policies,
    catalog: &Catalog,
    coverage: Option<&CoverageReport>,
    mutation: Option<&MutationReport>,
) -> Vec<String> {
    let rules: Vec<_> = rules.collect();
    let found: Vec<Vec<String>> = rules
        .par_iter()
        .map(|rule| {
            let missing = coverage.map_or_else(Vec::new, |coverage| coverage.missing(&rule.id));
            let survivors = mutation.map_or_else(BTreeSet::new, |mutation| mutation.survivors(&rule.id));
            Search::new(rule, policies, catalog, missing, &survivors).map_or_else(Vec::new, Search::run)
        })
        .collect();
    found.into_iter().flatten().collect()
}

/// The search for one rule.
struct Search<'s> {
    rule: &'s Rule,
    kind: Kind,
    catalog: &'s Catalog,
    policy: &'s Policy,
    /// For each test: whether it is yet to be seen deciding by holding, and by not holding.
    missing: Vec<(bool, bool)>,
    survivors: Vec<(Mutant, Policy)>,
    tried: BTreeMap<Vec<bool>, usize>,
}

impl<'s> Search<'s> {
    /// `None` if there is nothing to look for.
    fn new(
        rule: &'s Rule,
        policies: &'s Policies,
        catalog: &'s Catalog,
        missing: Vec<(bool, bool)>,
        survivors: &BTreeSet<&str>,
    ) -> Option<Self> {
        if survivors.is_empty() && !missing.iter().any(|(held, failed)| *held || *failed) {
            return None;
        }
        let kind: Kind = rule.subject.parse().ok()?;
        // The newest version that has the rule.
        let profiles = catalog.profiles();
        let profile = profiles.iter().filter(|p| rule.holds_in(profiles, &p.id)).last()?;
        let policy = policies.get(Some(&profile.id)).ok()?;
        let survivors = mutants(rule, &Shown::new(rule, catalog.subject(&rule.subject)?))
            .into_iter()
            .filter(|mutant| survivors.contains(mutant.text.as_str()))
            .map(|mutant| {
                let with = mutant.rule.clone().map(std::sync::Arc::new);
                let policy = policy.replacing(kind, &rule.id, with);
                (mutant, policy)
            })
            .collect();
        Some(Self { rule, kind, catalog, policy, missing, survivors, tried: BTreeMap::new() })
    }

    fn is_done(&self) -> bool {
        self.survivors.is_empty() && !self.missing.iter().any(|(held, failed)| *held || *failed)
    }

    fn run(mut self) -> Vec<String> {
        let mut out = Vec::new();
        let Some(boundary) = Boundary::new(self.rule, self.catalog) else { return out };
        for question in boundary.questions(MOST) {
            if self.is_done() {
                break;
            }
            // Facts not told in a case are the recorder's, but for an empty object.
            for host in [question.host.clone(), None] {
                let question = Question { host, ..question.clone() };
                out.extend(self.case(&question, out.len() + 1));
            }
        }
        out
    }

    /// The question as a line, if it shows something new.
    fn case(&mut self, question: &Question, number: usize) -> Option<String> {
        let id = format!("boundary-{}-{number}", self.rule.id);
        let text = line(&id, self.kind, self.policy.profile(), question, None);
        let case = Case::parse(text.as_bytes()).ok()?;
        let (request, budget) = (case.request(), Budget::default());
        let decision = self.policy.judge_covered(&request, &budget).ok()?.decision;
        let trace = decision.trace.iter().find(|one| one.rule == self.rule.id)?;
        let alike = trace.seen.iter().flat_map(|seen| [seen.held > 0, seen.failed > 0]);
        let tried = self.tried.entry(alike.chain([trace.fired > 0]).collect()).or_default();
        *tried += 1;
        if *tried > MOST_ALIKE || trace.judged == 0 {
            return None;
        }
        let before = self.survivors.len();
        self.survivors.retain(|(_, mutated)| match mutated.judge_traced(&request, &budget) {
            Ok(outcome) => told(&outcome.decision) == told(&decision),
            Err(_) => false,
        });
        let mut new = self.survivors.len() < before;
        for (missing, Seen { held, failed }) in self.missing.iter_mut().zip(&trace.seen) {
            new |= missing.0 && *held > 0 || missing.1 && *failed > 0;
            *missing = (missing.0 && *held == 0, missing.1 && *failed == 0);
        }
        new.then(|| line(&id, self.kind, self.policy.profile(), question, Some(&decision)))
    }
}

/// What a case expects: the verdict, and the rules that fired.
fn told(decision: &Decision) -> (&'static str, Vec<&str>) {
    let fired = decision.trace.iter().filter(|one| one.fired > 0).map(|one| one.rule.as_str());
    let mut fired: Vec<_> = fired.collect();
    fired.sort_unstable();
    (decision.verdict.as_str(), fired)
}

/// A question as a line of the case format; values keep the text they have.
fn line(id: &str, kind: Kind, profile: &str, question: &Question, decision: Option<&Decision>) -> String {
    let text = std::str::from_utf8(&question.document).ok().filter(|text| !text.contains(['\n', '\r']));
    let document = match text
        .filter(|text| serde_json::from_str::<&RawValue>(text).is_ok_and(|raw| raw.get() == *text))
    {
        Some(text) => format!("\"input\":{text}"),
        None => format!("\"raw_base64\":\"{}\"", data_encoding::BASE64.encode(&question.document)),
    };
    let told = [
        ("daemon", &question.daemon),
        ("image", &question.image),
        ("request", &question.request),
        ("host", &question.host),
    ];
    let told = told.iter().filter_map(|(name, text)| Some(format!("\"{name}\":{}", (*text).as_ref()?)));
    let told: Vec<_> = told.collect();
    let context =
        if told.is_empty() { String::new() } else { format!(",\"context\":{{{}}}", told.join(",")) };
    let expect = decision.map_or_else(String::new, |decision| {
        let (verdict, rules) = self::told(decision);
        format!(",\"expect\":{}", to_json_line(&json!({ "verdict": verdict, "rules": rules })))
    });
    let [id, kind, profile] = [id, kind.as_str(), profile].map(|text| to_json_line(&text));
    format!("{{\"id\":{id},\"kind\":{kind},\"profile\":{profile},{document}{context}{expect}}}")
}
