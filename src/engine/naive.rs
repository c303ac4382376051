use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::budget::{Budget, OverBudget};
use super::decision::{Decision, Finding, Label, RuleTrace, Verdict};
use super::program::{Program, Stage};
use super::scope::{Bound, Scope, Val};
use super::tri::{Needs, Tri};
use crate::facts::{Facts, SlotId, Value};
use crate::table::{Base, Cond, Effect, Format, LabelRule, Operand, Piece, Place, Rule, Step};

/// Judges a document by walking the typed tree of every rule: short, slow, and the reference for anything faster.
pub(super) fn evaluate(
    program: &Program,
    roots: Vec<Facts<'_>>,
    budget: &Budget,
) -> Result<Decision, OverBudget> {
    let mut run = Run {
        program,
        roots,
        poison: BTreeMap::new(),
        findings: Vec::new(),
        denied: Vec::new(),
        needs: Needs::new(),
        alternatives: BTreeSet::new(),
        trace: Vec::new(),
        judged: 0,
    };
    for stage in program.stages() {
        if run.stage(stage, budget)? {
            break;
        }
    }
    Ok(run.decision())
}

struct Run<'r> {
    program: &'r Program,
    roots: Vec<Facts<'r>>,
    poison: BTreeMap<SlotId, Needs>,
    findings: Vec<Finding>,
    /// Which of the findings deny.
    denied: Vec<usize>,
    needs: Needs,
    alternatives: BTreeSet<String>,
    trace: Vec<RuleTrace>,
    judged: usize,
}

/// A change that a `set` row asked for.
enum Change {
    Put(SlotId, Value<'static>),
    Poison(SlotId, Needs),
}

impl<'r> Run<'r> {
    fn scope<'e>(&'e self, vars: &'e [Bound]) -> Scope<'e> {
        Scope { subject: self.program.subject(), roots: &self.roots, vars, poison: &self.poison }
    }

    /// Judges the rows of one stage for every instance; true if one of them ends the judgement.
    fn stage(&mut self, stage: &Stage, budget: &Budget) -> Result<bool, OverBudget> {
        let denied_before = self.denied.len();
        let mut halted = false;
        let mut traces: Vec<_> = stage
            .rules
            .iter()
            .map(|r| RuleTrace { rule: r.id.clone(), judged: 0, fired: 0, unknown: 0 })
            .collect();
        let instances = match stage.rules.first() {
            Some(rule) => self.scope(&[]).instances(&rule.each),
            None => Vec::new(),
        };
        for vars in &instances {
            let denied = self.denied.len();
            for (rule, trace) in stage.rules.iter().zip(&mut traces) {
                self.judged += 1;
                if self.judged > budget.instances {
                    let (found, limit) = (self.judged, budget.instances);
                    return Err(OverBudget { what: "rule instances", found, limit });
                }
                trace.judged += 1;
                let outcome = self.scope(vars).cond(&rule.when);
                match &outcome {
                    Tri::True => {
                        trace.fired += 1;
                        halted |= rule.halt;
                    }
                    Tri::Unknown(_) => trace.unknown += 1,
                    Tri::False => {}
                }
                self.outcome(rule, vars, outcome);
            }
            // In Go's random map order any failing entry of this loop may come first.
            if denied_before == 0
                && denied > 0
                && let Some(first) = self.denied.get(denied).and_then(|i| self.findings.get(*i))
            {
                self.alternatives.insert(first.message.clone());
            }
        }
        self.trace.append(&mut traces);
        Ok(halted)
    }

    fn outcome(&mut self, rule: &Rule, vars: &[Bound], outcome: Tri) {
        match (rule.effect, outcome) {
            (_, Tri::False) => {}
            (Effect::Set, outcome) => {
                let changes = self.changes(rule, vars, &outcome);
                for change in changes {
                    self.apply(change);
                }
            }
            (_, Tri::True) => {
                let finding = self.finding(rule, vars);
                if finding.effect == Effect::Deny {
                    self.denied.push(self.findings.len());
                }
                self.findings.push(finding);
            }
            (Effect::Deny, Tri::Unknown(needs)) => self.needs.extend(needs),
            (Effect::Warn, Tri::Unknown(_)) => {}
        }
    }

