//! Any text as a rule table: all its problems inside it, or a table that never fails to judge.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use plimsoll::engine::Budget;
use plimsoll::subject::{Kind, Policy, Request};
use plimsoll::table::Catalog;

static CATALOG: LazyLock<Catalog> = LazyLock::new(|| Catalog::builtin().unwrap());

const DOCUMENTS: [&[u8]; 4] = [
    b"",
    br#"{"runtimes": {"x": {"path": "/x", "runtimeArgs": ["a", "b"]}, "": null}}"#,
    br#"{"labels": ["a=b"], "hosts": ["fd://"], "debug": true, "mtu": 9000}"#,
    b"{",
];

fuzz_target!(|text: &str| {
    match CATALOG.with_table("fuzz", text) {
        Err(error) => {
            assert!(!error.problems.is_empty());
            for problem in error.problems {
                assert!(problem.span.range().end <= text.len(), "{problem:?}");
            }
        }
        // Without rows there is nothing new to judge, and making a policy is slow here.
        Ok(catalog) if catalog.rules().len() == CATALOG.rules().len() => {}
        Ok(catalog) => {
            let policy = Policy::new(catalog, "moby-28").unwrap();
            for document in DOCUMENTS {
                let request = Request::new(Kind::Daemon, document);
                let fast = policy.judge_traced(&request, &Budget::default()).unwrap().decision;
                let naive = policy.judge_naively(&request, &Budget::default()).unwrap().decision;
                assert_eq!(fast, naive);
            }
        }
    }
});
