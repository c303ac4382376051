//! What the condition of a row reads, and whether that is changed by another row.

use std::collections::BTreeSet;

use crate::table::{Base, Cond, Operand, Place, Rule, Step};

/// What a condition reads.
#[derive(Clone, Debug, Default)]
pub(super) struct Reads {
    /// The names of all fields on the way.
    names: BTreeSet<String>,
    /// Roots, and the fields from there as far as no key comes between.
    places: BTreeSet<(usize, Vec<String>)>,
}

impl Reads {
    /// What a row reads: its condition, its loops, and what it sets fields to.
    pub(super) fn of(rule: &Rule) -> Self {
        let mut out = Self::default();
        rule.each.iter().for_each(|each| out.place(&each.source));
        out.cond(&rule.when);
        rule.set.iter().for_each(|change| out.operand(&change.value));
        out
    }

    /// Whether a field of one of these names is read.
    pub(super) fn has_name(&self, names: &BTreeSet<String>) -> bool {
        !self.names.is_disjoint(names)
    }

    /// Whether one of these roots is read.
    pub(super) fn has_root(&self, is: impl Fn(usize) -> bool) -> bool {
        self.places.iter().any(|(root, _)| is(*root))
    }

    /// Whether a field that is set might be read; it is too, where that is not certain.
    pub(super) fn sees(&self, target: &Place) -> bool {
        let Base::Root(root) = target.base else { return true };
        let Some(fields) = plain(&target.steps) else { return true };
        let around = |(of, place): &(usize, Vec<String>)| *of == root && fields.starts_with(place);
        fields.last().is_none_or(|last| self.names.contains(last)) || self.places.iter().any(around)
    }

    /// Whether something might be read that a row sets.
    pub(super) fn sees_any(&self, rule: &Rule) -> bool {
        rule.set.iter().any(|change| self.sees(&change.target))
    }

    fn place(&mut self, at: &Place) {
        match &at.base {
            Base::View(call) => call.args.iter().for_each(|arg| self.operand(arg)),
            Base::Root(root) => {
                let fields = at.steps.iter().map_while(field).map(str::to_owned);
                self.places.insert((*root, fields.collect()));
            }
            Base::Var(_) | Base::VarKey(_) => {}
        }
        for step in &at.steps {
            match step {
                Step::Field(name) => drop(self.names.insert(name.clone())),
                Step::Key(key) => self.operand(key),
            }
        }
    }

    fn operand(&mut self, value: &Operand) {
        match value {
            Operand::Place(at) | Operand::Size(at) => self.place(at),
            Operand::Cond(inner) => self.cond(inner),
            Operand::Term(_, args) => args.iter().for_each(|arg| self.operand(arg)),
            Operand::Int(_) | Operand::Str(_) => {}
        }
    }

    fn cond(&mut self, test: &Cond) {
        match test {
            Cond::Const(_) => {}
            Cond::Truth(at) | Cond::Present(at) => self.place(at),
            Cond::Not(inner) => self.cond(inner),
            Cond::All(conds) | Cond::Any(conds) => conds.iter().for_each(|c| self.cond(c)),
            Cond::Same(left, right) | Cond::Order(_, left, right) => {
                self.operand(left);
                self.operand(right);
            }
            Cond::OneOf(value, _) | Cond::Text(value, _) => self.operand(value),
            Cond::HasKey(value, at) | Cond::HasElement(value, at) => {
                self.operand(value);
                self.place(at);
            }
            Cond::Exists { over, body, .. } => {
                self.place(over);
                self.cond(body);
            }
        }
    }
}

fn field(step: &Step) -> Option<&str> {
    match step {
        Step::Field(name) => Some(name),
        Step::Key(_) => None,
    }
}

/// Steps that are all fields.
fn plain(steps: &[Step]) -> Option<Vec<String>> {
    steps.iter().map(|step| field(step).map(str::to_owned)).collect()
}
