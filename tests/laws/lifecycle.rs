//! The shim's processes against a model of their books that was written from a description of containerd's code and not
//! from the tables, and shares no code with them.

use std::sync::LazyLock;

use arbitrary::{Result, Unstructured};
use plimsoll::engine::{Budget, Verdict};
use plimsoll::facts::Limits;
use plimsoll::lifecycle::{Class, Judged, Lifecycle, Process, Step, StepError, Told, Value};
use plimsoll::subject::{Kind, Policy, Request};
use serde_json::{Map, Value as Json, json};

static LIFECYCLE: LazyLock<Lifecycle> = LazyLock::new(|| Lifecycle::builtin().unwrap());
static SHIM: LazyLock<Policy> = LazyLock::new(|| Policy::builtin("containerd-2.1").unwrap());

const INIT: [&str; 12] = [
    "Start",
    "Delete",
    "Pause",
    "Resume",
    "Update",
    "Checkpoint",
    "Exec",
    "Kill",
    "KillAll",
    "Resize",
    "SetExited",
    "Status",
];
const EXEC: [&str; 10] = [
    "Start",
    "Delete",
    "Resize",
    "Kill",
    "KillNoPid",
    "KillAfterExit",
    "SetExited",
    "Status",
    "ParentPause",
    "ParentResume",
];
const INIT_STATES: [&str; 6] = ["created", "createdCheckpoint", "running", "paused", "stopped", "deleted"];
const EXEC_STATES: [&str; 4] = ["created", "running", "stopped", "deleted"];
const ERRORS: [&str; 7] = [
    "os: process already finished",
    "container not running",
    "No Such Process",
    "container \"x\" does not exist",
    "exit status 1\nsecond line",
    "os: process already finished, and does not exist",
    "",
];
const LOGS: [(&str, Option<&str>); 4] = [
    ("{\"level\":\"error\",\"msg\":\"boom\"}\n", Some("boom")),
    ("{\"level\":\"error\",\"msg\":\"boom\"}\n{\"level\":\"error\",\"msg\":\"bang\"}\n", Some("bang")),
    ("{\"level\":\"info\",\"msg\":\"all is well\"}\n", None),
    ("", None),
];

/// Any text is a question with an answer or an error; a generated trace is its single steps, one after the other, and
/// does what the model does.
pub(super) fn lifecycle(data: &[u8]) {
    if data.first() == Some(&b'{') {
        let judged = LIFECYCLE.judge(data, &Limits::default(), 1_000);
        let outcome = SHIM.judge(&Request::new(Kind::Lifecycle, data), &Budget::default());
        assert_eq!(judged.is_ok(), outcome.is_ok());
        if let Ok(judged) = judged {
            places_and_states(&judged, data);
        }
    } else {
        generated(&mut Unstructured::new(data)).unwrap();
    }
}

fn places_and_states(judged: &Judged, text: &[u8]) {
    for step in &judged.steps {
        let op: Json = serde_json::from_slice(step.span.slice(text)).unwrap();
        assert!(op.is_string(), "{op}");
        let known = |state: &str| INIT_STATES.contains(&state) || EXEC_STATES.contains(&state);
        assert!(known(&step.from) && known(&step.step.state), "{step:?}");
        assert!(step.others.iter().all(|(_, state)| INIT_STATES.contains(&state.as_str())), "{step:?}");
        assert_eq!(step.step.ok, step.step.refused.is_none());
    }
}

/// What is told with a step.
#[derive(Clone, Debug, Default)]
struct With {
    runtime_error: Option<&'static str>,
    /// Of an exec: why the kernel does not send a signal.
    signal_error: Option<Option<&'static str>>,
    log: Option<(&'static str, Option<&'static str>)>,
    log_unreadable: Option<&'static str>,
    pausing: bool,
}

fn with(init: bool, u: &mut Unstructured<'_>) -> Result<With> {
    let mut told = With::default();
    if u.ratio(1_u8, 3)? {
        told.runtime_error = Some(*u.choose(&ERRORS)?);
        if u.ratio(1_u8, 3)? {
            told.log = Some(*u.choose(&LOGS)?);
        }
        if u.ratio(1_u8, 8)? {
            told.log_unreadable = Some("open log.json: no such file or directory");
        }
    }
    if !init && u.ratio(1_u8, 3)? {
        told.signal_error = Some(if u.arbitrary()? { Some(*u.choose(&ERRORS)?) } else { None });
    }
    told.pausing = u.ratio(1_u8, 8)?;
    Ok(told)
}

