use serde_json::{Value as Json, json};

use super::*;
use crate::facts::{self, Limits};
use crate::schema::{IntSize, Schema, Type};

const RUNC: &str = "io.containerd.runc.v2";
const RUNHCS: &str = "io.containerd.runhcs.v1";
const KATA: &str = "io.containerd.kata.v2";

fn decode_text(runtime_type: &str, options: &str) -> Option<ShimOptions> {
    let schema = "[schema]\nid = 'd'\nroot = 'D'\ndoc = 'd'\nsource = 'd'\n[struct.D]\ndoc = 'd'\n\
                  fields = [{ name = 'options', type = '{any}', doc = 'd' }]";
    let text = format!("{{\"options\":{options}}}");
    let document =
        facts::decode(text.as_bytes(), &Schema::parse(schema).unwrap(), &Limits::default()).unwrap();
    assert_eq!(document.errors, []);
    ShimOptions::decode(&Item::root(&document.facts, "options").unwrap(), runtime_type.as_bytes())
}

#[track_caller]
fn decode(runtime_type: &str, options: &Json) -> ShimOptions {
    decode_text(runtime_type, &options.to_string()).unwrap()
}

#[track_caller]
fn accepts(runtime_type: &str, options: &Json, resolved: &Json) {
    let decoded = decode(runtime_type, options);
    assert_eq!(decoded.problem, None, "{options}");
    assert_eq!(serde_json::to_value(&decoded.values).unwrap(), *resolved, "{options}");
}

#[track_caller]
fn refuses(runtime_type: &str, options: &Json, message: &str) -> OptionProblem {
    let problem = decode(runtime_type, options).problem.expect("a problem");
    assert_eq!((problem.message.as_str(), problem.crash), (message, false), "{options}");
    problem
}

#[track_caller]
fn crashes(options: &Json, message: &str) -> OptionProblem {
    let problem = decode(KATA, options).problem.expect("a problem");
    assert_eq!((problem.message.as_str(), problem.crash), (message, true), "{options}");
    problem
}

#[test]
fn the_schema_is_there_and_holds_types_that_are_handled() {
    for (structure, fields) in [(Structure::Runc, 11), (Structure::Runhcs, 23), (Structure::Generic, 3)] {
        assert_eq!(structure.fields().len(), fields, "{structure:?}");
        for field in structure.fields() {
            let bytes = Type::List(std::sync::Arc::new(Type::Int(IntSize::U8)));
            let strings = Type::Map(std::sync::Arc::new(Type::String));
            let technical = field.name.starts_with("XXX_");
            assert!(
                matches!(field.ty, Type::Bool | Type::String | Type::Int(_))
                    || field.ty == bytes
                    || field.ty == strings
                    || technical,
                "{}",
                field.name
            );
            assert_eq!(field.proto.is_none(), technical, "{}", field.name);
        }
    }
}

/// Protobuf's JSON names are the Go names in snake case, but for two whose Go names are the proto's own.
#[test]
fn proto_names_follow_go_names() {
    for field in Structure::ALL.iter().flat_map(|s| s.fields()) {
        let Some(proto) = &field.proto else { continue };
        if ["GPUVHDPath", "NCProxyAddr"].contains(&field.name.as_str()) {
            assert_eq!(*proto, field.name);
            continue;
        }
        let mut snake = String::new();
        for (i, c) in field.name.char_indices() {
            if c.is_ascii_uppercase() && i > 0 {
                snake.push('_');
            }
            snake.push(c.to_ascii_lowercase());
        }
        assert_eq!(*proto, snake);
    }
}

#[test]
fn the_type_picks_the_structure() {
    for (runtime_type, structure) in [
        (RUNC, Structure::Runc),
        ("io.containerd.runc.v1", Structure::Runc),
        (RUNHCS, Structure::Runhcs),
        (KATA, Structure::Generic),
        ("io.containerd.runsc.v1", Structure::Generic),
        ("/usr/bin/shim", Structure::Generic),
        ("", Structure::Generic),
        ("runc", Structure::Generic),
        ("IO.containerd.runc.v2", Structure::Generic),
    ] {
        assert_eq!(Structure::of(runtime_type.as_bytes()), structure);
    }
}

