//! plimsoll: what a container daemon accepts, what would then run as root, and why not otherwise.
//!
//! Rules are data: TOML tables under `spec/`, checked completely when they load, that cannot fail when they are
//! evaluated. Everything from bytes to [`Decision`] is a pure total function: no files, clock, environment, threads or
//! panics, and a [`Budget`] for work.
//!
//! # Judge a daemon.json
//!
//! ```
//! use plimsoll::{Budget, Kind, Policy, Request, Verdict};
//!
//! let policy = Policy::builtin("moby-28")?;
//! let document = br#"{"runtimes": {"crun": {}}}"#;
//! let decision = policy.decide(&Request::new(Kind::Daemon, document), &Budget::default())?;
//! assert_eq!(decision.verdict, Verdict::Deny);
//! assert_eq!(decision.message(), Some("runtime crun: either a runtimeType or a path must be configured"));
//! assert_eq!(decision.findings[0].path, "/runtimes/crun");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Resolve a name
//!
//! ```
//! use plimsoll::{Budget, Kind, Policy, Request};
//!
//! let policy = Policy::builtin("moby-28")?;
//! let request = Request {
//!     daemon: Some(br#"{"runtimes": {"sandbox": {"runtimeType": "io.containerd.runsc.v1"}}}"#),
//!     ..Request::new(Kind::Name, br#"{"name": "sandbox"}"#)
//! };
//! let resolved = policy.judge(&request, &Budget::default())?.resolved.unwrap();
//! assert_eq!(resolved["shim"], "io.containerd.runsc.v1");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # A table of one's own
//!
//! ```
//! use plimsoll::{Budget, Kind, Policy, Request};
//!
//! let policy = Policy::builtin("moby-28")?.with_table("ours.toml", r#"
//!     [table]
//!     id = "ours"
//!     subject = "daemon"
//!     line = "moby"
//!     source = "our handbook"
//!
//!     [[rule]]
//!     id = "OUR001"
//!     title = "the API without TLS"
//!     stage = 9000
//!     each = "address in hosts"
//!     effect = "deny"
//!     when = "address.startsWith('tcp://') && !tlsverify"
//!     message = "{address} is open to everybody who reaches it"
//!     why = "Whoever can talk to the daemon is root on the machine."
//!     help = "Set tlsverify, or listen on a Unix socket only."
//!     evidence = "read"
//!     bad = ['{"hosts": ["tcp://0.0.0.0:2375"]}']
//!     good = ['{"hosts": ["fd://"]}']
//! "#)?;
//! let document = br#"{"hosts": ["fd://", "tcp://10.0.0.1:2375"]}"#;
//! let decision = policy.decide(&Request::new(Kind::Daemon, document), &Budget::default())?;
//! assert_eq!(decision.message(), Some("tcp://10.0.0.1:2375 is open to everybody who reaches it"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # A document of one's own
//!
//! A schema can be made at run time, and rules about it judged by the same engine:
//!
//! ```
//! use plimsoll::engine::Program;
//! use plimsoll::facts::{Limits, decode};
//! use plimsoll::schema::Schema;
//! use plimsoll::{Budget, Catalog, Verdict};
//!
//! let schema = Schema::parse(r#"
//!     [schema]
//!     id = "pod"
//!     root = "Pod"
//!     doc = "a pod"
//!     source = "our orchestrator"
//!
//!     [struct.Pod]
//!     doc = "a pod"
//!     fields = [{ name = "runtime", type = "string", doc = "the runtime's name" }]
//! "#)?;
//! let catalog = Catalog::builtin()?.with_subject("pod", schema.clone(), &[])?.with_table("pod.toml", r#"
//!     [table]
//!     id = "pod"
//!     subject = "pod"
//!     line = "moby"
//!     source = "our orchestrator"
//!
//!     [[rule]]
//!     id = "POD001"
//!     title = "a runtime that is no shim"
//!     stage = 1
//!     effect = "deny"
//!     when = "runtime != '' && !permissible(runtime)"
//!     message = "{runtime:q} names no shim"
//!     why = "Pods bring no configuration of their own."
//!     help = "Name a shim in full."
//!     evidence = "read"
//!     bad = ['{"runtime": "/bin/sh"}']
//!     good = ['{"runtime": "io.containerd.runc.v2"}']
//! "#)?;
//! let program = Program::new(&catalog, "moby-28", "pod").unwrap();
//! let pod = decode(br#"{"Runtime": "/bin/sh"}"#, &schema, &Limits::default())?;
//! let decision = program.evaluate(&pod.facts, &[], &Budget::default())?;
//! assert_eq!((decision.verdict, decision.message()), (Verdict::Deny, Some("\"/bin/sh\" names no shim")));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Where things are
//!
//! The names at the root are what most callers need. The modules are the layers of the crate, each importing only those
//! before it: [`source`] (text and places), [`schema`] (what documents are), [`facts`] (documents as the originals
//! decode them), [`expr`] and [`table`] (the rules), [`engine`] (what they mean), [`runtime`] (what would run),
//! [`lifecycle`] (the shim's processes as state machines, and flows), [`subject`] (documents by kind), [`case`](mod@case)
//! (recorded questions and answers) and [`report`] (findings as text).
//! With the feature `prove` there are proofs about all documents at once, and with `arbitrary` generators of all this for
//! property tests and fuzzing.
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::string_slice,
        clippy::unreachable,
        clippy::todo,
        clippy::unimplemented,
        clippy::print_stdout,
        clippy::print_stderr,
        clippy::dbg_macro,
        clippy::exit,
        clippy::disallowed_methods
    )
)]

#[cfg(any(feature = "arbitrary", feature = "cli"))]
pub mod arbitrary;
pub mod case;
#[cfg(feature = "cli")]
pub mod cli;
pub mod engine;
pub mod expr;
pub mod facts;
pub mod lifecycle;
#[cfg(feature = "prove")]
pub mod prove;
pub mod report;
pub mod runtime;
pub mod schema;
pub mod source;
pub mod subject;
pub mod table;

pub use engine::{Budget, Decision, Finding, Label, OverBudget, Verdict};
pub use runtime::{RuntimeName, RuntimeStore, Runtimes, ShimBinary, WrapperScript};
pub use subject::{Admission, JudgeError, Kind, Outcome, Policy, PolicyError, Request};
pub use table::{Catalog, Effect, Rule, RuleId, TableError};

/// The examples of the README, run as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
