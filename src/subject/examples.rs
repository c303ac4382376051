use std::collections::BTreeMap;

use super::judge::Request;
use super::kind::Kind;
use super::policy::Policy;
use crate::engine::Budget;
use crate::schema::Problem;
use crate::table::{Catalog, Example, Rule, RuleId, TableError};

/// What the examples of some rules showed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExampleReport {
    /// How many examples were judged.
    pub examples: usize,
    /// Rules that fired on one of their own at least.
    pub fired: Vec<RuleId>,
    /// Examples that do not show what they are there for, at their places in the rule's table.
    pub problems: Vec<(RuleId, Problem)>,
}

/// Judges the examples of rules: each must fire on its `bad` ones, and on none of its `good` ones.
///
/// An example without a profile is judged in the latest that has the rule.
#[must_use]
pub fn check_examples<'r>(catalog: &Catalog, rules: impl IntoIterator<Item = &'r Rule>) -> ExampleReport {
    let mut policies = BTreeMap::new();
    let mut report = ExampleReport::default();
    for rule in rules {
        let profiles = catalog.profiles();
        let latest = profiles.iter().filter(|p| rule.holds_in(profiles, &p.id)).last().map(|p| p.id.as_str());
        let examples = rule.bad.iter().map(|e| (e, true)).chain(rule.good.iter().map(|e| (e, false)));
        for (example, wanted) in examples {
            report.examples += 1;
            let Some(profile) = example.profile.as_deref().or(latest) else { continue };
            let policy =
                policies.entry(profile.to_owned()).or_insert_with(|| Policy::new(catalog.clone(), profile));
            let outcome = match policy {
                Ok(policy) => fires(policy, rule, example),
                Err(error) => Err(error.to_string()),
            };
            let wrong = match outcome {
                Ok(true) if wanted => {
                    report.fired.push(rule.id.clone());
                    continue;
                }
                Ok(fired) if fired == wanted => continue,
                Ok(true) => format!("{} fires on this `good` example (judged for {profile})", rule.id),
                Ok(false) => {
                    format!("{} does not fire on this `bad` example (judged for {profile})", rule.id)
                }
                Err(error) => format!("this example of {} cannot be judged: {error}", rule.id),
            };
            report.problems.push((rule.id.clone(), Problem::new(example.span, wrong)));
        }
    }
    report.fired.dedup();
    report
}

fn fires(policy: &Policy, rule: &Rule, example: &Example) -> Result<bool, String> {
    let kind: Kind = rule.subject.parse().map_err(|e: super::kind::UnknownKind| e.to_string())?;
    let request = Request {
        kind,
        document: &example.doc,
        daemon: example.daemon.as_deref(),
        host: example.host.as_deref(),
    };
    let outcome = policy.judge_traced(&request, &Budget::default()).map_err(|e| e.to_string())?;
    Ok(outcome.decision.trace.iter().any(|t| t.rule == rule.id && t.fired > 0))
}

/// A catalog with one more table, whose examples show what they are there for.
///
/// # Errors
/// All problems of the table at once, each with its place; those of its examples once there are no others.
pub fn add_table(catalog: &Catalog, name: &str, text: &str) -> Result<Catalog, TableError> {
    let more = catalog.with_table(name, text)?;
    let added = more.rules().get(catalog.rules().len()..).unwrap_or_default();
    let report = check_examples(&more, added.iter().map(AsRef::as_ref));
    if report.problems.is_empty() {
        return Ok(more);
    }
    let problems = report.problems.into_iter().map(|(_, problem)| problem).collect();
    Err(TableError { name: name.to_owned(), text: text.to_owned(), problems })
}