#[test]
fn no_options_are_no_options() {
    for none in ["null", "{}"] {
        assert_eq!(decode_text(RUNC, none), None);
    }
    accepts(RUNC, &json!({"Unknown": 1}), &json!({}));
}

#[test]
fn four_spellings_in_order() {
    for key in ["BinaryName", "binaryname", "BINARYNAME", "binaryName"] {
        accepts(RUNC, &json!({ key: "x" }), &json!({"binary_name": "x"}));
    }
    let all = json!({"binaryName": "4", "BINARYNAME": "3", "binaryname": "2", "BinaryName": "1"});
    accepts(RUNC, &all, &json!({"binary_name": "1"}));
    accepts(
        RUNC,
        &json!({"binaryName": "4", "BINARYNAME": "3", "binaryname": "2"}),
        &json!({"binary_name": "2"}),
    );
    accepts(RUNC, &json!({"binaryName": "4", "BINARYNAME": "3"}), &json!({"binary_name": "3"}));
    // The winner wins whatever it holds, and the loser may hold anything that a tree takes.
    refuses(
        RUNC,
        &json!({"binaryName": "x", "BinaryName": true}),
        "(0, 0): Can't convert true(bool) to string",
    );
    accepts(RUNC, &json!({"binaryName": true, "BinaryName": "x"}), &json!({"binary_name": "x"}));
    for key in ["binary_name", "Binaryname", "BINARYname", "BinaryName.x", "", "."] {
        accepts(RUNC, &json!({ key: true }), &json!({}));
    }
}

#[test]
fn dropped_keys_are_told() {
    let options = json!({
        "binary_name": "a", "binaryName": "b", "BinaryName": "c", "TypeUrl": "d", "nonsense": "e", "Root": "f", "root": "g",
    });
    let decoded = decode(RUNC, &options);
    let ignored: Vec<_> =
        decoded.ignored.iter().map(|k| (std::str::from_utf8(&k.key).unwrap(), k.why)).collect();
    assert_eq!(
        ignored,
        [
            ("binary_name", IgnoredWhy::Unknown { meant: Some("BinaryName") }),
            ("binaryName", IgnoredWhy::Shadowed { field: "BinaryName" }),
            ("TypeUrl", IgnoredWhy::Foreign { of: Structure::Generic, field: "TypeUrl" }),
            ("nonsense", IgnoredWhy::Unknown { meant: None }),
            ("root", IgnoredWhy::Shadowed { field: "Root" }),
        ]
    );
    assert_eq!((decoded.unknown().count(), decoded.shadowed().count(), decoded.foreign().count()), (2, 2, 1));

    let kata = decode(KATA, &json!({"BinaryName": "/usr/bin/evil", "configPath": "/etc/kata.toml"}));
    assert_eq!(serde_json::to_value(&kata.values).unwrap(), json!({"config_path": "/etc/kata.toml"}));
    assert_eq!(
        kata.ignored.iter().map(|k| k.why).collect::<Vec<_>>(),
        [IgnoredWhy::Foreign { of: Structure::Runc, field: "BinaryName" }]
    );
}

#[test]
fn every_field_takes_its_own_type_and_zero_is_left_out() {
    for structure in Structure::ALL {
        let runtime_type = match structure {
            Structure::Runc => RUNC,
            Structure::Runhcs => RUNHCS,
            Structure::Generic => KATA,
        };
        for field in structure.fields() {
            let name = field.name.as_str();
            let proto = field.proto.as_deref().unwrap_or_default();
            let (good, zero) = match &field.ty {
                Type::Bool => (json!(true), json!(false)),
                Type::String => (json!("x\u{0}\"\n"), json!("")),
                Type::Map(_) => (json!({"a": "b"}), json!({})),
                Type::List(_) => {
                    accepts(runtime_type, &json!({ name: [] }), &json!({}));
                    continue;
                }
                Type::Struct(_) => {
                    accepts(runtime_type, &json!({ name: {"a": 1} }), &json!({}));
                    continue;
                }
                _ => {
                    for never in [json!(0), json!(1), json!("1"), json!(true), json!([]), json!({})] {
                        let problem = decode(runtime_type, &json!({ name: never })).problem;
                        assert!(problem.is_some_and(|p| !p.crash), "{name} {never}");
                    }
                    continue;
                }
            };
            accepts(runtime_type, &json!({ name: good }), &json!({ proto: good }));
            accepts(runtime_type, &json!({ name: zero }), &json!({}));
        }
    }
}

