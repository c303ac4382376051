use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use toml::de::DeValue;

use super::toml_reader::{self, Problem, TomlReader};
use super::types::{Constant, FieldDef, IntSize, Schema, SchemaInner, StructDef, StructId, TextKind, Type};
use crate::source::Span;

/// A schema text that cannot be used; every problem in it, in the order of the text.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the schema has {} problem(s), the first: {}", problems.len(), problems.first().map_or("", |p| p.message.as_str()))]
pub struct SchemaError {
    /// All problems.
    pub problems: Vec<Problem>,
}

impl Schema {
    /// Reads a schema from TOML. The format is described in `spec/README.md`.
    ///
    /// # Errors
    /// All problems of the text at once: syntax, unknown keys, unknown types, duplicate names.
    ///
    /// ```
    /// let schema = plimsoll::schema::Schema::parse(r#"
    ///     [schema]
    ///     id = "pet"
    ///     root = "Pet"
    ///     doc = "a pet"
    ///     source = "this example"
    ///
    ///     [struct.Pet]
    ///     go = "zoo.Pet"
    ///     doc = "one pet"
    ///     fields = [
    ///         { name = "name", type = "string", doc = "what it is called" },
    ///         { name = "toys", type = "[string]", doc = "what it plays with" },
    ///     ]
    /// "#)?;
    /// assert_eq!(schema.get(schema.root()).fields.len(), 2);
    /// # Ok::<(), plimsoll::schema::SchemaError>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, SchemaError> {
        let mut problems = Vec::new();
        let schema = read(text, &mut problems);
        problems.sort();
        match schema {
            Some(schema) if problems.is_empty() => Ok(schema),
            _ => Err(SchemaError { problems }),
        }
    }
}

fn read(text: &str, problems: &mut Vec<Problem>) -> Option<Schema> {
    let table = toml_reader::parse(text, problems);
    let mut top = TomlReader::new(table.get_ref(), 0..0);
    let header = top.table("schema", problems);
    let structs = top.table("struct", problems);
    top.finish(problems);
    let (Some(mut header), Some(mut structs)) = (header, structs) else {
        problems
            .push(Problem::new(Span::default(), "a schema needs [schema] and at least one [struct.NAME]"));
        return None;
    };
    let entries = structs.entries(problems);
    let names: BTreeMap<&str, StructId> =
        entries.iter().enumerate().map(|(i, (name, _, _))| (*name, StructId(i))).collect();
    let mut defs = Vec::new();
    for (name, _, reader) in entries {
        defs.push(read_struct(name, reader, &names, problems));
    }
    let (id, _) = header.required("id", problems);
    let (doc, _) = header.required("doc", problems);
    let (source, _) = header.required("source", problems);
    let (root, root_span) = header.required("root", problems);
    let open = header.flag("open", problems);
    let flag_only = header.strings("flag_only", problems).into_iter().map(|(s, _)| s.to_owned()).collect();
    header.finish(problems);
    let root = names.get(root).copied().or_else(|| {
        problems.push(Problem::new(root_span, format!("`root` names no struct: `{root}`")));
        None
    })?;
    let (id, doc, source) = (id.to_owned(), doc.to_owned(), source.to_owned());
    let mut schema =
        SchemaInner { id, doc, source, root, structs: defs, open, flag_only, none: StructDef::default() };
    name_go_types(&mut schema);
    check_embedded(&schema, problems);
    Some(Schema { inner: Arc::new(schema) })
}

/// Embedding as deep and as ambiguous as Go allows it is nothing that a schema needs: one level, and no name twice.
fn check_embedded(schema: &SchemaInner, problems: &mut Vec<Problem>) {
    for def in &schema.structs {
        let own = def.fields.iter().filter(|field| !field.embed).map(|field| field.name.as_str());
        let mut seen: BTreeSet<_> = own.collect();
        for field in def.fields.iter().filter(|field| field.embed) {
            let inner = match field.ty.pointee() {
                Type::Struct(id) => schema.structs.get(id.0),
                _ => None,
            };
            let mut problem = |what: String| {
                problems.push(Problem::new(Span::default(), format!("{}.{}: {what}", def.name, field.name)));
            };
            let Some(inner) = inner else {
                problem("only a struct can be embedded".to_owned());
                continue;
            };
            for promoted in &inner.fields {
                if promoted.embed {
                    problem("an embedded struct embeds another".to_owned());
                }
                if !seen.insert(promoted.name.as_str()) {
                    problem(format!("there is a field `{}` already", promoted.name));
                }
            }
        }
    }
}

/// Fills in Go's type names, which can only be spelt once all structs are known.
fn name_go_types(inner: &mut SchemaInner) {
    let probe = Schema {
        inner: Arc::new(SchemaInner {
            structs: inner.structs.clone(),
            id: String::new(),
            doc: String::new(),
            source: String::new(),
            root: inner.root,
            open: inner.open,
            flag_only: Vec::new(),
            none: StructDef::default(),
        }),
    };
    for field in inner.structs.iter_mut().flat_map(|s| s.fields.iter_mut()) {
        if field.go.is_empty() {
            field.go = probe.go_type_name(field.ty.pointee());
        }
    }
}

