//! Questions about all documents, and their answers.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use super::diagram::Bdd;
use super::document::{Witness, build};
use super::entries::{Entries, Wanted, at_most, entries};
use super::pool::Pool;
use super::shrink::shrink;
use super::solve::Models;
use super::space::{Atom, Node, Shared, Space};
use super::world::{Judged, Terms, World};
use crate::engine::{Budget, Decision, Verdict};
use crate::schema::Type;
use crate::subject::{Kind, Policy};
use crate::table::{Catalog, Effect, Rule, RuleId};

/// How many models of one question are replayed.
const MAX_REPLAYS: usize = 16;
/// How many examples stand in for a list that a view looks into as a whole.
const MAX_PICKS: usize = 200;

/// The steps that a question may take by default. A step is about a visit to a node of a decision diagram, so that the most
/// that a question takes is a few seconds.
///
/// All theorems, and the differences of all versions, are decided with 40,000,000; with 10,000,000 six questions are not.
pub const DEFAULT_STEPS: u64 = 100_000_000;
/// The steps that one replay counts for.
pub(super) const REPLAY: u64 = 2_000;
/// How many entries of a list are looked at if all that can matter are too many.
const FEW: [usize; 3] = [1, 2, 3];
/// How often a document is looked for at most.
const ATTEMPTS: u64 = 4;

/// What is added to the number of a root that two sides do not share.
const OWN: usize = 100;

/// Why a model that was replayed in vain proves nothing.
pub(super) const UNREAL: &str = "no document was found that has the values of a model";

/// The answer to "is there a document that …?".
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// No: proved for all documents.
    Impossible,
    /// Yes: this one, which was decoded and judged to make sure. Nothing of it can be left out.
    Possible(Box<Witness>),
    /// None was found, and there is no proof that there is none.
    Undecided(Vec<String>),
    /// Nothing was found out within the budget.
    OverBudget {
        /// How many steps there were.
        steps: u64,
    },
}

impl Answer {
    /// Why nothing is known; nothing if something is.
    #[must_use]
    pub fn doubts(&self) -> Option<Vec<String>> {
        match self {
            Self::Impossible | Self::Possible(_) => None,
            Self::Undecided(doubts) => Some(doubts.clone()),
            Self::OverBudget { steps } => Some(vec![format!("over budget, {steps} steps")]),
        }
    }
}

/// What a document is to do in one of the programs that a question is about.
#[derive(Clone, Debug)]
pub(super) enum Ask {
    /// The row fires.
    Fires(RuleId),
    /// The row is judged not to fire, or is not judged at all; facts that nobody told do not matter to it.
    Silent(RuleId),
    /// Every deny row is silent.
    Allowed,
    /// No deny row fires, though some may depend on facts that nobody told.
    NotDenied,
    /// The deny rows before this one are silent.
    First(RuleId),
}

/// The rules of one kind of document in one profile: as functions, and as a program to replay with.
#[derive(Debug)]
pub(super) struct Side {
    pub(super) catalog: Catalog,
    pub(super) world: World,
    pub(super) policy: Policy,
    pub(super) kind: Kind,
}

/// The decisions about all examples of a kind.
type Decisions = Rc<Vec<Decision>>;

/// Which catalog it is: where its rows are in memory.
type Rows = *const Arc<Rule>;

/// What a question asks, once its rows are known.
struct Question<'q, 'r> {
    sides: &'q [&'q Side],
    /// By side.
    asks: &'q [Vec<&'q Ask>],
    rows: &'q [Vec<(&'r Rule, Wanted)>],
    pool: &'q Pool,
    holds: &'q dyn Fn(&Witness) -> bool,
}

impl Question<'_, '_> {
    /// All that can matter.
    fn entries(&self) -> Result<Entries, String> {
        let mut all = Entries::default();
        for (side, rows) in self.sides.iter().zip(self.rows) {
            all.join(entries(rows, &side.world.roots)?);
        }
        Ok(all)
    }

    fn few_entries(&self, most: usize) -> Entries {
        let mut all = Entries::default();
        for (side, rows) in self.sides.iter().zip(self.rows) {
            all.join(at_most(rows, &side.world.roots, most));
        }
        all
    }
}

/// What came of looking for a document once.
enum Attempt {
    Found(Box<Witness>),
    /// There is none.
    None,
    /// None was found, and there is no proof that there is none.
    Doubtful(Vec<String>),
    /// The steps did not suffice.
    Over,
}

