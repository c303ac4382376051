//! Laws of the flows: every flow, in every case, with every step failing.

use std::collections::BTreeSet;

use plimsoll::lifecycle::{Action, ActionKind, Flow, Plan, Told, Value};

use crate::{FLOWS, values};

/// Everything a flow can depend on, as it is told.
fn everything(flow: &Flow) -> Vec<Told> {
    flow.variables.iter().fold(vec![Told::new()], |so_far, variable| {
        let longer = so_far.iter().flat_map(|told| {
            values(variable)
                .into_iter()
                .map(|value| told.iter().cloned().chain([(variable.name.clone(), value)]).collect())
        });
        longer.collect()
    })
}

/// Each flow in each case, done and with each step failing.
fn each_plan(f: &mut dyn FnMut(&Flow, Option<&str>, Plan)) {
    for flow in FLOWS.iter() {
        for told in everything(flow) {
            f(flow, None, flow.plan(None, &told).unwrap());
            for step in flow.steps() {
                if let Ok(plan) = flow.plan(Some(&step.id), &told) {
                    f(flow, Some(&step.id), plan);
                }
            }
        }
    }
}

#[test]
fn nothing_stays_behind_but_the_listed_leaks() {
    let mut leaks = BTreeSet::new();
    let mut plans = 0;
    each_plan(&mut |flow, failing, plan| {
        plans += 1;
        // What is there by the actions alone, counted apart from the planner's own books.
        let first = plan.actions.iter().flat_map(|action| &action.releases).chain(&plan.kept);
        let left: BTreeSet<&String> = plan.left.iter().map(|left| &left.resource).collect();
        let known: BTreeSet<&String> = first.chain(left.iter().copied()).collect();
        for action in &plan.actions {
            for resource in &action.acquires {
                assert!(known.contains(resource), "{} {failing:?}: {resource} is lost sight of", flow.id);
            }
        }
        for left in &plan.left {
            let leak =
                left.leak.as_ref().unwrap_or_else(|| panic!("{} {failing:?}: {}", flow.id, left.resource));
            leaks.insert(leak.to_string());
        }
        assert!(plan.kept.is_empty() || plan.told.is_none());
        assert_eq!(plan.failing.as_deref(), failing);
    });
    let listed: BTreeSet<String> =
        FLOWS.iter().flat_map(|flow| flow.leaks()).map(|leak| leak.id.to_string()).collect();
    assert_eq!(leaks, listed);
    assert!(plans > 200, "{plans}");
}

#[test]
fn what_fails_acquires_nothing_but_its_part_and_what_follows_is_undoing() {
    each_plan(&mut |flow, failing, plan| {
        let failed = plan.actions.iter().position(|action| action.kind == ActionKind::Fails);
        assert_eq!(failed.is_some(), failing.is_some());
        let Some(at) = failed else { return };
        let step = flow.steps().iter().find(|step| Some(step.id.as_str()) == failing).unwrap();
        assert!(plan.actions[..at].iter().all(|action| action.kind == ActionKind::Step));
        let after = |action: &Action| action.kind == ActionKind::Undo || step.goes_on;
        assert!(plan.actions[at + 1..].iter().all(after), "{} {failing:?}", flow.id);
        assert_eq!(plan.told, step.error);
        // Nothing is released twice.
        let released: Vec<&String> = plan.actions.iter().flat_map(|action| &action.releases).collect();
        assert_eq!(released.iter().collect::<BTreeSet<_>>().len(), released.len());
    });
}

fn plan(flow: &str, failing: Option<&str>, told: &[(&str, Value)]) -> (Vec<String>, Vec<String>) {
    let flow = FLOWS.iter().find(|known| known.id == flow).unwrap();
    let told = told.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    let plan = flow.plan(failing, &told).unwrap();
    let undone =
        plan.actions.iter().filter(|action| action.kind == ActionKind::Undo).map(|action| action.id.clone());
    let left = plan.left.iter().map(|left| left.leak.as_ref().unwrap().to_string());
    (undone.collect(), left.collect())
}

#[test]
fn the_seeds_compensations_are_in_the_plans() {
    let text = |text: &str| Value::Text(Some(text.to_owned()));
    let on = Value::Bool(true);
    let none: [String; 0] = [];
    // 004: a fresh deadline only if the first is used up; the bundle last, since its deletion was put off first.
    let (undone, left) = plan("task-create", Some("create"), &[("shim_delete", text("times out"))]);
    assert_eq!(
        undone,
        ["forget-shim", "delete-task-fails", "fresh-deadline", "shutdown", "close", "delete-bundle"]
    );
    assert_eq!(left, none);
    let (undone, left) = plan("task-create", Some("create"), &[("shim_delete", text("done"))]);
    assert_eq!(
        (undone.as_slice(), left.len()),
        (&["forget-shim", "delete-task", "delete-bundle"].map(str::to_owned)[..], 0)
    );
    let (undone, left) = plan("task-create", Some("features"), &[]);
    assert_eq!(
        (undone, left),
        (vec!["delete-bundle".to_owned()], ["FL021", "FL022", "FL023"].map(str::to_owned).to_vec())
    );
    // A sandbox's shim is nobody's to end.
    let (_, left) = plan("task-create", Some("features"), &[("sandboxed", on.clone())]);
    assert_eq!(left, ["FL022", "FL023"]);
    let (_, left) = plan("task-delete", None, &[("sandboxed", on.clone())]);
    assert_eq!(left, ["FL036"]);
    let (_, left) = plan("task-delete", None, &[]);
    assert_eq!(left, none);
    // 002: before there is a container there is nothing to clean up, and afterwards one clean-up does it.
    assert_eq!(plan("container-create", Some("merge"), &[]), (vec![], vec![]));
    assert_eq!(plan("container-create", Some("checkpoint-dir"), &[]), (vec!["cleanup".to_owned()], vec![]));
    assert_eq!(plan("container-create", Some("security"), &[("snapshotter", on.clone())]).1, ["FL001"]);
    // 003: the socket is closed whatever happens, and with a terminal nothing else is.
    assert_eq!(plan("shim-create", None, &[("terminal", on.clone())]).0, ["close-socket"]);
    let (undone, left) =
        plan("shim-create", Some("copy-console"), &[("terminal", on.clone()), ("stdin", on.clone())]);
    assert_eq!(
        (undone, left),
        (vec!["close-socket".to_owned()], ["FL042", "FL043", "FL044", "FL045"].map(str::to_owned).to_vec())
    );
    assert_eq!(plan("shim-create", None, &[("checkpoint", on.clone())]), (vec![], vec![]));
    assert_eq!(plan("shim-delete", None, &[]), (vec![], vec![]));
    assert_eq!(plan("shim-delete", None, &[("terminal", on)]).1, ["FL071"]);
    // A cause that is swallowed is not in the message.
    let flow = FLOWS.iter().find(|flow| flow.id == "task-start-up").unwrap();
    let told = flow.plan(Some("existing-shims"), &Told::new()).unwrap().told;
    assert_eq!(told.as_deref(), Some("failed to load existing shims for task manager"));
}

