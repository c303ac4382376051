//! Integers: differences `x - y <= c`, decided exactly.

use std::collections::BTreeMap;

/// `x - y <= c`; no variable stands for zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Difference {
    pub(super) x: Option<usize>,
    pub(super) y: Option<usize>,
    pub(super) c: i128,
}

impl Difference {
    /// What holds where this does not: `y - x <= -c - 1`.
    pub(super) fn not(self) -> Self {
        Self { x: self.y, y: self.x, c: self.c.saturating_neg().saturating_sub(1) }
    }
}

/// Values that meet all constraints, as near to what is wanted as can be in the order of the variables; `None` if there
/// are none.
///
/// `bounds` gives the least and the greatest value of each variable's type, and the value that is wanted.
pub(super) fn solve(
    constraints: &[Difference],
    bounds: &BTreeMap<usize, (i64, i64, i64)>,
) -> Option<BTreeMap<usize, i64>> {
    let mut vars: Vec<Option<usize>> = vec![None];
    vars.extend(bounds.keys().map(|v| Some(*v)));
    let mut all: Vec<Difference> = constraints.to_vec();
    for (var, (least, most, _)) in bounds {
        all.push(Difference { x: Some(*var), y: None, c: i128::from(*most) });
        all.push(Difference { x: None, y: Some(*var), c: i128::from(*least).saturating_neg() });
    }
    let mut values = BTreeMap::new();
    for (var, (.., wanted)) in bounds {
        let (low, high) = range(&vars, &all, *var)?;
        let value = i128::from(*wanted).clamp(low, high);
        all.push(Difference { x: Some(*var), y: None, c: value });
        all.push(Difference { x: None, y: Some(*var), c: value.saturating_neg() });
        values.insert(*var, i64::try_from(value).ok()?);
    }
    if bounds.is_empty() && all.iter().any(|d| d.c < 0) {
        return None;
    }
    Some(values)
}

/// The least and the greatest value that a variable can have; `None` if the constraints contradict each other.
fn range(vars: &[Option<usize>], all: &[Difference], var: usize) -> Option<(i128, i128)> {
    let high = shortest(vars, all, None, |d| (d.y, d.x))?;
    let low = shortest(vars, all, None, |d| (d.x, d.y))?;
    Some((high_of(&low, var)?.saturating_neg(), high_of(&high, var)?))
}

fn high_of(distances: &BTreeMap<Option<usize>, i128>, var: usize) -> Option<i128> {
    distances.get(&Some(var)).copied()
}

/// Shortest ways from one variable to all (Bellman and Ford); `None` if there is a negative cycle.
fn shortest(
    vars: &[Option<usize>],
    all: &[Difference],
    from: Option<usize>,
    edge: impl Fn(&Difference) -> (Option<usize>, Option<usize>),
) -> Option<BTreeMap<Option<usize>, i128>> {
    let mut distance = BTreeMap::from([(from, 0_i128)]);
    for _ in 0..=vars.len() {
        let mut changed = false;
        for constraint in all {
            let (tail, head) = edge(constraint);
            let Some(so_far) = distance.get(&tail).copied() else { continue };
            let length = so_far.saturating_add(constraint.c);
            if distance.get(&head).is_none_or(|old| length < *old) {
                distance.insert(head, length);
                changed = true;
            }
        }
        if !changed {
            return Some(distance);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn most(x: usize, c: i128) -> Difference {
        Difference { x: Some(x), y: None, c }
    }

    #[test]
    fn values_meet_their_constraints() {
        let bounds = BTreeMap::from([(0, (i64::MIN, i64::MAX, 0)), (1, (0, 65_535, 0))]);
        // x > 10, y < x, y > 5
        let less = Difference { x: Some(1), y: Some(0), c: -1 };
        let values = solve(&[most(0, 10).not(), less, most(1, 5).not()], &bounds).unwrap();
        assert_eq!(values, BTreeMap::from([(0, 11), (1, 6)]));
        // y > x is impossible if x >= 65535.
        assert_eq!(solve(&[most(0, 65_534).not(), less.not(), most(1, 65_534)], &bounds), None);
        assert_eq!(solve(&[Difference { x: None, y: None, c: -1 }], &BTreeMap::new()), None);
    }

    #[test]
    fn small_universes_agree_with_counting() {
        let vars = [Some(0), Some(1), None];
        let value = |of: Option<usize>, a: i64, b: i64| match of {
            Some(0) => a,
            Some(_) => b,
            None => 0,
        };
        let bounds = BTreeMap::from([(0, (-2, 2, 0)), (1, (-2, 2, 0))]);
        let all: Vec<Difference> = vars
            .iter()
            .flat_map(|x| vars.iter().map(move |y| (*x, *y)))
            .filter(|(x, y)| x != y)
            .flat_map(|(x, y)| (-3..=3).map(move |c| Difference { x, y, c }))
            .collect();
        for one in &all {
            for other in &all {
                let holds = |a, b| {
                    [one, other].iter().all(|d| i128::from(value(d.x, a, b) - value(d.y, a, b)) <= d.c)
                };
                let possible = (-2..=2).any(|a| (-2..=2).any(|b| holds(a, b)));
                let found = solve(&[*one, *other], &bounds);
                assert_eq!(found.is_some(), possible, "{one:?} {other:?}");
                if let Some(v) = found {
                    assert!(holds(v[&0], v[&1]));
                }
            }
        }
    }
}
