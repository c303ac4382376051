//! `plimsoll resolve` from outside, and the laws of its answers.
#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used)]

#[path = "common/policies.rs"]
mod policies;
#[path = "common/run.rs"]
mod run;

use plimsoll::engine::{Budget, Verdict};
use plimsoll::runtime::StepKind;
use policies::moby;
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use run::{fed, plimsoll};

const DAEMON: &str = r#"{
  "data-root": "/srv/docker",
  "exec-opts": ["native.cgroupdriver=systemd"],
  "default-runtime": "gvisor",
  "runtimes": {
    "gvisor": {
      "path": "/usr/bin/runsc",
      "runtimeArgs": ["--debug", "--log=$HOME/x y", "; id"]
    },
    "crun": { "path": "/usr/bin/crun" },
    "kata": { "runtimeType": "io.containerd.kata.v2", "options": { "ConfigPath": "/etc/kata.toml" } },
    "other": { "runtimeType": "io.containerd.runc.v2", "options": { "BinaryName": "/usr/bin/youki", "Root": "/run/y" } },
    "by-path": { "runtimeType": "/opt/shim" }
  }
}
"#;
const HOST: &str = r#"{"paths": ["/usr/bin/runsc"], "docker_ramdisk": false, "every_path": false}"#;

fn snapshot(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(concat!(env!("CARGO_MANIFEST_DIR"), "/snapshots/resolve"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text.replace(env!("CARGO_PKG_VERSION"), "VERSION")));
}

/// Runs with the host facts of a file.
fn resolve(name: &str, more: &[&str]) -> run::Run {
    let (_folder, host) = run::folder("host.json", HOST);
    let args = [&["resolve", name, "--daemon", "-", "--host", &host], more].concat();
    fed(&args, DAEMON.as_bytes())
}

#[test]
fn every_way_a_name_can_go() {
    for (file, name) in [
        ("default", ""),
        ("path", "crun"),
        ("shim", "kata"),
        ("runc-shim", "other"),
        ("shim-path", "by-path"),
        ("stock", "runc"),
        ("passed-on", "io.containerd.runsc.v1"),
        ("look-alike", "evil.runc.v2"),
    ] {
        snapshot(file, &resolve(name, &[]).ends_with(0).stdout);
    }
    snapshot("commands", &resolve("other", &["--commands"]).ends_with(0).stdout);
    snapshot("old", &resolve("gvisor", &["--profile", "moby-23"]).ends_with(0).stdout);
}

#[test]
fn every_format() {
    for format in ["json", "dot", "mermaid"] {
        snapshot(&format!("format-{format}"), &resolve("", &["--format", format]).ends_with(0).stdout);
    }
}

