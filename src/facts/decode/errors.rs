use super::{DecodeError, Duplicate, ErrorKind, KEPT, KEPT_BYTES};
use crate::schema::{FieldDef, Schema, StructDef, Type};
use crate::source::Span;

/// Go's `decodeState.errorContext`: the names that a type error prints.
#[derive(Clone, Debug, Default)]
pub(super) struct Context<'a> {
    /// Names of the fields from the root down; map keys and list indexes are not in it.
    pub(super) fields: Vec<&'a str>,
    /// The struct whose field is being decoded.
    pub(super) within: Option<&'a StructDef>,
}

impl Context<'_> {
    /// `UnmarshalTypeError.Error` after `addErrorContext`.
    pub(super) fn type_error(&self, got: &str, go_type: &str) -> String {
        match self.within {
            Some(within) => format!(
                "json: cannot unmarshal {got} into Go struct field {}.{} of type {go_type}",
                within.go_short(),
                self.fields.join(".")
            ),
            None => format!("json: cannot unmarshal {got} into Go value of type {go_type}"),
        }
    }
}

/// The type of a value, with the name that Go's errors give it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target<'a> {
    pub(super) ty: &'a Type,
    /// The field itself; `None` for elements, values of maps and the root.
    pub(super) field: Option<&'a FieldDef>,
    /// For an element: Go's name of the list, if it has one of its own.
    pub(super) list: Option<&'a str>,
}

impl<'a> Target<'a> {
    /// Go's name of the type, where the schema gives it one of its own.
    pub(super) fn own_name(&self) -> Option<&'a str> {
        self.field.map(|field| field.go.as_str()).or_else(|| {
            // That of the list tells: `specs.Arch` of `[]specs.Arch`.
            self.list?.strip_prefix("[]").map(|element| element.trim_start_matches('*'))
        })
    }

    /// The name of the pointee, which is what Go has in hand once pointers are followed.
    pub(super) fn go_type(&self, schema: &Schema) -> String {
        self.own_name().map_or_else(|| schema.go_type_name(self.ty.pointee()), str::to_owned)
    }

    /// The name with its stars: `TextUnmarshaler` targets are named before pointers are followed.
    pub(super) fn go_type_unfollowed(&self, schema: &Schema) -> String {
        let mut stars = String::new();
        let mut ty = self.ty;
        while let Type::Pointer(inner) = ty {
            stars.push('*');
            ty = inner;
        }
        stars + &self.go_type(schema)
    }
}

/// Errors and duplicates found so far, within bounds.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    pub(super) errors: Vec<DecodeError>,
    pub(super) duplicates: Vec<Duplicate>,
    bytes: usize,
}

impl Found {
    pub(super) fn wants_error(&self) -> bool {
        self.errors.len() < KEPT && self.bytes < KEPT_BYTES
    }

    pub(super) fn wants_duplicate(&self) -> bool {
        self.duplicates.len() < KEPT && self.bytes < KEPT_BYTES
    }

    pub(super) fn type_error(&mut self, message: String, span: Span, path: String) {
        self.bytes = self.bytes.saturating_add(message.len()).saturating_add(path.len());
        self.errors.push(DecodeError { kind: ErrorKind::Type, message, span, path });
    }

    /// The error that ends decoding; it stands in front of the type errors.
    pub(super) fn abort(&mut self, message: String, span: Span, path: String) {
        self.errors.insert(0, DecodeError { kind: ErrorKind::Text, message, span, path });
    }

    pub(super) fn duplicate(&mut self, path: String, later: Span, earlier: Span) {
        self.bytes = self.bytes.saturating_add(path.len());
        self.duplicates.push(Duplicate { path, later, earlier });
    }
}
