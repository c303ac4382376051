//! Whether no rule fires at all: most documents are fine, and that is found without setting anything up.
//!
//! The diagrams of the stages without loops are one here: "no rule of this stage fires" leads on to the next stage.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::answers::{Memo, Truth};
use super::bases::Bases;
use super::budget::Budget;
use super::calls::Calls;
use super::fast::truth;
use super::glance::{Glance, ViewTest};
use super::jumps::{Jumps, REJECT};
use super::loops::{Elements, Frames};
use super::places::{Place, Places};
use super::plan::{StagePlan, Test};
use super::program::Program;
use super::reader::Reader;
use super::scope::Roots;
use super::tri::Needs;
use crate::facts::SlotId;
use crate::facts::views::ViewArg;

/// The rules of a program, lowered for this question.
#[derive(Debug)]
pub(super) struct Quiet {
    /// The tests of all stages, those of the last stage first.
    nodes: Vec<Node>,
    /// Those of them that are no glances.
    longer: Vec<Longer>,
    stages: Vec<Stage>,
    /// The stages that do not follow from one another.
    loops: Vec<Loop>,
    /// Where the stages without loops begin, and how many rules they have.
    entry: u32,
    rules: usize,
    /// Whether some stage has no fast form.
    gives_up: bool,
}

/// One test and where to go from it: to another, [`DONE`] or [`FIRES`].
#[derive(Debug)]
struct Node {
    ask: Glance,
    holds: u32,
    fails: u32,
    /// The number of the test among those of its stage.
    #[cfg(any(test, fuzzing))]
    test: u8,
}

/// What takes longer than a glance, in stage number so.
#[derive(Debug)]
enum Longer {
    /// Of what a view makes.
    View(u32, ViewTest),
    /// Test number so.
    Whole(u32, u8),
}

#[derive(Debug)]
struct Stage {
    plan: Arc<StagePlan>,
    /// Its first test; [`RULES`] if the rules are to be asked one by one.
    entry: u32,
    /// Where its tests begin among the nodes.
    first: u32,
    /// Where to go if none of its rules fires.
    next: u32,
}

/// A stage to begin with, which nearly always has nothing to go through: kept small, since all of them are looked at.
#[derive(Debug)]
struct Loop {
    /// Its number.
    stage: u32,
    /// What the outermost loop goes through.
    over: Option<Place>,
}

/// No rule fires.
const DONE: u32 = u32::MAX;
/// Some rule fires.
const FIRES: u32 = u32::MAX - 1;
/// There is no diagram.
const RULES: u32 = u32::MAX - 2;
/// No stage.
const NONE: u32 = u32::MAX;

impl Quiet {
    pub(super) fn new(plans: &[Option<Arc<StagePlan>>]) -> Self {
        let mut quiet = Self {
            nodes: Vec::new(),
            longer: Vec::new(),
            stages: Vec::new(),
            loops: Vec::new(),
            entry: DONE,
            rules: 0,
            gives_up: false,
        };
        if plans.iter().any(Option::is_none) {
            return Self { gives_up: true, ..quiet };
        }
        for plan in plans.iter().flatten().rev() {
            let straight = plan.loops.is_empty() && plan.any.is_some();
            let next = if straight { quiet.entry } else { DONE };
            let first = quiet.next_node();
            let entry = plan.any.as_ref().map_or(RULES, |any| quiet.add(plan, any, next));
            if straight {
                quiet.entry = entry;
                quiet.rules += plan.rules.len();
            } else {
                let stage = u32::try_from(quiet.stages.len()).unwrap_or(NONE);
                quiet.loops.push(Loop { stage, over: plan.loops.first().and_then(Place::new) });
            }
            quiet.stages.push(Stage { plan: plan.clone(), entry, first, next });
        }
        quiet
    }

    fn next_node(&self) -> u32 {
        u32::try_from(self.nodes.len()).unwrap_or(FIRES)
    }

