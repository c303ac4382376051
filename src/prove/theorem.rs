//! Theorems: statements about all documents, as `spec/theorems.toml` has them.

use std::collections::BTreeSet;

use super::life::{self, Life};
use crate::lifecycle::{Flow, Lifecycle};
use crate::schema::{Problem, TomlReader, parse_toml};
use crate::subject::Kind;
use crate::table::{Catalog, TableError};

/// The name of the file in spec/.
pub const NAME: &str = "spec/theorems.toml";
pub(super) const TEXT: &str = include_str!("../../spec/theorems.toml");

/// A statement, and what is known to come of it.
#[derive(Clone, Debug)]
pub struct Theorem {
    /// Its name.
    pub id: String,
    /// What it says, for a person.
    pub statement: String,
    /// Where the original shows it, or why it is so.
    pub source: String,
    /// Whether it is known to hold, or to be refuted by some document; nothing if it is open.
    pub holds: Option<bool>,
    /// The kind of document it speaks of.
    pub kind: Option<Kind>,
    /// The profiles it speaks of; each is proved by itself.
    pub profiles: Vec<String>,
    pub(super) form: Form,
}

/// What is to be shown.
#[derive(Clone, Debug)]
pub(super) enum Form {
    /// No document meets the condition of this row; among those that are allowed only, if so.
    Never { row: String, allowed: bool },
    /// Every document that meets the condition of this row is denied.
    Denied { row: String },
    /// Wherever two profiles decide differently, the condition of this row is not met.
    Differ { row: String },
    /// A property of every row of the kind.
    Rows(RowLaw),
    /// Two profiles differ by these rows and no others.
    Versions(Listed),
    /// More facts turn no deny into an allow, nor fewer, but for these rows, where fewer do.
    Facts { except: Vec<String> },
    /// More rows turn no deny into an allow.
    Tables,
    /// Something about a machine or flows.
    Life(Life),
}

/// What is listed as different between two versions.
#[derive(Clone, Debug)]
pub(super) struct Listed {
    /// Rows of the later one.
    pub(super) newly_denied: Vec<String>,
    /// Rows of the earlier one.
    pub(super) newly_allowed: Vec<String>,
    /// Keys that only the later one knows.
    pub(super) new_keys: Vec<String>,
    /// Keys that only the earlier one knows.
    pub(super) gone_keys: Vec<String>,
}

/// What must hold of every row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RowLaw {
    /// Some document fires it.
    Reachable,
    /// Some document fires it that no deny row before it fires on; for a warning, some document that is not denied.
    Unshadowed,
    /// No other row of its effect fires on the same documents.
    Distinct,
}

impl Theorem {
    /// Whether it is about machines or flows, and not about documents.
    #[must_use]
    pub fn is_about_life(&self) -> bool {
        matches!(self.form, Form::Life(_))
    }
}

/// All theorems, and a catalog with a row for the condition of each.
pub(super) fn read(
    text: &str,
    catalog: &Catalog,
    lifecycle: &Lifecycle,
    flows: &[Flow],
) -> Result<(Vec<Theorem>, Catalog), TableError> {
    let mut problems = Vec::new();
    let table = parse_toml(text, &mut problems);
    let mut top = TomlReader::new(table.get_ref(), 0..0);
    let mut out = Vec::new();
    let mut catalog = catalog.clone();
    let mut ids = BTreeSet::new();
    for (number, entry) in top.tables("theorem", &mut problems).into_iter().enumerate() {
        let span = entry.span();
        match one(number, entry, (&catalog, lifecycle, flows), &mut problems) {
            Some((theorem, more)) => {
                catalog = more.unwrap_or(catalog);
                if !ids.insert(theorem.id.clone()) {
                    problems.push(Problem::new(span, format!("theorem `{}` is there twice", theorem.id)));
                }
                out.push(theorem);
            }
            None => continue,
        }
    }
    top.finish(&mut problems);
    if problems.is_empty() {
        return Ok((out, catalog));
    }
    Err(TableError { name: NAME.to_owned(), text: text.to_owned(), problems })
}

