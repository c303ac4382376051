use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::budget::{Budget, OverBudget};
use super::decision::{Decision, Finding, RuleTrace, Verdict};
use super::finding::finding;
use super::program::Program;
use super::scope::{Bound, Roots, Scope, Val};
use super::tri::{Needs, Tri};
use crate::facts::{Facts, SlotId, Value};
use crate::table::{Base, Effect, Place, Rule, Step};

/// A judgement under way: what both evaluators do alike once they know which rules fire.
pub(super) struct Run<'r> {
    pub(super) program: &'r Program,
    document: &'r Facts<'r>,
    /// A copy of the document once a `set` row has changed it.
    changed: Option<Box<Facts<'r>>>,
    others: &'r [&'r Facts<'r>],
    /// Slots of the document whose value depends on a fact nobody told, by a `set` row.
    pub(super) poison: BTreeMap<SlotId, Needs>,
    findings: Vec<Finding>,
    /// Which of the findings deny.
    denied: Vec<usize>,
    needs: Needs,
    alternatives: BTreeSet<String>,
    /// What each rule did, if somebody asked.
    trace: Option<Vec<RuleTrace>>,
    /// Whether it tells which tests decided, too.
    covering: bool,
    /// Where the current stage's rules begin in it.
    traced: usize,
    /// Whether a rule fired after which nothing is judged.
    halted: bool,
    /// Whether a rule was anything but false.
    spoke: bool,
    budget: Budget,
    judged: usize,
}

/// What a judgement tells besides its decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tells {
    /// Nothing.
    Decision,
    /// What each rule did.
    Trace,
    /// And which tests of its condition decided.
    Coverage,
}

/// A change that a `set` row asked for.
enum Change {
    Put(SlotId, Value<'static>),
    Poison(SlotId, Needs),
}

impl<'r> Run<'r> {
    pub(super) fn new(
        program: &'r Program,
        document: &'r Facts<'r>,
        others: &'r [&'r Facts<'r>],
        budget: &Budget,
        tells: Tells,
    ) -> Self {
        Self {
            program,
            document,
            changed: None,
            others,
            poison: BTreeMap::new(),
            findings: Vec::new(),
            denied: Vec::new(),
            needs: Needs::new(),
            alternatives: BTreeSet::new(),
            trace: (tells != Tells::Decision).then(Vec::new),
            covering: tells == Tells::Coverage,
            traced: 0,
            halted: false,
            spoke: false,
            budget: *budget,
            judged: 0,
        }
    }

    /// Begins a stage; false if the judgement is over.
    pub(super) fn begin<'a>(&mut self, rules: impl Iterator<Item = &'a Rule>) -> bool {
        if self.halted {
            return false;
        }
        if let Some(trace) = &mut self.trace {
            self.traced = trace.len();
            trace.extend(rules.map(|r| RuleTrace {
                rule: r.id.clone(),
                judged: 0,
                fired: 0,
                unknown: 0,
                seen: Vec::new(),
            }));
        }
        true
    }

    /// Whether a rule was anything but false so far.
    pub(super) fn spoke(&self) -> bool {
        self.spoke
    }

    /// How many denials there are so far.
    pub(super) fn denials(&self) -> usize {
        self.denied.len()
    }

    /// Notes that in Go's random map order this instance of a stage might have been the first to fail.
    ///
    /// `before` and `now` are the numbers of denials before the stage and before the instance.
    pub(super) fn end_instance(&mut self, over_map: bool, before: usize, now: usize) {
        if over_map
            && before == 0
            && now > 0
            && let Some(first) = self.denied.get(now).and_then(|i| self.findings.get(*i))
        {
            self.alternatives.insert(first.message.clone());
        }
    }

    /// Counts one judgement of the rule with this number in the stage.
    pub(super) fn count(&mut self, rule: usize, fired: bool, unknown: bool) -> Result<(), OverBudget> {
        self.judged = self.judged.saturating_add(1);
        if self.judged > self.budget.instances {
            let (found, limit) = (self.judged, self.budget.instances);
            return Err(OverBudget { what: "rule instances", found, limit });
        }
        let traced = self.traced;
        if let Some(trace) = self.trace.as_mut().and_then(|t| t.get_mut(traced.saturating_add(rule))) {
            trace.judged += 1;
            trace.fired += usize::from(fired);
            trace.unknown += usize::from(unknown);
        }
        Ok(())
    }

    /// Notes which tests of the rule with this number in the stage decide, if somebody asked.
    pub(super) fn cover(&mut self, number: usize, rule: &Rule, vars: &[Bound]) {
        let at = self.traced.saturating_add(number);
        if !self.covering {
            return;
        }
        let Some(mut seen) =
            self.trace.as_mut().and_then(|t| t.get_mut(at)).map(|t| std::mem::take(&mut t.seen))
        else {
            return;
        };
        super::cover::note(&self.scope(vars), &rule.when, &mut seen);
        if let Some(trace) = self.trace.as_mut().and_then(|t| t.get_mut(at)) {
            trace.seen = seen;
        }
    }

