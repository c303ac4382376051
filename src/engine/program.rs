use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::bases::Records;
use super::budget::{Budget, OverBudget};
use super::decision::Decision;
use super::plan::StagePlan;
use super::quiet::Quiet;
use super::run::Tells;
use super::{fast, lower, naive};
use crate::facts::Facts;
use crate::schema::Schema;
#[cfg(feature = "cli")]
use crate::table::RuleId;
use crate::table::{Catalog, Rule, Subject};

/// The rows of one loop of the original, in their order.
#[derive(Clone, Debug)]
pub(super) struct Stage {
    pub(super) rules: Vec<Arc<Rule>>,
}

impl Stage {
    /// Whether the original goes through its elements in random order.
    pub(super) fn over_map(&self) -> bool {
        self.rules.first().is_some_and(|rule| rule.each.iter().any(|each| each.key.is_some()))
    }
}

/// The rules of one subject as one profile has them, ready to judge documents. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Program {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    subject: Subject,
    /// Those of the roots, as the profile has them.
    schemas: Vec<Schema>,
    stages: Vec<Stage>,
    /// The stages lowered, one by one; `None` where there is no fast form.
    plans: Vec<Option<Arc<StagePlan>>>,
    /// The records that they read fields of.
    records: Records,
    /// The same to find that none of them fires.
    quiet: Quiet,
}

/// How large an automaton is that answers the string tests of one field in one stage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AutomatonSize {
    /// The stage.
    pub stage: i64,
    /// How many tests it answers in one pass.
    pub patterns: usize,
    /// Its states.
    pub states: usize,
    /// Its memory, in bytes.
    pub bytes: usize,
}

impl Program {
    /// The rules of `subject` in `profile`; `None` if the catalog has no such subject.
    #[must_use]
    pub fn new(catalog: &Catalog, profile: &str, subject: &str) -> Option<Self> {
        let subject = catalog.subject(subject)?.clone();
        // Rows of different tables that share a stage number but not a loop stay apart.
        let mut stages: BTreeMap<(i64, Arc<str>, Arc<str>), Stage> = BTreeMap::new();
        for rule in catalog
            .rules()
            .iter()
            .filter(|r| *r.subject == *subject.id && r.holds_in(catalog.profiles(), profile))
        {
            let key = (rule.stage, rule.table.clone(), rule.each_text.clone());
            stages.entry(key).or_insert_with(|| Stage { rules: Vec::new() }).rules.push(rule.clone());
        }
        let stages: Vec<Stage> = stages.into_values().collect();
        let profiles = catalog.profiles();
        let has = |id: &str| profiles.at_least(profile, id);
        let schemas: Vec<_> = [&subject.schema]
            .into_iter()
            .chain(subject.roots.iter().map(|root| &root.schema))
            .map(|schema| schema.at_profile(&has))
            .collect();
        Some(Self { inner: Arc::new(Inner::new(subject, schemas, stages)) })
    }

    /// What it judges.
    #[must_use]
    pub fn subject(&self) -> &Subject {
        &self.inner.subject
    }

    pub(super) fn plans(&self) -> &[Option<Arc<StagePlan>>] {
        &self.inner.plans
    }

    /// The records that the lowered rules read fields of.
    pub(super) fn records(&self) -> &Records {
        &self.inner.records
    }

    pub(super) fn quiet(&self) -> &Quiet {
        &self.inner.quiet
    }

    pub(super) fn stages(&self) -> &[Stage] {
        &self.inner.stages
    }

    /// The automata of the lowered rules; those not used yet are built for the list.
    #[must_use]
    pub fn automata(&self) -> Vec<AutomatonSize> {
        let stages = self.inner.stages.iter().zip(&self.inner.plans);
        let groups =
            stages.filter_map(|(stage, plan)| Some((stage, plan.as_ref()?))).flat_map(|(stage, plan)| {
                let number = stage.rules.first().map_or(0, |rule| rule.stage);
                plan.tests.automata().into_iter().map(move |size| AutomatonSize { stage: number, ..size })
            });
        groups.collect()
    }