fn read_struct(
    name: &str,
    mut reader: TomlReader<'_, '_>,
    names: &BTreeMap<&str, StructId>,
    problems: &mut Vec<Problem>,
) -> StructDef {
    let go = reader.string("go", problems).map_or(name, |(s, _)| s).to_owned();
    let doc = reader.required("doc", problems).0.to_owned();
    let mut fields: Vec<FieldDef> = Vec::new();
    for field in reader.tables("fields", problems) {
        let span = field.span();
        let field = read_field(field, names, problems);
        // The same name may stand for a field before a profile and for another from it on.
        let apart = |a: &FieldDef, b: &FieldDef| a.until.is_some() && b.since.is_some();
        if fields.iter().any(|f| f.name == field.name && !apart(f, &field) && !apart(&field, f)) {
            problems.push(Problem::new(span, format!("field `{}` is there twice", field.name)));
        }
        fields.push(field);
    }
    reader.finish(problems);
    StructDef::new(name.to_owned(), go, doc, fields)
}

fn read_field(
    mut reader: TomlReader<'_, '_>,
    names: &BTreeMap<&str, StructId>,
    problems: &mut Vec<Problem>,
) -> FieldDef {
    let name = reader.required("name", problems).0.to_owned();
    let (type_text, span) = reader.required("type", problems);
    let ty = parse_type(type_text, names).unwrap_or_else(|| {
        if !type_text.is_empty() {
            problems.push(Problem::new(span, format!("unknown type `{type_text}`")));
        }
        Type::Any
    });
    let default = reader.get("default").and_then(|value| match (value.get_ref(), ty.pointee()) {
        (DeValue::Boolean(b), Type::Bool) => Some(Constant::Bool(*b)),
        (DeValue::String(s), Type::String) => Some(Constant::String(s.to_string())),
        (v, Type::Int(_) | Type::Text(TextKind::MemBytes)) if toml_reader::integer(v).is_some() => {
            toml_reader::integer(v).map(Constant::Int)
        }
        _ => {
            problems.push(Problem::new(value.span(), format!("`default` is not of type `{type_text}`")));
            None
        }
    });
    let owned = |found: Option<(&str, Span)>| found.map(|(s, _)| s.to_owned());
    let field = FieldDef {
        name,
        ty,
        go: owned(reader.string("go", problems)).unwrap_or_default(),
        doc: reader.required("doc", problems).0.to_owned(),
        default,
        flat: reader.flag("flat", problems),
        unlisted: reader.flag("unlisted", problems),
        flag: reader.flag("flag", problems),
        proto: owned(reader.string("proto", problems)),
        own: reader.flag("own", problems),
        words: reader.flag("words", problems),
        fixed: reader.get("fixed").and_then(|value| {
            let length = toml_reader::integer(value.get_ref()).and_then(|n| usize::try_from(n).ok());
            if length.is_none() {
                problems.push(Problem::new(value.span(), "`fixed` is not a length".to_owned()));
            }
            length
        }),
        embed: reader.flag("embed", problems),
        omit: reader.flag("omit", problems),
        lack: reader.flag("lack", problems),
        plain: reader.flag("plain", problems),
        since: owned(reader.string("since", problems)),
        until: owned(reader.string("until", problems)),
    };
    let strings = matches!(field.ty.pointee(), Type::List(of) if **of == Type::String);
    if field.words && !strings {
        problems.push(Problem::new(span, "`words` is for lists of strings".to_owned()));
    }
    reader.finish(problems);
    field
}

/// `T`, `*T`, `[T]` (list), `{T}` (map with string keys).
fn parse_type(text: &str, names: &BTreeMap<&str, StructId>) -> Option<Type> {
    let text = text.trim();
    if let Some(inner) = text.strip_prefix('*') {
        return Some(Type::Pointer(Arc::new(parse_type(inner, names)?)));
    }
    if let Some(inner) = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')) {
        return Some(Type::List(Arc::new(parse_type(inner, names)?)));
    }
    if let Some(inner) = text.strip_prefix('{').and_then(|t| t.strip_suffix('}')) {
        return Some(Type::Map(Arc::new(parse_type(inner, names)?)));
    }
    Some(match text {
        "bool" => Type::Bool,
        "int" => Type::Int(IntSize::Int),
        "int64" => Type::Int(IntSize::I64),
        "int32" => Type::Int(IntSize::I32),
        "uint" => Type::Int(IntSize::Uint),
        "uint8" => Type::Int(IntSize::U8),
        "uint16" => Type::Int(IntSize::U16),
        "uint32" => Type::Int(IntSize::U32),
        "uint64" => Type::Int(IntSize::U64),
        "float" => Type::Float,
        "string" => Type::String,
        "ip" => Type::Text(TextKind::Ip),
        "prefix" => Type::Text(TextKind::Prefix),
        "membytes" => Type::Text(TextKind::MemBytes),
        "duration" => Type::Text(TextKind::Duration),
        "gcfilter" => Type::Text(TextKind::GcFilter),
        "any" => Type::Any,
        name => Type::Struct(*names.get(name)?),
    })
}
