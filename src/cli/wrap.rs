use std::path::PathBuf;

use clap::Args;

use super::check::Format;
use super::daemon::Daemon;
use super::files::Disk;
use super::output::Output;
use super::policies::{Policies, PolicyArgs};
use super::wrapper_dir::{self, ScriptFile, Written};
use super::{Exit, Fatal, STATUS};
use crate::engine::{Budget, Decision, Label, Verdict};
use crate::report::{Plan, PlannedScript, Progress, wrap_human, wrap_json};
use crate::runtime::{Generation, Origin, Runtime};
use crate::subject::Policy;

/// Show the wrapper scripts that a daemon.json asks for, or write them
///
/// A runtime with `runtimeArgs` cannot be handed to containerd as it is: the daemon writes a shell script that puts the
/// arguments in, and hands over that. What is in the script runs as root, already when the daemon loads its
/// configuration. From moby-25 on a script's name holds the hash of its text, so that it never changes under a container
/// that was started with it; scripts are only added. Before that they are named by the runtime, and the whole directory
/// is swapped.
///
/// Without --write nothing is written. With it each script is there whole or not at all, whatever happens meanwhile: it
/// is written beside, synced, and renamed. Names that lead out of the directory, which the daemon obeys, are refused.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP.to_owned() + STATUS)]
pub(super) struct WrapArgs {
    /// The daemon.json, or `-` for standard input
    #[arg(long, value_name = "FILE")]
    daemon: PathBuf,
    /// Write the scripts into this directory, as the daemon does into <data-root>/runtimes
    #[arg(long, value_name = "DIR")]
    write: Option<PathBuf>,
    #[command(flatten)]
    policy: PolicyArgs,
    /// Facts about the machine, as JSON; what is not told is unknown
    #[arg(long, value_name = "FILE")]
    host: Option<PathBuf>,
    /// How to report
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    format: Format,
}

const AFTER_HELP: &str = "\
Examples:
  plimsoll wrap --daemon /etc/docker/daemon.json        what would be written, with its text
  plimsoll wrap --daemon daemon.json --write ./scripts  write it, to look at or to ship
  plimsoll wrap --daemon daemon.json --profile moby-23  as an older daemon names them

";

pub(super) fn run(args: &WrapArgs, output: &mut Output) -> Result<Exit, Fatal> {
    let Some(policies) = Policies::load(&args.policy, output)? else { return Ok(Exit::Failed) };
    let policy = policies.get(None)?;
    let budget = Budget::default();
    let daemon = Daemon::read(&args.daemon, args.host.as_ref(), &policies, &budget)?;
    let set_up = policy
        .set_up(&daemon.text, daemon.host.as_deref(), &budget)
        .map_err(|error| Fatal::new(error.to_string(), ""))?;
    let as_json = args.format == Format::Json;
    if set_up.decision.verdict != Verdict::Allow {
        return daemon.refused(set_up.decision, policy, as_json, output);
    }
    let wrapped: Vec<(&[u8], &Runtime)> =
        set_up.runtimes.iter().filter(|(_, runtime)| runtime.wrapper.is_some()).collect();
    if args.write.is_some()
        && let Some(decision) = unwritable(&wrapped, policy, &budget)?
    {
        return daemon.refused(decision, policy, as_json, output);
    }
    let mut scripts: Vec<PlannedScript> = wrapped
        .iter()
        .filter_map(|(name, runtime)| {
            let script = runtime.wrapper.clone()?;
            Some(PlannedScript { runtime: name.to_vec(), script, progress: Progress::Planned })
        })
        .collect();
    let generation = Generation::of_profile(policy.profile());
    if let Some(folder) = &args.write {
        // What may be written is UTF-8: names come from JSON.
        let files: Vec<ScriptFile> = scripts
            .iter()
            .map(|planned| planned.script.script())
            .map(|script| ScriptFile {
                name: String::from_utf8_lossy(script.file_name()).into_owned().into(),
                contents: script.contents().to_vec(),
            })
            .collect();
        let written = wrapper_dir::write(&mut Disk, folder, &files, generation).map_err(|error| {
            Fatal::new(error.to_string(), "scripts that are there are whole; the others are not there")
        })?;
        for (planned, written) in scripts.iter_mut().zip(written) {
            planned.progress = match written {
                Written::New => Progress::Written,
                Written::Kept => Progress::Kept,
            };
        }
    }
    let plan = Plan {
        profile: policy.profile().to_owned(),
        generation,
        daemon: daemon.name,
        decision: set_up.decision,
        directory: args.write.as_ref().map(|folder| folder.to_string_lossy().into_owned()),
        scripts,
    };
    output.text(&match args.format {
        Format::Human => wrap_human(&plan),
        Format::Json => wrap_json(&plan),
    })?;
    Ok(Exit::Clean)
}

/// Why plimsoll does not write some of the scripts, at the places of their runtimes; `None` if it does.
fn unwritable(
    wrapped: &[(&[u8], &Runtime)],
    policy: &Policy,
    budget: &Budget,
) -> Result<Option<Decision>, Fatal> {
    let mut all: Option<Decision> = None;
    for (_, runtime) in wrapped {
        let Some(wrapper) = &runtime.wrapper else { continue };
        let mut decision = policy
            .judge_write(wrapper.script(), budget)
            .map_err(|error| Fatal::new(error.to_string(), ""))?;
        if decision.verdict == Verdict::Allow {
            continue;
        }
        // The file name was judged by itself; a person looks for it in daemon.json.
        for finding in &mut decision.findings {
            let text = finding.primary.take().map_or_else(String::new, |label| label.text);
            if let Origin::Configured { key: Some(span), .. } = runtime.origin {
                finding.primary = Some(Label { span, text });
            }
        }
        match &mut all {
            None => all = Some(decision),
            Some(all) => all.findings.append(&mut decision.findings),
        }
    }
    Ok(all)
}