/// Answers questions. What it learns about strings serves the next question.
#[derive(Debug)]
pub(super) struct Questions {
    /// How many steps each may take.
    steps: u64,
    pub(super) shared: Shared,
    pools: RefCell<BTreeMap<(Kind, Rows), Rc<Pool>>>,
    decisions: RefCell<BTreeMap<(Kind, String, Rows), Decisions>>,
}

impl Side {
    /// `None` if the profile does not judge the kind.
    pub(super) fn new(catalog: &Catalog, profile: &str, kind: Kind) -> Option<Self> {
        let policy = Policy::new(catalog.clone(), profile).ok()?;
        let world = World::new(catalog, profile, kind.as_str())?;
        let judges = policy.kinds().any(|k| k == kind);
        judges.then_some(Self { catalog: catalog.clone(), world, policy, kind })
    }

    /// The same with what loading finds as a root of its own; `None` if its rules do not ask for it.
    pub(super) fn with_own_load(&self) -> Option<Self> {
        let load = self.world.program.subject().roots.iter().position(|root| root.schema.id() == "load")?;
        let mut world = self.world.clone();
        let root = world.roots.get_mut(load.saturating_add(1))?;
        *root = root.saturating_add(OWN);
        Some(Self { catalog: self.catalog.clone(), world, policy: self.policy.clone(), kind: self.kind })
    }

    /// The same with one row only: its condition as it stands, whatever other rows do.
    pub(super) fn alone(side: &Self, id: &RuleId) -> Self {
        let mut world = side.world.clone();
        world.program = world.program.only(|rule| rule.id == *id);
        Self { catalog: side.catalog.clone(), world, policy: side.policy.clone(), kind: side.kind }
    }

    /// The rows, in the order in which they are judged; not the conditions of theorems.
    pub(super) fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.world.rules().filter(|rule| rule.stage >= 0 || !rule.table.starts_with("theorem/"))
    }

    /// The names of the roots besides the document.
    pub(super) fn root_names(&self) -> Vec<&str> {
        self.world.program.subject().roots.iter().map(|root| root.name.as_str()).collect()
    }

    /// The deny rows in front of a row.
    fn before<'s>(&'s self, id: &'s RuleId) -> impl Iterator<Item = &'s Rule> {
        self.world.rules().take_while(move |rule| rule.id != *id).filter(|rule| rule.effect == Effect::Deny)
    }

    fn wanted(&self, ask: &Ask, rule: &Rule) -> Option<Wanted> {
        match ask {
            Ask::Fires(id) => (rule.id == *id).then_some(Wanted::YES),
            Ask::Silent(id) => (rule.id == *id).then_some(Wanted::NO),
            Ask::Allowed | Ask::NotDenied => (rule.effect == Effect::Deny).then_some(Wanted::NO),
            Ask::First(id) => self.before(id).any(|other| other.id == rule.id).then_some(Wanted::NO),
        }
    }

    /// That a key which this side does not know is refused where it is given.
    fn refuses(&self, space: &mut Space, key: &str) -> Option<Bdd> {
        let document = space.find(&Node::Root(0))?;
        let field = space.find(&Node::Field(document, key.to_owned()))?;
        let load = self.world.program.subject().roots.iter().position(|root| root.schema.id() == "load")?;
        let load = *self.world.roots.get(load.saturating_add(1))?;
        let load = space.find(&Node::Root(load))?;
        let unknown = space.find(&Node::Field(load, "unknown".to_owned()))?;
        let given = space.atom(Atom::Present(field));
        let found = space.atom(Atom::Used(unknown, 0));
        Some(given.imp(&found))
    }

    /// Whether a warning ends the judgement.
    fn has_ending_warning(&self) -> bool {
        self.world.rules().any(|rule| rule.halt && rule.effect != Effect::Deny)
    }

    /// What is asked as conditions that are to hold together, and whether each is that a row fires.
    fn conditions(&self, space: &Space, ask: &Ask, judged: &Judged, out: &mut Vec<(bool, Bdd)>) {
        let deny = self.world.rules().filter(|rule| rule.effect == Effect::Deny);
        let mut silent = |id: &RuleId| {
            out.extend(judged.silent(id).into_iter().flatten().map(|piece| (false, piece.clone())));
        };
        match ask {
            Ask::Fires(id) => match judged.fires(id) {
                Some(pieces) => out.extend(pieces.iter().map(|piece| (true, piece.clone()))),
                None => out.push((true, space.no())),
            },
            Ask::Silent(id) => silent(id),
            Ask::Allowed | Ask::NotDenied => deny.for_each(|rule| silent(&rule.id)),
            Ask::First(id) => self.before(id).for_each(|rule| silent(&rule.id)),
        }
    }

    /// Whether a document does what is asked.
    pub(super) fn does(&self, asks: &[&Ask], witness: &Witness) -> bool {
        let texts = witness.texts();
        let Ok(outcome) = self.policy.judge_traced(&texts.request(self.kind), &Budget::default()) else {
            return false;
        };
        let decision = outcome.decision;
        let traced = |id: &RuleId| decision.trace.iter().find(|t| t.rule == *id);
        let silent = |id: &RuleId| traced(id).is_none_or(|t| t.fired == 0 && t.unknown == 0);
        asks.iter().all(|ask| match ask {
            Ask::Fires(id) => traced(id).is_some_and(|t| t.fired > 0),
            Ask::Silent(id) => silent(id),
            Ask::Allowed => decision.verdict == Verdict::Allow,
            Ask::NotDenied => decision.verdict != Verdict::Deny,
            Ask::First(id) => self.before(id).all(|rule| silent(&rule.id)),
        })
    }
}

