//! The `plimsoll` command: the only place that touches files, environment, clock, threads and standard streams.
#![allow(
    clippy::disallowed_methods,
    reason = "everything below this folder is pure because this folder is not"
)]

mod audit;
mod beside;
mod check;
mod coverage;
mod daemon;
#[cfg(feature = "prove")]
mod diff;
mod examples;
mod files;
mod input;
mod kind;
mod lifecycle;
mod lines;
mod mutate;
mod output;
mod policies;
mod probe;
mod progress;
#[cfg(feature = "prove")]
mod prove;
mod resolve;
mod rows;
mod rules;
#[cfg(feature = "prove")]
mod spec_dir;
mod suggest;
mod tally;
mod test;
mod vocabulary;
mod wrap;
mod wrapper_dir;

use std::fmt;
use std::process::ExitCode;

use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::report::{Failure, Human};
use output::Output;

/// How a run ended: the exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Exit {
    /// Nothing denied.
    Clean = 0,
    /// Something denied or undecided, or a case failed.
    Denied = 1,
    /// plimsoll could not do its work.
    Failed = 2,
}

const STATUS: &str = "\
Exit status:
  0  nothing denied
  1  denied or undecided, or a case failed; also when the daemon could not decode the document
  2  plimsoll could not do its work: unreadable file, over budget, wrong call, broken table
A reader that closes the pipe early ends the run quietly; the status then tells of what was judged until then.";

/// What a container daemon accepts, what would then run as root, and why not otherwise.
#[derive(Debug, Parser)]
#[command(name = "plimsoll", version, max_term_width = 100, after_help = EXAMPLES)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  plimsoll check /etc/docker/daemon.json          findings at line and column
  plimsoll check --format json configs/           every *.json below a folder, for a program to read
  plimsoll resolve nvidia --daemon daemon.json    what would run as root for a runtime name
  plimsoll rules RT003                            what a rule is about, and where it comes from
  plimsoll lifecycle step paused Delete           what the shim says to an operation
  plimsoll probe --daemon daemon.json > host.json the facts about this machine, for --host
  plimsoll audit < cases.ndjson > answers.ndjson  a stream of cases, on all cores

`plimsoll COMMAND --help` has more.";

#[derive(Debug, Args)]
struct Global {
    /// When to colour what goes to a terminal; NO_COLOR is respected
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    color: output::Color,
}

#[derive(Debug, Subcommand)]
enum Command {
    Check(check::CheckArgs),
    Audit(audit::AuditArgs),
    Test(test::TestArgs),
    Resolve(resolve::ResolveArgs),
    Wrap(wrap::WrapArgs),
    Rules(rules::RulesArgs),
    #[cfg(feature = "prove")]
    Prove(prove::ProveArgs),
    #[cfg(feature = "prove")]
    Diff(diff::DiffArgs),
    Lifecycle(lifecycle::LifecycleArgs),
    Probe(probe::ProbeArgs),
    Completions(CompletionsArgs),
}

/// Print a completion script for a shell
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  plimsoll completions bash > ~/.local/share/bash-completion/completions/plimsoll
  plimsoll completions fish > ~/.config/fish/completions/plimsoll.fish")]
struct CompletionsArgs {
    /// Which shell
    shell: clap_complete::Shell,
}

/// A run that cannot go on: what is wrong, and what to do about it.
#[derive(Debug)]
struct Fatal {
    path: String,
    failure: Failure,
}

impl Fatal {
    fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { path: String::new(), failure: Failure { message: message.into(), help: help.into() } }
    }

    fn at(path: impl Into<String>, failure: Failure) -> Self {
        Self { path: path.into(), failure }
    }
}

/// In one line.
impl fmt::Display for Fatal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Failure { message, help } = &self.failure;
        f.write_str(message)?;
        if help.is_empty() { Ok(()) } else { write!(f, " ({help})") }
    }
}

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // A closed pipe is nobody's fault, and there is nowhere to say anything else.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let mut output = Output::new(cli.global.color);
    let result = run(cli.command, &mut output).and_then(|exit| output.finish().map(|()| exit));
    let exit = result.unwrap_or_else(|fatal| {
        output.complain(&Human::new(output.styled_errors()).failure(&fatal.path, &fatal.failure));
        Exit::Failed
    });
    ExitCode::from(exit as u8)
}

fn run(command: Command, output: &mut Output) -> Result<Exit, Fatal> {
    match command {
        Command::Check(args) => check::run(&args, output),
        Command::Audit(args) => audit::run(&args, output),
        Command::Test(args) => test::run(&args, output),
        Command::Resolve(args) => resolve::run(&args, output),
        Command::Wrap(args) => wrap::run(&args, output),
        Command::Rules(args) => rules::run(&args, output),
        #[cfg(feature = "prove")]
        Command::Prove(args) => prove::run(&args, output),
        #[cfg(feature = "prove")]
        Command::Diff(args) => diff::run(&args, output),
        Command::Lifecycle(args) => lifecycle::run(&args, output),
        Command::Probe(args) => probe::run(&args, output),
        Command::Completions(args) => {
            let mut script = Vec::new();
            clap_complete::generate(args.shell, &mut Cli::command(), "plimsoll", &mut script);
            output.bytes(&script)?;
            Ok(Exit::Clean)
        }
    }
}
