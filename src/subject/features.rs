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

/// What the task manager asks the shim, if that was told: `resolved.features_request`. `order` is the profile's.
///
/// containerd `core/runtime/v2/task_manager.go` `validateRuntimeFeatures` (seed 004), and before it with the options the
/// other way round.
pub(super) fn request(given: Option<FeaturesAnswer<'_>>, order: &[String]) -> Option<Json> {
    let told: Json = serde_json::from_slice(given?.facts?).ok()?;
    let request = told.get("request")?;
    let options =
        |whose: &String| request.get(format!("{whose}_options")).filter(|options| !options.is_null());
    let preferred = order.iter().find(|whose| options(whose).is_some_and(has_value)).or(order.last())?;
    let options = options(preferred);
    Some(serde_json::json!({
        "runtime_path": request.get("runtime").and_then(Json::as_str).unwrap_or_default(),
        "options_of": options.map(|_| preferred),
        "options": options,
    }))
}

/// Whether options come to any bytes in protobuf, which leaves zero values out.
fn has_value(options: &Json) -> bool {
    let zero = |value: &Json| match value {
        Json::Null | Json::Bool(false) => true,
        Json::Number(number) => number.as_f64() == Some(0.0),
        Json::String(text) => text.is_empty(),
        Json::Array(list) => list.is_empty(),
        Json::Bool(true) | Json::Object(_) => false,
    };
    options
        .as_object()
        .is_some_and(|fields| fields.iter().any(|(key, value)| key != "type_url" && !zero(value)))
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::subject::{Kind, Policy, Request};

    fn judged(profile: &str, facts: &Json) -> Result<Option<Json>, JudgeError> {
        let facts = facts.to_string();
        let features = FeaturesAnswer { printed: b"{\"linux\": {}}", facts: Some(facts.as_bytes()) };
        let request = Request { features: Some(features), ..Request::new(Kind::Spec, b"{}") };
        let policy = Policy::builtin(profile).unwrap();
        policy.judge(&request, &Budget::default()).map(|outcome| outcome.resolved)
    }

    /// Seed 004 and the version before it, for every pair of options: absent, without a value, and with one.
    #[test]
    fn options_with_a_value_are_preferred_in_the_order_of_the_version() {
        let kinds = [
            Json::Null,
            json!({"type_url": "t", "root": "", "systemd_cgroup": false}),
            json!({"binary_name": "b"}),
        ];
        for (runtime, of_runtime) in kinds.iter().enumerate() {
            for (task, of_task) in kinds.iter().enumerate() {
                let facts = json!({"request": {"runtime": "x.y", "runtime_options": of_runtime, "task_options": of_task}});
                // As the originals are written: `if first == nil || first.GetValue() == nil { first = second }`.
                let newer = if runtime == 2 { ("runtime", of_runtime) } else { ("task", of_task) };
                let older = if task == 2 { ("task", of_task) } else { ("runtime", of_runtime) };
                for (profile, (whose, options)) in [("containerd-2.1", newer), ("containerd-1.7", older)] {
                    let asked = judged(profile, &facts).unwrap().unwrap()["features_request"].clone();
                    let whose = if options.is_null() { Json::Null } else { whose.into() };
                    assert_eq!(
                        asked,
                        json!({"runtime_path": "x.y", "options_of": whose, "options": options})
                    );
                }
            }
        }
    }

    #[test]
    fn what_cannot_be_told_is_refused() {
        for facts in [json!({"exitt": 1}), json!({"problem": "x"}), json!({"exit": "1"}), json!([])] {
            assert!(judged("containerd-2.1", &facts).is_err(), "{facts}");
        }
        assert_eq!(judged("containerd-2.1", &json!({"exit": 1})), Ok(None));
    }
}
