//! How Go's `encoding/json` fills a struct, written down once more and as plainly as it can be: what stands twice, `null`, and
//! values of the wrong type. Nothing of plimsoll's decoder is used.

use arbitrary::Unstructured;
use plimsoll::arbitrary::{self as made, Folding, Tree};
use plimsoll::facts::{Limits, decode};
use plimsoll::schema::{IntSize, Schema, Type};
use serde_json::{Map, Value as Json, json};

use super::common;

#[derive(Clone, Debug)]
enum Model {
    /// The zero value, nil included.
    Zero,
    Scalar(Json),
    Record(Vec<(String, Model)>),
    /// The elements, and those beyond the end that a longer list would be decoded over.
    List(Vec<Model>, Vec<Model>),
    Map(Vec<(String, Model)>),
}

pub(super) fn holds(data: &[u8]) {
    let schema = common::create();
    let mut u = Unstructured::new(data);
    let tree = made::document(&schema, &mut u).unwrap();
    let text = tree.respelt(&schema, Folding::Everywhere, &mut u).unwrap();
    let decoded = decode(text.as_bytes(), &schema, &Limits::default()).unwrap();
    let model = merged(&schema, &Type::Struct(schema.root()), Model::Zero, &tree);
    assert_eq!(plain(common::dump(&decoded.facts)), plain(shown(&model)), "{text}");
}

fn merged(schema: &Schema, ty: &Type, old: Model, tree: &Tree) -> Model {
    let null = matches!(tree, Tree::Literal(text) if text == "null");
    match (ty, tree) {
        (Type::Pointer(_) | Type::List(_) | Type::Map(_) | Type::Any, _) if null => Model::Zero,
        (_, _) if null => old,
        (Type::Pointer(to), _) => merged(schema, to, old, tree),
        (Type::Any, _) => Model::Scalar(any(tree)),
        (Type::Bool, Tree::Literal(text)) if ["true", "false"].contains(&text.as_str()) => {
            Model::Scalar(json!(text == "true"))
        }
        (Type::String, Tree::Str(text)) => Model::Scalar(json!(text)),
        (Type::Int(size), Tree::Literal(text)) => {
            let fits = |n: &i64| match size {
                IntSize::U16 => (0..=65_535).contains(n),
                IntSize::Int | IntSize::I64 => true,
                other => panic!("the model knows no {other:?}"),
            };
            text.parse::<i64>().ok().filter(fits).map_or(old, |n| Model::Scalar(json!(n)))
        }
        (Type::Float, Tree::Literal(text)) => text.parse::<f64>().map_or(old, |n| Model::Scalar(json!(n))),
        (Type::List(_), Tree::List(items)) if items.is_empty() => Model::List(Vec::new(), Vec::new()),
        (Type::List(of), Tree::List(items)) => {
            let mut backing = match old {
                Model::List(elements, beyond) => [elements, beyond].concat(),
                _ => Vec::new(),
            };
            for (i, item) in items.iter().enumerate() {
                let before = backing.get(i).cloned().unwrap_or(Model::Zero);
                let value = merged(schema, of, before, item);
                if i < backing.len() {
                    backing[i] = value;
                } else {
                    backing.push(value);
                }
            }
            let beyond = backing.split_off(items.len());
            Model::List(backing, beyond)
        }
        (Type::Map(of), Tree::Object(members)) => {
            let mut entries = match old {
                Model::Map(entries) => entries,
                _ => Vec::new(),
            };
            for (key, value) in members {
                let value = merged(schema, of, Model::Zero, value);
                match entries.iter_mut().find(|(k, _)| k == key) {
                    Some(entry) => entry.1 = value,
                    None => entries.push((key.clone(), value)),
                }
            }
            Model::Map(entries)
        }
        (Type::Struct(id), Tree::Object(members)) => {
            let mut fields = match old {
                Model::Record(fields) => fields,
                _ => Vec::new(),
            };
            let def = schema.get(*id);
            for (key, value) in members {
                let exact = def.fields.iter().find(|f| f.name == *key);
                let Some(field) =
                    exact.or_else(|| def.fields.iter().find(|f| folded(&f.name) == folded(key)))
                else {
                    continue;
                };
                let at = fields.iter().position(|(name, _)| *name == field.name);
                let before = at.map_or(Model::Zero, |at| fields[at].1.clone());
                let value = merged(schema, &field.ty, before, value);
                match at {
                    Some(at) => fields[at].1 = value,
                    None => fields.push((field.name.clone(), value)),
                }
            }
            Model::Record(fields)
        }
        // Of another type: an error, and what stood there stays.
        _ => old,
    }
}

fn folded(key: &str) -> String {
    key.chars()
        .map(|c| match c {
            '\u{17f}' => 's',
            '\u{212a}' => 'k',
            c => c.to_ascii_lowercase(),
        })
        .collect()
}

fn any(tree: &Tree) -> Json {
    match tree {
        Tree::Literal(text) => match serde_json::from_str(text).unwrap() {
            Json::Number(n) => json!(n.as_f64()),
            other => other,
        },
        Tree::Str(text) => json!(text),
        Tree::List(items) => items.iter().map(any).collect(),
        Tree::Object(members) => Json::Object(members.iter().map(|(k, v)| (k.clone(), any(v))).collect()),
    }
}

fn shown(model: &Model) -> Json {
    let object = |entries: &[(String, Model)]| {
        Json::Object(entries.iter().map(|(k, v)| (k.clone(), shown(v))).collect::<Map<_, _>>())
    };
    match model {
        Model::Zero => Json::Null,
        Model::Scalar(value) => value.clone(),
        Model::List(elements, _) => elements.iter().map(shown).collect(),
        Model::Record(fields) => object(fields),
        Model::Map(entries) => object(entries),
    }
}

/// Without what is zero: a record that was met and one that was not come to the same.
fn plain(json: Json) -> Json {
    let is_zero = |json: &Json| {
        json.is_null()
            || *json == json!(false)
            || *json == json!("")
            || json.as_f64() == Some(0.0)
            || *json == json!({})
    };
    match json {
        Json::Object(members) => {
            let members = members.into_iter().map(|(k, v)| (k, plain(v))).filter(|(_, v)| !is_zero(v));
            // The order of members is that of the schema in one, that of the text in the other.
            let mut members: Vec<_> = members.collect();
            members.sort_by(|a, b| a.0.cmp(&b.0));
            Json::Object(members.into_iter().collect())
        }
        Json::Array(items) => {
            items.into_iter().map(plain).map(|item| if is_zero(&item) { Json::Null } else { item }).collect()
        }
        other => other,
    }
}
