//! The store of runtimes against a model: whatever is reloaded in whatever order, nothing that somebody holds changes.
#![allow(clippy::unwrap_used)]

#[path = "common/policies.rs"]
mod policies;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex};

use plimsoll::engine::{Budget, Verdict};
use plimsoll::facts::{Limits, load_daemon};
use plimsoll::runtime::{
    Configuration, Generation, PlacedScript, Resolved, RuntimeStore, Runtimes, SetupHost, Snapshot, Started,
    StoreError, WrapperSink,
};
use plimsoll::schema::Schema;
use plimsoll::subject::{ConfigureError, Kind, Policy, Request};
use policies::{MOBY_23, MOBY_28, moby};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use serde_json::{Value as Json, json};

const HOST: &[u8] =
    br#"{"every_path": true, "every_binary": true, "systemd_cgroup": false, "docker_ramdisk": false}"#;

/// daemon.json as the newer generation has it, and the older.
static SCHEMAS: LazyLock<[Schema; 2]> = LazyLock::new(|| {
    let catalog = MOBY_28.catalog().unwrap();
    [false, true].map(|older| {
        let has = |id: &str| catalog.profiles().at_least(moby(older).profile(), id);
        catalog.schema("daemon").unwrap().at_profile(&has)
    })
});

fn configure(policy: &Policy, daemon: &str) -> Result<Configuration, ConfigureError> {
    policy.configure(daemon.as_bytes(), Some(HOST), &Budget::default())
}

/// A directory in memory that refuses after a number of scripts.
#[derive(Debug, Default)]
struct Disk {
    scripts: BTreeMap<Vec<u8>, Vec<u8>>,
    refuses_after: Option<usize>,
}

impl WrapperSink for Disk {
    type Error = &'static str;

    fn put(&mut self, script: &PlacedScript) -> Result<(), Self::Error> {
        if let Some(left) = &mut self.refuses_after {
            *left = left.checked_sub(1).ok_or("disk full")?;
        }
        self.scripts.insert(script.path().to_vec(), script.script().contents().to_vec());
        Ok(())
    }
}

fn start(policy: &Policy, daemon: &str) -> (RuntimeStore, Disk) {
    let mut disk = Disk::default();
    let started = RuntimeStore::start(configure(policy, daemon).unwrap(), [], &mut disk).unwrap();
    (started.store, disk)
}

fn seen(snapshot: &Snapshot) -> Json {
    serde_json::to_value(snapshot.runtimes()).unwrap()
}

/// Some names are refused by the daemon, one only by plimsoll, one is stock.
fn daemon() -> impl Strategy<Value = String> {
    let name = prop_oneof![
        10 => prop::sample::select(vec!["a", "b", "c", "io.containerd.runc.v2", ""]),
        1 => prop::sample::select(vec!["runc", "../x", "a/b"]),
    ];
    let args = prop::collection::vec(prop::sample::select(vec!["--x", "--y", "", "--x --y"]), 0..3);
    let entry = prop_oneof![
        8 => (prop::sample::select(vec!["/bin/x", "/bin/y", "crun"]), args)
            .prop_map(|(path, args)| json!({"path": path, "runtimeArgs": args})),
        2 => Just(json!({"runtimeType": "io.containerd.kata.v2"})),
        1 => Just(json!({})),
    ];
    let default = prop::sample::select(vec!["", "runc", "a", "io.containerd.kata.v2", "nope"]);
    (prop::collection::btree_map(name, entry, 0..4), default)
        .prop_map(|(runtimes, default)| json!({"runtimes": runtimes, "default-runtime": default}).to_string())
}

#[derive(Clone, Debug)]
enum Step {
    Reload { daemon: String, refuses_after: Option<usize> },
    Hold,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (daemon(), prop::option::weighted(0.3, 0_usize..3))
            .prop_map(|(daemon, refuses_after)| Step::Reload { daemon, refuses_after }),
        1 => Just(Step::Hold),
    ]
}

/// Every script of every snapshot is on the disk as it was, and known to the store.
fn check(store: &RuntimeStore, disk: &Disk, held: &[(Arc<Snapshot>, Json)]) {
    let now = store.load();
    let known: BTreeMap<&[u8], &[u8]> = now.wrappers().map(|w| (w.path(), w.script().contents())).collect();
    for (snapshot, before) in held {
        assert_eq!(seen(snapshot), *before);
        for wrapper in snapshot.wrappers() {
            let contents = wrapper.script().contents();
            assert_eq!(disk.scripts.get(wrapper.path()).map(Vec::as_slice), Some(contents));
            assert_eq!(known.get(wrapper.path()).copied(), Some(contents));
        }
        let needed = snapshot.runtimes().iter().filter_map(|(_, runtime)| runtime.wrapper.as_ref());
        for wrapper in needed {
            assert!(snapshot.wrappers().any(|known| known == wrapper));
        }
    }
}

