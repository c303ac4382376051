//! Integers that meet a model.

use std::collections::BTreeMap;

use super::{Literals, TRY, views::Call};
use crate::facts::views::{ParamType, ViewArg, ViewField};
use crate::prove::number::{self, Difference};
use crate::prove::space::{Arg, Atom, Node, Space, TermId};
use crate::schema::{Constant, IntSize, Type};

/// Integers to try as arguments of views, besides what is there.
const INTEGERS: [i64; 8] = [0, 1, 2, 8, 64, 1_000, 1_000_000, 10_000_000_000];

/// Integers with which views of one integer give what the model wants of them.
pub(super) fn numbers_of_views(
    space: &Space,
    model: &Literals,
    calls: &[Call<'_>],
    mut found: BTreeMap<TermId, i64>,
) -> Option<BTreeMap<TermId, i64>> {
    let mut fixed = BTreeMap::new();
    for call in calls {
        let ([Arg::Term(argument)], Some(view)) = (call.args, space.get(call.term).and_then(|t| t.view))
        else {
            continue;
        };
        if !matches!(view.params, [(_, ParamType::Int)]) {
            continue;
        }
        let own = found.get(argument).copied().unwrap_or(0);
        let (numbers, more) = [own].into_iter().chain(INTEGERS).find_map(|n| {
            let mut more = fixed.clone();
            more.insert(*argument, n);
            let fields = view.call(&[ViewArg::Int(n)]);
            for (output, at) in &call.outputs {
                if let Some(ViewField::Int(made)) = fields.get(*at) {
                    more.insert(*output, *made);
                }
            }
            space.meter.spend(TRY).then(|| Some((numbers(space, model, &more).ok()?, more)))?
        })?;
        (found, fixed) = (numbers, more);
    }
    Some(found)
}

/// Integers that meet the model, some of which are told.
pub(super) fn numbers(
    space: &Space,
    model: &Literals,
    fixed: &BTreeMap<TermId, i64>,
) -> Result<BTreeMap<TermId, i64>, ()> {
    let mut constraints = Vec::new();
    let mut all = BTreeMap::new();
    for (term, value) in fixed {
        let (least, most) = bounds(space, *term);
        all.insert(*term, (least, most, *value));
        let value = i128::from(*value);
        constraints.push(Difference { x: Some(*term), y: None, c: value });
        constraints.push(Difference { x: None, y: Some(*term), c: value.saturating_neg() });
    }
    for (number, holds) in model {
        let Some(Atom::AtMost(x, y, c)) = space.atoms().get(*number) else { continue };
        let constraint = Difference { x: *x, y: *y, c: i128::from(*c) };
        constraints.push(if *holds { constraint } else { constraint.not() });
        for term in x.iter().chain(y) {
            let (least, most) = bounds(space, *term);
            let wanted = match space.get(*term).and_then(|t| t.default.as_ref()) {
                Some(Constant::Int(n)) => *n,
                _ => 0,
            };
            all.entry(*term).or_insert((least, most, wanted));
        }
    }
    let steps = constraints.len().saturating_add(all.len()).saturating_mul(all.len()).saturating_mul(4);
    if !space.meter.spend(u64::try_from(steps).unwrap_or(u64::MAX)) {
        return Err(());
    }
    number::solve(&constraints, &all).ok_or(())
}

fn bounds(space: &Space, term: TermId) -> (i64, i64) {
    let Some(term) = space.get(term) else { return (i64::MIN, i64::MAX) };
    if matches!(term.node, Node::Size(_)) {
        return (0, i64::MAX);
    }
    match term.ty.as_ref().map(Type::pointee) {
        Some(Type::Int(IntSize::I32)) => (i32::MIN.into(), i32::MAX.into()),
        Some(Type::Int(IntSize::U8)) => (0, u8::MAX.into()),
        Some(Type::Int(IntSize::U16)) => (0, u16::MAX.into()),
        Some(Type::Int(IntSize::U32)) => (0, u32::MAX.into()),
        Some(Type::Int(IntSize::Uint | IntSize::U64)) => (0, i64::MAX),
        _ => (i64::MIN, i64::MAX),
    }
}
