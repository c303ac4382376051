use serde_json::{Map, Value as Json};

use crate::facts::{Facts, Item, Loaded, Value};
use crate::schema::{FieldDef, Type};

/// What a container-create body resolves to: `effective` is what the decoder hands on, nothing if it hands on nothing.
pub(super) fn effective(loaded: &Loaded<'_>) -> Option<Json> {
    let found = |list| Item::root(&loaded.load, list).is_some_and(|item| item.size() > 0 || item.bool());
    if ["empty", "syntax", "types", "trailing"].into_iter().any(found) {
        return None;
    }
    let part = |name| Item::root(&loaded.facts, name).map_or(Json::Null, |item| whole(&item));
    Some(serde_json::json!({ "Config": part("Config"), "HostConfig": part("HostConfig") }))
}

/// A struct without its zero values; null for a nil pointer.
fn whole(item: &Item<'_, '_>) -> Json {
    if !item.is_present() {
        return Json::Null;
    }
    members(item, |field, value| !is_zero(field, value))
}

/// Whether a field has its zero value: structs and Go arrays are printed even so.
fn is_zero(field: &FieldDef, value: &Json) -> bool {
    match value {
        Json::Object(members) if matches!(field.ty, Type::Struct(_)) => members.values().all(is_blank),
        Json::Array(elements) if field.fixed.is_some() => elements.iter().all(is_blank),
        value => is_blank(value),
    }
}

/// What Go's `omitempty` leaves out.
fn is_blank(value: &Json) -> bool {
    match value {
        Json::Null | Json::Bool(false) => true,
        Json::Number(n) => n.as_i64() == Some(0),
        Json::String(s) => s.is_empty(),
        Json::Array(a) => a.is_empty(),
        Json::Object(o) => o.is_empty(),
        Json::Bool(true) => false,
    }
}

fn members(item: &Item<'_, '_>, keep: impl Fn(&FieldDef, &Json) -> bool) -> Json {
    let Type::Struct(id) = item.ty().pointee() else { return Json::Null };
    let fields = &item.facts().schema().get(*id).fields;
    let members = fields.iter().filter_map(|field| {
        let inner = item.field(&field.name)?;
        let value = print(&inner);
        let kept = keep(field, &value) || is_pointer_to_zero(&inner);
        kept.then(|| (field.name.clone(), value))
    });
    Json::Object(members.collect())
}

/// A pointer to a zero value is not zero.
fn is_pointer_to_zero(item: &Item<'_, '_>) -> bool {
    matches!(item.ty(), Type::Pointer(_)) && item.is_present()
}

/// As `json.Marshal` prints it, key order aside. The schema has no cycles, so that this ends.
fn print(item: &Item<'_, '_>) -> Json {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if item.ty().is_nillable() && !item.is_present() {
        return Json::Null;
    }
    match item.ty().pointee() {
        Type::Bool => item.bool().into(),
        Type::Int(_) => item.int().into(),
        Type::String | Type::Text(_) => text(item.str()).into(),
        Type::List(_) => item.elements().map(|element| print(&element)).collect(),
        Type::Map(_) => {
            Json::Object(item.entries().map(|(key, value)| (text(key), print(&value))).collect::<Map<_, _>>())
        }
        Type::Struct(_) => members(item, |field, value| !(field.omit && is_blank(value))),
        Type::Float | Type::Any | Type::Pointer(_) => Json::Null,
    }
}

/// What the daemon adds to the security options: moby `daemon/create.go` `generateSecurityOpt`. Null if nothing.
pub(super) fn security_opt(document: &Facts<'_>, host: &Facts<'_>) -> Json {
    let field = |name| Item::root(document, "HostConfig")?.field(name);
    let text = |name| field(name).map_or(&[][..], |item| item.str());
    let options = field("SecurityOpt");
    let mut options = options.iter().flat_map(Item::elements);
    if options.any(|option| option.str().split(|c| *c == b'=').next() == Some(b"label")) {
        return Json::Null;
    }
    let (ipc, pid) = (text("IpcMode"), text("PidMode"));
    if ipc == b"host" || pid == b"host" || field("Privileged").is_some_and(|item| item.bool()) {
        return serde_json::json!(["label=disable"]);
    }
    let label = |mode: &[u8]| -> Option<Vec<u8>> {
        let name = mode.strip_prefix(b"container:").filter(|name| !name.is_empty())?;
        let name = name.strip_prefix(b"/").unwrap_or(name);
        Item::root(host, "containers").map(|containers| containers.get(name).str().to_vec())
    };
    match (label(ipc), label(pid)) {
        (Some(one), None) | (None, Some(one)) => labels(&one),
        // With a label on one side only nothing is added; two that differ are refused.
        (Some(one), Some(other)) if !one.is_empty() && !other.is_empty() => labels(&other),
        _ => Json::Null,
    }
}

/// `selinux.DupSecOpt`: the four parts of a label as options.
fn labels(label: &[u8]) -> Json {
    if label.is_empty() {
        return Json::Null;
    }
    let parts = label.splitn(4, |c| *c == b':');
    let parts = ["user", "role", "type", "level"].into_iter().zip(parts);
    parts.map(|(name, part)| format!("label={name}:{}", String::from_utf8_lossy(part))).collect()
}

/// Marks everything that an image does not have as told: it is known to be absent.
pub(super) fn told(image: &mut Facts<'_>) {
    let schema = image.schema().clone();
    for field in &schema.get(schema.root()).fields {
        let Some((id, Type::List(_))) = image.root_field(&field.name) else { continue };
        if image.slot(id).value == Value::Zero {
            let list = image.new_list();
            if let Some(slot) = image.slot_mut(id) {
                slot.value = Value::List(list);
            }
        }
    }
}
