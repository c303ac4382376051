//! What the answer of one test tells about another test of the same place.

use std::collections::BTreeMap;

use super::glance::starts;
use super::plan::{Number, NumberOp, Path, Test, Text};

/// What a test asks of the value of a field, if it is held against literals alone.
#[derive(Debug, PartialEq, Eq)]
enum Asks<'t> {
    /// Whether a text is one of these.
    OneOf(Vec<&'t [u8]>),
    Starts(&'t [u8]),
    Number(NumberOp, i64),
}

/// The answers that are told by answers of others.
#[derive(Debug)]
pub(super) struct Implied {
    /// By a test, its answer, and another test: the answer of that.
    told: BTreeMap<(u8, bool, u8), bool>,
}

impl Implied {
    pub(super) fn new(tests: &[Test]) -> Self {
        let asks: Vec<_> =
            (0..).zip(tests).filter_map(|(number, test)| Some((number, asks(test)?))).collect();
        let pairs = asks.iter().flat_map(|one| asks.iter().map(move |other| (one, other)));
        let mut told = BTreeMap::new();
        for ((one, (path, asked)), (other, (same, wanted))) in pairs {
            if one != other && path == same {
                let answers = [true, false].into_iter();
                told.extend(answers.filter_map(|a| Some(((*one, a, *other), asked.tells(a, wanted)?))));
            }
        }
        Self { told }
    }

    /// The answer of `other` once `test` has the answer `holds`.
    pub(super) fn answer(&self, test: u8, holds: bool, other: u8) -> Option<bool> {
        self.told.get(&(test, holds, other)).copied()
    }
}

fn asks(test: &Test) -> Option<(&Path, Asks<'_>)> {
    Some(match test {
        Test::Empty(path) => (path, Asks::OneOf(vec![&[]])),
        Test::Same(Text::Path(path), Text::Literal(literal)) => (path, Asks::OneOf(vec![literal])),
        Test::OneOf(Text::Path(path), literals) => {
            (path, Asks::OneOf(literals.iter().map(Vec::as_slice).collect()))
        }
        Test::Starts(Text::Path(path), literal) => (path, Asks::Starts(literal)),
        Test::Number(op, Number::Path(path), Number::Literal(n)) => (path, Asks::Number(*op, *n)),
        _ => return None,
    })
}

impl Asks<'_> {
    /// What the answer `holds` tells about another question: an answer only if it is the same for all values.
    fn tells(&self, holds: bool, other: &Self) -> Option<bool> {
        match (self, other) {
            (Self::Number(op, n), Self::Number(wanted, m)) => {
                // Both change their minds at these places only.
                let near = |n: i64| [n.saturating_sub(1), n, n.saturating_add(1)];
                let values = near(*n).into_iter().chain(near(*m));
                alike(values.filter(|v| op.holds(*v, *n) == holds).map(|v| wanted.holds(v, *m)))
            }
            (Self::Number(..), _) | (_, Self::Number(..)) => None,
            (Self::OneOf(texts), _) if holds => alike(texts.iter().map(|text| other.is_met(text))),
            (_, Self::OneOf(texts)) => {
                let possible = texts.iter().any(|text| self.is_met(text) == holds);
                (!possible).then_some(false)
            }
            (_, _) => None,
        }
    }

    fn is_met(&self, text: &[u8]) -> bool {
        match self {
            Self::OneOf(texts) => texts.contains(&text),
            Self::Starts(literal) => starts(text, literal),
            Self::Number(..) => false,
        }
    }
}

/// The answer that all give; none if there are none.
fn alike(mut answers: impl Iterator<Item = bool>) -> Option<bool> {
    let first = answers.next()?;
    answers.all(|answer| answer == first).then_some(first)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::FileFailurePersistence;

    use super::Asks;
    use crate::engine::plan::NumberOp;
    use crate::table::OrderOp;

    const TEXTS: [&[u8]; 7] = [b"", b"a", b"b", b"ab", b"abc", b"b:", b"c"];

    fn asks() -> impl Strategy<Value = Asks<'static>> {
        let order = prop::sample::select(vec![OrderOp::Lt, OrderOp::Le, OrderOp::Gt, OrderOp::Ge]);
        let op = prop_oneof![Just(NumberOp::Same), order.prop_map(NumberOp::Order)];
        let number = prop_oneof![-3..4_i64, Just(i64::MIN), Just(i64::MAX)];
        let text = || prop::sample::select(TEXTS.to_vec());
        prop_oneof![
            prop::collection::vec(text(), 1..4).prop_map(Asks::OneOf),
            text().prop_map(Asks::Starts),
            (op, number).prop_map(|(op, n)| Asks::Number(op, n)),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: 4_000,
            failure_persistence: Some(Box::new(FileFailurePersistence::Direct("tests/regressions/jumps.txt"))),
            ..ProptestConfig::default()
        })]

        #[test]
        fn what_is_told_is_so_for_every_value(one in asks(), other in asks(), holds: bool) {
            let Some(told) = one.tells(holds, &other) else { return Ok(()) };
            let numbers = (-9..9_i64).chain([i64::MIN, i64::MIN + 1, i64::MAX - 1, i64::MAX]);
            let met = |asks: &Asks<'_>, text: &[u8], number: i64| match asks {
                Asks::Number(op, n) => op.holds(number, *n),
                texts => texts.is_met(text),
            };
            for (text, number) in numbers.flat_map(|n| TEXTS.map(|text| (text, n))) {
                if met(&one, text, number) == holds {
                    prop_assert_eq!(met(&other, text, number), told);
                }
            }
        }
    }

    #[test]
    fn some_things_are_told() {
        let (memory, swap) = (Asks::Number(NumberOp::Same, 0), Asks::Number(NumberOp::Order(OrderOp::Gt), 0));
        assert_eq!((memory.tells(true, &swap), memory.tells(false, &swap)), (Some(false), None));
        let one = |text: &'static [u8]| Asks::OneOf(vec![text]);
        assert_eq!(one(b"gelf").tells(true, &one(b"fluentd")), Some(false));
        assert_eq!(one(b"gelf").tells(false, &one(b"fluentd")), None);
        assert_eq!(Asks::Starts(b"c:").tells(true, &one(b"")), Some(false));
        assert_eq!(Asks::OneOf(vec![b"a", b"b"]).tells(false, &one(b"b")), Some(false));
    }
}
