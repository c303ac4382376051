//! Decision diagrams, whose operations count their steps and end when there are none left.
//!
//! A diagram can double with every variable, so no question is asked without a budget. Steps are counted, not time: the
//! same question ends after the same steps on every machine.

use std::cell::Cell;
use std::collections::HashSet;
use std::rc::Rc;

use biodivine_lib_bdd::{Bdd as Raw, BddNode, BddPointer, BddVariable, BddVariableSet, op_function};

/// The most steps of one operation. It takes two to four for each node that it visits, and remembers each node: so this
/// bounds memory, to about 100 MB.
const MAX_OPERATION: u64 = 4_000_000;

/// The variables that diagrams are over.
pub(super) const VARIABLES: u16 = 60_000;

/// A diagram of at most one variable, which has no way to be malformed. (The way that the crate has for it would write down
/// names of all variables, for each prover again.)
fn raw(nodes: &[BddNode]) -> Rc<Raw> {
    Rc::new(Raw::from_nodes(nodes).unwrap_or_else(|_| BddVariableSet::new_anonymous(VARIABLES).mk_false()))
}

/// The steps of one question, and what all its diagrams have in common.
#[derive(Debug)]
pub(super) struct Meter {
    limit: u64,
    spent: Cell<u64>,
    over: Cell<bool>,
    no: Rc<Raw>,
    yes: Rc<Raw>,
}

impl Meter {
    pub(super) fn new(limit: u64) -> Rc<Self> {
        let (zero, one) = (BddNode::mk_zero(VARIABLES), BddNode::mk_one(VARIABLES));
        let (no, yes) = (raw(&[zero]), raw(&[zero, one]));
        Rc::new(Self { limit, spent: Cell::new(0), over: Cell::new(false), no, yes })
    }

    /// Takes some steps; false if there are not so many left, from then on.
    pub(super) fn spend(&self, steps: u64) -> bool {
        let spent = self.spent.get().saturating_add(steps);
        self.spent.set(spent);
        if spent > self.limit {
            self.over.set(true);
        }
        !self.over.get()
    }

    /// Whether more was asked for than there was: what came out since means nothing.
    pub(super) fn is_over(&self) -> bool {
        self.over.get()
    }

    /// The steps that were taken.
    pub(super) fn spent(&self) -> u64 {
        self.spent.get()
    }
}

/// A decision diagram over the atoms of a question. Once the steps are spent every operation gives `false`.
#[derive(Clone, Debug)]
pub(super) struct Bdd {
    raw: Rc<Raw>,
    meter: Rc<Meter>,
}

type Op = fn(Option<bool>, Option<bool>) -> Option<bool>;

impl Bdd {
    pub(super) fn constant(meter: &Rc<Meter>, value: bool) -> Self {
        let raw = if value { &meter.yes } else { &meter.no };
        Self { raw: raw.clone(), meter: meter.clone() }
    }

    /// A variable, which is less than [`VARIABLES`], is so.
    pub(super) fn literal(meter: &Rc<Meter>, variable: u16, value: bool) -> Self {
        let (zero, one) = (BddPointer::zero(), BddPointer::one());
        let (low, high) = if value { (zero, one) } else { (one, zero) };
        let node = BddNode::mk_node(BddVariable::from_index(variable.into()), low, high);
        let nodes = [BddNode::mk_zero(VARIABLES), BddNode::mk_one(VARIABLES), node];
        Self { raw: raw(&nodes), meter: meter.clone() }
    }

    /// All of these variables are as they are told, each of them once.
    pub(super) fn cube(meter: &Rc<Meter>, mut variables: Vec<(u16, bool)>) -> Self {
        let count = u64::try_from(variables.len()).unwrap_or(u64::MAX);
        if variables.iter().any(|(variable, _)| *variable >= VARIABLES) || !meter.spend(count) {
            return Self::constant(meter, false);
        }
        // From the last variable to the first: each node stands on top of those behind it.
        variables.sort_unstable_by_key(|(variable, _)| std::cmp::Reverse(*variable));
        let mut nodes = vec![BddNode::mk_zero(VARIABLES), BddNode::mk_one(VARIABLES)];
        let mut below = BddPointer::one();
        for (variable, value) in variables {
            let (low, high) = if value { (BddPointer::zero(), below) } else { (below, BddPointer::zero()) };
            below = BddPointer::from_index(nodes.len());
            nodes.push(BddNode::mk_node(BddVariable::from_index(variable.into()), low, high));
        }
        Self { raw: raw(&nodes), meter: meter.clone() }
    }

