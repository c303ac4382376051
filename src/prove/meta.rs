//! Laws of judging itself: what more rows, or fewer facts, can and cannot do.

use super::answer::{Questions, REPLAY, UNREAL};
use super::diagram::{Bdd, Meter};
use super::document::{Witness, build};
use super::entries::{Wanted, entries};
use super::prover::Case;
use super::question::{Answer, Ask, Side};
use super::reads::Reads;
use super::solve::Models;
use super::space::{Atom, Node, Space, Term};
use super::world::Terms;
use crate::table::{Effect, Rule, RuleId};

impl Questions {
    /// Whether a table on top leaves every deny a deny, and makes no allow of what is undecided.
    ///
    /// Each deny row is a pair of free variables, for it fires, and it is known not to; the rows of a table on top are one
    /// more such pair. That they change nothing that other rows see is what loading makes sure of: a table on top
    /// has no `set` and no `halt`.
    pub(super) fn more_rows_deny_no_less(&self, side: &Side) -> bool {
        let mut space = Space::new(&self.shared, Default::default(), self.steps());
        let rows = side.rules().filter(|rule| rule.effect == Effect::Deny).count();
        let mut bit = |name: String| {
            let term = space.term(Node::Member(0, name), |node| Term::made(node, 0));
            space.atom(Atom::True(term))
        };
        let verdict = |rows: &[(Bdd, Bdd)]| {
            let denied =
                rows.iter().skip(1).fold(rows.first().map(|r| r.0.clone()), |d, r| Some(d?.or(&r.0)));
            let allowed =
                rows.iter().skip(1).fold(rows.first().map(|r| r.1.clone()), |a, r| Some(a?.and(&r.1)));
            denied.zip(allowed)
        };
        let mut bits: Vec<(Bdd, Bdd)> = Vec::new();
        for row in 0..rows {
            let (fires, known) = (bit(format!("{row} fires")), bit(format!("{row} is known")));
            bits.push((known.and(&fires), known.and_not(&fires)));
        }
        let Some((denied, allowed)) = verdict(&bits) else { return true };
        let (fires, known) = (bit("more fires".to_owned()), bit("more is known".to_owned()));
        bits.push((known.and(&fires), known.and_not(&fires)));
        let Some((denied_by_more, allowed_by_more)) = verdict(&bits) else { return true };
        let holds =
            denied.and_not(&denied_by_more).is_false() && allowed_by_more.and_not(&allowed).is_false();
        holds && !space.meter.is_over()
    }

    /// For each deny row, whether it refuses a document that is allowed when less is told of the machine.
    ///
    /// Returns the cases worth showing, and how many rows were asked about.
    pub(super) fn facts(&self, profile: &str, side: &Side, except: &[String]) -> (Vec<Case>, usize) {
        let rows: Vec<&Rule> = side.rules().filter(|rule| rule.effect == Effect::Deny).collect();
        let mut cases = Vec::new();
        for rule in &rows {
            let answer = self.denied_with_more(side, rule);
            let listed = except.iter().any(|id| id == rule.id.as_str());
            let fits = match &answer {
                Answer::Possible(_) => listed,
                Answer::Impossible => !listed,
                Answer::Undecided(_) | Answer::OverBudget { .. } => false,
            };
            if !fits || answer != Answer::Impossible {
                cases.push(Case::new(profile, rule.id.as_str(), answer, fits));
            }
        }
        (cases, rows.len())
    }

