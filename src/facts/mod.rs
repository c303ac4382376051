//! Documents as the originals see them: a Go-faithful decoder into records with spans.
//!
//! [`Facts`] is the arena that decoding fills; [`Item`] is how everything above reads it. [`decode()`] reads one
//! document by its schema; [`load_daemon`], [`load_create`], [`load_spec`] and [`load_document`] do what comes before and after that.

mod any;
mod arena;
mod decode;
mod item;
mod json;
mod limits;
mod loader;
pub mod options;
pub mod path;
pub(crate) mod text;
pub mod views;

pub use any::{AnyNode, AnyRef, AnyValue};
pub use arena::{Facts, ListId, MapEntry, MapId, Slot, SlotId, Value};
pub use decode::{DecodeError, Decoded, Duplicate, ErrorKind, decode};
pub use item::Item;
pub(crate) use json::push_pointer;
pub use json::{SyntaxError, check_syntax};
pub use limits::{Limits, OverLimit};
pub use loader::{
    Loaded, last_runtime_error, load_create, load_daemon, load_document, load_schema, load_spec,
};
pub(crate) use text::quote;
