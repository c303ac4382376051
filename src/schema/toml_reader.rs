use std::collections::BTreeSet;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::source::Span;

/// One thing wrong with a schema or rule table, and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Place in the TOML text.
    pub span: Span,
    /// What is wrong, in one line.
    pub message: String,
}

impl Problem {
    /// A problem at `span`.
    pub fn new(span: impl Into<Span>, message: impl Into<String>) -> Self {
        Self { span: span.into(), message: message.into() }
    }
}

/// Parses a TOML text; syntax errors become problems, and what could be read is returned.
pub(crate) fn parse<'t>(text: &'t str, problems: &mut Vec<Problem>) -> Spanned<DeTable<'t>> {
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        problems.push(Problem::new(error.span().unwrap_or(0..0), error.message()));
    }
    table
}

/// Reads the keys of one TOML table, noting what is missing, of the wrong type, or not known.
///
/// All problems go into one list, so that a writer of tables sees them at once.
#[derive(Debug)]
pub struct TomlReader<'r, 't> {
    table: &'r DeTable<'t>,
    span: Span,
    used: BTreeSet<&'r str>,
}

impl<'r, 't> TomlReader<'r, 't> {
    /// A reader of `table`, which stands at `span`.
    pub fn new(table: &'r DeTable<'t>, span: impl Into<Span>) -> Self {
        Self { table, span: span.into(), used: BTreeSet::new() }
    }

    /// Where the table stands.
    #[must_use]
    pub fn span(&self) -> Span {
        self.span
    }

    /// The value of a key, if the table has it.
    pub fn get(&mut self, key: &'static str) -> Option<&'r Spanned<DeValue<'t>>> {
        self.used.insert(key);
        self.table.get(key)
    }

    /// An optional string and its span (quotes included).
    pub fn string(&mut self, key: &'static str, problems: &mut Vec<Problem>) -> Option<(&'r str, Span)> {
        let value = self.get(key)?;
        match value.get_ref() {
            DeValue::String(s) => Some((s.as_ref(), value.span().into())),
            other => {
                problems.push(Problem::new(
                    value.span(),
                    format!("`{key}` must be a string, not {}", type_name(other)),
                ));
                None
            }
        }
    }

    /// A string that must be there and not blank; empty after noting a problem.
    pub fn required(&mut self, key: &'static str, problems: &mut Vec<Problem>) -> (&'r str, Span) {
        match self.string(key, problems) {
            Some((s, span)) if s.trim().is_empty() => {
                problems.push(Problem::new(span, format!("`{key}` must not be empty")));
                ("", span)
            }
            Some(found) => found,
            None => {
                if !self.table.contains_key(key) {
                    problems.push(Problem::new(self.span, format!("`{key}` is missing")));
                }
                ("", self.span)
            }
        }
    }

    /// An optional boolean, false if absent.
    pub fn flag(&mut self, key: &'static str, problems: &mut Vec<Problem>) -> bool {
        let Some(value) = self.get(key) else { return false };
        match value.get_ref() {
            DeValue::Boolean(b) => *b,
            other => {
                problems.push(Problem::new(
                    value.span(),
                    format!("`{key}` must be true or false, not {}", type_name(other)),
                ));
                false
            }
        }
    }

    /// An optional integer.
    pub fn integer(&mut self, key: &'static str, problems: &mut Vec<Problem>) -> Option<(i64, Span)> {
        let value = self.get(key)?;
        match integer(value.get_ref()) {
            Some(n) => Some((n, value.span().into())),
            None => {
                let found = type_name(value.get_ref());
                problems.push(Problem::new(value.span(), format!("`{key}` must be an integer, not {found}")));
                None
            }
        }
    }

    /// An optional list; empty if absent.
    pub fn list(&mut self, key: &'static str, problems: &mut Vec<Problem>) -> &'r [Spanned<DeValue<'t>>] {
        let Some(value) = self.get(key) else { return &[] };
        match value.get_ref() {
            DeValue::Array(items) => items.as_ref(),
            other => {
                problems.push(Problem::new(
                    value.span(),
                    format!("`{key}` must be a list, not {}", type_name(other)),
                ));
                &[]
            }
        }
    }

    /// An optional list of strings.
    pub fn strings(&mut self, key: &'static str, problems: &mut Vec<Problem>) -> Vec<(&'r str, Span)> {
        let mut out = Vec::new();
        for item in self.list(key, problems) {
            match item.get_ref() {
                DeValue::String(s) => out.push((s.as_ref(), item.span().into())),
                other => problems.push(Problem::new(
                    item.span(),
                    format!("`{key}` must hold strings, not {}", type_name(other)),
                )),
            }
        }
        out
    }

    /// An optional list of tables.
    pub fn tables(&mut self, key: &'static str, problems: &mut Vec<Problem>) -> Vec<TomlReader<'r, 't>> {
        let mut out = Vec::new();
        for item in self.list(key, problems) {
            match item.get_ref() {
                DeValue::Table(t) => out.push(TomlReader::new(t, item.span())),
                other => problems.push(Problem::new(
                    item.span(),
                    format!("`{key}` must hold tables, not {}", type_name(other)),
                )),
            }
        }
        out
    }

    /// An optional table.
    pub fn table(&mut self, key: &'static str, problems: &mut Vec<Problem>) -> Option<TomlReader<'r, 't>> {
        let value = self.get(key)?;
        match value.get_ref() {
            DeValue::Table(t) => Some(TomlReader::new(t, value.span())),
            other => {
                problems.push(Problem::new(
                    value.span(),
                    format!("`{key}` must be a table, not {}", type_name(other)),
                ));
                None
            }
        }
    }

    /// All entries in the order of the text; each value must be a table (named definitions).
    pub fn entries(&mut self, problems: &mut Vec<Problem>) -> Vec<(&'r str, Span, TomlReader<'r, 't>)> {
        let mut out = Vec::new();
        for (key, value) in self.pairs() {
            match value.get_ref() {
                DeValue::Table(t) => out.push((key.0, key.1, TomlReader::new(t, value.span()))),
                other => problems.push(Problem::new(
                    value.span(),
                    format!("`{}` must be a table, not {}", key.0, type_name(other)),
                )),
            }
        }
        out
    }

    /// All entries in the order of the text, whatever their type.
    pub fn pairs(&mut self) -> Vec<((&'r str, Span), &'r Spanned<DeValue<'t>>)> {
        let mut out: Vec<_> = self
            .table
            .iter()
            .map(|(key, value)| ((key.get_ref().as_ref(), Span::from(key.span())), value))
            .collect();
        out.sort_by_key(|((_, span), _)| *span);
        self.used.extend(out.iter().map(|((key, _), _)| *key));
        out
    }

    /// Notes every key that nobody asked for.
    pub fn finish(self, problems: &mut Vec<Problem>) {
        for (key, _) in self.table.iter() {
            let name: &str = key.get_ref().as_ref();
            if !self.used.contains(name) {
                let known: Vec<_> = self.used.iter().map(|k| format!("`{k}`")).collect();
                problems.push(Problem::new(
                    key.span(),
                    format!("unknown key `{name}` (known here: {})", known.join(", ")),
                ));
            }
        }
    }
}

pub(crate) fn integer(value: &DeValue<'_>) -> Option<i64> {
    match value {
        DeValue::Integer(n) => i64::from_str_radix(n.as_str(), n.radix()).ok(),
        _ => None,
    }
}

pub(crate) fn type_name(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a float",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
