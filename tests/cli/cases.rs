//! Streams of cases, and tables of the user's own.

use serde_json::json;

use crate::GOOD;
use crate::run::{fed, folder, plimsoll};

/// A table as a user writes it.
const TABLE: &str = r#"
[table]
id = "ours/debug"
subject = "daemon"
line = "moby"
source = "our handbook"
doc = "our own rules"

[[rule]]
id = "OUR001"
title = "debug is on"
stage = 9000
effect = "warn"
when = "debug"
message = "debug is on"
at = "debug"
why = "it fills the disk"
help = "turn it off"
source = "our handbook"
evidence = "read"
bad = ['{"debug": true}']
good = ['{}']
"#;

#[test]
fn tables_of_the_users_own_add_findings() {
    let (_folder, path) = folder("ours.toml", TABLE);
    fed(&["check", "--table", &path, "--fail-on", "warn", "-"], GOOD)
        .ends_with(1)
        .says("warning[OUR001]: debug is on\n --> <stdin>:1:")
        .says("= why: it fills the disk");
    fed(&["check", "--table", &path, "--profile", "moby-23", "-"], GOOD).ends_with(0).says("OUR001");
    plimsoll(&["rules", "--table", &path, "our001"]).ends_with(0).says("debug is on").says("our handbook");

    let (_folder, path) =
        folder("broken.toml", TABLE.replace("\"debug\"\n", "\"debugg\"\n").replace("evidence", "x"));
    fed(&["check", "--table", &path, "-"], GOOD)
        .ends_with(2)
        .complains(&format!("--> {path}:1"))
        .complains("debugg")
        .complains("unknown key `x`");
}

#[test]
fn a_table_without_rules_is_the_wrong_file() {
    for nothing in ["", "# rules to come\n", "[table]\nid = \"ours\"\n"] {
        let (_folder, path) = folder("ours.toml", nothing);
        plimsoll(&["check", "--table", &path, "tests/cases/daemon.json"])
            .ends_with(2)
            .complains("no rules in this table")
            .complains(&format!("--> {path}"));
    }
}

