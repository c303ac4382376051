use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::schema::{FieldDef, Schema, Type};

/// The schema of the structures: its name and text. A test reads it, so that it is there.
///
/// Views decode by it wherever they are called, so that no other text can stand in its place.
pub(crate) const SCHEMA_TEXT: (&str, &str) =
    ("spec/schema/shim-options.toml", include_str!("../../../spec/schema/shim-options.toml"));

static SCHEMA: LazyLock<Option<Schema>> = LazyLock::new(|| Schema::parse(SCHEMA_TEXT.1).ok());

/// The structure that a runtimeType's options are decoded into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Structure {
    /// `containerd.runc.v1.Options`: containerd's own shim for runc.
    Runc,
    /// `containerd.runhcs.v1.Options`: the Windows shim.
    Runhcs,
    /// `runtimeoptions.v1.Options`: every other shim.
    Generic,
}

/// How a key is spelt, in the order in which go-toml looks for them (`keysToTry` of `valueFromTree`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Spelling {
    /// `BinaryName`
    Exact,
    /// `binaryname`
    Lower,
    /// `BINARYNAME`
    Upper,
    /// `binaryName`
    FirstLower,
}

/// The spellings of all fields of one structure: to the field's index.
type Spellings = BTreeMap<Vec<u8>, (usize, Spelling)>;

static SPELLINGS: LazyLock<[Spellings; 3]> = LazyLock::new(|| Structure::ALL.map(Structure::all_spellings));

impl Structure {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Runc, Self::Runhcs, Self::Generic];

    /// The structure for a runtimeType, by its exact text (moby `shimopts.Generate`).
    #[must_use]
    pub fn of(runtime_type: &[u8]) -> Self {
        match runtime_type {
            b"io.containerd.runc.v2" | b"io.containerd.runc.v1" => Self::Runc,
            b"io.containerd.runhcs.v1" => Self::Runhcs,
            _ => Self::Generic,
        }
    }

    /// Its name in the schema: `runc`, `runhcs` or `generic`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Runc => "runc",
            Self::Runhcs => "runhcs",
            Self::Generic => "generic",
        }
    }

    /// Its fields, in the order in which they are decoded.
    #[must_use]
    pub fn fields(self) -> &'static [FieldDef] {
        let Some(schema) = &*SCHEMA else { return &[] };
        match schema.get(schema.root()).field(self.name()) {
            Some((_, FieldDef { ty: Type::Struct(id), .. })) => &schema.get(*id).fields,
            _ => &[],
        }
    }

    /// The field that a key names in one of the four spellings, by index, and its proper name.
    pub(super) fn field(self, key: &[u8]) -> Option<(usize, &'static str)> {
        let (index, _) = self.spelling(key)?;
        Some((index, self.fields().get(index)?.name.as_str()))
    }

    /// The field and the spelling of a key.
    pub(super) fn spelling(self, key: &[u8]) -> Option<(usize, Spelling)> {
        let [runc, runhcs, generic] = &*SPELLINGS;
        let spellings = match self {
            Self::Runc => runc,
            Self::Runhcs => runhcs,
            Self::Generic => generic,
        };
        spellings.get(key).copied()
    }

    /// The field whose name differs from a key in case and underscores only.
    pub(super) fn meant(self, key: &[u8]) -> Option<&'static str> {
        let plain = |name: &[u8]| -> Vec<u8> {
            name.iter().filter(|b| !matches!(b, b'_' | b'-')).map(u8::to_ascii_lowercase).collect()
        };
        let key = plain(key);
        self.fields().iter().map(|f| f.name.as_str()).find(|name| plain(name.as_bytes()) == key)
    }

    fn all_spellings(self) -> Spellings {
        let mut out = Spellings::new();
        for (index, field) in self.fields().iter().enumerate() {
            let name = field.name.as_bytes();
            let mut first_lower = name.to_vec();
            if let Some(first) = first_lower.first_mut() {
                first.make_ascii_lowercase();
            }
            for (text, spelling) in [
                (name.to_vec(), Spelling::Exact),
                (name.to_ascii_lowercase(), Spelling::Lower),
                (name.to_ascii_uppercase(), Spelling::Upper),
                (first_lower, Spelling::FirstLower),
            ] {
                out.entry(text).or_insert((index, spelling));
            }
        }
        out
    }
}

/// Go's name of a type of this schema, as messages print it.
pub(super) fn go_type_name(ty: &Type) -> String {
    SCHEMA.as_ref().map_or_else(String::new, |s| s.go_type_name(ty))
}
