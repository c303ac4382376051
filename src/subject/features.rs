use std::borrow::Cow;

use serde_json::{Map, Value as Json};

use super::judge::{FeaturesAnswer, JudgeError, read};
use crate::engine::Budget;
use crate::facts::{Facts, Item, Value, decode};
use crate::schema::Schema;

/// The schemas of what a runtime's answer is made of.
pub(super) struct Schemas<'s> {
    /// `features-status`.
    pub(super) status: &'s Schema,
    /// `features-answer`.
    pub(super) answer: &'s Schema,
    /// `features`.
    pub(super) offer: &'s Schema,
}

/// How asking ended, what else became of it, and the document: the roots `features`, `answer` and `offer`.
pub(super) fn read_answer<'r>(
    given: Option<FeaturesAnswer<'r>>,
    schemas: &Schemas<'_>,
    budget: &Budget,
) -> Result<[Facts<'r>; 3], JudgeError> {
    let Schemas { status, answer, offer } = *schemas;
    let Some(given) = given else { return Ok([status, answer, offer].map(Facts::new)) };
    let told = given.facts.unwrap_or(b"{}");
    refuse_unknown(told, answer)?;
    let mut answer = read("answer about features", told, answer, budget)?;
    let decoded = decode(given.printed, offer, &budget.limits())?;
    if let Some(error) = decoded.errors.into_iter().next() {
        write(&mut answer, "problem", Value::Str(Cow::Owned(error.message.into_bytes())));
    }
    if Item::root(&answer, "command").is_none_or(|command| command.str().is_empty()) {
        write(&mut answer, "command", Value::Str(Cow::Borrowed(b"runc")));
    }
    let exit = Item::root(&answer, "exit").map_or(0, |exit| exit.int());
    let mut status = Facts::new(status);
    write(&mut status, "exit", Value::Int(exit));
    Ok([status, answer, decoded.facts])
}

/// Refuses a fact that the schema does not have: taken for untold, a slip of the pen would go unseen.
fn refuse_unknown(told: &[u8], schema: &Schema) -> Result<(), JudgeError> {
    let fail = |reason| Err(JudgeError::Context { what: "answer about features", reason });
    let facts: Map<String, Json> = match serde_json::from_slice(told) {
        Ok(facts) => facts,
        Err(error) => return fail(error.to_string()),
    };
    let fields = &schema.get(schema.root()).fields;
    // What the printed text decodes to is not told but found out.
    let known = || fields.iter().map(|field| field.name.as_str()).filter(|name| *name != "problem");
    match facts.keys().find(|key| !known().any(|name| name == *key)) {
        None => Ok(()),
        Some(key) => {
            fail(format!("there is no fact `{key}` (there are: {})", known().collect::<Vec<_>>().join(", ")))
        }
    }
}

fn write<'s>(facts: &mut Facts<'s>, field: &str, value: Value<'s>) {
    if let Some((id, _)) = facts.root_field(field)
        && let Some(slot) = facts.slot_mut(id)
    {
        slot.value = value;
        slot.set = true;
    }
}