    fn denied_with_more(&self, side: &Side, rule: &Rule) -> Answer {
        if !depends_on_facts(side, rule) {
            return Answer::Impossible;
        }
        // With more facts the row fires; with less it is known not to, so that everything can be allowed.
        let fires = |r: &Rule| (r.id == rule.id).then_some(Wanted::YES);
        let silent = |r: &Rule| (r.id == rule.id).then_some(Wanted::NO);
        let ends = |any| move |_: &Rule| Some(Wanted { any, asked: false, ..Wanted::NO });
        let more = side.world.relevant(&fires, &ends(false));
        let less = side.world.relevant(&silent, &ends(true));
        let mut slots = match entries(&more, &side.world.roots) {
            Ok(slots) => slots,
            Err(why) => return Answer::Undecided(vec![why]),
        };
        match entries(&less, &side.world.roots) {
            Ok(other) => slots.join(other),
            Err(why) => return Answer::Undecided(vec![why]),
        }
        let mut space = Space::new(&self.shared, slots, self.steps().saturating_sub(self.share()));
        let with = side.world.judge(&mut space, &more, Terms { told: 0, ends: &|_| true, sure: true });
        let without = side.world.judge(&mut space, &less, Terms { told: 1, ends: &|_| true, sure: true });
        let (Some(with), Some(without)) = (with.fires(&rule.id), without.silent(&rule.id)) else {
            return Answer::Impossible;
        };
        let mut conditions: Vec<Bdd> = with.iter().chain(without).cloned().collect();
        // What is told with less is told with more.
        let told: Vec<_> = space
            .terms()
            .filter_map(|(id, term)| match &term.node {
                Node::Member(of, name) if name == "told 1" => Some((*of, id)),
                _ => None,
            })
            .collect();
        for (fact, less) in told {
            let (more, less) = (space.atom(Atom::Present(fact)), space.atom(Atom::Present(less)));
            conditions.push(less.imp(&more));
        }
        let pool = self.pool(side);
        let names = side.root_names();
        let meter = space.meter.clone();
        let tries = Meter::new(self.share());
        let mut models = Models::new(&mut space, conditions, &pool.strings);
        for _ in 0..8 {
            let Some(values) = models.next() else { break };
            if !meter.spend(REPLAY) {
                break;
            }
            let witness = build(models.space(), &values, side.kind, &names, &pool, 0);
            if let Some(found) = self.tell_less(side, &rule.id, witness, &tries) {
                return Answer::Possible(Box::new(found));
            }
            models.reject(UNREAL);
        }
        if models.doubts.is_empty() && !meter.is_over() {
            return Answer::Impossible;
        }
        let doubts = models.doubts.iter().cloned().collect();
        let mut found =
            pool.documents.iter().filter_map(|w| self.tell_less(side, &rule.id, w.clone(), &tries));
        match found.next() {
            Some(witness) => Answer::Possible(Box::new(witness)),
            None if meter.is_over() || tries.is_over() => Answer::OverBudget { steps: self.steps() },
            None => Answer::Undecided(doubts),
        }
    }

    /// A document that the row refuses, and that is allowed when some fact is not told.
    fn tell_less(&self, side: &Side, row: &RuleId, witness: Witness, tries: &Meter) -> Option<Witness> {
        let shows = |witness: &Witness| {
            if !tries.spend(REPLAY) || !side.does(&[&Ask::Fires(row.clone())], witness) {
                return false;
            }
            let facts = witness.host.as_ref().and_then(|host| host.as_object()).cloned().unwrap_or_default();
            let without = facts.keys().map(|fact| {
                let mut less = facts.clone();
                less.shift_remove(fact);
                Witness { host: Some(less.into()), ..witness.clone() }
            });
            let untold = Witness { image: None, ..witness.clone() };
            without.chain([untold]).any(|less| less != *witness && side.does(&[&Ask::Allowed], &less))
        };
        shows(&witness).then(|| super::shrink::shrink(witness, tries, shows))
    }
}

/// Whether more or fewer facts can make a difference to a row where nothing is denied.
fn depends_on_facts(side: &Side, rule: &Rule) -> bool {
    let open = |root: usize| side.world.schemas.get(root).is_some_and(|schema| schema.is_open());
    let facts = |reads: &Reads| reads.has_root(open);
    let mut sets: Vec<&Rule> = side.rules().filter(|rule| !rule.set.is_empty()).collect();
    let mut open: Vec<&Rule> = Vec::new();
    loop {
        let reach = |reads: &Reads| facts(reads) || open.iter().any(|set| reads.sees_any(set));
        let (now, rest): (Vec<&Rule>, Vec<&Rule>) = sets.iter().partition(|set| reach(&Reads::of(set)));
        if now.is_empty() {
            return side.has_ending_warning() || reach(&Reads::of(rule));
        }
        open.extend(now);
        sets = rest;
    }
}
