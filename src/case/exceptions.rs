use std::collections::BTreeMap;

use serde_json::Value;

use super::compare::KEYS as FIELDS;
use super::compare::{Expect, Mismatch};
use super::excused::Excused;
use crate::schema::{Problem, TomlReader};
use crate::source::Span;

/// A disagreement that is known, and why it stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// The case.
    pub id: String,
    /// Which key of its `expect`.
    pub field: String,
    /// Why it stays.
    pub reason: String,
    /// Where it stands in the table.
    pub span: Span,
}

/// A table of known disagreements, and of what is [`Excused`]:
///
/// ```toml
/// [[exception]]
/// id = "daemon-6f48b32dac"
/// field = "messages"
/// reason = "why the answer may differ here"
/// ```
#[derive(Clone, Debug, Default)]
pub struct Exceptions {
    rows: BTreeMap<(String, String), Exception>,
    excused: Excused,
}

/// How a case stands, its exceptions considered.
#[derive(Clone, Debug, PartialEq)]
pub enum Standing {
    /// Everything expected came.
    Agrees,
    /// What did not come is excepted.
    Excepted,
    /// Something else came, or an exception is no longer one.
    Fails {
        /// What did not come and is not excepted.
        mismatches: Vec<Mismatch>,
        /// Keys of `expect` that are excepted and agree: the exception is to be deleted.
        healed: Vec<String>,
    },
}

impl Exceptions {
    /// Reads the table.
    ///
    /// # Errors
    ///
    /// Everything wrong with it, with places in `text`.
    pub fn parse(text: &str) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let table = crate::schema::parse_toml(text, &mut problems);
        let mut reader = TomlReader::new(table.get_ref(), table.span());
        let mut rows = BTreeMap::new();
        for mut row in reader.tables("exception", &mut problems) {
            let span = row.span();
            let (id, _) = row.required("id", &mut problems);
            let (field, at) = row.required("field", &mut problems);
            let (reason, _) = row.required("reason", &mut problems);
            row.finish(&mut problems);
            if !field.is_empty() && !FIELDS.contains(&field) {
                let message = format!("`field` is `{field}`, not one of {}", FIELDS.join(", "));
                problems.push(Problem::new(at, message));
            }
            let exception =
                Exception { id: id.to_owned(), field: field.to_owned(), reason: reason.to_owned(), span };
            if rows.insert((id.to_owned(), field.to_owned()), exception).is_some() {
                problems.push(Problem::new(span, format!("`{id}` is excepted twice for `{field}`")));
            }
        }
        let excused = Excused::read(&mut reader, &mut problems);
        reader.finish(&mut problems);
        if problems.is_empty() { Ok(Self { rows, excused }) } else { Err(problems) }
    }

    /// What coverage and mutation need not show.
    #[must_use]
    pub fn excused(&self) -> &Excused {
        &self.excused
    }

    /// All exceptions, by case.
    pub fn iter(&self) -> impl Iterator<Item = &Exception> {
        self.rows.values()
    }

    /// How a case with these mismatches stands.
    #[must_use]
    pub fn judge(&self, id: &Value, expect: &Expect, mismatches: Vec<Mismatch>) -> Standing {
        let id = match id {
            Value::String(id) => id.clone(),
            other => other.to_string(),
        };
        let excepted = |key: &str| self.rows.contains_key(&(id.clone(), key.to_owned()));
        let differs = |key: &str| mismatches.iter().any(|m| m.key() == key);
        let healed: Vec<String> = FIELDS
            .into_iter()
            .filter(|key| excepted(key) && !(expect.names(key) && differs(key)))
            .map(str::to_owned)
            .collect();
        let count = mismatches.len();
        let mismatches: Vec<Mismatch> = mismatches.into_iter().filter(|m| !excepted(m.key())).collect();
        match (count, mismatches.is_empty() && healed.is_empty()) {
            (0, true) => Standing::Agrees,
            (_, true) => Standing::Excepted,
            (_, false) => Standing::Fails { mismatches, healed },
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn mismatch(field: &str) -> Mismatch {
        Mismatch { field: field.to_owned(), expected: Value::Null, got: None }
    }

    #[test]
    fn an_exception_that_agrees_is_a_failure() {
        let table = "[[exception]]\nid = 'a'\nfield = 'resolved'\nreason = 'r'\n";
        let exceptions = Exceptions::parse(table).unwrap();
        let expect = Expect { resolved: Some(json!({})), verdict: Some("allow".into()), ..Expect::default() };
        let judge = |id: &str, fields: &[&str]| {
            exceptions.judge(&json!(id), &expect, fields.iter().map(|f| mismatch(f)).collect())
        };
        assert_eq!(judge("a", &["resolved.x", "resolved.y"]), Standing::Excepted);
        assert_eq!(judge("b", &[]), Standing::Agrees);
        assert_eq!(
            judge("a", &["verdict", "resolved"]),
            Standing::Fails { mismatches: vec![mismatch("verdict")], healed: vec![] }
        );
        assert_eq!(judge("a", &[]), Standing::Fails { mismatches: vec![], healed: vec!["resolved".into()] });
    }

    #[test]
    fn everything_wrong_with_a_table_is_said_at_once() {
        let table = "[[exception]]\nid = 'a'\nfield = 'verdikt'\nwhy = 'x'\n[[exception]]\nfield = 'verdict'\nreason = ''\n[other]\n";
        let messages: Vec<String> =
            Exceptions::parse(table).unwrap_err().into_iter().map(|p| p.message).collect();
        assert_eq!(messages.len(), 6, "{messages:#?}");
    }
}
