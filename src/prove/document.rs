//! From values to JSON: the document of a model, and what is told besides.

use serde_json::{Map, Value as Json};

use super::pool::Pool;
use super::question::OWN;
use super::space::{Node, Space, Term, TermId};
use super::values::Values;
use crate::schema::{Constant, TextKind, Type};
use crate::subject::{FeaturesAnswer, Kind, Request};

/// A document with everything that its judgement depends on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Witness {
    /// The document.
    pub document: Json,
    /// The daemon.json that it is judged against, if its subject has one.
    pub daemon: Option<Json>,
    /// The configuration of the image, if its subject has one.
    pub image: Option<Json>,
    /// What is told of the machine.
    pub host: Option<Json>,
    /// What the HTTP request around the document says.
    pub http: Option<Json>,
    /// What the runtime printed when it was asked for its features.
    pub features: Option<Vec<u8>>,
    /// How that ended.
    pub answer: Option<Json>,
    /// The document as it was found, where it is no JSON, or not as it would be printed.
    pub raw: Option<Vec<u8>>,
}

/// The texts of a witness, which a request borrows.
#[derive(Clone, Debug)]
pub(super) struct Texts {
    document: Vec<u8>,
    daemon: Option<Vec<u8>>,
    image: Option<Vec<u8>>,
    host: Option<Vec<u8>>,
    http: Option<Vec<u8>>,
    features: Option<Vec<u8>>,
    answer: Option<Vec<u8>>,
}

impl Witness {
    /// The bytes of the document.
    #[must_use]
    pub fn text(&self) -> Vec<u8> {
        self.raw.clone().unwrap_or_else(|| self.document.to_string().into_bytes())
    }

    pub(super) fn texts(&self) -> Texts {
        let bytes = |json: &Option<Json>| json.as_ref().map(|json| json.to_string().into_bytes());
        Texts {
            document: self.text(),
            daemon: bytes(&self.daemon),
            image: bytes(&self.image),
            host: bytes(&self.host),
            http: bytes(&self.http),
            features: self.features.clone(),
            answer: bytes(&self.answer),
        }
    }

    /// Its size in bytes, everything told included.
    #[must_use]
    pub fn size(&self) -> usize {
        let texts = self.texts();
        let more = [&texts.daemon, &texts.image, &texts.host, &texts.http, &texts.features, &texts.answer];
        more.into_iter().flatten().fold(texts.document.len(), |n, text| n.saturating_add(text.len()))
    }
}

impl Texts {
    pub(super) fn request(&self, kind: Kind) -> Request<'_> {
        Request {
            daemon: self.daemon.as_deref(),
            image: self.image.as_deref(),
            host: self.host.as_deref(),
            http: self.http.as_deref(),
            features: self
                .features
                .as_deref()
                .map(|printed| FeaturesAnswer { printed, facts: self.answer.as_deref() }),
            ..Request::new(kind, &self.document)
        }
    }
}

/// What may stand in front of the place where a text stops being JSON.
const FRONTS: [&str; 12] =
    ["", "{", "{}", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "[", "[1", "[1,", "1", "{\"a\":\"b\""];
/// How many examples stand in for a list that a view looks into as a whole.
const MAX_PICKS: usize = 200;

/// How many documents there are to try for a model.
pub(super) fn picks(space: &Space, values: &Values, roots: &[&str]) -> usize {
    if !values.whole.is_empty() {
        MAX_PICKS
    } else if broken(space, values, roots).is_some() {
        FRONTS.len().saturating_add(1)
    } else {
        1
    }
}

