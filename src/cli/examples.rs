use rayon::prelude::*;

use super::Fatal;
use super::policies::Policies;
use super::tally::{Tally, Tested};
use crate::case::Standing;
use crate::engine::Budget;
use crate::source::{printable, shorten};
use crate::subject::{Trial, trials};

/// Characters of a document that are shown.
const DOCUMENT: usize = 200;

/// Tries every rule on the examples in its table, under every profile that they are for; of the user's own tables, if
/// there are any.
pub(super) fn run(policies: &Policies, covering: bool, tally: &mut Tally<'_>) -> Result<(), Fatal> {
    let catalog = policies.catalog()?;
    let tested: Vec<Tested> = trials(catalog, policies.asked_rules(catalog))
        .par_iter()
        .map(|trial| run_one(trial, covering, policies))
        .collect();
    for one in tested {
        tally.add(one);
    }
    Ok(())
}

fn run_one(trial: &Trial<'_>, covering: bool, policies: &Policies) -> Tested {
    let place = format!("{}, {}", trial.rule.table, trial.profile);
    let mut tested = Tested::new(trial.rule.id.as_str().to_owned(), place);
    tested.outcome = judge(trial, covering, policies, &mut tested);
    tested
}

fn judge(
    trial: &Trial<'_>,
    covering: bool,
    policies: &Policies,
    tested: &mut Tested,
) -> Result<Standing, String> {
    let document = String::from_utf8_lossy(&trial.example.doc);
    let document = printable(&shorten(&document, DOCUMENT)).into_owned();
    let policy = policies.get(Some(trial.profile)).map_err(|fatal| fatal.to_string())?;
    let judged = trial.request().and_then(|request| {
        let outcome = if covering {
            policy.judge_covered(&request, &Budget::default())
        } else {
            policy.judge_traced(&request, &Budget::default())
        };
        outcome.map(|outcome| (request.kind, outcome.decision)).map_err(|error| error.to_string())
    });
    let (kind, decision) = judged.map_err(|error| format!("{error}, for the example {document}"))?;
    tested.judged(kind, trial.profile, &decision);
    match trial.problem(&decision) {
        None => Ok(Standing::Agrees),
        Some(problem) => Err(format!("{problem}: {document}")),
    }
}
