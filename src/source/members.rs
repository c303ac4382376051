use std::borrow::Cow;
use std::fmt;

use serde::Deserializer;
use serde::de::{Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::near::nearest;

/// The members of one JSON object: each key once, each value as the text it has.
#[derive(Debug, Default)]
pub(crate) struct Members<'l>(Vec<(Cow<'l, str>, &'l str)>);

impl<'l> Members<'l> {
    /// Reads an object; `what` names it in errors.
    pub(crate) fn parse(text: &'l str, what: &str) -> Result<Self, String> {
        let mut deserializer = serde_json::Deserializer::from_str(text);
        deserializer
            .deserialize_map(MembersVisitor)
            .and_then(|members| deserializer.end().map(|()| members))
            .map_err(|error| format!("{what} is not a JSON object: {}", reason(&error)))
    }

    /// Takes out the text of one value.
    pub(crate) fn take(&mut self, key: &str) -> Option<&'l str> {
        let at = self.0.iter().position(|(k, _)| k == key)?;
        Some(self.0.swap_remove(at).1)
    }

    /// Takes out a value that must be a string, if it is there.
    pub(crate) fn take_string(&mut self, key: &str) -> Result<Option<Cow<'l, str>>, String> {
        self.take(key).map(|text| string(text, key)).transpose()
    }

    /// Takes out a value that must be a string in base 64, if it is there.
    pub(crate) fn take_base64(&mut self, key: &str) -> Result<Option<Vec<u8>>, String> {
        let Some(text) = self.take_string(key)? else { return Ok(None) };
        match data_encoding::BASE64.decode(text.as_bytes()) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) => Err(format!("`{key}` is not base 64: {error}")),
        }
    }

    /// What is left.
    pub(crate) fn rest(self) -> impl Iterator<Item = (Cow<'l, str>, &'l str)> {
        self.0.into_iter()
    }

    /// Refuses what is left if it looks like a misspelling of one of `known`.
    pub(crate) fn refuse_misspelt(self, known: &[&str]) -> Result<(), String> {
        for (key, _) in &self.0 {
            if let Some(meant) = nearest(key, known.iter().copied()) {
                return Err(format!("unknown key `{key}`; perhaps `{meant}` is meant"));
            }
        }
        Ok(())
    }

    /// Refuses whatever is left.
    pub(crate) fn refuse_others(self, what: &str, known: &[&str]) -> Result<(), String> {
        match self.0.first() {
            None => Ok(()),
            Some((key, _)) => Err(format!("unknown key `{key}` in {what} (known: {})", known.join(", "))),
        }
    }
}

/// The text of a JSON string, unescaped.
pub(crate) fn string<'l>(text: &'l str, key: &str) -> Result<Cow<'l, str>, String> {
    #[derive(serde::Deserialize)]
    struct Text<'l>(#[serde(borrow)] Cow<'l, str>);
    match serde_json::from_str::<Text<'l>>(text) {
        Ok(Text(text)) => Ok(text),
        Err(_) => Err(format!("`{key}` must be a string")),
    }
}

/// What serde_json says, without the line number: a case is one line.
pub(crate) fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let plain = text.split(" at line ").next().unwrap_or_default();
    if error.column() > 0 { format!("{plain} at column {}", error.column()) } else { plain.to_owned() }
}

struct MembersVisitor;

impl<'l> Visitor<'l> for MembersVisitor {
    type Value = Members<'l>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'l>>(self, mut map: A) -> Result<Members<'l>, A::Error> {
        let mut members = Members::default();
        while let Some(Key(key)) = map.next_key()? {
            if members.0.iter().any(|(k, _)| *k == key) {
                return Err(A::Error::custom(format_args!("key `{key}` stands twice")));
            }
            if members.0.len() >= 64 {
                return Err(A::Error::custom("more than 64 keys"));
            }
            members.0.push((key, map.next_value::<&'l RawValue>()?.get()));
        }
        Ok(members)
    }
}

#[derive(serde::Deserialize)]
struct Key<'l>(#[serde(borrow)] Cow<'l, str>);
