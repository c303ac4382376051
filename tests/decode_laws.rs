//! Laws of decoding, for all documents.

mod common;
#[path = "common/made.rs"]
mod made;

use common::{any_json, create, daemon, dump, slots};
use made::{documents, folded, respelt, trees};
use plimsoll::arbitrary::{Folding, Tree};
use plimsoll::facts::{ErrorKind, Facts, Item, Limits, check_syntax, decode, load_daemon, load_document};
use plimsoll::source::Span;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::FileFailurePersistence;
use serde::de::IgnoredAny;
use serde_json::Value as Json;

fn config() -> ProptestConfig {
    let failures = FileFailurePersistence::Direct("tests/regressions/decode.txt");
    ProptestConfig {
        cases: 1_000,
        failure_persistence: Some(Box::new(failures)),
        ..ProptestConfig::default()
    }
}

/// Pieces that make up JSON, nearly JSON, and keys of the schemas.
const PIECES: &[&[u8]] = &[
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"\"",
    b"null",
    b"true",
    b"false",
    b"0",
    b"-",
    b"1",
    b".5",
    b"e9",
    b"E+400",
    b"\\",
    b"\\u00",
    b"\\ud800",
    b"\\udc00",
    b"\\n",
    b" ",
    b"\n",
    b"\t",
    b"\xff",
    b"\xe2\x84\xaa",
    b"\x00",
    b"\x7f",
    b"\"\":",
    b"\"Any\":",
    b"\"hostconfig\":",
    b"\"HostConfig\":{",
    b"\"Binds\":[",
    b"\"Named\":{",
    b"\"Devices\":[{",
    b"\"A\":",
    b"\"C\":[",
    b"\"debug\":",
    b"\"ip\":\"::1\"",
    b"\"runtimes\":{",
    b"\"x\":{",
    b"\"userland-proxy\":",
    b"\"default-shm-size\":",
    b"\"default-address-pools\":[{\"base\":",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\xfe\xff",
    b"\"a\"",
    b"\"64m\"",
    b"{}",
    b"[]",
    b"\xc2\xa0",
];

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let pieces = vec(select(PIECES), 0..40).prop_map(|pieces| pieces.concat());
    prop_oneof![4 => pieces, 1 => vec(any::<u8>(), 0..60), 4 => mutated()]
}

/// A valid text with one byte replaced, put in, or taken away.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    (document(), any::<prop::sample::Index>(), any::<u8>(), 0..4_u8).prop_map(|(text, at, byte, how)| {
        let mut text = text.text().into_bytes();
        let at = at.index(text.len().max(1));
        match how {
            0 if at < text.len() => text[at] = byte,
            1 => text.insert(at, byte),
            2 if at < text.len() => drop(text.remove(at)),
            _ => {}
        }
        text
    })
}

/// Values of every type of the schema of [`create`], mostly of the right one.
fn document() -> impl Strategy<Value = Tree> {
    documents(create(), &["HostConfig", "Any"])
}

/// The same, and another text that means the same: other keys, other spaces, escapes.
fn two_spellings() -> impl Strategy<Value = (Tree, String)> {
    respelt(create(), &["HostConfig", "Any"], Folding::Everywhere)
}

/// Every number as a float, as an `interface{}` has it.
fn floats(value: Json) -> Json {
    match value {
        Json::Number(n) => serde_json::json!(n.as_f64()),
        Json::Array(items) => items.into_iter().map(floats).collect(),
        Json::Object(members) => Json::Object(members.into_iter().map(|(k, v)| (k, floats(v))).collect()),
        other => other,
    }
}

fn spans_are_inside(facts: &Facts<'_>, text: &[u8]) {
    for (_, slot) in slots(facts) {
        assert!(slot.span.end as usize <= text.len() && slot.key.end as usize <= text.len());
    }
}

