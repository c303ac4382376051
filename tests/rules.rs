//! Laws that every row of every table keeps. The loader checks form and types; this checks what only running
//! and reading can.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll::engine::{Budget, Decision};
use plimsoll::schema::Problem;
use plimsoll::source::LineIndex;
use plimsoll::subject::{Kind, Policy, Request, trials};
use plimsoll::table::{Catalog, Effect, Example, Rule, TableError};

fn catalog() -> Catalog {
    Catalog::builtin().unwrap_or_else(|e| panic!("{}", e.errors.iter().map(show).collect::<String>()))
}

fn show(error: &TableError) -> String {
    let index = LineIndex::new(error.text.as_bytes());
    let line = |p: &Problem| {
        let at = index.position(p.span.start as usize);
        format!("\n{}:{}:{}: {}", error.name, at.line, at.column, p.message)
    };
    error.problems.iter().map(line).collect()
}

fn rules() -> Vec<Rule> {
    catalog().rules().iter().map(|r| (**r).clone()).collect()
}

/// The latest profile that has the rule.
fn profile_of(catalog: &Catalog, rule: &Rule) -> String {
    let profiles = catalog.profiles();
    let has: Vec<_> = profiles.iter().filter(|p| rule.holds_in(profiles, &p.id)).collect();
    has.last().unwrap_or_else(|| panic!("no profile has {}", rule.id)).id.clone()
}

fn judge(catalog: &Catalog, rule: &Rule, example: &Example) -> Decision {
    let profile = example.profile.clone().unwrap_or_else(|| profile_of(catalog, rule));
    let policy = Policy::new(catalog.clone(), &profile).unwrap();
    let kind: Kind = rule.subject.parse().unwrap();
    let request = Request {
        kind,
        document: &example.doc,
        daemon: example.daemon.as_deref(),
        image: example.image.as_deref(),
        host: example.host.as_deref(),
    };
    let doc = String::from_utf8_lossy(&example.doc);
    let outcome = policy.judge_traced(&request, &Budget::default());
    outcome.unwrap_or_else(|e| panic!("{}: {e}: {doc}", rule.id)).decision
}

#[test]
fn every_bad_example_fires_its_rule_and_no_good_one_does() {
    let catalog = catalog();
    let policies: BTreeMap<_, _> = catalog
        .profiles()
        .iter()
        .map(|p| (p.id.as_str(), Policy::new(catalog.clone(), &p.id).unwrap()))
        .collect();
    let (mut wrong, mut fired) = (Vec::new(), BTreeSet::new());
    for trial in trials(&catalog, catalog.rules().iter().map(AsRef::as_ref)) {
        let (_, decision) = trial.judge(&policies[trial.profile]).unwrap();
        if let Some(problem) = trial.problem(&decision) {
            let doc = String::from_utf8_lossy(&trial.example.doc);
            wrong.push(format!("{} for {}: {problem}: {doc}", trial.rule.id, trial.profile));
        }
        if trial.fires {
            fired.insert((&trial.rule.id, trial.profile));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // Each rule is seen firing in one profile at least.
    let silent: Vec<_> =
        catalog.rules().iter().filter(|r| !fired.iter().any(|(id, _)| **id == r.id)).collect();
    assert!(silent.is_empty(), "no example fires: {silent:?}");
}

#[test]
fn a_deny_example_is_denied_and_has_its_message_among_the_findings() {
    let catalog = catalog();
    for rule in catalog.rules().iter().filter(|r| r.effect == Effect::Deny) {
        for example in &rule.bad {
            let decision = judge(&catalog, rule, example);
            let finding = decision.findings.iter().find(|f| f.rule == rule.id);
            let finding = finding.unwrap_or_else(|| panic!("{} has no finding", rule.id));
            assert!(!finding.message.trim().is_empty(), "{} says nothing", rule.id);
            assert!(decision.message().is_some(), "{}", rule.id);
        }
    }
}

#[test]
fn findings_point_into_the_document() {
    let catalog = catalog();
    for rule in catalog.rules().iter().filter(|r| r.effect != Effect::Set) {
        for example in &rule.bad {
            for finding in judge(&catalog, rule, example).findings {
                for label in finding.primary.iter().chain(&finding.related) {
                    assert!(label.span.range().end <= example.doc.len(), "{}: {label:?}", finding.rule);
                }
                assert!(
                    finding.path.is_empty() || finding.path.starts_with('/'),
                    "{}: {}",
                    rule.id,
                    finding.path
                );
            }
        }
    }
}

#[test]
fn rows_are_complete_and_well_written() {
    let mut wrong = Vec::new();
    for rule in rules() {
        let mut check = |ok: bool, what: &str| {
            if !ok {
                wrong.push(format!("{}: {what}", rule.id));
            }
        };
        let first = |s: &str| s.chars().next().unwrap_or(' ');
        check(
            !first(&rule.title).is_uppercase() || rule.title.chars().nth(1).is_some_and(char::is_uppercase),
            "title starts with a small letter",
        );
        check(!rule.title.ends_with('.'), "title has no final period");
        check(rule.title.len() <= 72, "title is short");
        check(rule.why.ends_with(['.', '?']), "why is made of sentences");
        check(!rule.why.contains('\n') && !rule.message_text.contains('\n'), "why and message are one line");
        check(rule.source.len() > 8, "source names a place");
        if rule.effect != Effect::Set {
            check(rule.help.ends_with('.'), "help is made of sentences");
        }
        // What the daemon says of a create body are its own words: they are in its answer.
        if rule.effect == Effect::Warn && *rule.subject != *"create" {
            check(!first(&rule.message_text).is_uppercase(), "our messages start with a small letter");
            check(!rule.message_text.ends_with('.'), "our messages have no final period");
        }
        check(
            rule.tags.iter().all(|t| {
                t.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-._".contains(c))
            }),
            "tags are lower case",
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn ids_are_unique_and_one_prefix_belongs_to_one_table() {
    let rules = rules();
    let ids: BTreeSet<_> = rules.iter().map(|r| r.id.as_str().to_owned()).collect();
    assert_eq!(ids.len(), rules.len());
    let prefix = |r: &Rule| r.id.as_str().trim_end_matches(|c: char| c.is_ascii_digit()).to_owned();
    let pairs: BTreeSet<_> = rules.iter().map(|r| (prefix(r), r.table.to_string())).collect();
    let prefixes: BTreeSet<_> = pairs.iter().map(|(prefix, _)| prefix).collect();
    assert_eq!(prefixes.len(), pairs.len(), "{pairs:?}");
}

#[test]
fn every_text_of_the_language_prints_back_to_itself() {
    for rule in rules() {
        let expr = plimsoll::expr::parse(&rule.when_text).unwrap();
        assert_eq!(plimsoll::expr::parse(&expr.to_string()), Ok(expr), "{}", rule.id);
    }
}
