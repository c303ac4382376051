//! Laws of the machines, by enumeration of everything hidden and told, and for arbitrary questions.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll::facts::Limits;
use plimsoll::lifecycle::{
    Flow, Lifecycle, Machine, Process, RowDoc, RowKind, Step, Told, Value, Variable, Way,
};
use plimsoll::source::Span;
use plimsoll::subject::Policy;
use plimsoll::table::Catalog;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::FileFailurePersistence;

use crate::{FLOWS, LIFECYCLE, SAID, values};

const ERRORS: &str = include_str!("../../spec/lifecycle/errors.toml");
const INIT: &str = include_str!("../../spec/lifecycle/init.toml");
const EXEC: &str = include_str!("../../spec/lifecycle/exec.toml");

fn config(cases: u32) -> ProptestConfig {
    let persistence = FileFailurePersistence::Direct("tests/regressions/lifecycle.txt");
    ProptestConfig { cases, failure_persistence: Some(Box::new(persistence)), ..ProptestConfig::default() }
}

/// All combinations of the variables that `wanted` picks; the others as they are for a new process.
fn combinations(machine: &Machine, wanted: impl Fn(&Variable) -> bool) -> Vec<Vec<Value>> {
    machine.variables().iter().fold(vec![Vec::new()], |so_far, variable| {
        let values = if wanted(variable) { values(variable) } else { vec![variable.fresh.clone()] };
        let with =
            |one: Vec<Value>| values.iter().map(move |v| one.iter().cloned().chain([v.clone()]).collect());
        so_far.into_iter().flat_map(|one| with(one).collect::<Vec<_>>()).collect()
    })
}

fn named(machine: &Machine, values: &[Value], hidden: bool) -> Told {
    let pairs = machine.variables().iter().zip(values).filter(|(variable, _)| variable.hidden == hidden);
    pairs.map(|(variable, value)| (variable.name.clone(), value.clone())).collect()
}

