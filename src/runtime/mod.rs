//! Runtimes: what a name stands for, and what would be executed as root for it.
//!
//! [`Runtimes::setup`] derives what moby's `setupRuntimes` derives from a configuration, and [`Runtimes::get`] answers
//! as its `Get` does. Whether a configuration or a name is *refused* is not decided here but by the rule tables; these
//! functions are total, and leave out what the rules refuse.

mod command;
mod name;
mod resolve;
mod setup;
mod shell;
mod stock;
mod store;
mod wrapper;

pub use command::{CheckpointOptions, Operation, ShimContainer};
pub use name::{RuntimeName, ShimBinary};
pub use resolve::{Cause, Script, Step, StepKind, resolve};
pub use setup::{Origin, Preflight, Resolved, Runtime, Runtimes};
pub use shell::{Mark, Word, shell_words};
pub use stock::{Generation, SetupHost, cgroup_driver};
pub use store::{Configuration, RuntimeStore, Snapshot, Started, StoreError, WrapperSink};
pub use wrapper::{PlacedScript, WrapperScript};
