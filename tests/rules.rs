//! Laws that every row of every table keeps. The loader checks form and types; this checks what only running
//! and reading can.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll::engine::Decision;
use plimsoll::expr;
use plimsoll::facts::views::{view, views};
use plimsoll::schema::Problem;
use plimsoll::source::LineIndex;
use plimsoll::subject::{Policy, Trial, trials};
use plimsoll::table::{Catalog, Effect, Rule, Shown, TableError, mutants};

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

/// Calls `f` with every example of every rule, under every profile that it is for, and the decision.
fn each_trial(f: &mut dyn FnMut(&Trial<'_>, &Decision)) {
    let catalog = catalog();
    let policies: BTreeMap<_, _> = catalog
        .profiles()
        .iter()
        .map(|p| (p.id.as_str(), Policy::new(catalog.clone(), &p.id).unwrap()))
        .collect();
    for trial in trials(&catalog, catalog.rules().iter().map(AsRef::as_ref)) {
        let decision = trial.judge(&policies[trial.profile]).map(|(_, decision)| decision);
        f(&trial, &decision.unwrap_or_else(|e| panic!("{}: {e}", trial.rule.id)));
    }
}

#[test]
fn every_bad_example_fires_its_rule_and_no_good_one_does() {
    let (mut wrong, mut fired) = (Vec::new(), BTreeSet::new());
    each_trial(&mut |trial, decision| {
        if let Some(problem) = trial.problem(decision) {
            let doc = String::from_utf8_lossy(&trial.example.doc);
            wrong.push(format!("{} for {}: {problem}: {doc}", trial.rule.id, trial.profile));
        }
        if trial.fires {
            fired.insert(trial.rule.id.clone());
        }
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let silent: Vec<_> = rules().into_iter().map(|r| r.id).filter(|id| !fired.contains(id)).collect();
    assert!(silent.is_empty(), "no example fires: {silent:?}");
}

#[test]
fn a_bad_example_of_a_deny_rule_is_denied_and_says_so() {
    each_trial(&mut |trial, decision| {
        if trial.fires && trial.rule.effect == Effect::Deny {
            let finding = decision.findings.iter().find(|f| f.rule == trial.rule.id);
            let finding = finding.unwrap_or_else(|| panic!("{} has no finding", trial.rule.id));
            assert!(!finding.message.trim().is_empty(), "{} says nothing", trial.rule.id);
            assert!(decision.message().is_some(), "{}", trial.rule.id);
        }
    });
}

#[test]
fn findings_point_into_the_document() {
    each_trial(&mut |trial, decision| {
        for finding in &decision.findings {
            for label in finding.primary.iter().chain(&finding.related) {
                assert!(label.span.range().end <= trial.example.doc.len(), "{}: {label:?}", finding.rule);
            }
            assert!(
                finding.path.is_empty() || finding.path.starts_with('/'),
                "{}: {}",
                finding.rule,
                finding.path
            );
        }
    });
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
        // One message of the original has a line break.
        let one_line = !rule.message_text.contains('\n') || rule.id.as_str() == "CO030";
        check(!rule.why.contains('\n') && one_line, "why and message are one line");
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

#[test]
fn conditions_print_as_texts_that_mean_the_same() {
    let catalog = Catalog::builtin().unwrap();
    for rule in catalog.rules() {
        let shown = Shown::new(rule, catalog.subject(&rule.subject).unwrap());
        let text = shown.condition(&rule.when);
        let parsed = expr::parse(&text).unwrap_or_else(|e| panic!("{}: {text}: {}", rule.id, e.message));
        assert_eq!(parsed.to_string(), text, "{}", rule.id);
    }
}

#[test]
fn mutants_differ_from_the_rule_and_from_each_other() {
    let catalog = Catalog::builtin().unwrap();
    for rule in catalog.rules() {
        let shown = Shown::new(rule, catalog.subject(&rule.subject).unwrap());
        let mut texts = vec![shown.condition(&rule.when)];
        for mutant in mutants(rule, &shown) {
            let Some(changed) = &mutant.rule else { continue };
            if (changed.effect, changed.halt) == (rule.effect, rule.halt)
                && changed.set.len() == rule.set.len()
            {
                let text = shown.condition(&changed.when);
                assert!(!texts.contains(&text) || !rule.set.is_empty(), "{}: {}", rule.id, mutant.text);
                texts.push(text);
            }
        }
        assert!(texts.len() > 1, "{}", rule.id);
    }
}

/// What is said of a row is what its table says.
#[test]
fn evidence_is_called_as_in_tables() {
    let catalog = Catalog::builtin().unwrap();
    let called: BTreeSet<_> = catalog.rules().iter().map(|rule| rule.evidence.as_str()).collect();
    assert_eq!(called, BTreeSet::from(["read", "recorded"]));
}

#[test]
fn every_view_is_listed_once_and_has_a_sentence() {
    let names: BTreeSet<_> = views().iter().map(|view| view.name).collect();
    assert!(names.len() > 20 && names.len() == views().len());
    for one in views() {
        assert!(view(one.name).is_some_and(|found| std::ptr::eq(found, one)), "{}", one.name);
        assert!(!one.doc.is_empty() && !one.fields.is_empty() && !one.source.is_empty(), "{}", one.name);
    }
    assert!(view("").is_none() && view("no_such_view").is_none());
}
