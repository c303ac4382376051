//! Source text: spans, the way from a byte offset to line and column, text that is safe to print, JSON objects member by
//! member, and what a misspelt word was meant to be.
//!
//! The lowest layer: it imports nothing of ours.

mod json;
mod line_index;
mod members;
mod near;
mod printable;
mod span;

pub use json::{to_json_line, to_json_pretty};
pub use line_index::{LineIndex, Position};
pub(crate) use members::{Members, reason, string};
pub use near::nearest;
pub use printable::{is_unprintable, printable, push_printable, shorten, wrap};
pub use span::Span;
