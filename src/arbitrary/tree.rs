use std::fmt::Write as _;

use arbitrary::{Result, Unstructured};

use crate::schema::{Schema, StructDef, TextKind, Type};

/// JSON as it is written: members in their order, a key as often as it stands there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tree {
    /// `null`, `true`, `false`, or a number.
    Literal(String),
    /// A string.
    Str(String),
    /// `[…]`
    List(Vec<Tree>),
    /// `{…}`
    Object(Vec<(String, Tree)>),
}

/// Which keys of a document Go matches in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Folding {
    /// Those of all structs: a document that is decoded at once.
    Everywhere,
    /// Those of structs below a map: daemon.json, whose loader compares the keys above byte by byte.
    BelowMaps,
}

/// White space that JSON knows.
const SPACES: [&str; 6] = ["", "", " ", "\n", "\t", "\r\n"];

impl Tree {
    /// As short as possible, one spelling for each value.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) {
        match self {
            Self::Literal(text) => out.push_str(text),
            Self::Str(text) => quote(text, &mut |_| false, out),
            Self::List(items) => {
                out.push('[');
                for (i, item) in items.iter().enumerate() {
                    out.push_str(if i > 0 { "," } else { "" });
                    item.write(out);
                }
                out.push(']');
            }
            Self::Object(members) => {
                out.push('{');
                for (i, (key, value)) in members.iter().enumerate() {
                    out.push_str(if i > 0 { "," } else { "" });
                    quote(key, &mut |_| false, out);
                    out.push(':');
                    value.write(out);
                }
                out.push('}');
            }
        }
    }

    /// Another text that means the same to Go: other white space, characters as escapes, and keys of structs in other
    /// letters that fold alike, the long s and the Kelvin sign among them.
    ///
    /// # Errors
    /// None but those of `u`, which has an answer also when its bytes have run out.
    pub fn respelt(&self, schema: &Schema, folding: Folding, u: &mut Unstructured<'_>) -> Result<String> {
        let mut out = String::new();
        let root = Type::Struct(schema.root());
        let mut writer = Respelling { schema, u, out: &mut out };
        writer.space()?;
        writer.value(self, Some(&root), folding == Folding::Everywhere)?;
        writer.space()?;
        Ok(out)
    }
}

struct Respelling<'w, 'u> {
    schema: &'w Schema,
    u: &'w mut Unstructured<'u>,
    out: &'w mut String,
}

impl Respelling<'_, '_> {
    fn space(&mut self) -> Result<()> {
        let space = self.u.choose(&SPACES)?;
        self.out.push_str(space);
        Ok(())
    }

    /// `ty` is the type that the value is decoded into, if there is one; `folds` whether keys of structs do here.
    fn value(&mut self, tree: &Tree, ty: Option<&Type>, folds: bool) -> Result<()> {
        if ty.map(Type::pointee) == Some(&Type::Text(TextKind::MemBytes)) {
            // moby takes the text as it is written, escapes and all.
            tree.write(self.out);
            return Ok(());
        }
        match tree {
            Tree::Literal(text) => self.out.push_str(text),
            Tree::Str(text) => self.string(text)?,
            Tree::List(items) => {
                let element = match ty.map(Type::pointee) {
                    Some(Type::List(of)) => Some(&**of),
                    _ => None,
                };
                self.out.push('[');
                for (i, item) in items.iter().enumerate() {
                    self.out.push_str(if i > 0 { "," } else { "" });
                    self.space()?;
                    self.value(item, element, folds)?;
                    self.space()?;
                }
                self.out.push(']');
            }
            Tree::Object(members) => {
                let of = match ty.map(Type::pointee) {
                    Some(Type::Struct(id)) => Some(self.schema.get(*id)),
                    _ => None,
                };
                self.out.push('{');
                for (i, (key, value)) in members.iter().enumerate() {
                    self.out.push_str(if i > 0 { "," } else { "" });
                    self.space()?;
                    let (inner, below) = match ty.map(Type::pointee) {
                        Some(Type::Map(of)) => (Some(&**of), true),
                        _ => (of.and_then(|of| of.field(key)).map(|(_, field)| &field.ty), folds),
                    };
                    let key = if folds && inner.is_some() { self.key(key, of)? } else { key.clone() };
                    self.string(&key)?;
                    self.space()?;
                    self.out.push(':');
                    self.space()?;
                    self.value(value, inner, below)?;
                    self.space()?;
                }
                self.out.push('}');
            }
        }
        Ok(())
    }

    /// A key of a struct in other letters; as it is where two fields fold alike.
    fn key(&mut self, key: &str, of: Option<&StructDef>) -> Result<String> {
        let Some(of) = of else { return Ok(key.to_owned()) };
        if of.fields.iter().filter(|field| field.name.eq_ignore_ascii_case(key)).count() != 1 {
            return Ok(key.to_owned());
        }
        let mut out = String::new();
        for c in key.chars() {
            out.push(match (self.u.int_in_range(0..=7_u8)?, c) {
                (1 | 2, c) => c.to_ascii_uppercase(),
                (3 | 4, c) => c.to_ascii_lowercase(),
                (5, 's' | 'S') => '\u{17f}',
                (5, 'k' | 'K') => '\u{212a}',
                (_, c) => c,
            });
        }
        Ok(out)
    }

    fn string(&mut self, text: &str) -> Result<()> {
        let mut failed = None;
        let u = &mut *self.u;
        let mut escape = |_| u.ratio(1_u8, 8).unwrap_or_else(|error| failed.replace(error).is_some());
        quote(text, &mut escape, self.out);
        failed.map_or(Ok(()), Err)
    }
}

/// A string as JSON; `escape` tells which characters to write as escapes though they need not be.
fn quote(text: &str, escape: &mut dyn FnMut(char) -> bool, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        if escape(c) || c.is_control() || c == '"' || c == '\\' {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    out.push('"');
}
