use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::beside;
use super::check::Format;
use super::input::Input;
use super::output::Output;
use super::policies::{Policies, PolicyArgs, unknown};
use super::spec_dir::SpecDir;
use super::{Exit, Fatal, STATUS};
use crate::engine::{Budget, Verdict};
use crate::prove::{DEFAULT_STEPS, DaemonDiff, Direction, LifeDifference, ProgramDiff, diff, life_diff};
use crate::report::{Sides, daemon_diff_human, daemon_diff_json, diff_human, diff_json};
use crate::subject::Kind;

/// Show what two versions judge differently, or what a change of daemon.json changes
///
/// A and B are two profiles, two rule tables (*.toml), two folders laid out as spec/ of plimsoll's source, or two
/// daemon.json files. Of profiles and tables every
/// difference is shown with a document that one allows and the other denies, from which nothing can be left out; where there is none, that is
/// proved. Of daemon.json files: what is newly refused or accepted, which shim, path or wrapper changes, and which
/// containers keep an old wrapper.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP.to_owned() + STATUS)]
pub(super) struct DiffArgs {
    /// The one before: a profile, a rule table, a folder of tables, or a daemon.json
    #[arg(value_name = "A")]
    before: String,
    /// The one after
    #[arg(value_name = "B")]
    after: String,
    /// Only this kind of document
    #[arg(long, value_name = "KIND")]
    kind: Option<Kind>,
    /// End with status 1 if there is such a difference
    #[arg(long, value_name = "WHICH")]
    fail_on: Vec<FailOn>,
    /// The version that tables and daemon.json files are for [default: the current daemon; of folders: all]
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// Facts about the machine for daemon.json files, as JSON; what is not told is unknown
    #[arg(long, value_name = "FILE")]
    host: Option<PathBuf>,
    /// How many steps one question may take; beyond, it is undecided
    #[arg(long, value_name = "N", default_value_t = DEFAULT_STEPS)]
    steps: u64,
    /// How to report
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    format: Format,
}

const AFTER_HELP: &str = "\
Examples:
  plimsoll diff moby-25 moby-28                                what an upgrade allows and refuses
  plimsoll diff moby-27 moby-28 --kind create                  of requests to create containers only
  plimsoll diff old.toml new.toml --fail-on newly-allowed      that a table gets no laxer
  plimsoll diff old/spec spec                                  what a change of the built-in tables changes
  plimsoll diff daemon.json.old daemon.json                    what a reload would change

With --fail-on, what is not known counts as a difference. Without it the status tells only whether something is not known.
Two daemon.json files end with status 1 if the second is not accepted.

";

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// Something is allowed that was denied
    NewlyAllowed,
    /// Something is denied that was allowed
    NewlyDenied,
}

pub(super) fn run(args: &DiffArgs, output: &mut Output) -> Result<Exit, Fatal> {
    let is_table = |name: &str| Path::new(name).extension().is_some_and(|e| e == "toml");
    let load = |profile: Option<&String>, tables: Vec<PathBuf>| {
        Policies::load(&PolicyArgs { profile: profile.cloned(), tables }, output)
    };
    let Some(builtin) = load(args.profile.as_ref(), Vec::new())? else { return Ok(Exit::Failed) };
    let profiles = builtin.catalog()?.profiles();
    let found = match (profiles.get(&args.before), profiles.get(&args.after)) {
        (Some(_), Some(_)) => {
            let catalog = builtin.catalog()?;
            diff((catalog, &args.before), (catalog, &args.after), args.kind, args.steps)
        }
        _ if Path::new(&args.before).is_dir() && Path::new(&args.after).is_dir() => {
            let before = SpecDir::load(Path::new(&args.before), output)?;
            let after = SpecDir::load(Path::new(&args.after), output)?;
            let (Some(before), Some(after)) = (before, after) else { return Ok(Exit::Failed) };
            return specs(args, &before, &after, output);
        }
        _ if is_table(&args.before) && is_table(&args.after) => {
            let before = load(args.profile.as_ref(), vec![args.before.clone().into()])?;
            let after = load(args.profile.as_ref(), vec![args.after.clone().into()])?;
            let (Some(before), Some(after)) = (before, after) else { return Ok(Exit::Failed) };
            let profile = builtin.profile();
            diff((before.catalog()?, profile), (after.catalog()?, profile), args.kind, args.steps)
        }
        (None, None) if !is_table(&args.before) && !is_table(&args.after) => {
            return daemons(args, &builtin, output);
        }
        _ => {
            // What is no file either was meant for a profile.
            for (name, other) in [(&args.before, &args.after), (&args.after, &args.before)] {
                if profiles.get(other).is_some() && profiles.get(name).is_none() && !Path::new(name).exists()
                {
                    return Err(unknown(name, profiles));
                }
            }
            let message = format!("{} and {} are not of one sort", args.before, args.after);
            return Err(Fatal::new(
                message,
                "compare two profiles, two tables (*.toml), two folders of tables, or two daemon.json files",
            ));
        }
    };
    if found.kinds.is_empty() {
        return Err(Fatal::new("there is no kind of document that both judge", ""));
    }
    shown(args, &found, &[], output)
}

