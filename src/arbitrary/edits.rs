use serde_json::{Map, Value as Json};

/// One step into a JSON value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Tok {
    Key(String),
    Index(usize),
}

/// A change of one value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Change {
    Set(Json),
    Remove,
    /// Of an entry: another key.
    Rename(String),
}

/// A change, and where: a root of the subject and the way from there.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Edit {
    pub(super) root: usize,
    pub(super) at: Vec<Tok>,
    pub(super) change: Change,
}

/// The value at a place.
pub(super) fn get<'j>(json: &'j Json, at: &[Tok]) -> Option<&'j Json> {
    at.iter().try_fold(json, |json, tok| match tok {
        Tok::Key(key) => json.get(key),
        Tok::Index(index) => json.get(index),
    })
}

/// The value at a place, which comes into being if it is not there; whatever is in the way gives way.
fn make<'j>(json: &'j mut Json, at: &[Tok]) -> Option<&'j mut Json> {
    let mut json = json;
    for tok in at {
        json = match tok {
            Tok::Key(key) => {
                if !json.is_object() {
                    *json = Json::Object(Map::new());
                }
                json.as_object_mut()?.entry(key.clone()).or_insert(Json::Null)
            }
            Tok::Index(index) => {
                if !json.is_array() {
                    *json = Json::Array(Vec::new());
                }
                let list = json.as_array_mut()?;
                while list.len() <= *index {
                    list.push(Json::Null);
                }
                list.get_mut(*index)?
            }
        };
    }
    Some(json)
}

impl Edit {
    /// Carries the change out.
    pub(super) fn apply(&self, json: &mut Json) {
        let around = self.at.split_last();
        match (&self.change, around) {
            (Change::Set(value), _) => {
                if let Some(place) = make(json, &self.at) {
                    *place = value.clone();
                }
            }
            (Change::Remove, None) => *json = Json::Object(Map::new()),
            (Change::Remove, Some((last, before))) => match (make(json, before), last) {
                (Some(Json::Object(map)), Tok::Key(key)) => drop(map.shift_remove(key)),
                (Some(Json::Array(list)), Tok::Index(index)) if *index < list.len() => {
                    list.remove(*index);
                }
                _ => {}
            },
            (Change::Rename(new), Some((Tok::Key(old), before))) => {
                if let Some(Json::Object(map)) = make(json, before) {
                    let value = map.shift_remove(old).unwrap_or(Json::Null);
                    map.insert(new.clone(), value);
                }
            }
            (Change::Rename(_), _) => {}
        }
    }
}
