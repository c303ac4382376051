//! Files beside the documents: image, request, host facts, features, daemon.json.

use crate::GOOD;
use serde_json::json;

use crate::run::{command, fed, folder, plimsoll};

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
fn what_cannot_be_read_is_said_once_at_its_file() {
    let (_bodies, body) = folder("create.json", br#"{"Cmd": ["sh"]}"#);
    for (option, text, wrong, help) in [
        ("--daemon", "[1]", "cannot unmarshal array", "`plimsoll check` says more"),
        ("--daemon", "{", "unexpected end of JSON input", "`plimsoll check` says more"),
        ("--host", "{\"usres\": []}", "there is no fact `usres`", "rules --schema host"),
        ("--image", "[]", "the image cannot be read", "docker image inspect"),
        (
            "--image",
            "[{\"Id\": \"x\", \"Config\": {\"Cmd\": [\"sh\"]}}]",
            "a whole image",
            "docker image inspect",
        ),
        (
            "--image",
            "{\"os\": \"linux\", \"config\": {\"Cmd\": [\"sh\"]}}",
            "a whole image",
            "docker image inspect",
        ),
        ("--request", "{\"nmae\": \"web\"}", "there is no fact `nmae`", "rules --schema request"),
        (
            "--features-answer",
            "{\"exit_status\": 1}",
            "there is no fact `exit_status`",
            "rules --schema features-answer",
        ),
    ] {
        let (_folder, path) = folder("beside.json", text);
        let run = plimsoll(&["check", option, &path, &body, &body]).ends_with(2);
        let run = run.complains(wrong).complains(&format!("--> {path}")).complains(help);
        assert_eq!(run.stderr.matches("error:").count(), 1, "{run:#?}");
        assert_eq!(run.stdout, "", "{option}");
    }
}

#[test]
fn what_a_profile_never_reads_is_not_tried() {
    let (_folder, path) = folder("image.json", b"[]");
    let spec = "tests/cases/bundle";
    let told = ["check", "--profile", "containerd-2.1", "--features", "tests/cases/features/enabled.json"];
    plimsoll(&[&told[..], &["--image", &path, spec]].concat()).ends_with(0);
}

#[test]
fn commands_about_a_daemon_json_say_what_they_cannot_use() {
    let (_daemons, daemon) = folder("daemon.json", GOOD);
    let (_folder, host) = folder("host.json", "{\"usres\": []}");
    for command in ["resolve", "wrap"] {
        plimsoll(&[command, "--daemon", &daemon, "--host", &host])
            .ends_with(2)
            .complains("there is no fact `usres`")
            .complains(&format!("--> {host}"))
            .complains("rules --schema host");
        plimsoll(&[command, "--daemon", &daemon, "--profile", "containerd-2.1"])
            .ends_with(2)
            .complains("containerd-2.1 does not judge a daemon.json")
            .complains("`--profile moby-28` does");
    }
}

#[test]
fn names_are_read_as_one_object() {
    for (text, wrong) in [
        (&b"null"[..], "it is not a JSON object: invalid type: null"),
        (b"[\"runc\", null]", "it is not a JSON object: invalid type: sequence"),
        (b"{\"name\": 1}", "`name` must be a string"),
        (b"{\"name\": \"a\", \"name_base64\": \"YQ==\"}", "either `name` or `name_base64`"),
        (b"{\"nmae\": \"a\"}", "unknown key `nmae`"),
        (b"{\"name_base64\": \"?\"}", "not base 64"),
        (b"\xff", "not UTF-8 at byte 1"),
    ] {
        let run = fed(&["check", "--kind", "name", "-"], text).ends_with(2).complains(wrong);
        assert!(!run.stderr.contains("struct"), "{run:#?}");
    }
}

#[test]
fn what_nobody_told_says_who_can() {
    let (_folder, body) = folder("create.json", br#"{"Cmd": ["sh"], "HostConfig": {"Memory": 67108864}}"#);
    plimsoll(&["check", &body]).ends_with(1).says("= needs: host.sysinfo.").says("plimsoll probe");
}

#[test]
fn files_beside_can_come_from_standard_input_once() {
    let (_folder, body) = folder("create.json", br#"{"Image": "x"}"#);
    fed(&["check", "--image", "-", &body], br#"{"Cmd": ["sh"]}"#).ends_with(0);
    fed(&["check", "--image", "-", &body], b"null").ends_with(1).says("No command specified");
    fed(&["check", "--host", "-", "tests/cases/daemon.json"], b"{\"usres\": []}")
        .ends_with(2)
        .complains("there is no fact `usres`")
        .complains("--> -");
    for args in [
        &["check", "-", "-"][..],
        &["check", "--host", "-", "-"],
        &["check", "--image", "-", "--request", "-", body.as_str()],
        &["resolve", "--daemon", "-", "--host", "-"],
        &["wrap", "--daemon", "-", "--host", "-"],
    ] {
        fed(args, b"{}").ends_with(2).complains("standard input can be read once");
    }
}