/// Section 5 of the record, row by row: a value against a string, a bool, an integer, bytes and a map of strings.
#[test]
fn values_against_targets() {
    // (value, as printed, string, bool, uint32, bytes, map); "" is accepted.
    let rows: &[(Json, &str, [&str; 5])] = &[
        (json!("x"), "x(string)", ["", "bool", "uint32", "[]uint8(slice)", "map[string]string(map)"]),
        (json!("1000"), "1000(string)", ["", "bool", "uint32", "[]uint8(slice)", "map[string]string(map)"]),
        (json!("Zm9v"), "Zm9v(string)", ["", "bool", "uint32", "[]uint8(slice)", "map[string]string(map)"]),
        (json!(true), "true(bool)", ["string", "", "uint32", "[]uint8(slice)", "map[string]string(map)"]),
        (json!(false), "false(bool)", ["string", "", "uint32", "[]uint8(slice)", "map[string]string(map)"]),
        (
            json!(1000),
            "1000(float64)",
            ["string", "bool", "uint32", "[]uint8(slice)", "map[string]string(map)"],
        ),
        (
            json!(1.5),
            "1.5(float64)",
            ["string", "bool", "uint32", "[]uint8(slice)", "map[string]string(map)"],
        ),
        (
            json!(-0.0),
            "-0(float64)",
            ["string", "bool", "uint32", "[]uint8(slice)", "map[string]string(map)"],
        ),
        (
            json!(1e6),
            "1e+06(float64)",
            ["string", "bool", "uint32", "[]uint8(slice)", "map[string]string(map)"],
        ),
        (json!({}), "(*toml.Tree)", ["a tree", "a tree", "a tree", "a tree", ""]),
        (json!({"a": "b"}), "a = \"b\"\n(*toml.Tree)", ["a tree", "a tree", "a tree", "a tree", ""]),
        (json!([]), "[]([]interface {})", ["a slice", "a slice", "a slice", "", "a slice"]),
        (json!([1, 2]), "[1 2]([]float64)", ["string", "bool", "uint32", "?", "map[string]string(map)"]),
        (json!(["a"]), "[a]([]string)", ["string", "bool", "uint32", "?", "map[string]string(map)"]),
        (json!([true]), "[true]([]bool)", ["string", "bool", "uint32", "?", "map[string]string(map)"]),
        (
            json!([[1], []]),
            "[[1] []]([][]interface {})",
            ["string", "bool", "uint32", "?", "map[string]string(map)"],
        ),
        (json!([{}]), "[]([]*toml.Tree)", ["trees"; 5]),
        (json!([{}, {"a": 1}]), "[ a = 1.0\n]([]*toml.Tree)", ["trees"; 5]),
    ];
    let targets = [
        (RUNC, "BinaryName"),
        (RUNC, "SystemdCgroup"),
        (RUNC, "IoUid"),
        (KATA, "ConfigBody"),
        (RUNHCS, "DefaultContainerAnnotations"),
    ];
    for (value, printed, outcomes) in rows {
        for ((runtime_type, field), outcome) in targets.iter().zip(outcomes) {
            match *outcome {
                "" => assert_eq!(
                    decode(runtime_type, &json!({ *field: value })).problem,
                    None,
                    "{field} {value}"
                ),
                "?" => {}
                target => {
                    let message = format!("(0, 0): Can't convert {printed} to {target}");
                    refuses(runtime_type, &json!({ *field: value }), &message);
                }
            }
        }
    }
    // Bytes: the first element is what fails.
    for (value, message) in [
        (json!([1, 2]), "Can't convert 1(float64) to uint8"),
        (json!(["a"]), "Can't convert a(string) to uint8"),
        (json!([false]), "Can't convert false(bool) to uint8"),
        (json!([[1]]), "Can't convert [1]([]interface {}) to a slice"),
        (json!([[]]), "Can't convert []([]interface {}) to a slice"),
    ] {
        refuses(KATA, &json!({ "ConfigBody": value }), &format!("(0, 0): {message}"));
    }
    for (field, target) in [
        ("VmProcessorCount", "int32"),
        ("DebugType", "options.Options_DebugType"),
        ("SandboxIsolation", "options.Options_SandboxIsolation"),
        ("XXX_sizecache", "int32"),
        ("XXX_NoUnkeyedLiteral", "struct {}"),
    ] {
        let message = format!("(0, 0): Can't convert 3e+09(float64) to {target}");
        refuses(RUNHCS, &json!({ field: 3e9 }), &message);
    }
    refuses(
        RUNC,
        &json!({"IoGid": 4_294_967_295_u32}),
        "(0, 0): Can't convert 4.294967295e+09(float64) to uint32",
    );
}

