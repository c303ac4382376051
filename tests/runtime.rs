//! Laws of runtime names and wrapper scripts.

use plimsoll::runtime::{Generation, RuntimeName, WrapperScript};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;

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
