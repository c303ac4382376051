use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::edits::{Change, Edit, Tok, get};
use super::values::{around_int, around_text, pool, some};
use crate::table::{Base, Catalog, Cond, Example, Kind, Operand, Place, Rule, Step, Subject, TextTest};

/// A document, and what is told besides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The document.
    pub document: Vec<u8>,
    /// The daemon.json beside it.
    pub daemon: Option<String>,
    /// The image's configuration beside it.
    pub image: Option<String>,
    /// What the HTTP request around it says.
    pub request: Option<String>,
    /// Host facts.
    pub host: Option<String>,
}

/// The roots of a subject as JSON, the document first; `Null` for what is not told.
type Roots = Vec<Json>;

/// Documents at the boundary of a rule: its examples with one or a few values changed to what its tests ask about, just
/// so that they hold, and just not.
#[derive(Debug)]
pub struct Boundary<'b> {
    rule: &'b Rule,
    subject: &'b Subject,
    /// Values that examples of the subject have, by the name of their field.
    pool: BTreeMap<String, Vec<Json>>,
    bases: Vec<(Roots, Vec<Edit>)>,
    /// Documents of which the loader's findings count: as text, with what may be put into it.
    texts: Vec<(Example, Vec<Splice>)>,
}

/// Where bytes are cut out of a text, how many, and what comes there.
type Splice = (usize, usize, Vec<u8>);

/// Elements and entries of one place that are changed.
const MOST_ELEMENTS: usize = 3;
/// A test of a size beyond this makes nothing.
const LONGEST: i64 = 1 << 16;

impl<'b> Boundary<'b> {
    /// Of a rule of this catalog; `None` if its subject is not there.
    #[must_use]
    pub fn new(rule: &'b Rule, catalog: &'b Catalog) -> Option<Self> {
        let subject = catalog.subject(&rule.subject)?;
        let mut out = Self { rule, subject, pool: BTreeMap::new(), bases: Vec::new(), texts: Vec::new() };
        let examples = || rule.bad.iter().chain(&rule.good);
        for other in catalog.rules().iter().filter(|other| other.subject == rule.subject) {
            for example in other.bad.iter().chain(&other.good) {
                for (root, json) in out.roots(example).iter().enumerate() {
                    let name = root.checked_sub(1).and_then(|i| subject.roots.get(i));
                    pool(json, name.map_or("", |root| root.name.as_str()), &mut out.pool);
                }
            }
        }
        out.bases = examples().map(|example| (out.roots(example), Vec::new())).collect();
        for i in 0..out.bases.len() {
            if let Some((roots, _)) = out.bases.get(i) {
                let edits = Finder::of(&out, roots);
                if let Some(base) = out.bases.get_mut(i) {
                    base.1 = edits;
                }
            }
        }
        let literals = literals(&rule.when);
        let load = subject.roots.iter().position(|root| root.name == "load").map(|i| i + 1);
        let over_load =
            rule.each.iter().any(|each| matches!(each.source.base, Base::Root(root) if Some(root) == load));
        if over_load || reads_load(&rule.when, subject) {
            out.texts =
                examples().map(|example| (example.clone(), splices(&example.doc, &literals))).collect();
        }
        Some(out)
    }

    fn roots(&self, example: &Example) -> Roots {
        let read = |text: Option<&[u8]>| {
            text.and_then(|text| serde_json::from_slice(text).ok()).unwrap_or(Json::Null)
        };
        let others = self.subject.roots.iter().map(|root| match root.name.as_str() {
            "daemon" => read(example.daemon.as_deref()),
            "image" => read(example.image.as_deref()),
            "request" => read(example.request.as_deref()),
            "host" => read(example.host.as_deref().or(Some(b"{}"))),
            _ => Json::Null,
        });
        [read(Some(&example.doc))].into_iter().chain(others).collect()
    }

    fn question(&self, roots: &Roots) -> Question {
        let text = |name: &str| {
            let at = self.subject.roots.iter().position(|root| root.name == name)?;
            roots.get(at + 1).filter(|json| !json.is_null()).map(ToString::to_string)
        };
        Question {
            document: roots.first().map(ToString::to_string).unwrap_or_default().into_bytes(),
            daemon: text("daemon"),
            image: text("image"),
            request: text("request"),
            host: text("host"),
        }
    }

