use std::collections::BTreeSet;

use super::{Alternative, Entry, OptionProblem};
use crate::facts::{AnyRef, AnyValue};
use crate::source::Span;

/// A value that go-toml cannot take into its tree, and what it says.
#[derive(Clone, Debug)]
struct Found {
    outcome: Alternative,
    span: Option<Span>,
}

/// What go-toml does to the elements of the container it is in.
#[derive(Clone, Copy, Debug)]
enum Walk {
    /// `toTree` of an object: every value becomes a tree. Go visits keys in random order, so each problem may be the first.
    Object,
    /// `sliceToTree` of a list that begins with an object: every element becomes a tree.
    Trees,
    /// `sliceToTree` of any other list: elements are taken as they are, and must be of the first one's type.
    Values(&'static str),
    /// `simpleValueCoercion` of a list inside a list: elements are taken as they are, of any types.
    Inner,
}

#[derive(Debug)]
struct Frame<'f, 's> {
    walk: Walk,
    children: std::vec::IntoIter<AnyRef<'f, 's>>,
    /// The element that was entered last, until what is asked of it afterwards is checked.
    entered: Option<AnyRef<'f, 's>>,
    /// How many problems there were when the container was entered.
    mark: usize,
}

/// go-toml's `TreeFromMap`, without building the tree: the first problem in the order of the text, if there is any.
///
/// All keys count at every depth, known or not.
pub(super) fn check(entries: &[Entry<'_, '_>]) -> Option<OptionProblem> {
    let mut first: Option<OptionProblem> = None;
    let mut outcomes = BTreeSet::new();
    for entry in entries {
        let found = match entry.value {
            Some(value) => problems(value),
            None => vec![Found { outcome: not_a_tree("<nil>"), span: entry.span }],
        };
        if first.is_none()
            && let Some(Found { outcome, span }) = found.first().cloned()
        {
            let Alternative { message, crash } = outcome;
            let key = entry.key.to_vec();
            let span = span.or(entry.span);
            first = Some(OptionProblem { message, crash, key, span, alternatives: Vec::new() });
        }
        outcomes.extend(found.into_iter().map(|f| f.outcome));
    }
    let mut first = first?;
    outcomes.remove(&Alternative { message: first.message.clone(), crash: first.crash });
    first.alternatives = outcomes.into_iter().collect();
    Some(first)
}

/// Every problem of one value that may be the first, in the order of the text. A loop: values nest 10,000 deep.
fn problems<'f, 's>(value: AnyRef<'f, 's>) -> Vec<Found> {
    let mut found = Vec::new();
    let mut stack: Vec<Frame<'f, 's>> = Vec::new();
    stack.extend(enter_as_tree(value, &mut found));
    while let Some(frame) = stack.last_mut() {
        if let Some(element) = frame.entered.take()
            && found.len() == frame.mark
            && let Some(outcome) = misfit(frame.walk, element)
        {
            found.push(Found { outcome, span: element.node().map(|n| n.span) });
        }
        // A list is taken element by element, so its first problem ends it; an object may begin with any key.
        let ended = found.len() > frame.mark && !matches!(frame.walk, Walk::Object);
        let Some(child) = (if ended { None } else { frame.children.next() }) else {
            stack.pop();
            continue;
        };
        frame.entered = Some(child);
        let inside = match frame.walk {
            Walk::Object | Walk::Trees => enter_as_tree(child, &mut found),
            Walk::Values(_) | Walk::Inner => enter_as_value(child, &mut found),
        };
        stack.extend(inside);
    }
    found
}

/// go-toml's `toTree`.
fn enter_as_tree<'f, 's>(value: AnyRef<'f, 's>, found: &mut Vec<Found>) -> Option<Frame<'f, 's>> {
    let span = value.node().map(|n| n.span);
    let walk = match value.value() {
        AnyValue::Null => {
            found.push(Found { outcome: not_a_tree("<nil>"), span });
            return None;
        }
        AnyValue::Object => Walk::Object,
        AnyValue::List => match value.children().first().map(AnyRef::value)? {
            AnyValue::Null => {
                let message = "reflect: call of reflect.Value.Type on zero Value".into();
                found.push(Found { outcome: Alternative { message, crash: true }, span });
                return None;
            }
            AnyValue::Object => Walk::Trees,
            first => Walk::Values(go_type(first)),
        },
        _ => return None,
    };
    Some(Frame { walk, children: value.children().into_iter(), entered: None, mark: found.len() })
}

/// go-toml's `simpleValueCoercion`.
fn enter_as_value<'f, 's>(value: AnyRef<'f, 's>, found: &mut Vec<Found>) -> Option<Frame<'f, 's>> {
    match value.value() {
        v @ (AnyValue::Null | AnyValue::Object) => {
            found.push(Found { outcome: not_a_tree(go_type(v)), span: value.node().map(|n| n.span) });
            None
        }
        AnyValue::List => Some(Frame {
            walk: Walk::Inner,
            children: value.children().into_iter(),
            entered: None,
            mark: found.len(),
        }),
        _ => None,
    }
}

/// The panic with which Go notices that a converted element does not fit into the list.
fn misfit(walk: Walk, element: AnyRef<'_, '_>) -> Option<Alternative> {
    let message = match (walk, element.value()) {
        (Walk::Trees, AnyValue::Object) | (Walk::Object | Walk::Inner, _) => return None,
        (Walk::Trees, value) => {
            let trees = matches!(value, AnyValue::List)
                && matches!(element.children().first().map(AnyRef::value), Some(AnyValue::Object));
            let is = if trees { "[]*toml.Tree" } else { "*toml.tomlValue" };
            format!("interface conversion: interface {{}} is {is}, not *toml.Tree")
        }
        (Walk::Values(first), value) if go_type(value) == first => return None,
        (Walk::Values(first), value) => {
            format!("reflect.Set: value of type {} is not assignable to type {first}", go_type(value))
        }
    };
    Some(Alternative { message, crash: true })
}

fn not_a_tree(go_type: &str) -> Alternative {
    Alternative { message: format!("cannot convert type {go_type} to Tree"), crash: false }
}

/// Go's `%T` of a decoded JSON value.
fn go_type(value: &AnyValue<'_>) -> &'static str {
    match value {
        AnyValue::Null => "<nil>",
        AnyValue::Bool(_) => "bool",
        AnyValue::Number(_) => "float64",
        AnyValue::Str(_) => "string",
        AnyValue::List => "[]interface {}",
        AnyValue::Object => "map[string]interface {}",
    }
}
