//! Runtime names, wrapper scripts and the set-up of runtimes: laws, known values, and whole daemon.json files.

use plimsoll::facts::options::OptionValue;
use plimsoll::facts::{Limits, load_daemon};
use plimsoll::runtime::{
    CheckpointOptions, Generation, Operation, RuntimeName, Runtimes, SetupHost, ShimContainer, WrapperScript,
};
use plimsoll::schema::Schema;
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use serde_json::{Value as Json, json};

fn script(path: &str, args: &[&str]) -> WrapperScript {
    WrapperScript::new(b"foo", path.as_bytes(), args)
}

/// What moby itself made of these.
#[test]
fn known_digests() {
    for (name, path, args, suffix) in [
        (
            "runsc",
            "/usr/bin/runsc",
            &["--debug"][..],
            "9ML1T8XT9CVHG-MZL0-GZF0BTTV5KQRD5-R4FGW3XCJBPK3VDQLJ====",
        ),
        (
            "",
            "/usr/bin/runsc",
            &["--debug", "--x y"],
            "G6ZP0C02P4X5M9V1TFFW-MSZ6JB-L3L2SJ2MX336ZNR8XVWTYTKJ====",
        ),
        ("foo", "/bin/true", &[], "NP8WFNYCD7BR2WZRG3L-3FWT9QTBMCBQRLFXJKJ45KQGPWX93D30===="),
        ("foo", "/usr/bin/runsc", &["%d"], "729PJ1071JY00DBS9L9KD46JTQQ3ZS133VSDZYXX-35QMPV28MN0===="),
        ("$(id)", "/bin/sh -c", &[], "PJKWFRR5JH0Y0ZW6D2BF9YT50H-KD-T9TKT3F6F1FY-F9664H3ZJ===="),
        (
            "..",
            "/usr/bin/-f--e_",
            &["(){ :;}; id", "a;`;`\\/%-", "'"],
            "Z30MDZJKKSQWSSV2YR17TWSBD62W0R8D05HRRX1ZPFY147R76330====",
        ),
        (
            "日本",
            "%s",
            &["\u{1b}[0m", "|\" \"/$=b", "\u{2028}"],
            "LSX2C-GL08TYGD12NL0R0G8R148PCVMML-GQFKLH1Y-H56Y3V6JJ====",
        ),
        (
            ".c-Z0cbX9_Zc0a_YY90a",
            "/a\0b",
            &["\"\\-|\"\"é\n\\$`"],
            "S-8DLZPG5YQ1JWVRVBDLVD6P8ZBPKD8NVF7C7R9-HY36WLGVJV-J====",
        ),
        ("runc.", "/bin/true", &["--debug"], "1Q2Z0YH3TSBVFLM74KHY3HTHP-QP9MJ7RY05-N6SG6-F15HS3PW0===="),
    ] {
        let script = WrapperScript::new(name.as_bytes(), path.as_bytes(), args);
        assert_eq!(script.suffix(), suffix, "{name}");
        assert_eq!(String::from_utf8_lossy(script.file_name()), format!("{name}.{suffix}"));
    }
}

/// Nothing is quoted, so texts meet that were written differently.
#[test]
fn collisions_by_construction() {
    for (a, b) in [
        (script("bin", &["a", "b"]), script("bin", &["a b"])),
        (script("bin", &[]), script("bin", &[""])),
        (script("x a", &["b"]), script("x", &["a", "b"])),
    ] {
        assert_eq!(a, b);
    }
    assert_eq!(script("bin", &[]).contents(), b"#!/bin/sh\nbin  $@\n");
}

