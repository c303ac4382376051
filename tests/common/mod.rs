//! A small schema with every kind of type, and a way to look at decoded documents as a whole.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use plimsoll::facts::{AnyRef, AnyValue, Facts, Item, Limits, Loaded, Slot, SlotId, Value, decode};
use plimsoll::schema::{Schema, StructId, Type};
use plimsoll::source::Span;
use serde_json::{Map, Value as Json, json};

/// Documents with a struct behind a pointer, as a container-create body has them.
pub(crate) fn create() -> Schema {
    parse(
        r#"
        schema = { id = "create", root = "Config", doc = "a create body", source = "tests" }
        [struct.Config]
        go = "container.Config"
        doc = "the body"
        fields = [
            { name = "Image", type = "string", doc = "-" },
            { name = "HostConfig", type = "*HostConfig", doc = "-" },
            { name = "Any", type = "any", doc = "-" },
            { name = "Skip", type = "Skip", doc = "-" },
        ]
        [struct.Skip]
        doc = "-"
        fields = [{ name = "Kelvin", type = "string", doc = "-" }, { name = "kelvin", type = "int", doc = "-" }]
        [struct.HostConfig]
        go = "container.HostConfig"
        doc = "-"
        fields = [
            { name = "Runtime", type = "string", doc = "-" },
            { name = "Privileged", type = "bool", doc = "-" },
            { name = "Init", type = "*bool", doc = "-" },
            { name = "Memory", type = "int64", doc = "-" },
            { name = "Port", type = "uint16", doc = "-" },
            { name = "Weight", type = "float", doc = "-" },
            { name = "Binds", type = "[string]", doc = "-" },
            { name = "Devices", type = "[Device]", doc = "-" },
            { name = "Pointers", type = "[*Device]", doc = "-" },
            { name = "Tmpfs", type = "{string}", doc = "-" },
            { name = "Ports", type = "{[Device]}", doc = "-" },
            { name = "Named", type = "{Device}", doc = "-" },
            { name = "NetworkMode", type = "string", doc = "-" },
        ]
        [struct.Device]
        go = "container.Device"
        doc = "-"
        fields = [
            { name = "A", type = "int", doc = "-" },
            { name = "B", type = "string", doc = "-" },
            { name = "C", type = "[string]", doc = "-" },
        ]
    "#,
    )
}

/// A configuration like daemon.json's.
pub(crate) fn daemon() -> Schema {
    parse(
        r#"
        [schema]
        id = "daemon"
        root = "Config"
        doc = "a configuration"
        source = "tests"
        flag_only = ["label", "http-proxy", "validate", "restart", "help"]
        [struct.Config]
        go = "config.Config"
        doc = "the file"
        fields = [
            { name = "debug", type = "bool", doc = "-" },
            { name = "labels", type = "[string]", doc = "-" },
            { name = "mtu", type = "int", default = 1500, doc = "-" },
            { name = "data-root", type = "string", default = "/var/lib/docker", doc = "-" },
            { name = "userland-proxy", type = "bool", default = true, flag = true, doc = "-" },
            { name = "live-restore", type = "bool", flag = true, doc = "-" },
            { name = "tls", type = "*bool", doc = "-" },
            { name = "ip", type = "ip", doc = "-" },
            { name = "dns", type = "[ip]", doc = "-" },
            { name = "default-shm-size", type = "membytes", default = 67108864, doc = "-" },
            { name = "default-address-pools", type = "[*Pool]", own = true, doc = "-" },
            { name = "runtimes", type = "{Runtime}", flat = true, doc = "-" },
            { name = "log-opts", type = "{string}", flat = true, doc = "-" },
            { name = "builder", type = "Builder", flat = true, doc = "-" },
            { name = "proxies", type = "Proxies", unlisted = true, doc = "-" },
            { name = "default-init", type = "string", unlisted = true, doc = "-" },
        ]
        [struct.Pool]
        go = "ipamutils.NetworkToSplit"
        doc = "-"
        fields = [{ name = "base", type = "prefix", doc = "-" }, { name = "size", type = "int", doc = "-" }]
        [struct.Runtime]
        go = "system.Runtime"
        doc = "-"
        fields = [
            { name = "path", type = "string", doc = "-" },
            { name = "runtimeArgs", type = "[string]", doc = "-" },
            { name = "options", type = "{any}", doc = "-" },
        ]
        [struct.Proxies]
        go = "config.Proxies"
        doc = "-"
        fields = [{ name = "http-proxy", type = "string", doc = "-" }]
        [struct.Builder]
        go = "config.BuilderConfig"
        doc = "-"
        fields = [{ name = "GC", type = "Gc", doc = "-" }, { name = "History", type = "*History", doc = "-" }]
        [struct.Gc]
        go = "config.BuilderGCConfig"
        doc = "-"
        fields = [{ name = "Enabled", type = "bool", doc = "-" }, { name = "Policy", type = "[Rule]", doc = "-" }]
        [struct.Rule]
        go = "config.BuilderGCRule"
        doc = "-"
        fields = [{ name = "All", type = "bool", doc = "-" }, { name = "Filter", type = "gcfilter", doc = "-" }]
        [struct.History]
        go = "config.BuilderHistoryConfig"
        doc = "-"
        fields = [{ name = "MaxAge", type = "duration", doc = "-" }, { name = "MaxEntries", type = "int64", doc = "-" }]
    "#,
    )
}

