use super::command::{CheckpointOptions, Operation, ShimContainer};
use super::setup::{Origin, Resolved, Runtime, Runtimes};
use super::shell::{Word, script_words};
use super::stock::{RUNC_V2, STOCK_RUNTIME};
use super::wrapper::WrapperScript;
use super::{Generation, RuntimeName};
use crate::facts::options::{OptionValue, OptionValues};
use crate::facts::{Facts, Item};
use crate::source::Span;

/// What a step of a [`Resolution`](crate::subject::Resolution) is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StepKind {
    /// The name, once an empty one has become the default's.
    Name,
    /// What the name stands for.
    Runtime,
    /// What containerd is told to start.
    ShimType,
    /// The binary that containerd starts for that.
    ShimBinary,
    /// The binary below runc's shim, as it is configured.
    Binary,
    /// The script that stands in front of it.
    Wrapper,
    /// One option of the shim.
    Option(&'static str),
    /// Where the binary keeps its state.
    Root,
    /// What the shim executes, as root, to create a container.
    Command,
    /// What it executes later in the container's life: the runtime's word for it.
    Later(&'static str),
    /// What the daemon itself executes, as root, each time it loads the configuration.
    AtLoad,
}

impl StepKind {
    /// A word: `shim-type`, or `option binary_name`.
    #[must_use]
    pub fn name(self) -> String {
        let word = match self {
            Self::Name => "name",
            Self::Runtime => "runtime",
            Self::ShimType => "shim-type",
            Self::ShimBinary => "shim-binary",
            Self::Binary => "binary",
            Self::Wrapper => "wrapper",
            Self::Option(option) => return format!("option {option}"),
            Self::Root => "root",
            Self::Command => "command",
            Self::Later(word) => return format!("command {word}"),
            Self::AtLoad => "at-load",
        };
        word.to_owned()
    }
}

/// A place in daemon.json that a step comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The field, as a rule would write it: `runtimes.crun.path`.
    pub field: String,
    /// The place.
    pub span: Span,
}

/// One step from a name to what runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What it is about.
    pub kind: StepKind,
    /// What came out.
    pub value: Vec<u8>,
    /// How, in a few words.
    pub how: &'static str,
    /// The places in daemon.json that it comes from; none if it comes from the programs themselves.
    pub causes: Vec<Cause>,
    /// Rules that decided it: for a name those that changed it, for a runtime those that might have refused it.
    pub rules: Vec<String>,
    /// For a wrapper: its script.
    pub script: Option<Script>,
}

/// A wrapper's script, and how a shell reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// The script.
    pub script: WrapperScript,
    /// Its words.
    pub words: Vec<Word>,
}

/// What runs for a runtime name, and what of daemon.json each part of the answer comes from.
///
/// It says what would be; whether the rules allow the configuration and the name is another question, which
/// [`Policy::resolve`](crate::subject::Policy::resolve) answers along with this one.
#[must_use]
pub fn resolve(daemon: &Facts<'_>, runtimes: &Runtimes, generation: Generation, name: &[u8]) -> Vec<Step> {
    let mut steps = Steps { daemon, steps: Vec::new() };
    // The first generation does this where containers are created.
    let resolved = runtimes.get(runtimes.asked(name));
    match &resolved {
        Resolved::Known { name: known, runtime } => {
            steps.name(name, known);
            steps.known(known, runtime, generation);
        }
        Resolved::PassedOn { name: passed, .. } => {
            steps.name(name, passed);
            steps.push(StepKind::Runtime, *passed, "not configured: passed on to containerd as it is");
            steps.shim(passed, "the name itself", Vec::new());
            if is_runc_shim(passed) {
                steps.push(StepKind::Binary, STOCK_RUNTIME, "the shim's own default");
                steps.root_and_commands(STOCK_RUNTIME, None, Vec::new());
            }
        }
    }
    steps.steps
}

/// Whether containerd's shim for runc is what comes of a type.
fn is_runc_shim(shim: &[u8]) -> bool {
    RuntimeName(shim).shim_binary() == RuntimeName(RUNC_V2).shim_binary()
}

struct Steps<'d, 's> {
    daemon: &'d Facts<'s>,
    steps: Vec<Step>,
}

impl Steps<'_, '_> {
    fn push(&mut self, kind: StepKind, value: impl Into<Vec<u8>>, how: &'static str) {
        self.caused(kind, value, how, Vec::new());
    }