fn run(profile: &str, steps: &[Step]) {
    let policy = moby(profile == "moby-23");
    let (store, mut disk) = start(policy, "{}");
    let mut held: Vec<(Arc<Snapshot>, Json)> = Vec::new();
    for step in steps {
        match step {
            Step::Hold => {
                let snapshot = store.load();
                let json = seen(&snapshot);
                held.push((snapshot, json));
            }
            Step::Reload { daemon, refuses_after } => {
                let before = store.load();
                let request = Request { host: Some(HOST), ..Request::new(Kind::Daemon, daemon.as_bytes()) };
                let outcome = policy.judge(&request, &Budget::default()).unwrap();
                let done = match configure(policy, daemon) {
                    Err(error) => {
                        // Refused by the daemon's rules, or by plimsoll's own.
                        let own =
                            daemon.contains("../x") || (profile == "moby-23" && daemon.contains("\"\":"));
                        assert!(outcome.decision.verdict == Verdict::Deny || own, "{error}: {daemon}");
                        false
                    }
                    Ok(configuration) => {
                        disk.refuses_after = *refuses_after;
                        let result = store.reload(configuration, &mut disk);
                        let changed = matches!(result, Err(StoreError::Changed { .. }));
                        assert!(!changed || profile == "moby-23", "{result:?}");
                        result.is_ok()
                    }
                };
                if done {
                    assert_eq!(Some(seen(&store.load())), outcome.resolved);
                } else {
                    assert!(Arc::ptr_eq(&before, &store.load()), "a failed reload changed something");
                }
            }
        }
        check(&store, &disk, &held);
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct("tests/regressions/store.txt"))),
        ..ProptestConfig::default()
    })]

    #[test]
    fn nothing_held_ever_changes(steps in prop::collection::vec(step(), 1..20)) {
        run("moby-28", &steps);
    }

    #[test]
    fn nothing_held_ever_changes_even_where_names_have_no_hash(steps in prop::collection::vec(step(), 1..20)) {
        run("moby-23", &steps);
    }

    /// What the user wrote stays what the user wrote.
    #[test]
    fn setting_up_leaves_the_configuration_alone(daemon in daemon(), first in any::<bool>()) {
        let (policy, schema) = (moby(first), &SCHEMAS[usize::from(first)]);
        let loaded = load_daemon(daemon.as_bytes(), schema, &Limits::default()).unwrap();
        let before = format!("{:?}", loaded.facts);
        let runtimes = Runtimes::setup(&loaded.facts, Generation::of_profile(policy.profile()), SetupHost::default());
        prop_assert_eq!(&format!("{:?}", loaded.facts), &before);
        // Nor does judging, whose rules may set fields, touch what is kept; nor do runtimes, used.
        let set_up = policy.set_up(daemon.as_bytes(), None, &Budget::default()).unwrap();
        let owned = format!("{:?}", loaded.facts.clone().into_owned());
        prop_assert_eq!(format!("{:?}", set_up.document), owned);
        prop_assert_eq!(set_up.runtimes, runtimes);
    }
}

/// Readers in threads of their own, which check what they see while the configuration changes under them.
#[test]
fn readers_never_see_half_a_reload() {
    let policy = &*MOBY_28;
    let daemon = |i: usize| {
        let (a, b) = (i % 7, i % 5);
        format!(
            r#"{{"default-runtime": "r{a}", "runtimes": {{"r{a}": {{"path": "/bin/x", "runtimeArgs": ["--n={b}"]}}}}}}"#
        )
    };
    let store = RuntimeStore::start(configure(policy, &daemon(0)).unwrap(), [], &mut Disk::default());
    let store = store.unwrap().store;
    let written: Mutex<Disk> = Mutex::default();
    store.reload(configure(policy, &daemon(0)).unwrap(), &mut *written.lock().unwrap()).unwrap();
    let over = AtomicBool::new(false);
    std::thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| {
                let mut held = Vec::new();
                let mut reads = 0;
                while !over.load(Ordering::Relaxed) || reads == 0 {
                    reads += 1;
                    let snapshot = store.load();
                    // Default and runtimes belong together.
                    let Resolved::Known { runtime, .. } = snapshot.get(b"") else { panic!("half a reload") };
                    let wrapper = runtime.wrapper.as_ref().unwrap();
                    let disk = written.lock().unwrap();
                    let contents = wrapper.script().contents();
                    assert_eq!(disk.scripts.get(wrapper.path()).map(Vec::as_slice), Some(contents));
                    drop(disk);
                    let json = seen(&snapshot);
                    if held.len() < 50 {
                        held.push((snapshot, json));
                    }
                }
                let disk = written.lock().unwrap();
                check(&store, &disk, &held);
            });
        }
        let configurations: Vec<_> = (0..35).map(|i| configure(policy, &daemon(i)).unwrap()).collect();
        for i in 0..2000 {
            let configuration = configurations[i % 35].clone();
            let mut sink = Locked(&written);
            store.reload(configuration, &mut sink).unwrap();
        }
        over.store(true, Ordering::Relaxed);
    });
    assert_eq!(store.load().wrappers().len(), 35);
}