fn parse(text: &str) -> Schema {
    Schema::parse(text).unwrap_or_else(|e| panic!("{:?}", e.problems))
}

/// What the facts hold, zero values and nils left out.
pub(crate) fn dump(facts: &Facts<'_>) -> Json {
    record(facts, facts.schema().root(), facts.root())
}

/// All slots that are reachable, with the name of the field or `None` for elements and entries.
pub(crate) fn slots<'f, 's>(facts: &'f Facts<'s>) -> Vec<(Option<String>, &'f Slot<'s>)> {
    let mut out = Vec::new();
    let mut todo: Vec<(Option<String>, SlotId, Type)> = fields(facts, facts.schema().root(), facts.root());
    while let Some((name, id, ty)) = todo.pop() {
        let slot = facts.slot(id);
        out.push((name, slot));
        match (&slot.value, ty.pointee()) {
            (Value::Record(base), Type::Struct(id)) => todo.extend(fields(facts, *id, *base)),
            (Value::List(list), Type::List(of)) => {
                todo.extend(facts.list(*list).iter().map(|id| (None, *id, (**of).clone())));
            }
            (Value::Map(map), Type::Map(of)) => {
                todo.extend(facts.map(*map).iter().map(|e| (None, e.slot, (**of).clone())));
            }
            _ => {}
        }
    }
    out
}

fn fields(facts: &Facts<'_>, id: StructId, base: SlotId) -> Vec<(Option<String>, SlotId, Type)> {
    let fields = facts.schema().get(id).fields.iter().enumerate();
    fields.map(|(i, f)| (Some(f.name.clone()), facts.field_id(base, i), f.ty.clone())).collect()
}

fn record(facts: &Facts<'_>, id: StructId, base: SlotId) -> Json {
    let mut out = Map::new();
    for (name, slot, ty) in fields(facts, id, base) {
        let value = value(facts, slot, &ty);
        if value != Json::Null {
            out.insert(name.unwrap(), value);
        }
    }
    Json::Object(out)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn value(facts: &Facts<'_>, slot: SlotId, ty: &Type) -> Json {
    match (&facts.slot(slot).value, ty.pointee()) {
        (Value::Zero, _) => Json::Null,
        (Value::Bool(b), _) => json!(b),
        (Value::Int(n), _) => json!(n),
        (Value::Float(f), _) => json!(f),
        (Value::Str(s), _) => json!(text(s)),
        (Value::Record(base), Type::Struct(id)) => record(facts, *id, *base),
        (Value::List(list), Type::List(of)) => {
            facts.list(*list).iter().map(|id| value(facts, *id, of)).collect()
        }
        (Value::Map(map), Type::Map(of)) => {
            Json::Object(facts.map(*map).iter().map(|e| (text(&e.key), value(facts, e.slot, of))).collect())
        }
        (Value::Any(index), _) => any_json(AnyRef::new(facts, *index).unwrap()),
        other => panic!("{other:?}"),
    }
}

/// An `interface{}` as JSON, every number a float.
pub(crate) fn any_json(at: AnyRef<'_, '_>) -> Json {
    match at.value() {
        AnyValue::Null => Json::Null,
        AnyValue::Bool(b) => json!(b),
        AnyValue::Number(n) => json!(n),
        AnyValue::Str(s) => json!(text(s)),
        AnyValue::List => at.children().into_iter().map(any_json).collect(),
        AnyValue::Object => {
            Json::Object(at.children().into_iter().map(|c| (text(c.key()), any_json(c))).collect())
        }
    }
}

/// Decodes what the original accepts.
#[track_caller]
pub(crate) fn accepted(schema: &Schema, text: &str) -> Json {
    let decoded = decode(text.as_bytes(), schema, &Limits::default()).unwrap();
    assert_eq!(decoded.errors, [], "{text}");
    dump(&decoded.facts)
}

/// Message, text under the span, and path of the first error.
#[track_caller]
pub(crate) fn refused(schema: &Schema, text: &[u8]) -> (String, String, String) {
    let decoded = decode(text, schema, &Limits::default()).unwrap();
    let error = decoded.errors.first().expect("an error");
    let place = String::from_utf8_lossy(error.span.slice(text)).into_owned();
    (error.message.clone(), place, error.path.clone())
}

/// A list of the load document: for problems (message, path), for keys (key, ""), with the spans.
pub(crate) fn list(loaded: &Loaded<'_>, name: &str) -> Vec<(String, String, Span)> {
    let items = Item::root(&loaded.load, name).unwrap_or_else(|| panic!("no list {name}"));
    let entry = |item: Item<'_, '_>| match (item.field("message"), item.field("path")) {
        (Some(message), Some(path)) => {
            (text(message.str()), text(path.str()), item.span().unwrap_or_default())
        }
        _ => (text(item.str()), String::new(), item.span().unwrap_or_default()),
    };
    items.elements().map(entry).collect()
}

/// The first column of [`list`].
pub(crate) fn names(loaded: &Loaded<'_>, name: &str) -> Vec<String> {
    list(loaded, name).into_iter().map(|(first, _, _)| first).collect()
}
