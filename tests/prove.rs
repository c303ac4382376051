//! What `plimsoll prove` and `plimsoll diff` say is so.
#![cfg(feature = "prove")]

use std::sync::LazyLock;

use plimsoll::prove::{Answer, DEFAULT_STEPS, Direction, FaultKind, Prover, Verdict, diff, faults, separate};
use plimsoll::subject::{Kind, Policy, Request, add_table};
use plimsoll::table::Catalog;
use plimsoll::{Budget, Decision};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::{FileFailurePersistence, TestRunner};

static CATALOG: LazyLock<Catalog> = LazyLock::new(|| Catalog::builtin().unwrap());

#[test]
fn every_theorem_comes_out_as_listed() {
    let prover = Prover::new(&CATALOG, DEFAULT_STEPS).unwrap();
    assert!(prover.theorems().len() >= 40);
    for theorem in prover.theorems() {
        let proof = prover.prove(theorem);
        let wanted = match theorem.holds {
            Some(true) => Verdict::Holds,
            Some(false) => Verdict::Refuted,
            // Listed as not proved; once it is, the list is to say so.
            None => Verdict::Undecided,
        };
        assert_eq!(proof.verdict, wanted, "{}: {:#?}", theorem.id, proof.cases);
        assert!(proof.questions > 0, "{} asks nothing", theorem.id);
    }
}

/// A table on top of the rules for daemon.json.
fn table(rows: &[(&str, &str, &str, i64)]) -> String {
    let mut text = "[table]\nid = 'ours'\nsubject = 'daemon'\nline = 'moby'\nsource = 'tests'\n".to_owned();
    for (id, effect, when, stage) in rows {
        text += &format!(
            "[[rule]]\nid = '{id}'\ntitle = 't'\nstage = {stage}\neffect = '{effect}'\nwhen = \"\"\"{}\"\"\"\n\
             message = 'm'\nwhy = 'w'\nhelp = 'h'\nevidence = 'read'\nsince = 'moby-28'\nbad = ['{{}}']\ngood = ['{{}}']\n",
            when.replace('\\', "\\\\")
        );
    }
    text
}

fn with(rows: &[(&str, &str, &str, i64)]) -> Catalog {
    let text = table(rows);
    CATALOG.with_table("ours.toml", &text).unwrap_or_else(|e| panic!("{:?}\n{text}", e.problems))
}

#[test]
fn without_steps_nothing_is_proved() {
    let prover = Prover::new(&CATALOG, 0).unwrap();
    // Those about create bodies ask by far the most, in the same forms.
    for theorem in prover.theorems().iter().filter(|theorem| theorem.kind != Some(Kind::Create)) {
        let proof = prover.prove(theorem);
        let asked: Vec<_> = proof.cases.iter().filter(|case| !case.doubts.is_empty()).collect();
        assert!(asked.iter().all(|case| !case.fits), "{}: {asked:#?}", theorem.id);
        if theorem.id == "runc-is-reserved" {
            assert_eq!(proof.verdict, Verdict::Undecided);
            assert!(asked.iter().all(|case| case.doubts == ["over budget, 0 steps"]), "{asked:#?}");
        }
    }
    let catalog = with(&[("XY001", "deny", "mtu > 9000 && mtu < 9000", 9000)]);
    let (found, _) = faults(&catalog, CATALOG.rules().len(), 0);
    assert!(
        !found.is_empty() && found.iter().all(|fault| fault.doubts == ["over budget, 0 steps"]),
        "{found:#?}"
    );
}