/// Two folders with tables: the profile that was chosen, or all of them, and the machines and flows.
fn specs(args: &DiffArgs, before: &SpecDir, after: &SpecDir, output: &mut Output) -> Result<Exit, Fatal> {
    let profiles = before.catalog.profiles().iter().map(|profile| profile.id.as_str());
    let profiles = profiles.filter(|id| args.profile.as_deref().is_none_or(|only| only == *id));
    let mut found = ProgramDiff::default();
    for profile in profiles.filter(|id| after.catalog.profiles().get(id).is_some()) {
        found.add(diff((&before.catalog, profile), (&after.catalog, profile), args.kind, args.steps));
    }
    let lives = if args.kind.is_none_or(|kind| kind == Kind::Lifecycle) {
        life_diff(before.lives(), after.lives())
    } else {
        Vec::new()
    };
    shown(args, &found, &lives, output)
}

fn shown(
    args: &DiffArgs,
    found: &ProgramDiff,
    lives: &[LifeDifference],
    output: &mut Output,
) -> Result<Exit, Fatal> {
    let sides = Sides { before: &args.before, after: &args.after };
    output.text(&match args.format {
        Format::Human => diff_human(found, lives, sides),
        Format::Json => diff_json(found, lives, sides),
    })?;
    let failed = args.fail_on.iter().any(|which| {
        found.has(match which {
            FailOn::NewlyAllowed => Direction::NewlyAllowed,
            FailOn::NewlyDenied => Direction::NewlyDenied,
        })
    });
    // What a machine does differently is neither allowed nor denied: whoever asks for either is told.
    let failed = failed || !args.fail_on.is_empty() && !lives.is_empty();
    Ok(if failed || found.is_undecided() { Exit::Denied } else { Exit::Clean })
}

fn daemons(args: &DiffArgs, policies: &Policies, output: &mut Output) -> Result<Exit, Fatal> {
    let budget = Budget::default();
    let policy = policies.get(None)?;
    let read = |name: &String| {
        Input::File(name.into()).read(budget.bytes).map_err(|failure| Fatal::at(name.clone(), failure))
    };
    let (before, after) = (read(&args.before)?, read(&args.after)?);
    let host = beside::read(args.host.as_ref(), &budget)?;
    let found = DaemonDiff::new(policy, &before, &after, host.as_deref(), &budget)
        .map_err(|error| Fatal::new(error.to_string(), ""))?;
    let sides = Sides { before: &args.before, after: &args.after };
    output.text(&match args.format {
        Format::Human => daemon_diff_human(&found, sides),
        Format::Json => daemon_diff_json(&found, sides),
    })?;
    let failed = args.fail_on.iter().any(|which| match which {
        FailOn::NewlyAllowed => found.newly_accepted(),
        FailOn::NewlyDenied => found.newly_refused(),
    });
    let refused = found.after.verdict != Verdict::Allow;
    Ok(if failed || refused { Exit::Denied } else { Exit::Clean })
}
