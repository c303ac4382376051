//! How patterns become automata: one way for the check of a table, and for the engine that runs them.

use regex_automata::dfa::dense;
use regex_automata::nfa::thompson;
use regex_automata::util::syntax;

use super::typed::TextTest;

/// The largest automaton, in bytes: what readable patterns stay far below, and hostile ones run into at load.
const MAX_BYTES: usize = 256 << 10;

/// A pattern `^…$` so that both anchors hold for all of it: `^a|b$` would anchor each side once only.
pub(crate) fn whole(pattern: &str) -> String {
    format!("^(?:{})$", pattern.get(1..pattern.len().saturating_sub(1)).unwrap_or_default())
}

/// The pattern that a test of a string stands for.
pub(crate) fn of_test(test: &TextTest) -> String {
    match test {
        TextTest::StartsWith(literal) => format!("^{}.*$", escape(literal)),
        TextTest::EndsWith(literal) => format!("^.*{}$", escape(literal)),
        TextTest::Contains(literal) => format!("^.*{}.*$", escape(literal)),
        TextTest::Matches(text, _) => whole(text),
    }
}

/// A literal as a pattern, byte by byte.
pub(crate) fn escape(literal: &[u8]) -> String {
    literal.iter().map(|byte| format!("\\x{byte:02x}")).collect()
}

/// A builder for the patterns of `spec/language.md`, section 4: bytes, and a dot matches every one of them.
pub(crate) fn builder(config: dense::Config) -> dense::Builder {
    let config = config.dfa_size_limit(Some(MAX_BYTES)).determinize_size_limit(Some(4 * MAX_BYTES));
    let mut builder = dense::Builder::new();
    builder
        .configure(config)
        .syntax(syntax::Config::new().unicode(false).utf8(false).dot_matches_new_line(true).nest_limit(50))
        .thompson(thompson::Config::new().utf8(false).nfa_size_limit(Some(4 * MAX_BYTES)));
    builder
}
