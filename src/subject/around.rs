use super::judge::{JudgeError, Request, read};
use super::kind::Kind;
use super::policy::Ready;
use super::{context, create, features};
use crate::engine::Budget;
use crate::facts::{Facts, load_daemon};
use crate::schema::Schema;

/// What is known besides a document, read as far as documents of its kind depend on it.
#[derive(Clone, Debug)]
pub(super) struct Around<'a> {
    pub(super) host: Facts<'a>,
    /// The daemon.json of a name or create body: facts alone, its own rules are not asked.
    pub(super) daemon: Option<Facts<'a>>,
    /// The image of a create body.
    pub(super) image: Option<Facts<'a>>,
    /// The HTTP request around a create body.
    pub(super) http: Option<Facts<'a>>,
    /// The roots `features`, `answer` and `offer` of a config.json.
    pub(super) features: Option<[Facts<'a>; 3]>,
}

impl<'a> Around<'a> {
    pub(super) fn read(
        ready: &Ready,
        request: &Request<'a>,
        host: &'a [u8],
        budget: &Budget,
    ) -> Result<Self, JudgeError> {
        let reader = Reading { ready, request, budget };
        let (daemon, image) = match request.kind {
            Kind::Name => (Some(reader.daemon()?), None),
            Kind::Create => (Some(reader.daemon()?), Some(reader.image()?)),
            _ => (None, None),
        };
        Ok(Self {
            host: read("host facts", host, reader.schema("host")?, budget)?,
            daemon,
            image,
            http: (request.kind == Kind::Create).then(|| reader.http()).transpose()?,
            features: (request.kind == Kind::Spec).then(|| reader.features()).transpose()?,
        })
    }

    /// The same without borrows.
    pub(super) fn into_owned(self) -> Around<'static> {
        Around {
            host: self.host.into_owned(),
            daemon: self.daemon.map(Facts::into_owned),
            image: self.image.map(Facts::into_owned),
            http: self.http.map(Facts::into_owned),
            features: self.features.map(|all| all.map(Facts::into_owned)),
        }
    }
}

struct Reading<'r, 'a> {
    ready: &'r Ready,
    request: &'r Request<'a>,
    budget: &'r Budget,
}

impl<'r, 'a> Reading<'r, 'a> {
    fn schema(&self, id: &str) -> Result<&'r Schema, JudgeError> {
        self.ready.schema(id).ok_or_else(|| JudgeError::Catalog(format!("there is no schema `{id}`")))
    }

    fn daemon(&self) -> Result<Facts<'a>, JudgeError> {
        let text = self.request.daemon.unwrap_or_default();
        let loaded = load_daemon(text, self.schema("daemon")?, &self.budget.limits())?;
        match loaded.first_error() {
            Some(reason) => Err(JudgeError::Context { what: "daemon.json given for context", reason }),
            None => Ok(loaded.facts),
        }
    }

    fn image(&self) -> Result<Facts<'a>, JudgeError> {
        let schema = self.schema("image")?;
        let Some(text) = self.request.image else { return Ok(Facts::new(schema)) };
        let mut image = read("image", text, schema, self.budget)?;
        create::told(&mut image);
        Ok(image)
    }

    /// What surrounds the body: told, or as the schema has it for clients that do as they should.
    fn http(&self) -> Result<Facts<'a>, JudgeError> {
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

    fn features(&self) -> Result<[Facts<'a>; 3], JudgeError> {
        let schemas = features::Schemas {
            status: self.schema("features-status")?,
            answer: self.schema("features-answer")?,
            offer: self.schema("features")?,
        };
        features::read_answer(self.request.features, &schemas, self.budget)
    }
}
