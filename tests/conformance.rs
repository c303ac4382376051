//! What the real programs answered (tests/vectors), asked again.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll::case::{Case, Exceptions, Standing, compare};
use plimsoll::engine::Budget;
use plimsoll::subject::Policy;

/// The files, and how many cases each holds: a file cut short must not pass.
const FILES: [(&str, usize); 13] = [
    ("create", 1738),
    ("decode", 2174),
    ("e2e-create", 112),
    ("daemon", 1544),
    ("lifecycle", 56),
    ("traces", 892),
    ("daemon-names", 2284),
    ("e2e-daemon", 32),
    ("e2e-names", 14),
    ("idmap", 2181),
    ("names", 4402),
    ("spec-decode", 1266),
    ("wrappers", 650),
];

fn read(name: &str) -> String {
    let path = format!("{}/tests/vectors/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// Calls `f` with every case and the policy of its profile.
fn each_case(f: &mut dyn FnMut(&Case<'_>, &Policy)) {
    let mut policies: BTreeMap<String, Policy> = BTreeMap::new();
    for (file, cases) in FILES {
        let text = read(&format!("{file}.ndjson"));
        assert_eq!(text.lines().count(), cases, "{file}");
        for line in text.lines() {
            let case = Case::parse(line.as_bytes()).unwrap_or_else(|e| panic!("{file}: {}", e.message));
            let profile = case.profile.as_deref().unwrap().to_owned();
            let policy = policies.entry(profile).or_insert_with_key(|id| Policy::builtin(id).unwrap());
            f(&case, policy);
        }
    }
}

#[test]
fn every_recorded_case_agrees_or_is_excepted_with_a_reason() {
    let exceptions = Exceptions::parse(&read("exceptions.toml")).unwrap();
    let mut unused: BTreeSet<_> = exceptions.iter().map(|e| e.id.clone()).collect();
    let (mut agreed, mut wrong) = (0, Vec::new());
    each_case(&mut |case, policy| {
        let outcome = policy.judge(&case.request(), &Budget::default()).unwrap();
        let expect = case.expect.as_ref().unwrap();
        match exceptions.judge(&case.id, expect, compare(expect, &outcome)) {
            Standing::Agrees => agreed += 1,
            Standing::Excepted => {
                unused.remove(case.id.as_str().unwrap());
            }
            Standing::Fails { mismatches, healed } => {
                wrong.push(format!("{}: {mismatches:?}, no longer an exception: {healed:?}", case.id));
            }
        }
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(unused.is_empty(), "exceptions without a case: {unused:?}");
    assert_eq!(agreed, 8923 + 1733 + 2174 + 112 + 2181 + 1266 + 948);
}

#[test]
fn both_evaluators_give_every_case_the_same_decision() {
    each_case(&mut |case, policy| {
        let (request, budget) = (case.request(), Budget::default());
        let fast = policy.judge_traced(&request, &budget).unwrap();
        let naive = policy.judge_naively(&request, &budget).unwrap();
        assert_eq!(fast.decision, naive.decision, "{}", case.id);
    });
}

/// The same documents in other profiles, and with nothing known of the host and the runtime: whatever comes out, both say the same, and
/// knowing less never turns a denial into anything else.
#[test]
fn knowing_less_never_allows_more() {
    use plimsoll::engine::Verdict;
    each_case(&mut |case, policy| {
        let (mut request, budget) = (case.request(), Budget::default());
        let told = policy.judge(&request, &budget).unwrap().decision;
        (request.host, request.features) = (None, None);
        let fast = policy.judge_traced(&request, &budget).unwrap().decision;
        let naive = policy.judge_naively(&request, &budget).unwrap().decision;
        assert_eq!(fast, naive, "{}", case.id);
        if told.verdict == Verdict::Deny {
            assert_ne!(fast.verdict, Verdict::Allow, "{}", case.id);
        }
        if fast.verdict == Verdict::Deny {
            assert_eq!(told.verdict, Verdict::Deny, "{}", case.id);
        }
    });
}
