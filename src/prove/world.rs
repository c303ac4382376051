//! A program as functions over the atoms: when each row fires, when everything is allowed.

use std::collections::BTreeMap;

use biodivine_lib_bdd::Bdd;

use super::entries::Wanted;
use super::ground::{Env, Grounder, Pair, Read, Val, kind_of};
use super::space::{Space, TermId};
use crate::engine::Program;
use crate::schema::Schema;
use crate::table::{Catalog, Operand, Rule, RuleId};

/// The rules of one subject in one profile.
#[derive(Clone, Debug)]
pub(super) struct World {
    pub(super) program: Program,
    /// Those of the roots, as the profile has them; the document's first.
    pub(super) schemas: Vec<Schema>,
    /// The number of each root in questions.
    pub(super) roots: Vec<usize>,
}

/// What the rows of a world do.
#[derive(Clone, Debug)]
pub(super) struct Judged {
    /// When each fires, and when it is known not to.
    pub(super) rows: BTreeMap<RuleId, Pair>,
}

impl World {
    /// `None` if the catalog has no such subject.
    pub(super) fn new(catalog: &Catalog, profile: &str, subject: &str) -> Option<Self> {
        let program = Program::new(catalog, profile, subject)?;
        let profiles = catalog.profiles();
        let has = |id: &str| profiles.at_least(profile, id);
        let subject = program.subject();
        let schemas: Vec<Schema> = std::iter::once(&subject.schema)
            .chain(subject.roots.iter().map(|root| &root.schema))
            .map(|schema| schema.at_profile(&has))
            .collect();
        let roots = (0..schemas.len()).collect();
        Some(Self { program, schemas, roots })
    }

    /// The rows, in the order in which they are judged.
    pub(super) fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.program.rules()
    }

    /// The rows that matter if some are asked for: those, and whatever changes what they see, or ends the judgement.
    ///
    /// `ends` says whether the answer can rest on a row that ends it.
    pub(super) fn relevant(
        &self,
        wanted: &dyn Fn(&Rule) -> Option<Wanted>,
        ends: bool,
    ) -> Vec<(&Rule, Wanted)> {
        let mut out = Vec::new();
        for rule in self.rules() {
            let mut how = wanted(rule);
            if rule.halt {
                let end = Wanted { any: ends, ..Wanted::NO };
                how = Some(how.map_or(end, |how| how.and(end)));
            }
            if !rule.set.is_empty() {
                how = Some(Wanted::BOTH);
            }
            out.extend(how.map(|how| (rule, how)));
        }
        // A row that changes something matters to what comes after it only.
        while out.last().is_some_and(|(rule, _)| wanted(rule).is_none()) {
            out.pop();
        }
        out
    }

    /// Grounds the rows that matter. `told` numbers what is told of the machine; `whole`: no row ends the judgement.
    pub(super) fn judge(
        &self,
        space: &mut Space,
        rows: &[(&Rule, Wanted)],
        told: usize,
        whole: bool,
    ) -> Judged {
        let yes = space.yes();
        let mut grounder = Grounder::new(space, &self.schemas, self.roots.clone());
        grounder.told = told;
        let mut judged = Judged { rows: BTreeMap::new() };
        let mut going = yes;
        let mut halts = grounder.pair(false).yes;
        let mut stage = None;
        for (rule, _) in rows {
            let here = (rule.stage, rule.table.clone(), rule.each_text.clone());
            if stage.as_ref() != Some(&here) {
                going = going.and_not(&halts);
                stage = Some(here);
            }
            let pair = grounder.each(&rule.each, &Env::new(), &mut |g, env| g.cond(&rule.when, env));
            let pair = Pair { yes: going.and(&pair.yes), no: going.not().or(&pair.no) };
            if rule.halt && !whole {
                halts = halts.or(&pair.yes);
            }
            if !rule.set.is_empty() {
                changes(&mut grounder, rule, &pair);
            }
            judged.rows.insert(rule.id.clone(), pair);
        }
        judged
    }
}

/// What later rows see after a row that sets fields.
fn changes(grounder: &mut Grounder<'_>, rule: &Rule, pair: &Pair) {
    if !rule.each.is_empty() {
        grounder.space.limits.insert(format!("{} sets fields in a loop", rule.id));
        return;
    }
    let mut new: Vec<(TermId, Read)> = Vec::new();
    for change in &rule.set {
        let Some(target) = grounder.target(&change.target) else {
            grounder.space.limits.insert(format!("{} sets a field that is not modelled", rule.id));
            continue;
        };
        let kind = change.target.shape.kind();
        debug_assert!(matches!(change.value, Operand::Term(..)) || kind_of(&change.value) == kind);
        let values = grounder.operand(&change.value, &Env::new());
        let before = grounder.current.get(&target).cloned();
        let before = before.unwrap_or_else(|| vec![(grounder.space.yes(), Val::Term(target))]);
        let open = pair.unknown();
        let mut cases = Read::new();
        for (guard, value) in &values {
            push(&mut cases, guard.and(&pair.yes), value.clone());
        }
        for (guard, old) in &before {
            push(&mut cases, guard.and(&pair.no), old.clone());
            for (more, value) in &values {
                let both = guard.and(more).and(&open);
                if both.is_false() {
                    continue;
                }
                // A change to what is there already changes nothing.
                let known = !matches!(old, Val::Unknown) && !matches!(value, Val::Unknown);
                let same = if known { grounder.equal(old, value, kind) } else { grounder.space.no() };
                push(&mut cases, both.and(&same), old.clone());
                push(&mut cases, both.and_not(&same), Val::Unknown);
            }
        }
        new.push((target, cases));
    }
    grounder.current.extend(new);
}

fn push(cases: &mut Read, guard: Bdd, value: Val) {
    if !guard.is_false() {
        cases.push((guard, value));
    }
}
