use arbitrary::Unstructured;
use plimsoll::arbitrary::{self as made, Folding, Tree};
use plimsoll::engine::{Budget, Verdict};
use plimsoll::report::{Because, FileReport, KindGuess, Report, json};
use plimsoll::schema::Schema;
use plimsoll::subject::{Kind, Outcome, Request};
use plimsoll::table::Effect;

use super::{KINDS, POLICY, judged};

fn schema(kind: Kind) -> Schema {
    let catalog = POLICY.catalog().unwrap();
    let profiles = catalog.profiles();
    catalog.subject(kind.as_str()).unwrap().schema.at_profile(&|id| profiles.at_least("moby-28", id))
}

static SCHEMAS: std::sync::LazyLock<[Schema; 2]> = std::sync::LazyLock::new(|| KINDS.map(schema));

/// A kind, its schema, and a document.
fn document(u: &mut Unstructured<'_>) -> arbitrary::Result<(Kind, &'static Schema, Tree)> {
    let at = u.choose_index(KINDS.len())?;
    let schema = &SCHEMAS[at];
    Ok((KINDS[at], schema, made::document(schema, u)?))
}

/// Any bytes as a daemon.json: a decision that is a function of the bytes, the same by both evaluators, whose places lie
/// in them.
pub(super) fn daemon(data: &[u8]) {
    judged(&Request::new(Kind::Daemon, data));
}

/// Any bytes as a create body: the same.
pub(super) fn create(data: &[u8]) {
    judged(&Request::new(Kind::Create, data));
}

/// A budget never changes a decision: it ends in an error of its own, or makes no difference.
pub(super) fn budget(data: &[u8]) {
    let mut u = Unstructured::new(data);
    let (Ok(bytes), Ok(depth), Ok(nodes), Ok(instances)) =
        (u.int_in_range(0..=400), u.int_in_range(0..=12), u.int_in_range(0..=2_000), u.int_in_range(0..=600))
    else {
        return;
    };
    let Ok((kind, _, tree)) = document(&mut u) else { return };
    let text = tree.text();
    let request = Request::new(kind, text.as_bytes());
    let (full, budget) =
        (POLICY.judge(&request, &Budget::default()), Budget { bytes, depth, nodes, instances });
    if let Ok(outcome) = POLICY.judge(&request, &budget) {
        assert_eq!(outcome.decision, full.unwrap().decision, "{text} within {budget:?}");
        assert!(text.len() <= bytes, "{text} within {budget:?}");
    }
}

/// What the daemon does, without places in the text.
fn meaning(outcome: &Outcome) -> (Verdict, Vec<(String, String)>, Option<String>) {
    let findings = outcome.decision.findings.iter().filter(|f| f.effect == Effect::Deny);
    let findings = findings.map(|f| (f.rule.to_string(), f.message.clone())).collect();
    (outcome.decision.verdict, findings, outcome.resolved.as_ref().map(ToString::to_string))
}

/// White space, escapes and the case of keys, where Go folds it, change nothing.
pub(super) fn neutral(data: &[u8]) {
    let mut u = Unstructured::new(data);
    let Ok((kind, schema, tree)) = document(&mut u) else { return };
    let folding = if kind == Kind::Daemon { Folding::BelowMaps } else { Folding::Everywhere };
    let plain = tree.text();
    let other = tree.respelt(schema, folding, &mut u).unwrap();
    let judge = |text: &str| POLICY.judge(&Request::new(kind, text.as_bytes()), &Budget::default());
    match (judge(&plain), judge(&other)) {
        (Ok(one), Ok(two)) => assert_eq!(meaning(&one), meaning(&two), "{plain}\n{other}"),
        (one, two) => assert_eq!(one.is_ok(), two.is_ok(), "{plain}\n{other}"),
    }
}

/// What Go does not overlook is not overlooked: a byte cut off the end of an object, a comma too many, a second document are
/// refused, whatever the document.
pub(super) fn relevant(data: &[u8]) {
    let mut u = Unstructured::new(data);
    let Ok((kind, _, tree)) = document(&mut u) else { return };
    let text = tree.text();
    let cut = &text[..text.len() - 1];
    let comma = format!("{cut},}}");
    let second = format!("{text}{text}");
    for spoilt in [cut, &comma, &second] {
        let outcome = judged(&Request::new(kind, spoilt.as_bytes())).expect("a small document");
        assert_eq!(outcome.decision.verdict, Verdict::Deny, "{spoilt}");
    }
}

/// Every finding of warn or worse is in every format.
pub(super) fn report(data: &[u8]) {
    let mut u = Unstructured::new(data);
    let Ok((kind, _, tree)) = document(&mut u) else { return };
    let text = tree.text();
    let Some(outcome) = judged(&Request::new(kind, text.as_bytes())) else { return };
    let findings = outcome.decision.findings.clone();
    let file = FileReport {
        path: "document.json".to_owned(),
        kind: Some(KindGuess { kind, because: Because::Told }),
        source: text.clone().into_bytes(),
        profile: None,
        result: Ok(outcome.decision),
        resolved: None,
    };
    let report = Report { profile: POLICY.profile().to_owned(), files: vec![file] };
    let formats = vec![
        ("json", json(&report)),
        #[cfg(feature = "cli")]
        ("human", plimsoll::report::Human::new(false).render(&report)),
    ];
    for (format, shown) in formats {
        let mut expected: Vec<&str> = findings.iter().map(|f| f.rule.as_str()).collect();
        expected.sort_unstable();
        expected.dedup();
        for rule in expected {
            let times = findings.iter().filter(|f| f.rule.as_str() == rule).count();
            assert!(shown.matches(rule).count() >= times, "{format}: {rule} of {text}\n{shown}");
        }
    }
}

/// Decoding agrees with a model of how Go merges what stands twice.
pub(super) fn merge(data: &[u8]) {
    super::model::holds(data);
}
