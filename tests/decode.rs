//! The decoder is Go's `encoding/json`: the table of its surprises row by row, its messages, and its limits.

mod common;

use std::thread;

use common::{accepted, create, daemon, dump, refused};
use plimsoll::facts::{ErrorKind, Item, Limits, check_syntax, decode, load_daemon, load_document};
use serde_json::json;

#[test]
fn keys_match_whatever_their_case() {
    let schema = create();
    assert_eq!(
        accepted(&schema, r#"{"hostconfig":{"privileged":true}}"#),
        json!({"HostConfig": {"Privileged": true}})
    );
    for key in ["Ho\\u017ftConfig", "HO\u{17f}TCONFIG"] {
        let text = format!(r#"{{"{key}":{{"Networ\u212aMode":"host"}}}}"#);
        assert_eq!(accepted(&schema, &text), json!({"HostConfig": {"NetworkMode": "host"}}));
    }
}

#[test]
fn an_exact_match_wins_over_the_order_of_fields_which_wins_over_nothing() {
    let schema = create();
    assert_eq!(accepted(&schema, r#"{"Skip":{"kelvin":7}}"#), json!({"Skip": {"kelvin": 7}}));
    assert_eq!(accepted(&schema, r#"{"Skip":{"KELVIN":"x"}}"#), json!({"Skip": {"Kelvin": "x"}}));
}

#[test]
fn a_duplicate_object_is_merged() {
    let schema = create();
    assert_eq!(
        accepted(&schema, r#"{"HostConfig":{"Privileged":true},"HostConfig":{}}"#),
        json!({"HostConfig": {"Privileged": true}})
    );
    assert_eq!(
        accepted(&schema, r#"{"HostConfig":{"Runtime":"runc"},"HOSTCONFIG":{"rUNTIME":"/bin/sh"}}"#),
        json!({"HostConfig": {"Runtime": "/bin/sh"}})
    );
}

#[test]
fn null_resets_pointers_maps_lists_and_nothing_else() {
    let schema = create();
    assert_eq!(accepted(&schema, r#"{"HostConfig":{"Privileged":true},"HostConfig":null}"#), json!({}));
    assert_eq!(
        accepted(&schema, r#"{"HostConfig":{"Binds":["/:/h"]},"HostConfig":{"Binds":null}}"#),
        json!({"HostConfig": {}})
    );
    assert_eq!(
        accepted(
            &schema,
            r#"{"HostConfig":{"Privileged":true,"Privileged":null,"Memory":5,"Memory":null,"Runtime":"x","Runtime":null,
                "Init":true,"Init":null,"Tmpfs":{"a":"b"},"Tmpfs":null},"Any":1,"Any":null,"Skip":{"kelvin":1},"Skip":null}"#
        ),
        json!({"HostConfig": {"Privileged": true, "Memory": 5, "Runtime": "x"}, "Skip": {"kelvin": 1}})
    );
    assert_eq!(accepted(&schema, "null"), json!({}));
    assert_eq!(
        accepted(&schema, r#"{"HostConfig":{"Pointers":[{"A":1},null]}}"#)["HostConfig"]["Pointers"][1],
        json!(null)
    );
}

#[test]
fn arrays_are_decoded_over_what_stood_there() {
    let schema = create();
    let devices =
        |arrays: &str| accepted(&schema, &format!(r#"{{"HostConfig":{{{arrays}}}}}"#))["HostConfig"].clone();
    assert_eq!(
        devices(r#""Devices":[{"A":1},{"A":2}],"Devices":[{"B":"x"}],"Devices":[{"B":"y"},{"B":"z"}]"#),
        json!({"Devices": [{"A": 1, "B": "y"}, {"A": 2, "B": "z"}]})
    );
    assert_eq!(
        devices(r#""Binds":["a","b"],"Binds":["c"],"Binds":["d",null]"#),
        json!({"Binds": ["d", "b"]})
    );
    // Only `[]` and null start afresh.
    assert_eq!(devices(r#""Binds":["a","b"],"Binds":[],"Binds":["d",null]"#), json!({"Binds": ["d", null]}));
    assert_eq!(
        devices(r#""Binds":["a","b"],"Binds":null,"Binds":["d",null]"#),
        json!({"Binds": ["d", null]})
    );
    assert_eq!(devices(r#""Binds":[]"#), json!({"Binds": []}));
}

#[test]
fn maps_are_added_to_and_their_values_are_decoded_afresh() {
    let schema = create();
    assert_eq!(
        accepted(&schema, r#"{"HostConfig":{"Tmpfs":{"a":"1","b":"2"},"Tmpfs":{"b":"3","B":"4"}}}"#),
        json!({"HostConfig": {"Tmpfs": {"a": "1", "b": "3", "B": "4"}}})
    );
    assert_eq!(
        accepted(&schema, r#"{"HostConfig":{"Named":{"x":{"A":1,"C":["c"]},"x":{"B":"y"}}}}"#),
        json!({"HostConfig": {"Named": {"x": {"B": "y"}}}})
    );
    assert_eq!(
        accepted(&schema, r#"{"HostConfig":{"Tmpfs":{"a":null}}}"#),
        json!({"HostConfig": {"Tmpfs": {"a": null}}})
    );
}

#[test]
fn strings_that_are_not_unicode_are_mended() {
    let schema = create();
    let text = b"{\"Image\":\"a\xff\\ud800b\"}";
    let decoded = decode(text, &schema, &Limits::default()).unwrap();
    assert_eq!(dump(&decoded.facts), json!({"Image": "a\u{fffd}\u{fffd}b"}));
}

#[test]
fn an_interface_is_replaced() {
    let schema = create();
    assert_eq!(
        accepted(&schema, r#"{"Any":{"a":{"x":1},"b":2},"Any":{"a":{"y":[1,"2",null,true,{}]}}}"#),
        json!({"Any": {"a": {"y": [1.0, "2", null, true, {}]}}})
    );
    assert_eq!(accepted(&schema, r#"{"Any":{"a":1,"a":"2"}}"#), json!({"Any": {"a": "2"}}));
}

#[test]
fn type_errors_are_remembered_and_decoding_goes_on() {
    let text = br#"{"Image":1,"HostConfig":{"Privileged":"true","Memory":7},"Any":5}"#;
    let decoded = decode(text, &create(), &Limits::default()).unwrap();
    let messages: Vec<_> = decoded.errors.iter().map(|e| e.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "json: cannot unmarshal number into Go struct field Config.Image of type string",
            "json: cannot unmarshal string into Go struct field HostConfig.HostConfig.Privileged of type bool",
        ]
    );
    assert!(decoded.errors.iter().all(|e| e.kind == ErrorKind::Type));
    assert_eq!(dump(&decoded.facts), json!({"HostConfig": {"Memory": 7}, "Any": 5.0}));
}

#[test]
fn type_errors_name_the_field_as_go_does() {
    let schema = create();
    let refused = |text: &str| refused(&schema, text.as_bytes());
    let owned = |m: &str, place: &str, path: &str| (m.to_owned(), place.to_owned(), path.to_owned());
    for (value, message) in [
        (r#""Memory":1e3"#, "number 1e3 into Go struct field HostConfig.HostConfig.Memory of type int64"),
        (r#""Memory":1.0"#, "number 1.0 into Go struct field HostConfig.HostConfig.Memory of type int64"),
        (r#""Port":65536"#, "number 65536 into Go struct field HostConfig.HostConfig.Port of type uint16"),
        (r#""Port":-1"#, "number -1 into Go struct field HostConfig.HostConfig.Port of type uint16"),
        (
            r#""Weight":1e400"#,
            "number 1e400 into Go struct field HostConfig.HostConfig.Weight of type float64",
        ),
        (r#""Init":[]"#, "array into Go struct field HostConfig.HostConfig.Init of type bool"),
        (r#""Binds":{}"#, "object into Go struct field HostConfig.HostConfig.Binds of type []string"),
        (r#""Binds":[{}]"#, "object into Go struct field HostConfig.HostConfig.Binds of type string"),
        (
            r#""Devices":[1]"#,
            "number into Go struct field HostConfig.HostConfig.Devices of type container.Device",
        ),
        (
            r#""Pointers":[1]"#,
            "number into Go struct field HostConfig.HostConfig.Pointers of type container.Device",
        ),
        (r#""Devices":[{"A":true}]"#, "bool into Go struct field Device.HostConfig.Devices.A of type int"),
        (
            r#""Ports":{"k":3}"#,
            "number into Go struct field HostConfig.HostConfig.Ports of type []container.Device",
        ),
        (
            r#""Ports":3"#,
            "number into Go struct field HostConfig.HostConfig.Ports of type map[string][]container.Device",
        ),
        // The context is restored after each field, and within maps and lists it is the field around them.
        (
            r#""Named":{"a":{"C":["x"]},"b":false}"#,
            "bool into Go struct field HostConfig.HostConfig.Named of type container.Device",
        ),
    ] {
        let (found, _, _) = refused(&format!(r#"{{"HostConfig":{{{value}}}}}"#));
        assert_eq!(found, format!("json: cannot unmarshal {message}"));
    }
    assert_eq!(
        refused(r#"{"hostconfig":{"Ports":{"a/b":[{},{"a":"x"}]}}}"#),
        owned(
            "json: cannot unmarshal string into Go struct field Device.HostConfig.Ports.A of type int",
            "\"x\"",
            "/hostconfig/Ports/a~1b/1/a",
        )
    );
    assert_eq!(
        refused(r#"{"Any":[0,{"k":[1e400]}]}"#),
        owned(
            "json: cannot unmarshal number 1e400 into Go struct field Config.Any of type float64",
            "1e400",
            "/Any/1/k/0",
        )
    );
    assert_eq!(
        refused("[1]"),
        owned("json: cannot unmarshal array into Go value of type container.Config", "[1]", "")
    );
}

#[test]
fn a_mismatch_behind_a_pointer_leaves_a_pointer() {
    let decoded = decode(br#"{"HostConfig":7}"#, &create(), &Limits::default()).unwrap();
    assert_eq!(dump(&decoded.facts), json!({"HostConfig": {}}));
}

#[test]
fn a_map_has_the_key_even_of_a_value_of_the_wrong_type() {
    let decoded = decode(br#"{"HostConfig":{"Tmpfs":{"a":1}}}"#, &create(), &Limits::default()).unwrap();
    assert_eq!(dump(&decoded.facts), json!({"HostConfig": {"Tmpfs": {"a": null}}}));
}

#[test]
fn a_parser_that_refuses_ends_the_decoding_and_wins() {
    let schema = daemon();
    let text = br#"{"debug":"x","ip":"1.2.3.999","mtu":"y"}"#;
    let decoded = decode(text, &schema, &Limits::default()).unwrap();
    let errors: Vec<_> =
        decoded.errors.iter().map(|e| (e.kind, e.message.as_str(), e.path.as_str())).collect();
    assert_eq!(
        errors,
        [
            (ErrorKind::Text, "invalid IP address: 1.2.3.999", "/ip"),
            (
                ErrorKind::Type,
                "json: cannot unmarshal string into Go struct field Config.debug of type bool",
                "/debug"
            ),
        ]
    );
}

#[test]
fn types_with_a_parser_of_their_own() {
    let schema = daemon();
    let message = |text: &str| refused(&schema, text.as_bytes()).0;
    assert_eq!(message(r#"{"dns":["8.8.8.8","x"]}"#), "invalid IP address: x");
    assert_eq!(
        message(r#"{"ip":1}"#),
        "json: cannot unmarshal number into Go struct field Config.ip of type net.IP"
    );
    assert_eq!(
        message(r#"{"ip":{}}"#),
        "json: cannot unmarshal object into Go struct field Config.ip of type net.IP"
    );
    assert_eq!(message(r#"{"default-shm-size":null}"#), r#"invalid size: "null""#);
    assert_eq!(message(r#"{"default-shm-size":""}"#), r#"invalid size: "\"\"""#);
    assert_eq!(message(r#"{"default-shm-size":[1]}"#), r#"invalid size: "[1]""#);
    assert_eq!(message(r#"{"default-shm-size":"x"}"#), "invalid size: 'x'");
    assert_eq!(message(r#"{"default-shm-size":"1x"}"#), "invalid suffix: 'x'");
    assert_eq!(message(r#"{"default-address-pools":[{"base":"x"}]}"#), r#"netip.ParsePrefix("x"): no '/'"#);
    assert_eq!(message(r#"{"builder":{"History":{"MaxAge":"x"}}}"#), "invalid duration x");
    assert_eq!(
        message(r#"{"builder":{"History":{"MaxAge":1}}}"#),
        "json: cannot unmarshal number into Go struct field BuilderHistoryConfig.builder.History.MaxAge of type \
         config.Duration"
    );
    assert_eq!(
        message(r#"{"builder":{"gc":{"policy":[{"filter":{"a":1}}]}}}"#),
        "json: cannot unmarshal number into Go struct field BuilderGCRule.builder.GC.Policy.Filter of type \
         map[string]bool"
    );
    assert_eq!(
        accepted(
            &schema,
            r#"{"ip":"","dns":["::1",null],"default-shm-size":"1k","builder":{"History":{"MaxAge":"48h","MaxAge":null}},
                "default-address-pools":[{"base":"10.0.0.0/8","base":null,"size":24}]}"#
        ),
        json!({
            "ip": "", "dns": ["::1", null], "default-shm-size": 1024, "builder": {"History": {"MaxAge": "48h"}},
            "default-address-pools": [{"base": "10.0.0.0/8", "size": 24}],
        })
    );
}

#[test]
fn a_field_that_decodes_on_its_own_tells_only_its_own_name() {
    let schema = daemon();
    let text = br#"{"mtu":"x","default-address-pools":[{"size":"1"},{"size":"2"}],"debug":1}"#;
    let decoded = decode(text, &schema, &Limits::default()).unwrap();
    let errors: Vec<_> = decoded.errors.iter().map(|e| (e.message.as_str(), e.path.as_str())).collect();
    assert_eq!(
        errors,
        [
            (
                "json: cannot unmarshal string into Go struct field Config.default-address-pools of type int",
                "/default-address-pools/0/size"
            ),
            ("json: cannot unmarshal string into Go struct field Config.mtu of type int", "/mtu"),
        ]
    );
    // A parser inside it still ends everything with its own words.
    let text = br#"{"default-address-pools":[{"size":"1"},{"base":"x"}]}"#;
    assert_eq!(refused(&schema, text).0, r#"netip.ParsePrefix("x"): no '/'"#);
}

#[test]
fn duplicates_are_told() {
    let text = br#"{"Image":null,"image":"a","HostConfig":{"Tmpfs":{"x":"1","y":"2","x":"3"}},"Unknown":1,"Unknown":2}"#;
    let decoded = decode(text, &create(), &Limits::default()).unwrap();
    let found: Vec<_> = decoded
        .duplicates
        .iter()
        .map(|d| (d.path.as_str(), d.earlier.slice(text), d.later.slice(text)))
        .collect();
    assert_eq!(
        found,
        [("/image", &b"\"Image\""[..], &b"\"image\""[..]), ("/HostConfig/Tmpfs/x", b"\"x\"", b"\"x\"")]
    );
}

#[test]
fn memory_is_bounded_by_the_limits_and_by_what_is_kept() {
    let schema = create();
    let limits = Limits { nodes: 100, ..Limits::default() };
    let list = format!(r#"{{"HostConfig":{{"Binds":[{}""]}}}}"#, r#""","#.repeat(200));
    assert_eq!(decode(list.as_bytes(), &schema, &limits).unwrap_err().what, "values");
    let any = format!(r#"{{"Any":[{}0]}}"#, "0,".repeat(200));
    assert_eq!(decode(any.as_bytes(), &schema, &limits).unwrap_err().what, "values");
    assert_eq!(
        decode(b"{}", &schema, &Limits { bytes: 1, ..limits }).unwrap_err().what,
        "document size in bytes"
    );
    assert_eq!(decode(b"[[]]", &schema, &Limits { depth: 1, ..limits }).unwrap_err().what, "nesting depth");

    let bad = format!(r#"{{"HostConfig":{{"Binds":[{}0]}}}}"#, "0,".repeat(5_000));
    let decoded = decode(bad.as_bytes(), &schema, &Limits::default()).unwrap();
    assert_eq!(decoded.errors.len(), 1_000);
    let twice = format!(r#"{{"Image":"a"{}}}"#, r#","Image":"a""#.repeat(5_000));
    assert_eq!(decode(twice.as_bytes(), &schema, &Limits::default()).unwrap().duplicates.len(), 1_000);
    // A megabyte of paths, and the one that goes beyond it.
    let long = format!(r#""{}":"""#, "k".repeat(10_000));
    let long = format!(r#"{{"HostConfig":{{"Tmpfs":{{{long}{}}}}}}}"#, format!(",{long}").repeat(300));
    let kept = decode(long.as_bytes(), &schema, &Limits::default()).unwrap().duplicates;
    assert_eq!(kept.len(), (1 << 20) / kept[0].path.len() + 1);
}

/// Go stops at 10,000 levels, and so do we; and no depth costs stack.
#[test]
fn nesting() {
    let run = || {
        let schema = create();
        let nest = |n: usize, open: &str, close: &str| format!("{}0{}", open.repeat(n), close.repeat(n));
        for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
            for (levels, ok) in [(10_000, true), (10_001, false), (1_000_000, false)] {
                assert_eq!(check_syntax(nest(levels, open, close).as_bytes()).is_ok(), ok);
                for key in ["Any", "unknown", "Image"] {
                    let text = format!(r#"{{"{key}":{}}}"#, nest(levels - 1, open, close));
                    let decoded = decode(text.as_bytes(), &schema, &Limits::default()).unwrap();
                    let message = decoded.errors.first().map_or("", |e| e.message.as_str());
                    assert_eq!(message.ends_with("exceeded max depth"), !ok, "{message}");
                    drop(decoded);
                    load_daemon(text.as_bytes(), &daemon(), &Limits::default()).unwrap();
                    load_document(text.as_bytes(), &schema, &Limits::default()).unwrap();
                }
            }
        }
    };
    thread::Builder::new().stack_size(2 << 20).spawn(run).unwrap().join().unwrap();
}

/// What leaves a value alone leaves its place alone, too.
#[test]
fn the_place_of_a_value_is_where_it_came_from() {
    let schema = create();
    for (members, field, place) in [
        (r#""Memory": 5, "Memory": null"#, "Memory", "5"),
        (r#""Memory": 0, "Memory": null"#, "Memory", "0"),
        (r#""Memory": null, "Memory": 7"#, "Memory", "7"),
        (r#""Memory": 5, "Memory": "x""#, "Memory", "5"),
        (r#""Memory": 5, "Memory": 6"#, "Memory", "6"),
        (r#""Memory": "x""#, "Memory", r#""x""#),
        (r#""Memory": "x", "Memory": "yy""#, "Memory", r#""x""#),
        (r#""Runtime": "a", "Runtime": 1"#, "Runtime", r#""a""#),
        (r#""Privileged": true, "Privileged": []"#, "Privileged", "true"),
        (r#""Tmpfs": {}, "Tmpfs": null"#, "Tmpfs", "null"),
        (r#""Tmpfs": null, "Tmpfs": 22"#, "Tmpfs", "null"),
        (r#""Tmpfs": {"a": "b"}, "Tmpfs": {"c": "d"}"#, "Tmpfs", r#"{"c": "d"}"#),
        (r#""Tmpfs": {"a": "b"}, "Tmpfs": 3"#, "Tmpfs", r#"{"a": "b"}"#),
        (r#""Init": true, "Init": null"#, "Init", "null"),
        (r#""Init": null, "Init": "no""#, "Init", r#""no""#),
    ] {
        let text = format!(r#"{{"HostConfig": {{{members}}}}}"#);
        let facts = decode(text.as_bytes(), &schema, &Limits::default()).unwrap().facts;
        let host = Item::root(&facts, "HostConfig").unwrap();
        let found = host.field(field).unwrap().span().map(|span| span.slice(text.as_bytes()));
        assert_eq!(found.map(String::from_utf8_lossy).as_deref(), Some(place), "{members}");
    }
}

/// Maps find their entries however many there are, and keep them in the order of their first keys.
#[test]
fn large_maps() {
    let schema = create();
    for n in [1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 64, 200] {
        let entry = |i: usize, value: &str| format!(r#""k{i}":"{value}{i}""#);
        let once = (0..n).map(|i| entry(i, "a"));
        let again = (0..n).step_by(3).map(|i| entry(i, "b"));
        let members: Vec<String> = once.chain(again).collect();
        let text = format!(r#"{{"HostConfig":{{"Tmpfs":{{{}}}}}}}"#, members.join(","));
        let facts = decode(text.as_bytes(), &schema, &Limits::default()).unwrap().facts;
        let map = Item::root(&facts, "HostConfig").unwrap().field("Tmpfs").unwrap();
        assert_eq!(map.size(), n);
        for (i, (key, value)) in map.entries().enumerate() {
            let wanted = format!("{}{i}", if i % 3 == 0 { "b" } else { "a" });
            assert_eq!((key, value.str()), (format!("k{i}").as_bytes(), wanted.as_bytes()));
            assert_eq!(map.get(key).str(), wanted.as_bytes(), "{n}");
            assert!(map.contains_key(key));
        }
        assert!(!map.contains_key(b"k") && !map.contains_key(format!("k{n}").as_bytes()));
    }
}
