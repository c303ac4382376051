//! What rules are written with: profiles, the fields of documents, views.

use std::fmt::Write as _;

use serde::Serialize;

use super::Fatal;
use super::check::Format;
use super::policies::Policies;
use crate::case::nearest;
use crate::facts::views::views as all_views;
use crate::schema::Schema;
use crate::source::to_json_pretty;
use crate::table::Profiles;

/// The versions of the originals, in the order of time.
pub(super) fn profiles(profiles: &Profiles, format: Format) -> String {
    #[derive(Serialize)]
    struct Row<'r> {
        id: &'r str,
        line: &'r str,
        doc: &'r str,
        programs: &'r str,
        default: bool,
    }
    let default = profiles.default_id();
    let rows = profiles.iter().map(|p| Row {
        id: &p.id,
        line: &p.line,
        doc: &p.doc,
        programs: &p.programs,
        default: p.id == default,
    });
    if format == Format::Json {
        return to_json_pretty(&rows.collect::<Vec<_>>()) + "\n";
    }
    let mut out = String::new();
    for row in rows {
        let mark = if row.default { " (default)" } else { "" };
        let _ = writeln!(out, "{}{mark}\n  {}\n  {}", row.id, row.doc, row.programs);
    }
    out
}

/// The structs of a document and their fields, as the chosen profile has them.
pub(super) fn schema(name: &str, policies: &Policies, format: Format) -> Result<String, Fatal> {
    let catalog = policies.catalog()?;
    let Some(schema) = catalog.schema(name) else {
        let names: Vec<&str> = catalog.schemas().map(Schema::id).collect();
        let all = format!("there are {}", names.join(", "));
        let help = match nearest(name, names) {
            Some(meant) => format!("perhaps `{meant}` is meant; {all}"),
            None => all,
        };
        return Err(Fatal::new(format!("there is no schema `{name}`"), help));
    };
    let has = |id: &str| catalog.profiles().at_least(policies.profile(), id);
    let schema = schema.at_profile(&has);
    Ok(if format == Format::Json { schema_json(&schema) } else { schema_human(&schema) })
}

fn schema_human(schema: &Schema) -> String {
    let mut out = format!("{}: {}\nsource: {}\n", schema.id(), schema.doc(), schema.source());
    for structure in schema.structs() {
        let _ = writeln!(out, "\n{}: {}", structure.name, structure.doc);
        for field in &structure.fields {
            let _ = writeln!(out, "  {:28} {:16} {}", field.name, schema.type_name(&field.ty), field.doc);
        }
    }
    out
}

fn schema_json(schema: &Schema) -> String {
    #[derive(Serialize)]
    struct Document<'r> {
        id: &'r str,
        doc: &'r str,
        source: &'r str,
        root: &'r str,
        structs: Vec<Struct<'r>>,
    }
    #[derive(Serialize)]
    struct Struct<'r> {
        name: &'r str,
        doc: &'r str,
        fields: Vec<Field<'r>>,
    }
    #[derive(Serialize)]
    struct Field<'r> {
        name: &'r str,
        r#type: String,
        doc: &'r str,
        since: Option<&'r str>,
        until: Option<&'r str>,
    }
    let structs = schema.structs().iter().map(|structure| Struct {
        name: &structure.name,
        doc: &structure.doc,
        fields: structure
            .fields
            .iter()
            .map(|field| Field {
                name: &field.name,
                r#type: schema.type_name(&field.ty),
                doc: &field.doc,
                since: field.since.as_deref(),
                until: field.until.as_deref(),
            })
            .collect(),
    });
    let document = Document {
        id: schema.id(),
        doc: schema.doc(),
        source: schema.source(),
        root: &schema.get(schema.root()).name,
        structs: structs.collect(),
    };
    to_json_pretty(&document) + "\n"
}

/// The closed set of parsers that conditions may call.
pub(super) fn views(format: Format) -> String {
    #[derive(Serialize)]
    struct Row {
        name: &'static str,
        parameters: Vec<String>,
        doc: &'static str,
        source: &'static str,
        fields: Vec<Field>,
    }
    #[derive(Serialize)]
    struct Field {
        name: &'static str,
        r#type: String,
        doc: &'static str,
    }
    let rows = all_views().iter().map(|view| Row {
        name: view.name,
        parameters: view.params.iter().map(|(name, ty)| format!("{name}: {}", word(ty))).collect(),
        doc: view.doc,
        source: view.source,
        fields: view.fields.iter().map(|(name, ty, doc)| Field { name, r#type: word(ty), doc }).collect(),
    });
    if format == Format::Json {
        return to_json_pretty(&rows.collect::<Vec<_>>()) + "\n";
    }
    let mut out = String::new();
    for row in rows {
        let _ = writeln!(
            out,
            "{}({})\n  {}\n  source: {}",
            row.name,
            row.parameters.join(", "),
            row.doc,
            row.source
        );
        for field in row.fields {
            let _ = writeln!(out, "    .{:18} {:8} {}", field.name, field.r#type, field.doc);
        }
    }
    out
}

/// The name of a variant as a word: `AnyMap` is `any map`.
fn word(variant: &impl std::fmt::Debug) -> String {
    let mut out = String::new();
    for c in format!("{variant:?}").chars() {
        if c.is_uppercase() && !out.is_empty() {
            out.push(' ');
        }
        out.extend(c.to_lowercase());
    }
    out
}
