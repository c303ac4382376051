//! Tables of one's own: every problem of those that cannot be used, at once and at its place, and what the others find.

use plimsoll::engine::{Budget, Finding, Program, Seen, Verdict};
use plimsoll::source::LineIndex;
use plimsoll::subject::{Kind, Policy, Request};
use plimsoll::table::{Catalog, Shown, mutants};

fn problems(text: &str) -> Vec<String> {
    let error =
        Catalog::builtin().unwrap().with_table("mine.toml", text).expect_err("this table must not load");
    let index = LineIndex::new(text.as_bytes());
    let show = |p: &plimsoll::schema::Problem| {
        let at = index.position(p.span.start as usize);
        format!("{}:{}: {}", at.line, at.column, p.message)
    };
    error.problems.iter().map(show).collect()
}

/// A table with one row, in which some lines are replaced.
fn table(changes: &[(&str, &str)]) -> String {
    let mut lines = vec![
        ("table", "[table]"),
        ("id", "id = 'mine'"),
        ("subject", "subject = 'daemon'"),
        ("line", "line = 'moby'"),
        ("from", "source = 'our own policy'"),
        ("rule", "[[rule]]"),
        ("rule-id", "id = 'XY001'"),
        ("title", "title = 'a debug daemon'"),
        ("stage", "stage = 9000"),
        ("effect", "effect = 'deny'"),
        ("when", "when = 'debug'"),
        ("message", "message = 'debug is on'"),
        ("why", "why = 'Because.'"),
        ("help", "help = 'Turn it off.'"),
        ("evidence", "evidence = 'read'"),
        ("bad", "bad = ['{\"debug\": true}']"),
        ("good", "good = ['{}']"),
    ];
    for (name, line) in changes {
        match lines.iter_mut().find(|(n, _)| n == name) {
            Some(found) => found.1 = line,
            None => lines.push((name, line)),
        }
    }
    lines.iter().map(|(_, line)| format!("{line}\n")).collect()
}

