//! Source text: spans, and the way from a byte offset to line and column.
//!
//! The lowest layer: it imports nothing of ours.

mod line_index;
mod span;

pub use line_index::{LineIndex, Position};
pub use span::Span;