#[test]
fn a_script_stands_below_the_data_root_unless_its_name_climbs() {
    let path = |name: &[u8], root: &[u8]| {
        let script = WrapperScript::unhashed(name, b"/bin/true", &["x"]);
        String::from_utf8(script.path(root)).unwrap()
    };
    assert_eq!(path(b"foo", b"/var/lib/docker"), "/var/lib/docker/runtimes/foo");
    assert_eq!(path(b"foo", b"/data//x/../docker/"), "/data/docker/runtimes/foo");
    assert_eq!(path(b"/abs", b"/var/lib/docker"), "/var/lib/docker/runtimes/abs");
    assert_eq!(path(b"../x", b"/var/lib/docker"), "/var/lib/docker/x");
    assert_eq!(path(b"../../../../etc/cron.d/x", b"/var/lib/docker"), "/etc/cron.d/x");
}

#[test]
fn a_script_is_reported_with_its_mode() {
    let json = serde_json::to_string(&WrapperScript::new(b"foo", b"/bin/true", &[b"\xff"])).unwrap();
    assert!(json.contains("\"contents\":\"#!/bin/sh\\n/bin/true \u{fffd} $@\\n\""), "{json}");
    assert!(json.ends_with("\"mode\":\"0700\"}"), "{json}");
    assert_eq!(WrapperScript::MODE, 0o700);
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct("tests/regressions/runtime.txt"))),
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_suffix_depends_on_the_bytes_alone(
        path in "[ab /]{0,4}", args in prop::collection::vec("[ab ]{0,2}", 0..4),
        other_path in "[ab /]{0,4}", other_args in prop::collection::vec("[ab ]{0,2}", 0..4),
        name in any::<Vec<u8>>(), other_name in any::<Vec<u8>>(),
    ) {
        let one = WrapperScript::new(&name, path.as_bytes(), &args);
        let other = WrapperScript::new(&other_name, other_path.as_bytes(), &other_args);
        prop_assert_eq!(one.contents() == other.contents(), one.suffix() == other.suffix());
        prop_assert_eq!(one.digest() == other.digest(), one.suffix() == other.suffix());
        prop_assert_eq!(one.file_name(), [&name[..], b".", one.suffix().as_bytes()].concat());
        let unhashed = WrapperScript::unhashed(&name, path.as_bytes(), &args);
        prop_assert_eq!(unhashed.contents(), one.contents());
    }

    #[test]
    fn a_suffix_is_52_symbols_and_four_pads(path in any::<Vec<u8>>()) {
        let suffix = WrapperScript::new(b"", &path, &[b"x"]).suffix();
        let symbols = suffix.strip_suffix("====").unwrap();
        prop_assert_eq!(symbols.len(), 52);
        prop_assert!(symbols.bytes().all(|b| b"0123456789BCDFGHJKLMNPQRSTVWXYZ-".contains(&b)));
    }

    #[test]
    fn no_shim_is_a_path(name in "[a./\0-]{0,12}") {
        let name = RuntimeName(name.as_bytes());
        if let Some(binary) = name.shim_binary() {
            prop_assert!(!binary.as_bytes().contains(&b'/'));
            prop_assert!(binary.as_bytes().starts_with(b"containerd-shim-"));
        }
        prop_assert!(!name.is_permissible(Generation::Reloadable) || name.is_permissible(Generation::First));
    }
}

/// What `setup` derives from a daemon.json, with cgroupfs as the host's cgroup driver.
fn setup(profile: &str, daemon: &str) -> Json {
    with_host(
        profile,
        daemon,
        SetupHost { systemd_cgroup: Some(false), docker_ramdisk: Some(false) },
        |runtimes| {
            assert!(runtimes.needs().is_empty());
            serde_json::to_value(runtimes).unwrap()
        },
    )
}

fn get(profile: &str, daemon: &str, name: &str) -> Json {
    with_host(profile, daemon, SetupHost::default(), |runtimes| {
        serde_json::to_value(runtimes.get(name.as_bytes())).unwrap()
    })
}

fn with_host<T>(profile: &str, daemon: &str, host: SetupHost, then: impl FnOnce(&Runtimes) -> T) -> T {
    let schema = Schema::parse(include_str!("../spec/schema/daemon.toml")).unwrap();
    let schema = schema.at_profile(&|since| since <= profile);
    let loaded = load_daemon(daemon.as_bytes(), &schema, &Limits::default()).unwrap();
    then(&Runtimes::setup(&loaded.facts, Generation::of_profile(profile), host))
}

