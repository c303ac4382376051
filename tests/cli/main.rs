//! The command line from outside: exit statuses, streams, and what goes wrong with files.
#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used)]

mod beside;
mod cases;
#[cfg(feature = "prove")]
mod proofs;
#[path = "../common/run.rs"]
mod run;

use std::path::Path;

use plimsoll::Kind;
use run::{command, fed, folder, plimsoll};
use serde_json::json;

const GOOD: &[u8] = br#"{"debug": true}"#;
const BAD: &[u8] = b"{\n  \"debug\": true,\n  \"no-such-key\": 1\n}\n";
const ODD: &[u8] = b"{\n  \"debug\": true,\n  \"debug\": true\n}\n";

#[test]
fn exit_status_is_the_worst_of_all_files() {
    fed(&["check", "-"], GOOD).ends_with(0).says("1 file, moby-28: 1 accepted");
    fed(&["check", "-"], BAD).ends_with(1).says("1 denied");
    fed(&["check", "-"], ODD).ends_with(0).says("1 warning");
    fed(&["check", "--fail-on", "warn", "-"], ODD).ends_with(1);
    fed(&["check", "-"], b"{").ends_with(1).says("1 denied");
    fed(&["check", "-"], b"").ends_with(0);
    fed(&["check", "-", "/no/such/file"], BAD).ends_with(2).says("2 files, moby-28: 1 denied, 1 not judged");
}

#[test]
fn findings_have_file_line_and_column() {
    let (_folder, path) = folder("daemon.json", BAD);
    let run = plimsoll(&["check", &path]).ends_with(1).says("error[LD003]: ").says("no-such-key");
    run.says(&format!("--> {path}:3:3\n")).says("= why: ").says("= help: ");
}

#[test]
fn unreadable_files_are_said_and_the_others_judged() {
    let (folder, path) = folder("daemon.json", BAD);
    let empty = folder.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    let empty = empty.to_str().unwrap();
    plimsoll(&["check", "/no/such/file", &path])
        .ends_with(2)
        .complains("error: cannot read this file: No such file or directory\n--> /no/such/file")
        .complains("= help: check the path")
        .says("error[LD003]");
    plimsoll(&["check", empty]).ends_with(2).complains("no *.json in this folder");
    plimsoll(&["audit", empty]).ends_with(2).complains("this is a folder");
    plimsoll(&["check", folder.path().to_str().unwrap()]).ends_with(1).says("1 file");
}

#[test]
fn folders_stand_for_the_json_below_them_in_order() {
    let (folder, _) = folder("b.json", GOOD);
    let sub = folder.path().join("a");
    std::fs::create_dir(&sub).unwrap();
    std::fs::write(sub.join("z.json"), GOOD).unwrap();
    std::fs::write(sub.join("notes.txt"), "x").unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(folder.path(), sub.join("circle")).unwrap();
    let report =
        plimsoll(&["check", "--format", "json", folder.path().to_str().unwrap()]).ends_with(0).json();
    let names: Vec<_> = report["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| Path::new(file["path"].as_str().unwrap()).strip_prefix(folder.path()).unwrap().to_owned())
        .collect();
    assert_eq!(names, [Path::new("a/z.json"), Path::new("b.json")]);
}

#[cfg(unix)]
#[test]
fn no_permission_is_said() {
    use std::os::unix::fs::PermissionsExt as _;
    let (_folder, path) = folder("daemon.json", GOOD);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).unwrap();
    if std::fs::read(&path).is_ok() {
        // The super-user may read everything; there is nothing to see.
        return;
    }
    plimsoll(&["check", &path]).ends_with(2).complains("Permission denied").complains("sudo cat");
}

