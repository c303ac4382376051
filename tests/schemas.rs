//! The schema files under `spec/` load, and say what the originals' structs say.
#![allow(clippy::unwrap_used)]

use plimsoll::schema::{Schema, Type};

fn schema(name: &str) -> Schema {
    let path = format!("{}/spec/schema/{name}.toml", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap();
    Schema::parse(&text).unwrap_or_else(|e| panic!("{path}: {:#?}", e.problems))
}

#[test]
fn every_schema_file_loads() {
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/spec/schema")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        if text.contains("[schema]") {
            assert_eq!(schema(name).id(), name);
        }
    }
}

#[test]
fn go_names_are_those_of_error_messages() {
    let daemon = schema("daemon");
    let root = daemon.get(daemon.root());
    let go = |name: &str| root.field(name).map(|(_, f)| f.go.as_str());
    assert_eq!(root.go_short(), "Config");
    assert_eq!(go("mtu"), Some("int"));
    assert_eq!(go("runtimes"), Some("map[string]system.Runtime"));
    assert_eq!(go("default-network-opts"), Some("map[string]map[string]string"));
    assert_eq!(go("default-ulimits"), Some("map[string]*units.Ulimit"));
    assert_eq!(go("log-format"), Some("log.OutputFormat"));
}

#[test]
fn profiles_see_their_own_fields() {
    let daemon = schema("daemon");
    let old = daemon.at_profile(&|p| p == "moby-23");
    let new = daemon.at_profile(&|_| true);
    let runtime = |s: &Schema| {
        let (_, runtimes) = s.get(s.root()).field("runtimes").unwrap();
        let Type::Map(of) = &runtimes.ty else { panic!("runtimes is a map") };
        let Type::Struct(id) = **of else { panic!("of structs") };
        s.get(id).fields.iter().map(|f| f.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(runtime(&old), ["path", "runtimeArgs"]);
    assert_eq!(runtime(&new), ["path", "runtimeArgs", "runtimeType", "options"]);
    assert!(old.get(old.root()).field("bip6").is_none());
    assert!(new.get(new.root()).field("bip6").is_some());
    assert_eq!(new.get(new.root()).field("allow-nondistributable-artifacts").unwrap().1.ty, Type::Any);
}

#[test]
fn flags_of_fields_fit_their_types_and_names_are_unambiguous() {
    let problems = |fields: &str| {
        let text = format!(
            r#"
            schema = {{ id = "s", root = "Root", doc = "-", source = "tests" }}
            struct.A = {{ doc = "-", fields = [{{ name = "x", type = "int", doc = "-" }}] }}
            struct.B = {{ doc = "-", fields = [{{ name = "a", type = "A", embed = true, doc = "-" }}] }}
            struct.Root = {{ doc = "-", fields = [{fields}] }}"#
        );
        let found = Schema::parse(&text).err().map(|e| e.problems).unwrap_or_default();
        found.into_iter().map(|p| p.message).collect::<Vec<_>>()
    };
    let field =
        |name: &str, ty: &str| format!("{{ name = '{name}', type = '{ty}', embed = true, doc = '-' }},");
    assert_eq!(problems(&field("a", "*A")), Vec::<String>::new());
    assert_eq!(problems(&(field("a", "A") + &field("b", "*A"))), ["Root.b: there is a field `x` already"]);
    assert_eq!(problems(&field("b", "B")), ["Root.b: an embedded struct embeds another"]);
    assert_eq!(problems(&field("i", "int")), ["Root.i: only a struct can be embedded"]);
    let own = "{ name = 'x', type = 'int', doc = '-' },";
    assert_eq!(problems(&(field("a", "A") + own)), ["Root.a: there is a field `x` already"]);
    assert_eq!(
        problems("{ name = 'i', type = 'int', words = true, doc = '-' }"),
        ["`words` is for lists of strings"]
    );
}
