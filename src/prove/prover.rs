//! Proves theorems, one after the other.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::answer::Questions;
use super::document::Witness;
use super::hygiene;
use super::life::Life;
use super::question::{Answer, Ask, Side};
use super::theorem::{self, Form, Listed, RowLaw, Theorem};
use super::versions;
use super::{flows, machines};
use crate::lifecycle::{Flow, Lifecycle};
use crate::subject::Kind;
use crate::table::{Catalog, CatalogError, RuleId, TableError};

/// What became of a theorem.
#[derive(Clone, Debug, PartialEq)]
pub struct Proof {
    /// Whether it holds.
    pub verdict: Verdict,
    /// What was asked for it, where the answer is worth showing: a counterexample, or an example of a difference.
    pub cases: Vec<Case>,
    /// How many questions were answered on the way.
    pub questions: usize,
}

/// Whether a theorem holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// For all documents.
    Holds,
    /// There is a document that shows the contrary.
    Refuted,
    /// Neither was found out.
    Undecided,
}

/// One answer on the way to a verdict.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// The profile, or both of a difference; the machine or flow.
    pub profile: String,
    /// The row it is about, or what else; may be empty.
    pub about: String,
    /// The document, and why there is none where there should be one.
    pub witness: Option<Box<Witness>>,
    /// Why nothing is known.
    pub doubts: Vec<String>,
    /// Whether this is as the theorem says.
    pub fits: bool,
}

/// The rules by profile and kind, where there are any.
type Sides = BTreeMap<(String, Kind), Option<Rc<Side>>>;

/// Proves theorems about the rules of a catalog.
#[derive(Debug)]
pub struct Prover {
    catalog: Catalog,
    lifecycle: Lifecycle,
    flows: Vec<Flow>,
    theorems: Vec<Theorem>,
    pub(super) questions: Questions,
    sides: RefCell<Sides>,
}

impl Case {
    pub(super) fn new(profile: &str, about: &str, answer: Answer, fits: bool) -> Self {
        let doubts = answer.doubts().unwrap_or_default();
        let witness = match answer {
            Answer::Possible(witness) => Some(witness),
            _ => None,
        };
        Self { profile: profile.to_owned(), about: about.to_owned(), witness, doubts, fits }
    }
}

impl Proof {
    /// `cases` that do not fit refute, unless nothing is known of them.
    pub(super) fn of(cases: Vec<Case>, questions: usize) -> Self {
        let undecided = cases.iter().any(|case| !case.fits && !case.doubts.is_empty());
        let refuted = cases.iter().any(|case| !case.fits && case.doubts.is_empty());
        let verdict = match (refuted, undecided) {
            (true, _) => Verdict::Refuted,
            (false, true) => Verdict::Undecided,
            (false, false) => Verdict::Holds,
        };
        Self { verdict, cases, questions }
    }
}

impl Prover {
    /// Reads the theorems that the crate carries, about the rules of a catalog and the machines and flows of the crate.
    /// Each question on the way may take so many steps ([`DEFAULT_STEPS`]).
    ///
    /// [`DEFAULT_STEPS`]: super::DEFAULT_STEPS
    ///
    /// # Errors
    /// If the catalog has no such fields as they speak of.
    pub fn new(catalog: &Catalog, steps: u64) -> Result<Self, TableError> {
        let lifecycle = Lifecycle::builtin().map_err(CatalogError::into_first)?;
        Self::with(catalog, lifecycle, Flow::builtin().map_err(CatalogError::into_first)?, None, steps)
    }

    /// The same about other machines and flows, and other theorems if their text is given.
    ///
    /// # Errors
    /// If there is not what the theorems speak of, or the text is wrong.
    pub fn with(
        catalog: &Catalog,
        lifecycle: Lifecycle,
        flows: Vec<Flow>,
        theorems: Option<&str>,
        steps: u64,
    ) -> Result<Self, TableError> {
        let text = theorems.unwrap_or(theorem::TEXT);
        let (theorems, catalog) = theorem::read(text, catalog, &lifecycle, &flows)?;
        Ok(Self {
            catalog,
            lifecycle,
            flows,
            theorems,
            questions: Questions::new(steps),
            sides: RefCell::default(),
        })
    }