    /// Adds a diagram; where it begins.
    fn add(&mut self, plan: &StagePlan, any: &Jumps, next: u32) -> u32 {
        let (first, stage) = (self.next_node(), u32::try_from(self.stages.len()).unwrap_or(u32::MAX));
        let target = |to: u16| match any.get(to) {
            Some(_) => first.saturating_add(to.into()).min(FIRES),
            None if to == REJECT => next,
            None => FIRES,
        };
        self.nodes.extend(any.all().iter().map(|jump| {
            let test = plan.tests.tests.get(usize::from(jump.test));
            let ask = test.and_then(Glance::new).unwrap_or_else(|| {
                let view = test.and_then(ViewTest::new).map(|test| Longer::View(stage, test));
                self.longer.push(view.unwrap_or(Longer::Whole(stage, jump.test)));
                Glance::Longer(u32::try_from(self.longer.len() - 1).unwrap_or(u32::MAX))
            });
            Node {
                ask,
                holds: target(jump.holds),
                fails: target(jump.fails),
                #[cfg(any(test, fuzzing))]
                test: jump.test,
            }
        }));
        target(any.entry)
    }

    /// Whether no rule fires, or might. False also where finding out takes more than this: the caller then judges in
    /// full.
    pub(super) fn holds(&self, program: &Program, roots: Roots<'_>, budget: &Budget) -> bool {
        let Some(left) = budget.instances.checked_sub(self.rules).filter(|_| !self.gives_up) else {
            return false;
        };
        let bases = program.records().find(roots);
        // These are large: they stay where they are made.
        let (mut places, mut calls) = (Places::new(roots), Calls::default());
        places.find(roots, &bases);
        let mut look = Look {
            program,
            quiet: self,
            roots,
            bases: &bases,
            places: &mut places,
            frames: Frames::default(),
            calls: &mut calls,
            stage: NONE,
            group: None,
            left,
        };
        let holds = look.follow(self.entry)
            && self.loops.iter().all(|Loop { stage, over }| {
                over.as_ref().and_then(|over| look.places.is_empty(over)) == Some(true) || look.stage(*stage)
            });
        // Nothing is left that owns anything, which would take long to find out.
        calls.clear();
        std::mem::forget(calls);
        holds
    }

    /// The stage of a node.
    fn stage(&self, node: u32) -> u32 {
        let after = self.stages.partition_point(|stage| stage.first <= node);
        after.checked_sub(1).and_then(|at| u32::try_from(at).ok()).unwrap_or(NONE)
    }
}

/// A document being looked at.
struct Look<'l, 'e> {
    program: &'e Program,
    quiet: &'e Quiet,
    roots: Roots<'e>,
    bases: &'e Bases,
    places: &'l mut Places<'e>,
    frames: Frames,
    calls: &'l mut Calls<'e>,
    /// The stage that `calls` and `group` are of, and nothing else that was asked for since.
    stage: u32,
    /// An automaton of it, and the tests that hold by it.
    group: Option<(usize, u64)>,
    /// How many rules may yet be judged.
    left: usize,
}

