use arbitrary::{Result, Unstructured};

use super::tree::Tree;
use crate::schema::{FieldDef, Schema, StructId, TextKind, Type};

/// Few, so that what is generated meets what is generated elsewhere.
pub(super) const WORDS: [&str; 16] = [
    "",
    "a",
    "b",
    "/",
    "a/b",
    "runc",
    "info",
    "INFO",
    "é",
    "ab",
    "bb",
    "a.b",
    ".a",
    "io.containerd.runc.v2",
    "/usr/bin/x",
    "a=b",
];
const NUMBERS: [&str; 10] =
    ["0", "1", "2", "3", "-1", "9000", "65536", "-2147483649", "9223372036854775807", "1e3"];
const LEAVES: [&str; 6] = ["null", "true", "false", "0", "1.5", "-7"];
/// Records within records.
const DEEPEST: usize = 6;

/// A document of a schema: its fields with values of their types, and now and then something else, a key twice, a key
/// that is not there.
///
/// # Errors
/// None but those of `u`, which has an answer also when its bytes have run out.
pub fn document(schema: &Schema, u: &mut Unstructured<'_>) -> Result<Tree> {
    document_with(schema, &[], u)
}

/// The same, with these fields of the document more often than others.
///
/// # Errors
/// As [`document`].
pub fn document_with(schema: &Schema, often: &[String], u: &mut Unstructured<'_>) -> Result<Tree> {
    Documents { schema }.record(schema.root(), often, 0, u)
}

struct Documents<'d> {
    schema: &'d Schema,
}

impl Documents<'_> {
    fn record(&self, id: StructId, often: &[String], depth: usize, u: &mut Unstructured<'_>) -> Result<Tree> {
        let def = self.schema.get(id);
        let named: Vec<&FieldDef> = def.fields.iter().filter(|f| often.contains(&f.name)).collect();
        let mut members = Vec::new();
        for _ in 0..u.int_in_range(0..=if depth == 0 { 8 } else { 4 })? {
            if u.ratio(1_u8, 24)? {
                members.push(((*u.choose(&WORDS)?).to_owned(), tree(u, 2)?));
                continue;
            }
            let field = if !named.is_empty() && u.ratio(3_u8, 4)? {
                *u.choose(&named)?
            } else if def.fields.is_empty() {
                continue;
            } else {
                u.choose(&def.fields)?
            };
            let value = self.value(&field.ty, depth, u)?;
            members.push((field.name.clone(), value));
        }
        Ok(Tree::Object(members))
    }

    fn value(&self, ty: &Type, depth: usize, u: &mut Unstructured<'_>) -> Result<Tree> {
        if depth > DEEPEST || u.ratio(1_u8, 24)? {
            return tree(u, 2);
        }
        Ok(match ty {
            Type::Bool => literal(u.choose(&["true", "false", "true", "false", "null"])?),
            Type::Int(_) => literal(u.choose(&NUMBERS)?),
            Type::Float => literal(u.choose(&["0", "1.5", "-2e3"])?),
            Type::String => word(u)?,
            Type::Text(kind) => Tree::Str((*u.choose(texts(*kind))?).to_owned()),
            Type::Any => tree(u, 3)?,
            Type::List(of) => {
                let mut items = Vec::new();
                for _ in 0..u.int_in_range(0..=3)? {
                    items.push(self.value(of, depth + 1, u)?);
                }
                Tree::List(items)
            }
            Type::Map(of) => {
                let mut members = Vec::new();
                for _ in 0..u.int_in_range(0..=3)? {
                    members.push(((*u.choose(&WORDS)?).to_owned(), self.value(of, depth + 1, u)?));
                }
                Tree::Object(members)
            }
            Type::Struct(id) => self.record(*id, &[], depth + 1, u)?,
            Type::Pointer(to) => {
                if u.ratio(1_u8, 8)? {
                    literal("null")
                } else {
                    self.value(to, depth, u)?
                }
            }
        })
    }
}

fn literal(text: &str) -> Tree {
    Tree::Literal(text.to_owned())
}

fn word(u: &mut Unstructured<'_>) -> Result<Tree> {
    if u.ratio(1_u8, 8)? {
        let longest = u.int_in_range(0..=12)?;
        let text: String = (0..longest).map(|_| u.arbitrary::<char>()).collect::<Result<_>>()?;
        return Ok(Tree::Str(text));
    }
    Ok(Tree::Str((*u.choose(&WORDS)?).to_owned()))
}

/// Texts with a parser of their own: some that it takes, some that it does not.
fn texts(kind: TextKind) -> &'static [&'static str] {
    match kind {
        TextKind::Ip => &["", "127.0.0.1", "::1", "1.2.3", "fe80::1%eth0"],
        TextKind::Prefix => &["", "10.0.0.0/8", "fd00::/64", "10.0.0.0", "10.0.0.0/33"],
        TextKind::MemBytes => &["64m", "0", "1g", "x", "-1"],
        TextKind::Duration => &["", "48h", "10s", "soon"],
        TextKind::GcFilter => &["until=1h", "x", "type==a"],
    }
}

/// Any JSON value.
///
/// # Errors
/// As [`document`].
pub fn tree(u: &mut Unstructured<'_>, deepest: usize) -> Result<Tree> {
    Ok(match u.int_in_range(0..=if deepest == 0 { 1 } else { 3 })? {
        0 => literal(u.choose(&LEAVES)?),
        1 => word(u)?,
        2 => {
            let count = u.int_in_range(0..=3)?;
            Tree::List((0..count).map(|_| tree(u, deepest - 1)).collect::<Result<_>>()?)
        }
        _ => {
            let count = u.int_in_range(0..=3)?;
            let members = (0..count).map(|_| Ok(((*u.choose(&WORDS)?).to_owned(), tree(u, deepest - 1)?)));
            Tree::Object(members.collect::<Result<_>>()?)
        }
    })
}
