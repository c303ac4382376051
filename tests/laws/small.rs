use std::sync::LazyLock;

use arbitrary::{Arbitrary as _, Unstructured};
use plimsoll::case::{Case, answer_line, error_line};
use plimsoll::engine::{Budget, Verdict};
use plimsoll::expr::{parse, parse_each};
use plimsoll::runtime::{RuntimeName, WrapperScript};
use plimsoll::subject::{Kind, Policy, Request};
use serde_json::Value;

static NAMES: LazyLock<[(Policy, bool); 2]> = LazyLock::new(|| {
    [("moby-23", true), ("moby-28", false)].map(|(id, dot)| (Policy::builtin(id).unwrap(), dot))
});

/// A runtime name is accepted exactly when the one-line definition says so, and never resolved to a path.
pub(super) fn name(data: &[u8]) {
    let Ok(name) = std::str::from_utf8(data) else { return };
    let document = serde_json::json!({ "name": name }).to_string();
    for (policy, leading_dot) in &*NAMES {
        let request = Request::new(Kind::Name, document.as_bytes());
        let allowed = policy.judge(&request, &Budget::default()).unwrap().decision.verdict == Verdict::Allow;
        let known = ["runc", "io.containerd.runc.v2"].contains(&name) || (name.is_empty() && !leading_dot);
        let permissible =
            !name.contains('/') && name.contains('.') && (*leading_dot || !name.starts_with('.'));
        assert_eq!(allowed, known || permissible, "{name:?}");
        if permissible {
            let binary = RuntimeName(name.as_bytes()).shim_binary().unwrap();
            assert!(!binary.as_bytes().contains(&b'/'));
        }
    }
}

type Parts = (Vec<u8>, Vec<u8>, Vec<Vec<u8>>);

/// Equal bytes of wrapper scripts have equal suffixes and nothing else does, whatever the scripts are called.
pub(super) fn wrapper(data: &[u8]) {
    let Ok(pair) = <(Parts, Parts)>::arbitrary(&mut Unstructured::new(data)) else { return };
    let script = |(name, path, args): &Parts| WrapperScript::new(name, path, args);
    let (one, two) = (script(&pair.0), script(&pair.1));
    assert_eq!(one.contents() == two.contents(), one.suffix() == two.suffix());
    assert_eq!(one, script(&pair.0));
    let renamed = WrapperScript::new(&pair.1.0, &pair.0.1, &pair.0.2);
    assert_eq!(renamed.suffix(), one.suffix());
    let expected = [b"#!/bin/sh\n", &pair.0.1[..], b" ", &pair.0.2.join(&b' '), b" $@\n"].concat();
    assert_eq!(one.contents(), expected);
    assert!(one.file_name().starts_with(&pair.0.0) && one.file_name().ends_with(one.suffix().as_bytes()));
}

/// A text is refused as an expression at a place inside it, or printed so that parsing gives it back.
pub(super) fn expr(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match parse(text) {
        Ok(expr) => assert_eq!(parse(&expr.to_string()), Ok(expr)),
        Err(error) => assert!(error.span.range().end <= text.len()),
    }
    if let Err(error) = parse_each(text) {
        assert!(error.span.range().end <= text.len());
    }
}

static PROFILES: LazyLock<Vec<Policy>> = LazyLock::new(|| {
    let catalog = super::POLICY.catalog().unwrap();
    catalog.profiles().iter().map(|profile| Policy::new(catalog.clone(), &profile.id).unwrap()).collect()
});

/// A line gets exactly one answer, which is one line of JSON, repeats the `id`, and has a verdict.
pub(super) fn case(data: &[u8]) {
    let line: Vec<u8> = data.iter().copied().filter(|byte| *byte != b'\n').collect();
    let (answer, id) = match Case::parse(&line) {
        Err(error) => (error_line(&error.id, None, 7, &error.message), error.id),
        Ok(case) => {
            let asked = case.profile.as_deref().unwrap_or("moby-28");
            let Some(policy) = PROFILES.iter().find(|policy| policy.profile() == asked) else { return };
            let answer = match policy.judge(&case.request(), &Budget::default()) {
                Ok(outcome) => answer_line(&case.id, &outcome),
                Err(error) => error_line(&case.id, None, 7, &error.to_string()),
            };
            (answer, case.id)
        }
    };
    assert!(!answer.trim_end_matches('\n').contains('\n'), "{answer}");
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer["id"], id);
    assert!(
        ["allow", "deny", "undecided", "error"].contains(&answer["verdict"].as_str().unwrap()),
        "{answer}"
    );
    assert_eq!(answer["verdict"] == "error", answer.get("findings").is_none(), "{answer}");
}