impl<'e> Look<'_, 'e> {
    /// Follows the tests from `at` on.
    fn follow(&mut self, mut at: u32) -> bool {
        while let Some(node) = self.quiet.nodes.get(at as usize) {
            let holds = match &node.ask {
                Glance::Longer(number) => self.longer(*number),
                glance => {
                    let holds = glance.ask(self.places);
                    #[cfg(any(test, fuzzing))]
                    self.held_by_the_long_way(at, node, holds);
                    holds
                }
            };
            at = match holds {
                Some(true) => node.holds,
                Some(false) => node.fails,
                // Another test may rule out what depends on it.
                None => match self.by_rules(self.quiet.stage(at)) {
                    Some(next) => next,
                    None => return false,
                },
            };
        }
        at == DONE
    }

    /// A glance says what the test says that it was made of: what it did not know the rules would make good, so that no answer
    /// would show it.
    #[cfg(any(test, fuzzing))]
    fn held_by_the_long_way(&self, at: u32, node: &Node, holds: Option<bool>) {
        let stage = self.quiet.stages.get(self.quiet.stage(at) as usize);
        if let Some((plan, test)) =
            stage.and_then(|stage| Some((&stage.plan, stage.plan.tests.tests.get(usize::from(node.test))?)))
        {
            assert_eq!(holds, self.reader(plan).test(test, &self.frames).known(), "{test:?}");
        }
    }

    /// Goes through the instances of a stage.
    fn stage(&mut self, number: u32) -> bool {
        self.quiet.stages.get(number as usize).is_some_and(|stage| self.instances(number, stage, 0))
    }

    /// Goes through the instances of the loops from number `depth` on.
    fn instances(&mut self, number: u32, stage: &'e Stage, depth: usize) -> bool {
        let Some(each) = stage.plan.loops.get(depth) else { return self.instance(number, stage) };
        // The elements of what nobody told are nobody's instances.
        let Some(elements) = self.reader(&stage.plan).elements(each, &self.frames) else { return true };
        let Elements { facts: Some(facts), .. } = elements else { return true };
        let innermost = stage.plan.loops.len() == depth + 1;
        elements.iter().all(|frame| {
            self.places.enter(depth, facts, &frame);
            if let Some(open) = self.frames.get_mut(depth) {
                *open = frame;
            }
            if innermost { self.instance(number, stage) } else { self.instances(number, stage, depth + 1) }
        })
    }

    fn instance(&mut self, number: u32, stage: &'e Stage) -> bool {
        let Some(left) = self.left.checked_sub(stage.plan.rules.len()) else { return false };
        self.left = left;
        self.stage = NONE;
        if stage.entry == RULES { self.by_rules(number).is_some() } else { self.follow(stage.entry) }
    }

    /// Asks the rules of a stage one by one; where to go if all of them are false. Unknown may mean that this evaluator
    /// gave up: a warning that the naive one would find must not be lost.
    fn by_rules(&mut self, number: u32) -> Option<u32> {
        let stage = self.turn_to(number)?;
        let reader = self.reader(&stage.plan);
        let mut memo = Memo::default();
        let mut rules = stage.plan.rules.iter();
        let quiet =
            rules.all(|rule| truth(rule, &stage.plan, &reader, &mut memo, &self.frames) == Truth::False);
        quiet.then_some(stage.next)
    }

    #[inline(never)]
    fn longer(&mut self, number: u32) -> Option<bool> {
        match self.quiet.longer.get(number as usize)? {
            Longer::View(stage, test) => self.view(*stage, test),
            Longer::Whole(stage, test) => self.whole(*stage, *test),
        }
    }

    fn view(&mut self, stage: u32, test: &'e ViewTest) -> Option<bool> {
        let stage = self.turn_to(stage)?;
        let ViewTest { ask, text, read } = test;
        let field = self.calls.get(read.call, read.field).or_else(|| match text {
            Some(text) => {
                let text = self.places.text_at(text);
                #[cfg(any(test, fuzzing))]
                assert_eq!(text, self.reader(&stage.plan).argument(read, &self.frames), "{read:?}");
                self.calls.make(read, &[ViewArg::Str(text?)])?.get(read.field)
            }
            None => self.reader(&stage.plan).view(read, &self.frames),
        });
        field.map(|field| ask.ask(field))
    }

    #[inline(never)]
    fn whole(&mut self, stage: u32, test: u8) -> Option<bool> {
        let stage = self.turn_to(stage)?;
        let plan = &*stage.plan;
        match plan.tests.tests.get(usize::from(test)) {
            Some(Test::Automaton(number)) => {
                let group = plan.tests.groups.get(*number)?;
                let known = self.group.filter(|(known, _)| known == number).map(|(_, holds)| holds);
                let read = || self.reader(plan).text(&group.text, &self.frames).map(|text| group.bits(text));
                let holds = known.or_else(read)?;
                self.group = Some((*number, holds));
                Some(holds >> (test & 63) & 1 == 1)
            }
            Some(test) => self.reader(plan).test(test, &self.frames).known(),
            None => None,
        }
    }

    /// What is asked from now on is asked for this stage.
    fn turn_to(&mut self, number: u32) -> Option<&'e Stage> {
        if self.stage != number {
            self.stage = number;
            self.calls.clear();
            self.group = None;
        }
        self.quiet.stages.get(number as usize)
    }

    #[inline]
    fn reader(&self, plan: &'e StagePlan) -> Reader<'_, 'e> {
        static UNCHANGED: BTreeMap<SlotId, Needs> = BTreeMap::new();
        Reader::of(self.program.subject(), self.roots, self.bases, &plan.vars, &UNCHANGED, self.calls)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Verdict;
    use crate::facts::{Facts, Limits, load_daemon};
    use crate::table::Catalog;

    fn program() -> Program {
        let catalog = Catalog::builtin_for("create").unwrap_or_else(|e| panic!("{:?}", e.errors));
        Program::new(&catalog, "moby-28", "create").unwrap_or_else(|| panic!("no `create`"))
    }

    /// Of a stage nothing is asked twice: tests that ask the same are one.
    #[test]
    fn tests_differ() {
        let program = program();
        for plan in program.plans().iter().flatten() {
            let own =
                |test: &&Test| !matches!(test, Test::Exists { .. } | Test::Slow(_) | Test::Automaton(_));
            let mut tests: Vec<_> =
                plan.tests.tests.iter().filter(own).map(|test| format!("{test:?}")).collect();
            let all = tests.len();
            tests.sort();
            tests.dedup();
            assert_eq!(tests.len(), all, "{tests:#?}");
        }
    }

    /// Automata of two fields in one stage: what one of them found is not taken for the other's.
    #[test]
    fn patterns_of_two_fields_are_asked_of_each() {
        let table = r#"
            [table]
            id = "mine"
            subject = "daemon"
            line = "moby"
            source = "this test"
            [[rule]]
            id = "XY001"
            title = "two patterns"
            stage = 9000
            effect = "deny"
            when = "bridge.matches('^a+b+$') && group.matches('^c+d+$')"
            message = "both"
            why = "Because."
            help = "Do not."
            evidence = "read"
            bad = ['{"bridge": "aab", "group": "ccd"}']
            good = ['{}']
        "#;
        let catalog = Catalog::builtin_for("daemon").unwrap().with_table("mine.toml", table).unwrap();
        let program =
            Program::new(&catalog, "moby-28", "daemon").unwrap().only(|rule| &*rule.table == "mine");
        let (daemon, host) = (catalog.schema("daemon").unwrap(), catalog.schema("host").unwrap());
        for (text, verdict) in [
            (r#"{"bridge": "aab", "group": "ccd"}"#, Verdict::Deny),
            (r#"{"bridge": "ccd", "group": "ccd"}"#, Verdict::Allow),
            (r#"{"bridge": "aab", "group": "aab"}"#, Verdict::Allow),
        ] {
            let loaded = load_daemon(text.as_bytes(), daemon, &Limits::default()).unwrap();
            let others = [&loaded.load, &Facts::new(host)];
            let decision = program.evaluate(&loaded.facts, &others, &Budget::default()).unwrap();
            assert_eq!(decision.verdict, verdict, "{text}");
        }
    }

    /// What rules ask is asked in the short forms, and with few tests.
    #[test]
    fn most_tests_are_glances() {
        let program = program();
        let quiet = program.quiet();
        let wholes = quiet.longer.iter().filter(|longer| matches!(longer, Longer::Whole(..))).count();
        let (all, rules) = (quiet.nodes.len(), program.rules().count());
        assert!(all <= 3 * rules, "{all} tests of {rules} rules");
        assert!(wholes * 6 < all, "{wholes} of {all} tests have no short form");
    }
}