/// What a model says of a text that is no JSON: what stands before the place where it stops being JSON, and what from there
/// on.
fn broken<'v>(space: &Space, values: &'v Values, roots: &[&str]) -> Option<[&'v [u8]; 2]> {
    let load = space.terms().filter(|(_, term)| match term.node {
        Node::Root(root) => {
            let at = root.checked_rem(OWN).unwrap_or(root).checked_sub(1);
            at.and_then(|at| roots.get(at)) == Some(&"load")
        }
        _ => false,
    });
    let entries = load.filter_map(|(load, _)| {
        let syntax = space.find(&Node::Field(load, "syntax".to_owned()))?;
        values.used.contains(&(syntax, 0)).then(|| space.find(&Node::Element(syntax, 0)))?
    });
    let entry = entries.into_iter().next()?;
    let text = |name: &str| {
        let text = space.find(&Node::Field(entry, name.to_owned())).and_then(|id| values.strings.get(&id));
        text.map_or(&[][..], Vec::as_slice)
    };
    Some([text("before"), text("near")])
}

/// Builds the document of a model. `roots` are the names of the subject's roots; `pick` chooses among the examples of
/// lists that a view looks into as a whole, or among what stands before the error in a text that is no JSON.
pub(super) fn build(
    space: &Space,
    values: &Values,
    kind: Kind,
    roots: &[&str],
    pool: &Pool,
    pick: usize,
) -> Witness {
    let builder = Builder { space, values, pool, pick };
    let mut out = Witness { document: Json::Object(Map::new()), ..Witness::default() };
    let (mut offer, mut answer, mut exit) = (None, None, None);
    for (id, term) in space.terms() {
        let Node::Root(root) = term.node else { continue };
        let json = builder.record(id).unwrap_or_else(|| Json::Object(Map::new()));
        match root.checked_sub(1).and_then(|at| roots.get(at)) {
            None if root == 0 => out.document = json,
            Some(&"daemon") => out.daemon = Some(json),
            Some(&"image") => out.image = Some(json),
            Some(&"host") => out.host = Some(json),
            Some(&"request") => out.http = Some(json),
            Some(&"offer") => offer = Some(json),
            Some(&"answer") => answer = Some(json),
            // Told at all, and how it ended.
            Some(&"features") => exit = json.get("exit").cloned(),
            _ => {}
        }
    }
    if let Some(exit) = exit {
        out.features = Some(offer.unwrap_or_else(|| Json::Object(Map::new())).to_string().into_bytes());
        let mut facts = answer.unwrap_or_else(|| Json::Object(Map::new()));
        if let Json::Object(members) = &mut facts
            && exit != 0
        {
            members.insert("exit".to_owned(), exit);
        }
        out.answer = Some(facts);
    }
    if let Some([before, near]) = broken(space, values, roots) {
        let front = match pick.checked_sub(1) {
            None => before,
            Some(at) => FRONTS.get(at).map_or(before, |front| front.as_bytes()),
        };
        out.raw = Some([front, near].concat());
    }
    if let (Kind::Name, Json::Object(members)) = (kind, &mut out.document) {
        // A question about a name has one, even if it is empty.
        members.entry("name").or_insert_with(|| Json::from(""));
    }
    out
}

struct Builder<'b> {
    space: &'b Space,
    values: &'b Values,
    pool: &'b Pool,
    pick: usize,
}

