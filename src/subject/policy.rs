use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use super::configure::SetUp;
use super::context;
use super::examples::add_table;
use super::judge::{self, JudgeError, Mode, Outcome, Request};
use super::kind::Kind;
use crate::engine::{Budget, Decision, Program};
use crate::schema::Schema;
#[cfg(feature = "cli")]
use crate::table::RuleId;
use crate::table::{Catalog, CatalogError, Rule, TableError};

/// All rules of one profile, ready to judge documents. Cheap to clone, `Send` and `Sync`.
///
/// ```
/// use plimsoll::engine::{Budget, Verdict};
/// use plimsoll::subject::{Kind, Policy, Request};
///
/// let policy = Policy::builtin("moby-28")?;
/// let request = Request::new(Kind::Daemon, br#"{"runtimes": {"runc": {"path": "/usr/bin/runc"}}}"#);
/// let outcome = policy.judge(&request, &Budget::default())?;
/// assert_eq!(outcome.decision.verdict, Verdict::Deny);
/// assert_eq!(outcome.decision.message(), Some("runtime name 'runc' is reserved"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Policy {
    catalog: Catalog,
    profile: Arc<str>,
    /// For each kind that the profile has rules for; lowered when the first document of the kind comes.
    programs: Arc<BTreeMap<Kind, OnceLock<Option<Program>>>>,
    schemas: Arc<BTreeMap<String, Schema>>,
}

/// A policy that cannot be made.
#[derive(Clone, Debug, thiserror::Error)]
pub enum PolicyError {
    /// There is no such profile.
    #[error("there is no profile `{asked}` (there are: {})", known.join(", "))]
    Profile {
        /// What was asked for.
        asked: String,
        /// The profiles there are.
        known: Vec<String>,
    },
    /// The texts that the crate carries cannot be used; a test rules this out.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
}

impl Policy {
    /// The built-in rules of a profile.
    ///
    /// # Errors
    /// If there is no such profile.
    pub fn builtin(profile: &str) -> Result<Self, PolicyError> {
        Self::new(Catalog::builtin()?, profile)
    }

    /// The rules of a catalog in one of its profiles.
    ///
    /// # Errors
    /// If the catalog has no such profile.
    pub fn new(catalog: Catalog, profile: &str) -> Result<Self, PolicyError> {
        let profiles = catalog.profiles();
        if profiles.get(profile).is_none() {
            let known = profiles.iter().map(|p| p.id.clone()).collect();
            return Err(PolicyError::Profile { asked: profile.to_owned(), known });
        }
        let has = |id: &str| profiles.at_least(profile, id);
        let schemas = catalog.schemas().map(|s| (s.id().to_owned(), s.at_profile(&has))).collect();
        // A profile judges what it has rules for: containerd's say nothing of daemon.json.
        let has_rules = |kind: &Kind| {
            let mut rules = catalog.rules().iter();
            rules.any(|r| *r.subject == *kind.as_str() && r.holds_in(profiles, profile))
        };
        let programs = Kind::ALL.into_iter().filter(has_rules).map(|kind| (kind, OnceLock::new())).collect();
        Ok(Self {
            profile: profile.into(),
            programs: Arc::new(programs),
            schemas: Arc::new(schemas),
            catalog,
        })
    }

    /// This policy and one more table, which can only add findings and whose examples are judged first.
    ///
    /// # Errors
    /// All problems of the table at once, each with its place in `text`.
    pub fn with_table(self, name: &str, text: &str) -> Result<Self, TableError> {
        let catalog = add_table(&self.catalog, name, text)?;
        match Self::new(catalog, &self.profile) {
            Ok(policy) => Ok(policy),
            // The profile was there before, and a table cannot take it away.
            Err(_) => Ok(self),
        }
    }

    /// The profile.
    #[must_use]
    pub fn profile(&self) -> &str {
        &self.profile
    }

