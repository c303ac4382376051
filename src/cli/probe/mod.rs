//! `plimsoll probe`: the facts about a machine that decisions depend on.

mod cgroups;
mod daemon;
mod process;
mod root;

use std::path::PathBuf;

use clap::Args;
use serde_json::{Map, Value as Json};

use super::output::Output;
use super::policies::{Policies, PolicyArgs};
use super::{Exit, Fatal, STATUS, beside};
use crate::engine::Budget;
use crate::facts::Facts;
use crate::source::{printable, to_json_pretty};
use root::Root;

/// Write down the facts about this machine that decisions depend on, for `--host FILE`
///
/// Reads what the daemon would read: /proc, /sys, the folders of the search path, and the paths that a daemon.json names.
/// Every look is said on standard error. Nothing is run, unless --run-runtimes asks for it. What cannot be read is left
/// out, and stays unknown; so do containers, names and log drivers, which only the daemon knows, and the users that
/// userns-remap can resolve. A list is told whole: with --daemon, the paths answer for that daemon.json and those named
/// with --path, not for others.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP.to_owned() + STATUS)]
pub(super) struct ProbeArgs {
    /// The daemon.json whose paths are looked at
    #[arg(long, value_name = "FILE")]
    daemon: Option<PathBuf>,
    /// One more path to look at, such as the source of a bind mount; may be given several times
    #[arg(long = "path", value_name = "PATH")]
    paths: Vec<String>,
    /// The daemon's process: its capabilities, environment, search path and cgroup; without it, those of this process as
    /// far as they may stand for the daemon's
    #[arg(long, value_name = "PID")]
    pid: Option<u32>,
    /// Look below this directory instead of `/`
    #[arg(long, value_name = "DIR", default_value = "/")]
    root: PathBuf,
    /// Run `features` of each runtime that the daemon.json gives a path for, and write what it prints into this directory,
    /// as NAME.json. This runs these programs as you
    #[arg(long, value_name = "DIR", requires = "daemon", conflicts_with = "root")]
    run_runtimes: Option<PathBuf>,
    /// Do not say what was looked at
    #[arg(long, short)]
    quiet: bool,
}

const AFTER_HELP: &str = "\
Examples:
  sudo plimsoll probe --pid $(pidof dockerd) --daemon /etc/docker/daemon.json > host.json
  plimsoll check --host host.json /etc/docker/daemon.json
  plimsoll probe --daemon daemon.json --run-runtimes features/ > host.json

";

pub(super) fn run(args: &ProbeArgs, output: &mut Output) -> Result<Exit, Fatal> {
    let daemon = daemon_json(args, output)?;
    let daemon = daemon.as_ref();
    let root = Root::new(&args.root);
    if !args.root.is_dir() {
        let message = format!("{} is no directory to look below", args.root.display());
        return Err(Fatal::new(message, "check the path; relative paths start at the current folder"));
    }
    if let Some(pid) = args.pid
        && root.exists(&format!("/proc/{pid}")) != Some(true)
    {
        return Err(Fatal::new(format!("there is no process {pid}"), "`pidof dockerd` prints the daemon's"));
    }
    let facts = facts(args, daemon, &root);
    let done = match (&args.run_runtimes, daemon) {
        (Some(folder), Some(daemon)) => daemon::run_runtimes(&root, daemon, folder),
        _ => Ok(()),
    };
    if !args.quiet {
        for line in root.trail() {
            output.complain(&format!("probe: {}\n", printable(&line)));
        }
    }
    done?;
    output.text(&to_json_pretty(&Json::Object(facts)))?;
    Ok(Exit::Clean)
}

/// The daemon.json, read as the daemon reads it: keys in any case, the last of two.
fn daemon_json(args: &ProbeArgs, output: &Output) -> Result<Option<Facts<'static>>, Fatal> {
    let budget = Budget::default();
    let Some(policies) = Policies::load(&PolicyArgs::default(), output)? else { return Ok(None) };
    let Some(text) = beside::daemon(args.daemon.as_ref(), &policies, &budget)? else { return Ok(None) };
    let set_up = policies.get(None)?.set_up(&text, None, &budget);
    set_up.map(|set_up| Some(set_up.document)).map_err(|error| Fatal::new(error.to_string(), ""))
}

fn facts(args: &ProbeArgs, daemon: Option<&Facts<'_>>, root: &Root) -> Map<String, Json> {
    let process = args.pid.map_or_else(|| "/proc/self".to_owned(), |pid| format!("/proc/{pid}"));
    let mut facts = Map::new();
    cgroups::facts(root, &process, &mut facts);
    let search = process::facts(root, args.pid, &process, &mut facts);
    process::machine(root, &mut facts);
    if let Some(binaries) = search.and_then(|search| binaries(root, &search)) {
        if let Some(proxy) = docker_proxy(root, &binaries, args.pid.is_some()) {
            facts.insert("docker_proxy".to_owned(), proxy.into());
        }
        facts.insert("binaries".to_owned(), Json::Object(binaries));
    }
    if (args.daemon.is_some() || !args.paths.is_empty())
        && let Some(paths) = daemon::paths(root, daemon, &args.paths)
    {
        facts.insert("paths".to_owned(), paths);
    }
    facts
}

/// moby's `config.lookupBinPath("docker-proxy")`: some folders, then the search path. That it is nowhere can only be
/// said if the search path is the daemon's.
fn docker_proxy(root: &Root, binaries: &Map<String, Json>, daemons: bool) -> Option<String> {
    for folder in
        ["/usr/local/libexec/docker", "/usr/libexec/docker", "/usr/local/lib/docker", "/usr/lib/docker"]
    {
        let path = format!("{folder}/docker-proxy");
        if root.executable(&path)? {
            return Some(path);
        }
    }
    let found = binaries.get("docker-proxy").and_then(Json::as_str).map(str::to_owned);
    if daemons { Some(found.unwrap_or_default()) } else { found }
}

/// What a search finds for every name; `None` if a folder cannot be listed.
///
/// Relative folders are left out: Go refuses to run what is found there.
fn binaries(root: &Root, search: &str) -> Option<Map<String, Json>> {
    let mut found = Map::new();
    for folder in search.split(':').filter(|folder| folder.starts_with('/')) {
        for name in root.programs(folder)? {
            let path = format!("{}/{name}", folder.trim_end_matches('/'));
            found.entry(name).or_insert(Json::String(path));
        }
    }
    Some(found)
}
