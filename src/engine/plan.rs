//! What lowering makes of the typed rules: tests on places, each with a bit, and formulas over the bits.

use std::sync::Arc;

use super::bases::Spot;
use super::groups::Group;
use super::jumps::{Condition, Jumps};
use super::lower::VarType;
use super::program::AutomatonSize;
use crate::facts::views::View;
use crate::schema::Type;
use crate::table::{Cond, OrderOp, Rule};

/// The most tests of one stage or quantifier: one bit each in a word.
pub(super) const MAX_TESTS: usize = 64;
/// How many loops may be open at once, those of `each` and of quantifiers together.
pub(super) const MAX_LOOPS: usize = 4;

/// The rows of one loop of the original.
#[derive(Debug)]
pub(super) struct StagePlan {
    /// The loops that its instances come from, the outermost first.
    pub(super) loops: Vec<Path>,
    /// The types of their variables.
    pub(super) vars: Vec<VarType>,
    pub(super) rules: Vec<RulePlan>,
    pub(super) tests: Tests,
    /// Whether any of the rules fires, in one go; `None` where they are to be asked one by one.
    pub(super) any: Option<Jumps>,
    /// Whether a row may change the document, so that instances must be counted before any of them is judged.
    pub(super) changes: bool,
}

#[derive(Debug)]
pub(super) struct RulePlan {
    pub(super) rule: Arc<Rule>,
    /// `None` where there were no bits left: the naive evaluator answers.
    pub(super) when: Option<Condition>,
}

/// The distinct tests of a stage, and the automata that answer some of them.
#[derive(Debug, Default)]
pub(super) struct Tests {
    pub(super) tests: Vec<Test>,
    pub(super) groups: Vec<Group>,
}

/// A way to a slot, names resolved to indexes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Path {
    pub(super) from: From,
    pub(super) steps: Vec<PathStep>,
    /// How to come to the end without following the steps.
    pub(super) reach: Reach,
    /// Whether the value has a nil, so that presence means not being nil.
    pub(super) nillable: bool,
    /// Whether absence means that nobody told (host facts).
    pub(super) open: bool,
}

/// A short way to a slot, for as long as no row has left a value that is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// A field of a record that is found once a judgement.
    Spot(Spot),
    /// An entry of a map that is such a field, by a key that the rule names.
    Entry(Spot),
    /// The element of a loop by itself.
    Element(usize),
    /// Fields of the element of a loop, and nothing else to look at.
    Fields(usize),
    /// None.
    Far,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum From {
    Root(usize),
    Var(usize),
    /// The key of a loop over a map.
    Key(usize),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PathStep {
    Field { index: usize, nillable: bool },
    Key(Text),
}

/// A string: written in the rule, or read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Text {
    Literal(Vec<u8>),
    Path(Box<Path>),
    View(Box<ViewRead>),
}

/// A field of what a view makes of its arguments.
#[derive(Clone, Debug)]
pub(super) struct ViewRead {
    pub(super) view: &'static View,
    pub(super) args: Vec<ViewParam>,
    pub(super) field: usize,
    /// The number of the call in its stage or quantifier: fields of one call are made together.
    pub(super) call: u8,
}

impl PartialEq for ViewRead {
    fn eq(&self, other: &Self) -> bool {
        (self.view.name, &self.args, self.field) == (other.view.name, &other.args, other.field)
    }
}

impl Eq for ViewRead {}

/// An argument of a view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ViewParam {
    Text(Text),
    Number(Number),
    /// A list or a map.
    Place(Path, Type),
}

/// An integer: written, read, or the size of something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Number {
    Literal(i64),
    Path(Path),
    Size(Path),
    View(Box<ViewRead>),
    ViewSize(Box<ViewRead>),
}

/// `==` besides the four orders, for integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NumberOp {
    Same,
    Order(OrderOp),
}

/// One test.
#[derive(Debug)]
pub(super) enum Test {
    True(Path),
    /// A string, list or map without bytes, elements or entries: shorter than comparing.
    Empty(Path),
    ViewTrue(Box<ViewRead>),
    Present(Path),
    Number(NumberOp, Number, Number),
    Same(Text, Text),
    OneOf(Text, Vec<Vec<u8>>),
    InMap(Text, Path),
    InList(Text, Path),
    /// `startsWith`, `endsWith`, and `contains` of one byte: looking at the text beats a pass of an automaton.
    Starts(Text, Vec<u8>),
    Ends(Text, Vec<u8>),
    HasByte(Text, u8),
    /// A bit of the automaton with this number.
    Automaton(usize),
    /// Some element satisfies the formula, which has tests of its own.
    Exists {
        over: Path,
        var: usize,
        vars: Vec<VarType>,
        body: Condition,
        tests: Tests,
    },
    /// What has no faster form: calls of views, mostly.
    Slow(Box<Cond>),
}

impl Tests {
    /// The sizes of all automata, those inside quantifiers included.
    pub(super) fn automata(&self) -> Vec<AutomatonSize> {
        let mut out: Vec<_> = self.groups.iter().flat_map(Group::sizes).collect();
        for test in &self.tests {
            if let Test::Exists { tests, .. } = test {
                out.extend(tests.automata());
            }
        }
        out
    }
}