/// Every process there can be, and every operation with everything that can be told.
fn each(f: &mut dyn FnMut(&Process<'_>, &str, &Told)) {
    for machine in LIFECYCLE.machines() {
        for state in machine.states() {
            for values in combinations(machine, |variable| variable.name != "log_unreadable") {
                let mut process = LIFECYCLE.process_in(&machine.id, &state.name).unwrap();
                for (name, value) in named(machine, &values, true) {
                    process.tell(&name, value).unwrap();
                }
                let told = named(machine, &values, false);
                for operation in machine.operations() {
                    f(&process, &operation.name, &told);
                }
            }
        }
    }
}

fn hidden(process: &Process<'_>) -> Vec<Value> {
    process.hidden().map(|(_, value)| value.clone()).collect()
}

#[test]
fn every_state_and_operation_has_exactly_one_row_whatever_is_hidden() {
    let mut cells = 0;
    for machine in LIFECYCLE.machines() {
        for (number, operation) in machine.operations().iter().enumerate() {
            if matches!(operation.way, Way::On { .. }) {
                continue;
            }
            for (state, _) in machine.states().iter().enumerate() {
                cells += 1;
                let rows = machine.cell(state, number);
                for values in combinations(machine, |_| true) {
                    let speak = rows.iter().filter(|row| row.when.holds(&values)).count();
                    assert_eq!(speak, 1, "{} {} {state}", machine.id, operation.name);
                }
            }
        }
    }
    assert_eq!(cells, 12 * 6 + 8 * 4);
}

#[test]
fn ids_are_used_once_and_by_no_rule() {
    let rows: Vec<RowDoc> = LIFECYCLE.rows().chain(FLOWS.iter().flat_map(Flow::rows)).collect();
    let ids: Vec<String> = rows.iter().map(|row| row.id.to_string()).collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
    let catalog = Catalog::builtin().unwrap();
    for rule in catalog.rules() {
        assert!(!ids.contains(&rule.id.to_string()), "{}", rule.id);
    }
    for row in rows {
        assert!(!row.why.is_empty() && !row.source.is_empty() && !row.title.is_empty(), "{}", row.id);
        assert!(row.effect == "allow" || !row.help.is_empty(), "{}", row.id);
    }
}

#[test]
fn deleted_is_absorbing_and_a_stopped_process_changes_state_by_delete_only() {
    each(&mut |process, operation, told| {
        let mut after = process.clone();
        let step = after.step(operation, told).unwrap();
        match process.state() {
            "deleted" => assert_eq!(step.state, "deleted", "{operation}"),
            "stopped" if step.state != "stopped" => {
                assert_eq!((operation, step.state.as_str()), ("Delete", "deleted"));
            }
            _ => {}
        }
    });
}

#[test]
fn what_is_refused_changes_nothing_and_says_why() {
    each(&mut |process, operation, told| {
        let mut after = process.clone();
        let step = after.step(operation, told).unwrap();
        assert_eq!(step.ok, step.refused.is_none());
        assert_eq!(step.ok, step.message.is_none());
        assert!(step.ok || step.state == process.state(), "{operation}");
        assert!(step.ok || step.status.is_none());
        // Nothing was called: nothing has happened. A call that fails may leave traces, such as a closed channel.
        if !step.ok && step.called.is_none() {
            assert_eq!(hidden(process), hidden(&after), "{operation}");
        }
        assert_eq!(after.state(), step.state);
        if step.crashed {
            assert!(after.step(operation, told).is_err());
        }
    });
}

#[test]
fn a_question_changes_nothing() {
    each(&mut |process, operation, told| {
        if operation == "Status" {
            let mut after = process.clone();
            let step = after.step(operation, told).unwrap();
            assert!(step.ok && step.status.is_some());
            assert_eq!((hidden(process), process.state()), (hidden(&after), after.state()));
        }
    });
}

/// The states that can be reached from one, and by which operations.
fn reachable(machine: &Machine, from: &str) -> BTreeMap<String, Vec<String>> {
    let mut ways = BTreeMap::from([(from.to_owned(), Vec::new())]);
    let mut open = vec![LIFECYCLE.process_in(&machine.id, from).unwrap()];
    while let Some(process) = open.pop() {
        let way = ways.get(process.state()).cloned().unwrap_or_default();
        for operation in machine.operations() {
            let mut next = process.clone();
            if next.step(&operation.name, &Vec::new()).is_ok_and(|step| step.ok)
                && !ways.contains_key(next.state())
            {
                let longer = way.iter().cloned().chain([operation.name.clone()]).collect();
                ways.insert(next.state().to_owned(), longer);
                open.push(next);
            }
        }
    }
    ways
}

#[test]
fn deletion_can_be_reached_from_every_state_and_every_state_from_a_new_process() {
    for machine in LIFECYCLE.machines() {
        for state in machine.states() {
            assert!(reachable(machine, &state.name).contains_key("deleted"), "{} {}", machine.id, state.name);
        }
        let mut found: BTreeSet<String> =
            reachable(machine, machine.first_state(false)).into_keys().collect();
        found.extend(reachable(machine, machine.first_state(true)).into_keys());
        let all: BTreeSet<String> = machine.states().iter().map(|state| state.name.clone()).collect();
        assert_eq!(found, all, "{}", machine.id);
    }
}

#[test]
fn every_row_of_a_machine_is_followed_by_some_step() {
    let mut spoke = BTreeSet::new();
    each(&mut |process, operation, told| {
        let step = process.clone().step(operation, told).unwrap();
        spoke.insert(step.row.to_string());
        spoke.extend(step.error.map(|id| id.to_string()));
        spoke.extend(step.refused.map(|refused| refused.id.to_string()));
    });
    // Those about a log that cannot be read are left out of the enumeration.
    let silent: Vec<String> =
        LIFECYCLE.rows().map(|row| row.id.to_string()).filter(|id| !spoke.contains(id)).collect();
    assert_eq!(silent, ["LX013", "LX022"]);
}

#[test]
fn errors_of_the_runtime_are_classified() {
    let mut process = LIFECYCLE.process_in("init", "running").unwrap();
    let text = |text: &str| Value::Text(Some(text.to_owned()));
    let mut said = |operation: &str, told: &[(&str, &str)]| {
        let told = told.iter().map(|(name, value)| ((*name).to_owned(), text(value))).collect();
        let step = process.step(operation, &told).unwrap();
        (step.message.unwrap_or_default(), step.class.map(|class| class.as_str()))
    };
    let error = "runtime_error";
    for gone in
        ["x: os: process already finished", "container not running", "No Such Process", "no such process"]
    {
        let expected = ("process already finished: not found".to_owned(), Some("NotFound"));
        assert_eq!(said("Kill", &[(error, gone)]), expected, "{gone}");
    }
    assert_eq!(said("Kill", &[(error, "container does not exist")]).0, "no such container: not found");
    assert_eq!(
        said("Kill", &[(error, "Container not running")]),
        ("unknown error after kill: Container not running".to_owned(), None)
    );
    assert_eq!(said("Pause", &[(error, "a\nb")]).0, "OCI runtime pause failed: a\nb");
    let log = "{\"level\":\"error\",\"msg\":\"first\"}\n{\"level\":\"error\",\"msg\":\"cgroup busy\"}\n{\"level\":\"info\",\"msg\":\"x\"}";
    assert_eq!(said("Pause", &[(error, "boom"), ("log", log)]).0, "OCI runtime pause failed: cgroup busy");
    assert_eq!(
        said("Pause", &[(error, "boom"), ("log_unreadable", "open log.json: permission denied")]).0,
        "OCI runtime pause failed: unable to retrieve OCI runtime error (open log.json: permission denied): boom"
    );
    assert!(
        said("Pause", &[(error, "boom"), ("log", "not json")])
            .0
            .starts_with("OCI runtime pause failed: unable to retrieve OCI runtime error (invalid character")
    );
    assert_eq!(said("KillAll", &[(error, "boom")]).0, "OCI runtime killall failed: boom");
    assert_eq!(said("Update", &[(error, "boom"), ("log", log)]).0, "boom");
    assert_eq!(
        said("Checkpoint", &[(error, "criu failed\nlong\nstory"), ("bundle", "/b")]).0,
        "criu failed path= /b/criu-dump.log"
    );
    let mut stopped = LIFECYCLE.process_in("init", "stopped").unwrap();
    let told = vec![(error.to_owned(), text("container does not exist"))];
    assert!(stopped.step("Delete", &told).unwrap().ok);
}

#[test]
fn pausing_is_what_is_seen_while_a_pause_is_under_way() {
    let pausing = |name: &str| vec![(name.to_owned(), Value::Bool(true))];
    for state in LIFECYCLE.machine("init").unwrap().states() {
        let mut process = LIFECYCLE.process_in("init", &state.name).unwrap();
        assert_eq!(process.step("Status", &pausing("pausing")).unwrap().status.as_deref(), Some("pausing"));
    }
    for state in LIFECYCLE.machine("exec").unwrap().states() {
        let mut process = LIFECYCLE.process_in("exec", &state.name).unwrap();
        let step = process.step("Status", &pausing("parent_pausing")).unwrap();
        assert_eq!(step.status.as_deref(), Some("pausing"));
    }
}

#[test]
fn a_live_process_can_be_killed_and_a_container_exits_even_if_it_cannot_be_thawed() {
    let mut process = LIFECYCLE.process_in("exec", "running").unwrap();
    let sent = vec![("signal_error".to_owned(), Value::Text(None))];
    assert!(process.step("Kill", &sent).unwrap().ok);
    let mut paused = LIFECYCLE.process_in("init", "paused").unwrap();
    let told = vec![("runtime_error".to_owned(), Value::Text(Some("boom".to_owned())))];
    let step = paused.step("SetExited", &told).unwrap();
    assert_eq!(
        (step.ok, step.state.as_str(), step.called.as_deref()),
        (true, "stopped", Some("runtime resume"))
    );
    assert!(step.swallowed.is_some_and(|what| what.contains("boom")));
}

#[test]
fn a_profile_of_containerd_has_the_machines_and_no_other() {
    let catalog = Catalog::builtin().unwrap();
    for profile in catalog.profiles().iter() {
        let policy = Policy::new(catalog.clone(), &profile.id).unwrap();
        assert_eq!(policy.lifecycle().is_some(), profile.line == "containerd", "{}", profile.id);
    }
    for machine in LIFECYCLE.machines() {
        assert_eq!(catalog.profiles().get(&machine.since).unwrap().line, machine.line);
    }
}

/// What is wrong with tables in which `from` is replaced by `to`, and the text under the first problem.
fn broken(errors: &str, init: &str, exec: &str) -> Vec<(String, String)> {
    let machines = [("init.toml", init), ("exec.toml", exec)];
    let error = Lifecycle::parse(("errors.toml", errors), &machines).unwrap_err();
    let problems = error.errors.iter().flat_map(|table| {
        let under = |span: Span| String::from_utf8_lossy(span.slice(table.text.as_bytes())).into_owned();
        table.problems.iter().map(move |problem| (problem.message.clone(), under(problem.span)))
    });
    problems.collect()
}

#[test]
fn broken_machines_do_not_load_and_say_where() {
    let cases = [
        (
            "running           = { id = \"LI043\", call = \"update\" }\n",
            "",
            "there is no row for the state `running`",
            "Update",
        ),
        ("next = \"paused\"", "next = \"pausing\"", "there is no state `pausing`", "\"pausing\""),
        ("fresh    = \"created\"", "fresh    = \"creatd\"", "there is no state `creatd`", "\"creatd\""),
        ("call = \"pause\"", "call = \"freeze\"", "there is no call `freeze`", "\"freeze\""),
        (
            "when = \"!pausing\", status = \"running\"",
            "when = \"true\", status = \"running\"",
            "in the state `running`, more than one row speaks if pausing",
            "Status",
        ),
        (
            "rows = [{ id = \"LI110\", when = \"pausing\", status = \"pausing\" }]",
            "rows = []",
            "in the state `created`, no row speaks if pausing",
            "Status",
        ),
        ("when = \"pausing\"", "when = \"pausin\"", "there is no variable `pausin`", "pausin"),
        ("when = \"pausing\"", "when = \"pausing &&\"", "", ""),
        (
            "when = \"pausing\"",
            "when = \"size(pausing) > 1\"",
            "conditions of these tables are made of",
            "size(pausing) > 1",
        ),
        ("id = \"LI023\"", "id = \"LI022\"", "the id LI022 is already used", "\"LI022\""),
        ("id = \"LI023\"", "id = \"LI23\"", "an id is two or three capital letters", "\"LI23\""),
        ("class = \"NotFound\"", "class = \"Lost\"", "there is no class `Lost`", "\"Lost\""),
        ("errors    = \"kill\"", "errors    = \"kil\"", "there is no table of errors `kil`", "\"kil\""),
        (
            "error     = \"runtime_error\"",
            "error     = \"pausing\"",
            "a call fails with a text",
            "\"pausing\"",
        ),
        (
            "help = \"Resume it.\" }",
            "}",
            "`help` is missing",
            "{ id = \"LI004\", refuse = \"cannot start a paused process\", }",
        ),
        ("help = \"Resume it.\"", "hlp = \"Resume it.\"", "unknown key `hlp`", "hlp"),
        ("[state.paused]", "[state.Paused]", "there is no state `paused`", "\"paused\""),
        ("[machine]", "[machines]", "`[machine]` is missing", ""),
        (
            "type = \"bool\"",
            "type = \"boolean\"",
            "`type` is \"bool\", \"string\", \"state\" or \"one\"",
            "\"boolean\"",
        ),
        (
            "deleted           = { id = \"LI106\" }",
            "gone = { id = \"LI106\" }",
            "there is no state `gone`",
            "gone",
        ),
        ("deleted           = { id = \"LI106\" }", "deleted = \"stays\"", "a cell is a row", "\"stays\""),
        (
            "deleted           = { id = \"LI106\" }",
            "deleted = { like = \"deletd\" }",
            "there is no state `deletd`",
            "\"deletd\"",
        ),
    ];
    for (from, to, message, under) in cases {
        assert!(INIT.contains(from), "{from}");
        let found = broken(ERRORS, &INIT.replacen(from, to, 1), EXEC);
        let hit = found.iter().any(|(m, u)| m.contains(message) && (under.is_empty() || u == under));
        assert!(hit, "{to}: {found:#?}");
    }
    let exec = [
        ("machine = \"init\"", "machine = \"inits\"", "there is no machine before this one `inits`"),
        ("as      = \"Pause\"", "as      = \"Paus\"", "there is no operation `Paus`"),
        ("on      = \"parent_state\"", "on      = \"pid\"", "`pid` does not hold a state of `init`"),
        ("as   = \"Kill\"", "as   = \"KillNoPid\"", "`KillNoPid` has no rows of its own"),
        ("parent_state == 'paused'", "parent_state == 'pausd'", "`pausd` is none of created"),
        ("crash = \"LE090\"", "crash = \"LE091\"", "there is no crash `LE091`"),
        ("with = { pid = false }", "with = { runtime_error = 'x' }", "is told with each step and not kept"),
        ("set = { pid = true }", "set = { pid = 'yes' }", "`pid` is true or false"),
        ("fresh  = \"running\"", "fresh  = \"runing\"", "`parent_state` is one of created"),
        (
            "when = \"pid && !exited\"",
            "when = \"pid\"",
            "in the state `created`, more than one row speaks if pid, exited",
        ),
    ];
    for (from, to, message) in exec {
        assert!(EXEC.contains(from), "{from}");
        let found = broken(ERRORS, INIT, &EXEC.replacen(from, to, 1));
        assert!(found.iter().any(|(m, _)| m.contains(message)), "{to}: {found:#?}");
    }
    let errors = [
        ("when = \"error.contains('does not exist')\"", "when = \"false\"", "`delete`: no row speaks if"),
        ("{operation}: {last}", "{operation}: {lst}", "behind `{` stands one of"),
        ("log == 'line'", "log == 'lines'", "`lines` is none of line, none, unreadable"),
        ("lowered.contains(", "lowered.matches(", "there is no test `matches`"),
        ("error.contains('os: ", "error.contains(7, 'os: ", "`contains` takes one text"),
    ];
    for (from, to, message) in errors {
        assert!(ERRORS.contains(from), "{from}");
        let found = broken(&ERRORS.replacen(from, to, 1), INIT, EXEC);
        assert!(found.iter().any(|(m, _)| m.contains(message)), "{to}: {found:#?}");
    }
}

/// A step of a trace: an operation of a machine, perhaps with an error.
fn traces() -> impl Strategy<Value = (String, bool, Vec<(String, Option<String>)>)> {
    let ids: Vec<String> = LIFECYCLE.machines().iter().map(|machine| machine.id.clone()).collect();
    (select(ids), any::<bool>()).prop_flat_map(|(id, checkpoint)| {
        let machine = LIFECYCLE.machine(&id).unwrap();
        let names: Vec<String> =
            machine.operations().iter().map(|operation| operation.name.clone()).collect();
        let error =
            prop_oneof![3 => Just(None), 1 => select(SAID.to_vec()).prop_map(|said| Some(said.to_owned()))];
        let steps = prop::collection::vec((select(names), error), 0..12);
        (Just(id), Just(checkpoint), steps)
    })
}

proptest! {
    #![proptest_config(config(400))]

    #[test]
    fn a_trace_is_its_steps_one_after_the_other((id, checkpoint, ops) in traces()) {
        let document = serde_json::json!({
            "machine": id,
            "checkpoint": checkpoint,
            "ops": ops.iter().map(|(op, error)| match error {
                Some(error) => serde_json::json!({ "op": op, "runtime_error": error }),
                None => serde_json::json!({ "op": op }),
            }).collect::<Vec<_>>(),
        });
        let judged = LIFECYCLE.judge(document.to_string().as_bytes(), &Limits::default(), 100).unwrap();
        let mut process = LIFECYCLE.process(&id, checkpoint).unwrap();
        let mut steps: Vec<Step> = Vec::new();
        for (op, error) in &ops {
            let told: Told = error.iter().map(|e| ("runtime_error".to_owned(), Value::Text(Some(e.clone())))).collect();
            let Ok(step) = process.step(op, &told) else { break };
            steps.push(step);
        }
        let found: Vec<Step> = judged.steps.into_iter().map(|step| step.step).collect();
        prop_assert_eq!(found, steps);
    }

    #[test]
    fn arbitrary_names_are_refused_and_never_panic(
        machine in "(init|exec|\\PC{0,6})",
        state in "(created|running|\\PC{0,6})",
        operation in "(Start|Kill|\\PC{0,8})",
        name in "(pid|runtime_error|log|\\PC{0,6})",
        text in any::<String>(),
    ) {
        for value in [Value::Bool(true), Value::Text(None), Value::Text(Some(text))] {
            for process in [LIFECYCLE.process(&machine, true), LIFECYCLE.process_in(&machine, &state)] {
                let Ok(mut process) = process else { continue };
                let _ = process.tell(&name, value.clone());
                let known = process.machine().operations().iter().any(|known| known.name == operation);
                let told = vec![(name.clone(), value.clone())];
                prop_assert!(known || process.step(&operation, &told).is_err());
                let _ = process.step(&operation, &told);
            }
        }
    }

    #[test]
    fn arbitrary_questions_are_answered_or_refused(
        bytes in prop_oneof![
            any::<Vec<u8>>(),
            "\\{\"machine\": ?\"(init|exec)\", ?\"ops\": ?\\[(\\{\"op\": ?\"(Start|Kill|SetExited|X)\"(, ?\"runtime_error\": ?(null|\"x\"|1))?\\},?){0,4}\\]?\\}?"
                .prop_map(String::into_bytes),
        ],
    ) {
        if let Ok(judged) = LIFECYCLE.judge(&bytes, &Limits::default(), 100) {
            for step in &judged.steps {
                let under = step.span.slice(&bytes);
                prop_assert!(under.starts_with(b"\"") && under.ends_with(b"\""));
            }
        }
    }
}

/// The rows that never refuse are told apart from those that do, for pictures and lists.
#[test]
fn rows_say_what_they_do() {
    for machine in LIFECYCLE.machines() {
        for (operation, row) in machine.rows() {
            let text = plimsoll::lifecycle::does(machine, &row.kind);
            match &row.kind {
                RowKind::Refuse { message, .. } => assert!(text.contains(message.as_str())),
                RowKind::Crash(_) => assert!(text.starts_with("panic: ")),
                RowKind::Go { .. } => {
                    assert!(!text.is_empty() && !text.starts_with('"') || operation.name == "Status")
                }
            }
        }
    }
}
