//! Source text: spans, the way from a byte offset to line and column, and text that is safe to print.
//!
//! The lowest layer: it imports nothing of ours.

mod json;
mod line_index;
mod near;
mod printable;
mod span;

pub use json::{to_json_line, to_json_pretty};
pub use line_index::{LineIndex, Position};
pub use near::nearest;
pub use printable::{is_unprintable, printable, push_printable, shorten, wrap};
pub use span::Span;
