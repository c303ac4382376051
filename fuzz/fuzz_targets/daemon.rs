//! Any bytes as a daemon.json: a decision that is a function of the bytes, whose places lie in them.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use plimsoll::engine::{Budget, Verdict};
use plimsoll::subject::{Kind, Policy, Request};

static POLICY: LazyLock<Policy> = LazyLock::new(|| Policy::builtin("moby-28").unwrap());

fuzz_target!(|document: &[u8]| {
    let judge = || POLICY.judge(&Request::new(Kind::Daemon, document), &Budget::default());
    let Ok(outcome) = judge() else { return };
    let decision = &outcome.decision;
    assert_eq!(*decision, judge().unwrap().decision);
    let naive = POLICY.judge_naively(&Request::new(Kind::Daemon, document), &Budget::default()).unwrap();
    assert_eq!(decision.findings, naive.decision.findings);
    assert_eq!(decision.needs, naive.decision.needs);
    assert_eq!(decision.verdict == Verdict::Deny, decision.message().is_some());
    assert_eq!(decision.verdict == Verdict::Undecided, !decision.needs.is_empty());
    for label in decision.findings.iter().flat_map(|f| f.primary.iter().chain(&f.related)) {
        assert!(label.span.range().end <= document.len());
    }
});