    fn changed(&self, roots: &Roots, edits: &[&Edit]) -> Question {
        let mut roots = roots.clone();
        for edit in edits {
            if let Some(json) = roots.get_mut(edit.root) {
                edit.apply(json);
            }
        }
        self.question(&roots)
    }

    /// All documents with one change, then those with two, as far as `most` goes.
    #[must_use]
    pub fn questions(&self, most: usize) -> Vec<Question> {
        let mut out: Vec<_> = self.bases.iter().map(|(roots, _)| self.question(roots)).collect();
        for (example, splices) in &self.texts {
            let told =
                |text: &Option<Vec<u8>>| text.as_ref().map(|t| String::from_utf8_lossy(t).into_owned());
            for splice in splices {
                out.push(Question {
                    document: spliced(&example.doc, splice),
                    daemon: told(&example.daemon),
                    image: told(&example.image),
                    request: told(&example.request),
                    host: told(&example.host).or_else(|| Some("{}".to_owned())),
                });
            }
        }
        for (roots, edits) in &self.bases {
            out.extend(edits.iter().map(|edit| self.changed(roots, &[edit])));
        }
        let share = most.saturating_sub(out.len()) / self.bases.len().max(1);
        for (roots, edits) in &self.bases {
            let pairs = edits.iter().enumerate().flat_map(|(i, one)| {
                edits.iter().skip(i + 1).filter(|two| two.at != one.at).map(move |two| (one, two))
            });
            // Spread over all pairs, if there are too many.
            let step = (edits.len() * edits.len() / 2 / share.max(1)).max(1);
            out.extend(pairs.step_by(step).map(|(one, two)| self.changed(roots, &[one, two])));
        }
        out.truncate(most);
        out
    }

    /// One document, by choices that the caller makes: `choose(n)` is below `n`.
    pub fn pick(&self, mut choose: impl FnMut(usize) -> usize) -> Option<Question> {
        if !self.texts.is_empty() && choose(2) == 0 {
            let (example, splices) = self.texts.get(choose(self.texts.len()))?;
            let document = match splices.len() {
                0 => example.doc.clone(),
                n => spliced(&example.doc, splices.get(choose(n))?),
            };
            return Some(Question { document, daemon: None, image: None, request: None, host: None });
        }
        let (roots, edits) = self.bases.get(choose(self.bases.len().max(1)))?;
        let many = if edits.is_empty() { 0 } else { choose(4) };
        let edits: Vec<&Edit> = (0..many).filter_map(|_| edits.get(choose(edits.len()))).collect();
        Some(self.changed(roots, &edits))
    }
}

fn literals(cond: &Cond) -> Vec<Vec<u8>> {
    let mut out: Vec<Vec<u8>> = Vec::new();
    for atom in cond.atoms() {
        match atom {
            Cond::Text(_, TextTest::StartsWith(s) | TextTest::EndsWith(s) | TextTest::Contains(s)) => {
                out.push(s.clone());
            }
            Cond::OneOf(_, literals) => out.extend(literals.iter().filter_map(|l| match l {
                Operand::Str(s) => Some(s.clone()),
                _ => None,
            })),
            Cond::Same(_, Operand::Str(s)) => out.push(s.clone()),
            _ => {}
        }
    }
    out.sort();
    out.dedup();
    out
}

fn reads_load(cond: &Cond, subject: &Subject) -> bool {
    let load = subject.roots.iter().position(|root| root.name == "load").map(|i| i + 1);
    let is_load = |place: &Place| matches!(place.base, Base::Root(root) if Some(root) == load);
    match cond {
        Cond::Not(inner) => reads_load(inner, subject),
        Cond::All(parts) | Cond::Any(parts) => parts.iter().any(|part| reads_load(part, subject)),
        Cond::Exists { over, body, .. } => is_load(over) || reads_load(body, subject),
        Cond::Truth(place) | Cond::HasElement(_, place) | Cond::HasKey(_, place) => is_load(place),
        Cond::Same(Operand::Place(place) | Operand::Size(place), _)
        | Cond::Order(_, Operand::Place(place) | Operand::Size(place), _) => is_load(place),
        _ => false,
    }
}