#[test]
fn modes_of_directories_are_told() {
    let does = |flow: &str, step: &str| {
        let flow = FLOWS.iter().find(|known| known.id == flow).unwrap();
        flow.steps().iter().find(|known| known.id == step).unwrap().does.clone()
    };
    assert!(does("container-create", "root-dir").contains("0710"));
    assert!(does("container-create", "checkpoint-dir").contains("0700"));
    assert!(does("task-start-up", "state-dir").contains("0711"));
}

#[test]
fn a_plan_for_a_step_that_is_not_there_is_refused() {
    let flow = FLOWS.iter().find(|flow| flow.id == "shim-create").unwrap();
    let told = vec![("terminal".to_owned(), Value::Bool(true))];
    for (step, told) in [("io", &told), ("nope", &told), ("note-checkpoint", &told), ("socket", &Told::new())]
    {
        let error = flow.plan(Some(step), told).unwrap_err().to_string();
        assert!(error.contains(&format!("there is no step that can fail here `{step}`")), "{error}");
    }
    let error = flow.plan(None, &vec![("terminl".to_owned(), Value::Bool(true))]).unwrap_err().to_string();
    assert!(error.contains("perhaps `terminal` is meant"), "{error}");
    let error = flow.plan(None, &vec![("terminal".to_owned(), Value::Text(None))]).unwrap_err().to_string();
    assert_eq!(error, "`terminal` is true or false");
}

#[test]
fn broken_flows_do_not_load_and_say_where() {
    const CREATE: &str = include_str!("../../spec/flows/task-create.toml");
    let cases = [
        ("releases = [\"entry\"]", "", "`entry` stays behind if `create` fails, and no leak says so"),
        ("armed    = \"bundle\"", "armed    = \"create\"", "`bundle` stays behind if `shim-start` fails"),
        (
            "resource = \"entry\"\nfailing  = [\"shim-task\", \"features\"]",
            "resource = \"entry\"\nfailing  = [\"features\"]",
            "`entry` stays behind if `shim-task` fails",
        ),
        (
            "resource = \"entry\"\nfailing  = [\"shim-task\", ",
            "resource = \"entry\"\nfailing  = [\"bundle\", \"shim-task\", ",
            "FL023 does not stay if `bundle` fails",
        ),
        ("result = [\"bundle\", ", "result = [", "`bundle` stays behind if the flow is done"),
        ("acquires = [\"task\"]", "acquires = [\"tsk\"]", "there is no resource `tsk`"),
        ("armed    = \"bundle\"", "armed    = \"bndle\"", "there is no step `bndle`"),
        ("when     = \"sandboxed\"", "when     = \"sandboxd\"", "there is no variable `sandboxd`"),
        (
            "when     = \"sandboxed\"",
            "when     = \"shim_delete == 'lost'\"",
            "`lost` is none of not found, done",
        ),
        (
            "when     = \"sandboxed\"",
            "when     = \"sandboxed && !sandboxed\"",
            "the step `shim-connect` is never done",
        ),
        (
            "shim_delete == 'times out'\"",
            "shim_delete == 'times out' && false\"",
            "`fresh-deadline` never undoes anything",
        ),
        (
            "error    = \"failed to start shim: {error}\"",
            "",
            "a step that can fail says what the caller is told",
        ),
        ("id       = \"shim-task\"", "id       = \"bundle\"", "there is already a step `bundle`"),
        ("id       = \"FL022\"", "id       = \"FL021\"", "the id FL021 is already used"),
        (
            "[[undo]]\nid       = \"forget-shim\"\nfailing  = [\"create\"]",
            "[[undo]]\nid       = \"forget-shim\"",
            "what is undone where a step fails names the steps",
        ),
        ("evidence = \"read\"", "evidence = \"guessed\"", "`evidence` is \"recorded\" or \"read\""),
        ("[flow]", "[flw]", "`[flow]` is missing"),
    ];
    for (from, to, message) in cases {
        assert!(CREATE.contains(from), "{from}");
        let text = CREATE.replacen(from, to, 1);
        let error = Flow::parse(&[("task-create.toml", &text)]).unwrap_err();
        let found: Vec<&String> = error.errors.iter().flat_map(|e| &e.problems).map(|p| &p.message).collect();
        assert!(found.iter().any(|found| found.contains(message)), "{to}: {found:#?}");
    }
}
