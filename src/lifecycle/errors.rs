use std::sync::Arc;

use super::guard::{Guard, Test, exactly_one};
use super::load::{Ids, class, evidence, row_id};
use super::machine::{Class, Value, VariableKind};
use crate::schema::{Problem, TomlReader, parse_toml};
use crate::source::Span;
use crate::table::{Evidence, RuleId};

/// What the errors of a kind of call become: exactly one row speaks of each.
#[derive(Clone, Debug)]
pub struct ErrorTable {
    /// Its name.
    pub name: String,
    /// What it is about.
    pub doc: String,
    /// Where the original does it.
    pub source: String,
    /// Its rows.
    pub rows: Vec<ErrorRow>,
}

/// What an error becomes.
#[derive(Clone, Debug)]
pub struct ErrorRow {
    /// Its name, for ever.
    pub id: RuleId,
    /// What is wrong, in a few words.
    pub title: String,
    /// When it speaks, as text.
    pub when_text: String,
    /// When it speaks.
    pub when: Guard,
    /// What the caller is told, `{…}` standing for texts; none: it is no error.
    pub message: Option<String>,
    /// The class of the error.
    pub class: Option<Class>,
    /// Why it matters.
    pub why: Arc<str>,
    /// What to do about it.
    pub help: Arc<str>,
    /// How it is known.
    pub evidence: Evidence,
    /// Where it stands in its table.
    pub span: Span,
}

/// An error of a call, and what is known about it.
#[derive(Clone, Debug)]
pub(super) struct CallError<'e> {
    pub(super) error: &'e str,
    pub(super) operation: &'e str,
    pub(super) bundle: &'e str,
    /// The last line of level error in the runtime's log; none if there is no such line, and why if it cannot be read.
    pub(super) log: Result<Option<String>, String>,
}

/// What rows may ask about, in the order of [`CallError::values`].
const NAMES: [&str; 8] = ["error", "lowered", "first_line", "operation", "bundle", "last", "reason", "log"];
const LOG: [&str; 3] = ["line", "none", "unreadable"];

fn kinds() -> Vec<(&'static str, VariableKind)> {
    let kind = |name: &str| match name {
        "log" => VariableKind::Names(LOG.map(str::to_owned).to_vec()),
        _ => VariableKind::Text,
    };
    NAMES.map(|name| (name, kind(name))).to_vec()
}

impl CallError<'_> {
    fn values(&self) -> Vec<Value> {
        let (log, last, reason) = match &self.log {
            Ok(Some(last)) => ("line", last.as_str(), ""),
            Ok(None) => ("none", "", ""),
            Err(reason) => ("unreadable", "", reason.as_str()),
        };
        let lowered = self.error.to_ascii_lowercase();
        let first = self.error.split('\n').next().unwrap_or_default();
        [self.error, &lowered, first, self.operation, self.bundle, last, reason, log]
            .map(|text| Value::Text(Some(text.to_owned())))
            .to_vec()
    }
}

impl ErrorTable {
    /// Whether a test of its rows asks about the runtime's log.
    pub(super) fn is_log(&self, test: &Test) -> bool {
        NAMES.get(test.variable) == Some(&"log")
    }

    /// Whether any of its rows asks about the runtime's log.
    pub(super) fn asks_log(&self) -> bool {
        self.rows.iter().flat_map(|row| row.when.all_tests()).any(|test| self.is_log(test))
    }

    /// The row that speaks of an error, and what it says; no message: it is no error.
    pub(super) fn classify(&self, error: &CallError<'_>) -> Option<(&ErrorRow, Option<String>)> {
        let values = error.values();
        let row = self.rows.iter().find(|row| row.when.holds(&values))?;
        Some((row, row.message.as_deref().map(|message| fill(message, &values))))
    }
}

/// A message with its texts; what is in braces is known to be one since the table was loaded.
fn fill(message: &str, values: &[Value]) -> String {
    let mut out = String::new();
    let mut rest = message;
    while let Some((before, behind)) = rest.split_once('{') {
        out.push_str(before);
        let Some((name, behind)) = behind.split_once('}') else { return out };
        let value = NAMES.iter().position(|known| *known == name).and_then(|number| values.get(number));
        out.push_str(value.map_or("", Value::text));
        rest = behind;
    }
    out.push_str(rest);
    out
}

pub(super) fn read(text: &str, ids: &mut Ids, problems: &mut Vec<Problem>) -> Vec<ErrorTable> {
    let kinds = kinds();
    let names: Vec<_> = kinds.iter().map(|(name, kind)| (*name, kind)).collect();
    let toml = parse_toml(text, problems);
    let mut top = TomlReader::new(toml.get_ref(), toml.span());
    let mut tables = Vec::new();
    let entries = top.table("errors", problems).map(|mut all| all.entries(problems)).unwrap_or_default();
    for (name, span, mut entry) in entries {
        let doc = entry.required("doc", problems).0.to_owned();
        let source = entry.required("source", problems).0.to_owned();
        let mut rows = Vec::new();
        for mut row in entry.tables("rows", problems) {
            let (when_text, at) = row.required("when", problems);
            let when = Guard::read(when_text, at, &names, problems).unwrap_or(Guard::Const(false));
            let message = row.string("message", problems);
            if let Some((message, at)) = message {
                check_message(message, at, problems);
            }
            rows.push(ErrorRow {
                id: row_id(&mut row, ids, problems),
                title: row.required("title", problems).0.to_owned(),
                when_text: when_text.to_owned(),
                when,
                message: message.map(|(message, _)| message.to_owned()),
                class: class(&mut row, problems),
                why: row.required("why", problems).0.into(),
                help: row.required("help", problems).0.into(),
                evidence: evidence(&mut row, problems),
                span: row.span(),
            });
            row.finish(problems);
        }
        entry.finish(problems);
        let guards: Vec<&Guard> = rows.iter().map(|row| &row.when).collect();
        if let Err(case) = exactly_one(&guards, &names) {
            problems.push(Problem::new(span, format!("`{name}`: {case}")));
        }
        tables.push(ErrorTable { name: name.to_owned(), doc, source, rows });
    }
    top.finish(problems);
    tables
}

fn check_message(message: &str, at: Span, problems: &mut Vec<Problem>) {
    for part in message.split('{').skip(1) {
        let name = part.split_once('}').map(|(name, _)| name);
        if name.is_none_or(|name| !NAMES.contains(&name)) {
            let known = NAMES.map(|name| format!("{{{name}}}")).join(", ");
            problems.push(Problem::new(at, format!("behind `{{` stands one of {known}")));
        }
    }
}