/// What to put into a text, everywhere.
fn splices(text: &[u8], literals: &[Vec<u8>]) -> Vec<Splice> {
    let mut out = Vec::new();
    for at in 0..=text.len() {
        let rest = text.len() - at;
        out.push((at, rest, Vec::new()));
        if rest > 0 {
            out.push((at, 1, Vec::new()));
        }
        for literal in literals {
            out.push((at, 0, literal.clone()));
            out.push((at, 0, [b"x", literal.as_slice()].concat()));
            out.push((at, rest, literal.clone()));
            if rest > 0 {
                out.push((at, 1, literal.clone()));
            }
            if let Some((_, shorter)) = literal.split_last() {
                out.push((at, 0, [shorter, b"y"].concat()));
            }
        }
    }
    out
}

fn spliced(text: &[u8], (at, cut, with): &Splice) -> Vec<u8> {
    let before = text.get(..*at).unwrap_or_default();
    [before, with, text.get(at + cut..).unwrap_or_default()].concat()
}

/// Finds what to change in the roots of one example.
struct Finder<'f> {
    of: &'f Boundary<'f>,
    roots: &'f Roots,
    /// What the loops around go through.
    over: Vec<&'f Place>,
    edits: Vec<Edit>,
}

impl<'f> Finder<'f> {
    fn of(of: &'f Boundary<'f>, roots: &'f Roots) -> Vec<Edit> {
        let over = of.rule.each.iter().map(|each| &each.source).collect();
        let mut finder = Self { of, roots, over, edits: Vec::new() };
        finder.cond(&of.rule.when);
        for i in 0..of.rule.each.len() {
            if let Some(source) = finder.over.get(i).copied() {
                finder.place(source, &[]);
            }
        }
        finder.edits
    }

    fn add(&mut self, (root, at): &(usize, Vec<Tok>), change: Change) {
        let edit = Edit { root: *root, at: at.clone(), change };
        // What the loader notes is not told but follows from the document.
        let told = root.checked_sub(1).and_then(|i| self.of.subject.roots.get(i)).is_none_or(|r| !r.located);
        if told && !self.edits.contains(&edit) {
            self.edits.push(edit);
        }
    }

