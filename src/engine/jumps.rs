//! Formulas over the bits of tests, and the jumps from test to test that answer them.

/// A condition over the bits of tests, evaluated from left to right as far as needed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Formula {
    Const(bool),
    Test(u8),
    Not(Box<Formula>),
    All(Vec<Formula>),
    Any(Vec<Formula>),
}

/// A condition, ready to run.
#[derive(Debug)]
pub(super) struct Condition {
    /// For Kleene's logic: what counts once a test is unknown.
    pub(super) formula: Formula,
    /// The same as jumps, for the usual case that everything asked is known.
    pub(super) jumps: Jumps,
}

/// Jumps from test to test.
#[derive(Debug)]
pub(super) struct Jumps {
    all: Vec<Jump>,
    /// Where they begin.
    pub(super) entry: u16,
}

/// What is known of the tests of a decision diagram.
pub(super) trait Known {
    /// How long asking it takes, roughly.
    fn cost(&self, test: u8) -> u32;

    /// What the answer `holds` of `test` tells about another test, whenever it is known itself.
    fn implied(&self, test: u8, holds: bool, other: u8) -> Option<bool>;
}

/// One test and where to go from it: to another jump, [`ACCEPT`] or [`REJECT`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Jump {
    pub(super) test: u8,
    pub(super) holds: u16,
    pub(super) fails: u16,
}

/// The condition holds.
pub(super) const ACCEPT: u16 = u16::MAX;
/// The condition does not hold.
pub(super) const REJECT: u16 = u16::MAX - 1;

/// The most jumps of a decision diagram; a stage that needs more keeps the jumps of its rules.
const MAX_NODES: usize = 256;

impl Condition {
    pub(super) fn new(formula: Formula) -> Self {
        let mut all = Vec::new();
        let entry = formula.jumps(ACCEPT, REJECT, &mut all);
        Self { formula, jumps: Jumps { all, entry } }
    }
}

impl Jumps {
    /// All of them.
    pub(super) fn all(&self) -> &[Jump] {
        &self.all
    }

    /// Jump number `at`; none where the answer is.
    #[inline]
    pub(super) fn get(&self, at: u16) -> Option<&Jump> {
        self.all.get(usize::from(at))
    }

    /// Whether any of the formulas holds, as a decision diagram: on no way through it is a test asked twice. `None`
    /// if it would be large. Of several tests that could rule a formula out the one that costs least is asked first.
    pub(super) fn any_of(formulas: Vec<Formula>, known: &dyn Known) -> Option<Self> {
        let mut diagram = Diagram { known, jumps: Vec::new(), made: Vec::new() };
        let entry = diagram.node(any(formulas.iter().map(Formula::simplified).collect()))?;
        Some(Self { all: diagram.jumps, entry })
    }
}

/// A decision diagram under construction; equal parts are shared.
struct Diagram<'k> {
    known: &'k dyn Known,
    jumps: Vec<Jump>,
    made: Vec<(Formula, u16)>,
}

impl Diagram<'_> {
    /// Where the answer to a formula begins, by Shannon's expansion over one of its tests.
    fn node(&mut self, formula: Formula) -> Option<u16> {
        let Some(test) = formula.next(false, self.known) else {
            return Some(if formula == Formula::Const(true) { ACCEPT } else { REJECT });
        };
        if let Some((_, at)) = self.made.iter().find(|(made, _)| *made == formula) {
            return Some(*at);
        }
        if self.made.len() >= MAX_NODES {
            return None;
        }
        let holds = self.node(formula.given(test, true, self.known))?;
        let fails = self.node(formula.given(test, false, self.known))?;
        // Also a test that makes no difference is asked: unknown, it may make one. `a && !a` is not false then.
        self.jumps.push(Jump { test, holds, fails });
        let at = u16::try_from(self.jumps.len().checked_sub(1)?).ok()?;
        self.made.push((formula, at));
        Some(at)
    }
}

