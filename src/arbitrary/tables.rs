use std::fmt::Write as _;

use arbitrary::{Result, Unstructured};

use crate::schema::{Schema, StructId, Type};
use crate::table::Subject;

const LITERALS: [&str; 10] =
    ["''", "'a'", "'b'", "'/'", "'a/b'", "'runc'", "'info'", "'é'", "'\\xff'", "'.'"];
const PATTERNS: [&str; 8] =
    ["^a*$", "^[^/]*$", "^.b.*$", "^(a|runc)$", "^$", "^\\\\xff?$", "^[a-z]+$", "^(.*/)?a$"];
/// Fields of views of one string, by type.
const TEXT_VIEWS: [(&str, &str); 3] = [("go_lower", "text"), ("trim_space", "text"), ("clean_path", "text")];

/// What an expression may name, by type and by the loops around.
#[derive(Clone, Debug)]
pub struct Names {
    bools: Vec<String>,
    ints: Vec<String>,
    strings: Vec<String>,
    string_lists: Vec<String>,
    /// Maps and lists of records, and the struct.
    maps: Vec<(String, Schema, StructId)>,
    lists: Vec<(String, Schema, StructId)>,
    string_maps: Vec<String>,
    has: Vec<String>,
    depth: usize,
    /// Fields of the document that are named.
    fields: Vec<String>,
    /// Scalars of the document that a row may set.
    targets: Vec<(String, &'static str)>,
}

impl Names {
    /// Some of the names of a subject: few, so that rows speak of the same things.
    ///
    /// # Errors
    /// None but those of `u`, which has an answer also when its bytes have run out.
    pub fn some(subject: &Subject, u: &mut Unstructured<'_>) -> Result<Self> {
        let mut names = Self {
            bools: vec!["true".to_owned()],
            ints: Vec::new(),
            strings: Vec::new(),
            string_lists: Vec::new(),
            maps: Vec::new(),
            lists: Vec::new(),
            string_maps: Vec::new(),
            has: Vec::new(),
            depth: 0,
            fields: Vec::new(),
            targets: Vec::new(),
        };
        let root = subject.schema.get(subject.schema.root());
        for _ in 0..10 {
            if let Ok(field) = u.choose(&root.fields)
                && !names.fields.contains(&field.name)
                && !field.embed
            {
                names.fields.push(field.name.clone());
                names.take(&field.name, &field.ty, &subject.schema, 0, true);
            }
        }
        for root in subject.roots.iter().filter(|root| !root.located) {
            let def = root.schema.get(root.schema.root());
            for _ in 0..3 {
                if let Ok(field) = u.choose(&def.fields) {
                    names.take(&format!("{}.{}", root.name, field.name), &field.ty, &root.schema, 0, false);
                }
            }
        }
        Ok(names)
    }

    /// The document's fields that are named.
    #[must_use]
    pub fn fields(&self) -> &[String] {
        &self.fields
    }

    fn take(&mut self, path: &str, ty: &Type, schema: &Schema, depth: usize, ours: bool) {
        self.has.push(path.to_owned());
        match ty.pointee() {
            Type::Bool => {
                self.bools.push(path.to_owned());
                self.target(path, "true", ours);
            }
            Type::Int(_) => {
                self.ints.push(path.to_owned());
                self.target(path, "2", ours);
            }
            Type::String => {
                self.strings.push(path.to_owned());
                self.ints.push(format!("size({path})"));
                self.target(path, "'a'", ours);
            }
            Type::Text(_) | Type::Float => {}
            Type::Any => self.ints.push(format!("{path}.size()")),
            Type::List(of) => {
                self.ints.push(format!("size({path})"));
                match of.pointee() {
                    Type::String => self.string_lists.push(path.to_owned()),
                    Type::Struct(id) => self.lists.push((path.to_owned(), schema.clone(), *id)),
                    _ => {}
                }
            }
            Type::Map(of) => {
                self.ints.push(format!("{path}.size()"));
                self.string_maps.push(path.to_owned());
                match of.pointee() {
                    Type::String => self.strings.push(format!("{path}['a']")),
                    Type::Struct(id) => self.maps.push((path.to_owned(), schema.clone(), *id)),
                    _ => {}
                }
            }
            Type::Struct(id) if depth < 2 => self.record(path, schema, *id, depth + 1, ours),
            Type::Struct(_) | Type::Pointer(_) => {}
        }
    }

    fn target(&mut self, path: &str, value: &'static str, ours: bool) {
        if ours {
            self.targets.push((path.to_owned(), value));
        }
    }

    fn record(&mut self, path: &str, schema: &Schema, id: StructId, depth: usize, ours: bool) {
        for field in schema.get(id).fields.iter().filter(|field| !field.embed).take(24) {
            self.take(&format!("{path}.{}", field.name), &field.ty, schema, depth, ours);
        }
    }

    fn with_string(&self, name: &str) -> Self {
        let mut inner = self.clone();
        inner.strings.push(name.to_owned());
        inner.depth += 1;
        inner
    }

