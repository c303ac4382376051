//! A third opinion on conditions: generated ones, well typed and on ASCII, are true of generated values exactly when the crate
//! `cel` says so. Where CEL differs on purpose (spec/language.md, section 9) it is asked in other words: a key or field that
//! may be absent with its zero value, a map's entries by their keys. What is left out: bytes that are no ASCII, `has` of what
//! can be nil, patterns that are not anchored, views, unknown values.
#![no_main]

#[path = "../../tests/laws/stretched.rs"]
mod stretched;

use std::collections::HashMap;
use std::sync::LazyLock;

use arbitrary::{Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use plimsoll::engine::{Budget, Program};
use plimsoll::facts::{Limits, decode};
use plimsoll::schema::Schema;
use plimsoll::table::Catalog;
use serde_json::{Map, Value as Json, json};

const SUBJECT: &str = "values";
const SCHEMA: &str = r#"
    schema = { id = "values", root = "Values", doc = "values of every type", source = "made up" }
    [struct.Values]
    doc = "all there is"
    fields = [
        { name = "yes", type = "bool", doc = "-" },
        { name = "maybe", type = "bool", doc = "-" },
        { name = "n1", type = "int64", doc = "-" },
        { name = "n2", type = "int64", doc = "-" },
        { name = "s1", type = "string", doc = "-" },
        { name = "s2", type = "string", doc = "-" },
        { name = "texts", type = "[string]", doc = "-" },
        { name = "map", type = "{string}", doc = "-" },
        { name = "items", type = "[Item]", doc = "-" },
        { name = "named", type = "{Item}", doc = "-" },
    ]
    [struct.Item]
    doc = "one of several"
    fields = [
        { name = "b", type = "bool", doc = "-" },
        { name = "n", type = "int64", doc = "-" },
        { name = "s", type = "string", doc = "-" },
        { name = "texts", type = "[string]", doc = "-" },
    ]
"#;
const WORDS: [&str; 10] = ["", "a", "b", "ab", "ba", "/", "a/b", "runc", ".", "A~ \"'\\"];
const LITERALS: [&str; 9] =
    ["''", "'a'", "'b'", "\"ab\"", "'/'", "'a/b'", "'runc'", "'\\x2e'", "'A~ \\\"\\'\\\\'"];
const PATTERNS: [&str; 7] = ["^a*$", "^[^/]*$", "^.b.*$", "^(a|runc)$", "^$", "^[a-z]+$", "^(.*/)?b$"];
const NUMBERS: [i64; 8] = [0, 1, 2, -1, 3, 65536, i64::MAX, i64::MIN];

static CATALOG: LazyLock<Catalog> = LazyLock::new(|| {
    let schema = Schema::parse(SCHEMA).unwrap();
    Catalog::builtin_for("name").unwrap().with_subject(SUBJECT, schema, &[]).unwrap()
});

/// The same in our words and in CEL's.
#[derive(Clone, Debug)]
struct Both {
    ours: String,
    theirs: String,
}

impl Both {
    fn same(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { ours: text.clone(), theirs: text }
    }

    fn of(parts: &[&Self], write: impl Fn(&[&str]) -> String) -> Self {
        let ours: Vec<_> = parts.iter().map(|part| part.ours.as_str()).collect();
        let theirs: Vec<_> = parts.iter().map(|part| part.theirs.as_str()).collect();
        Self { ours: write(&ours), theirs: write(&theirs) }
    }
}

/// What a condition may name.
#[derive(Clone)]
struct Scope {
    bools: Vec<Both>,
    ints: Vec<Both>,
    strings: Vec<Both>,
    lists: Vec<Both>,
    has: Vec<String>,
    depth: usize,
}

impl Scope {
    fn new() -> Self {
        let named = |names: &[&str]| names.iter().map(|name| Both::same(*name)).collect::<Vec<_>>();
        let zero = |key: &str| Both {
            ours: format!("map[{key}]"),
            theirs: format!("({key} in map ? map[{key}] : '')"),
        };
        let mut strings = named(&["s1", "s2"]);
        strings.extend([zero("'a'"), zero("s1")]);
        let ints = named(&["n1", "n2", "size(s1)", "s2.size()", "size(texts)", "map.size()", "size(items)"]);
        let (bools, lists) = (named(&["yes", "maybe", "true", "false"]), named(&["texts"]));
        Self { bools, ints, strings, lists, has: Vec::new(), depth: 0 }
    }

    fn with_string(&self, name: &str) -> Self {
        let mut inner = self.clone();
        inner.strings.push(Both::same(name));
        inner.ints.push(Both::same(format!("size({name})")));
        inner.depth += 1;
        inner
    }

    /// An element: any of its fields may be absent.
    fn with_item(&self, name: &str) -> Self {
        let mut inner = self.clone();
        let field = |field: &str, zero: &str| Both {
            ours: format!("{name}.{field}"),
            theirs: format!("(has({name}.{field}) ? {name}.{field} : {zero})"),
        };
        inner.bools.push(field("b", "false"));
        inner.ints.push(field("n", "0"));
        inner.strings.push(field("s", "''"));
        inner.lists.push(field("texts", "[]"));
        inner.has.extend(["b", "n", "s"].map(|field| format!("has({name}.{field})")));
        inner.depth += 1;
        inner
    }
}

fn string(scope: &Scope, u: &mut Unstructured<'_>) -> Result<Both> {
    Ok(if u.ratio(3_u8, 4)? { u.choose(&scope.strings)?.clone() } else { Both::same(*u.choose(&LITERALS)?) })
}

fn int(scope: &Scope, u: &mut Unstructured<'_>) -> Result<Both> {
    if u.ratio(2_u8, 3)? {
        return Ok(u.choose(&scope.ints)?.clone());
    }
    Ok(Both::same(u.choose(&NUMBERS)?.to_string()))
}

fn atom(scope: &Scope, u: &mut Unstructured<'_>) -> Result<Both> {
    Ok(match u.int_in_range(0..=8_u8)? {
        0 => u.choose(&scope.bools)?.clone(),
        1 if !scope.has.is_empty() => Both::same(u.choose(&scope.has)?.as_str()),
        1 | 2 => {
            let order = *u.choose(&["==", "!=", "<", "<=", ">", ">="])?;
            Both::of(&[&int(scope, u)?, &int(scope, u)?], |p| format!("{} {order} {}", p[0], p[1]))
        }
        3 => {
            let same = *u.choose(&["==", "!="])?;
            Both::of(&[&string(scope, u)?, &string(scope, u)?], |p| format!("{} {same} {}", p[0], p[1]))
        }
        4 => {
            let (test, of) = (*u.choose(&["startsWith", "endsWith", "contains"])?, *u.choose(&LITERALS)?);
            Both::of(&[&string(scope, u)?], |p| format!("{}.{test}({of})", p[0]))
        }
        5 => {
            let pattern = *u.choose(&PATTERNS)?;
            Both::of(&[&string(scope, u)?], |p| format!("{}.matches('{pattern}')", p[0]))
        }
        6 => {
            let list = (0..u.int_in_range(0..=3)?).map(|_| u.choose(&LITERALS).copied());
            let list = list.collect::<Result<Vec<_>>>()?.join(", ");
            Both::of(&[&string(scope, u)?], |p| format!("{} in [{list}]", p[0]))
        }
        7 => Both::of(&[&string(scope, u)?, u.choose(&scope.lists)?], |p| format!("{} in {}", p[0], p[1])),
        _ => Both::of(&[&string(scope, u)?], |p| format!("{} in map", p[0])),
    })
}

fn condition(scope: &Scope, deepest: usize, u: &mut Unstructured<'_>) -> Result<Both> {
    let forms = if deepest == 0 { 1 } else { 9_u8 };
    let part = |u: &mut Unstructured<'_>| condition(scope, deepest - 1, u);
    Ok(match u.int_in_range(0..=forms)? {
        2 => Both::of(&[&part(u)?], |p| format!("!({})", p[0])),
        3 | 4 => Both::of(&[&part(u)?, &part(u)?], |p| format!("({}) && ({})", p[0], p[1])),
        5 | 6 => Both::of(&[&part(u)?, &part(u)?], |p| format!("({}) || ({})", p[0], p[1])),
        7 => Both::of(&[&part(u)?, &part(u)?], |p| format!("(({}) == ({}))", p[0], p[1])),
        8 | 9 if scope.depth < 2 => quantifier(scope, deepest - 1, u)?,
        _ => atom(scope, u)?,
    })
}

fn quantifier(scope: &Scope, deepest: usize, u: &mut Unstructured<'_>) -> Result<Both> {
    let (of, depth) = (*u.choose(&["exists", "all"])?, scope.depth);
    let (x, k, v) = (format!("x{depth}"), format!("k{depth}"), format!("v{depth}"));
    Ok(match u.int_in_range(0..=3_u8)? {
        0 => {
            let body = condition(&scope.with_item(&x), deepest, u)?;
            Both::of(&[&body], |p| format!("items.{of}({x}, {})", p[0]))
        }
        // CEL goes through the keys of a map; the value is looked up.
        1 => {
            let Both { ours, theirs } = condition(&scope.with_string(&k), deepest, u)?;
            Both { ours: format!("map.{of}({k}, {v}, {ours})"), theirs: format!("map.{of}({k}, {theirs})") }
        }
        2 => {
            let Both { ours, theirs } = condition(&scope.with_item(&v), deepest, u)?;
            let theirs = theirs.replace(&format!("{v}."), &format!("named[{k}]."));
            Both {
                ours: format!("named.{of}({k}, {v}, {ours})"),
                theirs: format!("named.{of}({k}, {theirs})"),
            }
        }
        _ => {
            let list = u.choose(&scope.lists)?.clone();
            let body = condition(&scope.with_string(&x), deepest, u)?;
            Both::of(&[&list, &body], |p| format!("{}.{of}({x}, {})", p[0], p[1]))
        }
    })
}

fn texts(u: &mut Unstructured<'_>) -> Result<Json> {
    (0..u.int_in_range(0..=3)?).map(|_| Ok(json!(u.choose(&WORDS)?))).collect()
}

fn item(u: &mut Unstructured<'_>) -> Result<Json> {
    let mut fields = Map::new();
    for (name, value) in [
        ("b", json!(u.arbitrary::<bool>()?)),
        ("n", json!(u.choose(&NUMBERS)?)),
        ("s", json!(u.choose(&WORDS)?)),
        ("texts", texts(u)?),
    ] {
        if u.ratio(2_u8, 3)? {
            fields.insert(name.into(), value);
        }
    }
    Ok(Json::Object(fields))
}

fn document(u: &mut Unstructured<'_>) -> Result<Map<String, Json>> {
    let mut map = Map::new();
    for _ in 0..u.int_in_range(0..=3)? {
        map.insert((*u.choose(&WORDS)?).into(), json!(u.choose(&WORDS)?));
    }
    let mut named = Map::new();
    for _ in 0..u.int_in_range(0..=2)? {
        named.insert((*u.choose(&WORDS)?).into(), item(u)?);
    }
    let items = (0..u.int_in_range(0..=2)?).map(|_| item(u)).collect::<Result<Vec<_>>>()?;
    let values = json!({
        "yes": true, "maybe": u.arbitrary::<bool>()?,
        "n1": u.choose(&NUMBERS)?, "n2": u.choose(&NUMBERS)?,
        "s1": u.choose(&WORDS)?, "s2": u.choose(&WORDS)?,
        "texts": texts(u)?, "map": map, "items": items, "named": named,
    });
    Ok(values.as_object().cloned().unwrap())
}

/// A value as CEL has it; every number is an int.
fn value(json: &Json) -> cel::Value {
    match json {
        Json::Bool(truth) => (*truth).into(),
        Json::Number(number) => cel::Value::Int(number.as_i64().unwrap()),
        Json::String(text) => text.as_str().into(),
        Json::Array(items) => items.iter().map(value).collect::<Vec<_>>().into(),
        Json::Object(members) => {
            members.iter().map(|(key, v)| (key.as_str(), value(v))).collect::<HashMap<_, _>>().into()
        }
        Json::Null => cel::Value::Null,
    }
}

fn table(conditions: &[Both]) -> String {
    let mut out =
        format!("[table]\nid = 'cel'\nsubject = '{SUBJECT}'\nline = 'moby'\nsource = 'generated'\n");
    for (number, condition) in conditions.iter().enumerate() {
        let when = json!(condition.ours);
        out += &format!(
            "[[rule]]\nid = 'XY{number:03}'\ntitle = 't'\nstage = 5000\neffect = 'warn'\nwhen = {when}\n\
             message = 'm'\nwhy = 'w'\nhelp = 'h'\nevidence = 'read'\nbad = ['{{}}']\ngood = ['{{}}']\n"
        );
    }
    out
}

fn agree(u: &mut Unstructured<'_>) -> Result<()> {
    let conditions: Vec<_> = (0..4).map(|_| condition(&Scope::new(), 3, u)).collect::<Result<_>>()?;
    let text = table(&conditions);
    let catalog = CATALOG.with_table("cel", &text).unwrap_or_else(|e| panic!("{:?}\n{text}", e.problems));
    let ours = Program::new(&catalog, "moby-28", SUBJECT).unwrap();
    let theirs: Vec<_> = conditions
        .iter()
        .map(|both| cel::Program::compile(&both.theirs).unwrap_or_else(|e| panic!("{e:?}\n{}", both.theirs)))
        .collect();
    for _ in 0..4 {
        let document = document(u)?;
        let mut context = cel::Context::default();
        for (name, of) in &document {
            context.add_variable_from_value(name.as_str(), value(of));
        }
        let document = Json::Object(document).to_string();
        let facts =
            decode(document.as_bytes(), &CATALOG.schema(SUBJECT).unwrap().clone(), &Limits::default());
        let decision = ours.evaluate(&facts.unwrap().facts, &[], &Budget::default()).unwrap();
        for (number, (both, program)) in conditions.iter().zip(&theirs).enumerate() {
            let id = format!("XY{number:03}");
            let fired = decision.findings.iter().any(|finding| finding.rule.as_str() == id);
            let said = program.execute(&context);
            assert_eq!(said, Ok(cel::Value::Bool(fired)), "{document}\n{}\n{}", both.ours, both.theirs);
        }
    }
    Ok(())
}

fuzz_target!(|data: &[u8]| agree(&mut Unstructured::new(&stretched::stretched(data, 1_500))).unwrap());