/// A conjunction without constants and nesting.
fn all(parts: Vec<Formula>) -> Formula {
    let mut out = Vec::new();
    for part in parts {
        match part {
            Formula::Const(true) => {}
            Formula::Const(false) => return part,
            Formula::All(inner) => out.extend(inner),
            part => out.push(part),
        }
    }
    match (out.pop(), out.is_empty()) {
        (None, _) => Formula::Const(true),
        (Some(only), true) => only,
        (Some(last), false) => {
            out.push(last);
            Formula::All(out)
        }
    }
}

fn not(inner: Formula) -> Formula {
    match inner {
        Formula::Const(b) => Formula::Const(!b),
        Formula::Not(inner) => *inner,
        inner => Formula::Not(Box::new(inner)),
    }
}

/// A disjunction without constants and nesting.
fn any(parts: Vec<Formula>) -> Formula {
    not(all(parts.into_iter().map(not).collect()))
}

impl Formula {
    /// The test to ask in order to find that the formula is `end`: where every part has to be, one of the first part;
    /// where a single one is enough, the one that costs least.
    fn next(&self, end: bool, known: &dyn Known) -> Option<u8> {
        match self {
            Self::Const(_) => None,
            Self::Test(test) => Some(*test),
            Self::Not(inner) => inner.next(!end, known),
            Self::All(parts) | Self::Any(parts) => {
                let mut tests = parts.iter().filter_map(|part| part.next(end, known));
                let each = matches!(self, Self::All(_)) == end;
                if each { tests.next() } else { tests.min_by_key(|test| known.cost(*test)) }
            }
        }
    }

    /// The same without constants and nesting.
    fn simplified(&self) -> Self {
        self.with(&|test| Self::Test(test))
    }

    /// What remains of it once a test is answered.
    fn given(&self, test: u8, answer: bool, known: &dyn Known) -> Self {
        self.with(&|t| {
            let told = if t == test { Some(answer) } else { known.implied(test, answer, t) };
            told.map_or(Self::Test(t), Self::Const)
        })
    }

    fn with(&self, test: &dyn Fn(u8) -> Self) -> Self {
        let each = |parts: &[Self]| parts.iter().map(|part| part.with(test)).collect();
        match self {
            Self::Const(_) => self.clone(),
            Self::Test(t) => test(*t),
            Self::Not(inner) => not(inner.with(test)),
            Self::All(parts) => all(each(parts)),
            Self::Any(parts) => any(each(parts)),
        }
    }

