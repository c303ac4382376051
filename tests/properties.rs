//! Laws of whole judgements, over generated documents and over small universes to the end.

#[path = "common/made.rs"]
mod made;
#[path = "common/policies.rs"]
mod policies;

use std::sync::LazyLock;

use made::{documents, folded, respelt};
use plimsoll::arbitrary::{Folding, Tree};
use plimsoll::engine::{Budget, Verdict};
use plimsoll::schema::Schema;
use plimsoll::subject::{Kind, Outcome, Policy, Request};
use policies::{MOBY_23, MOBY_28};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::FileFailurePersistence;
use quickcheck::{QuickCheck, TestResult};

fn config(cases: u32) -> ProptestConfig {
    let persistence = FileFailurePersistence::Direct("tests/regressions/properties.txt");
    ProptestConfig { cases, failure_persistence: Some(Box::new(persistence)), ..ProptestConfig::default() }
}

fn judge(policy: &Policy, kind: Kind, document: &[u8]) -> Outcome {
    policy.judge(&Request::new(kind, document), &Budget::default()).unwrap()
}

fn daemon(document: &[u8]) -> Outcome {
    judge(&MOBY_28, Kind::Daemon, document)
}

/// All that the daemon would do, without the places in the text.
fn meaning(outcome: &Outcome) -> (Verdict, Vec<(String, String, String)>, Option<String>) {
    let findings = outcome.decision.findings.iter();
    let findings = findings.map(|f| (f.rule.to_string(), f.path.clone(), f.message.clone())).collect();
    (outcome.decision.verdict, findings, outcome.resolved.as_ref().map(ToString::to_string))
}

/// daemon.json as the profile has it.
static DAEMON: LazyLock<Schema> = LazyLock::new(|| {
    let catalog = MOBY_28.catalog().unwrap();
    catalog.schema("daemon").unwrap().at_profile(&|id| catalog.profiles().at_least("moby-28", id))
});

const OFTEN: [&str; 3] = ["runtimes", "default-runtime", "hosts"];

/// A daemon.json with a bit of everything, often with something wrong.
fn document() -> impl Strategy<Value = Tree> {
    documents(DAEMON.clone(), &OFTEN)
}

/// The same, and another text that means the same to Go.
fn two_spellings() -> impl Strategy<Value = (Tree, String)> {
    respelt(DAEMON.clone(), &OFTEN, Folding::BelowMaps)
}

proptest! {
    #![proptest_config(config(512))]

    #[test]
    fn spelling_and_space_change_nothing((document, other) in two_spellings()) {
        let plain = document.text();
        // Paths, and our own words about keys, have them as they are spelt.
        let meaning = |outcome: &Outcome| {
            let (verdict, mut findings, resolved) = meaning(outcome);
            for (_, path, message) in &mut findings {
                (*path, *message) = (folded(path), folded(message));
            }
            (verdict, findings, resolved)
        };
        prop_assert_eq!(meaning(&daemon(plain.as_bytes())), meaning(&daemon(other.as_bytes())), "{}\n{}", plain, other);
    }

    #[test]
    fn a_byte_order_mark_and_the_encoding_change_nothing(document in document()) {
        let text = document.text();
        let plain = meaning(&daemon(text.as_bytes()));
        let utf16 = |bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
            "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(bytes).collect()
        };
        for other in [format!("\u{feff}{text}").into_bytes(), utf16(u16::to_le_bytes), utf16(u16::to_be_bytes)] {
            prop_assert_eq!(&plain, &meaning(&daemon(&other)));
        }
    }

    #[test]
    fn judging_is_a_function_and_points_into_the_text((_, text) in two_spellings()) {
        let outcome = daemon(text.as_bytes());
        prop_assert_eq!(&outcome.decision, &daemon(text.as_bytes()).decision);
        for finding in &outcome.decision.findings {
            for label in finding.primary.iter().chain(&finding.related) {
                let range = label.span.range();
                prop_assert!(text.get(range.clone()).is_some(), "{:?} {:?} in {}", finding.rule, range, text);
            }
        }
        let denied = outcome.decision.message().is_some();
        prop_assert_eq!(denied, outcome.decision.verdict == Verdict::Deny);
        prop_assert_eq!(denied, outcome.resolved.is_none());
    }

    #[test]
    fn an_unknown_key_inside_a_runtime_changes_nothing(document in document(), key in "x[a-z]{1,4}") {
        let Tree::Object(mut entries) = document else { return Ok(()) };
        let before = meaning(&daemon(Tree::Object(entries.clone()).text().as_bytes()));
        for (_, runtimes) in entries.iter_mut().filter(|(k, _)| k == "runtimes") {
            let Tree::Object(runtimes) = runtimes else { continue };
            for (_, runtime) in runtimes {
                let Tree::Object(fields) = runtime else { continue };
                let [one, null] = ["1", "null"].map(|text| Tree::Literal(text.to_owned()));
                fields.push((key.clone(), Tree::List(vec![one, null])));
            }
        }
        let after = meaning(&daemon(Tree::Object(entries).text().as_bytes()));
        prop_assert_eq!(before, after);
    }

    #[test]
    fn every_byte_string_gets_a_decision(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        daemon(&bytes);
    }

    #[test]
    fn every_damaged_document_gets_a_decision(document in document(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut text = document.text().into_bytes();
        let at = at.index(text.len());
        text[at] = byte;
        for text in [&text[..], &text[..at]] {
            let outcome = daemon(text);
            let syntax = outcome.decision.findings.iter().filter(|f| SYNTAX.contains(&f.rule.as_str())).count();
            let json = serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(text).is_ok();
            let blank = text.is_empty();
            // serde_json refuses lone surrogates, which Go reads as U+FFFD; there are none here. Every error of syntax
            // is one row's, and denied.
            if std::str::from_utf8(text).is_ok() {
                prop_assert_eq!(syntax == 0, json || blank, "{:?}", String::from_utf8_lossy(text));
                prop_assert!(syntax <= 1, "{:?}", String::from_utf8_lossy(text));
            }
            if !json && !blank {
                prop_assert_eq!(outcome.decision.verdict, Verdict::Deny);
            }
        }
    }

    #[test]
    fn a_syntax_error_is_one_rows(tokens in prop::collection::vec(select(TOKENS.to_vec()), 0..8)) {
        let text = tokens.concat();
        let outcome = daemon(text.as_bytes());
        let syntax = outcome.decision.findings.iter().filter(|f| SYNTAX.contains(&f.rule.as_str())).count();
        let trimmed = text.trim();
        let fits = trimmed.is_empty()
            || matches!(serde_json::from_str(trimmed), Ok(serde_json::Value::Object(_) | serde_json::Value::Null));
        prop_assert_eq!(syntax, usize::from(!fits), "{}: {:?}", text, outcome.decision.findings);
    }
}