#[test]
fn trees_are_printed_as_toml() {
    let tree = json!({"a": {"b": {"c": "d"}}});
    refuses(
        RUNC,
        &json!({ "BinaryName": tree }),
        "(0, 0): Can't convert \n[a]\n\n  [a.b]\n    c = \"d\"\n(*toml.Tree) to a tree",
    );
    let tree = json!({
        "z": 1, "a b": [1.5, 2], "t": {"x": []}, "s": [{"k": true}, {}], "\"q\"": [["x", 1], []], "": "é",
    });
    refuses(
        RUNC,
        &json!({ "BinaryName": tree }),
        "(0, 0): Can't convert  = \"é\"\n\"q\" = [[\"x\", 1.0], []]\n\"a b\" = [1.5, 2.0]\nz = 1.0\n\
         \n[[s]]\n  k = true\n\n[[s]]\n\n[t]\n  x = []\n(*toml.Tree) to a tree",
    );
}

#[test]
fn fields_fail_in_the_order_of_the_structure() {
    let options = json!({"CriuPath": 1, "BinaryName": 2, "noPivotRoot": "x"});
    let problem = refuses(RUNC, &options, "(0, 0): Can't convert x(string) to bool");
    assert_eq!(problem.key, b"noPivotRoot");
    assert_eq!(problem.alternatives, []);
}

#[test]
fn a_map_of_strings_fails_by_any_of_its_keys() {
    let options = json!({"DefaultContainerAnnotations": {"a": "b", "c": 1, "d": {}, "e": 1}});
    let problem = refuses(RUNHCS, &options, "(0, 0): Can't convert 1(float64) to string");
    let message = "(0, 0): Can't convert (*toml.Tree) to a tree".to_owned();
    assert_eq!(problem.alternatives, [Alternative { message, crash: false }]);
}

/// Section 4 of the record, step 2.
#[test]
fn the_tree_refuses_or_crashes() {
    let nil = "cannot convert type <nil> to Tree";
    let object = "cannot convert type map[string]interface {} to Tree";
    for value in [
        json!(null),
        json!({"a": null}),
        json!([1, null]),
        json!([[null]]),
        json!([{}, null]),
        json!([[1], [[null]]]),
    ] {
        refuses(RUNC, &json!({ "Unknown": value }), nil);
        refuses(RUNC, &json!({ "BinaryName": value }), nil);
    }
    for value in [json!([1, {}]), json!([[{}]]), json!([["a"], {}]), json!([[[{}]]])] {
        refuses(RUNC, &json!({ "Unknown": value }), object);
    }
    for value in [json!([null]), json!([null, 1]), json!({"a": [null]}), json!([{"a": [null]}])] {
        crashes(&json!({ "Unknown": value }), "reflect: call of reflect.Value.Type on zero Value");
    }
    for (value, elem, first) in [
        (json!([1, "a"]), "string", "float64"),
        (json!([true, 1]), "float64", "bool"),
        (json!([1, [2]]), "[]interface {}", "float64"),
        (json!([[1], 2]), "float64", "[]interface {}"),
        (json!(["a", "b", false, null]), "bool", "string"),
        (json!([{}, [1, "a"]]), "string", "float64"),
    ] {
        let message = format!("reflect.Set: value of type {elem} is not assignable to type {first}");
        crashes(&json!({ "Unknown": value }), &message);
    }
    let conversion = |is: &str| format!("interface conversion: interface {{}} is {is}, not *toml.Tree");
    for value in [json!([{}, 1]), json!([{}, [1]]), json!([{}, []]), json!([{}, "a", null])] {
        crashes(&json!({ "Unknown": value }), &conversion("*toml.tomlValue"));
    }
    crashes(&json!({"Unknown": [{}, [{}]]}), &conversion("[]*toml.Tree"));
    for value in
        [json!([[1, "a"]]), json!([]), json!([{}, {}]), json!([[], [true, "x", [1]]]), json!({"a": {}})]
    {
        accepts(RUNC, &json!({ "Unknown": value }), &json!({}));
    }
}

