//! `plimsoll prove` and `plimsoll diff`, as a user calls them, wrong calls too.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::run::{folder, plimsoll};

/// A copy of spec/, with one text in one of its files changed.
fn spec(file: &str, from: &str, to: &str) -> (tempfile::TempDir, String) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("spec");
    let text = fs::read_to_string(root.join(file)).unwrap();
    assert!(text.contains(from), "{file} has no {from}");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, text.replacen(from, to, 1)).unwrap();
    let name = folder.path().to_str().unwrap().to_owned();
    (folder, name)
}

const SAME: (&str, &str, &str) = ("rules/write.toml", "[table]", "[table]");

#[test]
fn a_theorem_is_proved_or_refuted_as_listed() {
    plimsoll(&["prove", "permissible-has-no-slash", "exec-never-crashes-the-shim"])
        .ends_with(0)
        .says("permissible-has-no-slash: holds")
        .says("exec-never-crashes-the-shim: refuted, as listed")
        .says(r#"{"machine":"exec","ops":[{"op":"Start","runtime_error":"x"},{"op":"SetExited"}]}"#)
        .says("2 theorems: 1 hold, 1 refuted as listed, 0 not as listed, 0 undecided")
        .says("Not proved:");
    let json =
        plimsoll(&["prove", "init-never-runs-again", "exec-never-crashes-the-shim", "--format", "json"])
            .ends_with(0)
            .json();
    let theorems = json["theorems"].as_array().unwrap();
    assert_eq!(theorems.len(), 2);
    assert!(theorems.iter().all(|one| one["milliseconds"].is_u64() && one["as_expected"] == true));
    assert_eq!(theorems[0]["verdict"], "holds");
    assert_eq!(theorems[1]["cases"][0]["witness"]["input"]["machine"], "exec");
    assert_eq!(json["undecided"], Value::Array(Vec::new()));
    assert!(!json["not_proved"].as_array().unwrap().is_empty());
}

/// What a proof shows is a question that anybody can ask.
#[test]
fn a_trace_of_a_refutation_crashes_where_it_is_asked() {
    let json = plimsoll(&["prove", "exec-never-crashes-the-shim", "--format", "json"]).json();
    for case in json["theorems"][0]["cases"].as_array().unwrap() {
        let (_folder, path) = folder("trace.json", case["witness"]["input"].to_string());
        plimsoll(&["check", "--kind", "lifecycle", "--profile", "containerd-2.1", &path])
            .ends_with(1)
            .says("LE090");
    }
}

#[test]
fn the_folder_of_the_source_is_what_is_built_in() {
    plimsoll(&["prove", "runc-is-reserved", "--spec", "spec"]).ends_with(0).says("1 theorem: 1 hold");
    plimsoll(&["diff", "spec", "spec"]).ends_with(0).says("0 newly allowed, 0 newly denied, 0 undecided");
    let (_folder, dir) = spec("schema/shim-options.toml", "[schema]", "# Ours.\n[schema]");
    plimsoll(&["prove", "--spec", &dir]).ends_with(2).complains("differs from the one built in");
}

#[test]
fn a_changed_table_fails_the_theorems_about_it() {
    // A stopped process that can be started again.
    let (_folder, dir) = spec(
        "lifecycle/init.toml",
        r#"stopped           = { id = "LI005", refuse = "cannot start a stopped process", help = "Delete it and create a new container from the same bundle." }"#,
        r#"stopped           = { id = "LI005", call = "start", next = "running" }"#,
    );
    plimsoll(&["prove", "init-never-runs-again", "--spec", &dir])
        .ends_with(1)
        .says("init-never-runs-again: refuted")
        .says(r#"{"machine":"init","ops":[{"op":"SetExited"},{"op":"Start"}]}"#)
        .says("1 not as listed");
    let (_other, same) = spec(SAME.0, SAME.1, SAME.2);
    plimsoll(&["diff", &same, &dir, "--kind", "lifecycle"])
        .ends_with(0)
        .says(r#"machine init: {"machine":"init","ops":[{"op":"SetExited"},{"op":"Start"}]}"#)
        .says("after:  LI005: done");
    plimsoll(&["diff", &same, &dir, "--kind", "lifecycle", "--fail-on", "newly-allowed"]).ends_with(1);
}

#[test]
fn a_changed_rule_shows_in_what_it_lets_through() {
    let (_folder, dir) = spec("rules/write.toml", "'..'", "'...'");
    let (_other, same) = spec(SAME.0, SAME.1, SAME.2);
    let args = ["diff", &same, &dir, "--kind", "write", "--profile", "moby-28"];
    plimsoll(&args).ends_with(0).says("newly allowed").says(r#"{"file_name":".."}"#);
    let json = plimsoll(&[&args[..], &["--format", "json", "--fail-on", "newly-allowed"]].concat())
        .ends_with(1)
        .json();
    assert!(json["differences"].as_array().unwrap().iter().any(|one| one["direction"] == "newly allowed"));
    plimsoll(&["diff", &dir, &same, "--kind", "write", "--fail-on", "newly-allowed"])
        .ends_with(1)
        .says("\"...\"");
    plimsoll(&[
        "diff",
        &same,
        &same,
        "--fail-on",
        "newly-allowed",
        "--fail-on",
        "newly-denied",
        "--kind",
        "write",
    ])
    .ends_with(0)
    .says("write: equivalent, proved")
    .says("0 newly allowed, 0 newly denied, 0 undecided");
}

#[test]
fn wrong_calls_say_what_is_wrong() {
    plimsoll(&["prove", "permissible-has-no-slas"])
        .ends_with(2)
        .complains("there is no theorem `permissible-has-no-slas`")
        .complains("perhaps `permissible-has-no-slash` is meant");
    plimsoll(&["prove", "--spec", "tests/cases"]).ends_with(2).complains("nothing of plimsoll's spec in it");
    plimsoll(&["prove", "--spec", "/nowhere"]).ends_with(2).complains("nothing of plimsoll's spec in it");
    plimsoll(&["prove", "--spec", "spec", "--table", "x.toml"]).ends_with(2);
    let (folder, dir) = spec(SAME.0, SAME.1, SAME.2);
    fs::write(folder.path().join("rules/writes.toml"), "").unwrap();
    plimsoll(&["prove", "--spec", &dir])
        .ends_with(2)
        .complains("rules/writes.toml: there is no such file in plimsoll's spec");
    let (_broken, dir) = spec("lifecycle/exec.toml", "next = \"running\"", "next = \"runing\"");
    plimsoll(&["prove", "--spec", &dir]).ends_with(2).complains("lifecycle/exec.toml").complains("runing");
    let (_broken, dir) =
        spec("theorems.toml", "form      = \"machine-total\"", "form      = \"machine-totl\"");
    plimsoll(&["prove", "--spec", &dir]).ends_with(2).complains("there is no such form of theorem");
    for (args, what) in [
        (["diff", "moby-28", "moby-29"], "moby-29"),
        (["diff", "moby-28", "tests/cases/daemon.json"], "are not of one sort"),
        (["diff", "spec", "moby-28"], "are not of one sort"),
        (["diff", "nowhere.toml", "spec/rules/write.toml"], "nowhere.toml"),
        (["diff", "nowhere.json", "tests/cases/daemon.json"], "nowhere.json"),
    ] {
        plimsoll(&args).ends_with(2).complains(what);
    }
    plimsoll(&["diff", "moby-28", "containerd-2.1", "--kind", "create"])
        .ends_with(2)
        .complains("there is no kind of document that both judge");
}

#[test]
fn versions_and_daemon_files_fail_on_what_is_asked() {
    plimsoll(&["diff", "moby-23", "moby-25", "--kind", "name"]).ends_with(0).says("newly allowed, NA004");
    plimsoll(&["diff", "moby-23", "moby-25", "--kind", "name", "--fail-on", "newly-allowed"]).ends_with(1);
    plimsoll(&["diff", "moby-25", "moby-27", "--kind", "name", "--fail-on", "newly-allowed"]).ends_with(0);
    let (_one, old) = folder("old.json", r#"{"runtimes": {"runc": {"path": "x"}}}"#);
    let (_two, new) = folder("new.json", "{}");
    plimsoll(&["diff", &old, &new]).ends_with(0).says("deny");
    plimsoll(&["diff", &old, &new, "--fail-on", "newly-allowed"]).ends_with(1);
    plimsoll(&["diff", &new, &old]).ends_with(1);
}
