//! What one program denies and another allows.

use std::collections::BTreeSet;

use super::answer::{Questions, REPLAY};
use super::diagram::Meter;
use super::document::Witness;
use super::pool::of_example;
use super::question::{Answer, Ask, Side};
use super::reads::Reads;
use super::shrink::shrink;
use crate::schema::Schema;
use crate::table::{Effect, Rule, RuleId, Shown};

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
    let changes = Changes::new(before, after, effect);
    // What loading finds differs where the keys do.
    let apart = if changes.names.is_empty() { None } else { after.with_own_load() };
    let asked = apart.as_ref().unwrap_or(after);
    let rows = asked.rules().filter(|rule| rule.effect == effect && changes.comes_before(rule));
    rows.map(|rule| {
        let answer = if !changes.matter_to(rule) || changes.has_twin(rule) {
            // It, or another row of the same condition, fires wherever this one does.
            Answer::Impossible
        } else {
            let unlike = if effect == Effect::Deny { Ask::Allowed } else { Ask::Silent(rule.id.clone()) };
            let mut asks = vec![(0, unlike), (1, Ask::Fires(rule.id.clone()))];
            asks.extend([0, 1].into_iter().filter_map(|side| Some((side, Ask::Fires(only_if?.clone())))));
            by_example(questions, [before, asked], rule, &asks)
                .unwrap_or_else(|| questions.answer(&[before, asked], &asks))
        };
        (rule.id.clone(), answer)
    })
    .collect()
}

/// What an example of a row shows needs no proof.
fn by_example(
    questions: &Questions,
    [before, after]: [&Side; 2],
    rule: &Rule,
    asks: &[(usize, Ask)],
) -> Option<Answer> {
    let on =
        |side: usize| -> Vec<&Ask> { asks.iter().filter(|(n, _)| *n == side).map(|(_, ask)| ask).collect() };
    let (first, second) = (on(0), on(1));
    let meter = Meter::new(questions.share());
    let holds = |witness: &Witness| before.does(&first, witness) && after.does(&second, witness);
    let mut examples: Vec<Witness> = rule.bad.iter().map(of_example).collect();
    // Without their particular spelling, if that makes no difference.
    let plain = |witness: &Witness| Witness { raw: None, ..witness.clone() };
    let spelt = examples.iter().filter(|witness| witness.raw.is_some()).map(plain).collect::<Vec<_>>();
    examples.extend(spelt);
    examples.sort_by_cached_key(|witness| (witness.raw.is_some(), witness.size()));
    let shown = examples.into_iter().find(|witness| meter.spend(REPLAY) && holds(witness))?;
    let probe = after.probe(&rule.id);
    let holds = |witness: &Witness| probe.may_fire(witness) && holds(witness);
    Some(Answer::Possible(Box::new(shrink(shown, &meter, holds))))
}

/// What is different in one of two sides, beside the rows that are asked about.
struct Changes<'c> {
    before: &'c Side,
    /// The names of fields that only one of the schemas has.
    names: BTreeSet<String>,
    /// These, and the fields of what loading finds that depend on which there are.
    apart: BTreeSet<String>,
    /// The stage of the first row that changes what later rows see, or keeps them from being judged, in one only.
    first: Option<i64>,
    /// The rows that set fields differently, in one or both.
    sets: Vec<&'c Rule>,
    /// The stage of the first row that keeps later ones from being judged.
    ends: Option<i64>,
}

impl<'c> Changes<'c> {
    fn new(before: &'c Side, after: &'c Side, effect: Effect) -> Self {
        let names = changed_fields(&before.world.schemas, &after.world.schemas);
        // A deny row that ends the judgement changes nothing where all is allowed.
        let ends = |rule: &Rule| rule.halt && (effect != Effect::Deny || rule.effect != Effect::Deny);
        let matters = |rule: &&Rule| ends(rule) || !rule.set.is_empty();
        let mut open: Vec<(&Rule, bool)> = Vec::new();
        for (side, other) in [(before, after), (after, before)] {
            let changed = |rule: &Rule| !has_same(other, rule) || has_moved([side, other], rule);
            open.extend(side.rules().filter(matters).map(|rule| (rule, changed(rule))));
        }
        let first = open.iter().filter(|(_, changed)| *changed).map(|(rule, _)| rule.stage).min();
        let mut apart = names.clone();
        if !names.is_empty() {
            let load = before.world.schemas.iter().filter(|schema| schema.id() == "load");
            let fields = load.flat_map(|schema| &schema.get(schema.root()).fields);
            apart.extend(fields.filter(|field| !field.plain).map(|field| field.name.clone()));
        }
        let mut out = Self { before, names, apart, first, sets: Vec::new(), ends: None };
        // What reads what is different is itself different.
        loop {
            let (now, rest): (Vec<_>, Vec<_>) =
                open.into_iter().partition(|(rule, changed)| *changed || out.reach(rule));
            if now.is_empty() {
                return out;
            }
            for (rule, _) in now {
                if ends(rule) {
                    out.ends = Some(out.ends.map_or(rule.stage, |stage| stage.min(rule.stage)));
                }
                if !rule.set.is_empty() {
                    out.sets.push(rule);
                }
            }
            open = rest;
        }
    }

    /// Whether something is different in front of a row, or in itself.
    fn comes_before(&self, rule: &Rule) -> bool {
        self.first.is_some_and(|stage| stage <= rule.stage)
            || !has_same(self.before, rule)
            || Reads::of(rule).has_name(&self.names)
    }

    /// Whether a row can fire for that where it would not otherwise.
    fn matter_to(&self, rule: &Rule) -> bool {
        !has_same(self.before, rule) || self.reach(rule)
    }

    /// Whether a row that is the same in both reads what is different, or is judged in one only.
    fn reach(&self, rule: &Rule) -> bool {
        let reads = Reads::of(rule);
        reads.has_name(&self.apart)
            || self.ends.is_some_and(|stage| stage <= rule.stage)
            || self.sets.iter().any(|set| set.stage <= rule.stage && reads.sees_any(set))
    }

    /// Whether another row, of the same effect and condition under another name, reads the same in both.
    fn has_twin(&self, rule: &Rule) -> bool {
        if self.reach(rule) {
            return false;
        }
        let subject = self.before.world.program.subject();
        let shown = |rule: &Rule| Shown::new(rule, subject).condition(&rule.when);
        self.before.rules().any(|other| {
            other.effect == rule.effect
                && other.effect == Effect::Deny
                && other.stage == rule.stage
                && other.each_text == rule.each_text
                && shown(other) == shown(rule)
        })
    }
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

/// Whether rows of the same stage that both sides have stand in front of a row in one of them and behind it in the other.
fn has_moved(sides: [&Side; 2], rule: &Rule) -> bool {
    let in_front = |side: &Side, other: &Side| -> BTreeSet<RuleId> {
        let stage = side.rules().filter(|one| one.stage == rule.stage);
        let front = stage.take_while(|one| one.id != rule.id).map(|one| one.id.clone());
        front.filter(|id| other.rules().any(|one| one.id == *id && one.stage == rule.stage)).collect()
    };
    let [one, other] = sides;
    in_front(one, other) != in_front(other, one)
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
