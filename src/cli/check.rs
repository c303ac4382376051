use std::path::PathBuf;

use clap::{Args, ValueEnum};
use rayon::prelude::*;

use super::input::{Input, documents};
use super::output::Output;
use super::policies::{Policies, PolicyArgs};
use super::{Exit, Fatal, STATUS, kind};
use crate::engine::Budget;
use crate::report::{Because, Failure, FileReport, Human, KindGuess, Report, json};
use crate::subject::{Kind, Outcome, Policy, Request};

/// Judge documents: would the daemon accept them, and should a person look?
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP.to_owned() + STATUS)]
pub(super) struct CheckArgs {
    /// Files, folders (every *.json below them), or `-` for standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// What the documents are; without it this is guessed from their keys
    #[arg(long, value_name = "KIND", value_parser = kind_named)]
    kind: Option<Kind>,
    #[command(flatten)]
    policy: PolicyArgs,
    /// The daemon.json that a decision about something else may depend on
    #[arg(long, value_name = "FILE")]
    daemon: Option<PathBuf>,
    /// Facts about the machine, as JSON; what is not told is unknown
    #[arg(long, value_name = "FILE")]
    host: Option<PathBuf>,
    /// The configuration of the image that a container is made from, as JSON (`null` = none); otherwise it is unknown
    #[arg(long, value_name = "FILE")]
    image: Option<PathBuf>,
    /// Show as well what each document comes to once the daemon has read it: for a create body the configuration
    /// that counts, its runtime and what is added to its security options
    #[arg(long)]
    show_effective: bool,
    /// How to report
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    format: Format,
    /// From which effect on the exit status is 1
    #[arg(long, value_name = "EFFECT", default_value = "deny")]
    fail_on: FailOn,
    /// Report nothing; the exit status tells
    #[arg(long, short)]
    quiet: bool,
}

const AFTER_HELP: &str = "\
Examples:
  plimsoll check /etc/docker/daemon.json
  plimsoll check --profile moby-25 configs/        every *.json below a folder, for an older daemon
  plimsoll check --table ours.toml --fail-on warn daemon.json
  sudo cat /etc/docker/daemon.json | plimsoll check -
  echo '{\"name\": \"nvidia\"}' | plimsoll check --kind name --daemon daemon.json -
  plimsoll check --show-effective --daemon daemon.json --host host.json create.json

";

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people, with the place underlined
    Human,
    /// One JSON document
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// Only what the daemon would refuse
    Deny,
    /// Warnings too
    Warn,
}

fn kind_named(name: &str) -> Result<Kind, String> {
    name.parse::<Kind>().map_err(|error| error.to_string())
}

/// What every document of a run is judged with.
struct Context<'a> {
    args: &'a CheckArgs,
    policy: &'a Policy,
    daemon: Option<Vec<u8>>,
    image: Option<Vec<u8>>,
    host: Option<Vec<u8>>,
    budget: Budget,
}

pub(super) fn run(args: &CheckArgs, output: &mut Output) -> Result<Exit, Fatal> {
    let Some(policies) = Policies::load(&args.policy, output)? else { return Ok(Exit::Failed) };
    let policy = policies.get(None)?;
    let budget = Budget::default();
    let (daemon, host) = (beside(args.daemon.as_ref(), &budget)?, beside(args.host.as_ref(), &budget)?);
    if let (Some(path), Some(host)) = (&args.host, &host) {
        policy.check_host(host).map_err(|error| {
            let help = "`plimsoll rules --schema host` lists the facts there are".to_owned();
            Fatal::at(path.to_string_lossy(), Failure { message: error.to_string(), help })
        })?;
    }
    let image = beside(args.image.as_ref(), &budget)?;
    let context = Context { args, policy, daemon, image, host, budget };
    let files = documents(&args.files).par_iter().map(|input| context.judge(input)).collect();
    let report = Report { profile: policies.profile().to_owned(), files };

    output.complain(&Human::new(output.styled_errors()).failures(&report));
    if !args.quiet {
        output.text(&match args.format {
            Format::Human => Human::new(output.styled()).render(&report),
            Format::Json => json(&report),
        })?;
    }
    let counts = report.summary();
    Ok(if counts.failed > 0 {
        Exit::Failed
    } else if counts.denied + counts.undecided > 0 || (args.fail_on == FailOn::Warn && counts.warnings > 0) {
        Exit::Denied
    } else {
        Exit::Clean
    })
}

/// A file that the decisions may depend on: without it there is nothing to decide.
pub(super) fn beside(path: Option<&PathBuf>, budget: &Budget) -> Result<Option<Vec<u8>>, Fatal> {
    let Some(path) = path else { return Ok(None) };
    let input = Input::File(path.clone());
    input.read(budget.bytes).map(Some).map_err(|failure| Fatal::at(input.name(), failure))
}

impl Context<'_> {
    fn judge(&self, input: &Input) -> FileReport {
        let failed = |kind, failure| FileReport {
            path: input.name(),
            kind,
            source: Vec::new(),
            result: Err(failure),
            resolved: None,
        };
        let document = match input.read(self.budget.bytes) {
            Ok(document) => document,
            Err(failure) => return failed(None, failure),
        };
        let guess = self.kind(input, &document);
        match self.decide(guess, &document) {
            Err(failure) => failed(Some(guess), failure),
            Ok(Outcome { decision, resolved }) => {
                let source = if decision.findings.is_empty() { Vec::new() } else { document };
                FileReport { path: input.name(), kind: Some(guess), source, result: Ok(decision), resolved }
            }
        }
    }

    fn kind(&self, input: &Input, document: &[u8]) -> KindGuess {
        let path = match input {
            Input::File(path) => Some(path.as_path()),
            _ => None,
        };
        match self.args.kind {
            Some(kind) => KindGuess { kind, because: Because::Told },
            None => kind::guess(path, document),
        }
    }

    fn decide(&self, guess: KindGuess, document: &[u8]) -> Result<Outcome, Failure> {
        if !self.policy.judges(guess.kind) {
            return Err(self.unsupported(guess));
        }
        let request = Request {
            kind: guess.kind,
            document,
            daemon: self.daemon.as_deref(),
            image: self.image.as_deref(),
            host: self.host.as_deref(),
        };
        let outcome = if self.args.show_effective {
            self.policy.judge(&request, &self.budget)
        } else {
            let decision = self.policy.decide(&request, &self.budget);
            decision.map(|decision| Outcome { decision, resolved: None })
        };
        outcome.map_err(|error| Failure { message: error.to_string(), help: String::new() })
    }

    fn unsupported(&self, guess: KindGuess) -> Failure {
        let what = kind::in_words(guess.kind);
        let message = match guess.because {
            Because::Key(key) => format!("by its key `{key}` this is {what}, which cannot be judged yet"),
            _ => format!("{what} cannot be judged yet"),
        };
        let kinds: Vec<&str> = self.policy.kinds().map(Kind::as_str).collect();
        let profile = self.policy.profile();
        let help = if kinds.is_empty() {
            format!("there are no rules for {profile} yet")
        } else {
            format!("{profile} judges {}; `--kind` says what a document is", kinds.join(", "))
        };
        Failure { message, help }
    }
}