fn one(
    number: usize,
    mut entry: TomlReader<'_, '_>,
    (catalog, lifecycle, flows): (&Catalog, &Lifecycle, &[Flow]),
    problems: &mut Vec<Problem>,
) -> Option<(Theorem, Option<Catalog>)> {
    let span = entry.span();
    let id = entry.required("id", problems).0.to_owned();
    let statement = entry.required("statement", problems).0.to_owned();
    let source = entry.required("source", problems).0.to_owned();
    let holds = match entry.required("expect", problems) {
        ("holds", _) => Some(true),
        ("refuted", _) => Some(false),
        ("open", _) => None,
        (_, span) => {
            problems.push(Problem::new(span, "`expect` is \"holds\", \"refuted\" or \"open\""));
            None
        }
    };
    let kind: Option<Kind> = match entry.string("kind", problems).map(|(kind, span)| (kind.parse(), span)) {
        Some((Ok(kind), _)) => Some(kind),
        Some((Err(_), span)) => {
            problems.push(Problem::new(span, "there is no such kind of document"));
            None
        }
        None => None,
    };
    let profiles = entry.strings("profiles", problems);
    for (profile, span) in &profiles {
        if catalog.profiles().get(profile).is_none() {
            problems.push(Problem::new(*span, format!("there is no profile `{profile}`")));
        }
    }
    let profiles: Vec<String> = profiles.into_iter().map(|(profile, _)| profile.to_owned()).collect();
    let mut more = None;
    let names =
        |list: Vec<(&str, crate::source::Span)>| list.into_iter().map(|(s, _)| s.to_owned()).collect();
    let form = match entry.required("form", problems) {
        (form @ ("always" | "denied" | "differ"), at) => {
            let assume = entry.string("assume", problems).map_or("true", |(text, _)| text);
            let when = if form != "denied" {
                let claim = entry.required("claim", problems).0;
                format!("({assume}) && !({claim})")
            } else {
                assume.to_owned()
            };
            let allowed = entry.flag("allowed", problems);
            let row = format!("THM{number:03}");
            match kind.map(|kind| with_row(catalog, &row, kind, &profiles, &when)) {
                Some(Ok(with)) => more = Some(with),
                Some(Err(why)) => problems.push(Problem::new(at, why)),
                None => problems.push(Problem::new(span, "`kind` is missing")),
            }
            match form {
                "always" => Form::Never { row, allowed },
                "denied" => Form::Denied { row },
                _ => Form::Differ { row },
            }
        }
        ("rows-reachable", _) => Form::Rows(RowLaw::Reachable),
        ("rows-unshadowed", _) => Form::Rows(RowLaw::Unshadowed),
        ("rows-distinct", _) => Form::Rows(RowLaw::Distinct),
        ("versions", _) => Form::Versions(Listed {
            newly_denied: names(entry.strings("newly_denied", problems)),
            newly_allowed: names(entry.strings("newly_allowed", problems)),
            new_keys: names(entry.strings("new_keys", problems)),
            gone_keys: names(entry.strings("gone_keys", problems)),
        }),
        ("facts", _) => Form::Facts { except: names(entry.strings("except", problems)) },
        ("tables", _) => Form::Tables,
        (form, at) if form.starts_with("machine-") || form.starts_with("flow-") => {
            Form::Life(life::read((form, at), &mut entry, lifecycle, flows, problems)?)
        }
        (_, span) => {
            problems.push(Problem::new(span, "there is no such form of theorem"));
            return None;
        }
    };
    entry.finish(problems);
    Some((Theorem { id, statement, source, holds, kind, profiles, form }, more))
}

/// A row that warns where a condition holds, in front of all others: it changes nothing, and can be asked for.
pub(super) fn with_row(
    catalog: &Catalog,
    row: &str,
    kind: Kind,
    profiles: &[String],
    when: &str,
) -> Result<Catalog, String> {
    let line = profiles.first().and_then(|p| catalog.profiles().get(p)).map_or("moby", |p| p.line.as_str());
    let text = format!(
        "[table]\nid = 'theorem/{row}'\nsubject = '{kind}'\nline = '{line}'\nsource = '{NAME}'\n\
         [[rule]]\nid = '{row}'\ntitle = 'the condition of a theorem'\nstage = -1\neffect = 'warn'\nwhen = {}\n\
         message = 'holds'\nwhy = '-'\nhelp = '-'\nevidence = 'read'\nbad = ['']\ngood = ['']\n",
        serde_json::Value::from(when),
    );
    catalog.with_table(NAME, &text).map_err(|error| {
        let first = error.problems.first().map_or("", |p| p.message.as_str());
        format!("the condition cannot be used: {first}")
    })
}
