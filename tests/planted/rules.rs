//! Flaws in rule tables: everything that `plimsoll test --mutate` changes (a row dropped, a literal, an operator, …), and a
//! row in front of another that does the same.

use std::sync::{Arc, LazyLock};

use plimsoll::Verdict;
use plimsoll::prove::{DEFAULT_STEPS, FaultKind, diff, faults};
use plimsoll::subject::{Kind, Policy, Trial, trials};
use plimsoll::table::{Catalog, Effect, Mutant, Rule, Shown, mutants};

use super::{Fate, Flaw, plant, witness};

static CATALOG: LazyLock<Catalog> = LazyLock::new(|| Catalog::builtin().unwrap());

/// The newest profile that has a row.
fn newest(rule: &Rule) -> &'static str {
    let having = CATALOG.profiles().iter().filter(|profile| rule.holds_in(CATALOG.profiles(), &profile.id));
    having.last().unwrap().id.as_str()
}

/// All flaws, or those of rows whose ids begin as `PLANTED_AT` says.
fn flaws() -> Vec<(Arc<Rule>, Option<Mutant>)> {
    let at = std::env::var("PLANTED_AT").unwrap_or_default();
    let mut all = Vec::new();
    for rule in CATALOG.rules().iter().filter(|rule| rule.id.as_str().starts_with(&at)) {
        let subject = CATALOG.subject(&rule.subject).unwrap();
        let changed = mutants(rule, &Shown::new(rule, subject));
        all.extend(changed.into_iter().map(|mutant| (rule.clone(), Some(mutant))));
        if rule.effect != Effect::Set {
            all.push((rule.clone(), None));
        }
    }
    all
}

fn one((rule, mutant): &(Arc<Rule>, Option<Mutant>)) -> Vec<(Flaw, Fate)> {
    let (what, fate) = match mutant {
        Some(mutant) => (mutant.text.clone(), changed(rule, mutant)),
        None => ("a row in front of it does the same".to_owned(), shadowed(rule)),
    };
    vec![(Flaw { at: rule.id.to_string(), what }, fate)]
}

/// A changed row is a difference between the old and the new table.
fn changed(rule: &Rule, mutant: &Mutant) -> Fate {
    let profile = newest(rule);
    let kind: Kind = rule.subject.parse().unwrap();
    let new = CATALOG.with_rule(&rule.id, mutant.rule.clone());
    let found = diff((&CATALOG, profile), (&new, profile), Some(kind), DEFAULT_STEPS);
    let old = Policy::new(CATALOG.clone(), profile).unwrap();
    let new = Policy::new(new, profile).unwrap();
    let mut caught = None;
    for one in &found.differences {
        let Some(shown) = &one.witness else {
            caught = caught.or_else(|| Some(Fate::Unknown(one.doubts.join("; "))));
            continue;
        };
        let row = one.rule.as_ref().unwrap().as_str();
        if let Some(problem) = witness::problem([&old, &new], kind, shown, one.direction, row) {
            return Fate::Wrong(problem);
        }
        caught = Some(Fate::Caught("by diff, with a document"));
    }
    caught.unwrap_or_else(|| match contradiction([&old, &new], rule) {
        None => Fate::Caught("proved to change no verdict and no warning"),
        Some(document) => Fate::Wrong(format!("said to be equivalent, and {document} is judged differently")),
    })
}

/// An example of some row that is judged differently, where that was said to be impossible.
fn contradiction([old, new]: [&Policy; 2], changed: &Rule) -> Option<String> {
    let rules =
        CATALOG.rules().iter().map(AsRef::as_ref).filter(|rule: &&Rule| rule.subject == changed.subject);
    let trials = trials(&CATALOG, rules);
    let judge = |policy: &Policy, trial: &Trial<'_>| {
        let decision = trial.judge(policy).ok()?.1;
        let warned = decision.trace.iter().any(|one| one.rule == changed.id && one.fired > 0);
        Some((decision.verdict, changed.effect == Effect::Warn && warned))
    };
    let differ = |trial: &&Trial<'_>| match (judge(old, trial), judge(new, trial)) {
        // What is not known is neither allowed nor denied.
        (Some((one, warns)), Some((other, still_warns))) => {
            let both = [one, other];
            warns != still_warns || both.contains(&Verdict::Allow) && both.contains(&Verdict::Deny)
        }
        _ => false,
    };
    trials.iter().find(differ).map(|trial| format!("an example of {}", trial.rule.id))
}

/// A row that does what one behind it does is found among the rows that do nothing of their own.
fn shadowed(rule: &Rule) -> Fate {
    let text = |text: &str| format!("{text:?}");
    let mut table = format!(
        "[table]\nid = 'ours'\nsubject = '{}'\nline = '{}'\nsource = 'tests'\n[[rule]]\nid = 'XY001'\ntitle = 't'\n\
         since = '{}'\nstage = {}\neffect = '{}'\nwhen = {}\nmessage = 'm'\nwhy = 'w'\nhelp = 'h'\nevidence = 'read'\n\
         bad = ['']\ngood = ['']\n",
        rule.subject,
        rule.line,
        newest(rule),
        rule.stage - 1,
        rule.effect.as_str(),
        serde_json::Value::from(&*rule.when_text),
    );
    if !rule.each_text.is_empty() {
        table += &format!("each = {}\n", text(&rule.each_text));
    }
    let catalog = match CATALOG.with_table("ours.toml", &table) {
        Ok(catalog) => catalog,
        Err(error) => return Fate::Wrong(format!("the table does not load: {error:?}")),
    };
    let (found, looked_at) = faults(&catalog, CATALOG.rules().len(), DEFAULT_STEPS);
    assert!(looked_at > 0, "{table}");
    let row = "XY001";
    let twins = found.iter().any(|fault| {
        let names: Vec<&str> =
            fault.because_of.iter().chain([&fault.rule]).map(|rule| rule.as_str()).collect();
        let kinds = [FaultKind::Duplicate, FaultKind::Shadowed];
        fault.doubts.is_empty()
            && kinds.contains(&fault.kind)
            && names.contains(&row)
            && names.contains(&rule.id.as_str())
    });
    match found.first() {
        _ if twins => Fate::Caught("by prove, as a row that does nothing of its own"),
        Some(fault) => Fate::Missed(format!("{:?} {}", fault.kind, fault.doubts.join("; "))),
        None => Fate::Missed("it says nothing".to_owned()),
    }
}

#[test]
fn a_share_of_the_flaws_in_rule_tables_is_noticed() {
    plant(&flaws(), 2000, one);
}

#[test]
#[ignore = "an hour"]
fn flaws_in_rule_tables_are_noticed() {
    plant(&flaws(), 1, one);
}