proptest! {
    #![proptest_config(config())]

    /// `serde_json` skipping a value checks syntax and nothing else, as Go does: no difference is known but depth.
    #[test]
    fn syntax_is_what_another_parser_says(text in bytes()) {
        let theirs = serde_json::from_slice::<IgnoredAny>(&text);
        let ours = check_syntax(&text);
        prop_assert_eq!(ours.is_ok(), theirs.is_ok(), "{:?} {:?}", ours, theirs);
    }

    /// What `serde_json` reads into a value, an `interface{}` holds as well.
    #[test]
    fn an_interface_holds_the_value(value in trees(5)) {
        let value = value.text();
        let text = format!("{{\"Any\":{value}}}");
        let decoded = decode(text.as_bytes(), &create(), &Limits::default()).unwrap();
        prop_assert_eq!(&decoded.errors, &[]);
        let item = Item::root(&decoded.facts, "Any").unwrap();
        let ours = item.any().map_or(Json::Null, any_json);
        prop_assert_eq!(ours, floats(serde_json::from_str(&value).unwrap()));
    }

    /// No bytes make anything panic, and every place is a place in the text.
    #[test]
    fn every_text_is_handled(text in bytes()) {
        let limits = Limits::default();
        for schema in [create(), daemon()] {
            let decoded = decode(&text, &schema, &limits).unwrap();
            spans_are_inside(&decoded.facts, &text);
            for error in &decoded.errors {
                prop_assert!(error.span.end as usize <= text.len());
                prop_assert!(error.path.is_empty() || error.path.starts_with('/'));
            }
            prop_assert_eq!(decoded.errors.first().is_some_and(|e| e.kind == ErrorKind::Syntax), check_syntax(&text).is_err());
            for loaded in [load_daemon(&text, &schema, &limits).unwrap(), load_document(&text, &schema, &limits).unwrap()] {
                spans_are_inside(&loaded.facts, &text);
                spans_are_inside(&loaded.load, &text);
            }
        }
    }

    /// The span of a key holds the key, the span of a value a JSON value.
    #[test]
    fn spans_lead_back_to_the_text((_, text) in two_spellings()) {
        let decoded = decode(text.as_bytes(), &create(), &Limits::default()).unwrap();
        for (name, slot) in slots(&decoded.facts) {
            if let (Some(name), true) = (name, slot.key != Span::default()) {
                let key: String = serde_json::from_slice(slot.key.slice(text.as_bytes())).unwrap();
                prop_assert_eq!(folded(&key), folded(&name));
            }
            if slot.span != Span::default() {
                prop_assert!(serde_json::from_slice::<IgnoredAny>(slot.span.slice(text.as_bytes())).is_ok());
            }
        }
        for error in &decoded.errors {
            let (place, path) = (error.span.slice(text.as_bytes()), error.path.as_str());
            prop_assert!(serde_json::from_slice::<IgnoredAny>(place).is_ok(), "{} {}", error, path);
        }
    }

    /// Another spelling of the keys changes nothing of what is decoded.
    #[test]
    fn the_case_of_keys_does_not_matter((tree, respelt) in two_spellings()) {
        let text = tree.text();
        let limits = Limits::default();
        let (plain, other) = (decode(text.as_bytes(), &create(), &limits).unwrap(), decode(respelt.as_bytes(), &create(), &limits).unwrap());
        prop_assert_eq!(dump(&plain.facts), dump(&other.facts));
        let messages = |errors: &[plimsoll::facts::DecodeError]| errors.iter().map(|e| e.message.clone()).collect::<Vec<_>>();
        prop_assert_eq!(messages(&plain.errors), messages(&other.errors));
        prop_assert_eq!(plain.duplicates.len(), other.duplicates.len());
    }

    /// UTF-16 is another spelling of the same document, and its places are in the UTF-16.
    #[test]
    fn the_encoding_does_not_matter(tree in document()) {
        let text = tree.text();
        let wide: Vec<u8> = std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_be_bytes).collect();
        let limits = Limits::default();
        let (plain, other) = (load_daemon(text.as_bytes(), &create(), &limits).unwrap(), load_daemon(&wide, &create(), &limits).unwrap());
        prop_assert_eq!(dump(&plain.facts), dump(&other.facts));
        prop_assert_eq!(dump(&plain.load), dump(&other.load));
        for ((_, a), (_, b)) in slots(&plain.facts).into_iter().zip(slots(&other.facts)) {
            let units: Vec<u16> = b.span.slice(&wide).chunks_exact(2).map(|u| u16::from_be_bytes([u[0], u[1]])).collect();
            let under = String::from_utf16(&units).unwrap();
            prop_assert_eq!(a.span.slice(text.as_bytes()), under.as_bytes());
        }
    }
}
