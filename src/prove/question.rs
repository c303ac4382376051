//! Questions about all documents, and their answers.

use super::diagram::Bdd;
use super::document::Witness;
use super::entries::Wanted;
use super::space::{Atom, Node, Space};
use super::world::{Judged, World};
use crate::engine::{Budget, Decision, RuleTrace, Verdict};
use crate::subject::{Kind, Policy};
use crate::table::{Catalog, Effect, Rule, RuleId};

/// What is added to the number of a root that two sides do not share.
pub(super) const OWN: usize = 100;

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

/// Tells soon of most documents that a row does not fire on them.
#[derive(Debug)]
pub(super) struct Probe {
    policy: Policy,
    kind: Kind,
    row: RuleId,
}

impl Probe {
    /// False only if the row does not fire.
    pub(super) fn may_fire(&self, witness: &Witness) -> bool {
        let texts = witness.texts();
        let decision = self.policy.trace(&texts.request(self.kind), &Budget::default());
        decision.is_ok_and(|decision| decision.trace.iter().any(|t| t.rule == self.row && t.fired > 0))
    }
}

impl Side {
    /// `None` if the profile does not judge the kind.
    pub(super) fn new(catalog: &Catalog, profile: &str, kind: Kind) -> Option<Self> {
        let policy = Policy::new(catalog.clone(), profile).ok()?;
        let world = World::new(policy.program(kind)?.clone(), catalog.profiles(), profile);
        let judges = policy.kinds().any(|k| k == kind);
        judges.then_some(Self { catalog: catalog.clone(), world, policy, kind })
    }

    /// Its rules, but of those only one and what changes what it reads.
    pub(super) fn probe(&self, id: &RuleId) -> Probe {
        let asked = |rule: &Rule| (rule.id == *id).then_some(Wanted::YES);
        let rows = self.world.relevant(&asked, &|_| None);
        let keep = |rule: &Rule| rows.iter().any(|(row, _)| row.id == rule.id);
        Probe { policy: self.policy.only(self.kind, keep), kind: self.kind, row: id.clone() }
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
        let world = side.world.only(id);
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

    /// What a question wants of a row; `near`: of the rows that are asked for together it is one that is looked at.
    pub(super) fn wanted(&self, ask: &Ask, rule: &Rule, near: bool) -> Option<Wanted> {
        match ask {
            Ask::Fires(id) => (rule.id == *id).then_some(Wanted::YES),
            Ask::Silent(id) => (rule.id == *id).then_some(Wanted::NO),
            Ask::Allowed | Ask::NotDenied => (near && rule.effect == Effect::Deny).then_some(Wanted::NO),
            Ask::First(id) => {
                (near && self.before(id).any(|other| other.id == rule.id)).then_some(Wanted::NO)
            }
        }
    }

    /// Whether rows that end the judgement may be left out of a question without it being stricter for that: whatever is to
    /// be silent is judged wherever something fires.
    pub(super) fn may_go_on(&self, asks: &[&Ask]) -> bool {
        let stage = |id: &RuleId| {
            let rule = self.world.rules().find(|rule| rule.id == *id)?;
            Some((rule.stage, rule.table.clone(), rule.each_text.clone()))
        };
        let fires = asks.iter().filter_map(|ask| match ask {
            Ask::Fires(id) => stage(id),
            _ => None,
        });
        let last = fires.max();
        asks.iter().all(|ask| match ask {
            Ask::Fires(_) => true,
            Ask::Silent(id) | Ask::First(id) => stage(id).is_none_or(|stage| Some(stage) <= last),
            Ask::Allowed | Ask::NotDenied => !self.has_ending_warning(),
        })
    }

    /// That a key which this side does not know is refused where it is given.
    pub(super) fn refuses(&self, space: &mut Space, key: &str) -> Option<Bdd> {
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
    pub(super) fn has_ending_warning(&self) -> bool {
        self.world.rules().any(|rule| rule.halt && rule.effect != Effect::Deny)
    }

    /// What is asked as conditions that are to hold together, and whether each is that a row fires. Rows that were not judged
    /// are left out.
    pub(super) fn conditions(&self, space: &Space, ask: &Ask, judged: &Judged, out: &mut Vec<(bool, Bdd)>) {
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

    /// What the rules say of a document, row by row.
    pub(super) fn judge(&self, witness: &Witness) -> Option<Decision> {
        let texts = witness.texts();
        self.policy.trace(&texts.request(self.kind), &Budget::default()).ok()
    }

    /// Whether a document does what is asked.
    pub(super) fn does(&self, asks: &[&Ask], witness: &Witness) -> bool {
        self.judge(witness).is_some_and(|decision| self.meets(asks, &decision))
    }

    /// Whether a document of which this was said does what is asked.
    pub(super) fn meets(&self, asks: &[&Ask], decision: &Decision) -> bool {
        let loud: Vec<&RuleTrace> = decision.trace.iter().filter(|t| t.fired > 0 || t.unknown > 0).collect();
        let silent = |id: &RuleId| loud.iter().all(|t| t.rule != *id);
        asks.iter().all(|ask| match ask {
            Ask::Fires(id) => loud.iter().any(|t| t.rule == *id && t.fired > 0),
            Ask::Silent(id) => silent(id),
            Ask::Allowed => decision.verdict == Verdict::Allow,
            Ask::NotDenied => decision.verdict != Verdict::Deny,
            Ask::First(id) => self.before(id).all(|rule| silent(&rule.id)),
        })
    }

    /// The rows that fire, or might, among those that are asked to be silent together, and those that end the judgement.
    pub(super) fn offenders(&self, asks: &[&Ask], decision: &Decision) -> Vec<RuleId> {
        let mut out = Vec::new();
        for one in decision.trace.iter().filter(|t| t.fired > 0 || t.unknown > 0) {
            let Some(rule) = self.world.rules().find(|rule| rule.id == one.rule) else { continue };
            let asked = asks.iter().any(|ask| match ask {
                Ask::Fires(_) | Ask::Silent(_) => false,
                Ask::NotDenied => one.fired > 0 && self.wanted(ask, rule, true).is_some(),
                Ask::Allowed | Ask::First(_) => self.wanted(ask, rule, true).is_some(),
            });
            if asked || rule.halt && one.fired > 0 {
                out.push(rule.id.clone());
            }
        }
        out
    }
}