    /// The rules, in the order in which they are judged.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.inner.stages.iter().flat_map(|s| s.rules.iter().map(Arc::as_ref))
    }

    /// The same program with only some of its rules: those that deny, say, or those of one table.
    #[must_use]
    pub fn only(&self, keep: impl Fn(&Rule) -> bool) -> Self {
        let stages =
            self.inner.stages.iter().map(|stage| Stage {
                rules: stage.rules.iter().filter(|rule| keep(rule)).cloned().collect(),
            });
        let stages = stages.filter(|stage| !stage.rules.is_empty()).collect();
        Self { inner: Arc::new(Inner::new(self.inner.subject.clone(), self.inner.schemas.clone(), stages)) }
    }

    /// Judges a document; `others` are the subject's other records, in their order.
    ///
    /// # Errors
    /// If judging would cost more rule instances than the budget allows.
    pub fn evaluate(
        &self,
        document: &Facts<'_>,
        others: &[&Facts<'_>],
        budget: &Budget,
    ) -> Result<Decision, OverBudget> {
        fast::evaluate(self, document, others, budget, Tells::Decision)
    }

    /// The same, and [`Decision::trace`] tells what each rule did.
    ///
    /// # Errors
    /// As [`Program::evaluate`].
    pub fn evaluate_traced(
        &self,
        document: &Facts<'_>,
        others: &[&Facts<'_>],
        budget: &Budget,
    ) -> Result<Decision, OverBudget> {
        fast::evaluate(self, document, others, budget, Tells::Trace)
    }

    /// The same by the naive evaluator, which walks the rules as they are written: for tests that hold the two
    /// against each other. Its decisions are the same, traces included.
    ///
    /// # Errors
    /// As [`Program::evaluate`].
    pub fn evaluate_naively(
        &self,
        document: &Facts<'_>,
        others: &[&Facts<'_>],
        budget: &Budget,
    ) -> Result<Decision, OverBudget> {
        naive::evaluate(self, document, others, budget, Tells::Trace)
    }

    /// The same by the naive evaluator, and [`RuleTrace::seen`](super::RuleTrace::seen) tells which tests decided.
    ///
    /// # Errors
    /// As [`Program::evaluate`].
    pub fn evaluate_covered(
        &self,
        document: &Facts<'_>,
        others: &[&Facts<'_>],
        budget: &Budget,
    ) -> Result<Decision, OverBudget> {
        naive::evaluate(self, document, others, budget, Tells::Coverage)
    }

    /// The same program with one rule replaced, or left out. Its stage is judged by the naive evaluator, so that nothing
    /// has to be lowered: for mutants, of which there are many.
    #[cfg(feature = "cli")]
    pub(crate) fn replacing(&self, id: &RuleId, with: Option<Arc<Rule>>) -> Self {
        let inner = &self.inner;
        let (mut stages, mut plans) = (inner.stages.clone(), inner.plans.clone());
        for (stage, plan) in stages.iter_mut().zip(&mut plans) {
            let Some(at) = stage.rules.iter().position(|rule| rule.id == *id) else { continue };
            match (&with, stage.rules.get_mut(at)) {
                (Some(with), Some(rule)) => *rule = with.clone(),
                _ => drop(stage.rules.remove(at)),
            }
            *plan = None;
        }
        let (subject, schemas, records) =
            (inner.subject.clone(), inner.schemas.clone(), inner.records.clone());
        Self { inner: Arc::new(Inner::of(subject, schemas, stages, plans, records)) }
    }
}

impl Inner {
    /// `schemas` are those of the roots, as the profile has them.
    fn new(subject: Subject, schemas: Vec<Schema>, stages: Vec<Stage>) -> Self {
        let records = RefCell::new(Records::new(schemas.len()));
        let plans =
            stages.iter().map(|stage| lower::stage(stage, &schemas, &records).map(Arc::new)).collect();
        Self::of(subject, schemas, stages, plans, records.into_inner())
    }

    fn of(
        subject: Subject,
        schemas: Vec<Schema>,
        stages: Vec<Stage>,
        plans: Vec<Option<Arc<StagePlan>>>,
        records: Records,
    ) -> Self {
        let quiet = Quiet::new(&plans);
        Self { subject, schemas, stages, plans, records, quiet }
    }
}

#[cfg(all(test, feature = "cli"))]
mod tests {
    use super::*;

    /// As it would have been had the rule been so from the beginning.
    #[test]
    fn a_replaced_rule_is_replaced_and_no_other() {
        let catalog = Catalog::builtin_for("name").unwrap_or_else(|e| panic!("{:?}", e.errors));
        let program = |catalog: &Catalog| Program::new(catalog, "moby-28", "name");
        let whole = program(&catalog).unwrap_or_else(|| panic!("there is no `name`"));
        let listed = |program: &Program| -> Vec<(RuleId, String)> {
            program.rules().map(|rule| (rule.id.clone(), rule.title.to_string())).collect()
        };
        for (id, _) in listed(&whole) {
            let Some(rule) = whole.rules().find(|rule| rule.id == id) else { panic!("{id} is gone") };
            let changed = Arc::new(Rule { title: "changed".into(), ..rule.clone() });
            for with in [None, Some(changed)] {
                let from_the_beginning = program(&catalog.with_rule(&id, with.as_deref().cloned()));
                let replaced = whole.replacing(&id, with);
                assert_eq!(Some(listed(&replaced)), from_the_beginning.as_ref().map(listed), "{id}");
            }
        }
    }
}
