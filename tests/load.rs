//! Loading daemon.json as dockerd does: encodings, unknown keys, booleans copied into flags, defaults.

mod common;

use common::{daemon, dump, list, names};
use plimsoll::facts::{Item, Limits, Loaded, load_daemon, load_document};
use serde_json::{Value as Json, json};

fn load(text: &[u8]) -> Loaded<'_> {
    load_daemon(text, &daemon(), &Limits::default()).unwrap()
}

/// The document without what is there by default.
fn given(text: &str) -> Json {
    let mut found = dump(&load(text.as_bytes()).facts);
    let defaults = defaults();
    found.as_object_mut().unwrap().retain(|key, value| defaults.get(key) != Some(value));
    found
}

fn defaults() -> Json {
    json!({
        "mtu": 1500, "data-root": "/var/lib/docker", "userland-proxy": true, "default-shm-size": 67_108_864,
    })
}

fn utf16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
    std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(unit).collect()
}

#[test]
fn nothing_means_the_defaults() {
    for text in ["", " \n\u{a0}", "\u{feff}", "null", "{}"] {
        let loaded = load(text.as_bytes());
        assert_eq!(dump(&loaded.facts), defaults(), "{text:?}");
        let blank = Item::root(&loaded.load, "blank").unwrap().bool();
        assert_eq!(blank, !matches!(text, "null" | "{}"), "{text:?}");
    }
}

