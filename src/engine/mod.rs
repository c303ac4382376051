//! Meaning: rules over facts give a decision.
//!
//! Everything here is a pure total function of its arguments.

mod budget;
mod decision;

pub use budget::{Budget, OverBudget};
pub use decision::{Decision, Effect, Finding, Label, RuleId, Verdict};
