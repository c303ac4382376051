//! Laws of plimsoll, each a function of bytes that panics if it does not hold: run by the fuzz targets on whatever the fuzzer
//! finds, and by `cargo test --test laws` on random bytes, on the corpus, and on what once failed.
//!
//! `PLIMSOLL_TABLE=ours.toml` (several paths with colons between them) puts rule tables of one's own on top.
#![allow(dead_code, reason = "each fuzz target uses one")]

#[path = "../common/mod.rs"]
mod common;
mod documents;
mod lifecycle;
mod model;
mod rules;
mod small;
mod stretched;
mod theorems;

use std::sync::LazyLock;

use arbitrary::Unstructured;
use plimsoll::arbitrary::{Boundary, Question};
use plimsoll::engine::{Budget, Decision, Verdict};
use plimsoll::subject::{Kind, Outcome, Policy, Request};

/// A law.
pub(crate) type Law = fn(&[u8]);

/// All laws, by the names of their fuzz targets.
pub(crate) const LAWS: [(&str, Law); 17] = [
    ("boundary", rules::boundary),
    ("budget", documents::budget),
    ("case", small::case),
    ("create", documents::create),
    ("daemon", documents::daemon),
    ("engine", rules::engine),
    ("expr", small::expr),
    ("lifecycle", lifecycle::lifecycle),
    ("merge", documents::merge),
    ("name", small::name),
    ("neutral", documents::neutral),
    ("relevant", documents::relevant),
    ("report", documents::report),
    ("spec", documents::spec),
    ("table", rules::table),
    ("theorems", theorems::theorems),
    ("wrapper", small::wrapper),
];

/// The law of this name.
pub(crate) fn law(name: &str) -> Law {
    LAWS.iter().find(|(law, _)| *law == name).unwrap_or_else(|| panic!("there is no law {name}")).1
}

/// The rules that laws are tried on: the built-in ones, and the tables that the environment names.
pub(crate) static POLICY: LazyLock<Policy> = LazyLock::new(|| with_tables("moby-28"));

fn with_tables(profile: &str) -> Policy {
    let mut policy = Policy::builtin(profile).unwrap();
    let tables = std::env::var("PLIMSOLL_TABLE").unwrap_or_default();
    for path in tables.split(':').filter(|path| !path.is_empty()) {
        let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("PLIMSOLL_TABLE: {path}: {e}"));
        policy = policy
            .with_table(path, &text)
            .unwrap_or_else(|e| panic!("PLIMSOLL_TABLE: {e}: {:?}", e.problems));
    }
    policy
}

/// What holds of every judgement: it is a function, both evaluators come to it, its places lie in the document, and the
/// verdict is what the findings say.
pub(crate) fn judged(request: &Request<'_>) -> Option<Outcome> {
    judged_by(&POLICY, request)
}

/// The same of judgements by other rules.
pub(crate) fn judged_by(policy: &Policy, request: &Request<'_>) -> Option<Outcome> {
    let judge = || policy.judge(request, &Budget::default());
    let outcome = judge().ok()?;
    let decision = &outcome.decision;
    assert_eq!(*decision, judge().unwrap().decision, "judged twice");
    let traced = policy.judge_traced(request, &Budget::default()).unwrap().decision;
    let naive = policy.judge_naively(request, &Budget::default()).unwrap().decision;
    assert_eq!(traced, naive, "fast and naive");
    assert_eq!(decision.findings, naive.findings);
    assert_eq!(decision.needs, naive.needs);
    assert_eq!(decision.verdict, naive.verdict);
    consistent(decision, request);
    Some(outcome)
}

fn consistent(decision: &Decision, request: &Request<'_>) {
    assert_eq!(decision.verdict == Verdict::Deny, decision.message().is_some());
    assert_eq!(decision.verdict == Verdict::Undecided, !decision.needs.is_empty());
    for finding in &decision.findings {
        assert!(finding.path.is_empty() || finding.path.starts_with('/'), "{finding:?}");
        for label in finding.primary.iter().chain(&finding.related) {
            assert!(label.span.range().end <= request.document.len(), "{finding:?}");
        }
    }
}

/// Boundaries of rows, each with the kind of document that the row is about.
pub(crate) type Boundaries = [(Kind, Boundary<'static>)];

/// A document at the boundary of one of these rows.
pub(crate) fn pick(boundaries: &Boundaries, u: &mut Unstructured<'_>) -> Option<(Kind, Question)> {
    let (kind, boundary) = u.choose(boundaries).ok()?;
    let choose = |n: usize| u.choose_index(n.max(1)).unwrap_or(0);
    Some((*kind, boundary.pick(choose)?))
}

/// A question with all that is told besides.
pub(crate) fn asked(kind: Kind, question: &Question) -> Request<'_> {
    Request {
        daemon: question.daemon.as_deref().map(str::as_bytes),
        image: question.image.as_deref().map(str::as_bytes),
        http: question.request.as_deref().map(str::as_bytes),
        host: question.host.as_deref().map(str::as_bytes),
        ..Request::new(kind, &question.document)
    }
}

/// A kind that has documents of its own, and its schema.
pub(crate) const KINDS: [Kind; 2] = [Kind::Daemon, Kind::Create];

/// Whether anything is wrong with a document: its syntax, its types, a rule.
pub(crate) fn verdict(kind: Kind, document: &[u8]) -> Option<Verdict> {
    POLICY.judge(&Request::new(kind, document), &Budget::default()).ok().map(|o| o.decision.verdict)
}
