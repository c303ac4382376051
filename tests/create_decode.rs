//! The body of a container-create request, as the daemon decodes it: which host configuration counts, promoted keys,
//! what is refused, and laws for all bodies.
#![allow(clippy::unwrap_used)]

mod common;

use common::{dump, names};
use plimsoll::facts::{Item, Limits, Loaded, load_create};
use plimsoll::schema::Schema;
use plimsoll::{Budget, Kind, Policy, Request};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::FileFailurePersistence;
use serde_json::{Value as Json, json};

fn schema() -> Schema {
    Schema::parse(include_str!("../spec/schema/create.toml")).unwrap()
}

fn load(text: &[u8]) -> Loaded<'_> {
    load_create(text, &schema(), &Limits::default()).unwrap()
}

/// What rules see, without the keys that stood at top level in vain.
fn effective(text: &str) -> Json {
    let loaded = load(text.as_bytes());
    assert_eq!(problems(&loaded), Vec::<String>::new(), "{text}");
    let mut found = dump(&loaded.facts);
    let members = found.as_object_mut().unwrap();
    members.remove("OuterHostConfig");
    if let Some(config) = members.get_mut("Config").and_then(Json::as_object_mut)
        && config.get("Volumes") == Some(&json!({}))
    {
        config.remove("Volumes");
    }
    found
}

fn problems(loaded: &Loaded<'_>) -> Vec<String> {
    ["syntax", "types", "trailing"].into_iter().flat_map(|list| names(loaded, list)).collect()
}

#[track_caller]
fn refused(text: &str, message: &str) {
    let loaded = load(text.as_bytes());
    assert_eq!(problems(&loaded).first().map(String::as_str), Some(message), "{text}");
}

