use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use rayon::prelude::*;
use serde_json::Value;

use super::input::{Input, failure, streams};
use super::lines::{Chunks, LONGEST, Line};
use super::output::Output;
use super::policies::{Policies, PolicyArgs};
use super::progress::Progress;
use super::{Exit, Fatal};
use crate::case::{Case, Exceptions, Mismatch, Standing, compare};
use crate::engine::Budget;
use crate::report::{Failure, Human, problems};
use crate::source::{printable, shorten, to_json_line};
use crate::subject::{Kind, check_examples};
use crate::table::RuleId;

/// An exceptions table is read by people.
const TABLE_BYTES: usize = 4 << 20;
/// Characters of a value shown in a mismatch.
const VALUE: usize = 400;

/// Judge cases and hold the answers against what they expect
///
/// Tells how many cases agree, file by file, where the others differ, and which rules fired.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  plimsoll test tests/vectors/*.ndjson --exceptions tests/vectors/exceptions.toml
  plimsoll test --table ours.toml our-cases.ndjson
  plimsoll test --examples

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
    /// Judge the examples of every rule as well: each must fire on its bad ones and on none of its good ones
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

/// What came of one line.
struct Tested {
    line: usize,
    id: Value,
    /// What rules could have fired: those of this kind under this profile.
    asked: Option<(Kind, String)>,
    fired: Vec<RuleId>,
    outcome: Result<Standing, String>,
}

#[derive(Default)]
struct Counts {
    cases: usize,
    agreed: usize,
    excepted: usize,
    failed: usize,
}

struct Run<'r> {
    args: &'r TestArgs,
    policies: &'r Policies,
    exceptions: &'r Exceptions,
    total: Counts,
    asked: BTreeSet<(&'static str, String)>,
    fired: BTreeSet<RuleId>,
    seen: BTreeSet<String>,
    shown: usize,
}

pub(super) fn run(args: &TestArgs, output: &mut Output) -> Result<Exit, Fatal> {
    let Some(policies) = Policies::load(&args.policy, output)? else { return Ok(Exit::Failed) };
    let Some(exceptions) = exceptions(args, output)? else { return Ok(Exit::Failed) };
    let mut run = Run {
        args,
        policies: &policies,
        exceptions: &exceptions,
        total: Counts::default(),
        asked: BTreeSet::new(),
        fired: BTreeSet::new(),
        seen: BTreeSet::new(),
        shown: 0,
    };
    let mut exit = Exit::Clean;
    let mut progress = Progress::new();
    if args.examples {
        run.examples(output)?;
    }
    for input in streams(&args.files) {
        let result = run.file(&input, output, &mut progress)?;
        if let Err(failure) = result {
            exit = Exit::Failed;
            output.complain(&Human::new(output.styled_errors()).failure(&input.name(), &failure));
        }
    }
    progress.finish();
    let summary = run.summary();
    output.text(&summary)?;
    Ok(if run.total.failed > 0 { exit.max(Exit::Denied) } else { exit })
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

impl Run<'_> {
    /// The rules' own examples, as cases.
    fn examples(&mut self, output: &mut Output) -> Result<(), Fatal> {
        let catalog = self.policies.catalog();
        let report = check_examples(catalog, catalog.rules().iter().map(AsRef::as_ref));
        let failed = report.problems.len();
        let mut out =
            format!("examples: {}\n", figures(report.examples, report.examples - failed, 0, failed));
        for (_, problem) in &report.problems {
            let _ = writeln!(out, "  FAILED {}", problem.message);
        }
        output.text(&out)?;
        for rule in catalog.rules() {
            let profiles = catalog.profiles().iter().map(|p| p.id.as_str());
            let has = profiles.filter(|profile| rule.holds_in(catalog.profiles(), profile));
            let kind = rule.subject.parse::<Kind>().map(Kind::as_str);
            self.asked.extend(has.filter_map(|profile| Some((kind.clone().ok()?, profile.to_owned()))));
        }
        self.fired.extend(report.fired);
        self.total.cases += report.examples;
        self.total.agreed += report.examples - failed;
        self.total.failed += failed;
        self.shown += failed;
        Ok(())
    }

    fn file(
        &mut self,
        input: &Input,
        output: &mut Output,
        progress: &mut Progress,
    ) -> Result<Result<(), Failure>, Fatal> {
        let mut chunks = match input.stream() {
            Ok(stream) => Chunks::new(stream),
            Err(failure) => return Ok(Err(failure)),
        };
        let mut counts = Counts::default();
        let mut failures = String::new();
        loop {
            let lines = match chunks.next() {
                Ok(lines) => lines,
                Err(error) => return Ok(Err(failure(&error))),
            };
            if lines.is_empty() {
                break;
            }
            let tested: Vec<Tested> =
                lines.par_iter().map(|line| test(line, self.policies, self.exceptions)).collect();
            progress.add(tested.len());
            for one in tested {
                self.count(&input.name(), one, &mut counts, &mut failures, output.styled());
            }
        }
        let Counts { cases, agreed, excepted, failed } = counts;
        if cases == 0 {
            let help = "a test that tests nothing should not pass; is it the right file?";
            return Ok(Err(Failure { message: "no cases in this file".to_owned(), help: help.to_owned() }));
        }
        output.text(&format!(
            "{}: {}\n{failures}",
            printable(&input.name()),
            figures(cases, agreed, excepted, failed)
        ))?;
        self.total.cases += cases;
        self.total.agreed += agreed;
        self.total.excepted += excepted;
        self.total.failed += failed;
        Ok(Ok(()))
    }

    fn count(&mut self, file: &str, tested: Tested, counts: &mut Counts, out: &mut String, styled: bool) {
        counts.cases += 1;
        self.fired.extend(tested.fired);
        if let Some((kind, profile)) = tested.asked {
            self.asked.insert((kind.as_str(), profile));
        }
        let id = match &tested.id {
            Value::String(id) => id.clone(),
            other => other.to_string(),
        };
        match &tested.outcome {
            Ok(Standing::Agrees) => counts.agreed += 1,
            Ok(Standing::Excepted) => counts.excepted += 1,
            Ok(Standing::Fails { .. }) | Err(_) => {
                counts.failed += 1;
                if self.shown < self.args.show {
                    self.shown += 1;
                    describe(&id, file, tested.line, &tested.outcome, out, styled);
                }
            }
        }
        if self.exceptions.iter().any(|exception| exception.id == id) {
            self.seen.insert(id);
        }
    }

    fn summary(&self) -> String {
        let mut out = String::new();
        let Counts { cases, agreed, excepted, failed } = self.total;
        if failed > self.shown {
            let _ = writeln!(out, "({} more failures; `--show N` shows more)", failed - self.shown);
        }
        let _ = writeln!(out, "total: {}", figures(cases, agreed, excepted, failed));
        let unseen: BTreeSet<&str> =
            self.exceptions.iter().map(|e| e.id.as_str()).filter(|id| !self.seen.contains(*id)).collect();
        if !unseen.is_empty() {
            let ids: Vec<&str> = unseen.into_iter().collect();
            let _ = writeln!(out, "exceptions for cases that are not in these files: {}", ids.join(", "));
        }
        self.coverage(&mut out);
        out
    }

    /// Rules that could have fired, since a case of their kind was judged under a profile that has them.
    fn coverage(&self, out: &mut String) {
        let mut rules: BTreeMap<RuleId, bool> = BTreeMap::new();
        for (kind, profile) in &self.asked {
            let Ok(policy) = self.policies.get(Some(profile)) else { continue };
            for rule in policy.rules().filter(|rule| *rule.subject == **kind) {
                rules.insert(rule.id.clone(), self.fired.contains(&rule.id));
            }
        }
        let silent: Vec<&str> =
            rules.iter().filter(|(_, fired)| !**fired).map(|(id, _)| id.as_str()).collect();
        let _ = writeln!(out, "rules: {} of {} fired", rules.len() - silent.len(), rules.len());
        if !silent.is_empty() {
            let _ = writeln!(out, "not fired: {}", silent.join(", "));
        }
    }
}

