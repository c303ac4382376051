use serde_json::Value as Json;

use super::around::Around;
use super::configure::SetUp;
use super::kind::Kind;
use super::policy::{Policy, Ready};
use super::{context, create, features, lifecycle};
use crate::engine::{Budget, Decision, OverBudget, Verdict};
use crate::facts::{Facts, Item, Value, decode, load_create, load_daemon, load_spec};
use crate::runtime::{Generation, Runtimes, SetupHost, WrapperScript};
use crate::schema::Schema;

/// A document to judge, and what is known besides.
#[derive(Clone, Copy, Debug)]
pub struct Request<'r> {
    /// What the document is.
    pub kind: Kind,
    /// Its exact bytes. For [`Kind::Name`] the JSON object `{"name"}` or `{"name_base64"}`, for [`Kind::Wrap`]
    /// `{"name", "path", "args"}`, for [`Kind::Write`] `{"file_name"}`, for [`Kind::Lifecycle`] `{"machine", "state",
    /// "op"}` or `{"machine", "checkpoint", "ops"}`.
    pub document: &'r [u8],
    /// The daemon.json that a name or a container is resolved against; none is an empty one.
    pub daemon: Option<&'r [u8]>,
    /// The configuration of the image that a container is made from, as JSON; `null` if there is none. Not given, it
    /// is unknown.
    pub image: Option<&'r [u8]>,
    /// What the HTTP request to create a container says besides its body, as JSON (`spec/schema/request.toml`); what is
    /// not told is as a well-behaved client has it.
    pub http: Option<&'r [u8]>,
    /// Host facts as JSON (`spec/schema/host.toml`); what is not told is unknown.
    pub host: Option<&'r [u8]>,
    /// What the runtime that a config.json is for said of its features; not given, it is unknown.
    pub features: Option<FeaturesAnswer<'r>>,
}

/// What became of asking a runtime for its features.
#[derive(Clone, Copy, Debug)]
pub struct FeaturesAnswer<'r> {
    /// What `<runtime> features` printed, byte for byte.
    pub printed: &'r [u8],
    /// How it ended, as JSON (`spec/schema/features-answer.toml`); nothing told means well.
    pub facts: Option<&'r [u8]>,
}

impl<'r> FeaturesAnswer<'r> {
    /// A document that a runtime printed, with exit status 0.
    #[must_use]
    pub fn new(printed: &'r [u8]) -> Self {
        Self { printed, facts: None }
    }
}

impl<'r> Request<'r> {
    /// A document about whose surroundings nothing is known.
    #[must_use]
    pub fn new(kind: Kind, document: &'r [u8]) -> Self {
        Self { kind, document, daemon: None, image: None, http: None, host: None, features: None }
    }
}

/// What became of a request.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What the rules say.
    pub decision: Decision,
    /// What the document resolves to: the `resolved` of the case format. If it is denied, only what a create body is
    /// decoded to, and where the steps of a life cycle lead.
    pub resolved: Option<Json>,
}

/// A request that was not judged. Never to be taken for "allow".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JudgeError {
    /// The document costs more than the budget allows.
    #[error(transparent)]
    OverBudget(#[from] OverBudget),
    /// The profile has no rules for this kind.
    #[error("profile `{profile}` does not judge documents of kind `{kind}`")]
    Unsupported {
        /// The kind asked for.
        kind: Kind,
        /// The profile.
        profile: String,
    },
    /// The rules that the crate carries cannot be used; a test rules this out.
    #[error("{0}")]
    Catalog(String),
    /// What was given besides the document, or the object that a name or wrapper is given in, cannot be read.
    #[error("the {what} cannot be read: {reason}")]
    Context {
        /// `host facts`, `request`, `image`, `daemon.json given for context`, `answer about features`, `name`, `wrapper`, `question
        /// about a life cycle`.
        what: &'static str,
        /// Why not.
        reason: String,
    },
}

/// Which evaluator judges, and whether it tells what each rule did.
#[derive(Clone, Copy, Debug)]
pub(super) enum Mode {
    /// The decision alone.
    Bare,
    /// The decision, and what each rule did.
    #[cfg_attr(not(feature = "prove"), expect(dead_code))]
    Rows,
    Plain,
    Traced,
    Covered,
    Naive,
}

pub(super) fn judge(
    policy: &Policy,
    request: &Request<'_>,
    budget: &Budget,
    mode: Mode,
) -> Result<Outcome, JudgeError> {
    // What is asked about a life cycle is followed step by step, not judged by rules over fields.
    if request.kind == Kind::Lifecycle
        && let Some(lifecycle) = policy.lifecycle()
    {
        return lifecycle::judge(lifecycle, request.document, budget, mode);
    }
    around(policy, request, budget, |ready, around| {
        Job { policy, ready, request, budget, mode, around: &around }.judge()
    })
}

