use std::collections::BTreeMap;
use std::iter;
use std::sync::{Arc, OnceLock};

use super::configure::SetUp;
use super::examples::add_table;
use super::judge::{self, JudgeError, Mode, Outcome, Request};
use super::kind::Kind;
use crate::engine::{Budget, Decision, Program};
use crate::lifecycle::Lifecycle;
use crate::schema::Schema;
#[cfg(feature = "cli")]
use crate::table::RuleId;
use crate::table::{Catalog, CatalogError, Profiles, Rule, TableError};

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
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    profile: String,
    profiles: Profiles,
    /// What the caller gave; without it, the texts that the crate carries.
    given: Option<Catalog>,
    /// For each kind, made when its first document comes: whoever judges names never reads the rules of containers.
    kinds: [OnceLock<Result<Option<Ready>, CatalogError>>; Kind::ALL.len()],
    /// The machines, if the profile has them; read when they are first asked for.
    lifecycle: OnceLock<Option<Lifecycle>>,
}

/// All that judging one kind of document takes.
#[derive(Clone, Debug)]
pub(super) struct Ready {
    pub(super) program: Program,
    schemas: BTreeMap<String, Schema>,
}

impl Ready {
    /// A schema that the rules of this kind read, as the profile has it.
    pub(super) fn schema(&self, id: &str) -> Option<&Schema> {
        self.schemas.get(id)
    }
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
        Self::make(Catalog::builtin_profiles()?, None, profile)
    }

    /// The rules of a catalog in one of its profiles.
    ///
    /// # Errors
    /// If the catalog has no such profile.
    pub fn new(catalog: Catalog, profile: &str) -> Result<Self, PolicyError> {
        Self::make(catalog.profiles().clone(), Some(catalog), profile)
    }

    fn make(profiles: Profiles, given: Option<Catalog>, profile: &str) -> Result<Self, PolicyError> {
        if profiles.get(profile).is_none() {
            let known = profiles.iter().map(|p| p.id.clone()).collect();
            return Err(PolicyError::Profile { asked: profile.to_owned(), known });
        }
        let (kinds, lifecycle) = Default::default();
        Ok(Self { inner: Arc::new(Inner { profile: profile.to_owned(), profiles, given, kinds, lifecycle }) })
    }

    /// This policy and one more table, which can only add findings and whose examples are judged first.
    ///
    /// # Errors
    /// All problems of the table at once, each with its place in `text`.
    pub fn with_table(self, name: &str, text: &str) -> Result<Self, TableError> {
        let catalog = self.catalog().map_err(CatalogError::into_first)?;
        let catalog = add_table(&catalog, name, text)?;
        match Self::new(catalog, self.profile()) {
            Ok(policy) => Ok(policy),
            // The profile was there before, and a table cannot take it away.
            Err(_) => Ok(self),
        }
    }

    /// The profile.
    #[must_use]
    pub fn profile(&self) -> &str {
        &self.inner.profile
    }

    /// Whose options go along when a runtime is asked for its features, in the order of preference.
    pub(super) fn features_options(&self) -> &[String] {
        self.inner.profiles.get(self.profile()).map_or(&[], |profile| &profile.features_options)
    }

    /// All that the rules are made of, those of other profiles included; what the crate carries is read for this.
    ///
    /// # Errors
    /// None in a released crate, as [`Catalog::builtin`].
    pub fn catalog(&self) -> Result<Catalog, CatalogError> {
        self.inner.given.clone().map_or_else(Catalog::builtin, Ok)
    }

    /// The rules of this profile, by subject and in the order in which they are judged.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        let ready = Kind::ALL.into_iter().filter_map(|kind| self.ready(kind).ok()?);
        ready.flat_map(|ready| ready.program.rules())
    }

    /// The kinds of document that this profile judges.
    pub fn kinds(&self) -> impl Iterator<Item = Kind> {
        Kind::ALL.into_iter().filter(|kind| self.judges(*kind))
    }

    /// The machines of the shim's processes, if the profile is one of a program that has them.
    #[must_use]
    pub fn lifecycle(&self) -> Option<&Lifecycle> {
        let read = || {
            // That they can be read is tested; if they could not, nothing would be judged by them.
            let lifecycle = Lifecycle::builtin().ok()?;
            let has = |id: &str| self.inner.profiles.at_least(&self.inner.profile, id);
            lifecycle.machines().iter().all(|machine| has(&machine.since)).then_some(lifecycle)
        };
        self.inner.lifecycle.get_or_init(read).as_ref()
    }

    /// Whether this profile has rules for a kind of document: containerd's say nothing of daemon.json.
    #[must_use]
    pub fn judges(&self, kind: Kind) -> bool {
        match kind {
            Kind::Lifecycle => self.lifecycle().is_some(),
            _ => matches!(self.ready(kind), Ok(Some(_))),
        }
    }

    pub(super) fn ready(&self, kind: Kind) -> Result<Option<&Ready>, &CatalogError> {
        let Some(cell) = self.inner.kinds.get(kind as usize) else { return Ok(None) };
        cell.get_or_init(|| self.inner.prepare(kind)).as_ref().map(Option::as_ref)
    }

    /// Whether host facts can be read: what every judgement with them would find as well.
    ///
    /// # Errors
    /// [`JudgeError::Context`] if they are no JSON object, tell a fact that there is not, or tell one of another type.
    pub fn check_host(&self, host: &[u8]) -> Result<(), JudgeError> {
        judge::check_host(self, host)
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

    /// What [`Policy::judge_traced`] decides, without what the document resolves to.
    #[cfg(feature = "prove")]
    pub(crate) fn trace(&self, request: &Request<'_>, budget: &Budget) -> Result<Decision, JudgeError> {
        judge::judge(self, request, budget, Mode::Rows).map(|outcome| outcome.decision)
    }

    /// The rules of a kind; `None` if the profile does not judge it.
    #[cfg(feature = "prove")]
    pub(crate) fn program(&self, kind: Kind) -> Option<&Program> {
        self.ready(kind).ok()?.map(|ready| &ready.program)
    }

    /// The same for one kind and some of its rules, to ask what those do by themselves.
    #[cfg(feature = "prove")]
    pub(crate) fn only(&self, kind: Kind, keep: impl Fn(&Rule) -> bool) -> Self {
        let Inner { profile, profiles, given, .. } = &*self.inner;
        let (kinds, lifecycle) = <([OnceLock<_>; Kind::ALL.len()], _)>::default();
        if let (Ok(ready), Some(cell)) = (self.ready(kind), kinds.get(kind as usize)) {
            let less =
                |ready: &Ready| Ready { program: ready.program.only(keep), schemas: ready.schemas.clone() };
            cell.get_or_init(|| Ok(ready.map(less)));
        }
        let (profile, profiles, given) = (profile.clone(), profiles.clone(), given.clone());
        Self { inner: Arc::new(Inner { profile, profiles, given, kinds, lifecycle }) }
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
        let Inner { profile, profiles, given, .. } = &*self.inner;
        let kinds: [OnceLock<_>; Kind::ALL.len()] = Default::default();
        if let (Ok(Some(ready)), Some(cell)) = (self.ready(kind), kinds.get(kind as usize)) {
            let program = ready.program.replacing(id, with);
            let _ = cell.set(Ok(Some(Ready { program, schemas: ready.schemas.clone() })));
        }
        let (profile, profiles, given) = (profile.clone(), profiles.clone(), given.clone());
        Self { inner: Arc::new(Inner { profile, profiles, given, kinds, lifecycle: OnceLock::new() }) }
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

impl Inner {
    fn prepare(&self, kind: Kind) -> Result<Option<Ready>, CatalogError> {
        let id = kind.as_str();
        let catalog = self.given.clone().map_or_else(|| Catalog::builtin_for(id), Ok)?;
        let (Some(program), Some(subject)) = (Program::new(&catalog, &self.profile, id), catalog.subject(id))
        else {
            return Ok(None);
        };
        if program.rules().next().is_none() {
            return Ok(None);
        }
        let has = |id: &str| self.profiles.at_least(&self.profile, id);
        let schemas = iter::once(&subject.schema).chain(subject.roots.iter().map(|root| &root.schema));
        let schemas = schemas.map(|schema| (schema.id().to_owned(), schema.at_profile(&has))).collect();
        Ok(Some(Ready { program, schemas }))
    }
}
