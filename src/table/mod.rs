//! Rule tables: from TOML to rules that cannot fail.
//!
//! Everything about a table is checked when it is loaded: names, types, placeholders, ids, stages, the form of
//! examples. All problems are reported at once, each with its place.

mod builtin;
mod catalog;
mod check;
mod load;
mod message;
mod mutants;
pub(crate) mod pattern;
mod profile;
mod rule;
mod show;
mod subject;
mod typed;

pub use catalog::{Catalog, CatalogError, SubjectError, TableError};
pub use message::{Format, Message, Piece};
pub use mutants::{Mutant, mutants};
pub use profile::{Profile, Profiles};
pub use rule::{Assignment, Effect, Evidence, Example, LabelRule, Loop, Rule, RuleId};
pub use show::Shown;
pub use subject::{Root, Subject};
pub use typed::{Base, Cond, Kind, Operand, OrderOp, Place, Shape, Step, TermFn, TextTest, ViewCall};