    pub(super) fn roots(&self) -> Roots<'_> {
        Roots { document: self.changed.as_deref().unwrap_or(self.document), others: self.others }
    }

    pub(super) fn scope<'e>(&'e self, vars: &'e [Bound]) -> Scope<'e> {
        Scope { subject: self.program.subject(), roots: self.roots(), vars, poison: &self.poison }
    }

    /// Carries out what a rule does.
    pub(super) fn outcome(&mut self, rule: &Rule, vars: &[Bound], outcome: Tri) {
        self.halted |= rule.halt && outcome == Tri::True;
        if outcome == Tri::False {
            return;
        }
        self.spoke = true;
        // What is said of a value is said before the row changes it.
        match (rule.effect, &outcome) {
            (Effect::Deny | Effect::Warn, Tri::True) => {
                let finding = finding(&self.scope(vars), rule);
                if finding.effect == Effect::Deny {
                    self.denied.push(self.findings.len());
                }
                self.findings.push(finding);
            }
            (Effect::Deny, Tri::Unknown(needs)) => self.needs.extend(needs.iter().cloned()),
            _ => {}
        }
        if !rule.set.is_empty() {
            for change in self.changes(rule, vars, &outcome) {
                self.apply(change);
            }
        }
    }

    fn changes(&mut self, rule: &Rule, vars: &[Bound], outcome: &Tri) -> Vec<Change> {
        let mut out = Vec::new();
        for assignment in &rule.set {
            // Nothing is set in a record that is not there.
            let Some(slot) = self.target(&assignment.target, vars) else { continue };
            let value = match self.scope(vars).operand(&assignment.value) {
                Val::Bool(b) => Ok(Value::Bool(b)),
                Val::Int(n) => Ok(Value::Int(n)),
                Val::Str(s) => Ok(Value::Str(Cow::Owned(s.into_owned()))),
                Val::Unknown(needs) => Err(needs),
                _ => continue,
            };
            out.push(match (outcome, value) {
                (Tri::Unknown(needs), Ok(value)) => {
                    // A change to what is there already changes nothing.
                    if same_scalar(&self.roots().document.slot(slot).value, &value) {
                        continue;
                    }
                    Change::Poison(slot, needs.clone())
                }
                (Tri::Unknown(needs), Err(more)) => {
                    Change::Poison(slot, needs.union(&more).cloned().collect())
                }
                (_, Err(needs)) => Change::Poison(slot, needs),
                (_, Ok(value)) => Change::Put(slot, value),
            });
        }
        out
    }

    fn target(&mut self, target: &Place, vars: &[Bound]) -> Option<SlotId> {
        let facts = self.changed.get_or_insert_with(|| Box::new(self.document.clone()));
        let fields = target.steps.iter().filter_map(|step| match step {
            Step::Field(name) => Some(name.as_str()),
            Step::Key(_) => None,
        });
        match target.base {
            Base::Var(var) => {
                let bound = vars.get(var).filter(|b| b.root == 0)?;
                facts.slot_to_set(Some((bound.slot, bound.ty.clone())), fields)
            }
            _ => facts.slot_to_set(None, fields),
        }
    }

    fn apply(&mut self, change: Change) {
        match change {
            Change::Poison(slot, needs) => drop(self.poison.insert(slot, needs)),
            Change::Put(slot, value) => {
                self.poison.remove(&slot);
                let facts = self.changed.get_or_insert_with(|| Box::new(self.document.clone()));
                if let Some(slot) = facts.slot_mut(slot) {
                    slot.value = value;
                }
            }
        }
    }

    pub(super) fn decision(self) -> Decision {
        let verdict = match (!self.denied.is_empty(), self.needs.is_empty()) {
            (true, _) => Verdict::Deny,
            (false, true) => Verdict::Allow,
            (false, false) => Verdict::Undecided,
        };
        let needs = if verdict == Verdict::Undecided { self.needs.into_iter().collect() } else { Vec::new() };
        let mut alternatives = self.alternatives;
        if let Some(first) = self.denied.first().and_then(|i| self.findings.get(*i)) {
            alternatives.remove(&first.message);
        }
        Decision {
            verdict,
            findings: self.findings,
            needs,
            alternatives: alternatives.into_iter().collect(),
            trace: self.trace.unwrap_or_default(),
        }
    }
}

fn same_scalar(old: &Value<'_>, new: &Value<'_>) -> bool {
    match (old, new) {
        (Value::Zero, Value::Bool(false) | Value::Int(0)) => true,
        (Value::Zero, Value::Str(s)) => s.is_empty(),
        (old, new) => old == new,
    }
}