fn figures(cases: usize, agreed: usize, excepted: usize, failed: usize) -> String {
    let mut text = format!("{cases} cases, {agreed} agreed");
    for (count, what) in [(excepted, "excepted"), (failed, "FAILED")] {
        if count > 0 {
            let _ = write!(text, ", {count} {what}");
        }
    }
    text
}

fn test(line: &Line, policies: &Policies, exceptions: &Exceptions) -> Tested {
    let mut tested = Tested {
        line: line.number,
        id: Value::Null,
        asked: None,
        fired: Vec::new(),
        outcome: Ok(Standing::Agrees),
    };
    tested.outcome = judge(line, policies, exceptions, &mut tested);
    tested
}

fn judge(
    line: &Line,
    policies: &Policies,
    exceptions: &Exceptions,
    tested: &mut Tested,
) -> Result<Standing, String> {
    let bytes = line.bytes.as_ref().ok_or_else(|| format!("the line is longer than {LONGEST} bytes"))?;
    let case = Case::parse(bytes).map_err(|error| {
        tested.id = error.id;
        error.message
    })?;
    tested.id = case.id.clone();
    let Some(expect) = &case.expect else { return Err("the case has no `expect`".to_owned()) };
    let policy = policies.get(case.profile.as_deref()).map_err(|fatal| fatal.to_string())?;
    tested.asked = Some((case.kind, policy.profile().to_owned()));
    let outcome =
        policy.judge_traced(&case.request(), &Budget::default()).map_err(|error| error.to_string())?;
    let trace = outcome.decision.trace.iter();
    tested.fired = trace.filter(|rule| rule.fired > 0).map(|rule| rule.rule.clone()).collect();
    Ok(exceptions.judge(&case.id, expect, compare(expect, &outcome)))
}

/// Where a case differs: `-` what was expected, `+` what came.
fn describe(
    id: &str,
    file: &str,
    line: usize,
    outcome: &Result<Standing, String>,
    out: &mut String,
    styled: bool,
) {
    let (red, green, plain) = if styled { ("\x1b[31m", "\x1b[32m", "\x1b[0m") } else { ("", "", "") };
    let _ = writeln!(out, "  {red}FAILED{plain} {} at {}:{line}", brief(id), printable(file));
    match outcome {
        Err(message) => {
            let _ = writeln!(out, "    error: {}", brief(message));
        }
        Ok(Standing::Fails { mismatches, healed }) => {
            for Mismatch { field, expected, got } in mismatches {
                let got = got.as_ref().map_or_else(|| "(absent)".to_owned(), |got| brief(&to_json_line(got)));
                let any = if field == "messages" { "any of " } else { "" };
                let _ = writeln!(out, "    {}", brief(field));
                let _ = writeln!(out, "      {red}- {any}{}{plain}", brief(&to_json_line(expected)));
                let _ = writeln!(out, "      {green}+ {got}{plain}");
            }
            for field in healed {
                let _ = writeln!(out, "    `{field}` agrees or is not compared: delete its exception");
            }
        }
        Ok(_) => {}
    }
}

fn brief(text: &str) -> String {
    printable(&shorten(text, VALUE)).into_owned()
}