/// Writers at the same time: each builds on what the other wrote.
#[test]
fn reloads_at_once_lose_no_wrapper() {
    let policy = &*MOBY_28;
    let (store, _) = start(policy, "{}");
    std::thread::scope(|threads| {
        for thread in 0..4 {
            let (policy, store) = (policy, &store);
            threads.spawn(move || {
                for i in 0..50 {
                    let daemon = format!(
                        r#"{{"runtimes": {{"t{thread}": {{"path": "/x", "runtimeArgs": ["{i}"]}}}}}}"#
                    );
                    store.reload(configure(policy, &daemon).unwrap(), &mut Disk::default()).unwrap();
                }
            });
        }
    });
    assert_eq!(store.load().wrappers().len(), 200);
}

struct Locked<'d>(&'d Mutex<Disk>);

impl WrapperSink for Locked<'_> {
    type Error = &'static str;

    fn put(&mut self, script: &PlacedScript) -> Result<(), Self::Error> {
        self.0.lock().unwrap().put(script)
    }
}

const WRAPPED: &str = r#"{"runtimes": {"runsc": {"path": "/usr/bin/runsc", "runtimeArgs": ["--debug"]}}}"#;
const SCRIPT: &[u8] = b"runsc.9ML1T8XT9CVHG-MZL0-GZF0BTTV5KQRD5-R4FGW3XCJBPK3VDQLJ====";

#[test]
fn stale_scripts_go_at_the_start_and_at_no_other_time() {
    let policy = &*MOBY_28;
    let present = [&b"old.0123"[..], SCRIPT, b".plimsoll-1.tmp"];
    let mut disk = Disk::default();
    let Started { store, stale } =
        RuntimeStore::start(configure(policy, WRAPPED).unwrap(), present, &mut disk).unwrap();
    assert_eq!(stale, [&b"old.0123"[..], b".plimsoll-1.tmp"]);
    store.reload(configure(policy, "{}").unwrap(), &mut disk).unwrap();
    assert_eq!(store.load().wrappers().len(), 1);
    assert_eq!(disk.scripts.len(), 1);
}

#[test]
fn what_is_not_allowed_never_reaches_the_store() {
    let policy = &*MOBY_28;
    let error = |daemon: &str| policy.configure(daemon.as_bytes(), None, &Budget::default()).unwrap_err();
    assert_eq!(
        error(r#"{"default-runtime": "nope"}"#).to_string(),
        "specified default runtime 'nope' does not exist"
    );
    let long =
        format!(r#"{{"runtimes": {{"{}": {{"path": "/x", "runtimeArgs": ["a"]}}}}}}"#, "x".repeat(185));
    assert_eq!(error(&long).to_string(), "undecided; it depends on host.temp_name_fits");
    let climbs = r#"{"runtimes": {"../x": {"path": "/x", "runtimeArgs": ["a"]}}}"#;
    assert!(error(climbs).to_string().ends_with("leads out of the directory of wrapper scripts"));
    let tight = Budget { bytes: 1, ..Budget::default() };
    assert!(matches!(policy.configure(b"{}", None, &tight), Err(ConfigureError::Judge(_))));
}

#[test]
fn a_snapshot_tells_what_to_look_for_and_what_the_daemon_executes() {
    let policy = &*MOBY_28;
    let (store, _) = start(
        policy,
        r#"{"runtimes": {
            "runsc": {"path": "/usr/bin/runsc", "runtimeArgs": ["--debug"]},
            "search": {"path": "crun", "runtimeArgs": ["--debug"]},
            "bare": {"path": "/usr/bin/crun"},
            "kata": {"runtimeType": "io.containerd.kata.v2"}}}"#,
    );
    let snapshot = store.load();
    let preflight = |name: &[u8]| match snapshot.get(name) {
        Resolved::Known { runtime, .. } => runtime.preflight().map(|p| (p.path.to_vec(), p.fact)),
        Resolved::PassedOn { .. } => None,
    };
    assert_eq!(preflight(b"runsc"), Some((b"/usr/bin/runsc".to_vec(), "host.paths")));
    assert_eq!(preflight(b"search"), Some((b"crun".to_vec(), "host.binaries")));
    for name in [&b"bare"[..], b"kata", b"", b"runc", b"io.containerd.x.v1"] {
        assert_eq!(preflight(name), None);
    }
    let executed: Vec<_> = snapshot
        .runtimes()
        .executed_at_load()
        .map(|(name, path)| format!("{} {}", String::from_utf8_lossy(name), String::from_utf8_lossy(path)))
        .collect();
    let wrapper = format!("/var/lib/docker/runtimes/{}", String::from_utf8_lossy(SCRIPT));
    assert_eq!(executed.len(), 4);
    assert_eq!(executed[..3], ["runc runc", "bare /usr/bin/crun", &format!("runsc {wrapper}")]);
    assert!(executed[3].starts_with("search /var/lib/docker/runtimes/search."));

    let old = &*MOBY_23;
    assert_eq!(start(old, WRAPPED).0.load().runtimes().executed_at_load().count(), 0);
}

#[test]
fn a_store_is_shared_between_threads() {
    fn shared<T: Send + Sync + 'static>() {}
    shared::<RuntimeStore>();
    shared::<Snapshot>();
    shared::<Configuration>();
}
