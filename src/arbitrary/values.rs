use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use crate::table::{Kind, Shape};

/// Values of one name that come from other examples.
const MOST_POOLED: usize = 40;

/// Scalars by the name of the field, list or map that they stand in, and the keys of maps.
pub(super) fn pool(json: &Json, name: &str, out: &mut BTreeMap<String, Vec<Json>>) {
    let mut add = |name: &str, value: Json| {
        let list = out.entry(name.to_owned()).or_default();
        if list.len() < MOST_POOLED && !list.contains(&value) {
            list.push(value);
        }
    };
    match json {
        Json::Array(items) => items.iter().for_each(|item| pool(item, name, out)),
        Json::Object(map) => {
            for key in map.keys() {
                add(&format!("{name}{{}}"), key.as_str().into());
            }
            for (key, value) in map {
                pool(value, key, out);
            }
        }
        Json::Null => {}
        scalar => add(name, scalar.clone()),
    }
}

/// A number and its neighbours.
pub(super) fn around_int(n: i64) -> Vec<Json> {
    [n.checked_sub(1), Some(n), n.checked_add(1)].into_iter().flatten().map(Json::from).collect()
}

/// A text and some that differ a little.
pub(super) fn around_text(text: &str) -> Vec<Json> {
    let mut out =
        vec![text.to_owned(), format!("{text}x"), format!("x{text}"), format!("x{text}x"), String::new()];
    let mut shorter = text.to_owned();
    if shorter.pop().is_some() {
        out.push(shorter);
    }
    out.dedup();
    out.into_iter().map(Json::from).collect()
}

/// Some value of a type that is not its zero value.
pub(super) fn some(shape: &Shape) -> Option<Json> {
    Some(match shape.kind() {
        Kind::Bool => json!(true),
        Kind::Int => json!(1),
        Kind::Str => json!("x"),
        Kind::List => json!([]),
        Kind::Map | Kind::Record | Kind::Any => Json::Object(Map::new()),
    })
}
