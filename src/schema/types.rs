use super::names::Names;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Index of a struct in its [`Schema`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StructId(pub(crate) usize);

/// A sized integer of the original.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntSize {
    /// Go's `int`.
    Int,
    /// Go's `int64`.
    I64,
    /// Go's `int32`.
    I32,
    /// Go's `uint16`.
    U16,
    /// Go's `uint32`.
    U32,
    /// Go's `uint`, cut as `U64`.
    Uint,
    /// Go's `uint64`, cut at `i64::MAX` in rules.
    U64,
    /// Go's `uint8`.
    U8,
}

/// A string with a parser of its own in the original: what it refuses is an error of decoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextKind {
    /// `net.IP`: `UnmarshalText`, empty means none.
    Ip,
    /// `netip.Prefix`: `UnmarshalText`, empty means none.
    Prefix,
    /// moby's `opts.MemBytes`: `UnmarshalJSON` of a size such as `64m`; its value is an integer.
    MemBytes,
    /// buildkit's `config.Duration`, a text such as `48h`: `UnmarshalText`, empty means none.
    Duration,
    /// moby's `BuilderGCFilter`: a list of `key=value`, or the old form, an object of objects.
    GcFilter,
}

/// The type of a value: how it is decoded, and what rules may ask of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    /// `bool`.
    Bool,
    /// A sized integer; rules see an `i64`.
    Int(IntSize),
    /// `float64`; rules cannot compare it.
    Float,
    /// `string`, as bytes.
    String,
    /// A string with its own parser.
    Text(TextKind),
    /// `interface{}`: any JSON value, numbers as `float64`.
    Any,
    /// A slice.
    List(Arc<Type>),
    /// A map with string keys.
    Map(Arc<Type>),
    /// A struct, in place or, in a [`Type::Pointer`], optional.
    Struct(StructId),
    /// A pointer: nil until a value is decoded into it.
    Pointer(Arc<Type>),
}

impl Type {
    /// Whether Go has a nil for this type, so that `has()` asks for something the original can see.
    #[must_use]
    pub fn is_nillable(&self) -> bool {
        matches!(self, Self::List(_) | Self::Map(_) | Self::Pointer(_) | Self::Any)
    }

    /// The type behind a pointer, else the type itself.
    #[must_use]
    #[inline]
    pub fn pointee(&self) -> &Self {
        match self {
            Self::Pointer(inner) => inner.pointee(),
            other => other,
        }
    }
}

/// A constant of a schema: the value that a merge with defaults puts in for the zero value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Constant {
    /// A boolean.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A string.
    String(String),
}

/// One field of a struct.
#[derive(Clone, Debug)]
pub struct FieldDef {
    /// The JSON name, as the original spells it.
    pub name: String,
    /// Its type.
    pub ty: Type,
    /// Go's name of the type, as error messages print it.
    pub go: String,
    /// One sentence for a person.
    pub doc: String,
    /// What the merge with the flags' defaults puts in for a zero value.
    pub default: Option<Constant>,
    /// daemon.json: the value is an object that the loader does not flatten.
    pub flat: bool,
    /// daemon.json: the name is not known to the loader's test for unknown keys.
    pub unlisted: bool,
    /// daemon.json: a boolean that is copied into the flag of its name, wherever the flattened key stood.
    pub flag: bool,
    /// The name in protobuf's JSON form, for fields of protobuf messages.
    pub proto: Option<String>,
    /// The Go type has an `UnmarshalJSON` that calls `json.Unmarshal` on its own: the first type error inside
    /// ends the decoding, and names this field.
    pub own: bool,
    /// A list of strings for which a lone string may stand, and which is replaced whole: moby's `strslice.StrSlice`.
    pub words: bool,
    /// A Go array of this length.
    pub fixed: Option<usize>,
    /// An embedded struct (or pointer to one): its fields' keys stand in the object around it.
    pub embed: bool,
    /// Left out of what is printed if it is zero: Go's `omitempty`.
    pub omit: bool,
    /// Host facts: true means that the machine lacks something.
    pub lack: bool,
    /// What loading finds: it depends on the text alone, and not on which keys there are.
    pub plain: bool,
    /// First profile that has the field.
    pub since: Option<String>,
    /// First profile that has it no longer.
    pub until: Option<String>,
}

/// One struct.
#[derive(Clone, Debug, Default)]
pub struct StructDef {
    /// The name used in schemas and rules.
    pub name: String,
    /// Go's name with its package, as error messages print it: `system.Runtime`.
    pub go: String,
    /// One sentence for a person.
    pub doc: String,
    /// The fields, in the original's order (which decides between keys that fold alike).
    pub fields: Vec<FieldDef>,
    pub(super) names: Names,
    /// The fields that embed a struct.
    pub(super) embeds: Vec<usize>,
    /// Whether a key spelled as a field can be no other one, and is spelled without escapes.
    pub(super) distinct: bool,
}

impl StructDef {
    pub(super) fn new(name: String, go: String, doc: String, fields: Vec<FieldDef>) -> Self {
        let embeds: Vec<_> =
            fields.iter().enumerate().filter(|(_, field)| field.embed).map(|(at, _)| at).collect();
        let names: BTreeSet<_> = fields.iter().map(|field| field.name.as_str()).collect();
        let plain =
            |name: &&str| name.bytes().all(|b| matches!(b, b' '..=b'~') && !matches!(b, b'"' | b'\\'));
        let distinct = names.len() == fields.len() && names.iter().all(plain);
        Self { names: Names::of(&fields), embeds, distinct, name, go, doc, fields }
    }