    /// Appends jumps that end at `holds` or `fails`; where they begin. `&&` and `||` are built from their last part.
    fn jumps(&self, holds: u16, fails: u16, out: &mut Vec<Jump>) -> u16 {
        match self {
            Self::Const(true) => holds,
            Self::Const(false) => fails,
            Self::Test(test) => {
                out.push(Jump { test: *test, holds, fails });
                // A condition has at most 4,096 nodes, so that its jumps are fewer than their targets can count.
                u16::try_from(out.len().saturating_sub(1)).unwrap_or(REJECT)
            }
            Self::Not(inner) => inner.jumps(fails, holds, out),
            Self::All(parts) => parts.iter().rev().fold(holds, |next, part| part.jumps(next, fails, out)),
            Self::Any(parts) => parts.iter().rev().fold(fails, |next, part| part.jumps(holds, next, out)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::FileFailurePersistence;

    use super::{ACCEPT, Condition, Formula, Jumps, Known};

    /// Tests of different places; the number decides which cost more.
    struct Unrelated(u8);

    impl Known for Unrelated {
        fn cost(&self, test: u8) -> u32 {
            test.wrapping_mul(self.0).into()
        }

        fn implied(&self, _: u8, _: bool, _: u8) -> Option<bool> {
            None
        }
    }

    fn formula() -> impl Strategy<Value = Formula> {
        let leaf = prop_oneof![any::<bool>().prop_map(Formula::Const), (0_u8..5).prop_map(Formula::Test)];
        leaf.prop_recursive(4, 24, 3, |inner| {
            prop_oneof![
                inner.clone().prop_map(|f| Formula::Not(Box::new(f))),
                prop::collection::vec(inner.clone(), 0..4).prop_map(Formula::All),
                prop::collection::vec(inner, 0..4).prop_map(Formula::Any),
            ]
        })
    }

    fn means(formula: &Formula, world: u8) -> bool {
        match formula {
            Formula::Const(b) => *b,
            Formula::Test(test) => world >> test & 1 == 1,
            Formula::Not(inner) => !means(inner, world),
            Formula::All(parts) => parts.iter().all(|part| means(part, world)),
            Formula::Any(parts) => parts.iter().any(|part| means(part, world)),
        }
    }

    /// The same in Kleene's logic, where the tests of `unknown` have no answer.
    fn kleene(formula: &Formula, world: u8, unknown: u8) -> Option<bool> {
        let all = |parts: &[Formula], settles: bool| {
            let answers: Vec<_> = parts.iter().map(|part| kleene(part, world, unknown)).collect();
            match (answers.contains(&Some(settles)), answers.contains(&None)) {
                (true, _) => Some(settles),
                (false, true) => None,
                (false, false) => Some(!settles),
            }
        };
        match formula {
            Formula::Const(b) => Some(*b),
            Formula::Test(test) if unknown >> test & 1 == 1 => None,
            Formula::Test(test) => Some(world >> test & 1 == 1),
            Formula::Not(inner) => kleene(inner, world, unknown).map(|b| !b),
            Formula::All(parts) => all(parts, false),
            Formula::Any(parts) => all(parts, true),
        }
    }

    /// The answer, and the tests asked for it.
    fn run(jumps: &Jumps, world: u8) -> (bool, Vec<u8>) {
        let (mut at, mut asked) = (jumps.entry, Vec::new());
        while let Some(jump) = jumps.get(at) {
            asked.push(jump.test);
            at = if world >> jump.test & 1 == 1 { jump.holds } else { jump.fails };
        }
        (at == ACCEPT, asked)
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: Some(Box::new(FileFailurePersistence::Direct("tests/regressions/jumps.txt"))),
            ..ProptestConfig::default()
        })]

        #[test]
        fn jumps_mean_what_their_formulas_mean(formulas in prop::collection::vec(formula(), 0..5), seed: u8) {
            let diagram = Jumps::any_of(formulas.clone(), &Unrelated(seed)).unwrap();
            let conditions: Vec<_> = formulas.iter().cloned().map(Condition::new).collect();
            for world in 0..32 {
                let expected: Vec<bool> = formulas.iter().map(|f| means(f, world)).collect();
                let found: Vec<bool> = conditions.iter().map(|c| run(&c.jumps, world).0).collect();
                prop_assert_eq!(&found, &expected);
                let (any, mut asked) = run(&diagram, world);
                prop_assert_eq!(any, expected.contains(&true));
                let number = asked.len();
                asked.sort_unstable();
                asked.dedup();
                prop_assert_eq!(asked.len(), number, "a test asked twice");
            }
            // What is answered without asking for anything unknown is the answer also where not everything is known.
            let whole = Formula::Any(formulas);
            for (world, unknown) in (0..32).flat_map(|world| (1..32).map(move |unknown| (world, unknown))) {
                let (any, asked) = run(&diagram, world);
                if asked.iter().all(|test| unknown >> test & 1 == 0) {
                    prop_assert_eq!(kleene(&whole, world, unknown), Some(any), "{:05b} {:05b}", world, unknown);
                }
            }
        }
    }

    #[test]
    fn a_large_diagram_is_given_up() {
        let all_of = |tests: [u8; 3]| Formula::All(tests.map(Formula::Test).to_vec());
        let scattered = |n: u8| (0..n).map(|i| all_of([i, i.wrapping_mul(7) % 61, i.wrapping_mul(13) % 59]));
        let any_of = |n| Jumps::any_of(scattered(n).collect(), &Unrelated(0));
        assert!(any_of(4).is_some());
        assert!(any_of(60).is_none());
    }
}
