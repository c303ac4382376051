use super::decision::Seen;
use super::scope::Scope;
use super::tri::Tri;
use crate::table::{Cond, Operand};

/// Notes which tests of a condition decide its outcome: those whose change alone would change it.
///
/// This is modified condition/decision coverage in its masking form. Below `&&` a part decides if all others hold, below
/// `||` if none does; a test below a quantifier decides if it does so for one element, and the others leave the
/// quantifier to that element. A test with an unknown part beside it that matters decides nothing.
pub(super) fn note(scope: &Scope<'_>, when: &Cond, seen: &mut Vec<Seen>) {
    seen.resize(when.atoms().len(), Seen::default());
    decide(scope, when, seen);
}

/// `seen` belongs to the atoms of `cond`, which decides.
fn decide(scope: &Scope<'_>, cond: &Cond, seen: &mut [Seen]) {
    match cond {
        Cond::Const(_) => {}
        Cond::Not(inner) => decide(scope, inner, seen),
        Cond::All(parts) => among(scope, parts, &Tri::True, seen),
        Cond::Any(parts) => among(scope, parts, &Tri::False, seen),
        // Either side changes the outcome, whatever the other is.
        Cond::Same(Operand::Cond(left), Operand::Cond(right)) => {
            let (l, r) = seen.split_at_mut(left.atoms().len().min(seen.len()));
            if !matches!(scope.cond(right), Tri::Unknown(_)) {
                decide(scope, left, l);
            }
            if !matches!(scope.cond(left), Tri::Unknown(_)) {
                decide(scope, right, r);
            }
        }
        Cond::Exists { over, var, body } => {
            let Ok(elements) = scope.elements(over) else { return };
            let scopes: Vec<_> = elements
                .into_iter()
                .map(|element| {
                    let mut vars = scope.vars.to_vec();
                    vars.truncate(*var);
                    vars.push(element);
                    vars
                })
                .collect();
            let values: Vec<_> = scopes.iter().map(|vars| Scope { vars, ..*scope }.cond(body)).collect();
            for (i, vars) in scopes.iter().enumerate() {
                if others(&values, i, &Tri::False) {
                    decide(&Scope { vars, ..*scope }, body, seen);
                }
            }
        }
        atom => {
            if let Some(seen) = seen.first_mut() {
                match scope.cond(atom) {
                    Tri::True => seen.held += 1,
                    Tri::False => seen.failed += 1,
                    Tri::Unknown(_) => {}
                }
            }
        }
    }
}

/// Parts that decide if all others have the value `neutral`.
fn among(scope: &Scope<'_>, parts: &[Cond], neutral: &Tri, seen: &mut [Seen]) {
    let values: Vec<_> = parts.iter().map(|part| scope.cond(part)).collect();
    let mut rest = seen;
    for (i, part) in parts.iter().enumerate() {
        let (own, more) = rest.split_at_mut(part.atoms().len().min(rest.len()));
        if others(&values, i, neutral) {
            decide(scope, part, own);
        }
        rest = more;
    }
}

fn others(values: &[Tri], but: usize, are: &Tri) -> bool {
    values.iter().enumerate().all(|(i, value)| i == but || value == are)
}
