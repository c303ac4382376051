use std::borrow::Cow;

use serde_json::Value as Json;

use super::judge::JudgeError;
use crate::schema::{Schema, StructDef, Type};
use crate::source::{Members, nearest};

/// Host facts as the schema has them: `"sysinfo": "full"` and `"none"` stand for every capability present or absent.
///
/// A fact that the schema does not have is an error: taken for unknown, a slip of the pen would go unseen.
pub(super) fn host_facts<'h>(text: Option<&'h [u8]>, schema: &Schema) -> Result<Cow<'h, [u8]>, JudgeError> {
    let Some(text) = text else { return Ok(Cow::Borrowed(b"{}")) };
    let fail = |reason: String| JudgeError::Context { what: HOST, reason };
    let mut facts = known_facts(HOST, text, schema)?;
    let sysinfo = schema.get(schema.root()).field("sysinfo").map(|(_, field)| field.ty.pointee());
    let sysinfo = match sysinfo {
        Some(Type::Struct(id)) => Some(schema.get(*id)),
        _ => None,
    };
    let all = match (facts.get("sysinfo"), sysinfo) {
        (Some(Json::String(s)), _) if s == "full" => true,
        (Some(Json::String(s)), _) if s == "none" => false,
        (Some(Json::String(s)), _) => {
            return Err(fail(format!("`sysinfo` is \"full\", \"none\" or an object, not \"{s}\"")));
        }
        (Some(Json::Object(told)), Some(def)) => {
            known(HOST, "fact `sysinfo.", told, def)?;
            return Ok(Cow::Borrowed(text));
        }
        _ => return Ok(Cow::Borrowed(text)),
    };
    let fields = sysinfo.map(|def| def.fields.as_slice()).unwrap_or_default();
    let capabilities = fields.iter().map(|f| (f.name.clone(), Json::Bool(all != f.lack))).collect();
    facts.insert("sysinfo".to_owned(), Json::Object(capabilities));
    serde_json::to_vec(&facts).map(Cow::Owned).map_err(|e| fail(e.to_string()))
}

const HOST: &str = "host facts";

/// A JSON object whose keys are fields of the schema's root, spelt exactly.
pub(super) fn known_facts(
    what: &'static str,
    text: &[u8],
    schema: &Schema,
) -> Result<serde_json::Map<String, Json>, JudgeError> {
    let facts =
        serde_json::from_slice(text).map_err(|e| JudgeError::Context { what, reason: e.to_string() })?;
    known(what, "fact `", &facts, schema.get(schema.root()))?;
    Ok(facts)
}

/// Refuses a key that the struct does not have, with the nearest one that it has, or all of them.
fn known(
    what: &'static str,
    kind: &str,
    told: &serde_json::Map<String, Json>,
    def: &StructDef,
) -> Result<(), JudgeError> {
    let Some(unknown) = told.keys().find(|key| def.field(key).is_none()) else { return Ok(()) };
    let names = || def.fields.iter().map(|field| field.name.as_str());
    let hint = match nearest(unknown, names()) {
        Some(meant) => format!("perhaps `{meant}` is meant"),
        None => format!("there are: {}", names().collect::<Vec<_>>().join(", ")),
    };
    Err(JudgeError::Context { what, reason: format!("there is no {kind}{unknown}` ({hint})") })
}

/// A name as it was given: JSON, or bytes that JSON cannot hold.
pub(super) struct NameDocument<'n> {
    pub(super) json: Cow<'n, [u8]>,
    pub(super) bytes: Option<Vec<u8>>,
}

/// Reads `{"name"}` or `{"name_base64"}`.
pub(super) fn name(text: &[u8]) -> Result<NameDocument<'_>, JudgeError> {
    let fail = |reason: String| JudgeError::Context { what: "name", reason };
    let utf8 =
        str::from_utf8(text).map_err(|e| fail(format!("not UTF-8 at byte {}", e.valid_up_to() + 1)))?;
    let mut members = Members::parse(utf8, "it").map_err(fail)?;
    let plain = members.take_string("name").map_err(fail)?;
    let bytes = members.take_base64("name_base64").map_err(fail)?;
    members.refuse_others("it", &["name", "name_base64"]).map_err(fail)?;
    match (plain, bytes) {
        (Some(_), None) => Ok(NameDocument { json: Cow::Borrowed(text), bytes: None }),
        (None, Some(bytes)) => Ok(NameDocument { json: Cow::Borrowed(b"{}"), bytes: Some(bytes) }),
        _ => Err(fail("it needs either `name` or `name_base64`".to_owned())),
    }
}
