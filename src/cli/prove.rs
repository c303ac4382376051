use std::time::Instant;

use clap::Args;

use super::check::Format;
use super::output::Output;
use super::policies::{Policies, PolicyArgs};
use super::{Exit, Fatal, STATUS};
use crate::case::nearest;
use crate::prove::{Prover, Theorem};
use crate::report::{Proved, problems, prove_human, prove_json};

/// Prove what is said of the rules for all documents
///
/// The theorems of spec/theorems.toml, each proved for every document there can be, or refuted by one that was decoded
/// and judged to make sure. Some are listed as refuted: they are known flaws of the real programs.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP.to_owned() + STATUS)]
pub(super) struct ProveArgs {
    /// Only these theorems
    #[arg(value_name = "THEOREM")]
    theorems: Vec<String>,
    #[command(flatten)]
    policy: PolicyArgs,
    /// How to report
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    format: Format,
}

const AFTER_HELP: &str = "\
Examples:
  plimsoll prove                        all theorems
  plimsoll prove runc-is-reserved       one of them

";

pub(super) fn run(args: &ProveArgs, output: &mut Output) -> Result<Exit, Fatal> {
    let Some(policies) = Policies::load(&args.policy, output)? else { return Ok(Exit::Failed) };
    let prover = match Prover::new(policies.catalog()) {
        Ok(prover) => prover,
        Err(error) => {
            let styled = output.styled_errors();
            output.complain(&problems(&error.name, &error.text, &error.problems, styled));
            return Ok(Exit::Failed);
        }
    };
    let chosen = choose(&prover, &args.theorems)?;
    let proved: Vec<Proved<'_>> = chosen
        .into_iter()
        .map(|theorem| {
            let start = Instant::now();
            let proof = prover.prove(theorem);
            Proved { theorem, proof, time: start.elapsed() }
        })
        .collect();
    match args.format {
        Format::Human => output.text(&prove_human(&proved, true))?,
        Format::Json => output.text(&prove_json(&proved))?,
    }
    Ok(if proved.iter().all(Proved::as_expected) { Exit::Clean } else { Exit::Denied })
}

fn choose<'p>(prover: &'p Prover, names: &[String]) -> Result<Vec<&'p Theorem>, Fatal> {
    if names.is_empty() {
        return Ok(prover.theorems().iter().collect());
    }
    let known = || prover.theorems().iter().map(|t| t.id.as_str());
    let find = |name: &String| {
        prover.theorems().iter().find(|t| t.id == *name).ok_or_else(|| {
            let help = nearest(name, known())
                .map_or_else(String::new, |meant| format!("perhaps `{meant}` is meant"));
            Fatal::new(format!("there is no theorem `{name}`"), help)
        })
    };
    names.iter().map(find).collect()
}