#[test]
fn what_random_order_may_bring_first_is_told() {
    let crash = "reflect: call of reflect.Value.Type on zero Value";
    let nil = "cannot convert type <nil> to Tree";
    let problem = refuses(RUNC, &json!({"a": null, "b": [null], "c": null}), nil);
    assert_eq!(problem.key, b"a");
    assert_eq!(problem.alternatives, [Alternative { message: crash.into(), crash: true }]);
    // A list is taken in order: what comes behind its first problem never shows, but keys inside that may.
    let problem = crashes(&json!({"a": [{"x": [null], "y": null}, {"z": [1, {}]}]}), crash);
    assert_eq!(problem.alternatives, [Alternative { message: nil.into(), crash: false }]);
}

#[test]
fn the_later_of_two_equal_keys_counts() {
    let values = |options| serde_json::to_value(decode_text(RUNC, options).unwrap().values).unwrap();
    assert_eq!(values(r#"{"Root": 1, "root": "/a", "Root": "/b"}"#), json!({"root": "/b"}));
    // Two `options` are united, and null clears them.
    let united = r#"{"Root": "/a", "BinaryName": "x"}, "options": {"Root": "/b"}"#;
    assert_eq!(values(united), json!({"binary_name": "x", "root": "/b"}));
    assert_eq!(decode_text(RUNC, r#"{"Root": 1}, "options": null"#), None);
    // Replaced values are gone for the check of the tree too, at every depth.
    assert_eq!(values(r#"{"x": [null], "x": {"y": null, "y": [1, "a"], "y": 1}}"#), json!({}));
}

#[test]
fn places_in_the_text() {
    let text = |options: &str, span: Option<Span>| {
        let document = format!("{{\"options\":{options}}}");
        String::from_utf8_lossy(span.unwrap().slice(document.as_bytes())).into_owned()
    };
    for (options, place) in [
        (r#"{"a": 1, "binaryName": true}"#, "true"),
        (r#"{"a": {"b": [1, "x"]}}"#, r#""x""#),
        (r#"{"a": null}"#, "null"),
        (r#"{"a": [null]}"#, "[null]"),
        (r#"{"Root": {"b": {}}}"#, r#"{"b": {}}"#),
    ] {
        let decoded = decode_text(RUNC, options).unwrap();
        assert_eq!(text(options, decoded.problem.unwrap().span), place);
    }
    let options = r#"{"root": "x", "rooot": "y"}"#;
    assert_eq!(text(options, decode_text(RUNC, options).unwrap().ignored[0].span), r#""rooot""#);
}

/// The text of a deep tree has the square of its depth in it.
#[test]
fn deep_values_are_no_trouble() {
    const DEPTH: usize = 9_990;
    for (open, close, start, cut) in [("{\"k\":", "}", "\n[k]\n\n  [k.k]\n", true), ("[", "]", "[[[", false)]
    {
        let nested = |inner| format!("{{\"Root\":{}{inner}{}}}", open.repeat(DEPTH), close.repeat(DEPTH));
        let problem = decode_text(RUNC, &nested("1")).unwrap().problem.unwrap();
        assert!(problem.message.starts_with(&format!("(0, 0): Can't convert {start}")));
        assert_eq!(problem.message.contains('…'), cut);
        assert!(problem.message.len() < 70_000);

        let problem = decode_text(RUNC, &nested("null")).unwrap().problem.unwrap();
        assert_eq!(problem.message, "cannot convert type <nil> to Tree");
    }
}