/// The keys of daemon.json that one side knows, each with another side that does not.
///
/// Only those whose value is no object: others may go unnoticed.
fn strangers<'s>(sides: &[&'s Side]) -> Vec<(String, &'s Side)> {
    let keys = |side: &Side, objects: bool| -> BTreeSet<String> {
        let schema = side.world.schemas.first().filter(|schema| schema.id() == "daemon");
        let fields = schema.into_iter().flat_map(|s| &s.get(s.root()).fields);
        let object = |ty: &Type| matches!(ty.pointee(), Type::Map(_) | Type::Struct(_) | Type::Any);
        fields.filter(|f| !f.unlisted && (objects || !object(&f.ty))).map(|f| f.name.clone()).collect()
    };
    let mut out = Vec::new();
    for one in sides {
        for other in sides {
            out.extend(keys(one, false).difference(&keys(other, true)).map(|key| (key.clone(), *other)));
        }
    }
    out
}

impl Questions {
    pub(super) fn new(steps: u64) -> Self {
        Self { steps, shared: Shared::default(), pools: RefCell::default(), decisions: RefCell::default() }
    }

    /// Looks for a document that does all that is asked of it.
    pub(super) fn answer(&self, sides: &[&Side], asks: &[(usize, Ask)]) -> Answer {
        let of = |number: usize| asks.iter().filter(move |(n, _)| *n == number).map(|(_, ask)| ask);
        let per_side: Vec<Vec<&Ask>> = (0..sides.len()).map(|n| of(n).collect()).collect();
        let holds =
            |witness: &Witness| sides.iter().zip(&per_side).all(|(side, asks)| side.does(asks, witness));
        let Some(first) = sides.first() else { return Answer::Undecided(Vec::new()) };
        let pool = self.pool(first);
        // Rows that matter, and the outcomes that are wanted of them.
        let mut rows: Vec<Vec<(&Rule, Wanted)>> = Vec::new();
        for (side, asks) in sides.iter().zip(&per_side) {
            let wanted = |rule: &Rule| {
                let all = asks.iter().filter_map(|ask| side.wanted(ask, rule));
                all.reduce(Wanted::and)
            };
            // Where everything is allowed no deny row has ended the judgement.
            let allowed = asks.iter().any(|ask| matches!(ask, Ask::Allowed | Ask::NotDenied));
            let warns = side.has_ending_warning();
            let only_fires = asks.iter().all(|ask| matches!(ask, Ask::Fires(_)));
            rows.push(side.world.relevant(&wanted, !only_fires && (!allowed || warns)));
        }
        let question = Question { sides, asks: &per_side, rows: &rows, pool: &pool, holds: &holds };
        let (whole, most) = match question.entries() {
            Ok(whole) => {
                let most = whole.most();
                (self.attempt(&question, whole, self.share()), most)
            }
            Err(why) => (Attempt::Doubtful(vec![why]), usize::MAX),
        };
        let mut unknown = match whole {
            Attempt::Found(witness) => return Answer::Possible(Box::new(shrink(*witness, holds))),
            Attempt::None => return Answer::Impossible,
            Attempt::Doubtful(doubts) => Answer::Undecided(doubts),
            Attempt::Over => Answer::OverBudget { steps: self.steps },
        };
        // Where all that can matter is too much, a document may still be found among few entries, or an example of some
        // row may do.
        let few = FEW.into_iter().filter(|few| *few < most).find_map(|few| {
            match self.attempt(&question, question.few_entries(few), self.share()) {
                Attempt::Found(witness) => Some(*witness),
                Attempt::None | Attempt::Doubtful(_) => None,
                Attempt::Over => {
                    unknown = Answer::OverBudget { steps: self.steps };
                    None
                }
            }
        });
        let found = few.or_else(|| pool.documents.iter().find(|witness| holds(witness)).cloned());
        found.map_or(unknown, |witness| Answer::Possible(Box::new(shrink(witness, holds))))
    }

