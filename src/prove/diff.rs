//! What two sets of rules do differently: two profiles, or one profile with two tables on top.

use super::answer::Questions;
use super::document::Witness;
use super::question::{Answer, Side};
use super::versions;
use crate::subject::Kind;
use crate::table::{Catalog, RuleId};

/// Which way a difference goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// The first denies what the second allows.
    NewlyAllowed,
    /// The first allows what the second denies.
    NewlyDenied,
    /// The first is silent where the second warns.
    NewlyWarned,
    /// The first warns where the second is silent.
    NoLongerWarned,
}

impl Direction {
    /// In words: `newly allowed`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NewlyAllowed => "newly allowed",
            Self::NewlyDenied => "newly denied",
            Self::NewlyWarned => "newly warned of",
            Self::NoLongerWarned => "no longer warned of",
        }
    }
}

/// One difference, or what is not known of one.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// What is judged differently.
    pub kind: Kind,
    /// Which way.
    pub direction: Direction,
    /// The row that one side has a say with.
    pub rule: Option<RuleId>,
    /// The key that only one side knows.
    pub key: Option<String>,
    /// A document that one side allows and the other denies, or that only one warns of.
    pub witness: Option<Box<Witness>>,
    /// Why it is not known whether there is a difference.
    pub doubts: Vec<String>,
}

/// All differences of two sets of rules.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProgramDiff {
    /// The kinds that both judge, and so were compared.
    pub kinds: Vec<Kind>,
    /// The differences, by kind and direction.
    pub differences: Vec<Difference>,
    /// How many questions were answered.
    pub questions: usize,
}

impl ProgramDiff {
    /// Whether there is a difference in this direction.
    #[must_use]
    pub fn has(&self, direction: Direction) -> bool {
        self.differences.iter().any(|d| d.direction == direction && d.doubts.is_empty())
    }

    /// Takes what was found of other profiles as well. A difference that is there already is not added: most rows are
    /// the same in several profiles.
    pub fn add(&mut self, more: Self) {
        self.questions = self.questions.saturating_add(more.questions);
        for kind in more.kinds {
            if !self.kinds.contains(&kind) {
                self.kinds.push(kind);
            }
        }
        for one in more.differences {
            let same = |known: &Difference| {
                let doubtful = known.doubts.is_empty() == one.doubts.is_empty();
                (known.kind, known.direction) == (one.kind, one.direction)
                    && (&known.rule, &known.key) == (&one.rule, &one.key)
                    && doubtful
            };
            if !self.differences.iter().any(same) {
                self.differences.push(one);
            }
        }
    }

    /// Whether something is not known.
    #[must_use]
    pub fn is_undecided(&self) -> bool {
        self.differences.iter().any(|d| !d.doubts.is_empty())
    }
}

/// Finds what `after` judges differently than `before`: each a catalog and one of its profiles.
///
/// `only` restricts it to one kind. Each question on the way may take so many steps ([`DEFAULT_STEPS`]).
///
/// [`DEFAULT_STEPS`]: super::DEFAULT_STEPS
#[must_use]
pub fn diff(
    before: (&Catalog, &str),
    after: (&Catalog, &str),
    only: Option<Kind>,
    steps: u64,
) -> ProgramDiff {
    let questions = Questions::new(steps);
    let mut out = ProgramDiff::default();
    for kind in Kind::ALL.into_iter().filter(|kind| only.is_none_or(|only| only == *kind)) {
        let old = Side::new(before.0, before.1, kind);
        let new = Side::new(after.0, after.1, kind);
        let (Some(old), Some(new)) = (old, new) else { continue };
        out.kinds.push(kind);
        let mut add = |direction, answers: Vec<(RuleId, Answer)>| {
            for (rule, answer) in answers {
                out.questions += 1;
                let doubts = answer.doubts().unwrap_or_default();
                let witness = match answer {
                    Answer::Impossible => continue,
                    Answer::Possible(witness) => Some(witness),
                    Answer::Undecided(_) | Answer::OverBudget { .. } => None,
                };
                let (rule, key) = (Some(rule), None);
                out.differences.push(Difference { kind, direction, rule, key, witness, doubts });
            }
        };
        add(Direction::NewlyDenied, versions::newly_denied(&questions, &old, &new));
        add(Direction::NewlyAllowed, versions::newly_denied(&questions, &new, &old));
        add(Direction::NewlyWarned, versions::newly_warned(&questions, &old, &new));
        add(Direction::NoLongerWarned, versions::newly_warned(&questions, &new, &old));
        for (direction, from, to) in
            [(Direction::NewlyDenied, &old, &new), (Direction::NewlyAllowed, &new, &old)]
        {
            // A key that only one side knows is refused by the other, where unknown keys are.
            for (key, witness) in versions::new_keys(to, from) {
                out.questions += 1;
                if let Some(witness) = witness {
                    out.differences.push(Difference {
                        kind,
                        direction,
                        rule: None,
                        key: Some(key),
                        witness: Some(Box::new(witness)),
                        doubts: Vec::new(),
                    });
                }
            }
        }
    }
    out
}
