use std::sync::LazyLock;

use arbitrary::Unstructured;
use plimsoll::arbitrary::{self as made, Boundary, Names};
use plimsoll::engine::{Budget, Decision, Program, Verdict};
use plimsoll::facts::{Limits, decode};
use plimsoll::schema::Schema;
use plimsoll::subject::{Kind, Policy, Request};
use plimsoll::table::{Catalog, TableError};

use super::stretched::stretched;
use super::{KINDS, POLICY, asked, judged, pick};

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

/// A subject like a built-in one, but without rules: a table about it is all there is to lower and to judge.
struct Bare {
    catalog: Catalog,
    /// The document's schema, and those of the roots, as the profile has them.
    schemas: Vec<Schema>,
}

const BARE: &str = "bare";

static BARES: LazyLock<[Bare; 2]> = LazyLock::new(|| {
    [
        bare(include_str!("../../spec/schema/daemon.toml"), &[("host", "host")]),
        bare(include_str!("../../spec/schema/create.toml"), &[("host", "host"), ("daemon", "daemon")]),
    ]
});

fn bare(schema: &str, roots: &[(&str, &str)]) -> Bare {
    // A name of its own: the built-in schema has the other.
    let schema = Schema::parse(&schema.replacen("id     = \"", "id     = \"bare-", 1)).unwrap();
    // The smallest catalog that has the roots: a table on top of it is a copy of it, each time.
    let base = Catalog::builtin_for("name").unwrap();
    let profiles = base.profiles().clone();
    let as_now = |schema: &Schema| schema.at_profile(&|id| profiles.at_least("moby-28", id));
    let catalog = base.with_subject(BARE, as_now(&schema), roots).unwrap();
    let subject = catalog.subject(BARE).unwrap();
    let schemas = [&subject.schema].into_iter().chain(subject.roots.iter().map(|root| &root.schema));
    let schemas = schemas.map(as_now).collect();
    Bare { catalog, schemas }
}

/// Documents that a generated table judges. Loading it costs as much as judging a dozen.
const DOCUMENTS_EACH: usize = 12;

/// A generated table loads and its rows judge generated documents alike by both evaluators; one with a small thing changed
/// does so too, or its problems lie in it. On top of the built-in rules it adds findings and takes none away.
pub(super) fn engine(data: &[u8]) {
    let data = stretched(data, 3_000);
    let mut u = Unstructured::new(&data);
    if u.ratio(1_u16, 512).unwrap() { adds(&mut u).unwrap() } else { alone(&mut u).unwrap() }
}

/// The table, and whether it was spoilt.
fn table_of(names: &Names, subject: &str, u: &mut Unstructured<'_>) -> arbitrary::Result<(String, bool)> {
    let table = made::table(names, subject, "moby", u)?;
    let spoilt = u.ratio(1_u8, 8)?;
    Ok((if spoilt { made::near_miss(&table, u)? } else { table }, spoilt))
}

fn loaded(catalog: &Catalog, table: &str, spoilt: bool) -> Option<Catalog> {
    match catalog.with_table("made-up", table) {
        Ok(catalog) => Some(catalog),
        Err(error) => {
            assert!(spoilt, "{:?}\n{table}", error.problems);
            problems_lie_in(&error, table);
            None
        }
    }
}

fn alone(u: &mut Unstructured<'_>) -> arbitrary::Result<()> {
    let Bare { catalog, schemas } = u.choose(&*BARES)?;
    let names = Names::some(catalog.subject(BARE).unwrap(), u)?;
    let (table, spoilt) = table_of(&names, BARE, u)?;
    let Some(catalog) = loaded(catalog, &table, spoilt) else { return Ok(()) };
    // A spoilt table may be about something else.
    let Some(program) = Program::new(&catalog, "moby-28", BARE) else { return Ok(()) };
    let (limits, budget) = (Limits::default(), Budget::default());
    let ids: Vec<_> = program.rules().map(|rule| rule.id.clone()).collect();
    let picked = u.choose(&ids)?;
    let one = program.only(|rule| rule.id == *picked);
    for _ in 0..DOCUMENTS_EACH {
        let mut texts = vec![made::document_with(&schemas[0], names.fields(), u)?.text()];
        for schema in &schemas[1..] {
            texts.push(text_of(schema, u)?);
        }
        let facts = texts.iter().zip(schemas).map(|(text, schema)| decode(text.as_bytes(), schema, &limits));
        let facts: Vec<_> = facts.map(|decoded| decoded.unwrap().facts).collect();
        let (document, others) = (&facts[0], facts[1..].iter().collect::<Vec<_>>());
        let fast = program.evaluate_traced(document, &others, &budget);
        assert_eq!(fast, program.evaluate_naively(document, &others, &budget), "{texts:?}\n{table}");
        let untold = |decision: Decision| Decision { trace: Vec::new(), ..decision };
        assert_eq!(program.evaluate(document, &others, &budget), fast.map(untold), "{texts:?}\n{table}");
        // A rule by itself often does not fire: that is found in another way.
        let alone = one.evaluate_naively(document, &others, &budget).map(untold);
        assert_eq!(one.evaluate(document, &others, &budget), alone, "{texts:?}\n{table}");
    }
    Ok(())
}

/// On top of the built-in rules a table can only add.
fn adds(u: &mut Unstructured<'_>) -> arbitrary::Result<()> {
    let kind = *u.choose(&KINDS)?;
    let subject = CATALOG.subject(kind.as_str()).unwrap();
    let names = Names::some(subject, u)?;
    let (table, spoilt) = table_of(&names, kind.as_str(), u)?;
    let Some(catalog) = loaded(&CATALOG, &table, spoilt) else { return Ok(()) };
    let policy = Policy::new(catalog, "moby-28").unwrap();
    let schema = |id| CATALOG.schema(id).unwrap();
    for _ in 0..12 {
        let document = made::document_with(&subject.schema, names.fields(), u)?.text();
        let host = text_of(schema("host"), u)?;
        let (daemon, image) = (text_of(schema("daemon"), u)?, text_of(schema("image"), u)?);
        let beside = kind == Kind::Create;
        let request = Request {
            host: Some(host.as_bytes()),
            daemon: beside.then_some(daemon.as_bytes()),
            image: beside.then_some(image.as_bytes()),
            ..Request::new(kind, document.as_bytes())
        };
        let Some(verdict) = alike(&policy, &request, &table) else { continue };
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
    if let Some((kind, question)) = pick(&BOUNDARIES, &mut u) {
        judged(&asked(kind, &question));
    }
}
