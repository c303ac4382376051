//! `plimsoll probe` on made-up machines: what it tells, what it leaves out, and that `--host` takes all of it.
#![cfg(all(feature = "cli", unix))]
#![allow(clippy::unwrap_used)]

#[path = "common/run.rs"]
mod run;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use run::{Run, fed, folder, plimsoll};
use serde_json::{Value as Json, json};

/// A machine below a temporary folder.
struct Machine(tempfile::TempDir);

impl Machine {
    fn new(files: &[(&str, &str)]) -> Self {
        let machine = Self(tempfile::tempdir().unwrap());
        for (path, text) in files {
            machine.put(path, text, 0o644);
        }
        machine
    }

    fn put(&self, path: &str, text: &str, mode: u32) {
        let place = self.0.path().join(path.trim_start_matches('/'));
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(&place, text).unwrap();
        fs::set_permissions(&place, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn probe(&self, args: &[&str]) -> Run {
        let root = self.0.path().to_str().unwrap();
        plimsoll(&[&["probe", "--root", root], args].concat()).ends_with(0)
    }
}

/// What was told, without what depends on the machine the test runs on.
fn told(run: &Run) -> Json {
    let mut facts = run.json();
    for name in ["os", "architecture", "variant"] {
        facts.as_object_mut().unwrap().remove(name);
    }
    accepted(&facts);
    facts
}

/// Whatever is told, `--host` takes.
fn accepted(facts: &Json) {
    let (_folder, path) = folder("host.json", facts.to_string());
    fed(&["check", "--host", &path, "-"], br#"{"userland-proxy": false}"#).ends_with(0);
}

const STATUS: &str = "Name:\tdockerd\nCapEff:\t0000000000000021\nCpus_allowed_list:\t0-1,3\n";
const SECOND: &str = "25 1 0:22 / /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";

#[test]
fn the_second_version_of_cgroups() {
    let machine = Machine::new(&[
        ("/proc/7/mountinfo", SECOND),
        ("/proc/7/status", STATUS),
        ("/proc/7/cgroup", "0::/system.slice/docker.service\n"),
        ("/proc/7/environ", "HOME=/\0DOCKER_RAMDISK=yes\0PATH=/bin:/sbin:bin\0"),
        ("/proc/7/ns/cgroup", ""),
        ("/proc/filesystems", "nodev\tcgroup2\n"),
        ("/proc/sys/net/ipv4/ip_forward", "1\n"),
        ("/proc/sys/kernel/osrelease", "6.1.0-13-amd64\n"),
        ("/run/systemd/system/x", ""),
        ("/sys/fs/cgroup/cgroup.controllers", "cpuset cpu io memory\n"),
        ("/sys/fs/cgroup/cpuset.cpus.effective", "0-3\n"),
        ("/sys/fs/cgroup/cpuset.mems.effective", "0\n"),
        ("/sys/fs/cgroup/system.slice/docker.service/memory.swap.max", "max\n"),
        ("/bin/notes", ""),
    ]);
    machine.put("/bin/runc", "", 0o755);
    machine.put("/sbin/runc", "", 0o755);
    machine.put("/sbin/docker-proxy", "", 0o755);
    let facts = told(&machine.probe(&["--pid", "7"]));
    let sysinfo = json!({
        "memory_limit": true, "swap_limit": true, "memory_reservation": true, "memory_swappiness": false,
        "oom_kill_disable": false, "kernel_memory": false, "pids_limit": false, "cpu_shares": true, "cpu_cfs": true,
        "cpu_realtime": false, "cpuset": true, "blkio_weight": true, "blkio_weight_device": true,
        "blkio_read_bps": true, "blkio_write_bps": true, "blkio_read_iops": true, "blkio_write_iops": true,
        "cgroup_namespaces": true, "ipv4_forwarding_disabled": false,
    });
    assert_eq!(
        facts,
        json!({
            "cgroup_v2": true, "systemd_cgroup": true, "cpuset_cpus": "0-3", "cpuset_mems": "0", "cpus": 3,
            "capabilities": ["CAP_CHOWN", "CAP_KILL"], "docker_ramdisk": true, "kernel_before_4": false,
            "selinux": false, "sysinfo": sysinfo, "docker_proxy": "/sbin/docker-proxy",
            "binaries": {"runc": "/bin/runc", "docker-proxy": "/sbin/docker-proxy"},
        })
    );
}

#[test]
fn the_first_version_of_cgroups() {
    let mounts = "30 25 0:27 / /cg/mem rw - cgroup cgroup rw,memory\n31 25 0:28 / /cg/cpu rw - cgroup c rw,cpu,cpuacct\n\
        33 25 0:30 / /cg/set rw - cgroup c rw,cpuset\n";
    let machine = Machine::new(&[
        ("/proc/self/mountinfo", mounts),
        ("/proc/self/status", STATUS),
        ("/proc/filesystems", "nodev\tselinuxfs\n"),
        ("/proc/sys/net/ipv4/ip_forward", "0\n"),
        ("/proc/sys/kernel/osrelease", "3.10.0\n"),
        ("/cg/mem/memory.soft_limit_in_bytes", ""),
        ("/cg/cpu/cpu.shares", ""),
        ("/cg/set/cpuset.cpus", "0-1\n"),
    ]);
    let run = machine.probe(&[]);
    run.says("\"memory_reservation\": true");
    let facts = told(&machine.probe(&[]));
    let sysinfo = &facts["sysinfo"];
    let on: Vec<&str> = sysinfo
        .as_object()
        .unwrap()
        .iter()
        .filter(|(_, v)| **v == json!(true))
        .map(|(k, _)| k.as_str())
        .collect();
    assert_eq!(
        on,
        ["memory_limit", "memory_reservation", "cpu_shares", "cpuset", "ipv4_forwarding_disabled"]
    );
    // What is the daemon's, and what could not be read, is left out.
    assert_eq!((&facts["cgroup_v2"], &facts["kernel_before_4"]), (&json!(false), &json!(true)));
    for name in ["selinux", "capabilities", "docker_ramdisk", "cpuset_mems", "paths", "containers"] {
        assert_eq!(facts.get(name), None, "{name}");
    }
}

#[test]
fn nothing_known_is_nothing_told() {
    let machine = Machine::new(&[("/proc/7/comm", "dockerd")]);
    let run = machine.probe(&["--pid", "7"]);
    // Not even that there are no cgroup namespaces: there is no folder that could have them.
    assert_eq!(told(&run), json!({}));
    run.complains("probe: could not read /proc/7/mountinfo: ").complains("probe: /proc/7/ns is not there");
    assert_eq!(machine.probe(&["--quiet"]).stderr, "");
}

#[test]
fn paths_are_those_of_the_daemon_json() {
    let machine = Machine::new(&[("/etc/seccomp.json", "{}"), ("/opt/none", ""), ("/data/x", "")]);
    machine.put("/opt/crun", "", 0o755);
    let daemon = r#"{"seccomp-profile": "/etc/seccomp.json", "data-root": "/nowhere", "runtimes": {
        "a": {"path": "/opt/crun"}, "b": {"path": "/opt/none"}, "c": {"path": "crun"}}}"#;
    let (_folder, path) = folder("daemon.json", daemon);
    let run = machine.probe(&["--daemon", &path, "--path", "/data", "--path", "/gone"]);
    assert_eq!(told(&run)["paths"], json!(["/data", "/etc/seccomp.json", "/opt/crun"]));
    run.complains("/opt/none is no program").complains("/gone is not there");
    let (_folder, path) = folder("daemon.json", "{");
    plimsoll(&["probe", "--daemon", &path])
        .ends_with(2)
        .complains("unexpected end of JSON input")
        .complains(&format!("--> {path}"));
}

#[test]
fn a_daemon_json_is_read_as_the_daemon_reads_it() {
    let machine = Machine::new(&[("/etc/a.json", "{}"), ("/etc/b.json", "{}")]);
    machine.put("/opt/crun", "", 0o755);
    // A byte order mark, keys in any case of letters, a key that stands twice.
    let daemon = "\u{feff}{\"Seccomp-Profile\": \"/etc/a.json\", \"seccomp-profile\": \"/etc/b.json\",
        \"runtimes\": {\"a\": {\"PATH\": \"/opt/crun\"}}}";
    let utf16: Vec<u8> = daemon.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for text in [daemon.as_bytes().to_vec(), utf16] {
        let (_folder, path) = folder("daemon.json", text);
        let run = machine.probe(&["--daemon", &path]);
        assert_eq!(told(&run)["paths"], json!(["/etc/b.json", "/opt/crun"]));
    }
    for nothing in ["", "null"] {
        let (_folder, path) = folder("daemon.json", nothing);
        assert_eq!(told(&machine.probe(&["--daemon", &path]))["paths"], json!([]));
    }
}

#[test]
fn runtimes_are_run_only_when_asked_for() {
    let place = tempfile::tempdir().unwrap();
    let script = |name: &str, text: &str| {
        let path = place.path().join(name);
        fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let ran = place.path().join("ran");
    let good = script("good", &format!("echo \"$@\" >> {}; echo '{{}}'", ran.display()));
    let bad = script("bad", "echo no such command >&2; exit 3");
    let daemon = json!({"runtimes": {"good": {"path": good}, "bad": {"path": bad}, "../x": {"path": good}, "gone": {"path": "/gone"}}});
    let (_folder, daemon) = folder("daemon.json", daemon.to_string());
    plimsoll(&["probe", "--daemon", &daemon]).ends_with(0);
    assert!(!Path::new(&ran).exists());
    let features = tempfile::tempdir().unwrap();
    let out = features.path().to_str().unwrap();
    let run = plimsoll(&["probe", "--daemon", &daemon, "--run-runtimes", out]).ends_with(0);
    let run = run.complains(&format!("ran `{good} features`")).complains("exit status: 3: no such command");
    accepted(&run.complains("it did not start").complains("did not run").json());
    assert_eq!(fs::read_to_string(&ran).unwrap(), "features\n");
    let names: Vec<_> = fs::read_dir(out).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names, ["good.json"]);
    plimsoll(&["probe", "--daemon", &daemon, "--root", out, "--run-runtimes", out]).ends_with(2);
}

#[test]
fn where_nothing_can_be_looked_at_nothing_is_told() {
    let (_folder, file) = folder("root", "");
    for root in [file.as_str(), "/no/such/folder"] {
        plimsoll(&["probe", "--root", root]).ends_with(2).complains("no directory to look below");
    }
    let machine = Machine::new(&[("/proc/7/ns/pid", "")]);
    let run = machine.probe(&["--pid", "7"]);
    assert_eq!(told(&run)["sysinfo"], json!({"cgroup_namespaces": false}));
    plimsoll(&["probe", "--pid", "4294967295"]).ends_with(2).complains("there is no process 4294967295");
}

#[test]
fn this_machine_can_be_probed() {
    let run = plimsoll(&["probe"]).ends_with(0);
    accepted(&run.json());
    assert_eq!(run.json()["os"], std::env::consts::OS);
}