    fn changes(&mut self, rule: &Rule, vars: &[Bound], outcome: &Tri) -> Vec<Change> {
        let mut out = Vec::new();
        for assignment in &rule.set {
            // The target's records come into being first, as they would in Go.
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
                    let slot_value = self.roots.first().map(|f| &f.slot(slot).value);
                    if slot_value.is_some_and(|old| same_scalar(old, &value)) {
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
        let facts = self.roots.first_mut()?;
        let fields = target.steps.iter().filter_map(|step| match step {
            Step::Field(name) => Some(name.as_str()),
            Step::Key(_) => None,
        });
        match target.base {
            Base::Var(var) => {
                let bound = vars.get(var).filter(|b| b.root == 0)?;
                facts.make_path(Some((bound.slot, bound.ty.clone())), fields)
            }
            _ => facts.make_path(None, fields),
        }
    }

    fn apply(&mut self, change: Change) {
        let Some(facts) = self.roots.first_mut() else { return };
        match change {
            Change::Poison(slot, needs) => drop(self.poison.insert(slot, needs)),
            Change::Put(slot, value) => {
                self.poison.remove(&slot);
                if let Some(slot) = facts.slot_mut(slot) {
                    slot.value = value;
                }
            }
        }
    }

    fn finding(&self, rule: &Rule, vars: &[Bound]) -> Finding {
        let scope = self.scope(vars);
        let default = default_place(rule);
        let (at, text) = match &rule.at {
            Some(LabelRule { place, text }) => (Some(place), text.as_str()),
            None => (default.as_ref(), ""),
        };
        let mut labels = at.map_or_else(Vec::new, |place| labels(&scope, place, text)).into_iter();
        let primary = labels.next();
        let mut related: Vec<_> = labels.collect();
        for also in &rule.also {
            related.extend(labels_of(&scope, also));
        }
        Finding {
            rule: rule.id.clone(),
            effect: rule.effect,
            path: at.map_or_else(String::new, |place| scope.pointer(place, &rule.each)),
            message: message(&scope, rule),
            why: rule.why.clone(),
            help: rule.help.clone(),
            primary,
            related,
        }
    }

    fn decision(self) -> Decision {
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
            trace: self.trace,
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

fn labels_of(scope: &Scope<'_>, rule: &LabelRule) -> Vec<Label> {
    labels(scope, &rule.place, &rule.text)
}

/// The first place says `text`; further ones (a list of places) stand for themselves.
fn labels(scope: &Scope<'_>, place: &Place, text: &str) -> Vec<Label> {
    if !scope.is_located(&place.base) {
        return Vec::new();
    }
    let spans = scope.spans(place);
    spans.into_iter().map(|span| Label { span, text: text.to_owned() }).collect()
}

/// Without `at`: the element of the innermost loop (its key over a map), else the first field the condition reads.
fn default_place(rule: &Rule) -> Option<Place> {
    let Some(last) = rule.each.last() else { return first_place(&rule.when) };
    let var = rule.each.len().saturating_sub(1);
    let shape = last.source.shape.element()?;
    let base = if last.key.is_some() { Base::VarKey(var) } else { Base::Var(var) };
    Some(Place { base, steps: Vec::new(), shape })
}

fn first_place(cond: &Cond) -> Option<Place> {
    let of_operand = |operand: &Operand| match operand {
        Operand::Place(place) | Operand::Size(place) => own(place),
        Operand::Cond(cond) => first_place(cond),
        _ => None,
    };
    match cond {
        Cond::Const(_) => None,
        Cond::Truth(place) | Cond::Present(place) => own(place),
        Cond::Not(inner) => first_place(inner),
        Cond::All(conds) | Cond::Any(conds) => conds.iter().find_map(first_place),
        Cond::Same(left, right) | Cond::Order(_, left, right) => {
            of_operand(left).or_else(|| of_operand(right))
        }
        Cond::OneOf(value, _) | Cond::Text(value, _) => of_operand(value),
        Cond::HasKey(value, place) | Cond::HasElement(value, place) => {
            of_operand(value).or_else(|| own(place))
        }
        Cond::Exists { over, .. } => own(over),
    }
}

/// A place in the document itself: the one given, or the first that a view looks at.
fn own(place: &Place) -> Option<Place> {
    match &place.base {
        Base::View(call) => call.args.iter().find_map(|arg| match arg {
            Operand::Place(place) => own(place),
            _ => None,
        }),
        Base::Root(0) => Some(place.clone()),
        _ => None,
    }
}

fn message(scope: &Scope<'_>, rule: &Rule) -> String {
    let mut out = String::new();
    for piece in &rule.message.pieces {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Value(operand, format) => print(&scope.operand(operand), *format, &mut out),
        }
    }
    out
}

fn print(value: &Val<'_>, format: Format, out: &mut String) {
    let strings = |sep: &str| -> Option<String> {
        let texts: Vec<_> = match value {
            Val::Strs(list) => list.iter().map(|s| String::from_utf8_lossy(s).into_owned()).collect(),
            Val::Item(item) => {
                item.elements().map(|e| String::from_utf8_lossy(e.str()).into_owned()).collect()
            }
            _ => return None,
        };
        Some(texts.join(sep))
    };
    match (value, format) {
        (Val::Bool(b), _) => out.push_str(if *b { "true" } else { "false" }),
        (Val::Int(n), _) => out.push_str(&n.to_string()),
        (Val::Str(s), Format::Quoted) => out.push_str(&crate::facts::quote(s)),
        (Val::Str(s), _) => out.push_str(&String::from_utf8_lossy(s)),
        (_, Format::Joined) => out.push_str(&strings(", ").unwrap_or_default()),
        (Val::Unknown(_), _) => out.push_str("(unknown)"),
        _ => out.push_str(&format!("[{}]", strings(" ").unwrap_or_default())),
    }
}
