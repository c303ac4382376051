//! How questions are answered: by rounds that look at few rows, and by looking at all.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use super::diagram::Meter;
use super::document::{Witness, build, picks};
use super::entries::{Entries, Wanted, at_most, entries};
use super::pool::{Pool, of_example};
use super::question::{Answer, Ask, Probe, Side};
use super::shrink::shrink;
use super::solve::Models;
use super::space::{Shared, Space};
use super::world::Terms;
use crate::engine::Decision;
use crate::schema::Type;
use crate::subject::Kind;
use crate::table::{Rule, RuleId};

/// How many models of one question are replayed.
const MAX_REPLAYS: usize = 16;

/// The steps that a question may take by default. A step is about a visit to a node of a decision diagram, so that the most
/// that a question takes is a few seconds.
///
/// All theorems are decided with 20,000,000; with 3,000,000 one of them is not.
pub const DEFAULT_STEPS: u64 = 100_000_000;
/// The steps that one replay counts for.
pub(super) const REPLAY: u64 = 2_000;
/// How many entries of a list are looked at if all that can matter are too many.
const FEW: [usize; 3] = [1, 2, 3];
/// How often rows are added to those that are looked at.
const MAX_ROUNDS: usize = 32;
/// Into how many parts the steps are divided: one for the rounds, for all rows with all entries that can matter, for each of a
/// few, for the examples of the row, and for those of all rows and making a document small.
const SHARES: u64 = 7;

/// Why a model that was replayed in vain proves nothing.
pub(super) const UNREAL: &str = "no document was found that has the values of a model";

/// The rows that a round looks at, by side; beside these, those that are asked for by name.
type Near = Vec<BTreeSet<RuleId>>;

/// Which catalog it is: where its rows are in memory.
type Rows = *const Arc<Rule>;

/// What was said of the examples of a row in a profile.
type Said = BTreeMap<(Kind, String, Rows, RuleId), Rc<Vec<Decision>>>;

/// What a question asks, once its rows are known.
struct Question<'q, 'r> {
    sides: &'q [&'r Side],
    /// By side.
    asks: &'q [Vec<&'q Ask>],
    /// The rows that are looked at; nothing if all are.
    near: Option<&'q Near>,
    rows: Vec<Vec<(&'r Rule, Wanted)>>,
    /// Which rows end the judgement, by side.
    ends: Vec<Ends>,
    pool: &'q Pool,
}

/// Which rows end the judgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ends {
    /// None: where nothing is denied no deny row has.
    None,
    /// Of those that could, the ones that are looked at.
    Near,
    /// All that could.
    All,
}

impl Ends {
    fn new(side: &Side, asks: &[&Ask]) -> Self {
        let allowed = asks.iter().any(|ask| matches!(ask, Ask::Allowed | Ask::NotDenied));
        if allowed && !side.has_ending_warning() {
            return Self::None;
        }
        if side.may_go_on(asks) { Self::Near } else { Self::All }
    }
}

/// What a document does of what a question asks.
enum Check {
    All,
    /// Some of the rows that were not looked at fire, by side.
    Offends(Near),
    NotAll,
}

