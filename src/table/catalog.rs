use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use super::builtin;
use super::check::{Define, Patterns};
use super::load::{self, Context};
use super::profile::Profiles;
use super::rule::{Rule, RuleId};
use super::subject::{self, Root, Subject};
use crate::schema::{Problem, Schema, TomlReader, parse_toml};
use crate::source::LineIndex;

/// Everything in spec/: schemas, profiles, subjects and rules, checked. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Catalog {
    inner: Arc<Inner>,
}

#[derive(Clone, Debug)]
struct Inner {
    schemas: BTreeMap<String, Schema>,
    profiles: Profiles,
    subjects: BTreeMap<String, Subject>,
    defines: BTreeMap<String, Define>,
    retired: Vec<String>,
    rules: Vec<Arc<Rule>>,
}

/// A table, schema or list that cannot be used; every problem in it, in the order of the text.
#[derive(Clone, thiserror::Error)]
#[error("{name}: {} problem(s), the first: {}", problems.len(), problems.first().map_or("", |p| p.message.as_str()))]
pub struct TableError {
    /// The name of the text: its path, or what the caller called it.
    pub name: String,
    /// The text itself, to show the places.
    pub text: String,
    /// All problems.
    pub problems: Vec<Problem>,
}

/// The name, and each problem with its line and column: the text itself would bury them.
impl fmt::Debug for TableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = LineIndex::new(self.text.as_bytes());
        let problems: Vec<String> = self
            .problems
            .iter()
            .map(|problem| {
                let at = lines.position(problem.span.range().start);
                format!("{}:{}: {}", at.line, at.column, problem.message)
            })
            .collect();
        f.debug_struct("TableError")
            .field("name", &self.name)
            .field("problems", &problems)
            .finish_non_exhaustive()
    }
}

/// The texts of a catalog that cannot be used.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{} text(s) of the catalog cannot be used, the first: {}", errors.len(), errors.first().map_or(String::new(), ToString::to_string))]
pub struct CatalogError {
    /// One for each text.
    pub errors: Vec<TableError>,
}

impl CatalogError {
    /// The first text that cannot be used.
    #[must_use]
    pub fn into_first(self) -> TableError {
        let none = || TableError { name: "spec".to_owned(), text: String::new(), problems: Vec::new() };
        self.errors.into_iter().next().unwrap_or_else(none)
    }
}

/// A kind of document that cannot be added to a catalog.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubjectError {
    /// The name is taken.
    #[error("there is already a subject or schema `{0}`")]
    Taken(String),
    /// A root names a schema that is not there.
    #[error("there is no schema `{0}`")]
    NoSchema(String),
}

/// A text and its name.
pub(super) type Source<'s> = (&'s str, &'s str);

fn of<'s>(source: &'s (&'static str, Cow<'static, str>)) -> Source<'s> {
    (source.0, &source.1)
}

/// Runs `read` on a text and files what it reports under the text's name.
fn report<T>(
    source: Source<'_>,
    errors: &mut Vec<TableError>,
    read: impl FnOnce(&str, &mut Vec<Problem>) -> T,
) -> T {
    let mut problems = Vec::new();
    let out = read(source.1, &mut problems);
    if !problems.is_empty() {
        problems.sort();
        problems.dedup();
        errors.push(TableError { name: source.0.to_owned(), text: source.1.to_owned(), problems });
    }
    out
}

impl Catalog {
    /// The catalog that the crate carries.
    ///
    /// # Errors
    /// None in a released crate: a test loads it.
    pub fn builtin() -> Result<Self, CatalogError> {
        Self::read(&|_| true, &|_| None)
    }

    /// The same with other texts for some of those in spec/: `other` is asked for each by its name, such as
    /// `spec/rules/runtimes.toml`.
    ///
    /// # Errors
    /// All problems of all texts, each with its place.
    pub fn builtin_with(other: &dyn Fn(&str) -> Option<String>) -> Result<Self, CatalogError> {
        Self::read(&|_| true, other)
    }

    /// This catalog with another row in the place of the one that has its id, or without one.
    #[must_use]
    pub fn with_rule(&self, id: &RuleId, rule: Option<Rule>) -> Self {
        let mut inner = (*self.inner).clone();
        let rule = rule.map(Arc::new);
        let one = |old: Arc<Rule>| if old.id == *id { rule.clone() } else { Some(old) };
        inner.rules = std::mem::take(&mut inner.rules).into_iter().filter_map(one).collect();
        Self { inner: Arc::new(inner) }
    }

    /// The part of it that judges one subject: its tables and the schemas that they read. A third of the work, where
    /// it is known what is to be judged.
    ///
    /// # Errors
    /// As [`Catalog::builtin`]. A subject that there is not gives a catalog without subjects and rules.
    pub fn builtin_for(subject: &str) -> Result<Self, CatalogError> {
        Self::read(&|id| id == subject, &|_| None)
    }

