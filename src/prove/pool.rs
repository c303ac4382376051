//! Strings, lists and documents to try: those of the examples that rules bring.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::document::Witness;
use crate::table::{Catalog, Cond, Example, Operand, TextTest};

/// How many elements are put together in pairs.
const MAX_ELEMENTS: usize = 14;

/// What the rows of one subject have as examples.
#[derive(Clone, Debug, Default)]
pub(super) struct Pool {
    /// All strings, short ones first.
    pub(super) strings: Vec<Vec<u8>>,
    lists: BTreeMap<String, Vec<Json>>,
    /// All documents, small ones first.
    pub(super) documents: Vec<Witness>,
}

impl Pool {
    pub(super) fn new(catalog: &Catalog, subject: &str, roots: &[&str]) -> Self {
        let mut strings = BTreeSet::new();
        let mut out = Self::default();
        for rule in catalog.rules().iter().filter(|rule| *rule.subject == *subject) {
            literals(&rule.when, &mut strings);
            for example in rule.bad.iter().chain(&rule.good) {
                let witness = of_example(example);
                let at =
                    |name: &str| roots.iter().position(|r| *r == name).map_or(0, |at| at.saturating_add(1));
                out.collect(&witness.document, "0".to_owned(), &mut strings);
                for (name, json) in
                    [("daemon", &witness.daemon), ("image", &witness.image), ("host", &witness.host)]
                {
                    if let Some(json) = json {
                        out.collect(json, at(name).to_string(), &mut strings);
                    }
                }
                // The same without its particular spelling, if that makes no difference.
                out.documents.push(Witness { raw: None, ..witness.clone() });
                out.documents.push(witness);
            }
        }
        out.strings = strings.into_iter().collect();
        out.strings.sort_by_cached_key(|s| (s.len(), s.clone()));
        out.documents.sort_by_cached_key(Witness::size);
        out.documents.dedup();
        for lists in out.lists.values_mut() {
            lists.sort_by_cached_key(|json| json.to_string().len());
            lists.dedup();
            // Views of lists mostly look at more than one element.
            let elements: Vec<Json> = lists.iter().filter_map(Json::as_array).flatten().cloned().collect();
            let mut elements: Vec<&Json> = elements.iter().filter(|e| e.is_string()).collect();
            elements.sort_by_cached_key(|e| e.to_string());
            elements.dedup();
            elements.truncate(MAX_ELEMENTS);
            let pairs = elements.iter().flat_map(|a| elements.iter().map(move |b| (a, b)));
            lists.extend(
                pairs.filter(|(a, b)| a != b).map(|(a, b)| Json::Array(vec![(*a).clone(), (*b).clone()])),
            );
        }
        out
    }

    /// Examples of what may stand at a path.
    pub(super) fn lists(&self, path: &str) -> &[Json] {
        self.lists.get(path).map_or(&[], Vec::as_slice)
    }

    fn collect(&mut self, json: &Json, path: String, strings: &mut BTreeSet<Vec<u8>>) {
        match json {
            Json::String(s) => drop(strings.insert(s.as_bytes().to_vec())),
            Json::Array(elements) => {
                for element in elements {
                    self.collect(element, format!("{path}[]"), strings);
                }
                self.lists.entry(path).or_default().push(json.clone());
            }
            Json::Object(members) => {
                for (key, value) in members {
                    strings.insert(key.as_bytes().to_vec());
                    // A map's entries are all alike; a record's fields have names.
                    self.collect(value, format!("{path}.{key}"), strings);
                    if value.is_object() || value.is_array() {
                        self.inside(value, &format!("{path}[]"));
                    }
                }
                self.lists.entry(path).or_default().push(json.clone());
            }
            _ => {}
        }
    }

    /// The fields of an entry of a map.
    fn inside(&mut self, json: &Json, path: &str) {
        if let Json::Object(members) = json {
            for (key, value) in members {
                if value.is_object() || value.is_array() {
                    self.lists.entry(format!("{path}.{key}")).or_default().push(value.clone());
                }
            }
        }
    }
}

/// An example as a witness.
pub(super) fn of_example(example: &Example) -> Witness {
    let parse = |text: &Option<Vec<u8>>| text.as_ref().and_then(|t| serde_json::from_slice(t).ok());
    let document: Option<Json> = serde_json::from_slice(&example.doc).ok();
    let printed = document.as_ref().map(|d| d.to_string().into_bytes());
    Witness {
        raw: (printed.as_deref() != Some(&example.doc)).then(|| example.doc.clone()),
        document: document.unwrap_or(Json::Null),
        daemon: parse(&example.daemon),
        image: parse(&example.image),
        host: parse(&example.host),
        http: parse(&example.request),
        features: example.features.clone(),
        answer: parse(&example.answer),
    }
}

/// The literals that a condition holds strings against.
fn literals(cond: &Cond, out: &mut BTreeSet<Vec<u8>>) {
    let mut operand = |operand: &Operand| {
        if let Operand::Str(s) = operand {
            out.insert(s.clone());
        }
    };
    match cond {
        Cond::Same(left, right) => [left, right].into_iter().for_each(&mut operand),
        Cond::OneOf(_, literals) => literals.iter().for_each(&mut operand),
        Cond::HasKey(value, _) | Cond::HasElement(value, _) => operand(value),
        Cond::Text(_, TextTest::StartsWith(s) | TextTest::EndsWith(s) | TextTest::Contains(s)) => {
            out.insert(s.clone());
        }
        Cond::Not(inner) => literals(inner, out),
        Cond::All(conds) | Cond::Any(conds) => conds.iter().for_each(|c| literals(c, out)),
        Cond::Exists { body, .. } => literals(body, out),
        Cond::Const(_) | Cond::Truth(_) | Cond::Order(..) | Cond::Text(..) | Cond::Present(_) => {}
    }
}
