//! What runs for a runtime name, in the formats that `plimsoll resolve` has.

mod graph;
mod human;
mod json;

pub use graph::{resolve_dot, resolve_mermaid};
pub use human::resolve_human;
pub use json::resolve_json;

use super::text::Shown;
use crate::source::{LineIndex, Span, printable};
use crate::subject::Resolution;

/// A resolution and where it comes from.
#[derive(Clone, Debug)]
pub struct ResolveReport {
    /// The version of the original.
    pub profile: String,
    /// The daemon.json, as the user named it.
    pub path: String,
    /// Its text.
    pub source: Vec<u8>,
    /// The name asked for; empty for the default.
    pub asked: String,
    /// What came of it.
    pub resolution: Resolution,
}

/// Places of a daemon.json as `file:line:column`.
struct Places<'r> {
    path: std::borrow::Cow<'r, str>,
    shown: &'r Shown<'r>,
    index: LineIndex<'r>,
}

impl<'r> Places<'r> {
    fn new(path: &'r str, shown: &'r Shown<'r>) -> Self {
        Self { path: printable(path), shown, index: LineIndex::new(shown.bytes()) }
    }

    fn at(&self, span: Span) -> String {
        let at = self.index.position(self.shown.span(span).range().start);
        format!("{}:{}:{}", self.path, at.line, at.column)
    }
}
