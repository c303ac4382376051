//! Any text as a rule table: all its problems inside it, or a table that never fails to judge.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use plimsoll::engine::Budget;
use plimsoll::subject::{Kind, Policy, Request};

static POLICY: LazyLock<Policy> = LazyLock::new(|| Policy::builtin("moby-28").unwrap());

const DOCUMENTS: [&[u8]; 4] = [
    b"",
    br#"{"runtimes": {"x": {"path": "/x", "runtimeArgs": ["a", "b"]}, "": null}}"#,
    br#"{"labels": ["a=b"], "hosts": ["fd://"], "debug": true, "mtu": 9000}"#,
    b"{",
];

fuzz_target!(|text: &str| {
    match POLICY.clone().with_table("fuzz", text) {
        Err(error) => {
            assert!(!error.problems.is_empty());
            for problem in error.problems {
                assert!(problem.span.range().end <= text.len(), "{problem:?}");
            }
        }
        Ok(policy) => {
            for document in DOCUMENTS {
                policy.judge(&Request::new(Kind::Daemon, document), &Budget::default()).unwrap();
            }
        }
    }
});
