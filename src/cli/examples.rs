use rayon::prelude::*;

use super::policies::Policies;
use super::tally::{Tally, Tested};
use crate::case::Standing;
use crate::engine::Budget;
use crate::source::{printable, shorten};
use crate::subject::Request;
use crate::table::{Example, Rule};

/// Characters of a document that are shown.
const DOCUMENT: usize = 200;

/// One document, and what a rule is expected to do with it.
struct Trial<'t> {
    rule: &'t Rule,
    example: &'t Example,
    profile: &'t str,
    fires: bool,
}

/// Tries every rule on the examples in its table, under every profile that they are for.
pub(super) fn run(policies: &Policies, tally: &mut Tally<'_>) {
    let tested: Vec<Tested> = trials(policies).par_iter().map(|trial| trial.run(policies)).collect();
    for one in tested {
        tally.add(one);
    }
}

fn trials(policies: &Policies) -> Vec<Trial<'_>> {
    let profiles = policies.catalog().profiles();
    let mut trials = Vec::new();
    for rule in policies.catalog().rules() {
        let bad = rule.bad.iter().map(|example| (example, true));
        for (example, fires) in bad.chain(rule.good.iter().map(|example| (example, false))) {
            let wanted = example.profile.as_deref();
            for profile in profiles.iter().map(|profile| profile.id.as_str()) {
                if rule.holds_in(profiles, profile) && wanted.is_none_or(|wanted| wanted == profile) {
                    trials.push(Trial { rule, example, profile, fires });
                }
            }
        }
    }
    trials
}

impl Trial<'_> {
    fn run(&self, policies: &Policies) -> Tested {
        let place = format!("{}, {}", self.rule.table, self.profile);
        let mut tested = Tested::new(self.rule.id.as_str().to_owned(), place);
        tested.outcome = self.judge(policies, &mut tested);
        tested
    }

    fn judge(&self, policies: &Policies, tested: &mut Tested) -> Result<Standing, String> {
        let document = String::from_utf8_lossy(&self.example.doc);
        let document = printable(&shorten(&document, DOCUMENT)).into_owned();
        let kind =
            self.rule.subject.parse().map_err(|error: crate::subject::UnknownKind| error.to_string())?;
        let policy = policies.get(Some(self.profile)).map_err(|fatal| fatal.to_string())?;
        let request = Request {
            kind,
            document: &self.example.doc,
            daemon: self.example.daemon.as_deref(),
            host: self.example.host.as_deref(),
        };
        let outcome = policy
            .judge_traced(&request, &Budget::default())
            .map_err(|error| format!("{error}, for the example {document}"))?;
        tested.judged(kind, self.profile, &outcome.decision);
        let trace = outcome.decision.trace.iter().find(|trace| trace.rule == self.rule.id);
        if trace.is_some_and(|trace| trace.fired > 0) == self.fires {
            return Ok(Standing::Agrees);
        }
        let unknown = if trace.is_some_and(|trace| trace.unknown > 0) { " (it is unknown)" } else { "" };
        let not = if self.fires { "does not fire" } else { "fires" };
        Err(format!("it {not}{unknown} on the example {document}"))
    }
}
