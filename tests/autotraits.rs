//! What embedders may rely on: everything public crosses threads, and what is handed around is cheap to clone.

use plimsoll::engine::Program;
use plimsoll::lifecycle::{Flow, Lifecycle, Process};
use plimsoll::schema::Schema;
use plimsoll::{
    Budget, Catalog, Decision, Finding, JudgeError, Outcome, OverBudget, Policy, PolicyError, Request, Rule,
    RuntimeStore, Runtimes, TableError, WrapperScript,
};

fn crosses_threads<T: Send + Sync>() {}
fn is_an_error<T: std::error::Error + Send + Sync + 'static>() {}
fn is_cloned<T: Clone>() {}

#[test]
fn public_types_keep_their_traits() {
    crosses_threads::<(Policy, Catalog, Program, Schema, Rule)>();
    crosses_threads::<(Request<'_>, Outcome, Decision, Finding, Budget)>();
    crosses_threads::<(RuntimeStore, Runtimes, WrapperScript)>();
    crosses_threads::<(Lifecycle, Process<'_>, Flow)>();
    is_an_error::<OverBudget>();
    is_an_error::<JudgeError>();
    is_an_error::<PolicyError>();
    is_an_error::<TableError>();
    is_cloned::<(Policy, Catalog, Program, Schema, Lifecycle)>();
}

/// Cloning a policy copies pointers: it takes no memory.
#[test]
fn a_policy_is_cheap_to_clone() {
    let policy = Policy::builtin("moby-28").unwrap();
    let taken = allocation_counter::measure(|| drop(policy.clone()));
    assert_eq!(taken.count_total, 0);
}
