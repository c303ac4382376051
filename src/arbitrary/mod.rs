//! Documents, expressions and tables made up: one source for proptest, quickcheck and libFuzzer, and for cases that are
//! still missing.
//!
//! Everything is a function of bytes: `arbitrary::Unstructured` chooses, so that a fuzzer that mutates its input mutates
//! what is generated, and proptest and quickcheck hand in a `Vec<u8>`.

mod boundary;
#[cfg(feature = "arbitrary")]
mod documents;
mod edits;
#[cfg(feature = "arbitrary")]
mod tables;
#[cfg(feature = "arbitrary")]
mod tree;
mod values;

pub use boundary::{Boundary, Question};
#[cfg(feature = "arbitrary")]
pub use documents::{document, document_with, tree};
#[cfg(feature = "arbitrary")]
pub use tables::{Names, condition, near_miss, table};
#[cfg(feature = "arbitrary")]
pub use tree::{Folding, Tree};
