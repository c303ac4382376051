//! The policies of both generations of daemons, loaded once for all tests of a binary.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::sync::LazyLock;

use plimsoll::subject::Policy;

pub(crate) static MOBY_28: LazyLock<Policy> = LazyLock::new(|| Policy::builtin("moby-28").unwrap());
pub(crate) static MOBY_23: LazyLock<Policy> = LazyLock::new(|| Policy::builtin("moby-23").unwrap());

/// The older generation or the newer.
pub(crate) fn moby(older: bool) -> &'static Policy {
    if older { &MOBY_23 } else { &MOBY_28 }
}
