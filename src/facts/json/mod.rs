//! JSON as Go's `encoding/json` (Go 1.21) reads it: syntax, tokens, strings, and the folding of keys.

pub(crate) mod fold;
mod nesting;
mod plain;
mod pointer;
mod reader;
mod scan;
mod token;
mod unquote;

pub(crate) use pointer::{path_to, push_pointer};
pub(crate) use reader::{Extent, Reader};
pub use scan::{SyntaxError, check_syntax};
pub(crate) use scan::{of_first, scan_first};
pub(crate) use token::{Literal, Token};
pub(crate) use unquote::unquote;
