//! `plimsoll wrap` from outside: plans, files, and what is refused.
#![cfg(all(feature = "cli", unix))]
#![allow(clippy::unwrap_used)]

#[path = "common/run.rs"]
mod run;

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use run::{fed, folder, plimsoll};

const TWO: &str = r#"{
  "data-root": "/srv/docker",
  "runtimes": {
    "runsc": {"path": "/usr/bin/runsc", "runtimeArgs": ["--debug"]},
    "quiet": {"path": "/usr/bin/runsc"},
    "odd": {"path": "/bin/true", "runtimeArgs": ["; id"]}
  }
}"#;
const RUNSC: &str = "runsc.9ML1T8XT9CVHG-MZL0-GZF0BTTV5KQRD5-R4FGW3XCJBPK3VDQLJ====";

/// Names in a folder, sorted.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// A place for scripts that does not exist yet.
fn place() -> (tempfile::TempDir, PathBuf, String) {
    let temporary = tempfile::tempdir().unwrap();
    let path = temporary.path().join("runtimes");
    let text = path.to_str().unwrap().to_owned();
    (temporary, path, text)
}

#[test]
fn a_plan_has_every_script_and_writes_nothing() {
    fed(&["wrap", "--daemon", "-"], TWO.as_bytes())
        .ends_with(0)
        .says("runtime runsc\n")
        .says(&format!("  path    /srv/docker/runtimes/{RUNSC}\n"))
        .says("  sha256  4ce41ca3994a")
        .says("  | #!/bin/sh\n  | /usr/bin/runsc --debug $@\n")
        .says("warning[RT020]: ")
        .says("2 wrapper scripts, moby-28: planned, nothing written\n");
    let plan = fed(&["wrap", "--daemon", "-", "--format", "json"], TWO.as_bytes()).ends_with(0).json();
    assert_eq!(plan["swaps_directory"], false);
    let script = &plan["scripts"][1];
    assert_eq!((&script["file_name"], &script["progress"]), (&RUNSC.into(), &"planned".into()));
    assert_eq!(script["contents"], "#!/bin/sh\n/usr/bin/runsc --debug $@\n");
    let old = fed(&["wrap", "--daemon", "-", "--profile", "moby-23"], TWO.as_bytes());
    old.ends_with(0).says("path    /srv/docker/runtimes/runsc\n").says("swaps the whole directory");
}

#[test]
fn scripts_are_written_whole_and_never_twice() {
    let (_folder, daemon) = folder("daemon.json", TWO);
    let (_temporary, path, text) = place();
    let args = ["wrap", "--daemon", &daemon, "--write", &text];
    plimsoll(&args).ends_with(0).says("  written\n");
    assert_eq!(names(&path).len(), 2);
    let script = path.join(RUNSC);
    assert_eq!(fs::read(&script).unwrap(), b"#!/bin/sh\n/usr/bin/runsc --debug $@\n");
    let before = fs::metadata(&script).unwrap();
    assert_eq!(before.permissions().mode() & 0o7777, 0o700);

    // What an interrupted run left goes; what is there stays, stale scripts included.
    fs::write(path.join(".plimsoll-1.tmp"), "#!/bin").unwrap();
    fs::write(path.join("stale.0"), "#!/bin/sh\n").unwrap();
    plimsoll(&args).ends_with(0).says("  kept\n");
    assert_eq!(fs::metadata(&script).unwrap().ino(), before.ino());
    assert_eq!(names(&path).len(), 3);

    fs::write(&script, "#!/bin/sh\n/bin/evil $@\n").unwrap();
    plimsoll(&args).ends_with(2).complains("exists with other contents");
}

#[test]
fn the_umask_changes_nothing() {
    let (_folder, daemon) = folder("daemon.json", TWO);
    for umask in ["0000", "0777"] {
        let (_temporary, path, text) = place();
        let command = format!(
            "umask {umask}; {} wrap --daemon {daemon} --write {text}",
            env!("CARGO_BIN_EXE_plimsoll")
        );
        assert!(std::process::Command::new("sh").args(["-c", &command]).output().unwrap().status.success());
        assert_eq!(fs::metadata(path.join(RUNSC)).unwrap().permissions().mode() & 0o7777, 0o700);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o700);
    }
}

#[test]
fn names_that_lead_elsewhere_are_refused_at_their_place_and_nothing_is_written() {
    for name in ["../x", "/abs", "a/../b"] {
        let text = format!(
            "{{\"runtimes\": {{\n  \"good\": {{\"path\": \"/x\", \"runtimeArgs\": [\"a\"]}},\n  \"{name}\": {{\"path\": \"/x\", \"runtimeArgs\": [\"a\"]}}}}}}"
        );
        let (_folder, daemon) = folder("daemon.json", &text);
        let (_temporary, path, to) = place();
        // The daemon itself takes it.
        plimsoll(&["check", &daemon]).ends_with(0);
        plimsoll(&["wrap", "--daemon", &daemon]).ends_with(0);
        plimsoll(&["wrap", "--daemon", &daemon, "--write", &to])
            .ends_with(1)
            .says("error[WF001]")
            .says(&format!("{daemon}:3:3"));
        assert!(!path.exists());
    }
}

#[test]
fn what_the_daemon_refuses_is_not_planned() {
    let (_temporary, path, to) = place();
    let denied = br#"{"runtimes": {"runc": {"path": "/x", "runtimeArgs": ["a"]}}}"#;
    fed(&["wrap", "--daemon", "-", "--write", &to], denied).ends_with(1).says("error[RT001]");
    let report = fed(&["wrap", "--daemon", "-", "--format", "json"], denied).ends_with(1).json();
    assert_eq!(report["files"][0]["verdict"], "deny");
    let name = "x".repeat(185);
    let undecided = format!(r#"{{"runtimes": {{"{name}": {{"path": "/x", "runtimeArgs": ["a"]}}}}}}"#);
    fed(&["wrap", "--daemon", "-", "--write", &to], undecided.as_bytes()).ends_with(1).says("undecided");
    fed(&["wrap", "--daemon", "-"], b"{").ends_with(1).says("error[LD");
    plimsoll(&["wrap", "--daemon", "/no/such/file"]).ends_with(2).complains("No such file");
    assert!(!path.exists());
}

#[test]
fn an_old_daemon_swaps_its_directory_for_a_new_one() {
    let (_folder, daemon) = folder("daemon.json", TWO);
    let (temporary, path, to) = place();
    let args = ["wrap", "--daemon", &daemon, "--write", &to, "--profile", "moby-23"];
    plimsoll(&args).ends_with(0);
    assert_eq!(names(&path), ["odd", "runsc"]);
    fs::write(&daemon, TWO.replace("; id", "--other")).unwrap();
    plimsoll(&args).ends_with(0);
    assert_eq!(fs::read(path.join("odd")).unwrap(), b"#!/bin/sh\n/bin/true --other $@\n");
    assert_eq!(names(temporary.path()), ["runtimes"]);
    // A directory with anything else in it is not ours to move away.
    fs::write(path.join("passwd"), "root:x:0:0::/root:/bin/sh\n").unwrap();
    plimsoll(&args).ends_with(2).complains("is no directory of wrapper scripts");
    assert!(path.join("passwd").exists());
}

/// The real thing: killed at every system call that touches the files, where strace can do it.
#[test]
fn killed_at_any_system_call() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/crash/kill-at-syscall.sh");
    let output =
        std::process::Command::new("bash").args([script, env!("CARGO_BIN_EXE_plimsoll")]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("SKIPPED") || text.contains("every name had a whole script or nothing"), "{text}");
}