fn runc() -> Json {
    json!({
        "shim": "io.containerd.runc.v2",
        "options": {"binary_name": "runc", "root": "/var/run/docker/runtime-runc"},
        "wrapper": null,
    })
}

#[test]
fn without_configuration_there_are_the_stock_runtimes() {
    for profile in ["moby-23", "moby-25", "moby-27", "moby-28"] {
        for daemon in ["", "{}", "null", r#"{"runtimes": null, "default-runtime": ""}"#] {
            let expected =
                json!({"default": "runc", "runtimes": {"io.containerd.runc.v2": runc(), "runc": runc()}});
            assert_eq!(setup(profile, daemon), expected);
        }
    }
}

#[test]
fn a_runtime_is_a_path_or_a_shim() {
    let daemon = r#"{"default-runtime": "kata", "data-root": "/data/", "exec-root": "/run//d", "runtimes": {
        "crun": {"path": "/usr/bin/crun"},
        "runsc": {"path": "/usr/bin/runsc", "runtimeArgs": ["--debug"]},
        "kata": {"runtimeType": "io.containerd.kata.v2", "options": {"ConfigPath": "/etc/kata.toml", "BinaryName": "x"}},
        "bare": {"runtimeType": "/usr/bin/shim", "options": {}}
    }}"#;
    let got = setup("moby-28", daemon);
    assert_eq!(got["default"], "kata");
    let of = |name: &str| &got["runtimes"][name];
    let file_name = "runsc.9ML1T8XT9CVHG-MZL0-GZF0BTTV5KQRD5-R4FGW3XCJBPK3VDQLJ====";
    assert_eq!(of("crun")["options"], json!({"binary_name": "/usr/bin/crun", "root": "/run/d/runtime-runc"}));
    assert_eq!(of("runsc")["options"]["binary_name"], format!("/data/runtimes/{file_name}"));
    assert_eq!(
        of("runsc")["wrapper"],
        json!({"file_name": file_name, "contents": "#!/bin/sh\n/usr/bin/runsc --debug $@\n"})
    );
    assert_eq!(
        *of("kata"),
        json!({"shim": "io.containerd.kata.v2", "options": {"config_path": "/etc/kata.toml"}, "wrapper": null})
    );
    assert_eq!(*of("bare"), json!({"shim": "/usr/bin/shim", "options": null, "wrapper": null}));
}

#[test]
fn names_that_climb_write_outside_the_directory() {
    let daemon = r#"{"runtimes": {"../x": {"path": "/bin/true", "runtimeArgs": ["--debug"]},
                                  "/abs": {"path": "/bin/true", "runtimeArgs": ["--debug"]}}}"#;
    let suffix = "1Q2Z0YH3TSBVFLM74KHY3HTHP-QP9MJ7RY05-N6SG6-F15HS3PW0====";
    let got = setup("moby-27", daemon);
    let of = |name: &str| &got["runtimes"][name];
    assert_eq!(of("../x")["options"]["binary_name"], format!("/var/lib/docker/x.{suffix}"));
    assert_eq!(of("../x")["wrapper"], json!(null));
    assert_eq!(of("/abs")["wrapper"]["file_name"], format!("abs.{suffix}"));
}

#[test]
fn what_the_rules_refuse_is_left_out() {
    let daemon = r#"{"runtimes": {
        "runc": {"path": "/evil"}, "none": {}, "both": {"path": "/x", "runtimeType": "a.b"},
        "path-options": {"path": "/x", "options": {"a": 1}}, "type-args": {"runtimeType": "a.b", "runtimeArgs": ["x"]},
        "bad-option": {"runtimeType": "a.b", "options": {"TypeUrl": 1}},
        "good": {"path": "/x", "options": {}, "runtimeArgs": []}
    }}"#;
    let got = setup("moby-27", daemon);
    let names: Vec<_> = got["runtimes"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["good", "io.containerd.runc.v2", "runc"]);
    assert_eq!(got["runtimes"]["runc"], runc());
}

