use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;
use rayon::prelude::*;
use serde_json::Value;

use super::examples;
use super::input::{Input, failure, streams};
use super::lines::{Chunks, LONGEST, Line};
use super::output::Output;
use super::policies::{Policies, PolicyArgs};
use super::progress::Progress;
use super::tally::{Tally, Tested};
use super::{Exit, Fatal};
use crate::case::{Case, Exceptions, Standing, compare};
use crate::engine::Budget;
use crate::report::{Failure, Human, problems};

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

A case is a line as `plimsoll audit` takes it, with what is expected; what is left out is not compared:
  {\"id\": \"a\", \"kind\": \"name\", \"input\": {\"name\": \"a/b\"}, \"expect\": {\"verdict\": \"deny\"}}

Known disagreements stand in a table; one that has come to agree is a failure, so that the table stays short:
  [[exception]]
  id = \"a\"
  field = \"verdict\"
  reason = \"why the answers may differ here\"

Exit status:
  0  every case agrees or is excepted
  1  a case differs, an exception is no longer one, or a line is no case
  2  a file cannot be read or holds no cases, or a table is broken")]
pub(super) struct TestArgs {
    /// Files of cases, or `-` for standard input
    #[arg(required_unless_present = "examples", value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Try the rules on the examples in their tables too: does each fire where it should, and not where it should not?
    #[arg(long)]
    examples: bool,
    #[command(flatten)]
    policy: PolicyArgs,
    /// Known disagreements, as TOML
    #[arg(long, value_name = "FILE")]
    exceptions: Option<PathBuf>,
    /// How many failures to show
    #[arg(long, value_name = "N", default_value_t = 20)]
    show: usize,
}

pub(super) fn run(args: &TestArgs, output: &mut Output) -> Result<Exit, Fatal> {
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
    };
    let mut exit = Exit::Clean;
    for input in streams(&args.files) {
        if let Err(failure) = run.file(&input) {
            exit = Exit::Failed;
            output.complain(&Human::new(output.styled_errors()).failure(&input.name(), &failure));
        }
        output.text(&run.tally.part(&input.name()))?;
    }
    if args.examples {
        examples::run(&policies, &mut run.tally)?;
        output.text(&run.tally.part("examples of the rules"))?;
    }
    run.progress.finish();
    output.text(&run.tally.summary())?;
    let unseen: BTreeSet<&str> =
        exceptions.iter().map(|e| e.id.as_str()).filter(|id| !run.seen.contains(*id)).collect();
    if !unseen.is_empty() {
        let ids: Vec<&str> = unseen.into_iter().collect();
        output.text(&format!("exceptions for cases that are not in these files: {}\n", ids.join(", ")))?;
    }
    Ok(if run.tally.has_failures() { exit.max(Exit::Denied) } else { exit })
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
            let tested: Vec<Tested> =
                lines.par_iter().map(|line| test(line, &name, self.policies, self.exceptions)).collect();
            self.progress.add(tested.len());
            for one in tested {
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

fn test(line: &Line, file: &str, policies: &Policies, exceptions: &Exceptions) -> Tested {
    let mut tested = Tested::new(Value::Null.to_string(), format!("{file}:{}", line.number));
    tested.outcome = judge(line, policies, exceptions, &mut tested);
    tested
}

fn judge(
    line: &Line,
    policies: &Policies,
    exceptions: &Exceptions,
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
    let policy = policies.get(case.profile.as_deref()).map_err(|fatal| fatal.to_string())?;
    let outcome =
        policy.judge_traced(&case.request(), &Budget::default()).map_err(|error| error.to_string())?;
    tested.judged(case.kind, policy.profile(), &outcome.decision);
    Ok(exceptions.judge(&case.id, expect, compare(expect, &outcome)))
}
