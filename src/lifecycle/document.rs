//! Questions about the life of a container as JSON: one step in a state, or the steps of a new process.

use serde_json::Value as Json;
use serde_json::value::RawValue;

use super::step::{Process, Step, StepError, Told};
use super::{Lifecycle, Value};
use crate::facts::{Limits, OverLimit};
use crate::source::{Members, Span, nearest, string};

/// What became of a question.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The steps, up to the first that crashes the original.
    pub steps: Vec<JudgedStep>,
    /// The question was about one step in a state.
    pub single: bool,
}

/// One step, and where it was asked for.
#[derive(Clone, Debug)]
pub struct JudgedStep {
    /// What it did.
    pub step: Step,
    /// The state before.
    pub from: String,
    /// States of other machines afterwards, by the name of the variable they are in.
    pub others: Vec<(String, String)>,
    /// JSON Pointer to the operation.
    pub path: String,
    /// Where it stands in the question.
    pub span: Span,
}

/// A question that cannot be answered. Never to be taken for an answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// It costs more than is allowed.
    #[error(transparent)]
    OverLimit(#[from] OverLimit),
    /// It does not say what is asked, or not in a way that can be understood.
    #[error("{}{message}", place(path))]
    Wrong {
        /// JSON Pointer to the place; empty: the whole.
        path: String,
        /// What is wrong.
        message: String,
    },
}

fn place(path: &str) -> String {
    if path.is_empty() { String::new() } else { format!("{path}: ") }
}

fn wrong(path: impl Into<String>, message: impl ToString) -> DocumentError {
    DocumentError::Wrong { path: path.into(), message: message.to_string() }
}

/// Keys of a question that are no variables.
const KEYS: [&str; 5] = ["machine", "state", "op", "checkpoint", "ops"];

impl Lifecycle {
    /// Answers a question: `{"machine", "state", "op"}` for one step, `{"machine", "checkpoint", "ops": [{"op"}]}` for
    /// the steps of a new process. Beside `op` may stand what is told with that step, such as `runtime_error`, and
    /// beside `machine` what is hidden in the process before the first, such as `parent_state`.
    ///
    /// # Errors
    /// If the question cannot be understood, or has more than `most` steps.
    ///
    /// ```
    /// use plimsoll::facts::Limits;
    /// use plimsoll::lifecycle::Lifecycle;
    /// let question = br#"{"machine": "init", "ops": [{"op": "Start"}, {"op": "Resume"}]}"#;
    /// let judged = Lifecycle::builtin()?.judge(question, &Limits::default(), 1000)?;
    /// let states: Vec<&str> = judged.steps.iter().map(|step| step.step.state.as_str()).collect();
    /// assert_eq!(states, ["running", "running"]);
    /// assert_eq!(judged.steps[1].step.message.as_deref(), Some("cannot resume a running process"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn judge(&self, document: &[u8], limits: &Limits, most: usize) -> Result<Judged, DocumentError> {
        limits.check_bytes(document.len())?;
        let text = std::str::from_utf8(document)
            .map_err(|error| wrong("", format!("not UTF-8 at byte {}", error.valid_up_to() + 1)))?;
        let mut members = Members::parse(text, "the question").map_err(|message| wrong("", message))?;
        let Some(machine) = members.take_string("machine").map_err(|message| wrong("/machine", message))?
        else {
            let known: Vec<&str> = self.machines().iter().map(|machine| machine.id.as_str()).collect();
            return Err(wrong("", format!("`machine` is missing; it is one of {}", known.join(", "))));
        };
        let at = |path: &'static str| move |error: StepError| wrong(path, error);
        match (members.take("ops"), members.take("op")) {
            (Some(ops), None) => {
                let checkpoint = match members.take("checkpoint") {
                    None => false,
                    Some(text) => serde_json::from_str(text)
                        .map_err(|_| wrong("/checkpoint", "`checkpoint` is true or false"))?,
                };
                if members.take("state").is_some() {
                    return Err(wrong(
                        "/state",
                        "a process with `ops` is new; `state` goes with a single `op`",
                    ));
                }
                let mut process = self.process(&machine, checkpoint).map_err(at("/machine"))?;
                let told = variables(members, "", &process)?;
                tell(&mut process, told)?;
                steps(&mut process, text, ops, most)
            }
            (None, Some(op)) => {
                if members.take("checkpoint").is_some() {
                    return Err(wrong("/checkpoint", "`checkpoint` goes with `ops`; here `state` says it"));
                }
                let state = members.take_string("state").map_err(|message| wrong("/state", message))?;
                let Some(state) = state else {
                    return Err(wrong("", "`state` is missing: the state in which the step is done"));
                };
                let mut process = self.process_in(&machine, &state).map_err(|error| match error {
                    StepError::Unknown { what: "machine", .. } => wrong("/machine", error),
                    _ => wrong("/state", error),
                })?;
                let told = variables(members, "", &process)?;
                let told = tell(&mut process, told)?;
                let step = one(&mut process, text, op, "/op".to_owned(), &told)?;
                Ok(Judged { steps: vec![step], single: true })
            }
            (Some(_), Some(_)) => {
                Err(wrong("/op", "a question has `op` for one step, or `ops` for several, not both"))
            }
            (None, None) => {
                let message = "there is no step: give `state` and `op`, or a list of `ops`";
                Err(wrong("", message))
            }
        }
    }
}

