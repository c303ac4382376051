use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use rayon::prelude::*;

use super::input::{Input, documents};
use super::output::Output;
use super::policies::{Policies, PolicyArgs};
use super::{Exit, Fatal, STATUS, beside, kind};
use crate::engine::Budget;
use crate::report::{Because, Failure, FileReport, Human, KindGuess, Report, json};
use crate::subject::{FeaturesAnswer, Kind, Outcome, Policy, Request};

/// Judge documents: would the daemon accept them, and should a person look?
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP.to_owned() + STATUS)]
pub(super) struct CheckArgs {
    /// Files, folders (every *.json below them; of a bundle its config.json), or `-` for standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// What the documents are: name, daemon, create, spec, wrap, write or lifecycle; without it this is guessed from
    /// their keys
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
    /// What the HTTP request around a create body says, as JSON: API version, name, platform, content type
    #[arg(long, value_name = "FILE")]
    request: Option<PathBuf>,
    /// What `<runtime> features` printed, for an OCI config.json that asks for something of it; otherwise it is unknown
    #[arg(long, value_name = "FILE")]
    features: Option<PathBuf>,
    /// How asking it for its features ended, as JSON, if not simply well: exit status, …; `plimsoll rules --schema
    /// features-answer` lists what can be told
    #[arg(long, value_name = "FILE")]
    features_answer: Option<PathBuf>,
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
  runc features > features.json; plimsoll check --features features.json bundle/

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
    policies: &'a Policies,
    daemon: Option<Vec<u8>>,
    image: Option<Vec<u8>>,
    http: Option<Vec<u8>>,
    host: Option<Vec<u8>>,
    features: Option<Vec<u8>>,
    answer: Option<Vec<u8>>,
    budget: Budget,
}