/// What the row of [`table`] says of a daemon.json on a host with version 2 of cgroups, if it fires.
fn finding(policy: &Policy, document: &str) -> Option<Finding> {
    let host = Some(&br#"{"cgroup_v2": true}"#[..]);
    let request = Request { host, ..Request::new(Kind::Daemon, document.as_bytes()) };
    let decision = policy.judge(&request, &Budget::default()).unwrap().decision;
    decision.findings.into_iter().find(|finding| finding.rule.as_str() == "XY001")
}

#[test]
fn a_table_of_ones_own_adds_findings() {
    let policy = Policy::builtin("moby-28").unwrap();
    let budget = Budget::default();
    let request = Request::new(Kind::Daemon, br#"{"debug": true}"#);
    assert_eq!(policy.judge(&request, &budget).unwrap().decision.verdict, Verdict::Allow);
    let stricter = policy.with_table("mine.toml", &table(&[])).unwrap();
    let decision = stricter.judge(&request, &budget).unwrap().decision;
    assert_eq!((decision.verdict, decision.message()), (Verdict::Deny, Some("debug is on")));
}

#[test]
fn one_problem_each_at_its_place() {
    for (changes, expected) in [
        (&[("when", "when = 'debugg'")][..], "11:9: unknown name `debugg`"),
        (&[("when", "when = 'mtu'")], "11:9: this must be a bool, and is an int"),
        (
            &[("when", "when = \"mtu == 'x'\"")],
            "11:9: `==` compares two bools, ints or strings, not an int with a string",
        ),
        (&[("when", "when = 'hosts < 1'")], "11:9: `<` compares ints"),
        (&[("when", "when = 'debug &&'")], "11:17: expected an expression, found the end"),
        (
            &[("when", "when = \"data-root.matches('a')\"")],
            "11:27: a pattern must begin with `^` and end with `$`",
        ),
        (&[("when", "when = \"data-root.matches('^(?i)a$')\"")], "11:27: a pattern may not hold flags"),
        (&[("when", "when = \"data-root.matches('^(a$')\"")], "11:27: the pattern cannot be used"),
        (&[("when", "when = \"data-root.matches('^.*a.{200}$')\"")], "11:27: the pattern cannot be used"),
        (
            &[("when", "when = \"data-root.startsWith(data-root)\"")],
            "11:9: `startsWith` wants a string literal",
        ),
        (
            &[("when", "when = \"hosts.exists(debug, true)\"")],
            "11:22: this must be a new name for a variable",
        ),
        (
            &[("when", "when = \"before('a', 'b') == 'a'\"")],
            "11:9: there is no function, predicate or view `before`",
        ),
        (&[("when", "when = \"permissible('a', 'b')\"")], "11:9: `permissible` takes 1 argument(s), not 2"),
        (&[("when", "when = \"permissible(1)\"")], "11:21: this must be a string, and is an int"),
        (&[("when", "when = \"runtimes.foo\"")], "11:9: a map has no fields"),
        (
            &[("when", "when = \"runtimes['foo'].patth == ''\"")],
            "11:9: no field `patth` here (there are: path,",
        ),
        (
            &[("when", "when = \"has(debug) && has(1)\"")],
            "11:27: this must be a field, a variable, or a part of one",
        ),
        // Where a string is not written as it is read, all of it is the place.
        (&[("when", "when = \"\\u0031\"")], "11:8: this must be a bool, and is an int"),
        (&[("message", "message = 'x {nope} y'")], "12:15: unknown name `nope`"),
        (&[("message", "message = 'x {debug'")], "12:14: the `{` is not closed"),
        (&[("message", "message = 'x } y'")], "12:14: a `}` on its own is written `}}`"),
        (&[("message", "message = '{mtu:q}'")], "12:13: an int cannot be printed this way"),
        (&[("message", "message = ''")], "12:11: `message` must not be empty"),
        (&[("rule-id", "id = 'x1'")], "7:6: an id is two or three capital letters and three digits"),
        (&[("rule-id", "id = 'RT001'")], "6:1: the id RT001 is already used"),
        (&[("effect", "effect = 'maybe'")], "10:10: `effect` is \"deny\", \"warn\" or \"set\""),
        (&[("effect", "effect = 'set'")], "6:1: a rule with effect \"set\" needs a `set`"),
        (&[("stage", "stage = 'x'")], "9:9: `stage` must be an integer, not a string"),
        (&[("evidence", "evidence = 'hearsay'")], "15:12: `evidence` is \"recorded\" or \"read\""),
        (&[("bad", "bad = []")], "6:1: a rule needs at least one `bad` and one `good` example"),
        (&[("bad", "bad = [1]")], "16:8: an example is a document in a string"),
        (&[("since", "since = 'moby-99'")], "18:9: `moby-99` is no profile of the line `moby`"),
        (&[("since", "since = 'containerd-2.1'")], "18:9: `containerd-2.1` is no profile of the line `moby`"),
        (
            &[("since", "since = 'moby-27'\nuntil = 'moby-25'")],
            "6:1: `until` must be a later profile than `since`",
        ),
        (&[("since", "sinze = 'moby-27'")], "18:1: unknown key `sinze`"),
        (&[("each", "each = 'x in debug'")], "18:14: `each` goes through a list"),
        (&[("each", "each = 'x in runtimes'")], "18:14: `each` goes through a list (`x in list`) or a map"),
        (&[("each", "each = 'debug in hosts'")], "18:8: the variable `debug` hides another name"),
        (&[("set", "set = { debug = 'mtu' }")], "18:17: the field is a bool, the value an int"),
        (
            &[("set", "set = { hosts = 'debug' }")],
            "18:9: only a bool, int or string field of the document can be set",
        ),
        (&[("at", "at = 'true'")], "18:7: this must be a field, a variable, or a part of one"),
        (&[("label", "label = 'x'")], "18:9: a `label` needs an `at`"),
        (&[("subject", "subject = 'dog'")], "3:11: there is no subject `dog`"),
        (&[("line", "line = 'podman'")], "4:8: no profile belongs to a line `podman`"),
        (&[("table", "[tabel]")], "a table with rules needs a header [table]"),
        (&[("rule", "[[rule]]\n[[rule]]")], "`id` is missing"),
        (&[("title", "title = [")], "unclosed array"),
        (
            &[("define", "[define.permissible]\nparams = { x = 'string' }\nexpr = 'true'")],
            "there is already a predicate or view `permissible`",
        ),
        (
            &[("define", "[define.mine]\nparams = { x = 'string' }\nexpr = 'mtu > 0'")],
            "20:9: unknown name `mtu` (a predicate sees only its parameters)",
        ),
        (
            &[("define", "[define.mine]\nparams = { x = 'string' }\nexpr = 'mine(x)'")],
            "20:9: there is no function, predicate or view `mine`",
        ),
    ] {
        let found = problems(&table(changes));
        assert!(found.iter().any(|p| p.contains(expected)), "{changes:?}: {expected:?} is not in {found:#?}");
    }
}

#[test]
fn examples_must_show_what_they_are_there_for() {
    for (changes, expected) in [
        (
            ("bad", "bad = ['{}']"),
            "XY001 for moby-23, moby-25, moby-27, moby-28: it does not fire on this `bad` example",
        ),
        (
            ("good", "good = ['{\"debug\": true}']"),
            "XY001 for moby-23, moby-25, moby-27, moby-28: it fires on this `good` example",
        ),
        (
            ("good", "good = [{ doc = '{}', host = '[]' }]"),
            "XY001 for moby-23, moby-25, moby-27, moby-28: this example cannot be judged: the host facts cannot be read",
        ),
    ] {
        let error =
            Policy::builtin("moby-28").unwrap().with_table("mine.toml", &table(&[changes])).unwrap_err();
        assert!(error.problems.iter().any(|p| p.message.contains(expected)), "{:?}", error.problems);
    }
}

#[test]
fn all_problems_at_once() {
    let found = problems(&table(&[
        ("when", "when = 'a && b'"),
        ("message", "message = '{c}'"),
        ("effect", "effect = 'x'"),
        ("stage", ""),
    ]));
    assert_eq!(found.len(), 5, "{found:#?}");
}

/// Whatever is asked of what nobody told, either way round: no evaluator takes that for an answer.
#[test]
fn what_nobody_told_is_undecided() {
    let (builtin, budget) = (Catalog::builtin().unwrap(), Budget::default());
    for asked in [
        "host.cgroup_v2",
        "host.sysinfo.memory_limit",
        "host.cpus == 2",
        "host.cpus > 2",
        "mtu < host.cpus",
        "host.docker_proxy == '/x'",
        "bridge == host.docker_proxy",
        "host.docker_proxy in ['/x', '/y']",
        "host.docker_proxy.startsWith('/')",
        "host.docker_proxy.endsWith('/y')",
        "host.docker_proxy.contains('/')",
        "host.docker_proxy.contains('/y')",
        "host.docker_proxy.matches('^/x+$')",
        "host.docker_proxy.size() > 2",
        "'/x' in host.paths",
        "host.paths.size() > 2",
        "host.paths.exists(path, path.startsWith('/x'))",
        "'x' in host.binaries",
        "host.binaries['x'] == '/x'",
        "host.binaries.exists(name, path, name == path)",
    ] {
        for when in [asked.to_owned(), format!("!({asked})")] {
            let text = table(&[("when", &format!("when = \"{when}\""))]);
            let catalog = builtin.with_table("mine.toml", &text);
            let catalog = catalog.unwrap_or_else(|e| panic!("{when}: {:?}", e.problems));
            let policy = Policy::new(catalog, "moby-28").unwrap();
            let request = Request::new(Kind::Daemon, b"{}");
            let decision = policy.judge(&request, &budget).unwrap().decision;
            assert_eq!(decision.verdict, Verdict::Undecided, "{when}");
            assert!(
                decision.needs.iter().any(|need| need.starts_with("host.") && asked.contains(need.as_str())),
                "{when}: {:?}",
                decision.needs
            );
            let naive = policy.judge_naively(&request, &budget).unwrap().decision;
            let traced = policy.judge_traced(&request, &budget).unwrap().decision;
            assert_eq!(traced, naive, "{when}");
            assert_eq!(decision.needs, naive.needs, "{when}");
        }
    }
}

#[test]
fn predicates_are_expanded_hygienically() {
    // `x` in the body is the body's own, whatever the caller calls its variable.
    let define = "[define.dotted]\nparams = { s = 'string' }\nexpr = \"s.contains('.') && s != 'x'\"";
    let when = "when = \"labels.exists(x, dotted(x)) && hosts.exists(s, dotted(s))\"";
    let bad = "bad = ['{\"labels\": [\"a.b=\"], \"hosts\": [\"c.d\"]}']";
    let text = table(&[("when", when), ("bad", bad), ("define", define)]);
    let policy = Policy::builtin("moby-28").unwrap().with_table("mine.toml", &text).unwrap();
    for (doc, fires) in [
        (r#"{"labels": ["a.b=c"], "hosts": ["tcp://c.d:1"]}"#, true),
        (r#"{"labels": ["a=b"], "hosts": ["tcp://c.d:1"]}"#, false),
        (r#"{"labels": ["a.b=c"], "hosts": ["fd://"]}"#, false),
    ] {
        assert_eq!(finding(&policy, doc).is_some(), fires, "{doc}");
    }
}

/// Parameters of every kind are given what they are declared as, and nothing else.
#[test]
fn predicates_take_bools_ints_and_strings() {
    let define = "[define.all_three]\nparams = { b = 'bool', n = 'int', s = 'string' }\nexpr = \"b && n > 5 && s == 'x'\"";
    let load = |when: &str| {
        let when = format!("when = \"{when}\"");
        Catalog::builtin().unwrap().with_table("mine.toml", &table(&[("when", &when), ("define", define)]))
    };
    let policy = Policy::new(load("all_three(debug, mtu, bridge)").unwrap(), "moby-28").unwrap();
    for (doc, fires) in [
        (r#"{"debug": true, "mtu": 6, "bridge": "x"}"#, true),
        (r#"{"debug": false, "mtu": 6, "bridge": "x"}"#, false),
        (r#"{"debug": true, "mtu": 5, "bridge": "x"}"#, false),
        (r#"{"debug": true, "mtu": 6, "bridge": "y"}"#, false),
    ] {
        assert_eq!(finding(&policy, doc).is_some(), fires, "{doc}");
    }
    for wrong in
        ["all_three(mtu, mtu, bridge)", "all_three(debug, bridge, bridge)", "all_three(debug, mtu, mtu)"]
    {
        assert!(load(wrong).is_err(), "{wrong}");
    }
}

/// How large a condition may be, counted in what its text is made of; and how deep predicates may call others.
#[test]
fn conditions_are_bounded_exactly() {
    let catalog = Catalog::builtin().unwrap();
    let loads = |when: &str, defines: &str| {
        let when = format!("when = \"{when}\"");
        catalog.with_table("mine.toml", &table(&[("when", &when), ("define", defines)])).is_ok()
    };
    let most = |loads: &dyn Fn(usize) -> bool| {
        // The last that loads, found by halving.
        let (mut good, mut bad) = (1, 10_000);
        assert!(loads(good) && !loads(bad));
        while bad - good > 1 {
            let middle = usize::midpoint(good, bad);
            if loads(middle) { good = middle } else { bad = middle }
        }
        good
    };
    let parts = |n: usize| vec!["debug"; n].join(" && ");
    let nots = |n: usize| format!("{}debug{}", "!(".repeat(n), ")".repeat(n));
    let calls = |n: usize| {
        let call = |i: usize| format!("[define.p{i}]\nparams = {{ b = 'bool' }}\nexpr = 'p{}(b)'\n", i - 1);
        "[define.p0]\nparams = { b = 'bool' }\nexpr = 'b'\n".to_owned()
            + &(1..=n).map(call).collect::<String>()
    };
    assert_eq!(most(&|n| loads(&parts(n), "")), 4_095);
    // What stands side by side is no deeper for it.
    for part in [
        "!debug",
        "(debug)",
        "has(hosts)",
        "mtu == -5",
        "log-opts['a'] == ''",
        "bridge in ['a']",
        "!(!debug)",
    ] {
        assert!(loads(&vec![part; 300].join(" && "), ""), "{part}");
    }
    assert_eq!(most(&|n| loads(&nots(n), "")), 31);
    assert_eq!(most(&|n| n < 1_000 && loads(&format!("p{n}(debug)"), &calls(n))), 127);
}

#[test]
fn the_growth_of_predicates_is_bounded() {
    let mut text = String::from("[define.p0]\nparams = { s = 'string' }\nexpr = \"s == 'a' || s == 'b'\"\n");
    for i in 1..20 {
        text += &format!("[define.p{i}]\nparams = {{ s = 'string' }}\nexpr = 'p{0}(s) || p{0}(s)'\n", i - 1);
    }
    let found = problems(&text);
    assert!(found.iter().any(|p| p.contains("too large")), "{found:#?}");
}

#[test]
fn no_text_makes_the_loader_panic() {
    let catalog = Catalog::builtin().unwrap();
    let good = table(&[]);
    // Every prefix, and every text with one byte cut out or replaced.
    for i in 0..=good.len() {
        let _ = catalog.with_table("t", &good[..i]);
        if i < good.len() {
            for with in ["", "{", "'", "\"", "=", "\n", "é", "("] {
                let _ = catalog.with_table("t", &format!("{}{with}{}", &good[..i], &good[i + 1..]));
            }
        }
    }
}

/// The tests of a condition, and how often each decided on a document by holding and by not holding.
fn seen(when: &str, document: &str) -> Vec<(usize, usize)> {
    let catalog = Catalog::builtin().unwrap();
    let text = table(&[("when", &format!("when = \"{when}\""))]);
    let catalog = catalog.with_table("mine.toml", &text).unwrap();
    let policy = Policy::new(catalog, "moby-28").unwrap();
    let request = Request::new(Kind::Daemon, document.as_bytes());
    let outcome = policy.judge_covered(&request, &Budget::default()).unwrap();
    let plain = policy.judge(&request, &Budget::default()).unwrap();
    assert_eq!(outcome.decision.findings, plain.decision.findings);
    let trace = outcome.decision.trace.iter().find(|one| one.rule.as_str() == "XY001").unwrap();
    trace.seen.iter().map(|Seen { held, failed }| (*held, *failed)).collect()
}

/// Masking modified condition/decision coverage: a test decides if all around it leaves the outcome to it.
#[test]
fn a_test_decides_if_the_others_leave_it_the_outcome() {
    let and = "debug && mtu > 5";
    assert_eq!(seen(and, r#"{"debug": true, "mtu": 6}"#), [(1, 0), (1, 0)]);
    assert_eq!(seen(and, r#"{"debug": false, "mtu": 6}"#), [(0, 1), (0, 0)]);
    assert_eq!(seen(and, r#"{"debug": true, "mtu": 5}"#), [(0, 0), (0, 1)]);
    assert_eq!(seen(and, r#"{"debug": false, "mtu": 5}"#), [(0, 0), (0, 0)]);
    let or = "debug || !(mtu > 5)";
    assert_eq!(seen(or, r#"{"debug": true, "mtu": 6}"#), [(1, 0), (0, 0)]);
    assert_eq!(seen(or, r#"{"debug": false, "mtu": 6}"#), [(0, 1), (1, 0)]);
    assert_eq!(seen(or, r#"{"debug": true, "mtu": 5}"#), [(0, 0), (0, 0)]);
    // Either side of a comparison decides.
    assert_eq!(seen("(debug) == (mtu > 5)", r#"{"debug": true, "mtu": 5}"#), [(0, 1)]);
    assert_eq!(seen("(!debug) == (mtu > 5)", r#"{"debug": true, "mtu": 5}"#), [(1, 0), (0, 1)]);
    // Below a quantifier it is the element that decides alone.
    let some = "hosts.exists(h, h.startsWith('tcp') && h.endsWith('5'))";
    assert_eq!(seen(some, r#"{"hosts": ["tcp5", "x"]}"#), [(1, 0), (1, 0)]);
    assert_eq!(seen(some, r#"{"hosts": ["tcp5", "tcp5"]}"#), [(0, 0), (0, 0)]);
    assert_eq!(seen(some, r#"{"hosts": ["tcp4", "udp5"]}"#), [(0, 1), (0, 1)]);
    let both = Seen { held: 2, failed: 1 };
    assert!(both.is_both() && !Seen { held: 0, ..both }.is_both() && !Seen { failed: 0, ..both }.is_both());
    // A test beside an unknown one decides only if that does not matter.
    assert_eq!(seen("debug && host.cgroup_v2", r#"{"debug": true}"#), [(0, 0), (0, 0)]);
}

/// Each limit is met exactly, and what is beyond it is the only problem told.
#[test]
fn tables_are_bounded() {
    let head = "[table]\nid = 'mine'\nsubject = 'daemon'\nline = 'moby'\nsource = 's'\n";
    let rows = |n: usize| head.to_owned() + &"[[rule]]\n".repeat(n);
    assert_eq!(problems(&rows(10_001)), ["1:1: the table has more than 10000 rows"]);
    assert!(problems(&rows(10_000)).len() > 10_000);
    let long = |n: usize| format!("{head}#{}", " ".repeat(n - head.len() - 1));
    assert!(Catalog::builtin().unwrap().with_table("mine.toml", &long(1 << 20)).is_ok());
    assert_eq!(problems(&long((1 << 20) + 1)), ["1:1: the table is larger than 1048576 bytes"]);
}

/// Without `at` a finding points to the element of the innermost loop, else to the first field that the condition reads.
#[test]
fn a_finding_without_a_place_points_to_what_was_asked_about() {
    let document =
        r#"{"debug": true, "mtu": 9000, "bridge": "br0", "hosts": ["tcp://a"], "log-opts": {"k": "v"}}"#;
    let builtin = Catalog::builtin().unwrap();
    for (each, when, path, text) in [
        ("", "debug", "/debug", "true"),
        ("", "!(mtu < 5)", "/mtu", "9000"),
        ("", "5 < mtu && debug", "/mtu", "9000"),
        ("", "bridge == 'br0'", "/bridge", "\"br0\""),
        ("", "'br0' == bridge", "/bridge", "\"br0\""),
        ("", "bridge in ['br0', 'br1']", "/bridge", "\"br0\""),
        ("", "bridge.startsWith('br') || debug", "/bridge", "\"br0\""),
        ("", "bridge.size() == 3", "/bridge", "\"br0\""),
        ("", "has(hosts)", "/hosts", "[\"tcp://a\"]"),
        ("", "'k' in log-opts", "/log-opts", "{\"k\": \"v\"}"),
        ("", "'tcp://a' in hosts", "/hosts", "[\"tcp://a\"]"),
        ("", "hosts.exists(h, h == 'tcp://a')", "/hosts", "[\"tcp://a\"]"),
        ("", "(mtu == 9000) == (debug)", "/mtu", "9000"),
        ("", "true", "", ""),
        ("", "host.cgroup_v2", "", ""),
        ("one in hosts", "debug", "/hosts/0", "\"tcp://a\""),
        ("key, value in log-opts", "debug", "/log-opts/k", "\"k\""),
    ] {
        let each = if each.is_empty() { String::new() } else { format!("each = '{each}'") };
        let when = format!("when = \"{when}\"");
        let catalog = builtin.with_table("mine.toml", &table(&[("when", &when), ("each", &each)]));
        let catalog = catalog.unwrap_or_else(|e| panic!("{when}: {:?}", e.problems));
        let finding = finding(&Policy::new(catalog, "moby-28").unwrap(), document);
        let finding = finding.unwrap_or_else(|| panic!("{when} does not hold"));
        let found = finding.primary.as_ref().map_or("", |label| &document[label.span.range()]);
        assert_eq!((finding.path.as_str(), found), (path, text), "{each} {when}");
    }
}

/// Only what stands in the judged text is underlined.
#[test]
fn a_finding_points_into_the_document_alone() {
    for (place, text) in [("debug", Some("true")), ("host.cgroup_v2", None)] {
        let at = format!("at = '{place}'");
        let policy = Policy::builtin("moby-28").unwrap().with_table("mine.toml", &table(&[("at", &at)]));
        let document = r#"{"log-level": "info", "debug": true}"#;
        let primary = finding(&policy.unwrap(), document).unwrap().primary;
        assert_eq!(primary.map(|label| &document[label.span.range()]), text, "{place}");
    }
}

/// A change of a part leaves what is around it as it is.
#[test]
fn mutants_differ_in_one_place() {
    let when = "when = \"debug && (mtu == 1 || hosts.exists(h, h == 'x' && h == bridge))\"";
    let catalog = Catalog::builtin().unwrap().with_table("mine.toml", &table(&[("when", when)])).unwrap();
    let rule = catalog.rules().iter().find(|rule| rule.id.as_str() == "XY001").unwrap();
    let shown = Shown::new(rule, catalog.subject("daemon").unwrap());
    let whole = shown.condition(&rule.when);
    let mut parts = 0;
    for mutant in mutants(rule, &shown) {
        let Some((before, after)) = mutant.text.split_once(" -> ") else { continue };
        let Some(changed) = mutant.rule.map(|changed| shown.condition(&changed.when)) else { continue };
        // What is left out is told as what takes its place, though nothing does.
        if changed == whole || ["true", "false"].contains(&after) {
            continue;
        }
        let places = whole.match_indices(before).map(|(at, _)| at);
        let one = |at: usize| [&whole[..at], after, &whole[at + before.len()..]].concat();
        let bracketed = |at: usize| [&whole[..at], "(", after, ")", &whole[at + before.len()..]].concat();
        let mut expected = places.flat_map(|at| [one(at), bracketed(at)]);
        assert!(expected.any(|text| text == changed), "{}: {changed}", mutant.text);
        parts += usize::from(before != whole);
    }
    assert!(parts > 8, "{parts}");
}

/// A problem of a part of a string has that part for its place.
#[test]
fn problems_have_places() {
    for (changes, part) in [
        (("message", "message = 'x } y'"), "}"),
        (("message", "message = 'x {debug'"), "{debug"),
        (("message", "message = 'x {nope} y'"), "nope"),
        (("when", "when = \"has(debug) && has(1)\""), "1"),
    ] {
        let text = table(&[changes]);
        let error = Catalog::builtin().unwrap().with_table("mine.toml", &text).unwrap_err();
        let places: Vec<_> = error.problems.iter().map(|problem| &text[problem.span.range()]).collect();
        assert_eq!(places, [part], "{}", error.problems[0].message);
    }
}

/// What messages may do with a string.
#[test]
fn functions_of_messages() {
    for (term, text) in [
        ("trim(bridge)", "A-b-C"),
        ("upper(bridge)", " A-B-C "),
        ("lower(bridge)", " a-b-c "),
        ("before(bridge, '-')", " A"),
        ("after(bridge, '-')", "b-C "),
        ("trim(lower(after(bridge, '-')))", "b-c"),
    ] {
        let message = format!("message = \"{{{term}}}\"");
        let policy =
            Policy::builtin("moby-28").unwrap().with_table("mine.toml", &table(&[("message", &message)]));
        let finding = finding(&policy.unwrap(), r#"{"debug": true, "bridge": " A-b-C "}"#).unwrap();
        assert_eq!(finding.message, text, "{term}");
    }
}

/// A catalog for one subject has the schemas that it reads, and no others.
#[test]
fn what_no_subject_reads_is_not_loaded() {
    let catalog = Catalog::builtin_for("name").unwrap();
    let has = |schema: &str| catalog.schema(schema).is_some();
    assert!(has("name") && has("daemon") && has("host"));
    assert!(!has("create") && !has("spec"));
}

/// The automata that answer the tests of strings tell their sizes.
#[test]
fn automata_are_small() {
    let program = Program::new(&Catalog::builtin().unwrap(), "moby-28", "create").unwrap();
    let sizes = program.automata();
    assert!(!sizes.is_empty());
    for size in sizes {
        assert!(size.patterns > 0 && size.states > 1, "{size:?}");
        assert!(size.states * 4 <= size.bytes && size.bytes < 1 << 16, "{size:?}");
    }
}

/// Go goes through maps in random order: whichever entry comes first, its message is the one that is printed.
#[test]
fn what_else_might_be_said_first() {
    let policy = Policy::builtin("moby-28").unwrap();
    let said = |document: &str| {
        let request = Request::new(Kind::Daemon, document.as_bytes());
        let fast = policy.judge(&request, &Budget::default()).unwrap().decision;
        let naive = policy.judge_naively(&request, &Budget::default()).unwrap().decision;
        assert_eq!((fast.message(), &fast.alternatives), (naive.message(), &naive.alternatives));
        (fast.message().unwrap().to_owned(), fast.alternatives)
    };
    let of = |name: &str| format!("runtime {name}: either a runtimeType or a path must be configured");
    assert_eq!(said(r#"{"runtimes": {"b": {}}}"#), (of("b"), vec![]));
    let three = r#"{"runtimes": {"b": {}, "c": {}, "a": {}, "d": {"path": "/d"}}}"#;
    assert_eq!(said(three), (of("b"), vec![of("a"), of("c")]));
    // What is refused before is refused first in any order.
    let (first, others) = said(r#"{"log-level": "x", "runtimes": {"b": {}, "c": {}}}"#);
    assert!(first.contains("log"), "{first}");
    assert_eq!(others, [""; 0]);
}
