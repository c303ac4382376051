//! Meaning: rules over facts give a decision.
//!
//! Everything here is a pure total function of its arguments.

mod answers;
mod asking;
mod bases;
mod budget;
mod calls;
mod cover;
mod decision;
mod fast;
mod finding;
mod glance;
mod groups;
mod implied;
mod jumps;
mod loops;
mod lower;
mod naive;
mod places;
mod plan;
mod program;
mod quiet;
mod reader;
mod run;
mod scope;
mod tri;

pub use budget::{Budget, OverBudget};
pub use decision::{Decision, Finding, Label, RuleTrace, Seen, Verdict};
pub use program::{AutomatonSize, Program};
