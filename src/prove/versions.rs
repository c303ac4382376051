//! What one program denies and another allows.

use std::collections::BTreeSet;

use super::document::Witness;
use super::pool::of_example;
use super::question::{Answer, Ask, Questions, Side};
use super::shrink::shrink;
use crate::schema::Schema;
use crate::table::{Base, Cond, Effect, Operand, Place, Rule, RuleId, Shown, Step};

/// For each deny row of `after`, whether it refuses a document that `before` allows.
///
/// Rows that both have are left out where nothing that they read differs, nor what earlier rows change.
pub(super) fn newly_denied(questions: &Questions, before: &Side, after: &Side) -> Vec<(RuleId, Answer)> {
    newly(questions, before, after, Effect::Deny, None)
}

/// The same among the documents for which a row of both fires.
pub(super) fn newly_denied_if(
    questions: &Questions,
    before: &Side,
    after: &Side,
    fires: &RuleId,
) -> Vec<(RuleId, Answer)> {
    newly(questions, before, after, Effect::Deny, Some(fires))
}

/// For each warning of `after`, whether it is given for a document for which `before` does not give it.
pub(super) fn newly_warned(questions: &Questions, before: &Side, after: &Side) -> Vec<(RuleId, Answer)> {
    newly(questions, before, after, Effect::Warn, None)
}

fn newly(
    questions: &Questions,
    before: &Side,
    after: &Side,
    effect: Effect,
    only_if: Option<&RuleId>,
) -> Vec<(RuleId, Answer)> {
    let changed = changed_fields(&before.world.schemas, &after.world.schemas);
    let stage = first_change(before, after);
    let differs = |rule: &Rule| {
        stage.is_some_and(|stage| stage <= rule.stage)
            || !has_same(before, rule)
            || fields(rule).iter().any(|f| changed.contains(f))
    };
    // What loading finds differs where the keys do.
    let apart = if changed.is_empty() { None } else { after.with_own_load() };
    let asked = apart.as_ref().unwrap_or(after);
    let rows = asked.rules().filter(|rule| rule.effect == effect && differs(rule));
    rows.map(|rule| {
        let answer = if stage.is_none_or(|stage| rule.stage < stage) && has_twin(before, rule, &changed) {
            // Another row of the same condition fires wherever this one does.
            Answer::Impossible
        } else {
            let unlike = if effect == Effect::Deny { Ask::Allowed } else { Ask::Silent(rule.id.clone()) };
            let mut asks = vec![(0, unlike), (1, Ask::Fires(rule.id.clone()))];
            asks.extend([0, 1].into_iter().filter_map(|side| Some((side, Ask::Fires(only_if?.clone())))));
            quick(questions, [before, asked], rule, &asks)
                .unwrap_or_else(|| questions.answer(&[before, asked], &asks))
        };
        (rule.id.clone(), answer)
    })
    .collect()
}

/// An answer that needs less than the whole question: if the row cannot fire without firing in the other as well, nothing
/// else matters, and what an example of it shows needs no proof.
fn quick(
    questions: &Questions,
    [before, after]: [&Side; 2],
    rule: &Rule,
    asks: &[(usize, Ask)],
) -> Option<Answer> {
    // The document is allowed, and so a deny row silent; of a warning that is asked for itself.
    if before.rules().any(|other| other.id == rule.id && other.effect == rule.effect) {
        let less = [(0, Ask::Silent(rule.id.clone())), (1, Ask::Fires(rule.id.clone()))];
        if questions.answer(&[before, after], &less) == Answer::Impossible {
            return Some(Answer::Impossible);
        }
    }
    let on =
        |side: usize| -> Vec<&Ask> { asks.iter().filter(|(n, _)| *n == side).map(|(_, ask)| ask).collect() };
    let (first, second) = (on(0), on(1));
    let holds = |witness: &Witness| before.does(&first, witness) && after.does(&second, witness);
    let examples = rule.bad.iter().map(of_example).map(|witness| {
        // Without its particular spelling, if that makes no difference.
        let plain = Witness { raw: None, ..witness.clone() };
        if holds(&plain) { plain } else { witness }
    });
    let mut shown: Vec<Witness> = examples.filter(|witness| holds(witness)).collect();
    shown.sort_by_key(Witness::size);
    let shown = shown.into_iter().next()?;
    Some(Answer::Possible(Box::new(shrink(shown, holds))))
}

/// The stage of the first row that changes what later rows see, or keeps them from being judged, in one of the two only.
///
/// A deny row that ends the judgement is no such row: where it fires the document is not allowed.
fn first_change(before: &Side, after: &Side) -> Option<i64> {
    let only = |side: &Side, other: &Side| {
        let rows = side.rules().filter(|r| r.halt && r.effect != Effect::Deny || !r.set.is_empty());
        rows.filter(|rule| !has_same(other, rule)).map(|rule| rule.stage).min()
    };
    only(before, after).into_iter().chain(only(after, before)).min()
}

/// Whether a side has a row that does the same under the same name.
fn has_same(side: &Side, rule: &Rule) -> bool {
    let Some(other) = side.rules().find(|other| other.id == rule.id) else { return false };
    // Catalogs share what they are built on.
    if std::ptr::eq(other, rule) {
        return true;
    }
    let subject = side.world.program.subject();
    let what = |rule: &Rule| {
        let shown = Shown::new(rule, subject);
        let set = rule.set.iter().map(|one| (shown.place(&one.target), shown.value(&one.value)));
        let set: Vec<(String, String)> = set.collect();
        let each = (rule.stage, rule.effect, rule.halt, rule.each_text.clone());
        (each, shown.condition(&rule.when), set)
    };
    what(other) == what(rule)
}

/// Whether another row, of the same effect and condition under another name, reads the same in both.
fn has_twin(before: &Side, rule: &Rule, changed: &BTreeSet<String>) -> bool {
    let read = fields(rule);
    let by_key = before.world.schemas.iter().filter(|schema| schema.id() == "load");
    let by_key = by_key.flat_map(|schema| &schema.get(schema.root()).fields).filter(|field| !field.plain);
    let by_key: BTreeSet<&str> = by_key.map(|field| field.name.as_str()).collect();
    let differs =
        |name: &String| changed.contains(name) || !changed.is_empty() && by_key.contains(name.as_str());
    if read.iter().any(differs) {
        return false;
    }
    let subject = before.world.program.subject();
    let shown = |rule: &Rule| Shown::new(rule, subject).condition(&rule.when);
    before.rules().any(|other| {
        other.effect == rule.effect
            && other.effect == Effect::Deny
            && other.stage == rule.stage
            && other.each_text == rule.each_text
            && shown(other) == shown(rule)
    })
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