/// `io.containerd.runc.v2` is not reserved: anyone who writes the file can put another binary in its place.
#[test]
fn a_stock_name_can_be_shadowed_since_the_second_generation() {
    let daemon = r#"{"runtimes": {"io.containerd.runc.v2": {"path": "/usr/bin/crun"}}}"#;
    let binary = |profile| {
        setup(profile, daemon)["runtimes"]["io.containerd.runc.v2"]["options"]["binary_name"].clone()
    };
    assert_eq!(binary("moby-27"), "/usr/bin/crun");
    assert_eq!(binary("moby-23"), "runc");
}

#[test]
fn the_first_generation_names_wrappers_by_the_runtime() {
    let daemon =
        r#"{"runtimes": {"runsc": {"path": "/usr/bin/runsc", "runtimeArgs": ["--debug"]}, "none": {}}}"#;
    let got = setup("moby-23", daemon);
    let runsc = &got["runtimes"]["runsc"];
    assert_eq!(runsc["options"]["binary_name"], "/var/lib/docker/runtimes/runsc");
    assert_eq!(runsc["wrapper"]["file_name"], "runsc");
    // No path is no mistake there, and no binary either.
    assert_eq!(got["runtimes"]["none"]["options"], json!({"root": "/var/run/docker/runtime-runc"}));
}