#[test]
fn audit_answers_every_line_in_order() {
    let mut cases = String::new();
    for i in 0..5_000 {
        let input = if i % 3 == 0 { r#"{"debug": 1}"# } else { "{}" };
        cases.push_str(&format!("{{\"id\": {i}, \"kind\": \"daemon\", \"input\": {input}}}\n"));
        if i % 1000 == 0 {
            cases.push_str("\nnot a case\n");
        }
    }
    let run = fed(&["audit"], cases.as_bytes()).ends_with(2);
    let answers = run.lines();
    assert_eq!(answers.len(), 5_005);
    let ids: Vec<i64> = answers.iter().filter_map(|a| a["id"].as_i64()).collect();
    assert_eq!(ids, (0..5_000).collect::<Vec<_>>());
    assert_eq!(
        answers[1],
        json!({"id": null, "verdict": "error", "line": 3, "message": answers[1]["message"]})
    );
    assert_eq!((&answers[0]["verdict"], &answers[2]["verdict"]), (&json!("deny"), &json!("allow")));
    fed(&["audit"], b"").ends_with(0);
    fed(&["audit"], b"{\"kind\": \"daemon\", \"input\": {}}").ends_with(0);
    fed(&["audit"], b"{\"kind\": \"daemon\", \"input\": []}").ends_with(1);
}

#[test]
fn a_case_without_a_profile_is_judged_by_the_newest_that_can() {
    let step = br#"{"kind": "lifecycle", "input": {"machine": "init", "state": "paused", "op": "Resume"}}"#;
    let spec = br#"{"kind": "spec", "input": {"ociVersion": "1.0.0"}}"#;
    let cases = [&step[..], b"\n", spec, b"\n"].concat();
    let answers = fed(&["audit"], &cases).ends_with(0).lines();
    assert_eq!([&answers[0]["resolved"]["next"], &answers[1]["verdict"]], ["running", "allow"]);
    // A profile that was chosen is kept to.
    let answers = fed(&["audit", "--profile", "moby-28"], &cases).ends_with(2).lines();
    assert_eq!(answers[0]["message"], "profile `moby-28` does not judge documents of kind `lifecycle`");
}

#[test]
fn cases_that_make_no_sense_say_why() {
    for (line, message) in [
        (&b"[]"[..], "not a JSON object"),
        (b"{\"id\": 1}", "`kind` is missing"),
        (b"{\"kind\": \"demon\", \"input\": 1}", "unknown kind `demon`"),
        (b"{\"kind\": \"daemon\"}", "no document"),
        (b"{\"kind\": \"daemon\", \"input\": 1, \"raw_base64\": \"\"}", "two documents"),
        (b"{\"kind\": \"daemon\", \"raw_base64\": \"*\"}", "not base 64"),
        (b"{\"kind\": \"daemon\", \"raw_base64\": 1}", "`raw_base64` must be a string"),
        (b"{\"kind\": \"daemon\", \"input\": 1, \"input\": 2}", "key `input` stands twice"),
        (b"{\"kind\": \"daemon\", \"input\": 1, \"profil\": \"x\"}", "perhaps `profile` is meant"),
        (b"{\"kind\": \"daemon\", \"input\": 1, \"profile\": \"x\"}", "there is no profile `x`"),
        (b"{\"kind\": \"daemon\", \"input\": 1, \"context\": {\"hosts\": {}}}", "unknown key `hosts`"),
        (
            b"{\"kind\": \"daemon\", \"input\": 1, \"context\": {\"host\": {\"cpu\": 1}}}",
            "there is no fact `cpu`",
        ),
        (b"{\"kind\": \"daemon\", \"input\": 1, \"expect\": {\"messages\": \"x\"}}", "must be a list"),
        (b"{\"kind\": \"spec\", \"profile\": \"moby-28\", \"input\": {}}", "`spec`"),
        (b"{\"kind\": \"\xff\"}", "not UTF-8"),
    ] {
        let run = fed(&["audit"], line).ends_with(2);
        let answer = &run.lines()[0];
        assert_eq!((&answer["verdict"], &answer["line"]), (&json!("error"), &json!(1)), "{run:?}");
        assert!(answer["message"].as_str().unwrap().contains(message), "{message}: {run:?}");
    }
}

#[test]
fn test_compares_and_shows_what_differs() {
    let cases = concat!(
        "{\"id\": \"a\", \"kind\": \"daemon\", \"input\": {}, \"expect\": {\"verdict\": \"allow\"}}\n",
        "{\"id\": \"b\", \"kind\": \"daemon\", \"input\": [], \"expect\": {\"verdict\": \"allow\", \"messages\": [\"x\"]}}\n",
    );
    let (folder, path) = folder("cases.ndjson", cases);
    fed(&["test", "-"], cases.lines().next().unwrap().as_bytes())
        .ends_with(0)
        .says("<stdin>: 1 cases, 1 agreed\n")
        .says("rules: ");
    plimsoll(&["test", &path])
        .ends_with(1)
        .says("2 cases, 1 agreed, 1 FAILED")
        .says(&format!("FAILED b at {path}:2\n"))
        .says("    verdict\n      - \"allow\"\n      + \"deny\"\n")
        .says("    messages\n      - any of [\"x\"]\n");

    let exceptions = folder.path().join("exceptions.toml");
    let exceptions = exceptions.to_str().unwrap();
    let row =
        |id: &str, field: &str| format!("[[exception]]\nid = '{id}'\nfield = '{field}'\nreason = 'r'\n");
    std::fs::write(exceptions, row("b", "verdict") + &row("b", "messages") + &row("z", "verdict")).unwrap();
    plimsoll(&["test", &path, "--exceptions", exceptions])
        .ends_with(0)
        .says("2 cases, 1 agreed, 1 excepted")
        .says("not in these files: z");
    std::fs::write(exceptions, row("a", "verdict")).unwrap();
    plimsoll(&["test", &path, "--exceptions", exceptions]).ends_with(1).says("delete its exception");
    std::fs::write(exceptions, "[[exception]]\nid = 1\n").unwrap();
    plimsoll(&["test", &path, "--exceptions", exceptions]).ends_with(2).complains("exceptions.toml:");

    fed(&["test", "-"], b"").ends_with(2).complains("no cases");
    fed(&["test", "-"], b"{\"kind\": \"daemon\", \"input\": 1}").ends_with(1).says("no `expect`");
    fed(&["test", "-"], b"?").ends_with(1).says("error: ");
}

#[test]
fn rules_are_listed_and_explained() {
    plimsoll(&["rules"]).ends_with(0).says("LD003").says("rules in moby-28");
    plimsoll(&["rules", "ld003"]).ends_with(0).says("LD003: ").says("Why:").says("It fires on:");
    let rules = plimsoll(&["rules", "--format", "json"]).ends_with(0).json();
    for rule in rules.as_array().unwrap() {
        for key in ["id", "title", "why", "help", "source", "when", "message"] {
            assert_ne!(rule[key].as_str().unwrap_or_default(), "", "{key} of {rule}");
        }
    }
    let rule = plimsoll(&["rules", "LD003", "--format", "json"]).ends_with(0).json();
    assert_eq!(rule["id"], "LD003");
    plimsoll(&["rules", "--profiles"]).ends_with(0).says("moby-28 (default)");
    plimsoll(&["rules", "--schema", "daemon"]).ends_with(0).says("default-runtime");
    let schema = plimsoll(&["rules", "--schema", "host", "--format", "json"]).ends_with(0).json();
    assert_eq!(schema["id"], "host");
    plimsoll(&["rules", "--views"]).ends_with(0);
    plimsoll(&["rules", "LD003", "--views"]).ends_with(2);
}

#[test]
fn rules_are_tried_on_their_examples() {
    let (_folder, path) = folder("ours.toml", TABLE);
    let run = plimsoll(&["test", "--examples", "--table", &path]).ends_with(0);
    run.says("examples of the rules: ").says("rules: 1 of 1 fired\n");
    let (_folder, path) = folder("ours.toml", TABLE.replace("good = ['{}']", "good = ['{\"debug\": true}']"));
    // A table whose examples do not show what they are there for is broken, whatever it is used for.
    for command in [&["test", "--examples"][..], &["check", "-"]] {
        plimsoll(&[command, &["--table", &path]].concat())
            .ends_with(2)
            .complains("OUR001 for moby-23, moby-25, moby-27, moby-28: it fires on this `good` example");
    }
}
