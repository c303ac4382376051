use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;

use super::{Because, Failure, FileReport, Human, KindGuess, Report, json};
use crate::engine::{Decision, Finding, Label, Verdict};
use crate::source::{Span, is_unprintable};
use crate::subject::Kind;
use crate::table::{Effect, RuleId};

fn label(start: usize, end: usize, text: &str) -> Label {
    Label { span: Span::new(start, end), text: text.to_owned() }
}

fn finding(effect: Effect, message: &str, primary: Option<Label>, related: Vec<Label>) -> Finding {
    Finding {
        rule: RuleId("RT003".into()),
        effect,
        path: "/runtimes/x".to_owned(),
        message: message.to_owned(),
        why: "an entry with neither names nothing to run".into(),
        help: "add one of them".into(),
        primary,
        related,
    }
}

fn report(source: &[u8], findings: Vec<Finding>) -> Report {
    let denied = findings.iter().any(|f| f.effect == Effect::Deny);
    let decision = Decision {
        verdict: if denied { Verdict::Deny } else { Verdict::Undecided },
        findings,
        needs: if denied { vec![] } else { vec!["cgroup_v2".into(), "paths".into()] },
        alternatives: vec!["runtime y: the same".into(); if denied { 5 } else { 0 }],
        trace: vec![],
    };
    Report {
        profile: "moby-28".to_owned(),
        files: vec![
            FileReport {
                path: "daemon.json".to_owned(),
                kind: Some(KindGuess { kind: Kind::Daemon, because: Because::Default }),
                source: source.to_vec(),
                result: Ok(decision),
                profile: None,
                resolved: None,
            },
            FileReport {
                path: "gone.json".to_owned(),
                kind: None,
                source: vec![],
                result: Err(Failure {
                    message: "cannot read this file".into(),
                    help: "check the path".into(),
                }),
                profile: None,
                resolved: None,
            },
        ],
    }
}

const SOURCE: &str = "{\n  \"default-runtime\": \"x\",\n  \"runtimes\": {\n    \"x\": {}\n  }\n}\n";

#[test]
fn a_denied_document() {
    let (deny, warn) = (Effect::Deny, Effect::Warn);
    let related = vec![label(23, 26, "and this is the default")];
    let report = report(
        SOURCE.as_bytes(),
        vec![
            finding(deny, "runtime x: neither", Some(label(48, 51, "nothing says what to run")), related),
            finding(warn, "runtime x: odd\x1b[2J", Some(label(53, 55, "")), vec![]),
            finding(warn, "no place at all", None, vec![]),
        ],
    );
    insta::assert_snapshot!(Human::new(false).render(&report), @r#"
    error[RT003]: runtime x: neither
     --> daemon.json:4:5
      |
    2 |   "default-runtime": "x",
      |                      --- and this is the default
    3 |   "runtimes": {
    4 |     "x": {}
      |     ^^^ nothing says what to run
      |
      = why: an entry with neither names nothing to run
      = help: add one of them
      = or: the daemon may print first: runtime y: the same
      = or: the daemon may print first: runtime y: the same
      = or: the daemon may print first: runtime y: the same
      = or: one of 2 more, as Go's map order has it

    warning[RT003]: runtime x: odd\u{1b}[2J
     --> daemon.json:4:10
      |
    4 |     "x": {}
      |          ^^

    warning[RT003]: no place at all
    --> daemon.json
     = at: /runtimes/x

    note: nothing in this file tells its kind; it was judged as `daemon`
    --> daemon.json
     = help: `--kind` says what it is

    2 files, moby-28: 1 denied, 1 not judged, 2 warnings
    "#);
    insta::assert_snapshot!(Human::new(false).failures(&report), @r#"
    error: cannot read this file
    --> gone.json
     = help: check the path
    "#);
}

#[test]
fn an_undecided_document() {
    insta::assert_snapshot!(Human::new(false).render(&report(SOURCE.as_bytes(), vec![])), @r#"
    undecided: it depends on facts that nobody told
    --> daemon.json
     = needs: cgroup_v2, paths
     = help: tell them with `--host FILE`: `plimsoll probe` writes most of them on the machine itself, and
             `plimsoll rules --schema host` lists them all

    2 files, moby-28: 1 undecided, 1 not judged
    "#);
}

#[test]
fn every_finding_is_in_the_json_report() {
    let findings = vec![finding(Effect::Warn, "m", Some(label(48, 51, "")), vec![label(0, 1, "l")]); 3];
    let value: serde_json::Value = serde_json::from_str(&json(&report(SOURCE.as_bytes(), findings))).unwrap();
    let findings = value["files"][0]["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 3);
    assert_eq!(
        findings[0]["span"],
        serde_json::json!({"start": 48, "end": 51, "line": 4, "column": 5, "end_line": 4, "end_column": 8})
    );
    assert_eq!(findings[0]["related"][0]["text"], "l");
    assert_eq!(value["summary"]["undecided"], 1);
}

fn any_text() -> impl Strategy<Value = String> {
    proptest::collection::vec(
        prop_oneof![
            Just('\n'),
            Just('\u{1b}'),
            Just('\u{202e}'),
            Just('漢'),
            Just('a'),
            Just('\t'),
            any::<char>()
        ],
        0..400,
    )
    .prop_map(String::from_iter)
}

fn any_label() -> impl Strategy<Value = Label> {
    (0_usize..600, 0_usize..600, any_text()).prop_map(|(start, end, text)| label(start, end, &text))
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct("tests/regressions/report.txt"))),
        ..ProptestConfig::default()
    })]

    #[test]
    fn reports_are_total_printable_and_bounded(
        source in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), Just(b'\t'), Just(b'a'), Just(0xc3), any::<u8>()], 0..500),
        utf16 in proptest::option::of(any::<bool>()),
        found in proptest::collection::vec((any::<bool>(), any_text(), proptest::option::of(any_label()), proptest::collection::vec(any_label(), 0..9)), 0..6),
    ) {
        let mut source = source;
        if let Some(big) = utf16 {
            source.splice(0..0, if big { [0xfe, 0xff] } else { [0xff, 0xfe] });
        }
        let findings: Vec<Finding> = found
            .into_iter()
            .map(|(deny, message, primary, related)| {
                finding(if deny { Effect::Deny } else { Effect::Warn }, &message, primary, related)
            })
            .collect();
        let count = findings.len();
        let report = report(&source, findings);
        for styled in [false, true] {
            let text = Human::new(styled).render(&report);
            let allowed = |c: char| c == '\n' || !is_unprintable(c) || (styled && c == '\u{1b}');
            prop_assert!(text.chars().all(allowed), "{text:?}");
            prop_assert!(text.len() < 4_000 + count * 60_000, "{} bytes", text.len());
        }
        let value: serde_json::Value = serde_json::from_str(&json(&report)).unwrap();
        prop_assert_eq!(value["files"][0]["findings"].as_array().map(Vec::len), Some(count));
    }
}