pub(super) fn run(args: &CheckArgs, output: &mut Output) -> Result<Exit, Fatal> {
    let Some(policies) = Policies::load(&args.policy, output)? else { return Ok(Exit::Failed) };
    let budget = Budget::default();
    let beside =
        [&args.daemon, &args.host, &args.image, &args.request, &args.features, &args.features_answer];
    beside::one_stdin(args.files.iter().chain(beside.into_iter().flatten()))?;
    let daemon = beside::daemon(args.daemon.as_ref(), &policies, &budget)?;
    let host = beside::host(args.host.as_ref(), policies.get(None)?, &budget)?;
    let image = beside::image(args.image.as_ref(), &policies, &budget)?;
    let http = beside::request(args.request.as_ref(), &policies, &budget)?;
    let features = beside::read(args.features.as_ref(), &budget)?;
    let answer = beside::features_answer(args.features_answer.as_ref(), &policies, &budget)?;
    let context = Context { args, policies: &policies, daemon, image, http, host, features, answer, budget };
    let files = documents(&args.files, &|folder| context.is_bundle(folder))
        .par_iter()
        .map(|input| context.judge(input))
        .collect();
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

impl Context<'_> {
    fn judge(&self, input: &Input) -> FileReport {
        let failed = |kind, failure| FileReport {
            path: input.name(),
            kind,
            profile: None,
            source: Vec::new(),
            result: Err(failure),
            resolved: None,
        };
        let document = match input.read(self.budget.bytes) {
            Ok(document) => document,
            Err(failure) => return failed(None, failure),
        };
        let guess = self.kind(input, &document);
        if !matches!(guess.because, Because::Told | Because::Key("ociVersion"))
            && let Some(key) = kind::features_key(&document)
        {
            return failed(None, features_alone(key));
        }
        if guess.because == Because::Default
            && let Input::File(path) = input
            && let Some(language) = kind::other_language(path)
        {
            return failed(None, not_json(language));
        }
        let (profile, policy) = match self.policy(guess) {
            Ok(found) => found,
            Err(failure) => return failed(Some(guess), failure),
        };
        match self.decide(policy, guess, &document) {
            Err(failure) => FileReport { profile, ..failed(Some(guess), failure) },
            Ok(Outcome { decision, resolved }) => {
                let source = if decision.findings.is_empty() { Vec::new() } else { document };
                let kind = Some(guess);
                FileReport { path: input.name(), kind, profile, source, result: Ok(decision), resolved }
            }
        }
    }

    /// Whether a folder is the bundle of a container: everything else in it belongs to the container.
    fn is_bundle(&self, folder: &Path) -> bool {
        let path = folder.join("config.json");
        let input = Input::File(path.clone());
        match self.args.kind {
            Some(kind) => kind == Kind::Spec && path.is_file(),
            None => input
                .read(self.budget.bytes)
                .is_ok_and(|document| kind::guess(Some(&path), &document).kind == Kind::Spec),
        }
    }

    /// The policy that judges a kind, and its name where it is not the chosen one.
    fn policy(&self, guess: KindGuess) -> Result<(Option<String>, &Policy), Failure> {
        let fail = |fatal: Fatal| Failure { message: fatal.to_string(), help: String::new() };
        let policy = self.policies.judge_of(guess.kind).map_err(fail)?;
        if !policy.judges(guess.kind) {
            return Err(unsupported(policy, guess, &self.policies.judging(guess.kind)));
        }
        let other = policy.profile() != self.policies.profile();
        Ok((other.then(|| policy.profile().to_owned()), policy))
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

    fn decide(&self, policy: &Policy, guess: KindGuess, document: &[u8]) -> Result<Outcome, Failure> {
        let request = Request {
            kind: guess.kind,
            document,
            daemon: self.daemon.as_deref(),
            image: self.image.as_deref(),
            http: self.http.as_deref(),
            host: self.host.as_deref(),
            features: self.features_answer(),
        };
        let outcome = if self.args.show_effective {
            policy.judge(&request, &self.budget)
        } else {
            let decision = policy.decide(&request, &self.budget);
            decision.map(|decision| Outcome { decision, resolved: None })
        };
        outcome.map_err(|error| Failure { message: error.to_string(), help: String::new() })
    }

    fn features_answer(&self) -> Option<FeaturesAnswer<'_>> {
        let (printed, facts) = (self.features.as_deref(), self.answer.as_deref());
        let told = printed.is_some() || facts.is_some();
        told.then(|| FeaturesAnswer { printed: printed.unwrap_or_default(), facts })
    }
}

/// What a runtime printed of its features is nothing to judge by itself.
fn features_alone(key: &str) -> Failure {
    Failure {
        message: format!(
            "by its key `{key}` this is what a runtime prints of its features: not judged by itself"
        ),
        help: "give it beside a config.json: `plimsoll check --features FILE config.json`".to_owned(),
    }
}

/// Compose files, containerd's config.toml and the like are nothing that plimsoll judges.
fn not_json(language: &str) -> Failure {
    Failure {
        message: format!("by its name this is {language}, and what is judged here is JSON"),
        help: "`--kind` says what it is, if it is JSON all the same".to_owned(),
    }
}

/// `others` are the profiles that judge it, the newest last.
fn unsupported(policy: &Policy, guess: KindGuess, others: &[&str]) -> Failure {
    let what = kind::in_words(guess.kind);
    let profile = policy.profile();
    let not = match others {
        [] => "which cannot be judged yet".to_owned(),
        _ => format!("which {profile} does not judge"),
    };
    let message = match guess.because {
        Because::Key(key) => format!("by its key `{key}` this is {what}, {not}"),
        _ => format!("this is {what}, {not}"),
    };
    let kinds: Vec<&str> = policy.kinds().map(Kind::as_str).collect();
    let mut help = if kinds.is_empty() {
        format!("there are no rules for {profile} yet")
    } else {
        format!("{profile} judges {}; `--kind` says what a document is", kinds.join(", "))
    };
    if let Some(newest) = others.last() {
        help = format!("`--profile {newest}` judges it; {help}");
    }
    Failure { message, help }
}
