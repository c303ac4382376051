use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use clap::Args;

use super::check::Format;
use super::output::Output;
use super::policies::{Policies, PolicyArgs};
use super::spec_dir::SpecDir;
use super::{Exit, Fatal, STATUS};
use crate::case::nearest;
use crate::prove::{DEFAULT_STEPS, Prover, Theorem, faults};
use crate::report::{Proved, faults_human, faults_json, problems, prove_human, prove_json};
use crate::table::TableError;

/// Prove what is said of the rules for all documents
///
/// The theorems of spec/theorems.toml, each proved for every document there can be, or refuted by one that was decoded
/// and judged to make sure. Some are listed as refuted: they are known flaws of the real programs.
///
/// With --table the rows of that table are looked at instead, in every version that has them: contradictory ones, whose
/// condition never holds; dead ones, which earlier rows leave nothing to; shadowed ones, which never are the first to
/// deny; and duplicates.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP.to_owned() + STATUS)]
pub(super) struct ProveArgs {
    /// Only these theorems
    #[arg(value_name = "THEOREM")]
    theorems: Vec<String>,
    /// A rule table of your own to look at; may be given several times
    #[arg(long = "table", value_name = "FILE")]
    tables: Vec<PathBuf>,
    /// A folder laid out as spec/ of plimsoll's source: the tables in it in the place of those built in
    #[arg(long = "spec", value_name = "DIR", conflicts_with = "tables")]
    spec: Option<PathBuf>,
    /// How many steps one question may take; beyond, it is undecided
    #[arg(long, value_name = "N", default_value_t = DEFAULT_STEPS)]
    steps: u64,
    /// How to report
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    format: Format,
}

/// So many theorems are proved on one core.
const FEW: usize = 8;

const AFTER_HELP: &str = "\
Examples:
  plimsoll prove                        all theorems
  plimsoll prove runc-is-reserved       one of them
  plimsoll prove --table ours.toml      rows of a table that do nothing of their own
  plimsoll prove --spec spec            of the tables in a folder, for who changes them

";

pub(super) fn run(args: &ProveArgs, output: &mut Output) -> Result<Exit, Fatal> {
    let load = |tables| Policies::load(&PolicyArgs { profile: None, tables }, output);
    let Some(builtin) = load(Vec::new())? else { return Ok(Exit::Failed) };
    let faults = if args.tables.is_empty() {
        None
    } else {
        let Some(ours) = load(args.tables.clone())? else { return Ok(Exit::Failed) };
        Some(faults(ours.catalog()?, builtin.catalog()?.rules().len(), args.steps))
    };
    let spec = match &args.spec {
        None => None,
        Some(dir) => {
            let Some(spec) = SpecDir::load(dir, output)? else { return Ok(Exit::Failed) };
            Some(spec)
        }
    };
    let catalog = builtin.catalog()?;
    let make = || match &spec {
        None => Prover::new(catalog, args.steps),
        Some(spec) => {
            let (lifecycle, flows) = (spec.lifecycle.clone(), spec.flows.clone());
            Prover::with(&spec.catalog, lifecycle, flows, spec.theorems.as_deref(), args.steps)
        }
    };
    let prover = match make() {
        Ok(prover) => prover,
        Err(error) => {
            let styled = output.styled_errors();
            output.complain(&problems(&error.name, &error.text, &error.problems, styled));
            return Ok(Exit::Failed);
        }
    };
    let chosen = if faults.is_some() && args.theorems.is_empty() {
        Vec::new()
    } else {
        choose(&prover, &args.theorems)?
    };
    let start = Instant::now();
    let proved = prove_all(&chosen, &prover, &make);
    let elapsed = start.elapsed();
    match args.format {
        Format::Human => {
            if let Some((faults, looked_at)) = &faults {
                output.text(&faults_human(faults, *looked_at))?;
            }
            if !proved.is_empty() {
                output.text(&prove_human(&proved, Some(elapsed)))?;
            }
        }
        Format::Json => {
            let tables = faults.as_ref().map(|(faults, looked_at)| faults_json(faults, *looked_at));
            output.text(&prove_json(&proved, tables))?;
        }
    }
    let clean = faults.is_none_or(|(faults, _)| faults.is_empty()) && proved.iter().all(Proved::as_expected);
    Ok(if clean { Exit::Clean } else { Exit::Denied })
}

/// Proves theorems on all cores: a prover is for one thread, so that each has its own; what a theorem needs does not
/// depend on the others.
fn prove_all<'p>(
    chosen: &[&'p Theorem],
    prover: &Prover,
    make: &(impl Fn() -> Result<Prover, TableError> + Sync),
) -> Vec<Proved<'p>> {
    let next = AtomicUsize::new(0);
    let work = |prover: &Prover| {
        let mut done = Vec::new();
        // From the last on: those take longest.
        let take = || {
            let at = chosen.len().checked_sub(next.fetch_add(1, Ordering::Relaxed).saturating_add(1))?;
            Some((at, *chosen.get(at)?))
        };
        while let Some((at, theorem)) = take() {
            let start = Instant::now();
            let proof = prover.prove(theorem);
            done.push((at, Proved { theorem, proof, time: start.elapsed() }));
        }
        done
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    // A prover of one's own costs more than a few theorems do.
    let more = if chosen.len() < FEW { 0 } else { cores.saturating_sub(1) };
    let mut done = std::thread::scope(|scope| {
        let others: Vec<_> =
            (0..more).map(|_| scope.spawn(|| make().map_or_else(|_| Vec::new(), |p| work(&p)))).collect();
        let mut done = work(prover);
        done.extend(others.into_iter().filter_map(|other| other.join().ok()).flatten());
        done
    });
    // Whatever another thread did not come to is done here.
    for (at, theorem) in chosen.iter().enumerate() {
        if !done.iter().any(|(other, _)| *other == at) {
            let start = Instant::now();
            let proof = prover.prove(theorem);
            done.push((at, Proved { theorem, proof, time: start.elapsed() }));
        }
    }
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, proved)| proved).collect()
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
