//! Expressions as text: syntax tree, parser, printer. `spec/language.md` is the reference.
//!
//! Nothing here knows what a name means; types and meaning come in [`crate::table`] and [`crate::engine`].

mod ast;
mod lexer;
mod parser;
mod printer;

pub use ast::{CompareOp, Expr, Node};
pub use lexer::SyntaxError;
pub use parser::{Loop, MAX_DEPTH, parse, parse_each};

#[cfg(test)]
mod tests;