    /// The name in Go's "cannot unmarshal" errors: without the package.
    #[must_use]
    pub fn go_short(&self) -> &str {
        self.go.rsplit('.').next().unwrap_or(&self.go)
    }
}

/// A document schema. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Schema {
    pub(crate) inner: Arc<SchemaInner>,
}

#[derive(Debug)]
pub(crate) struct SchemaInner {
    pub(crate) id: String,
    pub(crate) doc: String,
    pub(crate) source: String,
    pub(crate) root: StructId,
    pub(crate) structs: Vec<StructDef>,
    pub(crate) open: bool,
    pub(crate) flag_only: Vec<String>,
    pub(crate) none: StructDef,
}

impl Schema {
    /// A schema without structs: what stands in for a builtin one that does not load, which a test rules out.
    pub(crate) fn empty() -> Self {
        let inner = SchemaInner {
            id: String::new(),
            doc: String::new(),
            source: String::new(),
            root: StructId(0),
            structs: Vec::new(),
            open: false,
            flag_only: Vec::new(),
            none: StructDef::default(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// The name rules and subjects use.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.inner.id
    }

    /// What the document is, for a person.
    #[must_use]
    pub fn doc(&self) -> &str {
        &self.inner.doc
    }

    /// Where the original defines it.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.inner.source
    }

    /// The struct of the whole document.
    #[must_use]
    pub fn root(&self) -> StructId {
        self.inner.root
    }

    /// All structs, in the order of the schema file.
    #[must_use]
    pub fn structs(&self) -> &[StructDef] {
        &self.inner.structs
    }

    /// A struct by its id; ids come from this schema, so there always is one.
    #[must_use]
    pub fn get(&self, id: StructId) -> &StructDef {
        self.inner.structs.get(id.0).unwrap_or(&self.inner.none)
    }

    /// Whether absent fields are *unknown* rather than zero (host facts).
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.inner.open
    }

    /// daemon.json: keys that pass the loader's test for unknown keys although nothing is decoded from them.
    #[must_use]
    pub fn flag_only(&self) -> &[String] {
        &self.inner.flag_only
    }

    /// The schema as one profile has it: fields outside their `since`/`until` are left out.
    ///
    /// `has` says whether the profile is at or after the one named.
    #[must_use]
    pub fn at_profile(&self, has: &dyn Fn(&str) -> bool) -> Self {
        let keep = |f: &FieldDef| f.since.as_deref().is_none_or(has) && !f.until.as_deref().is_some_and(has);
        if self.inner.structs.iter().all(|s| s.fields.iter().all(keep)) {
            return self.clone();
        }
        let structs = self.inner.structs.iter().map(|s| {
            let fields: Vec<_> = s.fields.iter().filter(|f| keep(f)).cloned().collect();
            StructDef::new(s.name.clone(), s.go.clone(), s.doc.clone(), fields)
        });
        let inner = SchemaInner {
            structs: structs.collect(),
            id: self.inner.id.clone(),
            doc: self.inner.doc.clone(),
            source: self.inner.source.clone(),
            root: self.inner.root,
            open: self.inner.open,
            flag_only: self.inner.flag_only.clone(),
            none: StructDef::default(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// The type as schemas and `plimsoll rules --schema` write it.
    #[must_use]
    pub fn type_name(&self, ty: &Type) -> String {
        match ty {
            Type::Bool => "bool".into(),
            Type::Int(IntSize::Int) => "int".into(),
            Type::Int(IntSize::I64) => "int64".into(),
            Type::Int(IntSize::I32) => "int32".into(),
            Type::Int(IntSize::U8) => "uint8".into(),
            Type::Int(IntSize::U16) => "uint16".into(),
            Type::Int(IntSize::U32) => "uint32".into(),
            Type::Int(IntSize::Uint) => "uint".into(),
            Type::Int(IntSize::U64) => "uint64".into(),
            Type::Float => "float".into(),
            Type::String => "string".into(),
            Type::Text(TextKind::Ip) => "ip".into(),
            Type::Text(TextKind::Prefix) => "prefix".into(),
            Type::Text(TextKind::MemBytes) => "membytes".into(),
            Type::Text(TextKind::Duration) => "duration".into(),
            Type::Text(TextKind::GcFilter) => "gcfilter".into(),
            Type::Any => "any".into(),
            Type::List(of) => format!("[{}]", self.type_name(of)),
            Type::Map(of) => format!("{{{}}}", self.type_name(of)),
            Type::Struct(id) => self.get(*id).name.clone(),
            Type::Pointer(to) => format!("*{}", self.type_name(to)),
        }
    }

    /// Go's name of a type, as its JSON errors print it.
    #[must_use]
    pub(crate) fn go_type_name(&self, ty: &Type) -> String {
        match ty {
            Type::Float => "float64".into(),
            Type::Text(TextKind::Ip) => "net.IP".into(),
            Type::Text(TextKind::Prefix) => "netip.Prefix".into(),
            Type::Text(TextKind::MemBytes) => "opts.MemBytes".into(),
            Type::Text(TextKind::Duration) => "config.Duration".into(),
            Type::Text(TextKind::GcFilter) => "config.BuilderGCFilter".into(),
            Type::Any => "interface {}".into(),
            Type::List(of) => format!("[]{}", self.go_type_name(of)),
            Type::Map(of) => format!("map[string]{}", self.go_type_name(of)),
            Type::Struct(id) => self.get(*id).go.clone(),
            Type::Pointer(to) => format!("*{}", self.go_type_name(to)),
            other => self.type_name(other),
        }
    }
}