    fn read(
        wanted: &dyn Fn(&str) -> bool,
        other: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, CatalogError> {
        let mut errors = Vec::new();
        let text = |(name, text): Source<'static>| -> (&'static str, Cow<'static, str>) {
            (name, other(name).map_or(Cow::Borrowed(text), Cow::Owned))
        };
        let profiles = report(of(&text(builtin::PROFILES)), &mut errors, Profiles::read);
        let subjects = text(builtin::SUBJECTS);
        let drafts = report(of(&subjects), &mut errors, subject::read);
        let retired = report(of(&text(builtin::RETIRED)), &mut errors, read_retired);
        let drafts: Vec<_> = drafts.into_iter().filter(|draft| wanted(&draft.id)).collect();
        let mut schemas = BTreeMap::new();
        for (id, source) in builtin::SCHEMAS {
            if !drafts.iter().any(|draft| draft.reads(id)) {
                continue;
            }
            let source = text(*source);
            match Schema::parse(&source.1) {
                Ok(schema) => drop(schemas.insert(schema.id().to_owned(), schema)),
                Err(e) => report(of(&source), &mut errors, |_, problems| problems.extend(e.problems)),
            }
        }
        let subjects = report(of(&subjects), &mut errors, |_, problems| {
            let subjects = drafts.iter().filter_map(|draft| draft.finish(&schemas, problems));
            subjects.map(|subject| (subject.id.clone(), subject)).collect()
        });
        let tables = builtin::TABLES.iter().filter(|(subject, _)| subject.is_none_or(wanted));
        let tables: Vec<_> = tables.map(|(_, source)| text(*source)).collect();
        let tables: Vec<_> = tables.iter().map(of).collect();
        let mut inner =
            Inner { schemas, profiles, subjects, defines: BTreeMap::new(), retired, rules: Vec::new() };
        inner.add(&tables, &mut errors);
        if errors.is_empty() { Ok(Self { inner: Arc::new(inner) }) } else { Err(CatalogError { errors }) }
    }

    /// The profiles that the crate carries, without anything else.
    ///
    /// # Errors
    /// None in a released crate: a test loads them.
    pub fn builtin_profiles() -> Result<Profiles, CatalogError> {
        let mut errors = Vec::new();
        let profiles = report(builtin::PROFILES, &mut errors, Profiles::read);
        if errors.is_empty() { Ok(profiles) } else { Err(CatalogError { errors }) }
    }

    /// This catalog and one more table, which can only add findings: its rows have ids of their own.
    ///
    /// # Errors
    /// All problems of the table at once, each with its place.
    pub fn with_table(&self, name: &str, text: &str) -> Result<Self, TableError> {
        let mut inner = (*self.inner).clone();
        let mut errors = Vec::new();
        inner.add(&[(name, text)], &mut errors);
        match errors.pop() {
            None => Ok(Self { inner: Arc::new(inner) }),
            Some(error) => Err(error),
        }
    }

    /// This catalog and one more kind of document: `id` is what tables call it, `schema` what it is, and `roots` name
    /// other schemas of the catalog that its rules may read besides.
    ///
    /// # Errors
    /// If there is a subject or schema of that name already, or no schema that a root names.
    pub fn with_subject(
        &self,
        id: &str,
        schema: Schema,
        roots: &[(&str, &str)],
    ) -> Result<Self, SubjectError> {
        let mut inner = (*self.inner).clone();
        if inner.subjects.contains_key(id) || inner.schemas.contains_key(schema.id()) {
            return Err(SubjectError::Taken(id.to_owned()));
        }
        let roots = roots.iter().map(|(name, of)| match inner.schemas.get(*of) {
            Some(schema) => Ok(Root { name: (*name).to_owned(), schema: schema.clone(), located: false }),
            None => Err(SubjectError::NoSchema((*of).to_owned())),
        });
        let roots = roots.collect::<Result<_, _>>()?;
        let subject =
            Subject { id: id.to_owned(), doc: schema.doc().to_owned(), schema: schema.clone(), roots };
        inner.schemas.insert(schema.id().to_owned(), schema);
        inner.subjects.insert(id.to_owned(), subject);
        Ok(Self { inner: Arc::new(inner) })
    }

    /// All rules, in the order of their tables.
    #[must_use]
    pub fn rules(&self) -> &[Arc<Rule>] {
        &self.inner.rules
    }

    /// All schemas, by id.
    pub fn schemas(&self) -> impl Iterator<Item = &Schema> {
        self.inner.schemas.values()
    }

    /// A schema by id.
    #[must_use]
    pub fn schema(&self, id: &str) -> Option<&Schema> {
        self.inner.schemas.get(id)
    }

    /// The profiles.
    #[must_use]
    pub fn profiles(&self) -> &Profiles {
        &self.inner.profiles
    }

    /// All subjects, by id.
    pub fn subjects(&self) -> impl Iterator<Item = &Subject> {
        self.inner.subjects.values()
    }

    /// A subject by id.
    #[must_use]
    pub fn subject(&self, id: &str) -> Option<&Subject> {
        self.inner.subjects.get(id)
    }
}

impl Inner {
    fn add(&mut self, sources: &[Source<'_>], errors: &mut Vec<TableError>) {
        let patterns = Patterns::default();
        for source in sources {
            report(*source, errors, |text, problems| {
                load::read_defines(text, &mut self.defines, &patterns, problems)
            });
        }
        let mut seen: BTreeSet<RuleId> = self.rules.iter().map(|r| r.id.clone()).collect();
        for source in sources {
            let context = Context {
                profiles: &self.profiles,
                subjects: &self.subjects,
                defines: &self.defines,
                retired: &self.retired,
                patterns: &patterns,
            };
            let rules = report(*source, errors, |text, problems| {
                let rules = load::read_rules(text, &context, problems);
                for rule in &rules {
                    if !seen.insert(rule.id.clone()) {
                        problems.push(Problem::new(rule.span, format!("the id {} is already used", rule.id)));
                    }
                }
                rules
            });
            self.rules.extend(rules.into_iter().map(Arc::new));
        }
    }
}

/// Ids that rules once had: `[[retired]] id, why`.
fn read_retired(text: &str, problems: &mut Vec<Problem>) -> Vec<String> {
    let table = parse_toml(text, problems);
    let mut top = TomlReader::new(table.get_ref(), 0..0);
    let mut out = Vec::new();
    for mut entry in top.tables("retired", problems) {
        out.push(entry.required("id", problems).0.to_owned());
        entry.required("why", problems);
        entry.finish(problems);
    }
    top.finish(problems);
    out
}