#[cfg(target_os = "linux")]
#[test]
fn devices_are_not_opened() {
    plimsoll(&["check", "/dev/zero"]).ends_with(2).complains("not a regular file");
    let zero = std::fs::File::open("/dev/zero").unwrap();
    let output = command(&["check", "-"]).stdin(zero).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("over budget: document size in bytes"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = command(&["rules"]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot write to standard output"));
}

#[test]
fn a_closed_pipe_ends_the_run_quietly() {
    let line = br#"{"id":1,"kind":"daemon","raw_base64":""}"#;
    let cases = [&line[..], b"\n"].concat().repeat(4_000);
    let (_folder, path) = folder("cases.ndjson", cases);
    for args in
        [&["audit", path.as_str()][..], &["rules", "--format", "json"], &["completions", "bash"], &["--help"]]
    {
        let mut child = command(args).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{args:?}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{args:?}");
    }
}

#[test]
fn documents_over_budget_are_not_judged() {
    let big = vec![b' '; (16 << 20) + 1];
    fed(&["check", "-"], &big).ends_with(2).complains("over budget");
    let (_folder, path) = folder("daemon.json", &big);
    plimsoll(&["check", &path]).ends_with(2).complains("over budget");
    let nested = [&b"["[..]].concat().repeat(9_000);
    fed(&["check", "-"], &nested).ends_with(1);
}

#[test]
fn wrong_calls_are_explained() {
    plimsoll(&[]).ends_with(2).complains("Usage");
    plimsoll(&["check"]).ends_with(2).complains("FILE");
    plimsoll(&["chekc"]).ends_with(2).complains("check");
    plimsoll(&["check", "--nonsense", "x"]).ends_with(2).complains("--nonsense");
    plimsoll(&["check", "--kind", "demon", "x"]).ends_with(2).complains("daemon");
    fed(&["check", "--profile", "moby28", "-"], GOOD).ends_with(2).complains("perhaps `moby-28` is meant");
    plimsoll(&["check", "--daemon", "/no/such/file", "-"]).ends_with(2).complains("/no/such/file");
    plimsoll(&["rules", "LD0003"]).ends_with(2).complains("perhaps `LD003` is meant");
    plimsoll(&["rules", "--schema", "demon"]).ends_with(2).complains("perhaps `daemon` is meant");
}

#[test]
fn keys_count_in_any_case_of_letters() {
    fed(&["check", "-"], br#"{"hostconfig": {"binds": ["/:/host"]}}"#)
        .ends_with(1)
        .says("Config cannot be empty in order to create a container");
    fed(&["check", "-"], br#"{"binds": ["/:/host"], "privileged": true}"#)
        .ends_with(1)
        .says("Config cannot be empty in order to create a container");
}

#[test]
fn files_in_other_languages_are_not_taken_for_json() {
    let (_folder, path) = folder("docker-compose.yml", "services:\n  web:\n    image: nginx\n");
    plimsoll(&["check", &path]).ends_with(2).complains("by its name this is YAML").complains("`--kind`");
    plimsoll(&["check", "--kind", "daemon", &path]).ends_with(1).says("error[LD002]");
    let (_folder, path) = folder("config.toml", "version = 2\n");
    plimsoll(&["check", &path]).ends_with(2).complains("by its name this is TOML");
    let (_folder, path) = folder("daemon.yaml", GOOD);
    plimsoll(&["check", &path]).ends_with(0);
}

#[test]
fn every_kind_is_told_where_it_can_be_chosen() {
    let help = plimsoll(&["check", "--help"]).ends_with(0);
    let words: Vec<&str> = help.stdout.split(|c: char| !c.is_alphanumeric()).collect();
    for kind in Kind::ALL {
        assert!(words.contains(&kind.as_str()), "{kind}");
    }
}

#[test]
fn kinds_that_a_profile_does_not_judge_say_who_does() {
    fed(&["check", "--profile", "moby-27", "-"], br#"{"ociVersion": "1.0.2"}"#)
        .ends_with(2)
        .complains("by its key `ociVersion` this is an OCI config.json, which moby-27 does not judge")
        .complains("`--profile containerd-2.1` judges it");
    fed(&["check", "-"], br#"{"ociVersionMin": "1.0.0", "linux": {}}"#)
        .ends_with(2)
        .complains("this is what a runtime prints of its features")
        .complains("--features FILE");
}

#[test]
fn every_command_teaches_by_example() {
    for command in ["check", "audit", "test", "rules", "completions"] {
        plimsoll(&[command, "--help"]).ends_with(0).says("Examples:\n").says(&format!("plimsoll {command}"));
    }
    plimsoll(&["--help"]).ends_with(0).says("Examples:\n");
    plimsoll(&["--version"]).ends_with(0).says(env!("CARGO_PKG_VERSION"));
}

#[test]
fn nothing_a_terminal_obeys_gets_through() {
    let document = "{\"a\u{1b}[31m\u{202e}\": 1, \"b\u{9b}2J\": {\"x\": 1}}".as_bytes();
    for args in [&["check", "-"][..], &["check", "--format", "json", "-"]] {
        let run = fed(args, document);
        let bad = |c: char| c != '\n' && plimsoll::source::is_unprintable(c);
        assert!(!run.stdout.contains(bad), "{run:#?}");
    }
}

#[test]
fn huge_names_are_shortened_for_people_only() {
    let document = format!("{{\"{}\": 1}}", "n".repeat(1 << 20));
    let run = fed(&["check", "-"], document.as_bytes()).ends_with(1);
    assert!(run.stdout.len() < 10_000, "{} bytes", run.stdout.len());
    let run = fed(&["check", "--format", "json", "-"], document.as_bytes()).ends_with(1);
    assert!(run.stdout.len() > 1 << 20);
}

#[test]
fn utf16_is_located_like_any_other_text() {
    let text = std::str::from_utf8(BAD).unwrap();
    let raw: Vec<u8> =
        std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    fed(&["check", "-"], &raw).ends_with(1).says("--> <stdin>:3:3\n").says("\"no-such-key\": 1");
}

#[test]
fn colours_are_for_terminals() {
    let plain = fed(&["check", "-"], BAD).stdout;
    assert!(!plain.contains('\u{1b}'));
    assert!(fed(&["check", "--color", "always", "-"], BAD).stdout.contains("\u{1b}["));
    assert_eq!(fed(&["check", "--color", "never", "-"], BAD).stdout, plain);
}

#[test]
fn quiet_leaves_the_exit_status() {
    for format in ["human", "json"] {
        let run = fed(&["check", "--quiet", "--format", format, "-"], BAD).ends_with(1);
        assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("", ""));
    }
    plimsoll(&["check", "--quiet", "/no/such/file"]).ends_with(2).complains("/no/such/file");
}

#[test]
fn the_json_report_has_everything() {
    let (_folder, path) = folder("daemon.json", BAD);
    let report = plimsoll(&["check", "--format", "json", &path, "/no/such/file"]).ends_with(2).json();
    assert_eq!(report["version"], 1);
    assert_eq!(report["profile"], "moby-28");
    assert_eq!(report["tool"]["name"], "plimsoll");
    let file = &report["files"][0];
    assert_eq!(
        (&file["path"], &file["kind"], &file["verdict"]),
        (&json!(path), &json!("daemon"), &json!("deny"))
    );
    let finding = &file["findings"][0];
    assert_eq!((&finding["rule"], &finding["effect"]), (&json!("LD003"), &json!("deny")));
    assert_eq!(file["message"], finding["message"]);
    let span = &finding["span"];
    assert_eq!((&span["line"], &span["column"]), (&json!(3), &json!(3)));
    assert!(span["end"].as_u64() > span["start"].as_u64());
    assert!(finding["why"].is_string() && finding["help"].is_string() && finding["related"].is_array());
    assert_eq!(report["files"][1]["verdict"], "error");
    assert_eq!(report["summary"]["denied"], 1);
    assert_eq!(report["summary"]["failed"], 1);
}

#[test]
fn completions_are_scripts() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        plimsoll(&["completions", shell]).ends_with(0).says("plimsoll");
    }
}
