use std::sync::LazyLock;

use arbitrary::Unstructured;
use plimsoll::arbitrary::{self as made, Folding, Tree};
use plimsoll::engine::{Budget, Verdict};
use plimsoll::report::{Because, FileReport, KindGuess, Report, json};
use plimsoll::schema::Schema;
use plimsoll::subject::{FeaturesAnswer, Kind, Outcome, Policy, Request};
use plimsoll::table::Effect;

use super::{KINDS, POLICY, judged, judged_by};

/// A schema as a policy's profile has it.
fn schema(policy: &Policy, id: &str) -> Schema {
    let catalog = policy.catalog().unwrap();
    let profiles = catalog.profiles();
    catalog.schema(id).unwrap().at_profile(&|id| profiles.at_least(policy.profile(), id))
}

static SCHEMAS: LazyLock<[Schema; 2]> = LazyLock::new(|| KINDS.map(|kind| schema(&POLICY, kind.as_str())));

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
    same_meaning(&POLICY, [&plain, &other].map(|text| Request::new(kind, text.as_bytes())));
}

fn same_meaning(policy: &Policy, both: [Request<'_>; 2]) {
    let shown = both.map(|request| String::from_utf8_lossy(request.document)).join("\n");
    match both.map(|request| policy.judge(&request, &Budget::default())) {
        [Ok(one), Ok(two)] => assert_eq!(meaning(&one), meaning(&two), "{shown}"),
        [one, two] => assert_eq!(one.is_ok(), two.is_ok(), "{shown}"),
    }
}

/// A version of containerd, and the schemas of config.json, of what runtimes print of their features, and of how they end.
struct Shim {
    policy: Policy,
    spec: Schema,
    features: Schema,
    answer: Schema,
}

static SHIMS: LazyLock<[Shim; 2]> = LazyLock::new(|| {
    ["containerd-1.7", "containerd-2.1"].map(|profile| {
        let policy = Policy::builtin(profile).unwrap();
        let [spec, features, answer] = ["spec", "features", "features-answer"].map(|id| schema(&policy, id));
        Shim { policy, spec, features, answer }
    })
});

/// Any bytes as a config.json, and behind a NUL as what the runtime printed of its features; or a generated bundle and
/// answer. There is a decision, the same each time and by both evaluators, and its places lie in the text; another spelling of
/// the keys, which Go takes in any case, changes nothing.
pub(super) fn spec(data: &[u8]) {
    if data.first() != Some(&b'{') {
        return made_spec(&mut Unstructured::new(data)).unwrap();
    }
    let mut parts = data.splitn(2, |byte| *byte == 0);
    let document = parts.next().unwrap_or_default();
    let features = parts.next().map(FeaturesAnswer::new);
    for shim in &*SHIMS {
        judged_by(&shim.policy, &Request { features, ..Request::new(Kind::Spec, document) });
    }
}

fn made_spec(u: &mut Unstructured<'_>) -> arbitrary::Result<()> {
    let shim = u.choose(&*SHIMS)?;
    let often = ["mounts", "linux", "process"].map(str::to_owned);
    let tree = made::document_with(&shim.spec, &often, u)?;
    let printed = made::document(&shim.features, u)?.text();
    let facts = if u.arbitrary()? { Some(made::document(&shim.answer, u)?.text()) } else { None };
    let facts = facts.as_deref().map(str::as_bytes);
    let features =
        if u.ratio(1_u8, 8)? { None } else { Some(FeaturesAnswer { printed: printed.as_bytes(), facts }) };
    let (plain, other) = (tree.text(), tree.respelt(&shim.spec, Folding::Everywhere, u)?);
    let ask = |text| Request { features, ..Request::new(Kind::Spec, str::as_bytes(text)) };
    judged_by(&shim.policy, &ask(&plain));
    same_meaning(&shim.policy, [ask(&plain), ask(&other)]);
    Ok(())
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
