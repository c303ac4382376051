//! What is proved for all documents, tried on some.

use std::sync::LazyLock;

use arbitrary::Unstructured;
use plimsoll::arbitrary::Boundary;
use plimsoll::engine::{Budget, Verdict};
use plimsoll::subject::{Kind, Policy};
use plimsoll::table::Catalog;
use toml::de::{DeTable, DeValue};

use super::{asked, pick};

/// A theorem about single documents, in the versions of one line.
struct Claim {
    statement: String,
    kind: Kind,
    /// A row that fires where the theorem is put to the test.
    row: String,
    profiles: Vec<String>,
    /// Where the row fires, the document is denied.
    denied: bool,
    /// The row fires on no document that is allowed; else on none at all.
    allowed: bool,
}

struct Claims {
    catalog: Catalog,
    claims: Vec<Claim>,
    policies: Vec<Policy>,
}

static CLAIMS: LazyLock<Claims> = LazyLock::new(|| {
    let catalog = Catalog::builtin().unwrap();
    let table = DeTable::parse(include_str!("../../spec/theorems.toml")).unwrap().into_inner();
    let (mut claims, mut rows) = (Vec::new(), Vec::new());
    for theorem in table.get("theorem").unwrap().get_ref().as_array().unwrap().iter() {
        let theorem = theorem.get_ref().as_table().unwrap();
        let text = |key: &str| theorem.get(key).and_then(|value| value.get_ref().as_str());
        let assume = text("assume").unwrap_or("true");
        let (when, denied) = match text("form") {
            Some("always") => (format!("({assume}) && !({})", text("claim").unwrap()), false),
            Some("denied") => (assume.to_owned(), true),
            _ => continue,
        };
        if text("expect") != Some("holds") {
            continue;
        }
        let kind: Kind = text("kind").unwrap().parse().unwrap();
        let allowed = matches!(theorem.get("allowed").map(|v| v.get_ref()), Some(DeValue::Boolean(true)));
        let profiles: Vec<_> =
            theorem.get("profiles").unwrap().get_ref().as_array().unwrap().iter().collect();
        for line in ["moby", "containerd"] {
            let of_line = |id: &&str| catalog.profiles().get(id).unwrap().line == line;
            let profiles = profiles.iter().filter_map(|id| id.get_ref().as_str()).filter(of_line);
            let profiles: Vec<_> = profiles.map(str::to_owned).collect();
            if profiles.is_empty() {
                continue;
            }
            let row = format!("XYZ{:03}", claims.len());
            rows.push((kind, line, row.clone(), when.clone()));
            let statement = text("statement").unwrap().to_owned();
            claims.push(Claim { statement, kind, row, profiles, denied, allowed });
        }
    }
    let catalog = rows.iter().fold(catalog, |catalog, row| with_row(&catalog, row));
    let policies = catalog.profiles().iter().map(|p| Policy::new(catalog.clone(), &p.id).unwrap());
    let policies = policies.collect();
    Claims { catalog, claims, policies }
});

/// A row that warns in front of all others, and so changes nothing.
fn with_row(catalog: &Catalog, (kind, line, row, when): &(Kind, &str, String, String)) -> Catalog {
    let text = format!(
        "[table]\nid = 'law/{row}'\nsubject = '{kind}'\nline = '{line}'\nsource = 'spec/theorems.toml'\n\
         [[rule]]\nid = '{row}'\ntitle = 't'\nstage = -1\neffect = 'warn'\nwhen = {}\nmessage = 'm'\nwhy = 'w'\n\
         help = 'h'\nevidence = 'read'\nbad = ['{{}}']\ngood = ['{{}}']\n",
        serde_json::Value::from(when.as_str()),
    );
    catalog.with_table(row, &text).unwrap()
}

static BOUNDARIES: LazyLock<Vec<(Kind, Boundary<'static>)>> = LazyLock::new(|| {
    let Claims { catalog, claims, .. } = &*CLAIMS;
    let rules = catalog.rules().iter().filter_map(|rule| Some((rule.subject.parse::<Kind>().ok()?, rule)));
    let rules = rules.filter(|(kind, _)| claims.iter().any(|claim| claim.kind == *kind));
    rules.filter_map(|(kind, rule)| Some((kind, Boundary::new(rule, catalog)?))).collect()
});

/// At the boundaries of all rows and of the theorems themselves, nothing is found that a theorem excludes.
pub(super) fn theorems(data: &[u8]) {
    let mut u = Unstructured::new(data);
    let Some((kind, question)) = pick(&BOUNDARIES, &mut u) else { return };
    let request = asked(kind, &question);
    for policy in &CLAIMS.policies {
        let ours = |claim: &&Claim| {
            claim.kind == kind && claim.profiles.iter().any(|profile| profile == policy.profile())
        };
        let mut claims = CLAIMS.claims.iter().filter(ours).peekable();
        if claims.peek().is_none() {
            continue;
        }
        // What is told besides may be more than this version can read.
        let Ok(decision) = policy.decide(&request, &Budget::default()) else { continue };
        for claim in claims {
            let fired = decision.findings.iter().any(|finding| finding.rule.as_str() == claim.row);
            let excluded = match (claim.denied, claim.allowed) {
                (true, _) => decision.verdict != Verdict::Deny,
                (false, true) => decision.verdict == Verdict::Allow,
                (false, false) => true,
            };
            assert!(!(fired && excluded), "{}: {}\n{question:?}", policy.profile(), claim.statement);
        }
    }
}
