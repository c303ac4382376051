use std::collections::BTreeSet;

use super::print::{As, Text, text};
use super::structure::go_type_name;
use super::{Alternative, Entry, OptionProblem, OptionValue};
use crate::facts::{AnyRef, AnyValue};
use crate::schema::Type;
use crate::source::Span;

/// Why a value does not fit its field.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    message: String,
    span: Option<Span>,
    alternatives: BTreeSet<String>,
}

impl Failure {
    fn new(value: AnyRef<'_, '_>, place: As, target: &str) -> Self {
        let Text { value: text, go_type } = text(value, place);
        let message = format!("Can't convert {text}({go_type}) to {target}");
        Self { message, span: value.node().map(|n| n.span), alternatives: BTreeSet::new() }
    }

    pub(super) fn into_problem(self, entry: &Entry<'_, '_>) -> OptionProblem {
        // A tree made from a map knows no positions.
        let at = |message: &str| format!("(0, 0): {message}");
        let alternatives = self.alternatives.iter().filter(|m| **m != self.message);
        OptionProblem {
            message: at(&self.message),
            crash: false,
            key: entry.key.to_vec(),
            span: self.span.or(entry.span),
            alternatives: alternatives.map(|m| Alternative { message: at(m), crash: false }).collect(),
        }
    }
}

/// go-toml's `valueFromToml` for the types that the structures have; `go` is Go's name of the type.
///
/// `Ok(None)` is a value that is accepted and is zero: an empty list of bytes, a struct without fields.
pub(super) fn convert(ty: &Type, go: &str, value: AnyRef<'_, '_>) -> Result<Option<OptionValue>, Failure> {
    let first = match value.value() {
        AnyValue::List => value.children().first().copied(),
        _ => None,
    };
    let refuse = |target: &str| Err(Failure::new(value, As::Value, target));
    match (value.value(), first.map(|f| f.value())) {
        (AnyValue::Object, _) => match ty {
            Type::Map(of) => strings(of, value),
            Type::Struct(_) => Ok(None),
            _ => refuse("a tree"),
        },
        (_, Some(AnyValue::Object)) => refuse("trees"),
        (AnyValue::List, None) => match ty {
            Type::List(_) => Ok(None),
            _ => refuse("a slice"),
        },
        (scalar_or_list, _) => match (ty, scalar_or_list, first) {
            (Type::Bool, AnyValue::Bool(b), _) => Ok(Some(OptionValue::Bool(*b))),
            (Type::String, AnyValue::Str(s), _) => Ok(Some(OptionValue::Str(s.to_vec()))),
            (Type::List(of), _, Some(first)) => Err(element(of, first)),
            (Type::List(_), _, None) => refuse(&format!("{go}(slice)")),
            (Type::Map(_), _, _) => refuse(&format!("{go}(map)")),
            // Integers too: go-toml turns no float into one, whatever its value.
            _ => refuse(go),
        },
    }
}

/// The first element of a list of bytes. Nothing fits into a byte, so it always is the one that fails.
fn element(of: &Type, value: AnyRef<'_, '_>) -> Failure {
    // A list in a list keeps the type that encoding/json gave it, which go-toml tells apart from lists of its own.
    let target = if matches!(value.value(), AnyValue::List) { "a slice".into() } else { go_type_name(of) };
    Failure::new(value, As::Element, &target)
}

/// A map of strings. Go takes the keys in random order; here the first failure in the order of the text is the one.
fn strings(of: &Type, object: AnyRef<'_, '_>) -> Result<Option<OptionValue>, Failure> {
    let go = go_type_name(of);
    let mut map = Vec::new();
    let mut failure: Option<Failure> = None;
    for child in object.children() {
        match (convert(of, &go, child), &mut failure) {
            (Ok(Some(OptionValue::Str(value))), _) => map.push((child.key().to_vec(), value)),
            (Ok(_), _) => {}
            (Err(new), Some(first)) => {
                first.alternatives.insert(new.message);
            }
            (Err(new), none) => *none = Some(new),
        }
    }
    failure.map_or(Ok(Some(OptionValue::Map(map))), Err)
}