    /// All theorems, in the order of the file.
    #[must_use]
    pub fn theorems(&self) -> &[Theorem] {
        &self.theorems
    }

    /// The rules of a kind in a profile; `None` if the profile does not judge it.
    pub(super) fn side(&self, profile: &str, kind: Kind) -> Option<Rc<Side>> {
        let make = || Side::new(&self.catalog, profile, kind).map(Rc::new);
        self.sides.borrow_mut().entry((profile.to_owned(), kind)).or_insert_with(make).clone()
    }

    /// Proves a theorem, or finds what speaks against it.
    #[must_use]
    pub fn prove(&self, theorem: &Theorem) -> Proof {
        let kinds = theorem.kind.map_or_else(|| Kind::ALL.to_vec(), |kind| vec![kind]);
        let sides = || {
            let pairs = theorem.profiles.iter().flat_map(|p| kinds.iter().map(move |k| (p, *k)));
            pairs.filter_map(|(profile, kind)| Some((profile.as_str(), self.side(profile, kind)?)))
        };
        match &theorem.form {
            Form::Never { row, allowed } => {
                let last = allowed.then_some(Ask::Allowed);
                self.never(sides(), row, last)
            }
            Form::Denied { row } => self.never(sides(), row, Some(Ask::NotDenied)),
            Form::Differ { row } => match (theorem.kind, theorem.profiles.as_slice()) {
                (Some(kind), [from, to]) => self.differ(kind, from, to, row),
                _ => Proof { verdict: Verdict::Undecided, cases: Vec::new(), questions: 0 },
            },
            Form::Rows(law) => {
                let (mut cases, mut questions) = (Vec::new(), 0);
                for (profile, side) in sides() {
                    let (more, asked) = self.rows(profile, &side, *law);
                    cases.extend(more);
                    questions += asked;
                }
                Proof::of(cases, questions)
            }
            Form::Versions(listed) => match (theorem.kind, theorem.profiles.as_slice()) {
                (Some(kind), [from, to]) => self.versions(kind, from, to, listed),
                _ => Proof { verdict: Verdict::Undecided, cases: Vec::new(), questions: 0 },
            },
            Form::Facts { except } => {
                let (mut cases, mut questions) = (Vec::new(), 0);
                for (profile, side) in sides() {
                    let (more, asked) = self.questions.facts(profile, &side, except);
                    cases.extend(more);
                    questions += asked;
                }
                Proof::of(cases, questions)
            }
            Form::Life(Life::Machine { machine, start, law }) => {
                machines::prove(&self.lifecycle, machine, start, law)
            }
            Form::Life(Life::Flow(only, law)) => flows::prove(&self.flows, only.as_deref(), law),
            Form::Tables => {
                let sides: Vec<_> = sides().collect();
                let cases = sides.iter().map(|(profile, side)| {
                    let holds = self.questions.more_rows_deny_no_less(side);
                    let doubts = if holds { Vec::new() } else { vec!["the verdict can change".to_owned()] };
                    Case { fits: holds, ..Case::new(profile, "", Answer::Undecided(doubts), holds) }
                });
                Proof::of(cases.collect(), sides.len())
            }
        }
    }

    /// No document meets the condition of a row, and does what else is asked.
    fn never<'p>(
        &self,
        sides: impl Iterator<Item = (&'p str, Rc<Side>)>,
        row: &str,
        last: Option<Ask>,
    ) -> Proof {
        let mut cases = Vec::new();
        for (profile, side) in sides {
            let mut asks = vec![(0, Ask::Fires(RuleId(row.into())))];
            asks.extend(last.clone().map(|ask| (0, ask)));
            let answer = self.questions.answer(&[&side], &asks);
            let fits = answer == Answer::Impossible;
            cases.push(Case::new(profile, "", answer, fits));
        }
        let questions = cases.len();
        Proof::of(cases, questions)
    }

