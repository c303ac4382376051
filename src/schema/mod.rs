//! What a document is: structs, fields and their types, read from `spec/schema/*.toml`.
//!
//! One table drives the decoder, the type checker of the rules, and the documentation.

mod load;
mod lookup;
mod names;
mod toml_reader;
mod types;

pub use load::SchemaError;
pub(crate) use lookup::{Lookup, Next};
pub(crate) use toml_reader::parse as parse_toml;
pub use toml_reader::{Problem, TomlReader};
pub use types::{Constant, FieldDef, IntSize, Schema, StructDef, StructId, TextKind, Type};
