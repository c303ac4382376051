use crate::facts::path::join;

/// Where runc's shim keeps the runtime's state if nobody says otherwise (containerd `process.RuncRoot`).
const RUNC_ROOT: &[u8] = b"/run/containerd/runc";

/// The runtime that is executed if none is named (go-runc `DefaultCommand`), looked up on the shim's `$PATH`.
const DEFAULT_COMMAND: &[u8] = b"runc";

/// What runc's shim knows of one container when it executes the OCI runtime: the options it was given, and who the
/// container is. Paths are absolute; relative ones would be taken from the shim's working directory.
///
/// ```
/// use plimsoll::runtime::{Operation, ShimContainer};
///
/// let container = ShimContainer {
///     namespace: b"moby".to_vec(),
///     bundle: b"/run/b".to_vec(),
///     id: b"web".to_vec(),
///     systemd_cgroup: true,
///     ..ShimContainer::default()
/// };
/// let words = container.command(&Operation::Kill { signal: 15, all: false });
/// assert_eq!(
///     String::from_utf8(words.join(&b' ')).unwrap(),
///     "runc --root /run/containerd/runc/moby --log /run/b/log.json --log-format json --systemd-cgroup kill web 15",
/// );
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShimContainer {
    /// Its id.
    pub id: Vec<u8>,
    /// containerd's namespace: `moby` for dockerd, `k8s.io` for the kubelet.
    pub namespace: Vec<u8>,
    /// Its bundle, the folder of config.json.
    pub bundle: Vec<u8>,
    /// The option `binary_name`; empty = `runc`.
    pub binary_name: Vec<u8>,
    /// The option `root`; empty = `/run/containerd/runc`.
    pub root: Vec<u8>,
    /// The option `systemd_cgroup`.
    pub systemd_cgroup: bool,
    /// The option `no_pivot_root`.
    pub no_pivot_root: bool,
    /// The option `no_new_keyring`.
    pub no_new_keyring: bool,
    /// The option `criu_work_path`; empty = `work` in the bundle. For restore only.
    pub criu_work_path: Vec<u8>,
}

/// What the shim has the runtime do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Create the container.
    Create {
        /// With a terminal: the socket that its other end is sent to.
        console_socket: Option<Vec<u8>>,
    },
    /// Start its process.
    Start,
    /// Start it from a checkpoint, instead of create and start.
    Restore {
        /// The folder of the checkpoint.
        checkpoint: Vec<u8>,
        /// That of an earlier one that it builds on; may be empty.
        parent: Vec<u8>,
        /// With a terminal: the socket that its other end is sent to.
        console_socket: Option<Vec<u8>>,
    },
    /// Write a checkpoint.
    Checkpoint(CheckpointOptions),
    /// Send a signal to its process.
    Kill {
        /// The signal's number.
        signal: u32,
        /// To all of its processes.
        all: bool,
    },
    /// Remove what the runtime keeps of it.
    Delete,
    /// The same by force, when the shim itself is gone: another shim cleans up, and does not look at `systemd_cgroup`.
    CleanUp,
    /// Start another process in it.
    Exec {
        /// The process' id.
        exec_id: Vec<u8>,
        /// A file with its description, written for this and removed afterwards.
        process: Vec<u8>,
        /// With a terminal: the socket that its other end is sent to.
        console_socket: Option<Vec<u8>>,
    },
    /// Freeze its processes.
    Pause,
    /// Let them go on.
    Resume,
    /// Change its limits; they come on standard input.
    Update,
    /// List its processes.
    Ps,
    /// Ask what the runtime can do. The shim of containerd 2 leaves out everything in front of `features`.
    Features,
}

/// How a checkpoint is written (containerd `CheckpointOptions`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckpointOptions {
    /// The folder it is written to.
    pub path: Vec<u8>,
    /// criu's working directory; empty = `work/criu-work` in the bundle, removed afterwards.
    pub work_path: Vec<u8>,
    /// The container ends with it; else it goes on.
    pub exit: bool,
    /// Open TCP connections are part of it.
    pub open_tcp: bool,
    /// Unix sockets whose other end is outside are part of it.
    pub external_unix_sockets: bool,
    /// So is its terminal.
    pub terminal: bool,
    /// And its locks of files.
    pub file_locks: bool,
    /// Namespaces that are restored empty.
    pub empty_namespaces: Vec<Vec<u8>>,
}

impl Operation {
    /// The runtime's word for it.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Create { .. } => "create",
            Self::Start => "start",
            Self::Restore { .. } => "restore",
            Self::Checkpoint(_) => "checkpoint",
            Self::Kill { .. } => "kill",
            Self::Delete | Self::CleanUp => "delete",
            Self::Exec { .. } => "exec",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Update => "update",
            Self::Ps => "ps",
            Self::Features => "features",
        }
    }
}

/// The words of a command line.
#[derive(Default)]
struct Words(Vec<Vec<u8>>);

impl Words {
    fn word(&mut self, word: &[u8]) {
        self.0.push(word.to_vec());
    }