/// The same in surroundings that were read before, for this kind and policy.
pub(super) fn judge_within(
    policy: &Policy,
    request: &Request<'_>,
    around: &Around<'_>,
    budget: &Budget,
    mode: Mode,
) -> Result<Outcome, JudgeError> {
    let ready = ready(policy, request.kind)?.ok_or_else(|| unsupported(policy, request.kind))?;
    Job { policy, ready, request, budget, mode, around }.judge()
}

/// Judges a daemon.json and sets up its runtimes, whatever the verdict.
pub(super) fn set_up(
    policy: &Policy,
    document: &[u8],
    host: Option<&[u8]>,
    budget: &Budget,
) -> Result<SetUp, JudgeError> {
    let request = Request { host, ..Request::new(Kind::Daemon, document) };
    around(policy, &request, budget, |ready, around| {
        let job = Job { policy, ready, request: &request, budget, mode: Mode::Plain, around: &around };
        let loaded = load_daemon(document, job.schema("daemon")?, &budget.limits())?;
        let decision = job.decide(&loaded.facts, &[&loaded.load, &around.host])?;
        let runtimes = job.runtimes(&loaded.facts);
        Ok(SetUp { decision, document: loaded.facts.into_owned(), runtimes })
    })
}

/// Reads what is known besides the document.
pub(super) fn around<T>(
    policy: &Policy,
    request: &Request<'_>,
    budget: &Budget,
    run: impl FnOnce(&Ready, Around<'_>) -> Result<T, JudgeError>,
) -> Result<T, JudgeError> {
    let unsupported = || unsupported(policy, request.kind);
    let ready = ready(policy, request.kind)?.ok_or_else(unsupported)?;
    let host_schema = ready.schema("host").ok_or_else(unsupported)?;
    let host = context::host_facts(request.host, host_schema)?;
    run(ready, Around::read(ready, request, &host, budget)?)
}

fn unsupported(policy: &Policy, kind: Kind) -> JudgeError {
    JudgeError::Unsupported { kind, profile: policy.profile().to_owned() }
}

fn ready(policy: &Policy, kind: Kind) -> Result<Option<&Ready>, JudgeError> {
    policy.ready(kind).map_err(|error| JudgeError::Catalog(error.to_string()))
}

/// Whether host facts can be read; they are the same for all kinds.
pub(super) fn check_host(policy: &Policy, host: &[u8]) -> Result<(), JudgeError> {
    for kind in Kind::ALL {
        if let Some(schema) = ready(policy, kind)?.and_then(|ready| ready.schema("host")) {
            let text = context::host_facts(Some(host), schema)?;
            return read("host facts", &text, schema, &Budget::default()).map(drop);
        }
    }
    Ok(())
}

/// Decodes what is not the daemon's own document: here every error is an error.
pub(super) fn read<'s>(
    what: &'static str,
    text: &'s [u8],
    schema: &Schema,
    budget: &Budget,
) -> Result<Facts<'s>, JudgeError> {
    let decoded = decode(text, schema, &budget.limits())?;
    match decoded.errors.into_iter().next() {
        None => Ok(decoded.facts),
        Some(error) => Err(JudgeError::Context { what, reason: error.message }),
    }
}

struct Job<'j> {
    policy: &'j Policy,
    ready: &'j Ready,
    request: &'j Request<'j>,
    budget: &'j Budget,
    mode: Mode,
    around: &'j Around<'j>,
}

impl<'j> Job<'j> {
    fn judge(&self) -> Result<Outcome, JudgeError> {
        match self.request.kind {
            Kind::Daemon => self.daemon(),
            Kind::Name => self.name(),
            Kind::Wrap => self.wrap(),
            Kind::Write => self.write(),
            Kind::Create => self.create(),
            Kind::Spec => self.spec(),
            Kind::Lifecycle => Err(self.unsupported()),
        }
    }

    fn generation(&self) -> Generation {
        Generation::of_profile(self.policy.profile())
    }

    fn setup_host(&self) -> SetupHost {
        let told =
            |name| Item::root(&self.around.host, name).filter(Item::is_present).map(|item| item.bool());
        SetupHost { systemd_cgroup: told("systemd_cgroup"), docker_ramdisk: told("docker_ramdisk") }
    }

    fn unsupported(&self) -> JudgeError {
        unsupported(self.policy, self.request.kind)
    }

