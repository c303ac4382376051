use std::collections::BTreeMap;

use toml::de::DeValue;

use crate::schema::{Problem, Schema, TomlReader};

/// A record that rules can read besides the document's own fields.
#[derive(Clone, Debug)]
pub struct Root {
    /// Its name in expressions.
    pub name: String,
    /// What it holds.
    pub schema: Schema,
    /// Whether its places lie in the judged text (the loader's own observations about it).
    pub located: bool,
}

/// What a table judges: a document, and what else its rules may read.
#[derive(Clone, Debug)]
pub struct Subject {
    /// `daemon`, `name`, …
    pub id: String,
    /// What it is, in one sentence.
    pub doc: String,
    /// The document's schema: its fields are the top-level names of expressions.
    pub schema: Schema,
    /// The other records, in the order of the file.
    pub roots: Vec<Root>,
}

pub(super) fn read(
    text: &str,
    schemas: &BTreeMap<String, Schema>,
    problems: &mut Vec<Problem>,
) -> BTreeMap<String, Subject> {
    let table = crate::schema::parse_toml(text, problems);
    let mut top = TomlReader::new(table.get_ref(), 0..0);
    let mut out = BTreeMap::new();
    let Some(mut subjects) = top.table("subject", problems) else {
        problems.push(Problem::new(0..0, "there is no [subject.NAME]"));
        return out;
    };
    for (id, _, mut entry) in subjects.entries(problems) {
        let doc = entry.required("doc", problems).0.to_owned();
        let (schema, span) = entry.required("schema", problems);
        let mut roots = Vec::new();
        if let Some(mut table) = entry.table("roots", problems) {
            for ((name, span), value) in table.pairs() {
                let found = match value.get_ref() {
                    DeValue::String(schema) => schemas.get(schema.as_ref()),
                    _ => None,
                };
                match found {
                    Some(schema) => roots.push(Root {
                        name: name.to_owned(),
                        located: schema.id() == "load",
                        schema: schema.clone(),
                    }),
                    None => problems.push(Problem::new(span, format!("root `{name}` names no schema"))),
                }
            }
        }
        entry.finish(problems);
        match schemas.get(schema) {
            Some(schema) => {
                let subject = Subject { id: id.to_owned(), doc, schema: schema.clone(), roots };
                out.insert(id.to_owned(), subject);
            }
            None => problems.push(Problem::new(span, format!("there is no schema `{schema}`"))),
        }
    }
    top.finish(problems);
    out
}
