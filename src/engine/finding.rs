use super::decision::{Finding, Label};
use super::scope::{Scope, Val};
use crate::table::{Base, Cond, Format, LabelRule, Operand, Piece, Place, Rule};

/// What a rule that fired says, and where.
pub(super) fn finding(scope: &Scope<'_>, rule: &Rule) -> Finding {
    let default = default_place(rule);
    let (at, text) = match &rule.at {
        Some(LabelRule { place, text }) => (Some(place), text.as_str()),
        None => (default.as_ref(), ""),
    };
    let mut places = at.map_or_else(Vec::new, |place| labels(scope, place, text)).into_iter();
    let primary = places.next();
    let mut related: Vec<_> = places.collect();
    for also in &rule.also {
        related.extend(labels(scope, &also.place, &also.text));
    }
    Finding {
        rule: rule.id.clone(),
        effect: rule.effect,
        path: at.map_or_else(String::new, |place| scope.pointer(place, &rule.each)),
        message: message(scope, rule),
        why: rule.why.clone(),
        help: rule.help.clone(),
        primary,
        related,
    }
}

/// The first place says `text`; further ones (a list of places) stand for themselves.
fn labels(scope: &Scope<'_>, place: &Place, text: &str) -> Vec<Label> {
    if !scope.is_located(&place.base) {
        return Vec::new();
    }
    let spans = scope.spans(place);
    spans.into_iter().map(|span| Label { span, text: text.to_owned() }).collect()
}

/// Without `at`: the element of the innermost loop (its key over a map), else the first field the condition reads.
fn default_place(rule: &Rule) -> Option<Place> {
    let Some(last) = rule.each.last() else { return first_place(&rule.when) };
    let var = rule.each.len().saturating_sub(1);
    let shape = last.source.shape.element()?;
    let base = if last.key.is_some() { Base::VarKey(var) } else { Base::Var(var) };
    Some(Place { base, steps: Vec::new(), shape })
}

fn first_place(cond: &Cond) -> Option<Place> {
    let of_operand = |operand: &Operand| match operand {
        Operand::Place(place) | Operand::Size(place) => own(place),
        Operand::Cond(cond) => first_place(cond),
        _ => None,
    };
    match cond {
        Cond::Const(_) => None,
        Cond::Truth(place) | Cond::Present(place) => own(place),
        Cond::Not(inner) => first_place(inner),
        Cond::All(conds) | Cond::Any(conds) => conds.iter().find_map(first_place),
        Cond::Same(left, right) | Cond::Order(_, left, right) => {
            of_operand(left).or_else(|| of_operand(right))
        }
        Cond::OneOf(value, _) | Cond::Text(value, _) => of_operand(value),
        Cond::HasKey(value, place) | Cond::HasElement(value, place) => {
            of_operand(value).or_else(|| own(place))
        }
        Cond::Exists { over, .. } => own(over),
    }
}

/// A place in the document itself: the one given, or the first that a view looks at.
fn own(place: &Place) -> Option<Place> {
    match &place.base {
        Base::View(call) => call.args.iter().find_map(|arg| match arg {
            Operand::Place(place) => own(place),
            _ => None,
        }),
        Base::Root(0) => Some(place.clone()),
        _ => None,
    }
}

fn message(scope: &Scope<'_>, rule: &Rule) -> String {
    let mut out = String::new();
    for piece in &rule.message.pieces {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Value(operand, format) => print(&scope.operand(operand), *format, &mut out),
        }
    }
    out
}

fn print(value: &Val<'_>, format: Format, out: &mut String) {
    let strings = |sep: &str| -> Option<String> {
        let texts: Vec<_> = match value {
            Val::Strs(list) => list.iter().map(|s| String::from_utf8_lossy(s).into_owned()).collect(),
            Val::Item(item) => {
                let keys = item.entries().map(|(key, _)| key);
                let texts = item.elements().map(|e| e.str()).chain(keys);
                texts.map(|text| String::from_utf8_lossy(text).into_owned()).collect()
            }
            _ => return None,
        };
        Some(texts.join(sep))
    };
    match (value, format) {
        (Val::Bool(b), _) => out.push_str(if *b { "true" } else { "false" }),
        (Val::Int(n), _) => out.push_str(&n.to_string()),
        (Val::Str(s), Format::Quoted) => out.push_str(&crate::facts::quote(s)),
        (Val::Str(s), _) => out.push_str(&String::from_utf8_lossy(s)),
        (_, Format::Joined) => out.push_str(&strings(", ").unwrap_or_default()),
        (Val::Unknown(_), _) => out.push_str("(unknown)"),
        _ => out.push_str(&format!("[{}]", strings(" ").unwrap_or_default())),
    }
}
