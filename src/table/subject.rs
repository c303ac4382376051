use std::collections::BTreeMap;

use toml::de::DeValue;

use crate::schema::{Problem, Schema, TomlReader};
use crate::source::Span;

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

/// A subject as its file has it: schemas by their ids.
pub(super) struct Draft {
    pub(super) id: String,
    doc: String,
    schema: (String, Span),
    roots: Vec<(String, String, Span)>,
}

impl Draft {
    /// Whether it names this schema.
    pub(super) fn reads(&self, schema: &str) -> bool {
        self.schema.0 == schema || self.roots.iter().any(|(_, of, _)| of == schema)
    }

    /// The subject with its schemas, if they are all there.
    pub(super) fn finish(
        &self,
        schemas: &BTreeMap<String, Schema>,
        problems: &mut Vec<Problem>,
    ) -> Option<Subject> {
        let mut find = |id: &str, span: Span| {
            let found = schemas.get(id).cloned();
            if found.is_none() {
                problems.push(Problem::new(span, format!("there is no schema `{id}`")));
            }
            found
        };
        let schema = find(&self.schema.0, self.schema.1);
        let roots = self.roots.iter().map(|(name, of, span)| {
            Some(Root { name: name.clone(), located: of == "load", schema: find(of, *span)? })
        });
        let roots: Vec<_> = roots.collect();
        Some(Subject {
            id: self.id.clone(),
            doc: self.doc.clone(),
            schema: schema?,
            roots: roots.into_iter().collect::<Option<_>>()?,
        })
    }
}

/// Reads spec/subjects.toml.
pub(super) fn read(text: &str, problems: &mut Vec<Problem>) -> Vec<Draft> {
    let table = crate::schema::parse_toml(text, problems);
    let mut top = TomlReader::new(table.get_ref(), 0..0);
    let mut out = Vec::new();
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
                match value.get_ref() {
                    DeValue::String(schema) => {
                        roots.push((name.to_owned(), schema.clone().into_owned(), span))
                    }
                    _ => problems.push(Problem::new(span, format!("root `{name}` names no schema"))),
                }
            }
        }
        entry.finish(problems);
        out.push(Draft { id: id.to_owned(), doc, schema: (schema.to_owned(), span), roots });
    }
    top.finish(problems);
    out
}