#[test]
fn the_cgroup_driver_comes_from_the_first_option_that_names_it() {
    let systemd = |exec_opts: &str, host| {
        let daemon = format!("{{\"exec-opts\": {exec_opts}}}");
        with_host(
            "moby-27",
            &daemon,
            SetupHost { systemd_cgroup: host, docker_ramdisk: Some(false) },
            |runtimes| {
                let options = runtimes.runtime(b"runc").unwrap().options.as_ref().unwrap();
                (options.get("systemd_cgroup") == Some(&OptionValue::Bool(true)), runtimes.needs().len())
            },
        )
    };
    let opts = |opts: &str| systemd(opts, None);
    assert_eq!(opts(r#"["native.cgroupdriver=systemd"]"#), (true, 0));
    assert_eq!(opts(r#"["native.cgroupdriver", " Native.CgroupDriver =\tsystemd "]"#), (true, 0));
    assert_eq!(opts(r#"["native.cgroupdriver=cgroupfs", "native.cgroupdriver=systemd"]"#), (false, 0));
    assert_eq!(opts(r#"["native.cgroupdriver=Systemd"]"#), (false, 0));
    for unset in
        ["null", "[]", r#"["x=systemd"]"#, r#"["native.cgroupdriver=", "native.cgroupdriver=cgroupfs"]"#]
    {
        assert_eq!(systemd(unset, Some(true)), (true, 0), "{unset}");
        assert_eq!(systemd(unset, Some(false)), (false, 0), "{unset}");
        assert_eq!(systemd(unset, None), (false, 1), "{unset}");
    }
}

#[test]
fn a_ramdisk_means_no_pivot_root() {
    let host = SetupHost { systemd_cgroup: Some(true), docker_ramdisk: Some(true) };
    let options = with_host("moby-28", "{}", host, |runtimes| {
        serde_json::to_string(&runtimes.runtime(b"runc").unwrap().options).unwrap()
    });
    let expected = r#"{"no_pivot_root":true,"binary_name":"runc","root":"/var/run/docker/runtime-runc","systemd_cgroup":true}"#;
    assert_eq!(options, expected);
}

#[test]
fn a_name_is_the_default_configured_or_passed_on() {
    let daemon = r#"{"default-runtime": "kata", "runtimes": {"kata": {"runtimeType": "io.containerd.kata.v2"}, "": {"path": "/x"}}}"#;
    let kata = json!({"shim": "io.containerd.kata.v2", "options": null});
    for name in ["", "kata"] {
        assert_eq!(get("moby-27", daemon, name), kata);
    }
    // In the first generation the empty name is a name like any other.
    assert_eq!(get("moby-23", daemon, "")["options"]["binary_name"], "/x");
    assert_eq!(get("moby-27", daemon, "runc")["shim"], "io.containerd.runc.v2");
    assert_eq!(
        get("moby-27", daemon, "io.containerd.runsc.v1"),
        json!({"shim": "io.containerd.runsc.v1", "options": null, "shim_binary": "containerd-shim-runsc-v1"})
    );
    assert_eq!(get("moby-27", daemon, "nope"), json!({"shim": "nope", "options": null}));
}

#[test]
fn a_default_that_containerd_knows_need_not_be_configured() {
    let daemon = r#"{"default-runtime": "io.containerd.kata.v2"}"#;
    let expected = json!({
        "shim": "io.containerd.kata.v2", "options": null, "shim_binary": "containerd-shim-kata-v2",
    });
    assert_eq!(get("moby-27", daemon, ""), expected);
}

/// What the real containerd-shim-runc-v2 executed (tests/record/shim-commands.py), word by word.
#[test]
fn command_lines_are_those_of_the_real_shim() {
    let text = include_str!("record/shim-commands.ndjson");
    let mut operations = std::collections::BTreeSet::new();
    for line in text.lines() {
        let case: serde_json::Value = serde_json::from_str(line).unwrap();
        let (options, told) = (&case["options"], &case["operation"]);
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().as_bytes().to_vec();
        let set = |value: &serde_json::Value| value.as_bool().unwrap_or_default();
        let console_socket = told["console_socket"].as_str().map(|path| path.as_bytes().to_vec());
        let operation = match told["op"].as_str().unwrap() {
            "create" => Operation::Create { console_socket },
            "start" => Operation::Start,
            "restore" => Operation::Restore {
                checkpoint: text(&told["checkpoint"]),
                parent: text(&told["parent"]),
                console_socket,
            },
            "checkpoint" => Operation::Checkpoint(CheckpointOptions {
                path: text(&told["path"]),
                work_path: text(&told["work_path"]),
                exit: set(&told["exit"]),
                open_tcp: set(&told["open_tcp"]),
                external_unix_sockets: set(&told["external_unix_sockets"]),
                terminal: set(&told["terminal"]),
                file_locks: set(&told["file_locks"]),
                empty_namespaces: told["empty_namespaces"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(text)
                    .collect(),
            }),
            "kill" => Operation::Kill {
                signal: u32::try_from(told["signal"].as_u64().unwrap()).unwrap(),
                all: set(&told["all"]),
            },
            "delete" if set(&told["force"]) => Operation::CleanUp,
            "delete" => Operation::Delete,
            "exec" => Operation::Exec {
                exec_id: text(&told["exec_id"]),
                process: b"PROCESS".to_vec(),
                console_socket,
            },
            "pause" => Operation::Pause,
            "resume" => Operation::Resume,
            "update" => Operation::Update,
            "ps" => Operation::Ps,
            other => panic!("{other}"),
        };
        let container = ShimContainer {
            id: b"ID".to_vec(),
            namespace: b"moby".to_vec(),
            bundle: b"/bundle".to_vec(),
            binary_name: b"runtime".to_vec(),
            root: text(&options["root"]),
            systemd_cgroup: set(&options["systemd_cgroup"]),
            no_pivot_root: set(&options["no_pivot_root"]),
            no_new_keyring: set(&options["no_new_keyring"]),
            criu_work_path: text(&options["criu_work_path"]),
        };
        let words = container.command(&operation).into_iter().map(|word| String::from_utf8(word).unwrap());
        let recorded = case["argv"].as_array().unwrap().iter().map(|word| word.as_str().unwrap().to_owned());
        assert_eq!(words.collect::<Vec<_>>(), recorded.collect::<Vec<_>>(), "{line}");
        operations.insert(told["op"].as_str().unwrap().to_owned());
    }
    assert_eq!((text.lines().count(), operations.len()), (59, 11));
}