#[test]
fn which_host_config_counts() {
    let cases = [
        // outer nil, inner nil
        (r#"{"Cmd":["a"]}"#, json!({"Config": {"Cmd": ["a"]}})),
        (r#"{"HostConfig":null}"#, json!({})),
        ("null", json!({})),
        // outer nil, inner set
        (r#"{"HostConfig":{}}"#, json!({"HostConfig": {"NetworkMode": "default"}})),
        // outer set, inner nil
        (
            r#"{"Privileged":true,"Memory":7,"NetworkMode":"host"}"#,
            json!({"HostConfig": {"Privileged": true, "Memory": 7, "NetworkMode": "host"}}),
        ),
        (r#"{"Privileged":null}"#, json!({"HostConfig": {"NetworkMode": "default"}})),
        (r#"{"HostConfig":null,"Binds":[]}"#, json!({"HostConfig": {"Binds": [], "NetworkMode": "default"}})),
        // both: five fields are copied where the inner one has zero
        (
            r#"{"Memory":1,"MemorySwap":2,"CpuShares":3,"CpusetCpus":"4","VolumeDriver":"v","NanoCpus":5,
                "Privileged":true,"HostConfig":{}}"#,
            json!({"HostConfig": {"Memory": 1, "MemorySwap": 2, "CpuShares": 3, "CpusetCpus": "4",
                "VolumeDriver": "v", "NetworkMode": "default"}}),
        ),
        (
            r#"{"Memory":1,"CpusetCpus":"4","HostConfig":{"Memory":9,"CpusetCpus":"8","VolumeDriver":""}}"#,
            json!({"HostConfig": {"Memory": 9, "CpusetCpus": "8", "VolumeDriver": "", "NetworkMode": "default"}}),
        ),
        // the old name of CpusetCpus comes last
        (r#"{"Cpuset":"1"}"#, json!({"Cpuset": "1"})),
        (
            r#"{"Cpuset":"1","HostConfig":{}}"#,
            json!({"Cpuset": "1", "HostConfig": {"CpusetCpus": "1", "NetworkMode": "default"}}),
        ),
        (
            r#"{"Cpuset":"1","CpusetCpus":"2","HostConfig":{"NetworkMode":""}}"#,
            json!({"Cpuset": "1", "HostConfig": {"CpusetCpus": "2", "NetworkMode": "default"}}),
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(effective(text), expected, "{text}");
    }
}

#[test]
fn a_config_exists_once_any_key_of_it_does() {
    assert_eq!(effective(r#"{"Cmd":null}"#), json!({"Config": {}}));
    assert_eq!(effective(r#"{"cMD":null,"Unknown":1}"#), json!({"Config": {}}));
    assert_eq!(effective(r#"{"Config":{"Cmd":["a"]},"OuterHostConfig":{"Memory":1}}"#), json!({}));
    // Volumes come to exist where the rest of decoding is not skipped.
    let loaded = load(br#"{"Cmd":null,"HostConfig":{}}"#);
    let config = Item::root(&loaded.facts, "Config").unwrap();
    assert!(config.field("Volumes").unwrap().is_present());
}

/// The pointers of findings lead to the value in the text, wherever the decoder has put it.
#[test]
fn findings_point_to_where_the_text_has_it() {
    let policy = |profile| Policy::builtin(profile).unwrap();
    let (newer, older) = (policy("moby-28"), policy("moby-27"));
    for (policy, text, rule, path) in [
        (&newer, r#"{"Cmd":["sh"],"WorkingDir":"x"}"#, "CC002", "/WorkingDir"),
        (&newer, r#"{"Cmd":["sh"],"Env":["A=1","=b"]}"#, "CC004", "/Env/1"),
        (&newer, r#"{"Cmd":["sh"],"HostConfig":{"Memory":1}}"#, "CR001", "/HostConfig/Memory"),
        (&newer, r#"{"Tty":true}"#, "CM001", "/Cmd"),
        (&older, r#"{"Cmd":["sh"],"Memory":1}"#, "CR001", "/Memory"),
        (&older, r#"{"Cmd":["sh"],"Memory":1,"HostConfig":{}}"#, "CR001", "/Memory"),
        (&older, r#"{"Cmd":["sh"],"Memory":1,"HostConfig":{"Memory":2}}"#, "CR001", "/HostConfig/Memory"),
        (&older, r#"{"Cmd":["sh"],"CapAdd":["NET_RAW","X"]}"#, "CC060", "/CapAdd/1"),
        (&older, r#"{"Cmd":["sh"],"Cpuset":"x","HostConfig":{}}"#, "CR027", "/Cpuset"),
    ] {
        let host = Some(plimsoll::case::RECORDER_HOST.as_bytes());
        let request = Request { host, ..Request::new(Kind::Create, text.as_bytes()) };
        let outcome = policy.judge(&request, &Budget::default()).unwrap();
        let findings = &outcome.decision.findings;
        let found = findings
            .iter()
            .find(|f| f.rule.as_str() == rule)
            .unwrap_or_else(|| panic!("{text}: {findings:?}"));
        assert_eq!(found.path, path, "{text}");
        let json: Json = serde_json::from_str(text).unwrap();
        let parent = path.rsplit_once('/').unwrap().0;
        assert!(json.pointer(parent).is_some(), "{path} in {text}");
    }
}

#[test]
fn lists_of_words() {
    for (value, words) in [
        (r#""a b""#, json!(["a b"])),
        (r#""""#, json!([""])),
        (r#"["a",null,"b"]"#, json!(["a", "", "b"])),
        ("[]", json!([])),
    ] {
        assert_eq!(effective(&format!(r#"{{"Cmd":{value}}}"#)), json!({"Config": {"Cmd": words}}));
        // A later one replaces it whole, where other lists are decoded over.
        let text = format!(r#"{{"Cmd":["x","y","z"],"cmd":{value}}}"#);
        assert_eq!(effective(&text), json!({"Config": {"Cmd": words}}));
    }
    assert_eq!(effective(r#"{"Cmd":"a","Cmd":null}"#), json!({"Config": {}}));
    let loaded = load(br#"{"Cmd":["a", "bc"]}"#);
    let cmd = Item::root(&loaded.facts, "Config").unwrap().field("Cmd").unwrap();
    let spans: Vec<_> = cmd.elements().map(|word| word.span().unwrap().range()).collect();
    assert_eq!(spans, [8..11, 13..17]);
}

#[test]
fn arrays_have_their_length() {
    for (value, size) in [("[1]", [1, 0]), ("[1,2,3]", [1, 2]), ("[]", [0, 0]), ("[null,2,{}]", [0, 2])] {
        let text = format!(r#"{{"HostConfig":{{"ConsoleSize":{value}}}}}"#);
        let found: Vec<_> = {
            let loaded = load(text.as_bytes());
            let size = Item::root(&loaded.facts, "HostConfig").unwrap().field("ConsoleSize").unwrap();
            size.elements().map(|n| n.int()).collect()
        };
        assert_eq!(found, size, "{value}");
    }
    let text = r#"{"HostConfig":{"ConsoleSize":[1,2],"ConsoleSize":null}}"#;
    assert_eq!(effective(text)["HostConfig"]["ConsoleSize"], json!([1, 2]));
    refused(
        r#"{"HostConfig":{"ConsoleSize":[-1]}}"#,
        "json: cannot unmarshal number -1 into Go struct field HostConfig.HostConfig.ConsoleSize of type uint",
    );
    refused(
        r#"{"HostConfig":{"ConsoleSize":1}}"#,
        "json: cannot unmarshal number into Go struct field HostConfig.HostConfig.ConsoleSize of type [2]uint",
    );
}

#[test]
fn values_of_the_wrong_type() {
    let field = |got: &str, place: &str| format!("json: cannot unmarshal {got} into Go struct field {place}");
    for (text, got, place) in [
        (r#"{"HostConfig":{"Memory":1.5}}"#, "number 1.5", "HostConfig.HostConfig.Memory of type int64"),
        (r#"{"Memory":"1"}"#, "string", "ContainerConfigWrapper.Memory of type int64"),
        (r#"{"Hostname":1}"#, "number", "ContainerConfigWrapper.Hostname of type string"),
        (
            r#"{"HostConfig":{"Mounts":[{"Type":1}]}}"#,
            "number",
            "Mount.HostConfig.Mounts.Type of type mount.Type",
        ),
        (r#"{"Healthcheck":{"Test":"x"}}"#, "string", "HealthConfig.Healthcheck.Test of type []string"),
        (r#"{"HostConfig":{"CapAdd":7}}"#, "number", "HostConfig.HostConfig.CapAdd of type string"),
        (r#"{"HostConfig":{"CapAdd":["a",7]}}"#, "array", "HostConfig.HostConfig.CapAdd of type string"),
        (r#"{"Cmd":{}}"#, "object", "ContainerConfigWrapper.Cmd of type string"),
        (r#"{"HostConfig":{"PidsLimit":"1"}}"#, "string", "HostConfig.HostConfig.PidsLimit of type int64"),
        (r#"{"HostConfig":[]}"#, "array", "ContainerConfigWrapper.HostConfig of type container.HostConfig"),
        (
            r#"{"HostConfig":{"PortBindings":{"80":7}}}"#,
            "number",
            "HostConfig.HostConfig.PortBindings of type []nat.PortBinding",
        ),
        (r#"{"ExposedPorts":[]}"#, "array", "ContainerConfigWrapper.ExposedPorts of type nat.PortSet"),
        (r#"{"Volumes":{"/x":1}}"#, "number", "ContainerConfigWrapper.Volumes of type struct {}"),
        (
            r#"{"HostConfig":{"RestartPolicy":{"Name":true}}}"#,
            "bool",
            "RestartPolicy.HostConfig.RestartPolicy.Name of type string",
        ),
        // The first is told, unless a list of words ends the decoding.
        (r#"{"Tty":1,"User":2}"#, "number", "ContainerConfigWrapper.Tty of type bool"),
        (r#"{"Tty":1,"Cmd":2}"#, "number", "ContainerConfigWrapper.Cmd of type string"),
    ] {
        refused(text, &field(got, place));
    }
    refused("[]", "json: cannot unmarshal array into Go value of type runconfig.ContainerConfigWrapper");
    refused("1 2", "json: cannot unmarshal number into Go value of type runconfig.ContainerConfigWrapper");
}

#[test]
fn the_first_value_counts_and_the_rest_is_noticed() {
    for (text, message) in [
        ("{", "unexpected EOF"),
        ("{\"Cmd", "unexpected EOF"),
        ("nul", "unexpected EOF"),
        ("{,", "invalid character ',' looking for beginning of object key string"),
        ("\u{feff}{}", "invalid character 'ï' looking for beginning of value"),
        ("{} {}", "unexpected content after JSON"),
        ("null x", "unexpected content after JSON"),
        ("{}\n,", "unexpected content after JSON"),
    ] {
        refused(text, message);
    }
    let deep = "{\"a\":".repeat(10_001);
    refused(&deep, "invalid character '{' exceeded max depth");
    for text in ["{}", " {} \n", "{}]", "{} }}x", "null"] {
        assert_eq!(effective(text), json!({}), "{text}");
    }
    for text in ["", " \n\t\r"] {
        let loaded = load(text.as_bytes());
        assert!(Item::root(&loaded.load, "empty").unwrap().bool());
    }
}

/// How Go reads JSON, row by row, as far as a create body shows it.
#[test]
fn keys_duplicates_and_null() {
    let host = |text: &str| effective(text)["HostConfig"].clone();
    let with = |mut fields: Json| {
        fields["NetworkMode"] = json!("default");
        fields
    };
    for (text, expected) in [
        (r#"{"hostconfig":{"privileged":true}}"#, json!({"Privileged": true})),
        (r#"{"HostConfig":{"Privileged":true},"HostConfig":{}}"#, json!({"Privileged": true})),
        (
            r#"{"HostConfig":{"Runtime":"runc"},"HOSTCONFIG":{"rUNTIME":"/bin/sh"}}"#,
            json!({"Runtime": "/bin/sh"}),
        ),
        (r#"{"HostConfig":{"Binds":["/:/h"]},"HostConfig":{"Binds":null}}"#, json!({})),
        (
            r#"{"HostConfig":{"Binds":["a","b"],"Binds":["c"],"Binds":["d",null]}}"#,
            json!({"Binds": ["d", "b"]}),
        ),
        (r#"{"HostConfig":{"CapAdd":["a","b"],"CapAdd":["c"]}}"#, json!({"CapAdd": ["c"]})),
        (
            r#"{"HostConfig":{"Tmpfs":{"/a":"1","/b":"2"},"Tmpfs":{"/b":"3"}}}"#,
            json!({"Tmpfs": {"/a": "1", "/b": "3"}}),
        ),
        ("{\"Ho\u{17f}tConfig\":{\"Privileged\":true}}", json!({"Privileged": true})),
        ("{\"HostConfig\":{\"NetworkMode\":\"x\",\"Networ\u{212a}Mode\":\"default\"}}", json!({})),
        (r#"{"HostConfig":{"Annotations":{"a":"\ud800"}}}"#, json!({"Annotations": {"a": "\u{fffd}"}})),
        (r#"{"Privileged":true,"privileged":false,"unknown":[{}]}"#, json!({"Privileged": false})),
    ] {
        assert_eq!(host(text), with(expected), "{text}");
    }
    assert_eq!(host(r#"{"HostConfig":{"Privileged":true},"HostConfig":null}"#), Json::Null);
    let duplicates = load(br#"{"Cmd":"a","cmd":"b","Memory":1,"memory":2}"#);
    assert_eq!(names(&duplicates, "duplicates").len(), 2);
}

#[test]
fn places_are_those_of_the_text() {
    let text = br#"{"Cpuset": "0-9", "HostConfig": {}}"#;
    let loaded = load(text);
    let cpus = Item::root(&loaded.facts, "HostConfig").unwrap().field("CpusetCpus").unwrap();
    assert_eq!(cpus.span().unwrap().slice(text), b"\"0-9\"");
    let text = br#" {"Privileged": true}"#;
    let loaded = load(text);
    let host = Item::root(&loaded.facts, "HostConfig").unwrap();
    assert_eq!(host.span().unwrap().range(), 1..text.len());
    assert_eq!(host.field("Privileged").unwrap().key_span().unwrap().slice(text), b"\"Privileged\"");
}

fn config() -> ProptestConfig {
    let failures = FileFailurePersistence::Direct("tests/regressions/create_decode.txt");
    ProptestConfig { cases: 500, failure_persistence: Some(Box::new(failures)), ..ProptestConfig::default() }
}

/// Keys of all four places, and values that are mostly of the right type for some of them.
fn member() -> BoxedStrategy<(String, String)> {
    let inner = select(
        &[
            ("Privileged", "true"),
            ("Memory", "7000000"),
            ("Memory", "0"),
            ("CapAdd", "\"sys_admin\""),
            ("CapAdd", "[\"a\",\"b\"]"),
            ("Binds", "[\"/:/h\",null]"),
            ("NetworkMode", "\"host\""),
            ("NetworkMode", "\"\""),
            ("PortBindings", "{\"80/tcp\":[{\"HostPort\":\"80\"}]}"),
            ("Mounts", "[{\"Type\":\"bind\",\"BindOptions\":{}}]"),
            ("PidsLimit", "0"),
            ("PidsLimit", "null"),
            ("CpusetCpus", "\"0-1\""),
            ("Tmpfs", "{\"/x\":\"\"}"),
            ("ConsoleSize", "[1,2,3]"),
            ("SecurityOpt", "null"),
            ("LogConfig", "{\"Config\":{\"a\":\"b\"}}"),
        ][..],
    )
    .prop_map(|(key, value)| (key.to_owned(), value.to_owned()));
    let config = select(
        &[
            ("Cmd", "\"sh\""),
            ("Entrypoint", "[]"),
            ("Env", "[\"a=b\",\"c\"]"),
            ("Hostname", "\"h\""),
            ("StopTimeout", "5"),
            ("Healthcheck", "{\"Test\":[\"CMD\"],\"Retries\":1}"),
            ("ExposedPorts", "{\"80/tcp\":{}}"),
            ("Cpuset", "\"3\""),
            ("NetworkingConfig", "{\"EndpointsConfig\":{\"n\":null,\"m\":{\"Links\":[]}}}"),
            ("Nothing", "[{}]"),
        ][..],
    )
    .prop_map(|(key, value)| (key.to_owned(), value.to_owned()));
    let host = vec(inner.clone(), 0..6).prop_map(|members| ("HostConfig".to_owned(), object(&members)));
    prop_oneof![3 => config, 2 => inner, 3 => host, 1 => Just(("HostConfig".to_owned(), "null".to_owned()))]
        .boxed()
}

fn object(members: &[(String, String)]) -> String {
    let members: Vec<_> = members.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
    format!("{{{}}}", members.join(","))
}

/// The same key to Go: other cases, escapes, the long s and the kelvin sign, by the bits of `how`.
fn respelt(key: &str, how: u64) -> String {
    let change = |(i, c): (usize, char)| match (how >> (2 * (i % 32))) & 3 {
        0 => c.to_string(),
        1 => c.to_ascii_uppercase().to_string(),
        2 if c.eq_ignore_ascii_case(&'s') => "\u{17f}".to_owned(),
        2 if c.eq_ignore_ascii_case(&'k') => "\\u212a".to_owned(),
        2 => c.to_ascii_lowercase().to_string(),
        _ => format!("\\u{:04x}", u32::from(c)),
    };
    key.chars().enumerate().map(change).collect()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn spelling_changes_nothing(members in vec(member(), 0..6), how in any::<u64>()) {
        let other: Vec<_> = members.iter().map(|(key, value)| (respelt(key, how), value.clone())).collect();
        let (one, other) = (object(&members), object(&other));
        prop_assert_eq!(effective(&one), effective(&other), "{} {}", one, other);
    }

    #[test]
    fn saying_it_twice_changes_nothing(members in vec(member(), 0..6)) {
        let twice: Vec<_> = members.iter().flat_map(|member| [member.clone(), member.clone()]).collect();
        prop_assert_eq!(effective(&object(&members)), effective(&object(&twice)));
    }

    #[test]
    fn inside_or_outside_is_the_same_where_there_is_one(members in vec(member(), 0..6)) {
        let config: Vec<_> = members.iter().filter(|(key, _)| key != "HostConfig").cloned().collect();
        let outer = effective(&object(&config));
        prop_assume!(config.iter().any(|(key, _)| outer["HostConfig"].get(key).is_some()));
        let schema = schema();
        let host = schema.structs().iter().find(|s| s.name == "HostConfig").unwrap();
        let (inner, mut rest): (Vec<_>, Vec<_>) =
            config.into_iter().partition(|(key, _)| host.field(key).is_some());
        rest.push(("HostConfig".to_owned(), object(&inner)));
        prop_assert_eq!(effective(&object(&rest)), outer);
    }

    #[test]
    fn any_bytes_are_read_or_refused(members in vec(member(), 0..5), at in any::<prop::sample::Index>(),
        byte in any::<u8>(), noise in vec(any::<u8>(), 0..30)) {
        let mut text = object(&members).into_bytes();
        let at = at.index(text.len());
        text[at] = byte;
        for text in [&text[..], &noise, &text[..at]] {
            let loaded = load(text);
            let refused = !problems(&loaded).is_empty() || Item::root(&loaded.load, "empty").unwrap().bool();
            let read = serde_json::from_slice::<Json>(text).is_ok();
            // What a stricter reader takes for one JSON object is at least well-formed here.
            prop_assert!(!read || names(&loaded, "syntax").is_empty());
            prop_assert!(refused || dump(&loaded.facts).is_object());
        }
    }
}

/// A list that is read in one go ends with the budget as well, and nothing of it is kept beyond.
#[test]
fn a_list_of_words_keeps_to_the_limit() {
    let schema = schema();
    let empty = load_create(b"{}", &schema, &Limits::default()).unwrap().facts.len();
    let limits = Limits { nodes: empty + 100, ..Limits::default() };
    let found = |words: usize| {
        let body = format!(r#"{{"Cmd": [{}]}}"#, vec!["\"w\""; words].join(","));
        load_create(body.as_bytes(), &schema, &limits).map(|_| ()).map_err(|over| over.found)
    };
    assert_eq!(found(1), Ok(()));
    assert_eq!(found(10_000), Err(limits.nodes + 1));
}
