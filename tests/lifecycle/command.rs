//! `plimsoll lifecycle` from outside.

use crate::run::{fed, plimsoll};

fn snapshot(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(concat!(env!("CARGO_MANIFEST_DIR"), "/snapshots/lifecycle"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

#[test]
fn machines_are_printed_in_every_format() {
    for (name, more) in [
        ("table", &[][..]),
        ("dot", &["--format", "dot"]),
        ("mermaid", &["--format", "mermaid"]),
        ("exec-json", &["--machine", "exec", "--format", "json"]),
    ] {
        snapshot(name, &plimsoll(&[&["lifecycle"], more].concat()).ends_with(0).stdout);
    }
    plimsoll(&["lifecycle", "--machine", "iniit"]).ends_with(2).complains("perhaps `init` is meant");
    plimsoll(&["lifecycle", "--profile", "moby-28"]).ends_with(2).complains("containerd-2.1");
}

#[test]
fn a_step_is_answered() {
    let refused = plimsoll(&["lifecycle", "step", "paused", "Delete"]).ends_with(1);
    snapshot("step-refused", &refused.stdout);
    plimsoll(&["lifecycle", "step", "running", "Pause"]).ends_with(0).says("state     paused");
    let tell = ["--tell", "runtime_error=cgroup busy"];
    plimsoll(&[&["lifecycle", "step", "running", "Pause"][..], &tell].concat())
        .ends_with(1)
        .says("OCI runtime pause failed: cgroup busy");
    let exec =
        ["lifecycle", "step", "--machine", "exec", "created", "Status", "--tell", "parent_state=paused"];
    plimsoll(&exec).ends_with(0).says("status    paused");
    let json = plimsoll(&["lifecycle", "step", "deleted", "Kill", "--format", "json"]).ends_with(1).json();
    assert_eq!((json["rule"].as_str(), json["class"].as_str()), (Some("LI076"), Some("NotFound")));
    for (args, what) in [
        (&["runing", "Kill"][..], "perhaps `running` is meant"),
        (&["running", "Kil"], "perhaps `Kill` is meant"),
        (&["running", "Kill", "--tell", "x"], "it is written NAME=VALUE"),
        (&["running", "Kill", "--tell", "pausin=true"], "perhaps `pausing` is meant"),
        (&["running", "Kill", "--tell", "pausing=yes"], "`pausing` is true or false"),
    ] {
        plimsoll(&[&["lifecycle", "step"], args].concat()).ends_with(2).complains(what);
    }
}

#[test]
fn a_trace_is_checked_like_other_documents() {
    let trace = r#"{"machine": "init", "checkpoint": true,
"ops": [{"op": "Pause"}, {"op": "Start"}, {"op": "Delete"}]}"#;
    let checked = fed(&["check", "--kind", "lifecycle", "-"], trace.as_bytes()).ends_with(1);
    snapshot("trace", &checked.stdout);
    let wrong = r#"{"machine": "init", "ops": [{"op": "Start"}, {"op": "Delte"}]}"#;
    fed(&["check", "--kind", "lifecycle", "-"], wrong.as_bytes())
        .ends_with(2)
        .complains("/ops/1/op: there is no operation `Delte`");
    // Without `--kind`, by its keys, as the newest profile that judges it does.
    fed(&["check", "-"], trace.as_bytes()).ends_with(1).says("containerd-2.1");
    fed(&["check", "--profile", "moby-28", "-"], trace.as_bytes())
        .ends_with(2)
        .complains("`--profile containerd-2.1` judges it");
}

#[test]
fn flows_and_plans_are_printed() {
    snapshot("flows", &plimsoll(&["lifecycle", "flow"]).ends_with(0).stdout);
    snapshot("flow", &plimsoll(&["lifecycle", "flow", "shim-create"]).ends_with(0).stdout);
    let plan = ["lifecycle", "flow", "task-create", "--fail", "features"];
    snapshot("plan", &plimsoll(&plan).ends_with(1).stdout);
    snapshot("plan-json", &plimsoll(&[&plan[..], &["--format", "json"]].concat()).ends_with(1).stdout);
    plimsoll(&["lifecycle", "flow", "task-create", "--fail", "none"])
        .ends_with(0)
        .says("Nothing stays behind");
    plimsoll(&["lifecycle", "flow", "task-crate"]).ends_with(2).complains("perhaps `task-create` is meant");
    plimsoll(&["lifecycle", "flow", "task-create", "--fail", "featurs"])
        .ends_with(2)
        .complains("perhaps `features` is meant");
    plimsoll(&["lifecycle", "flow", "--fail", "x"]).ends_with(2);
}

#[test]
fn rows_are_explained_like_rules() {
    snapshot("row", &plimsoll(&["rules", "LE090"]).ends_with(0).stdout);
    plimsoll(&["rules", "fl021"]).ends_with(0).says("the shim goes on without a task");
    plimsoll(&["rules", "--profile", "containerd-1.7"]).ends_with(0).says("machine/init (lifecycle)");
    let all = plimsoll(&["rules", "--profile", "containerd-1.7", "--format", "json"]).ends_with(0).json();
    assert!(all.as_array().unwrap().iter().any(|row| row["id"] == "LI014" && row["subject"] == "lifecycle"));
}