    fn rows(&self, profile: &str, side: &Side, law: RowLaw) -> (Vec<Case>, usize) {
        let ids: Vec<RuleId> = side.rules().map(|rule| rule.id.clone()).collect();
        let found = hygiene::look(&self.questions, side, &ids, law);
        let asked = ids.len();
        let cases = found.into_iter().map(|(about, doubts)| Case {
            profile: profile.to_owned(),
            about,
            witness: None,
            doubts,
            fits: false,
        });
        (cases.collect(), asked)
    }

    /// No document that meets the condition of a row is allowed by one of two versions and denied by the other.
    fn differ(&self, kind: Kind, from: &str, to: &str, row: &str) -> Proof {
        let (Some(old), Some(new)) = (self.side(from, kind), self.side(to, kind)) else {
            return Proof { verdict: Verdict::Undecided, cases: Vec::new(), questions: 0 };
        };
        let both = format!("{from} to {to}");
        let (mut cases, mut questions) = (Vec::new(), 0_usize);
        for (before, after, what) in [(&old, &new, "newly denied"), (&new, &old, "newly allowed")] {
            for (denied, answer) in
                versions::newly_denied_if(&self.questions, before, after, &RuleId(row.into()))
            {
                questions = questions.saturating_add(1);
                if answer != Answer::Impossible {
                    cases.push(Case::new(&both, &format!("{denied}, {what}"), answer, false));
                }
            }
        }
        Proof::of(cases, questions)
    }

    /// Two versions differ as listed, row by row and key by key.
    fn versions(&self, kind: Kind, from: &str, to: &str, listed: &Listed) -> Proof {
        let (Some(old), Some(new)) = (self.side(from, kind), self.side(to, kind)) else {
            return Proof { verdict: Verdict::Undecided, cases: Vec::new(), questions: 0 };
        };
        let both = format!("{from} to {to}");
        let mut cases = Vec::new();
        // Which rows are the same is the first.
        let mut questions = 1;
        for (before, after, rows, keys, what) in [
            (&old, &new, &listed.newly_denied, &listed.gone_keys, "newly denied"),
            (&new, &old, &listed.newly_allowed, &listed.new_keys, "newly allowed"),
        ] {
            let mut missing: BTreeSet<&str> = rows.iter().map(String::as_str).collect();
            for (row, answer) in versions::newly_denied(&self.questions, before, after) {
                questions += 1;
                let wanted = missing.remove(row.as_str());
                let fits = match &answer {
                    Answer::Possible(_) => wanted,
                    Answer::Impossible => !wanted,
                    Answer::Undecided(_) | Answer::OverBudget { .. } => false,
                };
                if answer != Answer::Impossible || !fits {
                    cases.push(Case::new(&both, &format!("{row}, {what}"), answer, fits));
                }
            }
            let gone = missing.into_iter().map(|row| format!("{row}, {what}"));
            cases.extend(gone.map(|about| Case::new(&both, &about, Answer::Impossible, false)));
            let mut missing: BTreeSet<&str> = keys.iter().map(String::as_str).collect();
            for (key, witness) in versions::new_keys(after, before) {
                questions += 1;
                let wanted = missing.remove(key.as_str());
                if let Some(witness) = witness {
                    let answer = Answer::Possible(Box::new(witness));
                    cases.push(Case::new(&both, &format!("key {key}, {what}"), answer, wanted));
                } else if wanted {
                    missing.insert("");
                }
            }
            let gone = missing.into_iter().map(|key| format!("key {key}, {what}"));
            cases.extend(gone.map(|about| Case::new(&both, &about, Answer::Impossible, false)));
        }
        Proof::of(cases, questions)
    }
}