impl<'q, 'r> Question<'q, 'r> {
    fn new(sides: &'q [&'r Side], asks: &'q [Vec<&'q Ask>], near: Option<&'q Near>, pool: &'q Pool) -> Self {
        let ends = sides.iter().zip(asks).map(|(side, asks)| Ends::new(side, asks)).collect();
        let mut out = Self { sides, asks, near, rows: Vec::new(), ends, pool };
        let rows = |(number, (side, asks)): (usize, (&&'r Side, &Vec<&Ask>))| {
            let wanted = |rule: &Rule| {
                let near = out.is_near(number, rule);
                asks.iter().filter_map(|ask| side.wanted(ask, rule, near)).reduce(Wanted::and)
            };
            let only_fires = asks.iter().all(|ask| matches!(ask, Ask::Fires(_)));
            let end = Wanted { any: !only_fires, asked: false, ..Wanted::NO };
            side.world.relevant(&wanted, &|rule| out.ends(number, rule).then_some(end))
        };
        out.rows = sides.iter().zip(asks).enumerate().map(rows).collect();
        out
    }

    /// Whether it is as strict as one that looks at more rows.
    fn is_like(&self, whole: &Self) -> bool {
        let mut both = self.rows.iter().zip(&whole.rows).enumerate();
        both.all(|(number, (rows, all))| {
            let ends = |(rule, _): &(&Rule, Wanted)| {
                !rule.halt || self.ends(number, rule) == whole.ends(number, rule)
            };
            rows.len() == all.len() && rows.iter().all(ends)
        })
    }

    fn is_near(&self, side: usize, rule: &Rule) -> bool {
        self.near.is_none_or(|near| near.get(side).is_some_and(|near| near.contains(&rule.id)))
    }

    /// Whether a row that ends the judgement is one that does so here.
    fn ends(&self, number: usize, rule: &Rule) -> bool {
        match self.ends.get(number) {
            Some(Ends::None) => false,
            Some(Ends::Near) => self.is_near(number, rule),
            Some(Ends::All) | None => true,
        }
    }

    /// All that can matter.
    fn entries(&self) -> Result<Entries, String> {
        let mut all = Entries::default();
        for (side, rows) in self.sides.iter().zip(&self.rows) {
            all.join(entries(rows, &side.world.roots)?);
        }
        Ok(all)
    }

    fn few_entries(&self, most: usize) -> Entries {
        let mut all = Entries::default();
        for (side, rows) in self.sides.iter().zip(&self.rows) {
            all.join(at_most(rows, &side.world.roots, most));
        }
        all
    }

    /// Judges a document on each side.
    fn check(&self, witness: &Witness) -> Check {
        let mut decisions = Vec::new();
        let mut all = true;
        for (side, asks) in self.sides.iter().zip(self.asks) {
            let Some(decision) = side.judge(witness) else { return Check::NotAll };
            all &= side.meets(asks, &decision);
            decisions.push(decision);
        }
        let Some(near) = self.near.filter(|_| !all) else {
            return if all { Check::All } else { Check::NotAll };
        };
        let mut more: Near = Vec::new();
        for (((side, asks), near), decision) in self.sides.iter().zip(self.asks).zip(near).zip(&decisions) {
            let offenders = side.offenders(asks, decision).into_iter();
            more.push(offenders.filter(|id| !near.contains(id)).collect());
        }
        if more.iter().all(BTreeSet::is_empty) { Check::NotAll } else { Check::Offends(more) }
    }
}

/// For each row that is to fire.
fn probes_of(sides: &[&Side], asks: &[Vec<&Ask>]) -> Vec<Probe> {
    let probe = |side: &Side, ask: &Ask| match ask {
        Ask::Fires(id) => Some(side.probe(id)),
        _ => None,
    };
    let all = sides.iter().zip(asks);
    all.flat_map(|(side, asks)| asks.iter().filter_map(|ask| probe(side, ask))).collect()
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
    /// There may be one, but for rows that were not looked at.
    More(Near),
}

