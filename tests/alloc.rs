//! The evaluator takes no memory on the way to "allow".

use plimsoll::engine::{Budget, Program, Verdict};
use plimsoll::facts::{Facts, Limits, decode, load_create, load_daemon};
use plimsoll::schema::Schema;
use plimsoll::table::Catalog;

const PROFILE: &str = "moby-28";

/// The schema as the profile has it.
fn schema(catalog: &Catalog, id: &str) -> Schema {
    let has = |p: &str| catalog.profiles().at_least(PROFILE, p);
    catalog.schema(id).unwrap().at_profile(&has)
}

fn host<'h>(catalog: &Catalog, text: &'h str) -> Facts<'h> {
    decode(text.as_bytes(), &schema(catalog, "host"), &Limits::default()).unwrap().facts
}

/// The allocations of one evaluation, after one that builds the automata.
fn allocations(program: &Program, document: &Facts<'_>, others: &[&Facts<'_>]) -> u64 {
    let budget = Budget::default();
    let judge = || assert_eq!(program.evaluate(document, others, &budget).unwrap().verdict, Verdict::Allow);
    judge();
    allocation_counter::measure(judge).count_total
}

#[test]
fn a_daemon_json_that_is_allowed() {
    let catalog = Catalog::builtin().unwrap();
    let program = Program::new(&catalog, PROFILE, "daemon").unwrap();
    let runtimes: Vec<_> = (0..10).map(|i| format!(r#""rt{i}": {{"path": "/usr/bin/rt{i}"}}"#)).collect();
    for text in [
        String::new(),
        "{}".to_owned(),
        format!(r#"{{"runtimes": {{{}}}, "default-runtime": "rt3"}}"#, runtimes.join(", ")),
        r#"{"runtimes": {"kata": {"runtimeType": "io.containerd.kata.v2"}}, "default-runtime": "io.containerd.runsc.v1"}"#.to_owned(),
        r#"{"debug": true, "log-level": "info", "log-driver": "json-file", "log-opts": {"max-size": "10m"}, "mtu": 1450,
            "data-root": "/srv/docker", "storage-driver": "overlay2", "live-restore": true, "iptables": false,
            "dns": ["10.0.0.1"], "default-address-pools": [{"base": "10.10.0.0/16", "size": 24}]}"#.to_owned(),
        r#"{"labels": ["team=a", "stage=b", "team=a"], "exec-opts": ["native.cgroupdriver=systemd"]}"#.to_owned(),
    ] {
        let loaded = load_daemon(text.as_bytes(), &schema(&catalog, "daemon"), &Limits::default()).unwrap();
        let others = [loaded.load, host(&catalog, "{}")];
        // `iptables: false` makes a `set` row fire: that copies the document, once.
        if !text.contains("iptables") {
            assert_eq!(allocations(&program, &loaded.facts, &others.each_ref()), 0, "{text}");
        }
        let rules = program.only(|rule| &*rule.table == "moby/runtimes");
        assert_eq!(allocations(&rules, &loaded.facts, &others.each_ref()), 0, "{text}");
    }
}

#[test]
fn a_name_that_is_allowed() {
    let catalog = Catalog::builtin().unwrap();
    let program = Program::new(&catalog, PROFILE, "name").unwrap();
    let daemon = br#"{"runtimes": {"crun": {"path": "/usr/bin/crun"}}}"#;
    let loaded = load_daemon(daemon, &schema(&catalog, "daemon"), &Limits::default()).unwrap();
    let others = [loaded.facts, host(&catalog, "{}")];
    for name in ["runc", "crun", "io.containerd.kata.v2", "a.b", "é.v2"] {
        let text = serde_json::json!({ "name": name }).to_string();
        let facts = decode(text.as_bytes(), &schema(&catalog, "name"), &Limits::default()).unwrap().facts;
        assert_eq!(allocations(&program, &facts, &others.each_ref()), 0, "{name}");
    }
}

/// Lists that views go through as a whole among it: Binds, SecurityOpt, CpusetCpus.
#[test]
fn a_create_body_that_is_allowed() {
    let catalog = Catalog::builtin().unwrap();
    let program = Program::new(&catalog, PROFILE, "create").unwrap();
    let limits = Limits::default();
    let body = include_bytes!("../benches/create.json");
    let loaded = load_create(body, &schema(&catalog, "create"), &limits).unwrap();
    let daemon = load_daemon(b"", &schema(&catalog, "daemon"), &limits).unwrap().facts;
    let request = br#"{"content_type": "application/json", "api_minor": 51}"#;
    let request = decode(request, &schema(&catalog, "request"), &limits).unwrap().facts;
    let host = host(&catalog, include_str!("../benches/host.json"));
    let image = Facts::new(&schema(&catalog, "image"));
    let others = [&loaded.load, &image, &daemon, &host, &request];
    assert_eq!(allocations(&program, &loaded.facts, &others), 0);
}
