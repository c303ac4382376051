use serde_json::Value as Json;

use super::configure::SetUp;
use super::kind::Kind;
use super::policy::{Policy, Ready};
use super::{context, create, features, lifecycle};
use crate::engine::{Budget, Decision, OverBudget, Verdict};
use crate::facts::{Facts, Item, Loaded, Value, decode, load_create, load_daemon, load_spec};
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
    with_job(policy, request, budget, mode, |job| match request.kind {
        Kind::Daemon => job.daemon(),
        Kind::Name => job.name(),
        Kind::Wrap => job.wrap(),
        Kind::Write => job.write(),
        Kind::Create => job.create(),
        Kind::Spec => job.spec(),
        Kind::Lifecycle => Err(job.unsupported()),
    })
}

/// Judges a daemon.json and sets up its runtimes, whatever the verdict.
pub(super) fn set_up(
    policy: &Policy,
    document: &[u8],
    host: Option<&[u8]>,
    budget: &Budget,
) -> Result<SetUp, JudgeError> {
    let request = Request { host, ..Request::new(Kind::Daemon, document) };
    with_job(policy, &request, budget, Mode::Plain, |job| {
        let loaded = job.load(document)?;
        let decision = job.decide(&loaded.facts, &[loaded.load, job.host.clone()])?;
        let runtimes = job.runtimes(&loaded.facts);
        Ok(SetUp { decision, document: loaded.facts.into_owned(), runtimes })
    })
}

fn with_job<T>(
    policy: &Policy,
    request: &Request<'_>,
    budget: &Budget,
    mode: Mode,
    run: impl FnOnce(&Job<'_>) -> Result<T, JudgeError>,
) -> Result<T, JudgeError> {
    let unsupported = || JudgeError::Unsupported { kind: request.kind, profile: policy.profile().to_owned() };
    let ready = ready(policy, request.kind)?.ok_or_else(unsupported)?;
    let host_schema = ready.schema("host").ok_or_else(unsupported)?;
    let host_text = context::host_facts(request.host, host_schema)?;
    let host = read("host facts", &host_text, host_schema, budget)?;
    run(&Job { policy, ready, request, budget, mode, host })
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
    host: Facts<'j>,
}

impl<'j> Job<'j> {
    fn generation(&self) -> Generation {
        Generation::of_profile(self.policy.profile())
    }

    fn setup_host(&self) -> SetupHost {
        let told = |name| Item::root(&self.host, name).filter(Item::is_present).map(|item| item.bool());
        SetupHost { systemd_cgroup: told("systemd_cgroup"), docker_ramdisk: told("docker_ramdisk") }
    }

    fn unsupported(&self) -> JudgeError {
        JudgeError::Unsupported { kind: self.request.kind, profile: self.policy.profile().to_owned() }
    }

    fn schema(&self, id: &str) -> Result<&'j Schema, JudgeError> {
        self.ready.schema(id).ok_or_else(|| self.unsupported())
    }

    fn load<'d>(&self, daemon: &'d [u8]) -> Result<Loaded<'d>, JudgeError> {
        Ok(load_daemon(daemon, self.schema("daemon")?, &self.budget.limits())?)
    }

    /// The daemon.json given for context: facts alone, its own rules are not asked.
    fn context(&self) -> Result<Facts<'j>, JudgeError> {
        let loaded = self.load(self.request.daemon.unwrap_or_default())?;
        match loaded.first_error() {
            Some(reason) => Err(JudgeError::Context { what: "daemon.json given for context", reason }),
            None => Ok(loaded.facts),
        }
    }

    fn image(&self) -> Result<Facts<'j>, JudgeError> {
        let schema = self.schema("image")?;
        let Some(text) = self.request.image else { return Ok(Facts::new(schema)) };
        let mut image = read("image", text, schema, self.budget)?;
        create::told(&mut image);
        Ok(image)
    }

    /// What surrounds the body: told, or as the schema has it for clients that do as they should.
    fn http(&self) -> Result<Facts<'j>, JudgeError> {
        let schema = self.schema("request")?;
        let mut facts = match self.request.http {
            Some(text) => {
                context::known_facts("request", text, schema)?;
                read("request", text, schema, self.budget)?
            }
            None => Facts::new(schema),
        };
        let told: Vec<bool> = (0..schema.get(schema.root()).fields.len())
            .map(|index| facts.slot(facts.field_id(facts.root(), index)).set)
            .collect();
        facts.merge_defaults(|index| told.get(index).copied().unwrap_or_default());
        Ok(facts)
    }

    fn runtimes(&self, daemon: &Facts<'_>) -> Runtimes {
        Runtimes::setup(daemon, self.generation(), self.setup_host())
    }

    fn decide(&self, document: &Facts<'_>, others: &[Facts<'_>]) -> Result<Decision, JudgeError> {
        Ok(match self.mode {
            Mode::Bare | Mode::Plain => self.ready.program.evaluate(document, others, self.budget)?,
            Mode::Traced => self.ready.program.evaluate_traced(document, others, self.budget)?,
            Mode::Covered => self.ready.program.evaluate_covered(document, others, self.budget)?,
            Mode::Naive => self.ready.program.evaluate_naively(document, others, self.budget)?,
        })
    }

    fn finish(
        &self,
        document: &Facts<'_>,
        others: &[Facts<'_>],
        resolve: impl FnOnce() -> Option<Json>,
    ) -> Result<Outcome, JudgeError> {
        let decision = self.decide(document, others)?;
        let wanted = !matches!(self.mode, Mode::Bare) && decision.verdict != Verdict::Deny;
        let resolved = if wanted { resolve() } else { None };
        Ok(Outcome { decision, resolved })
    }

    fn daemon(&self) -> Result<Outcome, JudgeError> {
        let loaded = self.load(self.request.document)?;
        let others = [loaded.load, self.host.clone()];
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
        let others = [self.context()?, self.host.clone()];
        self.finish(&facts, &others, || {
            let [daemon, _] = &others;
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
        self.finish(&facts, std::slice::from_ref(&self.host), || serde_json::to_value(script()).ok())
    }

    fn write(&self) -> Result<Outcome, JudgeError> {
        let facts = read("file name", self.request.document, self.schema("write")?, self.budget)?;
        self.finish(&facts, std::slice::from_ref(&self.host), || None)
    }

    fn create(&self) -> Result<Outcome, JudgeError> {
        let loaded = load_create(self.request.document, self.schema("create")?, &self.budget.limits())?;
        let others = [loaded.load.clone(), self.image()?, self.context()?, self.host.clone(), self.http()?];
        let decision = self.decide(&loaded.facts, &others)?;
        let effective = if matches!(self.mode, Mode::Bare) { None } else { create::effective(&loaded) };
        let resolved = effective.map(|effective| {
            if decision.verdict == Verdict::Deny {
                return serde_json::json!({ "effective": effective });
            }
            let [_, _, daemon, host, _] = &others;
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
        let schemas = ["features-status", "features-answer", "features"].map(|id| self.schema(id));
        let [status, answer, offer] = schemas;
        let schemas = features::Schemas { status: status?, answer: answer?, offer: offer? };
        let [status, answer, offer] = features::read_answer(self.request.features, &schemas, self.budget)?;
        let others = [loaded.load, status, answer, offer, self.host.clone()];
        self.finish(&loaded.facts, &others, || {
            let request = features::request(self.request.features, self.policy.features_options())?;
            Some(serde_json::json!({ "features_request": request }))
        })
    }
}