/// Answers questions. What it learns about strings serves the next question.
#[derive(Debug)]
pub(super) struct Questions {
    /// How many steps each may take.
    steps: u64,
    pub(super) shared: Shared,
    pools: RefCell<BTreeMap<(Kind, Rows), Rc<Pool>>>,
    said: RefCell<Said>,
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
        Self { steps, shared: Shared::default(), pools: RefCell::default(), said: RefCell::default() }
    }

    /// Looks for a document that does all that is asked of it.
    pub(super) fn answer(&self, sides: &[&Side], asks: &[(usize, Ask)]) -> Answer {
        let of = |number: usize| asks.iter().filter(move |(n, _)| *n == number).map(|(_, ask)| ask);
        let asks: Vec<Vec<&Ask>> = (0..sides.len()).map(|n| of(n).collect()).collect();
        let Some(first) = sides.first() else { return Answer::Undecided(Vec::new()) };
        let pool = self.pool(first);
        let holds = |witness: &Witness| sides.iter().zip(&asks).all(|(side, asks)| side.does(asks, witness));
        let tries = Meter::new(self.share());
        let probes = OnceCell::new();
        let quickly = |witness: &Witness| {
            let probes = probes.get_or_init(|| probes_of(sides, &asks));
            probes.iter().all(|probe| probe.may_fire(witness)) && holds(witness)
        };
        let found = |witness: Witness| Answer::Possible(Box::new(shrink(witness, &tries, quickly)));
        let question = Question::new(sides, &asks, None, &pool);
        match self.rounds(&question) {
            Some(Attempt::Found(witness)) => return found(*witness),
            Some(Attempt::None) => return Answer::Impossible,
            _ => {}
        }
        let (whole, most) = match question.entries() {
            Ok(whole) => {
                let most = whole.most();
                (self.attempt(&question, whole, &Cell::new(self.share())), most)
            }
            Err(why) => (Attempt::Doubtful(vec![why]), usize::MAX),
        };
        let mut unknown = match whole {
            Attempt::Found(witness) => return found(*witness),
            Attempt::None => return Answer::Impossible,
            Attempt::Doubtful(doubts) => Answer::Undecided(doubts),
            Attempt::Over | Attempt::More(_) => Answer::OverBudget { steps: self.steps },
        };
        // Where all that can matter is too much, an example of some row may do, or a document may still be found among few
        // entries.
        let mut examples = pool.documents.iter();
        if let Some(witness) = examples.find(|witness| tries.spend(REPLAY) && quickly(witness)) {
            return found(witness.clone());
        }
        for few in FEW.into_iter().filter(|few| *few < most) {
            match self.attempt(&question, question.few_entries(few), &Cell::new(self.share())) {
                Attempt::Found(witness) => return found(*witness),
                Attempt::None | Attempt::Doubtful(_) | Attempt::More(_) => {}
                Attempt::Over => unknown = Answer::OverBudget { steps: self.steps },
            }
        }
        if tries.is_over() { Answer::OverBudget { steps: self.steps } } else { unknown }
    }

    /// Looks at few rows first, and adds those that turn out to matter: what is impossible because of some of the rows is so
    /// because of all, and a document that does what is asked does it, however it was found.
    fn rounds(&self, whole: &Question<'_, '_>) -> Option<Attempt> {
        let fires = whole.asks.iter().flatten().filter_map(|ask| match ask {
            Ask::Fires(id) => Some(id.clone()),
            _ => None,
        });
        let fires: BTreeSet<RuleId> = fires.collect();
        let mut near: Near = whole.sides.iter().map(|_| fires.clone()).collect();
        let left = Cell::new(self.share());
        for _ in 0..MAX_ROUNDS {
            let question = Question::new(whole.sides, whole.asks, Some(&near), whole.pool);
            if question.is_like(whole) {
                return None;
            }
            let more = match self.attempt(&question, question.entries().ok()?, &left) {
                Attempt::More(more) => more,
                end => return Some(end),
            };
            near.iter_mut().zip(more).for_each(|(near, more)| near.extend(more));
        }
        None
    }

    /// The steps that a question may take.
    pub(super) fn steps(&self) -> u64 {
        self.steps
    }

    /// The steps of one of the parts of answering a question.
    pub(super) fn share(&self) -> u64 {
        self.steps.checked_div(SHARES).unwrap_or(0)
    }

    /// Looks for a document with so many entries, within so many steps.
    fn attempt(&self, question: &Question<'_, '_>, entries: Entries, left: &Cell<u64>) -> Attempt {
        let Some(first) = question.sides.first() else { return Attempt::Doubtful(Vec::new()) };
        let mut space = Space::new(&self.shared, entries, left.get());
        let mut conditions = Vec::new();
        let sides = question.sides.iter().zip(question.asks).zip(&question.rows);
        for (number, ((side, asks), rows)) in sides.enumerate() {
            let sure = !asks.iter().any(|ask| matches!(ask, Ask::NotDenied));
            debug_assert!(sure || asks.iter().all(|ask| matches!(ask, Ask::NotDenied | Ask::Fires(_))));
            let ends = |rule: &Rule| question.ends(number, rule);
            let judged = side.world.judge(&mut space, rows, Terms { told: 0, ends: &ends, sure });
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
        let mut out = None;
        'models: for _ in 0..MAX_REPLAYS {
            let Some(values) = models.next() else { break };
            for pick in 0..picks(models.space(), &values, &names) {
                if !meter.spend(REPLAY) {
                    break 'models;
                }
                let witness = build(models.space(), &values, first.kind, &names, question.pool, pick);
                match question.check(&witness) {
                    Check::All => out = Some(Attempt::Found(Box::new(witness))),
                    Check::Offends(more) => out = Some(Attempt::More(more)),
                    Check::NotAll => continue,
                }
                break 'models;
            }
            models.reject(UNREAL);
        }
        left.set(left.get().saturating_sub(meter.spent()));
        out.unwrap_or_else(|| {
            if meter.is_over() {
                Attempt::Over
            } else if models.doubts.is_empty() {
                Attempt::None
            } else {
                Attempt::Doubtful(models.doubts.iter().cloned().collect())
            }
        })
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

    /// What is said of the documents that a row has as examples of itself; `None` if that takes too many steps.
    pub(super) fn said(&self, side: &Side, rule: &Rule) -> Option<Rc<Vec<Decision>>> {
        let examples = u64::try_from(rule.bad.len()).unwrap_or(u64::MAX);
        if examples.saturating_mul(REPLAY) > self.share() {
            return None;
        }
        let rows = side.catalog.rules().as_ptr();
        let key = (side.kind, side.policy.profile().to_owned(), rows, rule.id.clone());
        if let Some(said) = self.said.borrow().get(&key) {
            return Some(said.clone());
        }
        let said = Rc::new(rule.bad.iter().filter_map(|one| side.judge(&of_example(one))).collect());
        self.said.borrow_mut().insert(key, Rc::clone(&said));
        Some(said)
    }
}
