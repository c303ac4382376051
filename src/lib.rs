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
        clippy::unimplemented,
        clippy::print_stdout,
        clippy::print_stderr,
        clippy::dbg_macro,
        clippy::exit,
        clippy::disallowed_methods
    )
)]

pub mod case;
#[cfg(feature = "cli")]
pub mod cli;
pub mod engine;
pub mod expr;
pub mod facts;
pub mod report;
pub mod runtime;
pub mod schema;
pub mod source;
pub mod subject;
pub mod table;

/// The examples of the README, run as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