impl With {
    fn told(&self, init: bool) -> Told {
        let text = |text: &str| Value::Text(Some(text.to_owned()));
        let mut out: Vec<(&str, Value)> = Vec::new();
        out.extend(self.runtime_error.map(|error| ("runtime_error", text(error))));
        out.extend(self.signal_error.map(|error| ("signal_error", Value::Text(error.map(str::to_owned)))));
        out.extend(self.log.map(|(log, _)| ("log", text(log))));
        out.extend(self.log_unreadable.map(|reason| ("log_unreadable", text(reason))));
        if self.pausing {
            out.push((if init { "pausing" } else { "parent_pausing" }, Value::Bool(true)));
        }
        out.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

fn as_json(value: &Value) -> Json {
    match value {
        Value::Bool(truth) => json!(truth),
        Value::Text(text) => json!(text),
    }
}

fn generated(u: &mut Unstructured<'_>) -> Result<()> {
    let init = u.arbitrary()?;
    let machine = if init { "init" } else { "exec" };
    let checkpoint = init && u.arbitrary()?;
    let mut process = LIFECYCLE.process(machine, checkpoint).unwrap();
    let mut model = Model::new(init, checkpoint);
    let mut question = Map::new();
    question.insert("machine".into(), machine.into());
    question.insert("checkpoint".into(), checkpoint.into());
    if !init && u.ratio(1_u8, 4)? {
        model.parent = u.choose(&INIT_STATES)?;
        model.pid = u.arbitrary()?;
        model.exited = u.arbitrary()?;
        model.closed = u.arbitrary()?;
        let hidden = [("pid", model.pid), ("exited", model.exited), ("closed", model.closed)];
        let hidden = hidden.map(|(name, truth)| (name, Value::Bool(truth)));
        let parent = ("parent_state", Value::Text(Some(model.parent.to_owned())));
        for (name, value) in hidden.into_iter().chain([parent]) {
            question.insert(name.into(), as_json(&value));
            process.tell(name, value).unwrap();
        }
    }
    let (mut ops, mut folded) = (Vec::new(), Vec::new());
    for _ in 0..u.int_in_range(1..=12)? {
        let op = if init { u.choose(&INIT)? } else { u.choose(&EXEC)? };
        let with = with(init, u)?;
        let told = with.told(init);
        let mut object = Map::from_iter([("op".to_owned(), json!(op))]);
        object.extend(told.iter().map(|(name, value)| (name.clone(), as_json(value))));
        ops.push(Json::Object(object));
        let step = match process.step(op, &told) {
            Ok(step) => step,
            Err(error) => {
                assert_eq!((error, model.crashed), (StepError::Crashed, true));
                break;
            }
        };
        let expected = model.step(op, &with);
        alike(&step, &expected, &process, &model, &ops);
        folded.push(step);
    }
    question.insert("ops".into(), ops.into());
    let text = Json::Object(question).to_string();
    let judged = LIFECYCLE.judge(text.as_bytes(), &Limits::default(), 1_000).unwrap();
    places_and_states(&judged, text.as_bytes());
    let whole: Vec<&Step> = judged.steps.iter().map(|step| &step.step).collect();
    assert_eq!(whole, folded.iter().collect::<Vec<_>>(), "{text}");
    let outcome = SHIM.judge(&Request::new(Kind::Lifecycle, text.as_bytes()), &Budget::default()).unwrap();
    assert_eq!(outcome.decision.verdict == Verdict::Allow, folded.iter().all(|step| step.ok), "{text}");
    Ok(())
}

fn alike(step: &Step, expected: &Expected, process: &Process<'_>, model: &Model, ops: &[Json]) {
    let Expected { message, class, status } = expected;
    assert_eq!(step.ok, message.is_none(), "{ops:?}\n{step:?}");
    assert_eq!(step.message, *message, "{ops:?}");
    assert_eq!(step.class.map(Class::as_str), *class, "{ops:?}");
    assert_eq!(step.status.as_deref(), *status, "{ops:?}");
    assert_eq!((step.state.as_str(), step.crashed), (model.state, model.crashed), "{ops:?}");
    assert_eq!(process.state(), model.state);
    if !model.init {
        let hidden = |name: &str| process.hidden().find(|(hidden, _)| *hidden == name).unwrap().1.clone();
        assert_eq!(hidden("parent_state").text(), model.parent, "{ops:?}");
        for (name, truth) in [("pid", model.pid), ("exited", model.exited), ("closed", model.closed)] {
            assert_eq!(hidden(name), Value::Bool(truth), "{name} {ops:?}");
        }
    }
}

/// What the caller is told.
#[derive(Debug, Default)]
struct Expected {
    message: Option<String>,
    class: Option<&'static str>,
    status: Option<&'static str>,
}

fn refused(message: impl Into<String>) -> Expected {
    let message = message.into();
    let class = if message.ends_with(": not found") {
        Some("NotFound")
    } else if message.ends_with(": failed precondition") {
        Some("FailedPrecondition")
    } else {
        None
    };
    Expected { message: Some(message), class, status: None }
}

/// The books of one process.
struct Model {
    init: bool,
    state: &'static str,
    parent: &'static str,
    pid: bool,
    exited: bool,
    closed: bool,
    crashed: bool,
}

impl Model {
    fn new(init: bool, checkpoint: bool) -> Self {
        let state = if checkpoint { "createdCheckpoint" } else { "created" };
        Self { init, state, parent: "running", pid: false, exited: false, closed: false, crashed: false }
    }

    fn step(&mut self, op: &str, with: &With) -> Expected {
        let done = if self.init {
            init_step(&mut self.state, op, with)
        } else {
            match op {
                "ParentPause" => init_step(&mut self.parent, "Pause", with),
                "ParentResume" => init_step(&mut self.parent, "Resume", with),
                _ => self.exec_step(op, with),
            }
        };
        done.unwrap_or_else(|expected| expected)
    }

    fn exec_step(&mut self, op: &str, with: &With) -> std::result::Result<Expected, Expected> {
        let state = self.state;
        let of = if state == "running" || state == "created" { "process" } else { "container" };
        match (op, state) {
            ("Start", "created") => match runtime(with, "OCI runtime exec failed") {
                Ok(()) => (self.state, self.pid) = ("running", true),
                Err(_) if self.closed => return Err(self.crash()),
                Err(error) => {
                    self.closed = true;
                    return Err(error);
                }
            },
            ("Start", _) => return Err(refused(format!("cannot start a {state} process"))),
            ("Delete", "created" | "stopped") => self.state = "deleted",
            ("Delete", "running") => return Err(refused("cannot delete a running process")),
            ("Delete", _) => return Err(refused("cannot delete a deleted process: not found")),
            ("Resize", "stopped") => return Err(refused(format!("cannot resize a stopped {of}"))),
            ("Resize", "deleted") => return Err(refused("cannot resize a deleted process")),
            ("Kill" | "KillNoPid" | "KillAfterExit", "deleted") => {
                return Err(refused("cannot kill a deleted process: not found"));
            }
            ("Kill", _) if !self.pid => return Err(refused("process not created: failed precondition")),
            ("KillNoPid", _) => return Err(refused("process not created: failed precondition")),
            ("Kill", _) if self.exited => return Err(refused("process already finished: not found")),
            ("KillAfterExit", _) => return Err(refused("process already finished: not found")),
            // Without being told otherwise, its pid has gone.
            ("Kill", _) => {
                let error = with.signal_error.unwrap_or(Some("no such process"));
                if let Some(error) = error {
                    return Err(refused(format!("exec kill error: {}", killed(error))));
                }
            }
            ("SetExited", "created" | "running") if self.closed => return Err(self.crash()),
            ("SetExited", "created" | "running") => {
                (self.state, self.exited, self.closed) = ("stopped", true, true);
            }
            ("Status", _) => {
                let status = match (with.pausing, self.parent, state) {
                    (true, ..) => "pausing",
                    (_, "paused", _) => "paused",
                    (_, _, "deleted") => "stopped",
                    _ => state,
                };
                return Ok(Expected { status: Some(status), ..Expected::default() });
            }
            _ => {}
        }
        Ok(Expected::default())
    }

    fn crash(&mut self) -> Expected {
        self.crashed = true;
        refused("panic: close of closed channel")
    }
}

/// A call of the OCI runtime whose error is looked up in its log.
fn runtime(with: &With, operation: &str) -> std::result::Result<(), Expected> {
    let Some(error) = with.runtime_error else { return Ok(()) };
    let message = match (with.log_unreadable, with.log) {
        (Some(reason), _) => format!("unable to retrieve OCI runtime error ({reason}): {error}"),
        (None, Some((_, Some(last)))) => last.to_owned(),
        _ => error.to_owned(),
    };
    Err(Expected { message: Some(format!("{operation}: {message}")), ..Expected::default() })
}

fn killed(error: &str) -> String {
    let gone = ["os: process already finished", "container not running"].iter().any(|s| error.contains(s));
    if gone || error.to_ascii_lowercase().contains("no such process") {
        "process already finished: not found".to_owned()
    } else if error.contains("does not exist") {
        "no such container: not found".to_owned()
    } else {
        format!("unknown error after kill: {error}")
    }
}

fn init_step(state: &mut &'static str, op: &str, with: &With) -> std::result::Result<Expected, Expected> {
    let from = *state;
    let fresh = from == "created" || from == "createdCheckpoint";
    // How most refusals call it.
    let short = if fresh { "created" } else { from };
    match (op, from) {
        ("Start", "created" | "createdCheckpoint") => {
            let verb = if from == "created" { "start" } else { "restore" };
            runtime(with, &format!("OCI runtime {verb} failed"))?;
            *state = "running";
        }
        ("Start", _) => return Err(refused(format!("cannot start a {from} process"))),
        ("Delete", "running" | "paused") => return Err(refused(format!("cannot delete a {from} process"))),
        ("Delete", "deleted") => return Err(refused("cannot delete a deleted process: not found")),
        ("Delete", _) => {
            if !with.runtime_error.is_some_and(|error| error.contains("does not exist")) {
                runtime(with, "failed to delete task")?;
            }
            *state = "deleted";
        }
        ("Pause", "running") => {
            runtime(with, "OCI runtime pause failed")?;
            *state = "paused";
        }
        ("Resume", "paused") => {
            runtime(with, "OCI runtime resume failed")?;
            *state = "running";
        }
        ("Resume", "running") => return Err(refused("cannot resume a running process")),
        ("Pause" | "Resume", _) if fresh => {
            return Err(refused(format!("cannot {} task in created state", op.to_lowercase())));
        }
        ("Checkpoint", _) if fresh => return Err(refused("cannot checkpoint a task in created state")),
        ("Pause" | "Resume" | "Update" | "Checkpoint", "deleted") => {
            return Err(refused(format!("cannot {} a deleted process", op.to_lowercase())));
        }
        ("Pause", _) | ("Resume" | "Update" | "Checkpoint", "stopped") => {
            return Err(refused(format!("cannot {} a {from} container", op.to_lowercase())));
        }
        ("Update", _) => {
            if let Some(error) = with.runtime_error {
                return Err(Expected { message: Some(error.to_owned()), ..Expected::default() });
            }
        }
        ("Checkpoint", _) => {
            if let Some(error) = with.runtime_error {
                let first = error.split('\n').next().unwrap();
                let message = format!("{first} path= <bundle>/criu-dump.log");
                return Err(Expected { message: Some(message), ..Expected::default() });
            }
        }
        ("Exec", "created" | "running") => {}
        ("Exec", _) => return Err(refused(format!("cannot exec in a {short} state"))),
        ("Kill", "deleted") => return Err(refused("cannot kill a deleted process: not found")),
        ("Kill", _) => {
            if let Some(error) = with.runtime_error {
                return Err(refused(killed(error)));
            }
        }
        ("KillAll", _) => runtime(with, "OCI runtime killall failed")?,
        // A paused one is resumed first; if that fails, it is only logged.
        ("SetExited", "created" | "createdCheckpoint" | "running" | "paused") => *state = "stopped",
        ("Status", _) => {
            let status = match from {
                _ if with.pausing => "pausing",
                "createdCheckpoint" => "created",
                "deleted" => "stopped",
                _ => from,
            };
            return Ok(Expected { status: Some(status), ..Expected::default() });
        }
        _ => {}
    }
    Ok(Expected::default())
}
