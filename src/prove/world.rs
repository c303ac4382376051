//! A program as functions over the atoms: when each row fires, when everything is allowed.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::diagram::Bdd;
use super::entries::Wanted;
use super::ground::{Env, Grounder, Pair, Read, Val, Want, kind_of};
use super::reads::Reads;
use super::space::{Space, TermId};
use crate::engine::Program;
use crate::schema::Schema;
use crate::table::{Operand, Profiles, Rule, RuleId};

/// The rules of one subject in one profile.
#[derive(Clone, Debug)]
pub(super) struct World {
    pub(super) program: Program,
    /// Those of the roots, as the profile has them; the document's first.
    pub(super) schemas: Vec<Schema>,
    /// The number of each root in questions.
    pub(super) roots: Vec<usize>,
    /// What each row reads, in their order.
    reads: Rc<Vec<Reads>>,
}

/// What the rows of a world do.
#[derive(Clone, Debug)]
pub(super) struct Judged {
    rows: BTreeMap<RuleId, Fate>,
}

/// When a row fires, and when it does not: each as conditions that are to hold together, if it was wanted.
#[derive(Clone, Debug, Default)]
struct Fate {
    yes: Vec<Bdd>,
    no: Vec<Bdd>,
}

impl Judged {
    /// That a row fires; nothing if there is no such row.
    pub(super) fn fires(&self, id: &RuleId) -> Option<&[Bdd]> {
        self.rows.get(id).map(|fate| fate.yes.as_slice())
    }

    /// That it does not.
    pub(super) fn silent(&self, id: &RuleId) -> Option<&[Bdd]> {
        self.rows.get(id).map(|fate| fate.no.as_slice())
    }
}

/// How the rows of a question are judged.
#[derive(Clone, Copy)]
pub(super) struct Terms<'t> {
    /// Numbers what is told of the machine.
    pub(super) told: usize,
    /// Whether a row ends the judgement, of those that could.
    pub(super) ends: &'t dyn Fn(&Rule) -> bool,
    /// That a row does not fire means that this is known.
    pub(super) sure: bool,
}

impl World {
    /// `program` is that of a profile among these.
    pub(super) fn new(program: Program, profiles: &Profiles, profile: &str) -> Self {
        let has = |id: &str| profiles.at_least(profile, id);
        let subject = program.subject();
        let schemas: Vec<Schema> = std::iter::once(&subject.schema)
            .chain(subject.roots.iter().map(|root| &root.schema))
            .map(|schema| schema.at_profile(&has))
            .collect();
        let roots = (0..schemas.len()).collect();
        let reads = Rc::new(program.rules().map(Reads::of).collect());
        Self { program, schemas, roots, reads }
    }

    /// The same with one row only.
    pub(super) fn only(&self, id: &RuleId) -> Self {
        let program = self.program.only(|rule| rule.id == *id);
        let reads = Rc::new(program.rules().map(Reads::of).collect());
        Self { program, reads, ..self.clone() }
    }

    /// The rows, each with what it reads.
    pub(super) fn rules_and_reads(&self) -> impl DoubleEndedIterator<Item = (&Rule, &Reads)> {
        let rules: Vec<&Rule> = self.rules().collect();
        rules.into_iter().zip(self.reads.iter())
    }

    /// The rows, in the order in which they are judged.
    pub(super) fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.program.rules()
    }

    /// The rows that matter if some are asked for: those, whatever changes what they read, and whatever ends the judgement
    /// before them, by `ends`.
    ///
    /// Of those that end it the outcome is wanted that says whether the answer can rest on it.
    pub(super) fn relevant(
        &self,
        wanted: &dyn Fn(&Rule) -> Option<Wanted>,
        ends: &dyn Fn(&Rule) -> Option<Wanted>,
    ) -> Vec<(&Rule, Wanted)> {
        let mut out = Vec::new();
        let mut read: Vec<&Reads> = Vec::new();
        // From the last on: a row that changes something matters to what comes after it only.
        for (rule, reads) in self.rules_and_reads().rev() {
            let mut how = wanted(rule);
            // What is set in a loop is not modelled, wherever it is, and so makes everything doubtful.
            let looped = !rule.set.is_empty() && !rule.each.is_empty();
            if looped || !out.is_empty() || how.is_some() {
                if let Some(end) = ends(rule).filter(|_| rule.halt) {
                    how = Some(how.map_or(end, |how| how.and(end)));
                }
                if looped || read.iter().any(|reads| reads.sees_any(rule)) {
                    let asked = how.is_some_and(|how| how.asked);
                    how = Some(Wanted { asked, ..Wanted::BOTH });
                }
            }
            if let Some(how) = how {
                read.push(reads);
                out.push((rule, how));
            }
        }
        out.reverse();
        out
    }

    /// Grounds the rows that matter.
    pub(super) fn judge(&self, space: &mut Space, rows: &[(&Rule, Wanted)], terms: Terms<'_>) -> Judged {
        let yes = space.yes();
        let mut grounder = Grounder::new(space, &self.schemas, self.roots.clone());
        grounder.told = terms.told;
        let mut judged = Judged { rows: BTreeMap::new() };
        let mut going = yes;
        let mut halts = grounder.pair(false).yes;
        let mut stage = None;
        for (rule, wanted) in rows {
            let here = (rule.stage, rule.table.clone(), rule.each_text.clone());
            if stage.as_ref() != Some(&here) {
                going = going.and_not(&halts);
                stage = Some(here);
            }
            let mut fate = Fate::default();
            let fates =
                [(wanted.yes, true, true, &mut fate.yes), (wanted.no, false, terms.sure, &mut fate.no)];
            for (_, holds, sure, out) in fates.into_iter().filter(|(yes, ..)| *yes && wanted.asked) {
                *out = grounder.row(&rule.each, &rule.when, &Env::new(), Want { holds, sure });
                if holds {
                    out.push(going.clone());
                } else if !going.is_true() {
                    let gone = going.not();
                    out.iter_mut().for_each(|piece| *piece = gone.or(piece));
                }
            }
            // Only now: what the row asks about is what was there before it changed it.
            let halts_here = rule.halt && (terms.ends)(rule);
            if halts_here || !rule.set.is_empty() {
                let pair = grounder.each(&rule.each, &Env::new(), &mut |g, env| g.cond(&rule.when, env));
                let pair = Pair { yes: going.and(&pair.yes), no: going.not().or(&pair.no) };
                if halts_here {
                    halts = halts.or(&pair.yes);
                }
                if !rule.set.is_empty() {
                    changes(&mut grounder, rule, &pair);
                }
            }
            judged.rows.insert(rule.id.clone(), fate);
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
        let there = grounder.lies_in(target);
        let pair = Pair { yes: pair.yes.and(&there), no: pair.no.or(&there.not()) };
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
