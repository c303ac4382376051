//! Coverage and mutation of rule tables, from outside.
#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used)]

#[path = "common/run.rs"]
mod run;

use run::{folder, plimsoll};

fn table(when: &str, bad: &str, good: &str) -> String {
    format!(
        r#"
[table]
id = "ours"
subject = "daemon"
line = "moby"
source = "tests"

[[rule]]
id = "OUR001"
title = "t"
stage = 9000
effect = "warn"
when = """{when}"""
message = "m"
why = "w"
help = "h"
evidence = "read"
bad = [{bad}]
good = [{good}]
"#
    )
}

#[test]
fn what_is_not_covered_and_what_survives_is_said() {
    let when = "bridge == 'ours' && mtu >= 68";
    let bad = r#"'{"bridge": "ours", "mtu": 68}'"#;
    let (_folder, path) = folder("ours.toml", table(when, bad, r#"'{"mtu": 68}'"#));
    let args = ["test", "--table", &path, "--examples", "--coverage", "--mutate"];
    let run = plimsoll(&args).ends_with(1);
    let run = run.says(
        "coverage: of 1 rules 1 fired, 1 were judged without firing; 1 of 2 tests (50.0 %) decided both ways",
    );
    let run = run.says("never decided by not holding: mtu >= 68");
    run.says("OUR001 survives: mtu >= 68 -> true").says("OUR001 survives: mtu >= 68 -> mtu >= 67");
    // An example on the other side of the boundary notices both.
    let good = r#"'{"mtu": 68}', '{"bridge": "ours", "mtu": 67}'"#;
    let (_folder, path) = folder("ours.toml", table(when, bad, good));
    let args = ["test", "--table", &path, "--examples", "--coverage", "--mutate"];
    let run = plimsoll(&args).ends_with(0).says("2 of 2 tests (100 %) decided both ways");
    run.says("mutation: 13 of 13 mutants (100 %) noticed");
    let report = plimsoll(&[&args[..], &["--format", "json"]].concat()).ends_with(0).json();
    assert_eq!(report["mutation"]["survivors"], serde_json::json!([]));
    assert_eq!(report["mutation"]["rows"][0]["noticed"], report["mutation"]["mutants"]);
    assert_eq!(report["coverage"]["rows"][0]["tests"].as_array().unwrap().len(), 2);
    assert_eq!(report["failed"], 0);
}

#[test]
fn what_is_excused_is_told_apart_and_must_need_it() {
    let when = "mtu < 0 || mtu < 1";
    let (folder, path) = folder("ours.toml", table(when, "'{\"mtu\": -1}'", "'{\"mtu\": 1}'"));
    let excuses = folder.path().join("excuses.toml");
    let excuse = |rows: &str| std::fs::write(&excuses, rows).unwrap();
    let args =
        ["test", "--table", &path, "--examples", "--mutate", "--exceptions", excuses.to_str().unwrap()];
    excuse("");
    let survivors = plimsoll(&[&args[..], &["--format", "json"]].concat()).ends_with(1).json();
    let survivors = survivors["mutation"]["survivors"].as_array().unwrap().clone();
    let rows = survivors.iter().map(|one| {
        let mutant = &one["mutant"];
        format!("[[excused]]\nrule = \"OUR001\"\nmutant = {mutant}\nreason = \"the first part says nothing new\"\n")
    });
    let rows: String = rows.collect();
    assert!(rows.contains("mtu < 0 -> false"), "{rows}");
    excuse(&rows);
    plimsoll(&args).ends_with(0).says("excused");
    excuse(&format!(
        "{rows}[[excused]]\nrule = \"OUR001\"\nmutant = \"the row is dropped\"\nreason = \"-\"\n"
    ));
    plimsoll(&args).ends_with(1).says("excused without need: OUR001: the row is dropped");
}

#[test]
fn suggested_cases_agree_and_notice_what_survived() {
    let when = "log-driver == 'json-file' && !('max-size' in log-opts) && mtu > 9";
    let bad = "'{\"log-driver\": \"json-file\", \"mtu\": 1500}'";
    let (folder, path) = folder("ours.toml", table(when, bad, "'{\"log-driver\": \"journald\"}'"));
    let cases = folder.path().join("found.ndjson");
    let cases = cases.to_str().unwrap();
    let measure = ["test", "--table", &path, "--examples", "--coverage", "--mutate"];
    plimsoll(&[&measure[..], &["--suggest", cases]].concat()).ends_with(1).says("survives");
    plimsoll(&[&measure[..], &[cases]].concat()).ends_with(0).says("(100 %) noticed");
    plimsoll(&["test", cases, "--suggest", "/dev/null"])
        .ends_with(2)
        .complains("needs --coverage or --mutate");
}