impl Builder<'_> {
    /// The JSON of a term; `None` if it can be left out.
    fn json(&self, id: TermId, term: &Term) -> Option<Json> {
        if self.values.whole.contains(&id) {
            let examples = self.pool.lists(&self.space.path(id));
            return examples.get(self.pick.checked_rem(examples.len().max(1))?).cloned();
        }
        let present = self.values.present.get(&id).copied().unwrap_or(false);
        let ty = term.ty.as_ref()?;
        let made = match ty.pointee() {
            Type::Bool => {
                let holds = self.values.bools.get(&id).copied();
                match (holds, &term.default) {
                    (Some(false), Some(Constant::Bool(true))) => Some(Json::Bool(false)),
                    (Some(true), Some(Constant::Bool(true))) => None,
                    (Some(true), _) => Some(Json::Bool(true)),
                    _ => None,
                }
            }
            Type::Int(_) => {
                let n = self.values.numbers.get(&id).copied();
                let by_itself = match &term.default {
                    Some(Constant::Int(default)) => *default,
                    _ => 0,
                };
                n.filter(|n| *n != by_itself).map(Json::from)
            }
            Type::Text(TextKind::MemBytes) => {
                let n = self.values.numbers.get(&id).copied();
                let n = n.filter(|n| *n != 0 && term.default != Some(Constant::Int(*n)));
                n.map(|n| Json::from(n.to_string()))
            }
            Type::String | Type::Text(_) => {
                let text = self.values.strings.get(&id);
                let text = text.map(|s| String::from_utf8_lossy(s).into_owned());
                let by_itself = match &term.default {
                    Some(Constant::String(default)) => default.as_str(),
                    _ => "",
                };
                text.filter(|text| text != by_itself).map(Json::String)
            }
            Type::List(of) => self.list(id, of),
            Type::Map(of) => self.map(id, of),
            Type::Struct(_) => self.record(id),
            Type::Any => {
                let size = self.size(id)?;
                let entries = (0..size).map(|n| (format!("k{n}"), Json::from(n)));
                Some(Json::Object(entries.collect()))
            }
            Type::Float | Type::Pointer(_) => None,
        };
        made.or_else(|| present.then(|| zero(ty.pointee())))
    }

    fn size(&self, id: TermId) -> Option<i64> {
        let (size, _) = self.space.terms().find(|(_, t)| matches!(t.node, Node::Size(of) if of == id))?;
        self.values.numbers.get(&size).copied().filter(|n| (1..100).contains(n))
    }

    fn record(&self, id: TermId) -> Option<Json> {
        let mut members = Map::new();
        for (field, term) in self.space.terms() {
            if let Node::Field(of, name) = &term.node
                && *of == id
                && let Some(json) = self.json(field, term)
            {
                match (&term.embed, json) {
                    (Some((key, ty)), Json::Object(inner)) if inner.is_empty() => {
                        members.insert(key.clone(), zero(ty.pointee()));
                    }
                    (Some(_), Json::Object(inner)) => members.extend(inner),
                    (_, json) => drop(members.insert(name.clone(), json)),
                }
            }
        }
        (!members.is_empty()).then_some(Json::Object(members))
    }

    /// The entries that are there: their numbers, and their values.
    fn entries(&self, id: TermId, of: &Type) -> Vec<(usize, Json)> {
        let used = self.values.used.iter().filter(|(list, _)| *list == id);
        let value = |index: usize| {
            let element = self.space.terms().find(|(_, t)| t.node == Node::Element(id, index));
            let absent = element.is_some_and(|(e, _)| self.values.present.get(&e) == Some(&false));
            let json = element.and_then(|(e, term)| self.json(e, term));
            json.unwrap_or_else(|| if absent && of.is_nillable() { Json::Null } else { zero(of.pointee()) })
        };
        used.map(|(_, index)| (*index, value(*index))).collect()
    }

    fn list(&self, id: TermId, of: &Type) -> Option<Json> {
        let entries: Vec<Json> = self.entries(id, of).into_iter().map(|(_, json)| json).collect();
        (!entries.is_empty()).then_some(Json::Array(entries))
    }

    fn map(&self, id: TermId, of: &Type) -> Option<Json> {
        let mut members = Map::new();
        for (index, json) in self.entries(id, of) {
            let key = self.space.terms().find(|(_, t)| t.node == Node::Key(id, index));
            let named = key.and_then(|(k, _)| self.space.name(k));
            let key = named.or_else(|| key.and_then(|(k, _)| self.values.strings.get(&k)));
            let key = key.map_or_else(|| format!("k{index}"), |k| String::from_utf8_lossy(k).into_owned());
            members.insert(key, json);
        }
        (!members.is_empty()).then_some(Json::Object(members))
    }
}

fn zero(ty: &Type) -> Json {
    match ty {
        Type::Bool => Json::Bool(false),
        Type::Int(_) | Type::Float => Json::from(0),
        Type::String | Type::Text(_) => Json::from(""),
        Type::List(_) => Json::Array(Vec::new()),
        Type::Map(_) | Type::Struct(_) | Type::Any | Type::Pointer(_) => Json::Object(Map::new()),
    }
}