#[test]
fn what_is_refused_says_why() {
    let run = resolve("gvisr", &[]).ends_with(1).says("error[NA003]: unknown or invalid runtime name: gvisr");
    run.complains("perhaps `gvisor` is meant");
    let report = resolve("/bin/sh", &["--format", "json"]).ends_with(1).json();
    assert_eq!(report["files"][0]["verdict"], "deny");
    // A binary that is not there is pointed at in the file.
    let (_folder, host) = run::folder("host.json", r#"{"paths": [], "every_path": false}"#);
    fed(&["resolve", "--daemon", "-", "--host", &host], DAEMON.as_bytes())
        .ends_with(1)
        .says("error[NA005]")
        .says("<stdin>:6:5");
    fed(&["resolve", "runc", "--daemon", "-"], br#"{"default-runtime": "nope"}"#)
        .ends_with(1)
        .says("error[RT002]");
    fed(&["resolve", "runc", "--daemon", "-"], b"{").ends_with(1).says("error[LD");
    plimsoll(&["resolve", "runc", "--daemon", "/no/such/file"]).ends_with(2).complains("No such file");
}

#[test]
fn what_nobody_told_is_asked_for() {
    fed(&["resolve", "--daemon", "-"], DAEMON.as_bytes())
        .ends_with(1)
        .says("moby-28: undecided, it depends on host.paths\n")
        .says("options are shown as if false: host.docker_ramdisk\n");
    // A shim has no options of the daemon's.
    let kata = fed(&["resolve", "kata", "--daemon", "-"], DAEMON.as_bytes()).ends_with(0);
    assert!(!kata.stdout.contains("as if false"), "{kata:?}");
}

#[test]
fn places_are_right_in_other_encodings_too() {
    let text = "\u{feff}{\n \"default-runtime\": \"é\", \"runtimes\": {\"é\": {\"path\": \"/x\"}}}";
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for document in [text.as_bytes(), &utf16] {
        fed(&["resolve", "--daemon", "-"], document)
            .ends_with(0)
            .says("<stdin>:2:21 default-runtime\n")
            .says("<stdin>:2:39 runtimes.é\n")
            .says("<stdin>:2:53 runtimes.é.path\n");
    }
}

#[test]
fn nothing_a_terminal_or_a_graph_obeys_gets_through() {
    let daemon = br#"{"default-runtime": "\u001b[2J\"]\u202e<b>", "runtimes": {"\u001b[2J\"]\u202e<b>": {"path": "/x\u001b", "runtimeArgs": ["\"];\n\u0007#"]}}}"#;
    for format in ["human", "json", "dot", "mermaid"] {
        let run = fed(&["resolve", "--daemon", "-", "--format", format], daemon);
        let bad = |c: char| c != '\n' && plimsoll::source::is_unprintable(c);
        assert!(!run.stdout.is_empty() && !run.stdout.contains(bad), "{run:?}");
        let quotes = |line: &str| line.replace("\\\\", "").replace("\\\"", "").matches('"').count();
        if format == "dot" {
            assert!(run.stdout.lines().all(|line| [0, 2, 4].contains(&quotes(line))), "{run:?}");
        } else if format == "mermaid" {
            assert!(run.stdout.lines().all(|line| [0, 2].contains(&line.matches('"').count())), "{run:?}");
            assert!(!run.stdout.contains("<b>"));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 64,
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct("tests/regressions/resolve.txt"))),
        ..ProptestConfig::default()
    })]

    /// Total; the places are inside the text; and the answer is that of the judge.
    #[test]
    fn an_answer_for_every_name_and_document(
        name in prop_oneof![Just(String::new()), "[a-c./]{0,4}", Just("runc".to_owned()), ".{0,5}"],
        daemon in prop_oneof![
            "[a-c{}\":, ]{0,12}",
            ("[a-c./]{0,3}", "[a-c /;$\"']{0,6}", "[a-c./]{0,3}").prop_map(|(name, arg, default)| serde_json::json!({
                "default-runtime": default,
                "runtimes": {name: {"path": "/x", "runtimeArgs": [arg]}},
            }).to_string()),
        ],
        old in any::<bool>(),
    ) {
        let policy = moby(old);
        let budget = Budget::default();
        let host = Some(&br#"{"every_path": true, "every_binary": true}"#[..]);
        let resolution = policy.resolve(name.as_bytes(), daemon.as_bytes(), host, &budget).unwrap();
        for step in &resolution.steps {
            for cause in &step.causes {
                prop_assert!(cause.span.range().end <= daemon.len() && !cause.span.range().is_empty());
            }
        }
        let set_up = policy.set_up(daemon.as_bytes(), host, &budget).unwrap();
        if set_up.decision.verdict == Verdict::Deny {
            prop_assert_eq!(resolution.verdict, Verdict::Deny);
        } else {
            let asked = if old { set_up.runtimes.asked(name.as_bytes()) } else { name.as_bytes() };
            let text = serde_json::json!({"name": String::from_utf8_lossy(asked)}).to_string();
            let request = plimsoll::subject::Request {
                daemon: Some(daemon.as_bytes()), host,
                ..plimsoll::subject::Request::new(plimsoll::subject::Kind::Name, text.as_bytes())
            };
            let outcome = policy.judge(&request, &budget).unwrap();
            prop_assert_eq!(outcome.decision.verdict, resolution.name.verdict);
            if let Some(resolved) = outcome.resolved {
                let shim = resolution.steps.iter().find(|step| step.kind == StepKind::ShimType).unwrap();
                prop_assert_eq!(resolved["shim"].as_str().unwrap(), String::from_utf8_lossy(&shim.value));
            }
        }
    }
}