    fn with_record(&self, name: &str, schema: &Schema, id: StructId) -> Self {
        let mut inner = self.clone();
        inner.record(name, schema, id, 1, false);
        inner.depth += 1;
        inner
    }
}

fn chosen(list: &[String], u: &mut Unstructured<'_>) -> Result<Option<String>> {
    if list.is_empty() { Ok(None) } else { u.choose(list).cloned().map(Some) }
}

fn string(names: &Names, u: &mut Unstructured<'_>) -> Result<String> {
    let text = if u.ratio(3_u8, 4)? { chosen(&names.strings, u)? } else { None };
    let text = match text {
        Some(text) => text,
        None => (*u.choose(&LITERALS)?).to_owned(),
    };
    if u.ratio(1_u8, 8)? {
        let (view, field) = u.choose(&TEXT_VIEWS)?;
        return Ok(format!("{view}({text}).{field}"));
    }
    Ok(text)
}

fn int(names: &Names, u: &mut Unstructured<'_>) -> Result<String> {
    let named = if u.ratio(2_u8, 3)? { chosen(&names.ints, u)? } else { None };
    named.map_or_else(|| u.int_in_range(-1..=3_i64).map(|n| n.to_string()), Ok)
}

fn atom(names: &Names, u: &mut Unstructured<'_>) -> Result<String> {
    Ok(match u.int_in_range(0..=9_u8)? {
        0 => chosen(&names.bools, u)?.unwrap_or_default(),
        1 => chosen(&names.has, u)?.map_or_else(|| "true".to_owned(), |has| format!("has({has})")),
        2 | 3 => {
            let order = *u.choose(&["==", "!=", "<", "<=", ">", ">="])?;
            format!("{} {order} {}", int(names, u)?, int(names, u)?)
        }
        4 => {
            let same = *u.choose(&["==", "!="])?;
            format!("{} {same} {}", string(names, u)?, string(names, u)?)
        }
        5 => {
            let test = *u.choose(&["startsWith", "endsWith", "contains"])?;
            format!("{}.{test}({})", string(names, u)?, u.choose(&LITERALS)?)
        }
        6 => format!("{}.matches('{}')", string(names, u)?, u.choose(&PATTERNS)?),
        7 => {
            let mut list = Vec::new();
            for _ in 0..u.int_in_range(0..=2)? {
                list.push(*u.choose(&LITERALS)?);
            }
            format!("{} in [{}]", string(names, u)?, list.join(", "))
        }
        8 => match chosen(&names.string_lists, u)? {
            Some(list) => format!("{} in {list}", string(names, u)?),
            None => format!("{} == 'a'", string(names, u)?),
        },
        _ => match chosen(&names.string_maps, u)? {
            Some(map) => format!("{} in {map}", string(names, u)?),
            None => format!("{} == 'b'", string(names, u)?),
        },
    })
}

/// A condition over these names, well typed by construction.
///
/// # Errors
/// None but those of `u`, which has an answer also when its bytes have run out.
pub fn condition(names: &Names, deepest: usize, u: &mut Unstructured<'_>) -> Result<String> {
    let forms = if deepest == 0 { 1 } else { 9_u8 };
    Ok(match u.int_in_range(0..=forms)? {
        2 => format!("!({})", condition(names, deepest - 1, u)?),
        3 | 4 => {
            format!("({}) && ({})", condition(names, deepest - 1, u)?, condition(names, deepest - 1, u)?)
        }
        5 | 6 => {
            format!("({}) || ({})", condition(names, deepest - 1, u)?, condition(names, deepest - 1, u)?)
        }
        7 => format!("(({}) == ({}))", condition(names, deepest - 1, u)?, condition(names, deepest - 1, u)?),
        8 | 9 if names.depth < 3 => quantifier(names, deepest - 1, u)?,
        _ => atom(names, u)?,
    })
}

fn quantifier(names: &Names, deepest: usize, u: &mut Unstructured<'_>) -> Result<String> {
    let of = *u.choose(&["exists", "all"])?;
    let depth = names.depth;
    let (x, k, v) = (format!("x{depth}"), format!("k{depth}"), format!("v{depth}"));
    match u.int_in_range(0..=2_u8)? {
        0 if !names.maps.is_empty() => {
            let (map, schema, id) = u.choose(&names.maps)?;
            let body = condition(&names.with_string(&k).with_record(&v, schema, *id), deepest, u)?;
            Ok(format!("{map}.{of}({k}, {v}, {body})"))
        }
        1 if !names.lists.is_empty() => {
            let (list, schema, id) = u.choose(&names.lists)?;
            let body = condition(&names.with_record(&x, schema, *id), deepest, u)?;
            Ok(format!("{list}.{of}({x}, {body})"))
        }
        _ => match chosen(&names.string_lists, u)? {
            Some(list) => {
                let body = condition(&names.with_string(&x), deepest, u)?;
                Ok(format!("{list}.{of}({x}, {body})"))
            }
            None => atom(names, u),
        },
    }
}

/// The loops of a stage, and what its rows may name.
fn loops(names: &Names, u: &mut Unstructured<'_>) -> Result<(String, Names)> {
    Ok(match u.int_in_range(0..=4_u8)? {
        1 if !names.maps.is_empty() => {
            let (map, schema, id) = u.choose(&names.maps)?;
            (format!("name, value in {map}"), names.with_string("name").with_record("value", schema, *id))
        }
        2 if !names.lists.is_empty() => {
            let (list, schema, id) = u.choose(&names.lists)?;
            (format!("value in {list}"), names.with_record("value", schema, *id))
        }
        3 => match chosen(&names.string_lists, u)? {
            Some(list) => (format!("value in {list}"), names.with_string("value")),
            None => (String::new(), names.clone()),
        },
        4 if !names.maps.is_empty() => {
            let (map, schema, id) = u.choose(&names.maps)?.clone();
            let inner = names.with_string("name").with_record("value", &schema, id);
            let own: Vec<_> =
                inner.string_lists.iter().filter(|l| l.starts_with("value.")).cloned().collect();
            match chosen(&own, u)? {
                Some(list) => (format!("name, value in {map}; item in {list}"), inner.with_string("item")),
                None => (format!("name, value in {map}"), inner),
            }
        }
        _ => (String::new(), names.clone()),
    })
}

/// A table about a subject that loads: rows that deny, warn, set and halt, alone and in loops. Its examples show nothing, so
/// that it is for [`Catalog::with_table`](crate::Catalog::with_table) and not for whoever asks more of them.
///
/// # Errors
/// None but those of `u`, which has an answer also when its bytes have run out.
pub fn table(names: &Names, subject: &str, line: &str, u: &mut Unstructured<'_>) -> Result<String> {
    let mut out =
        format!("[table]\nid = 'made-up'\nsubject = '{subject}'\nline = '{line}'\nsource = 'generated'\n");
    let mut number = 0;
    for stage in 0..u.int_in_range(1..=4)? {
        let (each, inner) = loops(names, u)?;
        for _ in 0..u.int_in_range(1..=3)? {
            row(&mut out, number, 5000 + stage, &each, &inner, u)?;
            number += 1;
        }
    }
    Ok(out)
}

fn row(
    out: &mut String,
    number: usize,
    stage: usize,
    each: &str,
    names: &Names,
    u: &mut Unstructured<'_>,
) -> Result<()> {
    let kind = u.int_in_range(0..=9_u8)?;
    let target = if names.targets.is_empty() { None } else { Some(u.choose(&names.targets)?.clone()) };
    let effect = match kind {
        0 | 1 if target.is_some() => "set",
        0..5 => "warn",
        _ => "deny",
    };
    let when = condition(names, 3, u)?;
    let halt = kind == 9 && u.ratio(1_u8, 4)?;
    let _ = write!(out, "[[rule]]\nid = 'XY{number:03}'\ntitle = 't'\nstage = {stage}\n");
    if !each.is_empty() {
        let _ = writeln!(out, "each = '{each}'");
    }
    let _ = writeln!(out, "effect = '{effect}'\nwhen = \"\"\"{}\"\"\"", when.replace('\\', "\\\\"));
    // Rows that report may change the document besides.
    if let (0..=3 | 9, Some((target, value))) = (kind, target) {
        let _ = writeln!(out, "set = {{ \"{target}\" = \"{value}\" }}");
    }
    let said = names.strings.first().map_or_else(String::new, |name| format!("{{{name}:q}}"));
    let _ = writeln!(
        out,
        "message = \"\"\"m {said}\"\"\"\nwhy = 'w'\nhelp = 'h'\nevidence = 'read'\nhalt = {halt}"
    );
    out.push_str("bad = ['{}']\ngood = ['{}']\n");
    Ok(())
}

/// A table with one small thing in it changed: mostly one that no longer loads.
///
/// # Errors
/// As [`table`].
pub fn near_miss(table: &str, u: &mut Unstructured<'_>) -> Result<String> {
    const CHANGES: [(&str, &str); 16] = [
        ("==", "="),
        ("&&", "&"),
        ("(", ""),
        (")", ""),
        ("'a'", "7"),
        ("size", "length"),
        ("deny", "refuse"),
        ("stage = 5000", "stage = '5000'"),
        ("XY000", "XY001"),
        ("has(", "size("),
        ("each", "every"),
        ("$'", "'"),
        ("when", "if"),
        ("value", "name"),
        ("\n", ""),
        ("in ", "of "),
    ];
    let (from, to) = u.choose(&CHANGES)?;
    let places: Vec<usize> = table.match_indices(from).map(|(at, _)| at).collect();
    if places.is_empty() {
        return Ok(table.to_owned());
    }
    let at = *u.choose(&places)?;
    let (before, after) = (table.get(..at), table.get(at + from.len()..));
    Ok([before.unwrap_or_default(), to, after.unwrap_or_default()].concat())
}