#[test]
fn rows_that_do_nothing_are_found() {
    let catalog = with(&[
        ("XY001", "deny", "mtu > 9000 && mtu < 9000", 9000),
        ("XY002", "deny", "default-runtime.startsWith('/') && !(default-runtime in runtimes)", 9001),
        ("XY003", "deny", "'runc' in runtimes", 9002),
        ("XY004", "deny", "mtu > 9000", 9003),
        ("XY005", "warn", "'runc' in runtimes && debug", 9004),
        ("XY006", "deny", "log-driver.endsWith('x') && !log-driver.contains('x')", 9005),
        ("XY007", "warn", "hosts.exists(h, h.startsWith('tcp://'))", 9006),
        ("XY008", "warn", "!hosts.all(h, !h.matches('^tcp://.*$'))", 9007),
        ("XY009", "deny", "mtu >= 9001 && ipv6", 9008),
    ]);
    let (found, looked_at) = faults(&catalog, CATALOG.rules().len(), DEFAULT_STEPS);
    assert_eq!(looked_at, 9);
    assert!(found.iter().all(|f| f.doubts.is_empty()), "{found:#?}");
    let found: Vec<(&str, FaultKind, Vec<&str>)> = found
        .iter()
        .map(|f| (f.rule.as_str(), f.kind, f.because_of.iter().map(|r| r.as_str()).collect()))
        .collect();
    assert_eq!(
        found,
        [
            ("XY001", FaultKind::Contradictory, vec![]),
            ("XY006", FaultKind::Contradictory, vec![]),
            ("XY002", FaultKind::Shadowed, vec!["RT002"]),
            ("XY003", FaultKind::Shadowed, vec!["RT001"]),
            ("XY005", FaultKind::Shadowed, vec!["RT001", "XY003"]),
            ("XY009", FaultKind::Shadowed, vec!["XY004"]),
            ("XY003", FaultKind::Duplicate, vec!["RT001"]),
            ("XY008", FaultKind::Duplicate, vec!["XY007"]),
        ]
    );
}

