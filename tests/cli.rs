//! The command line from outside: exit statuses, streams, and what goes wrong with files.
#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used)]

#[path = "common/run.rs"]
mod run;

use std::path::Path;

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
    let cases = [&line[..], b"\n"].concat().repeat(20_000);
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

/// Every kind of outcome of a config.json: bundle or file, with and without an answer of the runtime.
#[test]
fn a_config_json_is_judged_with_what_its_runtime_says() {
    let cases: [(&str, i32, &[&str]); 16] = [
        ("undecided", 1, &["bundle"]),
        ("accepted", 0, &["--features", "features/enabled.json", "bundle"]),
        ("disabled", 1, &["--features", "features/disabled.json", "bundle/config.json"]),
        (
            "disabled-1.7",
            1,
            &["--profile", "containerd-1.7", "--features", "features/disabled.json", "bundle"],
        ),
        ("old", 1, &["--features", "features/old.json", "bundle"]),
        ("crash", 1, &["--features", "features/no-linux.json", "bundle"]),
        ("crash-1.7", 1, &["--profile", "containerd-1.7", "--features", "features/no-linux.json", "bundle"]),
        ("mistyped-features", 1, &["--features", "features/mistyped.json", "bundle"]),
        (
            "mistyped-features-1.7",
            1,
            &["--profile", "containerd-1.7", "--features", "features/mistyped.json", "bundle"],
        ),
        (
            "failed-1.7",
            1,
            &["--profile", "containerd-1.7", "--features-answer", "features/failed.answer.json", "bundle"],
        ),
        ("no-info", 1, &["--features-answer", "features/no-info.answer.json", "bundle"]),
        ("option", 1, &["--features", "features/old.json", "spec/option.json"]),
        ("option-1.7", 0, &["--profile", "containerd-1.7", "spec/option.json"]),
        ("mistyped", 1, &["spec/mistyped.json"]),
        ("trailing", 1, &["spec/trailing.json"]),
        ("cut", 1, &["spec/cut.json"]),
    ];
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(concat!(env!("CARGO_MANIFEST_DIR"), "/snapshots/spec"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for (name, status, args) in cases {
        let output = command(&["check"])
            .args(args)
            .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases"))
            .output()
            .unwrap();
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert_eq!(output.status.code(), Some(status), "{name}: {text}");
        settings
            .bind(|| insta::assert_snapshot!(name, format!("plimsoll check {}\n\n{text}", args.join(" "))));
    }
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
fn what_counts_of_a_create_body_is_shown() {
    let body = "{\"cmd\": \"sh\", \"Memory\": 7000000, \"Cpuset\": \"0\", \"Image\": \"a\u{202e}\",
        \"HostConfig\": {\"Privileged\": true, \"PidsLimit\": 0, \"RestartPolicy\": {}, \"ConsoleSize\": [0]}}";
    let run =
        fed(&["check", "--profile", "moby-27", "--show-effective", "--format", "json", "-"], body.as_bytes());
    let resolved = json!({
        "runtime": "runc",
        "security_opt": ["label=disable"],
        "effective": {
            "Config": {"Cmd": ["sh"], "Image": "a\u{202e}"},
            "HostConfig": {"NetworkMode": "default", "Privileged": true, "Memory": 7_000_000, "CpusetCpus": "0",
                "PidsLimit": 0},
        },
    });
    let file = &run.json()["files"][0];
    assert_eq!((&file["kind"], &file["resolved"]), (&json!("create"), &resolved), "{run:?}");
    // Newer daemons do not look at keys of HostConfig that stand beside it.
    let run = fed(&["check", "--show-effective", "--format", "json", "-"], body.as_bytes());
    let host_config = json!({"NetworkMode": "default", "Privileged": true, "PidsLimit": 0});
    assert_eq!(run.json()["files"][0]["resolved"]["effective"]["HostConfig"], host_config);
    let run = fed(&["check", "--show-effective", "-"], body.as_bytes());
    run.says("<stdin>, as the daemon has it:\n{").says("\"a\\u202e\"");
    let run = fed(&["check", "--format", "json", "-"], body.as_bytes());
    assert_eq!(run.json()["files"][0].get("resolved"), None);
}

#[test]
fn an_image_can_be_told() {
    let (_folder, path) = folder("image.json", br#"{"Cmd": ["sh"]}"#);
    let body = br#"{"Image": "x"}"#;
    fed(&["check", "-"], body).ends_with(1).says("undecided").says("image.");
    fed(&["check", "--image", &path, "-"], body).ends_with(0);
    let (_folder, path) = folder("image.json", b"null");
    fed(&["check", "--image", &path, "-"], body).ends_with(1).says("No command specified");
}

#[test]
fn the_request_around_a_body_can_be_told() {
    let body = br#"{"Cmd": ["sh"], "HostConfig": {"Mounts": [{"Type": "bind", "Source": "/s", "Target": "/d", "TmpfsOptions": {}}]}}"#;
    let (_folder, host) = folder("host.json", br#"{"every_path": true}"#);
    let told = |request: &[u8]| {
        let (_folder, path) = folder("request.json", request);
        fed(&["check", "--host", &host, "--request", &path, "-"], body)
    };
    // Without a version it is the daemon's newest.
    fed(&["check", "--host", &host, "-"], body)
        .ends_with(1)
        .says("TmpfsOptions must not be specified on mount type");
    told(br#"{"api_minor": 42}"#).ends_with(1);
    told(br#"{"api_minor": 41}"#).ends_with(0);
    told(br#"{"api_minor": 41, "name": "a b"}"#).ends_with(1).says("Invalid container name (a b), only");
    told(br#"{"content_type": "text/plain"}"#)
        .ends_with(1)
        .says("unsupported Content-Type header (text/plain)");
    told(br#"{"api_minr": 41}"#)
        .ends_with(2)
        .complains("there is no fact `api_minr` (perhaps `api_minor` is meant)");
}

#[test]
fn misspelt_host_facts_are_refused() {
    for (facts, wrong) in [
        (
            &br#"{"sysinfo": {"memory_limt": true}}"#[..],
            "there is no fact `sysinfo.memory_limt` (perhaps `memory_limit` is meant)",
        ),
        (
            br#"{"sysinfo": {"Cpuset": true}}"#,
            "there is no fact `sysinfo.Cpuset` (perhaps `cpuset` is meant)",
        ),
        (br#"{"sysinfo": {"x": true}}"#, "there is no fact `sysinfo.x` (there are: memory_limit, "),
        (br#"{"cpu": 2}"#, "there is no fact `cpu` (perhaps `cpus` is meant)"),
    ] {
        let (_folder, path) = folder("host.json", facts);
        fed(&["check", "--host", &path, "-"], GOOD).ends_with(2).complains(wrong);
    }
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

/// A table as a user writes it.
const TABLE: &str = r#"
[table]
id = "ours/debug"
subject = "daemon"
line = "moby"
source = "our handbook"
doc = "our own rules"

[[rule]]
id = "OUR001"
title = "debug is on"
stage = 9000
effect = "warn"
when = "debug"
message = "debug is on"
at = "debug"
why = "it fills the disk"
help = "turn it off"
source = "our handbook"
evidence = "read"
bad = ['{"debug": true}']
good = ['{}']
"#;

#[test]
fn tables_of_the_users_own_add_findings() {
    let (_folder, path) = folder("ours.toml", TABLE);
    fed(&["check", "--table", &path, "--fail-on", "warn", "-"], GOOD)
        .ends_with(1)
        .says("warning[OUR001]: debug is on\n --> <stdin>:1:")
        .says("= why: it fills the disk");
    fed(&["check", "--table", &path, "--profile", "moby-23", "-"], GOOD).ends_with(0).says("OUR001");
    plimsoll(&["rules", "--table", &path, "our001"]).ends_with(0).says("debug is on").says("our handbook");

    let (_folder, path) =
        folder("broken.toml", TABLE.replace("\"debug\"\n", "\"debugg\"\n").replace("evidence", "x"));
    fed(&["check", "--table", &path, "-"], GOOD)
        .ends_with(2)
        .complains(&format!("--> {path}:1"))
        .complains("debugg")
        .complains("unknown key `x`");
}

#[test]
fn audit_answers_every_line_in_order() {
    let mut cases = String::new();
    for i in 0..5_000 {
        let input = if i % 3 == 0 { r#"{"debug": 1}"# } else { "{}" };
        cases.push_str(&format!("{{\"id\": {i}, \"kind\": \"daemon\", \"input\": {input}}}\n"));
        if i % 1000 == 0 {
            cases.push_str("\nnot a case\n");
        }
    }
    let run = fed(&["audit"], cases.as_bytes()).ends_with(2);
    let answers = run.lines();
    assert_eq!(answers.len(), 5_005);
    let ids: Vec<i64> = answers.iter().filter_map(|a| a["id"].as_i64()).collect();
    assert_eq!(ids, (0..5_000).collect::<Vec<_>>());
    assert_eq!(
        answers[1],
        json!({"id": null, "verdict": "error", "line": 3, "message": answers[1]["message"]})
    );
    assert_eq!((&answers[0]["verdict"], &answers[2]["verdict"]), (&json!("deny"), &json!("allow")));
    fed(&["audit"], b"").ends_with(0);
    fed(&["audit"], b"{\"kind\": \"daemon\", \"input\": {}}").ends_with(0);
    fed(&["audit"], b"{\"kind\": \"daemon\", \"input\": []}").ends_with(1);
}

#[test]
fn cases_that_make_no_sense_say_why() {
    for (line, message) in [
        (&b"[]"[..], "not a JSON object"),
        (b"{\"id\": 1}", "`kind` is missing"),
        (b"{\"kind\": \"demon\", \"input\": 1}", "unknown kind `demon`"),
        (b"{\"kind\": \"daemon\"}", "no document"),
        (b"{\"kind\": \"daemon\", \"input\": 1, \"raw_base64\": \"\"}", "two documents"),
        (b"{\"kind\": \"daemon\", \"raw_base64\": \"*\"}", "not base 64"),
        (b"{\"kind\": \"daemon\", \"raw_base64\": 1}", "`raw_base64` must be a string"),
        (b"{\"kind\": \"daemon\", \"input\": 1, \"input\": 2}", "key `input` stands twice"),
        (b"{\"kind\": \"daemon\", \"input\": 1, \"profil\": \"x\"}", "perhaps `profile` is meant"),
        (b"{\"kind\": \"daemon\", \"input\": 1, \"profile\": \"x\"}", "there is no profile `x`"),
        (b"{\"kind\": \"daemon\", \"input\": 1, \"context\": {\"hosts\": {}}}", "unknown key `hosts`"),
        (
            b"{\"kind\": \"daemon\", \"input\": 1, \"context\": {\"host\": {\"cpu\": 1}}}",
            "there is no fact `cpu`",
        ),
        (b"{\"kind\": \"daemon\", \"input\": 1, \"expect\": {\"messages\": \"x\"}}", "must be a list"),
        (b"{\"kind\": \"spec\", \"input\": {}}", "`spec`"),
        (b"{\"kind\": \"\xff\"}", "not UTF-8"),
    ] {
        let run = fed(&["audit"], line).ends_with(2);
        let answer = &run.lines()[0];
        assert_eq!((&answer["verdict"], &answer["line"]), (&json!("error"), &json!(1)), "{run:?}");
        assert!(answer["message"].as_str().unwrap().contains(message), "{message}: {run:?}");
    }
}

#[test]
fn test_compares_and_shows_what_differs() {
    let cases = concat!(
        "{\"id\": \"a\", \"kind\": \"daemon\", \"input\": {}, \"expect\": {\"verdict\": \"allow\"}}\n",
        "{\"id\": \"b\", \"kind\": \"daemon\", \"input\": [], \"expect\": {\"verdict\": \"allow\", \"messages\": [\"x\"]}}\n",
    );
    let (folder, path) = folder("cases.ndjson", cases);
    fed(&["test", "-"], cases.lines().next().unwrap().as_bytes())
        .ends_with(0)
        .says("<stdin>: 1 cases, 1 agreed\n")
        .says("rules: ");
    plimsoll(&["test", &path])
        .ends_with(1)
        .says("2 cases, 1 agreed, 1 FAILED")
        .says(&format!("FAILED b at {path}:2\n"))
        .says("    verdict\n      - \"allow\"\n      + \"deny\"\n")
        .says("    messages\n      - any of [\"x\"]\n");

    let exceptions = folder.path().join("exceptions.toml");
    let exceptions = exceptions.to_str().unwrap();
    let row =
        |id: &str, field: &str| format!("[[exception]]\nid = '{id}'\nfield = '{field}'\nreason = 'r'\n");
    std::fs::write(exceptions, row("b", "verdict") + &row("b", "messages") + &row("z", "verdict")).unwrap();
    plimsoll(&["test", &path, "--exceptions", exceptions])
        .ends_with(0)
        .says("2 cases, 1 agreed, 1 excepted")
        .says("not in these files: z");
    std::fs::write(exceptions, row("a", "verdict")).unwrap();
    plimsoll(&["test", &path, "--exceptions", exceptions]).ends_with(1).says("delete its exception");
    std::fs::write(exceptions, "[[exception]]\nid = 1\n").unwrap();
    plimsoll(&["test", &path, "--exceptions", exceptions]).ends_with(2).complains("exceptions.toml:");

    fed(&["test", "-"], b"").ends_with(2).complains("no cases");
    fed(&["test", "-"], b"{\"kind\": \"daemon\", \"input\": 1}").ends_with(1).says("no `expect`");
    fed(&["test", "-"], b"?").ends_with(1).says("error: ");
}

#[test]
fn rules_are_listed_and_explained() {
    plimsoll(&["rules"]).ends_with(0).says("LD003").says("rules in moby-28");
    plimsoll(&["rules", "ld003"]).ends_with(0).says("LD003: ").says("Why:").says("It fires on:");
    let rules = plimsoll(&["rules", "--format", "json"]).ends_with(0).json();
    for rule in rules.as_array().unwrap() {
        for key in ["id", "title", "why", "help", "source", "when", "message"] {
            assert_ne!(rule[key].as_str().unwrap_or_default(), "", "{key} of {rule}");
        }
    }
    let rule = plimsoll(&["rules", "LD003", "--format", "json"]).ends_with(0).json();
    assert_eq!(rule["id"], "LD003");
    plimsoll(&["rules", "--profiles"]).ends_with(0).says("moby-28 (default)");
    plimsoll(&["rules", "--schema", "daemon"]).ends_with(0).says("default-runtime");
    let schema = plimsoll(&["rules", "--schema", "host", "--format", "json"]).ends_with(0).json();
    assert_eq!(schema["id"], "host");
    plimsoll(&["rules", "--views"]).ends_with(0);
    plimsoll(&["rules", "LD003", "--views"]).ends_with(2);
}

#[test]
fn completions_are_scripts() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        plimsoll(&["completions", shell]).ends_with(0).says("plimsoll");
    }
}

#[test]
fn rules_are_tried_on_their_examples() {
    let (_folder, path) = folder("ours.toml", TABLE);
    let run = plimsoll(&["test", "--examples", "--table", &path]).says("examples of the rules: ");
    assert!(!run.stdout.contains("OUR001"), "{run:#?}");
    let (_folder, path) = folder("ours.toml", TABLE.replace("good = ['{}']", "good = ['{\"debug\": true}']"));
    // A table whose examples do not show what they are there for is broken, whatever it is used for.
    for command in [&["test", "--examples"][..], &["check", "-"]] {
        plimsoll(&[command, &["--table", &path]].concat())
            .ends_with(2)
            .complains("OUR001 for moby-23, moby-25, moby-27, moby-28: it fires on this `good` example");
    }
}

#[test]
fn host_facts_that_cannot_be_read_are_said_once_at_their_file() {
    let (_folder, path) = folder("host.json", "{\"usres\": []}");
    plimsoll(&["check", "--host", &path, "tests/cases/daemon.json"])
        .ends_with(2)
        .complains("there is no fact `usres`")
        .complains(&format!("--> {path}"));
}