/// The rows that share out errors of syntax.
const SYNTAX: [&str; 8] = ["LD002", "LD005", "LD006", "LD007", "LD008", "LD009", "LD020", "LD021"];

/// What broken files are made of.
const TOKENS: [&str; 24] = [
    "{", "}", "[", "]", ",", ":", "\"a\"", "1", "true", "null", " ", "\n", "// x", "/* x */", "#", "“", "”",
    "'", "{{", "{%", "${A}", "<a>", "\"", "-",
];

#[test]
fn every_byte_string_gets_a_decision_quickcheck() {
    fn law(bytes: Vec<u8>) -> bool {
        let outcome = daemon(&bytes);
        outcome.decision.verdict == Verdict::Deny || outcome.resolved.is_some()
    }
    QuickCheck::new().tests(2_000).quickcheck(law as fn(Vec<u8>) -> bool);
}

/// Every way to write the four letters, and near misses: the rule sees what Go decodes, and nothing else.
#[test]
fn runc_is_reserved_in_every_spelling_and_in_no_other() {
    fn reserved(key: &str) -> bool {
        let text = format!(r#"{{"runtimes": {{{key}: {{"path": "/x"}}}}}}"#);
        let outcome = daemon(text.as_bytes());
        outcome.decision.message() == Some("runtime name 'runc' is reserved")
    }
    // Each letter plain or as an escape with small or capital digits: 3 ^ 4 spellings.
    for code in 0..81 {
        let mut rest = code;
        let mut key = String::from("\"");
        for c in "runc".chars() {
            key += &[c.to_string(), format!("\\u{:04x}", u32::from(c)), format!("\\u{:04X}", u32::from(c))]
                [rest % 3];
            rest /= 3;
        }
        assert!(reserved(&format!("{key}\"")), "{key}");
    }
    for near in [
        "",
        "RUNC",
        "Runc",
        "runC",
        "runc ",
        " runc",
        "runc\\u0000",
        "\\ufeffrunc",
        "ru\\u200bnc",
        "run",
        "runcc",
        "rυnc",
        "runc\\n",
    ] {
        assert!(!reserved(&format!("\"{near}\"")), "{near}");
    }
    fn law(name: String) -> TestResult {
        let key = serde_json::to_string(&name).unwrap();
        TestResult::from_bool(reserved(&key) == (name == "runc"))
    }
    QuickCheck::new().tests(2_000).quickcheck(law as fn(String) -> TestResult);
}

/// The definition in one line, as the seeds have it.
fn permissible(name: &str, leading_dot: bool) -> bool {
    !name.contains('/') && name.contains('.') && (leading_dot || !name.starts_with('.'))
}

fn each_string(alphabet: &[char], longest: usize, f: &mut dyn FnMut(&str)) {
    fn go(alphabet: &[char], left: usize, text: &mut String, f: &mut dyn FnMut(&str)) {
        f(text);
        if left > 0 {
            for c in alphabet {
                text.push(*c);
                go(alphabet, left - 1, text, f);
                text.pop();
            }
        }
    }
    go(alphabet, longest, &mut String::new(), f);
}

/// All names up to six bytes over the letters that matter, and up to three over more: accepted exactly when permissible,
/// never with a slash, and never resolved to a binary with one.
#[test]
fn names_are_judged_by_the_one_line_definition() {
    let mut judged = 0;
    let mut check = |name: &str| {
        let document = serde_json::json!({ "name": name }).to_string();
        for (policy, leading_dot) in [(&*MOBY_28, false), (&*MOBY_23, true)] {
            let outcome = judge(policy, Kind::Name, document.as_bytes());
            let allowed = outcome.decision.verdict == Verdict::Allow;
            let known =
                name == "runc" || name == "io.containerd.runc.v2" || (name.is_empty() && !leading_dot);
            assert_eq!(allowed, known || permissible(name, leading_dot), "{name:?} in {}", policy.profile());
            if allowed && !known {
                let resolved = outcome.resolved.unwrap();
                let binary = resolved["shim_binary"].as_str().unwrap();
                assert!(
                    binary.starts_with("containerd-shim-") && !binary.contains('/'),
                    "{name:?}: {binary}"
                );
                assert!(!name.starts_with('/') && !name.contains('/'));
            }
            judged += 1;
        }
    };
    each_string(&['a', '.', '/', '-'], 6, &mut check);
    each_string(&['r', '.', '/', ' ', '\\', '\0', 'é', '\u{202e}', '~'], 3, &mut check);
    assert!(judged > 10_000, "{judged}");
}

/// Each limit of a budget is exact: what needs so much is judged with it, and with one less is an error that names it.
#[test]
fn each_limit_of_a_budget_is_exact() {
    let document = br#"{"hosts": ["fd://", "tcp://a:1"], "runtimes": {"x": {"options": {"a": [[{}]]}}}}"#;
    let request = Request::new(Kind::Daemon, document);
    let full = MOBY_28.judge(&request, &Budget::default()).unwrap().decision;
    type Field = fn(&mut Budget) -> &mut usize;
    let fields: [(&str, Field); 4] = [
        ("document size in bytes", |budget| &mut budget.bytes),
        ("nesting depth", |budget| &mut budget.depth),
        ("values", |budget| &mut budget.nodes),
        ("rule instances", |budget| &mut budget.instances),
    ];
    for (what, field) in fields {
        let judge = |limit| {
            let mut budget = Budget::default();
            *field(&mut budget) = limit;
            MOBY_28.judge(&request, &budget)
        };
        // The least that is enough, by halving.
        let (mut least, mut most) = (0, *field(&mut Budget::default()));
        while least < most {
            let middle = least + (most - least) / 2;
            if judge(middle).is_ok() { most = middle } else { least = middle + 1 }
        }
        assert!(least > 3, "{what}");
        assert_eq!(judge(least).unwrap().decision, full, "{what}");
        for limit in [0, 1, least - 1] {
            let error = judge(limit).unwrap_err().to_string();
            assert!(error.starts_with(&format!("over budget: {what} ")), "{what} {limit}: {error}");
            assert!(error.ends_with(&format!("exceeds the limit of {limit}")), "{what}: {error}");
        }
    }
    let bytes = |bytes| Budget { bytes, ..Budget::default() };
    assert!(MOBY_28.judge(&request, &bytes(document.len())).is_ok());
    assert!(MOBY_28.judge(&request, &bytes(document.len() - 1)).is_err());
}

/// Judging the same again and again takes no more memory than judging it a few times: `cargo test --release --test
/// properties -- --ignored` (some minutes; Linux).
#[test]
#[ignore = "takes minutes"]
fn a_long_run_takes_no_more_memory_than_a_short_one() {
    let resident = || {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("0 kB");
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap()
    };
    let documents: Vec<Vec<u8>> = (0..2_000_u32)
        .map(|n| {
            let path = format!("/usr/bin/r{n}");
            serde_json::json!({ "runtimes": { format!("r{n}"): { "path": path, "runtimeArgs": ["$x"] } }, "x": n })
        })
        .map(|document| document.to_string().into_bytes())
        .collect();
    let round = || documents.iter().for_each(|document| drop(daemon(document)));
    (0..5).for_each(|_| round());
    let before = resident();
    (0..500).for_each(|_| round());
    let after = resident();
    assert!(after < before + 2_048, "{before} kB grew to {after} kB");
}
