use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::daemon::Daemon;
use super::output::Output;
use super::policies::{Policies, PolicyArgs};
use super::{Exit, Fatal, STATUS};
use crate::case::nearest;
use crate::engine::{Budget, Verdict};
use crate::report::{ResolveReport, resolve_dot, resolve_human, resolve_json, resolve_mermaid};
use crate::runtime::StepKind;

/// Show what would run for a runtime name, step by step
///
/// From the name that a container asks for (`docker run --runtime NAME`), or the default, to what is executed as root:
/// the shim that containerd starts, its options, the binary below it, and the wrapper script in front of that. Each step
/// says which line of daemon.json it comes from and which rules decided it; a script is shown as the shell reads it.
///
/// Nothing is executed and nothing is looked at but the file. Whether a binary is there has to be told with --host;
/// what depends on it is undecided until then.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP.to_owned() + STATUS)]
pub(super) struct ResolveArgs {
    /// The runtime asked for; without it, or empty, the default
    #[arg(value_name = "NAME", default_value = "", hide_default_value = true)]
    name: String,
    /// The daemon.json, or `-` for standard input
    #[arg(long, value_name = "FILE")]
    daemon: PathBuf,
    #[command(flatten)]
    policy: PolicyArgs,
    /// Facts about the machine, as JSON; what is not told is unknown
    #[arg(long, value_name = "FILE")]
    host: Option<PathBuf>,
    /// Show every command line of the runtime, not only the one that creates a container (in JSON they always are)
    #[arg(long)]
    commands: bool,
    /// How to report
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    format: ResolveFormat,
}

const AFTER_HELP: &str = "\
Examples:
  plimsoll resolve nvidia --daemon /etc/docker/daemon.json
  plimsoll resolve --daemon daemon.json                       the default runtime
  plimsoll resolve io.containerd.kata.v2 --daemon daemon.json a name that is passed on to containerd
  plimsoll resolve --commands --daemon daemon.json            what is executed later: start, exec, kill, delete, …
  plimsoll resolve x --daemon daemon.json --format dot | dot -Tsvg > x.svg

";

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ResolveFormat {
    /// For people, step by step
    Human,
    /// One JSON document
    Json,
    /// A graph for Graphviz
    Dot,
    /// A flowchart for Mermaid
    Mermaid,
}

pub(super) fn run(args: &ResolveArgs, output: &mut Output) -> Result<Exit, Fatal> {
    let Some(policies) = Policies::load(&args.policy, output)? else { return Ok(Exit::Failed) };
    let policy = policies.get(None)?;
    let budget = Budget::default();
    let daemon = Daemon::read(&args.daemon, args.host.as_ref(), &policies, &budget)?;
    let mut resolution = policy
        .resolve(args.name.as_bytes(), &daemon.text, daemon.host.as_deref(), &budget)
        .map_err(|error| Fatal::new(error.to_string(), ""))?;
    if resolution.verdict == Verdict::Deny {
        let known = resolution.known.iter().map(String::as_str);
        let meant = nearest(&args.name, known).filter(|_| resolution.daemon.verdict != Verdict::Deny);
        let decision =
            if resolution.daemon.verdict == Verdict::Deny { resolution.daemon } else { resolution.name };
        let exit = daemon.refused(decision, policy, args.format == ResolveFormat::Json, output)?;
        if let Some(meant) = meant {
            output.complain(&format!("perhaps `{}` is meant\n", crate::source::printable(meant)));
        }
        return Ok(exit);
    }
    let exit = if resolution.verdict == Verdict::Allow { Exit::Clean } else { Exit::Denied };
    if !args.commands && args.format != ResolveFormat::Json {
        resolution.steps.retain(|step| !matches!(step.kind, StepKind::Later(_)));
    }
    let report = ResolveReport {
        profile: policy.profile().to_owned(),
        path: daemon.name,
        source: daemon.text,
        asked: args.name.clone(),
        resolution,
    };
    output.text(&match args.format {
        ResolveFormat::Human => resolve_human(&report),
        ResolveFormat::Json => resolve_json(&report),
        ResolveFormat::Dot => resolve_dot(&report),
        ResolveFormat::Mermaid => resolve_mermaid(&report),
    })?;
    Ok(exit)
}