#[test]
fn a_changed_table_shows_what_it_lets_through() {
    let old = with(&[
        ("XY001", "deny", "hosts.exists(h, h.startsWith('tcp://')) && !tlsverify", 9000),
        ("XY002", "deny", "mtu > 9000", 9001),
    ]);
    for (what, new, allowed, denied) in [
        (
            "nothing",
            vec![
                ("XY001", "deny", "!tlsverify && !hosts.all(h, !h.startsWith('tcp://'))", 9000),
                ("XY002", "deny", "mtu >= 9001", 9001),
            ],
            vec![],
            vec![],
        ),
        (
            "a row removed",
            vec![("XY002", "deny", "mtu > 9000", 9001)],
            vec![r#"{"hosts":["tcp://"]}"#],
            vec![],
        ),
        (
            "a literal changed",
            vec![
                ("XY001", "deny", "hosts.exists(h, h.startsWith('tcp://')) && !tlsverify", 9000),
                ("XY002", "deny", "mtu > 9999", 9001),
            ],
            vec![r#"{"mtu":9001}"#],
            vec![],
        ),
        (
            "an operator changed",
            vec![
                ("XY001", "deny", "hosts.exists(h, h.startsWith('tcp://')) && !tlsverify", 9000),
                ("XY002", "deny", "mtu >= 9000", 9001),
            ],
            vec![],
            vec![r#"{"mtu":9000}"#],
        ),
    ] {
        let found = diff((&old, "moby-28"), (&with(&new), "moby-28"), Some(Kind::Daemon), DEFAULT_STEPS);
        assert!(!found.is_undecided(), "{what}");
        let shown = |direction| -> Vec<String> {
            let these = found.differences.iter().filter(|d| d.direction == direction);
            these.map(|d| String::from_utf8(d.witness.as_ref().unwrap().text()).unwrap()).collect()
        };
        assert_eq!(shown(Direction::NewlyAllowed), allowed, "{what}");
        assert_eq!(shown(Direction::NewlyDenied), denied, "{what}");
    }
}

#[test]
fn tables_on_top_can_neither_set_nor_halt() {
    let text = table(&[("XY001", "warn", "debug", -5)]);
    for (line, key) in [("halt = true\n", "halt"), ("set = { debug = \"false\" }\n", "set")] {
        let error = add_table(&CATALOG, "ours.toml", &format!("{text}{line}")).unwrap_err();
        let message = format!("XY001: a table on top can only add findings, so it has no `{key}`");
        assert_eq!(error.problems.iter().map(|p| p.message.clone()).collect::<Vec<_>>(), [message]);
    }
}

/// A condition on a string.
fn on_text(name: &'static str) -> BoxedStrategy<String> {
    let tests = vec![
        "@ == 'a'",
        "@ == ''",
        "@.startsWith('a')",
        "@.endsWith('b')",
        "@.contains('/')",
        "@.matches('^(?:a|b)+$')",
        "@.matches('^.a.*$')",
        "@.size() > 1",
        "@.size() == 0",
        "@ in ['a', 'ab', '/']",
        "@ in hosts",
        "@ in runtimes",
        "@ == log-driver",
        "runtimes[@].path == 'b'",
        "runtimes[@].path.contains('a')",
        "@ in host.users",
        "host.containers[@] == 'a'",
    ];
    select(tests).prop_map(move |test| test.replace('@', name)).boxed()
}

fn condition() -> BoxedStrategy<String> {
    let plain = vec![
        "debug",
        "iptables",
        "mtu < 2",
        "mtu == 1500",
        "mtu >= 2 && mtu <= 3",
        "max-concurrent-downloads <= 3",
        "mtu < max-concurrent-downloads",
        "mtu == max-concurrent-downloads",
        "hosts.size() > 1",
        "hosts.size() == 1",
        "has(hosts)",
        "runtimes.size() == 2",
        "'a' in runtimes",
        "runtimes['a'].runtimeArgs.size() > 0",
        "host.cpus > 1",
        "has(host.cpus)",
        "host.sysinfo.cpu_realtime",
        "has(tls)",
        "true",
    ];
    let leaf = prop_oneof![
        3 => select(plain).prop_map(str::to_owned),
        1 => on_text("log-driver"),
        1 => on_text("bridge"),
        2 => (any::<bool>(), on_text("h")).prop_map(|(all, c)| format!("hosts.{}(h, {c})", if all { "all" } else { "exists" })),
        2 => (any::<bool>(), on_text("n"), on_text("r.path"), select(vec!["&&", "||"]))
            .prop_map(|(all, a, b, op)| format!("runtimes.{}(n, r, {a} {op} {b})", if all { "all" } else { "exists" })),
        1 => (any::<bool>(), any::<bool>(), on_text("x"))
            .prop_map(|(some, all, c)| format!(
                "runtimes.{}(n, r, r.runtimeArgs.{}(x, {c} || x == n))",
                if some { "exists" } else { "all" },
                if all { "all" } else { "exists" },
            )),
    ];
    leaf.prop_recursive(3, 8, 2, |inner| {
        prop_oneof![
            inner.clone().prop_map(|c| format!("!({c})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) && ({b})")),
            (inner.clone(), inner).prop_map(|(a, b)| format!("({a}) || ({b})")),
        ]
    })
    .boxed()
}

fn word() -> impl Strategy<Value = &'static str> {
    select(vec!["", "a", "b", "ab", "/", "ba", "bab"])
}

fn runtimes() -> impl Strategy<Value = serde_json::Value> {
    let runtime = (word(), prop::collection::vec(word(), 0..3))
        .prop_map(|(path, args)| serde_json::json!({ "path": path, "runtimeArgs": args }));
    prop::collection::btree_map(word(), runtime, 0..4).prop_map(|m| serde_json::json!(m))
}

/// A daemon.json and facts of the machine, some of them not told.
fn document() -> impl Strategy<Value = (String, String)> {
    let fields = (
        prop::option::of(any::<bool>().prop_map(|b| serde_json::json!(b))),
        prop::option::of((0..4_i64).prop_map(|n| serde_json::json!(n))),
        prop::option::of((1..5_i64).prop_map(|n| serde_json::json!(n))),
        prop::option::of(word().prop_map(|w| serde_json::json!(w))),
        prop::option::of(word().prop_map(|w| serde_json::json!(w))),
        prop::option::of(prop::collection::vec(word(), 0..4).prop_map(|w| serde_json::json!(w))),
        prop::option::of(runtimes()),
    );
    let host = (
        prop::option::of((0..3_i64).prop_map(|n| serde_json::json!(n))),
        prop::option::of(prop::collection::vec(word(), 0..3).prop_map(|w| serde_json::json!(w))),
        prop::option::of(
            prop::collection::btree_map(word(), word(), 0..3).prop_map(|m| serde_json::json!(m)),
        ),
        prop::option::of(any::<bool>().prop_map(|b| serde_json::json!({ "cpu_realtime": b }))),
    );
    (fields, host).prop_map(|((a, b, c, d, e, f, g), (h, i, j, k))| {
        let text = |members: Vec<(&str, Option<serde_json::Value>)>| {
            let members = members.into_iter().filter_map(|(k, v)| Some((k.to_owned(), v?)));
            serde_json::Value::Object(members.collect()).to_string()
        };
        let names = ["debug", "mtu", "max-concurrent-downloads", "log-driver", "bridge", "hosts", "runtimes"];
        let facts = ["cpus", "users", "containers", "sysinfo"];
        (
            text(names.into_iter().zip([a, b, c, d, e, f, g]).collect()),
            text(facts.into_iter().zip([h, i, j, k]).collect()),
        )
    })
}

/// Enough for nearly all random tables; the rest may say so.
const STEPS: u64 = 8_000_000;

proptest! {
    #![proptest_config(ProptestConfig {
        cases: std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(64),
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct("tests/regressions/prove.txt"))),
        ..ProptestConfig::default()
    })]

    /// What the procedure calls impossible no document does, what a document does it finds possible, and of the
    /// language without views nothing stays undecided but chains of look-ups.
    #[test]
    fn the_procedure_agrees_with_trying(
        (one, other, first) in (condition(), condition(), condition()),
        // What a row sets, and what it asks about that itself.
        (change, reads) in select(vec![
            ("", "true"),
            ("set = { mtu = \"2\" }\n", "true"),
            ("set = { mtu = \"2\" }\n", "mtu != 2"),
            ("set = { bridge = \"log-driver\", debug = \"true\" }\n", "!debug || bridge == ''"),
        ]),
        documents in prop::collection::vec(document(), 120),
        few in select(vec![0, 100, 10_000, 100_000]),
        asked in select(vec![("XY002", "XY003"), ("XY001", "XY003"), ("XY002", "XY001")]),
    ) {
        let (fires, silent) = if change.is_empty() { ("XY002", "XY003") } else { asked };
        let mut text = table(&[("XY002", "warn", &one, 20), ("XY003", "warn", &other, 21)]);
        if !change.is_empty() {
            text += &format!(
                "[[rule]]\nid = 'XY001'\ntitle = 't'\nstage = 10\neffect = 'set'\nwhy = 'w'\nevidence = 'read'\n\
                 since = 'moby-28'\nwhen = \"\"\"({first}) && ({reads})\"\"\"\n{change}"
            );
        }
        let catalog = CATALOG.with_table("ours.toml", &text);
        let catalog = catalog.map_err(|e| TestCaseError::fail(format!("{:?}\n{text}", e.problems)))?;
        let ask = |steps| separate(&catalog, "moby-28", Kind::Daemon, (fires, silent), steps);
        let answer = ask(STEPS);
        // A budget never decides: with less of it the answer is the same, or that there was not enough.
        let sooner = ask(few);
        let same = std::mem::discriminant(&sooner) == std::mem::discriminant(&answer);
        prop_assert!(same || matches!(sooner, Answer::OverBudget { steps } if steps == few), "{sooner:?} {answer:?}\n{text}");
        if answer == (Answer::OverBudget { steps: STEPS }) {
            return Ok(());
        }
        if let Answer::Undecided(doubts) = &answer {
            // Entries that each ask for another one can only be followed so far.
            let chain = |doubt: &String| doubt.ends_with("could matter") || doubt.ends_with("depend on each other");
            prop_assert!(doubts.iter().all(chain), "{answer:?}\n{text}");
            return Ok(());
        }
        let policy = Policy::new(catalog, "moby-28").unwrap();
        for (document, host) in &documents {
            let request = Request { host: Some(host.as_bytes()), ..Request::new(Kind::Daemon, document.as_bytes()) };
            let decision = policy.judge_traced(&request, &Budget::default()).unwrap().decision;
            if separates(&decision, fires, silent) {
                prop_assert!(matches!(answer, Answer::Possible(_)), "{document} with {host}\n{text}");
            }
        }
    }
}