    fn caused(&mut self, kind: StepKind, value: impl Into<Vec<u8>>, how: &'static str, causes: Vec<Cause>) {
        self.steps.push(Step { kind, value: value.into(), how, causes, rules: Vec::new(), script: None });
    }

    /// A field at the root of daemon.json, if the text has it.
    fn root_cause(&self, field: &str) -> Vec<Cause> {
        let span = Item::root(self.daemon, field).and_then(|item| item.span());
        span.map(|span| Cause { field: field.to_owned(), span }).into_iter().collect()
    }

    /// A field of a runtime's entry, if the text has it.
    fn cause(&self, name: &[u8], field: &str) -> Vec<Cause> {
        let entry = Item::root(self.daemon, "runtimes").map(|runtimes| runtimes.get(name));
        let span = entry.and_then(|entry| entry.field(field)).and_then(|item| item.span());
        let field = format!("runtimes.{}.{field}", String::from_utf8_lossy(name));
        span.map(|span| Cause { field, span }).into_iter().collect()
    }

    fn name(&mut self, asked: &[u8], name: &[u8]) {
        if !asked.is_empty() || name.is_empty() {
            return self.push(StepKind::Name, name, "as asked for");
        }
        let causes = self.root_cause("default-runtime");
        let how = if causes.is_empty() {
            "none was asked for, and none is configured: the stock default"
        } else {
            "none was asked for: the default"
        };
        self.caused(StepKind::Name, name, how, causes);
    }

    fn known(&mut self, name: &[u8], runtime: &Runtime, generation: Generation) {
        match runtime.origin {
            Origin::Stock => self.push(StepKind::Runtime, name, "stock: the daemon brings it"),
            Origin::Configured { key, .. } => {
                let field = format!("runtimes.{}", String::from_utf8_lossy(name));
                let causes = key.map(|span| Cause { field, span }).into_iter().collect();
                self.caused(StepKind::Runtime, name, "configured", causes);
            }
        }
        if runtime.origin != Origin::Stock && runtime.path.is_empty() && generation == Generation::Reloadable
        {
            self.own_shim(name, runtime);
        } else {
            self.below_runc_shim(name, runtime, generation);
        }
    }

    /// A runtime that names a shim.
    fn own_shim(&mut self, name: &[u8], runtime: &Runtime) {
        self.shim(&runtime.shim, "its runtimeType", self.cause(name, "runtimeType"));
        let options = self.cause(name, "options");
        for (option, value) in runtime.options.iter().flat_map(|options| options.iter()) {
            self.caused(StepKind::Option(option), text(value), "as configured", options.clone());
        }
        // Only runc's shim is known to execute a binary of this name; by its path a shim could be anything.
        if !is_runc_shim(&runtime.shim) {
            return;
        }
        let option = |option| runtime.options.as_ref().map(|o| o.str(option)).filter(|text| !text.is_empty());
        let (binary, how, causes) = match option("binary_name") {
            Some(binary) => (binary, "its option BinaryName", options.clone()),
            None => (STOCK_RUNTIME, "the shim's own default", Vec::new()),
        };
        self.caused(StepKind::Binary, binary, how, causes);
        self.root_and_commands(binary, runtime.options.as_ref(), options);
    }

    /// A binary that runc's shim executes, perhaps through a wrapper.
    fn below_runc_shim(&mut self, name: &[u8], runtime: &Runtime, generation: Generation) {
        let stock = runtime.origin == Origin::Stock;
        let path = if stock { Vec::new() } else { self.cause(name, "path") };
        let how = if stock { "always for the stock runtime" } else { "a path means runc's shim" };
        self.shim(&runtime.shim, how, path.clone());
        let (mut executed, how) = match runtime.path.as_slice() {
            // The first generation takes an entry without a path.
            b"" => (STOCK_RUNTIME, "no path: the shim's own default"),
            path if stock => (path, "looked up on the shim's $PATH"),
            path => (path, "its path"),
        };
        self.caused(StepKind::Binary, executed, how, path);
        if let Some(wrapper) = &runtime.wrapper {
            executed = wrapper.path();
            let mut causes = self.cause(name, "runtimeArgs");
            causes.extend(self.root_cause("data-root"));
            self.caused(StepKind::Wrapper, executed, "has arguments, so a script stands in front", causes);
            let script = wrapper.script().clone();
            let words = script_words(script.contents());
            if let Some(step) = self.steps.last_mut() {
                step.script = Some(Script { script, words });
            }
        }
        for (option, value) in runtime.options.iter().flat_map(|options| options.iter()) {
            let causes = match option {
                "root" => self.root_cause("exec-root"),
                "systemd_cgroup" => self.root_cause("exec-opts"),
                "binary_name" if !stock => self.cause(name, "path"),
                _ => Vec::new(),
            };
            self.caused(StepKind::Option(option), text(value), "filled in by the daemon", causes);
        }
        self.root_and_commands(executed, runtime.options.as_ref(), self.root_cause("exec-root"));
        if generation == Generation::Reloadable {
            let command = [executed, b" features"].concat();
            self.push(StepKind::AtLoad, command, "executed as root when the daemon loads this configuration");
        }
    }