    fn pair(&mut self, flag: &str, value: &[u8]) {
        self.word(flag.as_bytes());
        self.word(value);
    }

    /// A flag and its value, unless that is empty.
    fn pair_if_any(&mut self, flag: &str, value: &[u8]) {
        if !value.is_empty() {
            self.pair(flag, value);
        }
    }

    fn flag(&mut self, flag: &str, set: bool) {
        if set {
            self.word(flag.as_bytes());
        }
    }
}

impl ShimContainer {
    /// The runtime's command line for an operation, its name first: containerd 1.7 `pkg/process` (seed 003 `NewRunc`,
    /// `Create`, `createCheckpointedState`, `checkpoint`, `kill`; exec.go `start`; runtime/v2/runc/manager `Stop`) and the
    /// go-runc that it brings (runc.go `args`). Recorded from the shim of 1.6.20; the same up to 2.1.
    #[must_use]
    pub fn command(&self, operation: &Operation) -> Vec<Vec<u8>> {
        let mut words = Words::default();
        words.word(self.binary());
        words.pair("--root", &self.state_root());
        words.pair("--log", &join(&[&self.bundle, b"log.json"]));
        words.pair("--log-format", b"json");
        words.flag("--systemd-cgroup", self.systemd_cgroup && *operation != Operation::CleanUp);
        words.word(operation.word().as_bytes());
        self.arguments(operation, &mut words);
        words.0
    }

    /// The binary that is executed.
    #[must_use]
    pub fn binary(&self) -> &[u8] {
        if self.binary_name.is_empty() { DEFAULT_COMMAND } else { &self.binary_name }
    }

    /// Where the runtime keeps its state: a folder for each namespace below the root.
    #[must_use]
    pub fn state_root(&self) -> Vec<u8> {
        let root = if self.root.is_empty() { RUNC_ROOT } else { &self.root };
        join(&[root, &self.namespace])
    }

    fn arguments(&self, operation: &Operation, words: &mut Words) {
        match operation {
            Operation::Create { console_socket } => {
                words.pair("--bundle", &self.bundle);
                words.pair("--pid-file", &self.pid_file());
                words.pair_if_any("--console-socket", console_socket.as_deref().unwrap_or_default());
                words.flag("--no-pivot", self.no_pivot_root);
                words.flag("--no-new-keyring", self.no_new_keyring);
                words.word(&self.id);
            }
            Operation::Restore { checkpoint, parent, console_socket } => {
                let work_path = match self.criu_work_path.as_slice() {
                    b"" => join(&[&self.bundle, b"work"]),
                    path => path.to_vec(),
                };
                words.pair_if_any("--image-path", checkpoint);
                words.pair_if_any("--work-path", &work_path);
                words.pair_if_any("--parent-path", parent);
                words.flag("--detach", true);
                words.pair("--pid-file", &self.pid_file());
                words.pair_if_any("--console-socket", console_socket.as_deref().unwrap_or_default());
                words.flag("--no-pivot", self.no_pivot_root);
                // With one dash, as go-runc has it.
                words.flag("-no-subreaper", true);
                words.pair("--bundle", &self.bundle);
                words.word(&self.id);
            }
            Operation::Checkpoint(options) => {
                let work_path = match options.work_path.as_slice() {
                    b"" => join(&[&self.bundle, b"work", b"criu-work"]),
                    path => path.to_vec(),
                };
                words.pair_if_any("--image-path", &options.path);
                words.pair_if_any("--work-path", &work_path);
                words.flag("--tcp-established", options.open_tcp);
                words.flag("--ext-unix-sk", options.external_unix_sockets);
                words.flag("--shell-job", options.terminal);
                words.flag("--file-locks", options.file_locks);
                for namespace in &options.empty_namespaces {
                    words.pair("--empty-ns", namespace);
                }
                words.flag("--leave-running", !options.exit);
                words.word(&self.id);
            }
            Operation::Kill { signal, all } => {
                words.flag("--all", *all);
                words.word(&self.id);
                words.word(signal.to_string().as_bytes());
            }
            Operation::Exec { exec_id, process, console_socket } => {
                words.pair("--process", process);
                words.pair_if_any("--console-socket", console_socket.as_deref().unwrap_or_default());
                words.flag("--detach", true);
                let pid_file = join(&[&self.bundle, &[exec_id.as_slice(), b".pid"].concat()]);
                words.pair("--pid-file", &pid_file);
                words.word(&self.id);
            }
            Operation::Update => {
                words.pair("--resources", b"-");
                words.word(&self.id);
            }
            Operation::Ps => {
                words.pair("--format", b"json");
                words.word(&self.id);
            }
            Operation::CleanUp => {
                words.flag("--force", true);
                words.word(&self.id);
            }
            Operation::Start | Operation::Delete | Operation::Pause | Operation::Resume => {
                words.word(&self.id);
            }
            Operation::Features => {}
        }
    }

    fn pid_file(&self) -> Vec<u8> {
        join(&[&self.bundle, b"init.pid"])
    }
}
