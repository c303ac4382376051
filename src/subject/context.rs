use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Value as Json;

use super::judge::JudgeError;
use crate::schema::{Schema, Type};

/// Host facts as the schema has them: `"sysinfo": "full"` and `"none"` stand for every capability present or absent.
///
/// A fact that the schema does not have is an error: taken for unknown, a slip of the pen would go unseen.
pub(super) fn host_facts<'h>(text: Option<&'h [u8]>, schema: &Schema) -> Result<Cow<'h, [u8]>, JudgeError> {
    let Some(text) = text else { return Ok(Cow::Borrowed(b"{}")) };
    let fail = |reason: String| JudgeError::Context { what: "host facts", reason };
    let mut facts: serde_json::Map<String, Json> =
        serde_json::from_slice(text).map_err(|e| fail(e.to_string()))?;
    let root = schema.get(schema.root());
    if let Some(unknown) = facts.keys().find(|key| root.field(key).is_none()) {
        let known: Vec<_> = root.fields.iter().map(|f| f.name.as_str()).collect();
        return Err(fail(format!("there is no fact `{unknown}` (there are: {})", known.join(", "))));
    }
    let all = match facts.get("sysinfo") {
        Some(Json::String(s)) if s == "full" => true,
        Some(Json::String(s)) if s == "none" => false,
        Some(Json::String(s)) => {
            return Err(fail(format!("`sysinfo` is \"full\", \"none\" or an object, not \"{s}\"")));
        }
        _ => return Ok(Cow::Borrowed(text)),
    };
    let capabilities = match root.field("sysinfo").map(|(_, f)| f.ty.pointee()) {
        Some(Type::Struct(id)) => {
            schema.get(*id).fields.iter().map(|f| (f.name.clone(), Json::Bool(all != f.lack))).collect()
        }
        _ => serde_json::Map::new(),
    };
    facts.insert("sysinfo".to_owned(), Json::Object(capabilities));
    serde_json::to_vec(&facts).map(Cow::Owned).map_err(|e| fail(e.to_string()))
}

/// A name as it was given: JSON, or bytes that JSON cannot hold.
pub(super) struct NameDocument<'n> {
    pub(super) json: Cow<'n, [u8]>,
    pub(super) bytes: Option<Vec<u8>>,
}

/// Reads `{"name"}` or `{"name_base64"}`.
pub(super) fn name(text: &[u8]) -> Result<NameDocument<'_>, JudgeError> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Name {
        name: Option<String>,
        name_base64: Option<String>,
    }
    let fail = |reason: String| JudgeError::Context { what: "name", reason };
    let name: Name = serde_json::from_slice(text).map_err(|e| fail(e.to_string()))?;
    match (name.name, name.name_base64) {
        (Some(_), None) => Ok(NameDocument { json: Cow::Borrowed(text), bytes: None }),
        (None, Some(encoded)) => {
            let bytes = data_encoding::BASE64.decode(encoded.as_bytes()).map_err(|e| fail(e.to_string()))?;
            Ok(NameDocument { json: Cow::Borrowed(b"{}"), bytes: Some(bytes) })
        }
        _ => Err(fail("it needs either `name` or `name_base64`".to_owned())),
    }
}
