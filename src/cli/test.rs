use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;
use rayon::prelude::*;
use serde_json::{Value, json};

use super::check::Format;
use super::coverage::CoverageReport;
use super::examples;
use super::input::{Input, failure, streams};
use super::lines::{Chunks, LONGEST, Line};
use super::mutate::{self, Kept, MutationReport};
use super::output::Output;
use super::policies::{Policies, PolicyArgs};
use super::progress::Progress;
use super::suggest;
use super::tally::{Tally, Tested};
use super::{Exit, Fatal};
use crate::case::{Case, Exceptions, Standing, compare};
use crate::engine::Budget;
use crate::report::{Failure, Human, problems};
use crate::source::to_json_pretty;

/// An exceptions table is read by people.
const TABLE_BYTES: usize = 4 << 20;
/// Judge cases and hold the answers against what they expect
///
/// Tells how many cases agree, file by file, where the others differ, and which rules fired.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  plimsoll test tests/vectors/*.ndjson --exceptions tests/vectors/exceptions.toml
  plimsoll test --table ours.toml --examples        does a table of yours do what it says?
  plimsoll test --table ours.toml --examples --coverage --mutate
                                                    would its examples notice a mistake in it?

A case is a line as `plimsoll audit` takes it, with what is expected; what is left out is not compared, and integers beyond 2^53
are compared as doubles, since few recorders keep them:
  {\"id\": \"a\", \"kind\": \"name\", \"input\": {\"name\": \"a/b\"}, \"expect\": {\"verdict\": \"deny\"}}

Known disagreements stand in a table; one that has come to agree is a failure, so that the table stays short:
  [[exception]]
  id = \"a\"
  field = \"verdict\"
  reason = \"why the answers may differ here\"

What coverage and mutation need not show stands there too, with the words in which they say it:
  [[excused]]
  rule = \"RT006\"
  mutant = \"a -> b\"        or `atom`, for a test of the condition
  reason = \"why no document can tell\"

Exit status:
  0  every case agrees or is excepted
  1  a case differs, an exception is no longer one, or a line is no case; with --coverage or --mutate also when a
     row or test is not covered or a mutant survives, and that is not excused
  2  a file cannot be read or holds no cases, or a table is broken")]
pub(super) struct TestArgs {
    /// Files of cases, or `-` for standard input
    #[arg(required_unless_present = "examples", value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Try the rules on the examples in their tables too: does each fire where it should, and not where it should not? With
    /// tables of your own, those are tried and not the built-in ones
    #[arg(long)]
    examples: bool,
    #[command(flatten)]
    policy: PolicyArgs,
    /// Known disagreements, as TOML
    #[arg(long, value_name = "FILE")]
    exceptions: Option<PathBuf>,
    /// Tell for each row whether it fired and did not, and for each test of its condition whether it was seen deciding
    /// both ways; with tables of your own, for their rows alone
    #[arg(long)]
    coverage: bool,
    /// Change the rows one thing at a time (dropped, negated, another operator, another literal, …) and tell which
    /// changes no case and no example notices; with tables of your own, their rows alone
    #[arg(long)]
    mutate: bool,
    /// Look for cases that show what coverage and mutation found missing, and write them here. They expect what the
    /// rules say now; whether that is right is for you to say
    #[arg(long, value_name = "FILE")]
    suggest: Option<PathBuf>,
    /// How to report
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    format: Format,
    /// How many failures to show
    #[arg(long, value_name = "N", default_value_t = 20)]
    show: usize,
}

pub(super) fn run(args: &TestArgs, output: &mut Output) -> Result<Exit, Fatal> {
    if args.suggest.is_some() && !args.coverage && !args.mutate {
        let help = "they say what is missing, and so what to look for";
        return Err(Fatal::new("--suggest needs --coverage or --mutate", help));
    }
    let Some(policies) = Policies::load(&args.policy, output)? else { return Ok(Exit::Failed) };
    // Cases are of all kinds and profiles: what they share is read once.
    policies.catalog()?;
    let Some(exceptions) = exceptions(args, output)? else { return Ok(Exit::Failed) };
    let mut run = Run {
        policies: &policies,
        exceptions: &exceptions,
        tally: Tally::new(&policies, args.show, output.styled()),
        progress: Progress::new(),
        seen: BTreeSet::new(),
        coverage: args.coverage,
        kept: args.mutate.then(Kept::default),
    };
    let human = args.format == Format::Human;
    let mut exit = Exit::Clean;
    for input in streams(&args.files) {
        if let Err(failure) = run.file(&input) {
            exit = Exit::Failed;
            output.complain(&Human::new(output.styled_errors()).failure(&input.name(), &failure));
        }
        let part = run.tally.part(&input.name());
        output.text(if human { &part } else { "" })?;
    }
    if args.examples {
        examples::run(&policies, args.coverage, &mut run.tally)?;
        let part = run.tally.part("examples of the rules");
        output.text(if human { &part } else { "" })?;
    }
    run.progress.finish();
    let unseen: BTreeSet<&str> =
        exceptions.iter().map(|e| e.id.as_str()).filter(|id| !run.seen.contains(*id)).collect();
    let (mut coverage, mut mutation) = (None, None);
    if args.coverage || args.mutate {
        let (catalog, excused) = (policies.catalog()?, exceptions.excused());
        let measured = || run.tally.measured(catalog);
        coverage = args.coverage.then(|| run.tally.coverage(catalog, excused));
        let kept = run.kept.as_ref();
        mutation = kept.map(|kept| mutate::run(measured(), kept, args.examples, &policies, catalog, excused));
        if let Some(path) = &args.suggest {
            let found = suggest::run(measured(), &policies, catalog, coverage.as_ref(), mutation.as_ref());
            let text: String = found.iter().map(|line| format!("{line}\n")).collect();
            std::fs::write(path, text).map_err(|error| Fatal::at(path.to_string_lossy(), failure(&error)))?;
        }
    }
    let measured = Measured { coverage, mutation };
    let failed = run.tally.has_failures() || !measured.is_complete();
    let report =
        if human { said(&run.tally, &unseen, &measured) } else { as_json(&run.tally, &unseen, &measured) };
    output.text(&report)?;
    Ok(if failed { exit.max(Exit::Denied) } else { exit })
}

/// What was measured of the rules, if that was asked for.
struct Measured {
    coverage: Option<CoverageReport>,
    mutation: Option<MutationReport>,
}

impl Measured {
    fn is_complete(&self) -> bool {
        self.coverage.as_ref().is_none_or(CoverageReport::is_complete)
            && self.mutation.as_ref().is_none_or(MutationReport::is_complete)
    }
}

fn said(tally: &Tally<'_>, unseen: &BTreeSet<&str>, measured: &Measured) -> String {
    let mut out = tally.summary();
    if !unseen.is_empty() {
        let ids: Vec<&str> = unseen.iter().copied().collect();
        out.push_str(&format!("exceptions for cases that are not in these files: {}\n", ids.join(", ")));
    }
    out.extend(measured.coverage.as_ref().map(CoverageReport::text));
    out.extend(measured.mutation.as_ref().map(MutationReport::text));
    out
}

fn as_json(tally: &Tally<'_>, unseen: &BTreeSet<&str>, measured: &Measured) -> String {
    let coverage = measured.coverage.as_ref().map_or(Value::Null, CoverageReport::json);
    let mutation = measured.mutation.as_ref().map_or(Value::Null, MutationReport::json);
    let more = [("unused_exceptions", json!(unseen)), ("coverage", coverage), ("mutation", mutation)];
    let report: serde_json::Map<String, Value> =
        tally.json().into_iter().chain(more).map(|(key, value)| (key.to_owned(), value)).collect();
    format!("{}\n", to_json_pretty(&report))
}

/// `None` if the table is broken and that has been said.
fn exceptions(args: &TestArgs, output: &Output) -> Result<Option<Exceptions>, Fatal> {
    let Some(path) = &args.exceptions else { return Ok(Some(Exceptions::default())) };
    let input = Input::File(path.clone());
    let bytes = input.read(TABLE_BYTES).map_err(|failure| Fatal::at(input.name(), failure))?;
    let text = String::from_utf8_lossy(&bytes);
    match Exceptions::parse(&text) {
        Ok(exceptions) => Ok(Some(exceptions)),
        Err(found) => {
            output.complain(&problems(&input.name(), &text, &found, output.styled_errors()));
            Ok(None)
        }
    }
}

struct Run<'r> {
    policies: &'r Policies,
    exceptions: &'r Exceptions,
    tally: Tally<'r>,
    progress: Progress,
    /// Cases that have exceptions.
    seen: BTreeSet<String>,
    /// Whether to look at the tests of conditions.
    coverage: bool,
    /// What mutants are tried on.
    kept: Option<Kept>,
}

