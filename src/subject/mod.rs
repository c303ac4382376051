//! Subjects: from the bytes of a document and what is known besides, to a decision and what it resolves to.
//!
//! [`Policy`] is what embedders hold: all rules of one profile, ready to judge.

mod admission;
mod around;
mod configure;
mod context;
mod create;
mod examples;
mod features;
mod judge;
mod kind;
mod lifecycle;
mod policy;
mod resolve;

pub use admission::Admission;
pub use configure::{ConfigureError, SetUp};
pub use examples::{Trial, add_table, trials};
pub use judge::{FeaturesAnswer, JudgeError, Outcome, Request};
pub use kind::{Kind, UnknownKind};
pub use policy::{Policy, PolicyError};
pub use resolve::Resolution;
