//! What users see: every rule's first bad example as a person and as a program reads it, and the list of rules.
//!
//! After a change, `cargo insta test --accept` (or `INSTA_UPDATE=always cargo test --test snapshots`) writes the
//! files anew; read the difference before you commit it.
#![cfg(feature = "cli")]

use std::collections::BTreeSet;
use std::fmt::Write as _;

use insta::assert_snapshot;
use plimsoll::report::{Because, FileReport, Human, KindGuess, Report, json};
use plimsoll::subject::{Policy, trials};
use plimsoll::table::{Catalog, Effect, Rule, Shown, mutants};

fn settings(folder: &str) -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(format!("{}/snapshots/{folder}", env!("CARGO_MANIFEST_DIR")));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings
}

/// What the rule's first bad example gives under the latest profile that it is for.
fn report(catalog: &Catalog, rule: &Rule) -> Report {
    let first = trials(catalog, [rule]).into_iter().rfind(|t| std::ptr::eq(t.example, &rule.bad[0]));
    let trial = first.unwrap_or_else(|| panic!("{} has no example", rule.id));
    let policy = Policy::new(catalog.clone(), trial.profile).unwrap();
    let (kind, decision) = trial.judge(&policy).unwrap();
    let file = FileReport {
        path: format!("{kind}.json"),
        kind: Some(KindGuess { kind, because: Because::Told }),
        source: trial.example.doc.clone(),
        result: Ok(decision),
        profile: None,
        resolved: None,
    };
    Report { profile: trial.profile.to_owned(), files: vec![file] }
}

#[test]
fn bad_examples() {
    let catalog = Catalog::builtin().unwrap();
    for rule in catalog.rules().iter().filter(|r| r.effect != Effect::Set) {
        let report = report(&catalog, rule);
        let human = Human::new(false).render(&report);
        // The version is in one snapshot only, or each release would change them all.
        let json = json(&report).replace(env!("CARGO_PKG_VERSION"), "VERSION");
        let text = format!("{}\n{human}\n{json}", String::from_utf8_lossy(&rule.bad[0].doc));
        settings("rules").bind(|| assert_snapshot!(rule.id.as_str(), text));
    }
}

#[test]
fn no_snapshot_is_left_of_a_rule_that_is_gone() {
    let catalog = Catalog::builtin().unwrap();
    let rules: BTreeSet<_> = catalog.rules().iter().map(|r| format!("{}.snap", r.id)).collect();
    let folder = format!("{}/snapshots/rules", env!("CARGO_MANIFEST_DIR"));
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(rules.contains(&name) || name.ends_with(".snap.new"), "{name} belongs to no rule");
    }
}

#[test]
fn the_list_of_rules() {
    let catalog = Catalog::builtin().unwrap();
    let mut list = String::new();
    for rule in catalog.rules() {
        let versions = match (rule.since.as_deref(), rule.until.as_deref()) {
            (None, None) => String::new(),
            (since, until) => format!(" [{}..{}]", since.unwrap_or_default(), until.unwrap_or_default()),
        };
        let each = if rule.each_text.is_empty() { String::new() } else { format!("{}: ", rule.each_text) };
        writeln!(list, "{} {:4} {:4} {}{versions}", rule.id, rule.stage, rule.effect.as_str(), rule.title)
            .unwrap();
        writeln!(
            list,
            "           {each}{}",
            rule.when_text.split_whitespace().collect::<Vec<_>>().join(" ")
        )
        .unwrap();
    }
    settings("").bind(|| assert_snapshot!("rule-list", list));
}

/// Rows that have one of everything in them that mutation changes: conditions, and what else is in the row.
const MUTABLE: [(&str, &str); 3] = [
    (
        r#"bridge.matches("^(?:a|b\\|c)[^x\\]]*f\\*(d+|[|+]|e?)$") && mtu >= 68 || !(mtu in [5, 6]) || debug && hosts.exists(h, h.contains("t"))"#,
        "effect = 'warn'\nmessage = 'm'\nhelp = 'h'",
    ),
    (
        r#"runtimes["a"].path.startsWith("b") && (bridge.endsWith("c") || "d" in runtimes) && size(hosts) < 2 && mtu > 1 && bridge == "e""#,
        "effect = 'set'\nhalt = true\nset = { mtu = '5', bridge = \"'x'\", debug = 'true' }",
    ),
    (
        r#"wrapper_path("/v", bridge).below || has(runtimes["f"].options) || "g" in runtimes["h"].runtimeArgs || runtimes["i"].path in ["j", "k"] || size(runtimes["l"].path) <= 3 || mtu >= default-shm-size"#,
        "effect = 'deny'\nmessage = 'm'\nhelp = 'h'",
    ),
];

#[test]
fn what_mutation_changes() {
    let mut table = "[table]\nid = 'ours'\nsubject = 'daemon'\nline = 'moby'\nsource = 'tests'\n".to_owned();
    for (number, (when, rest)) in (1..).zip(MUTABLE) {
        write!(
            table,
            "[[rule]]\nid = 'OUR00{number}'\ntitle = 't'\nstage = 900{number}\nwhen = '''{when}'''\n{rest}\n\
             why = 'w'\nevidence = 'read'\nbad = ['{{}}']\ngood = ['{{}}']\n"
        )
        .unwrap();
    }
    let catalog = Catalog::builtin().unwrap().with_table("ours", &table).unwrap();
    let mut list = String::new();
    for rule in catalog.rules().iter().filter(|rule| &*rule.table == "ours") {
        let shown = Shown::new(rule, catalog.subject(&rule.subject).unwrap());
        for mutant in mutants(rule, &shown) {
            writeln!(list, "{}: {}", rule.id, mutant.text).unwrap();
        }
    }
    settings("").bind(|| assert_snapshot!("mutation", list));
}