    /// The steps that a question may take.
    pub(super) fn steps(&self) -> u64 {
        self.steps
    }

    /// The steps of one of the attempts that answering a question takes at most.
    fn share(&self) -> u64 {
        self.steps.checked_div(ATTEMPTS).unwrap_or(0)
    }

    /// Looks for a document with so many entries.
    fn attempt(&self, question: &Question<'_, '_>, entries: Entries, steps: u64) -> Attempt {
        let Some(first) = question.sides.first() else { return Attempt::Doubtful(Vec::new()) };
        let mut space = Space::new(&self.shared, entries, steps);
        let mut conditions = Vec::new();
        for ((side, asks), rows) in question.sides.iter().zip(question.asks).zip(question.rows) {
            // Where nothing is denied no deny row has ended the judgement.
            let allowed = asks.iter().any(|ask| matches!(ask, Ask::Allowed | Ask::NotDenied));
            let whole = allowed && !side.has_ending_warning();
            let sure = !asks.iter().any(|ask| matches!(ask, Ask::NotDenied));
            debug_assert!(sure || asks.iter().all(|ask| matches!(ask, Ask::NotDenied | Ask::Fires(_))));
            let judged = side.world.judge(&mut space, rows, Terms { told: 0, whole, sure });
            for ask in asks {
                side.conditions(&space, ask, &judged, &mut conditions);
            }
        }
        for (condition, side) in strangers(question.sides) {
            let refused = side.refuses(&mut space, &condition);
            conditions.extend(refused.map(|condition| (false, condition)));
        }
        // What fires is what the question is about.
        conditions.sort_by_key(|(fires, _)| !fires);
        let conditions = conditions.into_iter().map(|(_, condition)| condition).collect();
        let names = first.root_names();
        let meter = space.meter.clone();
        let mut models = Models::new(&mut space, conditions, &question.pool.strings);
        for _ in 0..MAX_REPLAYS {
            let Some(values) = models.next() else { break };
            let picks = if values.whole.is_empty() { 1 } else { MAX_PICKS };
            for pick in 0..picks {
                if !meter.spend(REPLAY) {
                    return Attempt::Over;
                }
                let witness = build(models.space(), &values, first.kind, &names, question.pool, pick);
                if (question.holds)(&witness) {
                    return Attempt::Found(Box::new(witness));
                }
            }
            models.reject(UNREAL);
        }
        if meter.is_over() {
            Attempt::Over
        } else if models.doubts.is_empty() {
            Attempt::None
        } else {
            Attempt::Doubtful(models.doubts.iter().cloned().collect())
        }
    }

    pub(super) fn pool(&self, side: &Side) -> Rc<Pool> {
        let catalog = &side.catalog;
        let key = (side.kind, catalog.rules().as_ptr());
        if let Some(pool) = self.pools.borrow().get(&key) {
            return pool.clone();
        }
        let pool = Rc::new(Pool::new(catalog, side.kind.as_str(), &side.root_names()));
        self.pools.borrow_mut().insert(key, pool.clone());
        pool
    }

    /// The decisions about all examples of a kind.
    pub(super) fn decisions(&self, side: &Side) -> Rc<Vec<Decision>> {
        let rows = side.catalog.rules().as_ptr();
        let key = (side.kind, side.policy.profile().to_owned(), rows);
        if let Some(found) = self.decisions.borrow().get(&key) {
            return found.clone();
        }
        let found = Rc::new(super::hygiene::decisions(self, side));
        self.decisions.borrow_mut().insert(key, found.clone());
        found
    }
}