fn separates(decision: &Decision, fires: &str, silent: &str) -> bool {
    let find = |id: &str| decision.trace.iter().find(|t| t.rule.as_str() == id).unwrap();
    let (fires, silent) = (find(fires), find(silent));
    fires.fired > 0 && silent.fired == 0 && silent.unknown == 0
}

/// Asks of all pairs of `rows` random conditions whether one can hold without the other, and then judges random documents:
/// none may show what was called impossible. Returns how many pairs were.
fn impossible_is_never_seen(runner: &mut TestRunner, rows: usize, documents: usize) -> usize {
    let some = |runner: &mut TestRunner| condition().new_tree(runner).unwrap().current();
    let mut conditions: Vec<String> = (0..rows / 2).map(|_| some(runner)).collect();
    // Conditions of a kind: what follows from what is not always nothing.
    for n in 0..rows - conditions.len() {
        let (one, other) = (&conditions[n], &conditions[(n + 1) % (rows / 2)]);
        conditions.push(if n % 2 == 0 {
            format!("({one}) && ({other})")
        } else {
            format!("({one}) || ({other})")
        });
    }
    let ids: Vec<String> = (0..rows).map(|n| format!("XY{n:03}")).collect();
    let rows: Vec<_> =
        ids.iter().zip(&conditions).map(|(id, c)| (id.as_str(), "warn", c.as_str(), 20)).collect();
    let catalog = with(&rows);
    let pairs = ids.iter().flat_map(|one| ids.iter().map(move |other| (one, other))).filter(|(a, b)| a != b);
    let ask = |(one, other): &(&String, &String)| {
        separate(&catalog, "moby-28", Kind::Daemon, (one, other), STEPS) == Answer::Impossible
    };
    let impossible: Vec<(&String, &String)> = pairs.filter(ask).collect();
    let policy = Policy::new(catalog.clone(), "moby-28").unwrap();
    for _ in 0..documents {
        let (text, host) = document().new_tree(runner).unwrap().current();
        let request = Request { host: Some(host.as_bytes()), ..Request::new(Kind::Daemon, text.as_bytes()) };
        let decision = policy.judge_traced(&request, &Budget::default()).unwrap().decision;
        for (one, other) in &impossible {
            let seen = separates(&decision, one, other);
            assert!(!seen, "{one} without {other}: {text} with {host}\n{conditions:#?}");
        }
    }
    impossible.len()
}

