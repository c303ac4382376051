//! Documents as the originals see them: a Go-faithful decoder into records with spans.
//!
//! [`Facts`] is the arena that decoding fills; [`Item`] is how everything above reads it.

mod any;
mod arena;
mod item;
pub mod options;
pub mod path;
mod quote;
pub mod views;

pub use any::{AnyNode, AnyRef, AnyValue};
pub use arena::{Facts, ListId, MapEntry, MapId, Slot, SlotId, Value};
pub use item::Item;
pub use quote::quote;
