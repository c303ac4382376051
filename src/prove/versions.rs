//! What one program denies and another allows.

use std::collections::BTreeSet;

use super::question::{Answer, Ask, Questions, Side};
use crate::schema::Schema;
use crate::table::{Base, Cond, Effect, Operand, Place, Rule, RuleId, Step};

/// For each deny row of `after`, whether it refuses a document that `before` allows.
///
/// Rows that both have are left out where nothing that they read differs.
pub(super) fn newly_denied(questions: &Questions, before: &Side, after: &Side) -> Vec<(RuleId, Answer)> {
    let changing = |side: &Side| -> Vec<RuleId> {
        side.rules().filter(|r| r.halt || !r.set.is_empty()).map(|r| r.id.clone()).collect()
    };
    let same_changes = changing(before) == changing(after);
    let changed = changed_fields(&before.world.schemas, &after.world.schemas);
    let shared: BTreeSet<&RuleId> = before.rules().map(|r| &r.id).collect();
    let differs = |rule: &Rule| {
        let set_differs = !same_changes && after.rules().any(|r| !r.set.is_empty() || r.halt);
        !shared.contains(&rule.id) || set_differs || fields(rule).iter().any(|f| changed.contains(f))
    };
    let rows = after.rules().filter(|rule| rule.effect == Effect::Deny && differs(rule));
    rows.map(|rule| {
        let asks = [(0, Ask::Allowed), (1, Ask::Fires(rule.id.clone()))];
        (rule.id.clone(), questions.answer(&[before, after], &asks))
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