    fn value(&self, value: bool) -> Self {
        Self::constant(&self.meter, value)
    }

    fn apply(&self, other: &Self, op: Op) -> Self {
        if !self.meter.spend(1) {
            return self.value(false);
        }
        let end = self.meter.spent().saturating_add(MAX_OPERATION);
        let counted = |left: Option<bool>, right: Option<bool>| {
            if self.meter.spend(1) && self.meter.spent() <= end {
                op(left, right)
            } else {
                self.meter.over.set(true);
                Some(false)
            }
        };
        let raw = Raw::binary_op(&self.raw, &other.raw, counted);
        if self.meter.is_over() {
            self.value(false)
        } else {
            Self { raw: Rc::new(raw), meter: self.meter.clone() }
        }
    }

    /// Both, unless that takes more than so many nodes.
    pub(super) fn and_within(&self, other: &Self, nodes: usize) -> Option<Self> {
        let end =
            self.meter.spent().saturating_add(u64::try_from(nodes).unwrap_or(u64::MAX).saturating_mul(16));
        let mut stopped = Cell::new(false);
        let counted = |left: Option<bool>, right: Option<bool>| {
            if self.meter.spend(1) && self.meter.spent() <= end {
                op_function::and(left, right)
            } else {
                stopped.set(true);
                Some(false)
            }
        };
        let raw = Raw::binary_op(&self.raw, &other.raw, counted);
        let both = Self { raw: Rc::new(raw), meter: self.meter.clone() };
        (!*stopped.get_mut() && both.size() <= nodes).then_some(both)
    }

    pub(super) fn and(&self, other: &Self) -> Self {
        if self.is_false() || other.is_true() {
            return self.clone();
        }
        if other.is_false() || self.is_true() { other.clone() } else { self.apply(other, op_function::and) }
    }

    pub(super) fn or(&self, other: &Self) -> Self {
        if self.is_true() || other.is_false() {
            return self.clone();
        }
        if other.is_true() || self.is_false() { other.clone() } else { self.apply(other, op_function::or) }
    }

    pub(super) fn and_not(&self, other: &Self) -> Self {
        if self.is_false() || other.is_false() {
            return self.clone();
        }
        if other.is_true() { self.value(false) } else { self.apply(other, op_function::and_not) }
    }

    pub(super) fn imp(&self, other: &Self) -> Self {
        if self.is_false() || other.is_true() {
            return self.value(true);
        }
        if self.is_true() { other.clone() } else { self.apply(other, op_function::imp) }
    }

    pub(super) fn iff(&self, other: &Self) -> Self {
        if self.is_true() { other.clone() } else { self.apply(other, op_function::iff) }
    }

    pub(super) fn not(&self) -> Self {
        if self.is_false() || self.is_true() {
            return self.value(self.is_false());
        }
        if !self.meter.spend(self.cost()) {
            return self.value(false);
        }
        Self { raw: Rc::new(self.raw.not()), meter: self.meter.clone() }
    }

    pub(super) fn is_false(&self) -> bool {
        self.raw.is_false()
    }

    pub(super) fn is_true(&self) -> bool {
        self.raw.is_true()
    }

    /// The number of nodes.
    pub(super) fn size(&self) -> usize {
        self.raw.size()
    }

    /// The steps of looking at each node once.
    fn cost(&self) -> u64 {
        u64::try_from(self.size()).unwrap_or(u64::MAX)
    }

    /// The variables that it depends on.
    pub(super) fn support_set(&self) -> HashSet<BddVariable> {
        if self.meter.spend(self.cost()) { self.raw.support_set() } else { HashSet::new() }
    }

    /// Its nodes, to be looked at once each; nothing if there are no steps left.
    pub(super) fn nodes(&self) -> Option<&Raw> {
        self.meter.spend(self.cost()).then_some(&self.raw)
    }
}