#[test]
fn what_is_impossible_is_never_seen() {
    assert!(impossible_is_never_seen(&mut TestRunner::default(), 10, 2_000) > 0);
}

/// `cargo test --release --test prove -- --ignored --nocapture a_million`
#[test]
#[ignore = "takes minutes"]
fn a_million_documents_never_show_what_is_impossible() {
    let mut runner = TestRunner::default();
    let found: Vec<usize> = (0..20).map(|_| impossible_is_never_seen(&mut runner, 16, 50_000)).collect();
    println!("1,000,000 documents, {} impossible pairs: none seen", found.iter().sum::<usize>());
    assert!(found.iter().all(|n| *n > 0));
}

/// A row cannot set a field of a record that is not there, and does not bring it into being.
#[test]
fn nothing_is_set_where_no_record_is() {
    let row = |id: &str, stage: u32, when: &str, effect: &str| {
        format!(
            "[[rule]]\nid = '{id}'\ntitle = 't'\nstage = {stage}\nwhen = \"{when}\"\nwhy = 'w'\nevidence = 'read'\n{effect}\n"
        )
    };
    let warn = "effect = 'warn'\nmessage = 'm'\nhelp = 'h'\nbad = ['{}']\ngood = ['{}']";
    let text = "[table]\nid = 'ours'\nsubject = 'create'\nline = 'moby'\nsource = 'tests'\n".to_owned()
        + &row(
            "XY001",
            1,
            "Config.Hostname == 'a'",
            "effect = 'set'\nset = { \"HostConfig.Memory\" = \"5\" }",
        )
        + &row(
            "XY005",
            1,
            "Config.Hostname == 'a'",
            "effect = 'set'\nset = { \"HostConfig.LogConfig.Type\" = \"'x'\" }",
        )
        + &row("XY006", 2, "HostConfig.LogConfig.Type == 'x'", warn)
        + &row("XY002", 2, "HostConfig.Memory == 5", warn)
        + &row("XY003", 3, "has(HostConfig)", warn)
        + &row("XY004", 4, "Config.Hostname == 'a'", warn);
    let catalog = CATALOG.with_table("ours.toml", &text).unwrap_or_else(|e| panic!("{:?}", e.problems));
    let ask = |fires, silent| separate(&catalog, "moby-28", Kind::Create, (fires, silent), STEPS);
    assert_eq!(ask("XY002", "XY003"), Answer::Impossible);
    assert_eq!(ask("XY006", "XY003"), Answer::Impossible);
    assert!(matches!(ask("XY006", "XY001"), Answer::Possible(_)));
    assert!(matches!(ask("XY004", "XY003"), Answer::Possible(_)));
    assert!(matches!(ask("XY004", "XY002"), Answer::Possible(_)));
    let policy = Policy::new(catalog.clone(), "moby-28").unwrap();
    for (document, fired) in [
        (r#"{"Hostname": "a"}"#, &["XY001", "XY005", "XY004"][..]),
        (r#"{"Hostname": "a", "HostConfig": null}"#, &["XY001", "XY005", "XY004"]),
        // A struct that is no pointer is there as soon as what it lies in is.
        (r#"{"Hostname": "a", "HostConfig": {}}"#, &["XY001", "XY005", "XY006", "XY002", "XY003", "XY004"]),
        (r#"{"Hostname": "b", "HostConfig": {}}"#, &["XY003"]),
    ] {
        let request = Request::new(Kind::Create, document.as_bytes());
        let fast = policy.judge_traced(&request, &Budget::default()).unwrap().decision;
        let naive = policy.judge_naively(&request, &Budget::default()).unwrap().decision;
        assert_eq!(fast, naive);
        let ours = fast.trace.iter().filter(|t| t.fired > 0 && t.rule.as_str().starts_with("XY"));
        assert_eq!(ours.map(|t| t.rule.as_str()).collect::<Vec<_>>(), fired, "{document}");
    }
}

/// A row that changes what it asks about asks about what was there before.
#[test]
fn a_row_asks_before_it_sets() {
    let text = table(&[("XY002", "warn", "mtu == 2", 20), ("XY003", "warn", "mtu == 3", 20)])
        + "[[rule]]\nid = 'XY001'\ntitle = 't'\nstage = 10\neffect = 'set'\nwhy = 'w'\nevidence = 'read'\nsince = 'moby-28'\n\
           when = 'mtu > 2'\nset = { mtu = \"2\" }\n";
    let catalog = CATALOG.with_table("ours.toml", &text).unwrap_or_else(|e| panic!("{:?}", e.problems));
    let ask = |fires, silent| separate(&catalog, "moby-28", Kind::Daemon, (fires, silent), STEPS);
    assert!(matches!(ask("XY001", "XY003"), Answer::Possible(_)));
    assert!(matches!(ask("XY002", "XY001"), Answer::Possible(_)));
    assert_eq!(ask("XY001", "XY002"), Answer::Impossible);
    assert_eq!(ask("XY003", "XY001"), Answer::Impossible);
}