    fn get(&self, (root, at): &(usize, Vec<Tok>)) -> Option<&'f Json> {
        get(self.roots.get(*root)?, at)
    }

    /// The places in the JSON that a place of the rule stands for; one that could be made, if there are none.
    fn locate(&self, place: &Place) -> Vec<(usize, Vec<Tok>)> {
        let mut found = match &place.base {
            Base::Root(root) => vec![(*root, Vec::new())],
            Base::View(_) => return Vec::new(),
            Base::Var(var) | Base::VarKey(var) => {
                let Some(over) = self.over.get(*var) else { return Vec::new() };
                let mut found = Vec::new();
                for container in self.locate(over) {
                    let toks: Vec<Tok> = match self.get(&container) {
                        Some(Json::Array(items)) if !items.is_empty() => {
                            (0..items.len().min(MOST_ELEMENTS)).map(Tok::Index).collect()
                        }
                        Some(Json::Object(map)) if !map.is_empty() => {
                            map.keys().take(MOST_ELEMENTS).cloned().map(Tok::Key).collect()
                        }
                        _ if over.shape.kind() == Kind::Map => vec![Tok::Key("x".to_owned())],
                        _ => vec![Tok::Index(0)],
                    };
                    let (root, at) = container;
                    found.extend(toks.into_iter().map(|tok| (root, [&at[..], &[tok]].concat())));
                }
                found
            }
        };
        for step in &place.steps {
            match step {
                Step::Field(name) => found.iter_mut().for_each(|(_, at)| at.push(Tok::Key(name.clone()))),
                Step::Key(key) => {
                    let keys = self.strings(key);
                    found = found
                        .iter()
                        .flat_map(|(root, at)| {
                            keys.iter().map(|key| (*root, [&at[..], &[Tok::Key(key.clone())]].concat()))
                        })
                        .collect();
                }
            }
        }
        found
    }

    /// What a value of type string is in the roots as they are.
    fn strings(&self, operand: &Operand) -> Vec<String> {
        match operand {
            Operand::Str(s) => vec![String::from_utf8_lossy(s).into_owned()],
            Operand::Place(place) if matches!(place.base, Base::VarKey(_)) && place.steps.is_empty() => {
                let found = self.locate(place);
                found
                    .into_iter()
                    .filter_map(|(_, at)| match at.last() {
                        Some(Tok::Key(key)) => Some(key.clone()),
                        _ => None,
                    })
                    .collect()
            }
            Operand::Place(place) => {
                let found = self.locate(place);
                let strings = found.iter().filter_map(|at| self.get(at)?.as_str().map(str::to_owned));
                strings.collect()
            }
            _ => Vec::new(),
        }
    }

    /// Gives a place values.
    fn place(&mut self, place: &'f Place, values: &[Json]) {
        if let Base::View(call) = &place.base {
            for arg in &call.args {
                self.operand(arg, values);
            }
            return;
        }
        for step in &place.steps {
            if let Step::Key(key) = step {
                self.operand(key, &[]);
            }
        }
        let is_key = matches!(place.base, Base::VarKey(_)) && place.steps.is_empty();
        for at in self.locate(place) {
            let name = at.1.iter().rev().find_map(|tok| match tok {
                Tok::Key(key) => Some(key.as_str()),
                Tok::Index(_) => None,
            });
            let root =
                at.0.checked_sub(1).and_then(|i| self.of.subject.roots.get(i)).map(|r| r.name.as_str());
            let mut name = name.or(root).unwrap_or_default().to_owned();
            // An entry of a map shares its values with its neighbours.
            let around = at.1.len().checked_sub(2).and_then(|i| at.1.get(i));
            let around = around.and_then(|tok| match tok {
                Tok::Key(key) => Some(key.clone()),
                Tok::Index(_) => None,
            });
            if is_key {
                name = format!("{}{{}}", around.clone().unwrap_or_default());
            }
            let pooled = self.of.pool.get(&name).or_else(|| self.of.pool.get(&around?));
            let all: Vec<Json> = values.iter().chain(pooled.into_iter().flatten()).cloned().collect();
            for value in all {
                match value {
                    Json::String(key) if is_key => self.add(&at, Change::Rename(key)),
                    value => self.add(&at, Change::Set(value)),
                }
            }
            let old = match (at.1.last(), self.get(&at)) {
                (Some(Tok::Key(key)), _) if is_key => Some(key.clone()),
                (_, Some(Json::String(old))) if place.shape.kind() == Kind::Str => Some(old.clone()),
                _ => None,
            };
            for value in old.iter().flat_map(|_| values).filter_map(Json::as_str) {
                for text in [
                    format!("{}{value}", old.as_deref().unwrap_or_default()),
                    format!("{value}{}", old.as_deref().unwrap_or_default()),
                ] {
                    self.add(&at, if is_key { Change::Rename(text) } else { Change::Set(text.into()) });
                }
            }
            self.add(&at, Change::Remove);
            if let Some(value) = some(&place.shape) {
                self.add(&at, Change::Set(value));
            }
        }
    }

    fn operand(&mut self, operand: &'f Operand, values: &[Json]) {
        match operand {
            Operand::Place(place) => self.place(place, values),
            Operand::Cond(cond) => self.cond(cond),
            Operand::Size(place) => {
                let sizes: Vec<i64> = values.iter().filter_map(Json::as_i64).collect();
                self.sizes(place, &sizes);
            }
            _ => {}
        }
    }

    /// Gives a place sizes.
    fn sizes(&mut self, place: &'f Place, sizes: &[i64]) {
        for size in sizes.iter().copied().filter(|size| (0..LONGEST).contains(size)) {
            let count = usize::try_from(size).unwrap_or(0);
            if place.shape.kind() == Kind::Str || matches!(place.base, Base::View(_)) {
                self.place(place, &["a".repeat(count).into()]);
                continue;
            }
            for at in self.locate(place) {
                let now = self.get(&at);
                let value = match place.shape.kind() {
                    Kind::Map => {
                        let mut map = now.and_then(Json::as_object).cloned().unwrap_or_default();
                        let value = map.values().next().cloned();
                        let value = value.or_else(|| some(&place.shape.element()?)).unwrap_or(json!("x"));
                        while map.len() > count {
                            let Some(last) = map.keys().next_back().cloned() else { break };
                            map.shift_remove(&last);
                        }
                        while map.len() < count {
                            map.insert(format!("x{}", map.len()), value.clone());
                        }
                        Json::Object(map)
                    }
                    _ => {
                        let list = now.and_then(Json::as_array).cloned().unwrap_or_default();
                        let value = list.first().cloned();
                        let value = value.or_else(|| some(&place.shape.element()?)).unwrap_or(json!("x"));
                        let more = std::iter::repeat(value);
                        Json::Array(list.into_iter().chain(more).take(count).collect())
                    }
                };
                self.add(&at, Change::Set(value));
            }
        }
    }

    /// Values around one literal or what another place holds.
    fn around(&self, operand: &Operand) -> Vec<Json> {
        match operand {
            Operand::Int(n) => around_int(*n),
            Operand::Str(s) => around_text(&String::from_utf8_lossy(s)),
            Operand::Place(place) => {
                let found = self.locate(place);
                let mut out: Vec<Json> = self.strings(operand).iter().flat_map(|s| around_text(s)).collect();
                for at in found {
                    out.extend(self.get(&at).and_then(Json::as_i64).into_iter().flat_map(around_int));
                }
                if place.shape.kind() == Kind::Int {
                    out.extend(around_int(0));
                }
                out
            }
            _ => around_int(1),
        }
    }

    fn cond(&mut self, cond: &'f Cond) {
        match cond {
            Cond::Const(_) => {}
            Cond::Not(inner) => self.cond(inner),
            Cond::All(parts) | Cond::Any(parts) => parts.iter().for_each(|part| self.cond(part)),
            Cond::Exists { over, var, body } => {
                self.sizes(over, &[0, 1, 2]);
                self.place(over, &[]);
                self.over.truncate(*var);
                self.over.push(over);
                self.cond(body);
                self.over.truncate(*var);
            }
            Cond::Truth(place) => self.place(place, &[json!(true), json!(false)]),
            Cond::Present(place) => self.place(place, &[Json::Null]),
            Cond::Same(left, right) | Cond::Order(_, left, right) => {
                let (l, r) = (self.around(right), self.around(left));
                self.operand(left, &l);
                self.operand(right, &r);
            }
            Cond::OneOf(value, literals) => {
                let values: Vec<_> = literals.iter().flat_map(|literal| self.around(literal)).collect();
                self.operand(value, &values);
            }
            Cond::HasKey(value, place) | Cond::HasElement(value, place) => self.membership(value, place),
            Cond::Text(value, test) => {
                let values = match test {
                    TextTest::StartsWith(s) | TextTest::EndsWith(s) | TextTest::Contains(s) => {
                        around_text(&String::from_utf8_lossy(s))
                    }
                    TextTest::Matches(pattern, _) => {
                        let odd = pattern.chars().filter(|c| !c.is_ascii_alphanumeric());
                        let odd = odd.flat_map(|c| [format!("{c}"), format!("a{c}b")]);
                        odd.chain(["a".to_owned(), "0".to_owned(), "é".to_owned()]).map(Json::from).collect()
                    }
                };
                self.operand(value, &values);
            }
        }
    }

    /// A value in a list or map, and not.
    fn membership(&mut self, value: &'f Operand, place: &'f Place) {
        let named = self.strings(value);
        for at in self.locate(place) {
            let located =
                at.0.checked_sub(1)
                    .and_then(|i| self.of.subject.roots.get(i))
                    .is_some_and(|root| root.located);
            if located {
                // What the loader noted of the document's keys.
                for name in &named {
                    let at = (0, vec![Tok::Key(name.clone())]);
                    self.add(&at, Change::Remove);
                    for value in [json!(true), json!(false), json!("x")] {
                        self.add(&at, Change::Set(value));
                    }
                }
                continue;
            }
            for name in &named {
                let change = match (place.shape.kind(), self.get(&at)) {
                    (Kind::Map, now) => {
                        let mut map = now.and_then(Json::as_object).cloned().unwrap_or_default();
                        let element = place.shape.element().and_then(|shape| some(&shape));
                        map.insert(name.clone(), element.unwrap_or(json!("x")));
                        Json::Object(map)
                    }
                    (_, now) => {
                        let mut list = now.and_then(Json::as_array).cloned().unwrap_or_default();
                        list.push(name.as_str().into());
                        Json::Array(list)
                    }
                };
                self.add(&at, Change::Set(change));
            }
            self.add(&at, Change::Set(if place.shape.kind() == Kind::Map { json!({}) } else { json!([]) }));
        }
        self.place(place, &[]);
        let keys: Vec<Json> = self
            .locate(place)
            .iter()
            .filter_map(|at| self.get(at))
            .flat_map(|json| match json {
                Json::Object(map) => map.keys().map(|key| key.as_str().into()).collect(),
                Json::Array(list) => list.clone(),
                _ => Vec::new(),
            })
            .chain(named.iter().flat_map(|name| around_text(name)))
            .collect();
        self.operand(value, &keys);
    }
}