/// All that is left must be variables of the machine.
fn variables(members: Members<'_>, path: &str, process: &Process<'_>) -> Result<Told, DocumentError> {
    let all = process.machine().variables();
    let mut told = Vec::new();
    for (name, text) in members.rest() {
        let path = format!("{path}/{}", name.replace('~', "~0").replace('/', "~1"));
        if !all.iter().any(|variable| variable.name == name) {
            let names: Vec<&str> = all.iter().map(|variable| variable.name.as_str()).collect();
            let meant = nearest(&name, names.iter().copied().chain(KEYS));
            let meant = meant.map_or_else(String::new, |meant| format!("perhaps `{meant}` is meant; "));
            let known = format!("{meant}what may be told here: {}", names.join(", "));
            return Err(wrong(path, format!("unknown key `{name}` ({known})")));
        }
        let value = match serde_json::from_str(text) {
            Ok(Json::Bool(truth)) => Value::Bool(truth),
            Ok(Json::String(text)) => Value::Text(Some(text)),
            Ok(Json::Null) => Value::Text(None),
            _ => return Err(wrong(path, format!("`{name}` is true, false, a string or null"))),
        };
        told.push((name.into_owned(), value));
    }
    Ok(told)
}

/// Tells what is hidden, and gives back what goes with a step.
fn tell(process: &mut Process<'_>, told: Told) -> Result<Told, DocumentError> {
    let hidden = |name: &str| process.machine().variables().iter().any(|v| v.hidden && v.name == name);
    let (hidden, rest): (Told, Told) = told.into_iter().partition(|(name, _)| hidden(name));
    for (name, value) in hidden {
        process.tell(&name, value).map_err(|error| wrong(format!("/{name}"), error))?;
    }
    Ok(rest)
}

fn steps(process: &mut Process<'_>, text: &str, ops: &str, most: usize) -> Result<Judged, DocumentError> {
    let ops: Vec<&RawValue> = serde_json::from_str(ops)
        .map_err(|_| wrong("/ops", "`ops` is a list of steps, each {\"op\": \"NAME\"}"))?;
    if ops.len() > most {
        return Err(OverLimit { what: "steps", found: ops.len(), limit: most }.into());
    }
    let mut judged = Vec::new();
    for (number, op) in ops.iter().enumerate() {
        let path = format!("/ops/{number}");
        let mut members =
            Members::parse(op.get(), "a step").map_err(|message| wrong(path.as_str(), message))?;
        let Some(name) = members.take("op") else {
            return Err(wrong(path, "`op` is missing: the name of the operation"));
        };
        let told = variables(members, &path, process)?;
        let step = one(process, text, name, format!("{path}/op"), &told)?;
        let crashed = step.step.crashed;
        judged.push(step);
        if crashed {
            break;
        }
    }
    Ok(Judged { steps: judged, single: false })
}

fn one(
    process: &mut Process<'_>,
    text: &str,
    op: &str,
    path: String,
    told: &Told,
) -> Result<JudgedStep, DocumentError> {
    let name = string(op, "op").map_err(|message| wrong(path.as_str(), message))?;
    let from = process.state().to_owned();
    let step = process.step(&name, told).map_err(|error| match &error {
        StepError::Value { name, .. } | StepError::Hidden(name) => {
            wrong(format!("{}{name}", path.strip_suffix("op").unwrap_or_default()), error)
        }
        _ => wrong(path.as_str(), error),
    })?;
    let names =
        process.machine().variables().iter().filter(|v| matches!(v.kind, super::VariableKind::Names(_)));
    let names: Vec<&str> = names.map(|variable| variable.name.as_str()).collect();
    let others = process.hidden().filter(|(name, _)| names.contains(name));
    let others = others.map(|(name, value)| (name.to_owned(), value.text().to_owned())).collect();
    // `op` is a part of `text`: members of an object are read where they stand.
    let start = op.as_ptr().addr().saturating_sub(text.as_ptr().addr());
    Ok(JudgedStep { step, from, others, path, span: Span::new(start, start + op.len()) })
}
