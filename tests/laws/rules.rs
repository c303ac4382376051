use std::sync::LazyLock;

use arbitrary::Unstructured;
use plimsoll::arbitrary::{self as made, Boundary, Names};
use plimsoll::engine::{Budget, Verdict};
use plimsoll::schema::Schema;
use plimsoll::subject::{Kind, Policy, Request};
use plimsoll::table::{Catalog, TableError};

use super::{KINDS, POLICY, judged};

static CATALOG: LazyLock<Catalog> = LazyLock::new(|| POLICY.catalog().unwrap());

const DOCUMENTS: [&[u8]; 4] = [
    b"",
    br#"{"runtimes": {"x": {"path": "/x", "runtimeArgs": ["a", "b"]}, "": null}}"#,
    br#"{"labels": ["a=b"], "hosts": ["fd://"], "debug": true, "mtu": 9000}"#,
    b"{",
];

fn problems_lie_in(error: &TableError, text: &str) {
    assert!(!error.problems.is_empty());
    for problem in &error.problems {
        assert!(problem.span.range().end <= text.len(), "{problem:?}");
    }
}

/// A text is a table all of whose problems lie in it, or one that never fails to judge.
pub(super) fn table(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match CATALOG.with_table("fuzz", text) {
        Err(error) => problems_lie_in(&error, text),
        // Without rows there is nothing new to judge, and making a policy is slow here.
        Ok(catalog) if catalog.rules().len() == CATALOG.rules().len() => {}
        Ok(catalog) => {
            let policy = Policy::new(catalog, "moby-28").unwrap();
            for document in DOCUMENTS {
                alike(&policy, &Request::new(Kind::Daemon, document), text);
            }
        }
    }
}

/// Both evaluators decide alike.
fn alike(policy: &Policy, request: &Request<'_>, table: &str) -> Option<Verdict> {
    let fast = policy.judge_traced(request, &Budget::default()).ok()?.decision;
    let naive = policy.judge_naively(request, &Budget::default()).unwrap().decision;
    let document = String::from_utf8_lossy(request.document);
    assert_eq!(fast, naive, "{document}\n{:?}\n{table}", request.host.map(String::from_utf8_lossy));
    Some(fast.verdict)
}

/// A generated table loads and its rows judge generated documents alike by both evaluators, adding findings and taking none
/// away; one with a small thing changed does so too, or its problems lie in it.
pub(super) fn engine(data: &[u8]) {
    let mut u = Unstructured::new(data);
    engine_of(&mut u).unwrap();
}

fn engine_of(u: &mut Unstructured<'_>) -> arbitrary::Result<()> {
    let kind = *u.choose(&KINDS)?;
    let subject = CATALOG.subject(kind.as_str()).unwrap();
    let names = Names::some(subject, u)?;
    let table = made::table(&names, kind.as_str(), "moby", u)?;
    let spoilt = u.ratio(1_u8, 8)?;
    let table = if spoilt { made::near_miss(&table, u)? } else { table };
    let catalog = match CATALOG.with_table("made-up", &table) {
        Ok(catalog) => catalog,
        Err(error) => {
            assert!(spoilt, "{:?}\n{table}", error.problems);
            problems_lie_in(&error, &table);
            return Ok(());
        }
    };
    let policy = Policy::new(catalog, "moby-28").unwrap();
    let host_schema = CATALOG.schema("host").unwrap();
    for _ in 0..12 {
        let document = made::document_with(&subject.schema, names.fields(), u)?.text();
        let host = text_of(host_schema, u)?;
        let (daemon, image) =
            (text_of(CATALOG.schema("daemon").unwrap(), u)?, text_of(CATALOG.schema("image").unwrap(), u)?);
        let beside = kind == Kind::Create;
        let request = Request {
            host: Some(host.as_bytes()),
            daemon: beside.then_some(daemon.as_bytes()),
            image: beside.then_some(image.as_bytes()),
            ..Request::new(kind, document.as_bytes())
        };
        let Some(verdict) = alike(&policy, &request, &table) else { continue };
        // A table can only add: what the built-in rules deny stays denied.
        let builtin = POLICY.judge(&request, &Budget::default()).unwrap().decision.verdict;
        assert!(builtin != Verdict::Deny || verdict == Verdict::Deny, "{document}\n{table}");
    }
    Ok(())
}

fn text_of(schema: &Schema, u: &mut Unstructured<'_>) -> arbitrary::Result<String> {
    Ok(made::document(schema, u)?.text())
}

static BOUNDARIES: LazyLock<Vec<(Kind, Boundary<'static>)>> = LazyLock::new(|| {
    let rules = CATALOG.rules().iter().filter(|rule| rule.holds_in(CATALOG.profiles(), "moby-28"));
    rules.filter_map(|rule| Some((rule.subject.parse().ok()?, Boundary::new(rule, &CATALOG)?))).collect()
});

/// At the boundary of every row, both evaluators decide alike.
pub(super) fn boundary(data: &[u8]) {
    let mut u = Unstructured::new(data);
    let Ok((kind, boundary)) = u.choose(&BOUNDARIES) else { return };
    let choose = |n: usize| u.choose_index(n.max(1)).unwrap_or(0);
    let Some(question) = boundary.pick(choose) else { return };
    judged(&Request {
        daemon: question.daemon.as_deref().map(str::as_bytes),
        image: question.image.as_deref().map(str::as_bytes),
        http: question.request.as_deref().map(str::as_bytes),
        host: question.host.as_deref().map(str::as_bytes),
        ..Request::new(*kind, &question.document)
    });
}
