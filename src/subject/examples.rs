use std::collections::BTreeMap;
use std::sync::Arc;

use super::judge::{FeaturesAnswer, Request};
use super::kind::Kind;
use super::policy::Policy;
use crate::engine::{Budget, Decision};
use crate::schema::Problem;
use crate::source::Span;
use crate::table::{Catalog, Effect, Example, Rule, TableError};

/// One example of a rule, under one of the profiles that it is for.
#[derive(Clone, Copy, Debug)]
pub struct Trial<'t> {
    /// The rule.
    pub rule: &'t Rule,
    /// The document.
    pub example: &'t Example,
    /// The profile.
    pub profile: &'t str,
    /// Whether the rule must fire on it, or must not.
    pub fires: bool,
}

/// The examples of some rules of a catalog, under every profile that they are for.
pub fn trials<'t>(catalog: &'t Catalog, rules: impl IntoIterator<Item = &'t Rule>) -> Vec<Trial<'t>> {
    let profiles = catalog.profiles();
    let mut trials = Vec::new();
    for rule in rules {
        let bad = rule.bad.iter().map(|example| (example, true));
        for (example, fires) in bad.chain(rule.good.iter().map(|example| (example, false))) {
            let wanted = example.profile.as_deref();
            let ids = profiles.iter().map(|p| p.id.as_str());
            let ids =
                ids.filter(|id| rule.holds_in(profiles, id) && wanted.is_none_or(|wanted| wanted == *id));
            trials.extend(ids.map(|profile| Trial { rule, example, profile, fires }));
        }
    }
    trials
}

impl Trial<'_> {
    /// The example as a question.
    ///
    /// # Errors
    /// If the rule judges no kind of document that a policy knows.
    pub fn request(&self) -> Result<Request<'_>, String> {
        Ok(Request {
            kind: self.rule.subject.parse().map_err(|e: super::kind::UnknownKind| e.to_string())?,
            document: &self.example.doc,
            daemon: self.example.daemon.as_deref(),
            image: self.example.image.as_deref(),
            http: self.example.request.as_deref(),
            host: self.example.host.as_deref(),
            features: self
                .example
                .features
                .as_deref()
                .map(|printed| FeaturesAnswer { printed, facts: self.example.answer.as_deref() }),
        })
    }

    /// Judges the example; `policy` is that of the trial's profile.
    ///
    /// # Errors
    /// If the example is no document that can be judged.
    pub fn judge(&self, policy: &Policy) -> Result<(Kind, Decision), String> {
        let request = self.request()?;
        let kind = request.kind;
        let outcome = policy.judge_traced(&request, &Budget::default()).map_err(|e| e.to_string())?;
        Ok((kind, outcome.decision))
    }

    /// What is wrong with the rule or the example, if the decision is not what it was to show.
    #[must_use]
    pub fn problem(&self, decision: &Decision) -> Option<&'static str> {
        let trace = decision.trace.iter().find(|trace| trace.rule == self.rule.id);
        let (fired, unknown) = trace.map_or((false, false), |t| (t.fired > 0, t.unknown > 0));
        let says = |effect| decision.findings.iter().any(|f| f.rule == self.rule.id && f.effect == effect);
        match (self.fires, fired) {
            (true, true) if self.rule.effect != Effect::Set && !says(self.rule.effect) => {
                Some("its finding on this `bad` example has another effect")
            }
            (true, false) if unknown => Some("it does not fire (it is unknown) on this `bad` example"),
            (true, false) => Some("it does not fire on this `bad` example"),
            (false, true) => Some("it fires on this `good` example"),
            _ => None,
        }
    }
}

/// Rows that would change what the rows of other tables see, or keep them from being judged at all.
///
/// A `set` could put a value in front of a deny row that it does not refuse, and a `halt` end the judgement before it.
fn meddling(catalog: &Catalog, added: &[Arc<Rule>]) -> Vec<Problem> {
    let judged = |rule: &Rule| catalog.rules().iter().any(|other| other.subject == rule.subject);
    let mut problems = Vec::new();
    for rule in added.iter().filter(|rule| judged(rule)) {
        for (meddles, key) in [(!rule.set.is_empty(), "set"), (rule.halt, "halt")] {
            if meddles {
                let message =
                    format!("{}: a table on top can only add findings, so it has no `{key}`", rule.id);
                problems.push(Problem::new(rule.span, message));
            }
        }
    }
    problems
}

/// A catalog with one more table, whose examples show what they are there for.
///
/// # Errors
/// All problems of the table at once, each with its place; those of its examples once there are no others.
pub fn add_table(catalog: &Catalog, name: &str, text: &str) -> Result<Catalog, TableError> {
    let more = catalog.with_table(name, text)?;
    let added = more.rules().get(catalog.rules().len()..).unwrap_or_default();
    let problems = meddling(catalog, added);
    if !problems.is_empty() {
        return Err(TableError { name: name.to_owned(), text: text.to_owned(), problems });
    }
    let mut policies = BTreeMap::new();
    // By place, rule and what is wrong: the profiles in which it is.
    let mut wrong: BTreeMap<(Span, &str, String), Vec<&str>> = BTreeMap::new();
    for trial in trials(&more, added.iter().map(AsRef::as_ref)) {
        let make = || Policy::new(more.clone(), trial.profile).map_err(|e| e.to_string());
        let policy = policies.entry(trial.profile.to_owned()).or_insert_with(make);
        let found = match policy.as_ref().map_err(Clone::clone).and_then(|policy| trial.judge(policy)) {
            Ok((_, decision)) => trial.problem(&decision).map(str::to_owned),
            Err(error) => Some(format!("this example cannot be judged: {error}")),
        };
        if let Some(found) = found {
            let key = (trial.example.span, trial.rule.id.as_str(), found);
            wrong.entry(key).or_default().push(trial.profile);
        }
    }
    let problems: Vec<_> = wrong
        .into_iter()
        .map(|((span, rule, found), profiles)| {
            Problem::new(span, format!("{rule} for {}: {found}", profiles.join(", ")))
        })
        .collect();
    if problems.is_empty() {
        return Ok(more);
    }
    Err(TableError { name: name.to_owned(), text: text.to_owned(), problems })
}