#[test]
fn zero_values_mean_the_default_too_but_are_not_marked_as_set() {
    assert_eq!(given(r#"{"mtu":0,"data-root":""}"#), json!({}));
    let loaded = load(br#"{"mtu":9000}"#);
    assert!(Item::root(&loaded.facts, "mtu").unwrap().is_present());
    assert!(!Item::root(&loaded.facts, "data-root").unwrap().is_present());
}

#[test]
fn encodings() {
    let text = "{\"data-root\":\"/€😀\",\"bogus\":1}";
    for unit in [u16::to_le_bytes, u16::to_be_bytes] {
        let bytes = utf16(text, unit);
        let loaded = load(&bytes);
        assert_eq!(dump(&loaded.facts)["data-root"], "/€😀");
        // Spans are offsets into the bytes as they are.
        let span = list(&loaded, "unknown")[0].2;
        assert_eq!(span.slice(&bytes), &utf16("\"bogus\"", unit)[2..]);
        let root = Item::root(&loaded.facts, "data-root").unwrap();
        assert_eq!(root.span().unwrap().slice(&bytes), &utf16("\"/€😀\"", unit)[2..]);
        assert_eq!(root.key_span().unwrap().slice(&bytes), &utf16("\"data-root\"", unit)[2..]);
    }
    let loaded = load(b"{\"debug\":\xfftrue}");
    let (message, path, span) = list(&loaded, "encoding").remove(0);
    assert_eq!(message, "failed to decode configuration JSON at offset 15: encoding: invalid UTF-8");
    assert_eq!((path.as_str(), span.range()), ("", 9..10));
    assert_eq!(dump(&loaded.facts), defaults());
}

#[test]
fn white_space_of_unicode_around_it_is_no_part_of_it() {
    let text = "\u{b}\u{2028}{\"debug\":true}\u{85}\u{3000}";
    let loaded = load(text.as_bytes());
    assert_eq!(names(&loaded, "syntax"), [""; 0]);
    let debug = Item::root(&loaded.facts, "debug").unwrap();
    assert_eq!(debug.key_span().unwrap().slice(text.as_bytes()), b"\"debug\"");
}

#[test]
fn what_does_not_fit_a_generic_map() {
    let syntax =
        |text: &str| list(&load(text.as_bytes()), "syntax").into_iter().next().map(|p| (p.0, p.1)).unwrap();
    let problem = |m: &str, path: &str| (m.to_owned(), path.to_owned());
    assert_eq!(
        syntax("{\"debug\":true,}").0,
        "invalid character '}' looking for beginning of object key string"
    );
    assert_eq!(syntax("\u{feff}\u{feff}{}").0, "invalid character 'ï' looking for beginning of value");
    let of_map = "into Go value of type map[string]interface {}";
    for (text, got) in
        [("[]", "array"), ("1", "number"), ("\"x\"", "string"), ("true", "bool"), ("[1e400]", "array")]
    {
        assert_eq!(syntax(text), problem(&format!("json: cannot unmarshal {got} {of_map}"), ""));
    }
    assert_eq!(
        syntax(r#" {"bogus":1,"runtimes":{"a":{"options":{"x":[0,-1e400]}}}}"#),
        problem(
            "json: cannot unmarshal number -1e400 into Go value of type float64",
            "/runtimes/a/options/x/1"
        )
    );
}

#[test]
fn unknown_keys() {
    let unknown = |text: &str| names(&load(text.as_bytes()), "unknown").join(", ");
    for (text, keys) in [
        (r#"{"bogus":1,"debug":true,"l":2}"#, "bogus, l"),
        (r#"{"Debug":true}"#, "Debug"),
        (r#"{"foo":{}}"#, ""),
        (r#"{"foo":{"debug":true}}"#, ""),
        (r#"{"foo":{"bar":1,"x":{"y":2}}}"#, "bar, x"),
        (r#"{"x":{"y":{"iptables":false}}}"#, "y"),
        (r#"{"mtu":{"x":1}}"#, "x"),
        (r#"{"Runtimes":{"foo":{}}}"#, "foo"),
        (r#"{"RUNTIMES":{"debug":{}}}"#, ""),
        (r#"{"runtimes":{"foo":{}},"log-opts":{"a":"b"}}"#, ""),
        (r#"{"cluster-store-opts":{}}"#, "cluster-store-opts"),
        (r#"{"label":1,"http-proxy":"x","help":[]}"#, ""),
        (r#"{"proxies":{"http-proxy":"x"}}"#, ""),
        (r#"{"proxies":null}"#, "proxies"),
        (r#"{"default-init":"x"}"#, "default-init"),
        // Of equal keys the generic map keeps the last.
        (r#"{"foo":1,"foo":{}}"#, ""),
        (r#"{"foo":{},"foo":1}"#, "foo"),
        (r#"{"de\u0062ug":true,"b\u00f6g":1}"#, "bög"),
    ] {
        assert_eq!(unknown(text), keys, "{text}");
    }
    let loaded = load(br#"{"default-init":{}}"#);
    assert_eq!(
        names(&loaded, "types"),
        ["json: cannot unmarshal object into Go struct field Config.default-init of type string"]
    );
}

#[test]
fn what_goes_unnoticed_is_told() {
    let loaded = load(
        br#"{"foo":{"debug":true},"RUNTIMES":{"mtu":{"path":"/x"}},"label":1,"http-proxy":"x","validate":true,
             "y":{"restart":0},"tls":null,"mtu":5,"MTU":6}"#,
    );
    assert_eq!(names(&loaded, "swallowed"), ["foo", "y"]);
    assert_eq!(names(&loaded, "respelt"), ["RUNTIMES"]);
    assert_eq!(names(&loaded, "ignored"), ["label", "http-proxy"]);
    let keys = ["debug", "mtu", "label", "http-proxy", "validate", "restart", "tls", "MTU"];
    assert_eq!(sorted(names(&loaded, "keys")), sorted(keys.map(str::to_owned).to_vec()));
    assert_eq!(dump(&loaded.load)["flags"], json!({"validate": true, "restart": false}));
    assert_eq!(dump(&loaded.facts)["runtimes"], json!({"mtu": {"path": "/x"}}));
    assert_eq!(list(&loaded, "duplicates")[0].1, "/MTU");
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort();
    names
}

#[test]
fn booleans_are_copied_into_the_flags() {
    let proxy = |text: &str| {
        let loaded = load(text.as_bytes());
        (dump(&loaded.facts)["userland-proxy"].clone(), names(&loaded, "nested_flags").len())
    };
    for (text, value, told) in [
        (r#"{}"#, true, 0),
        (r#"{"userland-proxy":false}"#, false, 0),
        (r#"{"x":{"userland-proxy":false}}"#, false, 1),
        (r#"{"userland-proxy":null}"#, false, 1),
        (r#"{"x":{"userland-proxy":"junk"}}"#, false, 1),
        (r#"{"x":{"userland-proxy":1}}"#, true, 1),
        (r#"{"x":{"userland-proxy":"T"}}"#, true, 1),
        (r#"{"x":{"userland-proxy":{}}}"#, false, 1),
        // An object inside an object is not looked into.
        (r#"{"x":{"y":{"userland-proxy":false}}}"#, true, 0),
        (r#"{"userland-proxy":true,"x":{"userland-proxy":false}}"#, true, 0),
        // Random in the original; here the top level counts.
        (r#"{"x":{"userland-proxy":true},"userland-proxy":false}"#, false, 0),
    ] {
        assert_eq!(proxy(text), (json!(value), told), "{text}");
    }
    assert_eq!(given(r#"{"x":{"live-restore":true}}"#), json!({"live-restore": true}));
    // Not a flag that is reached this way.
    assert_eq!(given(r#"{"x":{"debug":true}}"#), json!({}));
    // What was copied has the place that it was copied from, and is not the document's own.
    let text = br#"{"x":{"live-restore":true}}"#;
    let loaded = load(text);
    let item = Item::root(&loaded.facts, "live-restore").unwrap();
    assert_eq!(item.key_span().unwrap().slice(text), b"\"live-restore\"");
    assert!(!item.is_present());
}

#[test]
fn type_errors_are_told_in_order_but_the_one_that_ends_it_first() {
    let loaded = load(br#"{"debug":"x","mtu":1.5,"ip":"bad","tls":"never read"}"#);
    assert_eq!(
        names(&loaded, "types"),
        [
            "invalid IP address: bad",
            "json: cannot unmarshal string into Go struct field Config.debug of type bool",
            "json: cannot unmarshal number 1.5 into Go struct field Config.mtu of type int",
        ]
    );
}

#[test]
fn other_documents_are_decoded_and_nothing_else() {
    let text = b"{\"mtu\":\"x\",\"foo\":1}\n";
    let loaded = load_document(text, &daemon(), &Limits::default()).unwrap();
    assert_eq!(dump(&loaded.facts), json!({}));
    assert_eq!(names(&loaded, "unknown"), [""; 0]);
    assert_eq!(list(&loaded, "types")[0].1, "/mtu");
    let loaded = load_document(b"", &daemon(), &Limits::default()).unwrap();
    assert_eq!(names(&loaded, "syntax"), ["unexpected end of JSON input"]);
    let loaded = load_document(b"\xef\xbb\xbf{}", &daemon(), &Limits::default()).unwrap();
    assert_eq!(names(&loaded, "syntax"), ["invalid character 'ï' looking for beginning of value"]);
}
