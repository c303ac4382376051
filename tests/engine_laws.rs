//! The evaluator that runs and the naive one, which walks the rules as they are written, decide alike: on generated
//! tables, documents and host facts.
//!
//! `PROPTEST_CASES=30000 cargo test --release --test engine_laws` judges about a million pairs.

use std::sync::LazyLock;

use plimsoll::engine::{Budget, Verdict};
use plimsoll::subject::{Kind, Policy, Request};
use plimsoll::table::Catalog;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::FileFailurePersistence;

static CATALOG: LazyLock<Catalog> = LazyLock::new(|| Catalog::builtin().unwrap());
static POLICY: LazyLock<Policy> = LazyLock::new(|| Policy::new(CATALOG.clone(), "moby-28").unwrap());

/// What an expression may name, by the loops around it.
#[derive(Clone, Debug)]
struct Names {
    bools: Vec<String>,
    ints: Vec<String>,
    strings: Vec<String>,
    string_lists: Vec<String>,
    /// Maps to records with `path`, `runtimeArgs` and the like.
    runtimes: Vec<String>,
    has: Vec<String>,
    depth: usize,
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|n| (*n).to_owned()).collect()
}

impl Names {
    fn root() -> Self {
        Self {
            bools: owned(&[
                "debug",
                "iptables",
                "host.cgroup_v2",
                "host.sysinfo.cpu_realtime",
                "proxies.http-proxy == ''",
            ]),
            ints: owned(&[
                "mtu",
                "shutdown-timeout",
                "host.cpus",
                "size(hosts)",
                "runtimes.size()",
                "size(data-root)",
            ]),
            strings: owned(&[
                "data-root",
                "default-runtime",
                "log-level",
                "host.cpuset_cpus",
                "host.containers['a']",
                "runtimes['a'].path",
                "runtimes[default-runtime].runtimeType",
                "go_lower(log-level).text",
                "host_addr(data-root).problem",
                "clean_path(host.containers['a']).text",
                "go_lower(trim_space(log-level).text).text",
            ]),
            string_lists: owned(&["hosts", "labels", "host.users", "runtimes['a'].runtimeArgs"]),
            runtimes: owned(&["runtimes"]),
            has: owned(&[
                "debug",
                "mtu",
                "runtimes",
                "hosts",
                "host.users",
                "host.cpus",
                "proxies",
                "proxies.http-proxy",
                "runtimes['a'].path",
            ]),
            depth: 0,
        }
    }

    fn with_string(&self, name: &str) -> Self {
        let mut inner = self.clone();
        inner.strings.push(name.to_owned());
        inner.depth += 1;
        inner
    }

    fn with_runtime(&self, key: &str, value: &str) -> Self {
        let mut inner = self.with_string(key);
        inner.strings.extend([format!("{value}.path"), format!("{value}.runtimeType")]);
        inner.string_lists.push(format!("{value}.runtimeArgs"));
        inner.ints.push(format!("size({value}.options)"));
        inner.has.extend([
            format!("{value}.path"),
            format!("{value}.runtimeArgs"),
            format!("{value}.options"),
        ]);
        inner
    }

    /// A name that no loop around uses.
    fn fresh(&self, letter: &str) -> String {
        format!("{letter}{}", self.depth)
    }
}

fn literal() -> impl Strategy<Value = String> {
    select(vec!["''", "'a'", "'b'", "'/'", "'a/b'", "'runc'", "'info'", "'é'", "'\\xff'"])
        .prop_map(str::to_owned)
}

fn string(names: &Names) -> BoxedStrategy<String> {
    prop_oneof![3 => select(names.strings.clone()), 1 => literal()].boxed()
}

fn int(names: &Names) -> BoxedStrategy<String> {
    let number = (-1_i64..4).prop_map(|n| n.to_string());
    prop_oneof![2 => select(names.ints.clone()), 1 => number].boxed()
}

