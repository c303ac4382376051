//! plimsoll: what a container daemon accepts, what would then run as root, and why not otherwise.
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::string_slice,
        clippy::unreachable,
        clippy::todo,
        clippy::unimplemented
    )
)]

pub mod engine;
pub mod expr;
pub mod facts;
pub mod runtime;
pub mod schema;
pub mod source;
pub mod table;