    fn shim(&mut self, shim: &[u8], how: &'static str, causes: Vec<Cause>) {
        self.caused(StepKind::ShimType, shim, how, causes);
        match RuntimeName(shim).shim_binary() {
            Some(binary) => {
                let how = "from the last two parts of the type; looked up on containerd's $PATH";
                self.push(StepKind::ShimBinary, binary.as_bytes(), how);
            }
            None if shim.starts_with(b"/") => self.push(StepKind::ShimBinary, shim, "the type is its path"),
            None => self.push(StepKind::ShimBinary, "", "none: containerd refuses this type"),
        }
    }

    /// The root and the command lines of a binary with runc's interface; the namespace of the daemon's containers is
    /// `moby`. What differs by container stands in capitals.
    fn root_and_commands(&mut self, binary: &[u8], options: Option<&OptionValues>, causes: Vec<Cause>) {
        let text = |name| options.map_or_else(Vec::new, |options| options.str(name).to_vec());
        let set = |name| options.and_then(|options| options.get(name)) == Some(&OptionValue::Bool(true));
        let container = ShimContainer {
            id: b"ID".to_vec(),
            namespace: b"moby".to_vec(),
            bundle: b"BUNDLE".to_vec(),
            binary_name: binary.to_vec(),
            root: text("root"),
            systemd_cgroup: set("systemd_cgroup"),
            no_pivot_root: set("no_pivot_root"),
            no_new_keyring: set("no_new_keyring"),
            criu_work_path: text("criu_work_path"),
        };
        let (how, causes) = if container.root.is_empty() {
            ("the shim's own default, and the namespace below it", Vec::new())
        } else {
            ("the option root, and the namespace below it", causes)
        };
        self.caused(StepKind::Root, container.state_root(), how, causes);
        for (operation, how) in operations() {
            let kind = match operation.word() {
                "create" => StepKind::Command,
                word => StepKind::Later(word),
            };
            self.push(kind, container.command(&operation).join(&b' '), how);
        }
    }
}

/// What the shim has the runtime do, in the order of a container's life.
fn operations() -> [(Operation, &'static str); 11] {
    let name = |name: &str| name.as_bytes().to_vec();
    let exec = Operation::Exec { exec_id: name("EXEC"), process: name("PROCESS"), console_socket: None };
    let restore =
        Operation::Restore { checkpoint: name("CHECKPOINT"), parent: Vec::new(), console_socket: None };
    let checkpoint = CheckpointOptions { path: name("CHECKPOINT"), ..CheckpointOptions::default() };
    [
        (Operation::Create { console_socket: None }, "executed as root for every container"),
        (Operation::Start, "to start its process"),
        (restore, "instead of both, to go on from a checkpoint"),
        (exec, "to start another process in it"),
        (Operation::Pause, "to freeze it"),
        (Operation::Resume, "to let it go on"),
        (Operation::Update, "to change its limits, given on standard input"),
        (Operation::Checkpoint(checkpoint), "to write a checkpoint"),
        (Operation::Ps, "to list its processes"),
        (Operation::Kill { signal: 15, all: false }, "to send it a signal"),
        (Operation::Delete, "to remove what the runtime keeps of it"),
    ]
}

fn text(value: &OptionValue) -> Vec<u8> {
    match value {
        OptionValue::Bool(b) => b.to_string().into_bytes(),
        OptionValue::Str(text) => text.clone(),
        OptionValue::Map(entries) => {
            let entry = |(key, value): &(Vec<u8>, Vec<u8>)| [key.as_slice(), b"=", value].concat();
            entries.iter().map(entry).collect::<Vec<_>>().join(&b", "[..])
        }
    }
}