fn atom(names: &Names) -> BoxedStrategy<String> {
    let test = select(vec!["startsWith", "endsWith", "contains"]);
    let pattern = select(vec!["^a*$", "^[^/]*$", "^.b.*$", "^(a|runc)$", "^$", "^\\xff?$"]);
    let order = select(vec!["==", "!=", "<", "<=", ">", ">="]);
    let same = select(vec!["==", "!="]);
    prop_oneof![
        select(names.bools.clone()).prop_map(|b| if b.contains(' ') { format!("({b})") } else { b }),
        select(names.has.clone()).prop_map(|h| format!("has({h})")),
        (int(names), order, int(names)).prop_map(|(l, o, r)| format!("{l} {o} {r}")),
        (string(names), same, string(names)).prop_map(|(l, o, r)| format!("{l} {o} {r}")),
        (select(names.strings.clone()), test, literal()).prop_map(|(s, t, l)| format!("{s}.{t}({l})")),
        (select(names.strings.clone()), pattern)
            .prop_map(|(s, p)| format!("{s}.matches('{}')", p.replace('\\', "\\\\"))),
        (string(names), prop::collection::vec(literal(), 0..3))
            .prop_map(|(s, l)| format!("{s} in [{}]", l.join(", "))),
        (string(names), select(names.string_lists.clone())).prop_map(|(s, l)| format!("{s} in {l}")),
        (string(names), select(names.runtimes.clone())).prop_map(|(s, m)| format!("{s} in {m}")),
        (string(names), Just("host.binaries")).prop_map(|(s, m)| format!("{s} in {m}")),
    ]
    .boxed()
}

fn condition(names: Names, size: u32) -> BoxedStrategy<String> {
    if size == 0 {
        return atom(&names);
    }
    let inner = || condition(names.clone(), size - 1);
    let mut forms = vec![
        atom(&names),
        inner().prop_map(|c| format!("!({c})")).boxed(),
        (inner(), inner()).prop_map(|(a, b)| format!("({a}) && ({b})")).boxed(),
        (inner(), inner()).prop_map(|(a, b)| format!("({a}) || ({b})")).boxed(),
        (inner(), inner()).prop_map(|(a, b)| format!("(({a}) == ({b}))")).boxed(),
    ];
    if names.depth < 3 {
        let quantifier = || select(vec!["exists", "all"]);
        let (x, k, v) = (names.fresh("x"), names.fresh("k"), names.fresh("v"));
        let body = condition(names.with_string(&x), size - 1);
        forms.push(
            (select(names.string_lists.clone()), quantifier(), body)
                .prop_map(move |(l, q, b)| format!("{l}.{q}({x}, {b})"))
                .boxed(),
        );
        let body = condition(names.with_runtime(&k, &v), size - 1);
        forms.push(
            (select(names.runtimes.clone()), quantifier(), body)
                .prop_map(move |(m, q, b)| format!("{m}.{q}({k}, {v}, {b})"))
                .boxed(),
        );
    }
    proptest::strategy::Union::new(forms).boxed()
}

/// One stage: its loops, and rows that share them.
fn stage(number: usize) -> BoxedStrategy<String> {
    let root = Names::root();
    let loops = prop_oneof![
        Just((String::new(), root.clone())),
        Just(("h in hosts".to_owned(), root.with_string("h"))),
        Just(("name, runtime in runtimes".to_owned(), root.with_runtime("name", "runtime"))),
        Just((
            "name, runtime in runtimes; arg in runtime.runtimeArgs".to_owned(),
            root.with_runtime("name", "runtime").with_string("arg"),
        )),
    ];
    loops
        .prop_flat_map(move |(each, names)| {
            let mut targets = vec![
                ("debug", "iptables"),
                ("mtu", "2"),
                ("mtu", "host.cpus"),
                ("default-runtime", "'a'"),
                ("default-runtime", "log-level"),
                ("proxies.http-proxy", "data-root"),
            ];
            if each.starts_with("name") {
                targets.extend([("runtime.path", "name"), ("runtime.runtimeType", "''")]);
            }
            let row = (condition(names, 2), 0..10_u8, select(targets), any::<bool>());
            let each = each.clone();
            prop::collection::vec(row, 1..4).prop_map(move |rows| {
                let rows = rows.into_iter().enumerate();
                rows.map(|(i, (when, kind, (target, value), halt))| {
                    let effect = match kind {
                        0..2 => "set",
                        2..5 => "warn",
                        _ => "deny",
                    };
                    let mut text = format!("[[rule]]\nid = 'XY{:03}'\ntitle = 't'\nstage = {}\n", number * 10 + i, 5000 + number);
                    if !each.is_empty() {
                        text += &format!("each = '{each}'\n");
                    }
                    text += &format!("effect = '{effect}'\nwhen = \"\"\"{}\"\"\"\n", when.replace('\\', "\\\\"));
                    // Rows that report may change the document besides.
                    if kind <= 3 || kind == 9 {
                        text += &format!("set = {{ \"{target}\" = \"{value}\" }}\n");
                    }
                    text += &format!("message = '{{mtu}} {{default-runtime:q}}'\nwhy = 'w'\nhelp = 'h'\nevidence = 'read'\nhalt = {}\n", halt && kind == 9);
                    text + "bad = ['{}']\ngood = ['{}']\n"
                })
                .collect::<String>()
            })
        })
        .boxed()
}