    fn schema(&self, id: &str) -> Result<&'j Schema, JudgeError> {
        self.ready.schema(id).ok_or_else(|| self.unsupported())
    }

    fn runtimes(&self, daemon: &Facts<'_>) -> Runtimes {
        Runtimes::setup(daemon, self.generation(), self.setup_host())
    }

    fn decide(&self, document: &Facts<'_>, others: &[&Facts<'_>]) -> Result<Decision, JudgeError> {
        Ok(match self.mode {
            Mode::Bare | Mode::Plain => self.ready.program.evaluate(document, others, self.budget)?,
            Mode::Rows | Mode::Traced => self.ready.program.evaluate_traced(document, others, self.budget)?,
            Mode::Covered => self.ready.program.evaluate_covered(document, others, self.budget)?,
            Mode::Naive => self.ready.program.evaluate_naively(document, others, self.budget)?,
        })
    }

    fn finish(
        &self,
        document: &Facts<'_>,
        others: &[&Facts<'_>],
        resolve: impl FnOnce() -> Option<Json>,
    ) -> Result<Outcome, JudgeError> {
        let decision = self.decide(document, others)?;
        let wanted = !matches!(self.mode, Mode::Bare | Mode::Rows) && decision.verdict != Verdict::Deny;
        let resolved = if wanted { resolve() } else { None };
        Ok(Outcome { decision, resolved })
    }

    fn daemon(&self) -> Result<Outcome, JudgeError> {
        let loaded = load_daemon(self.request.document, self.schema("daemon")?, &self.budget.limits())?;
        let others = [&loaded.load, &self.around.host];
        self.finish(&loaded.facts, &others, || serde_json::to_value(self.runtimes(&loaded.facts)).ok())
    }

    fn name(&self) -> Result<Outcome, JudgeError> {
        let document = context::name(self.request.document)?;
        let mut facts = read("name", &document.json, self.schema("name")?, self.budget)?;
        if let Some(bytes) = document.bytes
            && let Some((id, _)) = facts.root_field("name")
            && let Some(slot) = facts.slot_mut(id)
        {
            slot.value = Value::Str(bytes.into());
            slot.set = true;
        }
        let daemon = self.around.daemon.as_ref().ok_or_else(|| self.unsupported())?;
        self.finish(&facts, &[daemon, &self.around.host], || {
            let name = Item::root(&facts, "name").map_or(&[][..], |item| item.str());
            serde_json::to_value(self.runtimes(daemon).get(name)).ok()
        })
    }

    fn wrap(&self) -> Result<Outcome, JudgeError> {
        let facts = read("wrapper", self.request.document, self.schema("wrap")?, self.budget)?;
        let text = |name| Item::root(&facts, name).map_or_else(Vec::new, |item| item.str().to_vec());
        let args = Item::root(&facts, "args");
        let args: Vec<_> = args.iter().flat_map(Item::elements).map(|arg| arg.str().to_vec()).collect();
        let script = || match self.generation() {
            Generation::First => WrapperScript::unhashed(&text("name"), &text("path"), &args),
            Generation::Reloadable => WrapperScript::new(&text("name"), &text("path"), &args),
        };
        self.finish(&facts, &[&self.around.host], || serde_json::to_value(script()).ok())
    }

    fn write(&self) -> Result<Outcome, JudgeError> {
        let facts = read("file name", self.request.document, self.schema("write")?, self.budget)?;
        self.finish(&facts, &[&self.around.host], || None)
    }

    fn create(&self) -> Result<Outcome, JudgeError> {
        let loaded = load_create(self.request.document, self.schema("create")?, &self.budget.limits())?;
        let Around { host, image: Some(image), daemon: Some(daemon), http: Some(http), .. } = self.around
        else {
            return Err(self.unsupported());
        };
        let others = [&loaded.load, image, daemon, host, http];
        let decision = self.decide(&loaded.facts, &others)?;
        let effective =
            if matches!(self.mode, Mode::Bare | Mode::Rows) { None } else { create::effective(&loaded) };
        let resolved = effective.map(|effective| {
            if decision.verdict == Verdict::Deny {
                return serde_json::json!({ "effective": effective });
            }
            let runtimes = self.runtimes(daemon);
            let asked = Item::root(&loaded.facts, "HostConfig").and_then(|item| item.field("Runtime"));
            let runtime = runtimes.asked(asked.map_or(&[][..], |item| item.str()));
            serde_json::json!({
                "runtime": String::from_utf8_lossy(runtime),
                "security_opt": create::security_opt(&loaded.facts, host),
                "effective": effective,
            })
        });
        Ok(Outcome { decision, resolved })
    }

    fn spec(&self) -> Result<Outcome, JudgeError> {
        let loaded = load_spec(self.request.document, self.schema("spec")?, &self.budget.limits())?;
        let [status, answer, offer] = self.around.features.as_ref().ok_or_else(|| self.unsupported())?;
        let others = [&loaded.load, status, answer, offer, &self.around.host];
        self.finish(&loaded.facts, &others, || {
            let request = features::request(self.request.features, self.policy.features_options())?;
            Some(serde_json::json!({ "features_request": request }))
        })
    }
}
