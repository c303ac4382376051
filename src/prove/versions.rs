//! What one program denies and another allows.

use std::collections::BTreeSet;

use super::document::Witness;
use super::question::{Answer, Ask, Questions, Side};
use crate::schema::Schema;
use crate::table::{Base, Cond, Effect, Operand, Place, Rule, RuleId, Step};

/// For each deny row of `after`, whether it refuses a document that `before` allows.
///
/// Rows that both have are left out where nothing that they read differs, nor what earlier rows change.
pub(super) fn newly_denied(questions: &Questions, before: &Side, after: &Side) -> Vec<(RuleId, Answer)> {
    // The same row is the same object, as catalogs share what they are built on; or it is written twice.
    let changing = |side: &Side| -> Vec<*const Rule> {
        side.rules().filter(|r| r.halt || !r.set.is_empty()).map(std::ptr::from_ref).collect()
    };
    let same_changes = changing(before) == changing(after);
    let changed = changed_fields(&before.world.schemas, &after.world.schemas);
    let shared: BTreeSet<*const Rule> = before.rules().map(std::ptr::from_ref).collect();
    let denied: BTreeSet<String> = before.rules().filter(|r| r.effect == Effect::Deny).map(says).collect();
    let differs = |rule: &Rule| {
        !same_changes
            || !(shared.contains(&std::ptr::from_ref(rule)) || denied.contains(&says(rule)))
            || fields(rule).iter().any(|f| changed.contains(f))
    };
    // What loading finds differs where the keys do.
    let apart = if changed.is_empty() { None } else { after.with_own_load() };
    let after = apart.as_ref().unwrap_or(after);
    let rows = after.rules().filter(|rule| rule.effect == Effect::Deny && differs(rule));
    rows.map(|rule| {
        let asks = [(0, Ask::Allowed), (1, Ask::Fires(rule.id.clone()))];
        (rule.id.clone(), questions.answer(&[before, after], &asks))
    })
    .collect()
}

/// When a row denies: the same of two rows that deny the same, given the same changes by others.
fn says(rule: &Rule) -> String {
    format!("{} {:?} {:?}", rule.stage, rule.each, rule.when)
}

/// The keys of the document that only `after` knows, each with a document that shows it where there is one.
pub(super) fn new_keys(before: &Side, after: &Side) -> Vec<(String, Option<Witness>)> {
    let names = |side: &Side| -> BTreeSet<String> {
        let schema = side.world.schemas.first();
        let fields = schema.into_iter().flat_map(|s| &s.get(s.root()).fields);
        fields.filter(|f| !f.embed && !f.unlisted).map(|f| f.name.clone()).collect()
    };
    let known = names(before);
    let new = names(after).into_iter().filter(|name| !known.contains(name));
    let values = ["0", "\"\"", "false", "[]", "{}", "null"];
    new.map(|name| {
        let mut tries = values.iter().filter_map(|value| {
            let value: serde_json::Value = serde_json::from_str(value).ok()?;
            let mut document = serde_json::Map::new();
            document.insert(name.clone(), value);
            Some(Witness { document: document.into(), ..Witness::default() })
        });
        let found = tries.find(|w| after.does(&[&Ask::Allowed], w) && !before.does(&[&Ask::NotDenied], w));
        (name, found)
    })
    .collect()
}

/// Names of fields that only one of two versions of the schemas has.
fn changed_fields(before: &[Schema], after: &[Schema]) -> BTreeSet<String> {
    let names = |schemas: &[Schema]| -> BTreeSet<(String, String, String)> {
        let structs = schemas.iter().flat_map(|schema| schema.structs().iter().map(move |s| (schema, s)));
        let fields = structs.flat_map(|(schema, s)| {
            s.fields.iter().map(move |f| (s.name.clone(), f.name.clone(), schema.type_name(&f.ty)))
        });
        fields.collect()
    };
    names(before).symmetric_difference(&names(after)).map(|(_, field, _)| field.clone()).collect()
}

/// Names of the fields that the condition of a row reads.
fn fields(rule: &Rule) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    for each in &rule.each {
        place(&each.source, &mut out);
    }
    cond(&rule.when, &mut out);
    out
}

fn place(at: &Place, out: &mut BTreeSet<String>) {
    if let Base::View(call) = &at.base {
        call.args.iter().for_each(|arg| operand(arg, out));
    }
    for step in &at.steps {
        match step {
            Step::Field(name) => drop(out.insert(name.clone())),
            Step::Key(key) => operand(key, out),
        }
    }
}

fn operand(value: &Operand, out: &mut BTreeSet<String>) {
    match value {
        Operand::Place(at) | Operand::Size(at) => place(at, out),
        Operand::Cond(inner) => cond(inner, out),
        Operand::Term(_, args) => args.iter().for_each(|arg| operand(arg, out)),
        Operand::Int(_) | Operand::Str(_) => {}
    }
}

fn cond(test: &Cond, out: &mut BTreeSet<String>) {
    match test {
        Cond::Const(_) => {}
        Cond::Truth(at) | Cond::Present(at) => place(at, out),
        Cond::Not(inner) => cond(inner, out),
        Cond::All(conds) | Cond::Any(conds) => conds.iter().for_each(|c| cond(c, out)),
        Cond::Same(left, right) | Cond::Order(_, left, right) => {
            operand(left, out);
            operand(right, out);
        }
        Cond::OneOf(value, _) | Cond::Text(value, _) => operand(value, out),
        Cond::HasKey(value, at) | Cond::HasElement(value, at) => {
            operand(value, out);
            place(at, out);
        }
        Cond::Exists { over, body, .. } => {
            place(over, out);
            cond(body, out);
        }
    }
}