    /// All that the rules are made of.
    #[must_use]
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// The rules of this profile, by subject and in the order in which they are judged.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.kinds().filter_map(|kind| self.program(kind)).flat_map(Program::rules)
    }

    /// The kinds of document that this profile judges.
    pub fn kinds(&self) -> impl Iterator<Item = Kind> {
        self.programs.keys().copied()
    }

    pub(super) fn program(&self, kind: Kind) -> Option<&Program> {
        let lower = || Program::new(&self.catalog, &self.profile, kind.as_str());
        self.programs.get(&kind)?.get_or_init(lower).as_ref()
    }

    /// A schema as the profile has it.
    pub(super) fn schema(&self, id: &str) -> Option<&Schema> {
        self.schemas.get(id)
    }

    /// Whether host facts can be read: what every judgement with them would find as well.
    ///
    /// # Errors
    /// [`JudgeError::Context`] if they are no JSON object, tell a fact that there is not, or tell one of another type.
    pub fn check_host(&self, host: &[u8]) -> Result<(), JudgeError> {
        let Some(schema) = self.schema("host") else { return Ok(()) };
        let text = context::host_facts(Some(host), schema)?;
        judge::read("host facts", &text, schema, &Budget::default()).map(drop)
    }

    /// Judges one document: pure, total, and a function of its arguments alone.
    ///
    /// # Errors
    /// If the document is over budget, the profile does not judge its kind, or what was given besides it (host
    /// facts, a daemon.json, the form of a name) cannot be read. None of these is a verdict.
    pub fn judge(&self, request: &Request<'_>, budget: &Budget) -> Result<Outcome, JudgeError> {
        judge::judge(self, request, budget, Mode::Plain)
    }

    /// The decision alone, without what the document resolves to: all that admission needs, in about half the time.
    ///
    /// # Errors
    /// As [`Policy::judge`].
    pub fn decide(&self, request: &Request<'_>, budget: &Budget) -> Result<Decision, JudgeError> {
        judge::judge(self, request, budget, Mode::Bare).map(|outcome| outcome.decision)
    }

    /// The same as [`Policy::judge`], and [`Decision::trace`] tells what each rule did.
    ///
    /// # Errors
    /// As [`Policy::judge`].
    pub fn judge_traced(&self, request: &Request<'_>, budget: &Budget) -> Result<Outcome, JudgeError> {
        judge::judge(self, request, budget, Mode::Traced)
    }

    /// The same as [`Policy::judge_traced`], and [`RuleTrace::seen`](crate::engine::RuleTrace::seen) tells which tests of
    /// each condition decided. Slower.
    ///
    /// # Errors
    /// As [`Policy::judge`].
    pub fn judge_covered(&self, request: &Request<'_>, budget: &Budget) -> Result<Outcome, JudgeError> {
        judge::judge(self, request, budget, Mode::Covered)
    }

    /// This policy with one rule of a kind replaced, or left out: a mutant.
    #[cfg(feature = "cli")]
    pub(crate) fn replacing(&self, kind: Kind, id: &RuleId, with: Option<Arc<Rule>>) -> Self {
        let mut programs = (*self.programs).clone();
        if let Some(program) = self.program(kind) {
            programs.insert(kind, OnceLock::from(Some(program.replacing(id, with))));
        }
        Self { programs: Arc::new(programs), ..self.clone() }
    }

    /// Judges a daemon.json and sets up its runtimes, whatever the verdict: what would be is worth showing either way.
    ///
    /// # Errors
    /// As [`Policy::judge`].
    pub fn set_up(&self, document: &[u8], host: Option<&[u8]>, budget: &Budget) -> Result<SetUp, JudgeError> {
        judge::set_up(self, document, host, budget)
    }

    /// As [`Policy::judge_traced`], by the naive evaluator: for laws that hold the two against each other.
    #[doc(hidden)]
    pub fn judge_naively(&self, request: &Request<'_>, budget: &Budget) -> Result<Outcome, JudgeError> {
        judge::judge(self, request, budget, Mode::Naive)
    }
}
