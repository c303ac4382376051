use std::path::PathBuf;

use clap::Args;
use rayon::prelude::*;
use serde_json::Value;

use super::input::{Input, failure, streams};
use super::lines::{Chunks, LONGEST, Line};
use super::output::Output;
use super::policies::{Policies, PolicyArgs};
use super::progress::Progress;
use super::{Exit, Fatal, STATUS};
use crate::case::{Case, answer_line, error_line};
use crate::engine::{Budget, Verdict};
use crate::report::{Failure, Human};

/// Judge a stream of cases, one JSON object a line, and answer each with one line
///
/// Answers come in the order of the cases. A line that is no case is answered with the verdict `error` and its line
/// number, and the stream goes on.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP.to_owned() + STATUS)]
pub(super) struct AuditArgs {
    /// Files of cases, or `-` for standard input
    #[arg(value_name = "FILE", default_value = "-")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    policy: PolicyArgs,
}

const AFTER_HELP: &str = r#"Examples:
  echo '{"id": 1, "kind": "name", "input": {"name": "nvidia"}}' | plimsoll audit
  plimsoll audit cases.ndjson | jq -r 'select(.verdict != "allow") | .id'

A case:
  {"id": "any", "kind": "daemon", "profile": "moby-28", "input": {"debug": true}, "context": {"host": {"cgroup_v2": true}}}
`raw_base64` instead of `input` gives the exact bytes. A `host` that is absent means the machine that the project's
own cases were recorded on, where every path and binary is there.

"#;

pub(super) fn run(args: &AuditArgs, output: &mut Output) -> Result<Exit, Fatal> {
    let Some(policies) = Policies::load(&args.policy, output)? else { return Ok(Exit::Failed) };
    let mut run = Run { policies: &policies, output, progress: Progress::new(), exit: Exit::Clean };
    let inputs = streams(&args.files);
    let several = inputs != [Input::Stdin];
    for input in &inputs {
        let name = input.name();
        match run.stream(input, several.then_some(name.as_str())) {
            Ok(()) => {}
            Err(Stop::Output(fatal)) => return Err(fatal),
            Err(Stop::Input(failure)) => {
                run.exit = Exit::Failed;
                run.output.complain(&Human::new(run.output.styled_errors()).failure(&name, &failure));
            }
        }
    }
    run.progress.finish();
    Ok(run.exit)
}

struct Run<'r> {
    policies: &'r Policies,
    output: &'r mut Output,
    progress: Progress,
    exit: Exit,
}

/// Why a stream was left: it cannot be read, or nothing can be written.
enum Stop {
    Input(Failure),
    Output(Fatal),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Input(failure)
    }
}

impl From<Fatal> for Stop {
    fn from(fatal: Fatal) -> Self {
        Self::Output(fatal)
    }
}

impl Run<'_> {
    fn stream(&mut self, input: &Input, file: Option<&str>) -> Result<(), Stop> {
        let mut chunks = Chunks::new(input.stream()?);
        loop {
            let lines = chunks.next().map_err(|error| failure(&error))?;
            if lines.is_empty() || self.output.is_closed() {
                return Ok(());
            }
            let answers: Vec<(String, Exit)> =
                lines.par_iter().map(|line| answer(line, file, self.policies)).collect();
            self.progress.add(answers.len());
            for (answer, exit) in answers {
                self.exit = self.exit.max(exit);
                self.output.text(&answer)?;
            }
            self.output.flush()?;
        }
    }
}

/// The answer with its line break, and the exit status it asks for.
fn answer(line: &Line, file: Option<&str>, policies: &Policies) -> (String, Exit) {
    let (mut text, exit) = match judge(line, policies) {
        Ok(answer) => answer,
        Err((id, message)) => (error_line(&id, file, line.number, &message), Exit::Failed),
    };
    text.push('\n');
    (text, exit)
}

fn judge(line: &Line, policies: &Policies) -> Result<(String, Exit), (Value, String)> {
    let Some(bytes) = &line.bytes else {
        return Err((Value::Null, format!("over budget: the line is longer than {LONGEST} bytes")));
    };
    let case = Case::parse(bytes).map_err(|error| (error.id, error.message))?;
    let outcome = policies
        .of_case(&case)
        .map_err(|fatal| fatal.to_string())
        .and_then(|policy| policy.judge(&case.request(), &Budget::default()).map_err(|e| e.to_string()));
    match outcome {
        Err(message) => Err((case.id, message)),
        Ok(outcome) => {
            let exit = if outcome.decision.verdict == Verdict::Allow { Exit::Clean } else { Exit::Denied };
            Ok((answer_line(&case.id, &outcome), exit))
        }
    }
}