fn table() -> impl Strategy<Value = String> {
    let stages: Vec<_> = (0..4).map(stage).collect();
    stages.prop_map(|stages| {
        let head = "[table]\nid = 'laws'\nsubject = 'daemon'\nline = 'moby'\nsource = 'generated'\n";
        format!("{head}{}", stages.concat())
    })
}

fn word() -> impl Strategy<Value = String> {
    select(vec!["", "a", "b", "/", "a/b", "runc", "info", "INFO", "é", "ab", "bb"]).prop_map(str::to_owned)
}

fn json(pairs: Vec<Option<(&'static str, serde_json::Value)>>) -> String {
    let map = pairs.into_iter().flatten().map(|(k, v)| (k.to_owned(), v)).collect();
    serde_json::Value::Object(map).to_string()
}

fn words() -> impl Strategy<Value = serde_json::Value> {
    prop::collection::vec(word(), 0..3).prop_map(Into::into)
}

fn maybe<T: Into<serde_json::Value>>(
    name: &'static str,
    value: impl Strategy<Value = T>,
) -> impl Strategy<Value = Option<(&'static str, serde_json::Value)>> {
    prop::option::of(value.prop_map(move |v| (name, v.into())))
}

fn runtime() -> impl Strategy<Value = serde_json::Value> {
    (maybe("path", word()), maybe("runtimeArgs", words()), maybe("runtimeType", word()))
        .prop_map(|(p, a, t)| serde_json::from_str(&json(vec![p, a, t])).unwrap())
}

fn document() -> impl Strategy<Value = String> {
    let runtimes = prop::collection::btree_map(word(), runtime(), 0..3)
        .prop_map(|m| serde_json::Value::Object(m.into_iter().collect()));
    let proxies = word().prop_map(|w| serde_json::json!({ "http-proxy": w }));
    (
        maybe("debug", any::<bool>()),
        maybe("iptables", any::<bool>()),
        maybe("mtu", 0..3_i64),
        maybe("data-root", word()),
        maybe("default-runtime", word()),
        maybe("log-level", word()),
        maybe("hosts", words()),
        maybe("labels", words()),
        maybe("runtimes", runtimes),
        maybe("proxies", proxies),
    )
        .prop_map(|(a, b, c, d, e, f, g, h, i, j)| json(vec![a, b, c, d, e, f, g, h, i, j]))
}

fn host() -> impl Strategy<Value = String> {
    let map = || {
        prop::collection::btree_map(word(), word(), 0..3)
            .prop_map(|m| serde_json::Value::Object(m.into_iter().map(|(k, v)| (k, v.into())).collect()))
    };
    let sysinfo = any::<bool>().prop_map(|b| serde_json::json!({ "cpu_realtime": b }));
    (
        maybe("cgroup_v2", any::<bool>()),
        maybe("cpus", 0..3_i64),
        maybe("cpuset_cpus", word()),
        maybe("users", words()),
        maybe("containers", map()),
        maybe("binaries", map()),
        maybe("sysinfo", sysinfo),
    )
        .prop_map(|(a, b, c, d, e, f, g)| json(vec![a, b, c, d, e, f, g]))
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(96),
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct("tests/regressions/engine.txt"))),
        ..ProptestConfig::default()
    })]

    #[test]
    fn fast_and_naive_decide_alike(
        table in table(),
        cases in prop::collection::vec((document(), host()), 32),
    ) {
        // Not `Policy::with_table`, which asks more of examples than these keep.
        let catalog = CATALOG.with_table("laws", &table);
        let catalog = catalog.map_err(|e| TestCaseError::fail(format!("{:?}\n{table}", e.problems)))?;
        let policy = Policy::new(catalog, "moby-28").unwrap();
        let budget = Budget::default();
        for (document, host) in &cases {
            let request = Request { host: Some(host.as_bytes()), ..Request::new(Kind::Daemon, document.as_bytes()) };
            let fast = policy.judge_traced(&request, &budget).unwrap().decision;
            let naive = policy.judge_naively(&request, &budget).unwrap().decision;
            prop_assert_eq!(&fast, &naive, "{}\n{}\n{}", document, host, table);
            // A table can only add: what the built-in rules deny stays denied.
            let builtin = POLICY.judge(&request, &budget).unwrap().decision.verdict;
            prop_assert!(builtin != Verdict::Deny || fast.verdict == Verdict::Deny);
        }
    }
}