impl Run<'_> {
    fn file(&mut self, input: &Input) -> Result<(), Failure> {
        let mut chunks = Chunks::new(input.stream()?);
        let mut any = false;
        loop {
            let lines = chunks.next().map_err(|error| failure(&error))?;
            if lines.is_empty() {
                break;
            }
            any = true;
            let name = input.name();
            let test = |line| test(line, &name, self.policies, self.exceptions, self.coverage);
            let tested: Vec<Tested> = lines.par_iter().map(test).collect();
            self.progress.add(tested.len());
            for (line, one) in lines.into_iter().zip(tested) {
                if let (Some(kept), Ok(Standing::Agrees), Some(line)) =
                    (&mut self.kept, &one.outcome, line.bytes)
                {
                    kept.add(line, one.trace());
                }
                if self.exceptions.iter().any(|exception| exception.id == one.id) {
                    self.seen.insert(one.id.clone());
                }
                self.tally.add(one);
            }
        }
        if any {
            return Ok(());
        }
        let help = "a test that tests nothing should not pass; is it the right file?";
        Err(Failure { message: "no cases in this file".to_owned(), help: help.to_owned() })
    }
}

fn test(line: &Line, file: &str, policies: &Policies, exceptions: &Exceptions, coverage: bool) -> Tested {
    let mut tested = Tested::new(Value::Null.to_string(), format!("{file}:{}", line.number));
    tested.outcome = judge(line, policies, exceptions, coverage, &mut tested);
    tested
}

fn judge(
    line: &Line,
    policies: &Policies,
    exceptions: &Exceptions,
    coverage: bool,
    tested: &mut Tested,
) -> Result<Standing, String> {
    let text = |id: &Value| id.as_str().map_or_else(|| id.to_string(), str::to_owned);
    let bytes = line.bytes.as_ref().ok_or_else(|| format!("the line is longer than {LONGEST} bytes"))?;
    let case = Case::parse(bytes).map_err(|error| {
        tested.id = text(&error.id);
        error.message
    })?;
    tested.id = text(&case.id);
    let Some(expect) = &case.expect else { return Err("the case has no `expect`".to_owned()) };
    let policy = policies.of_case(&case).map_err(|fatal| fatal.to_string())?;
    let (request, budget) = (case.request(), Budget::default());
    let outcome = if coverage {
        policy.judge_covered(&request, &budget)
    } else {
        policy.judge_traced(&request, &budget)
    };
    let outcome = outcome.map_err(|error| error.to_string())?;
    tested.judged(case.kind, policy.profile(), &outcome.decision);
    Ok(exceptions.judge(&case.id, expect, compare(expect, &outcome)))
}
