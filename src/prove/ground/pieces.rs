//! Conditions as several diagrams that are to hold together. Each is small, where the diagram of all of them may not be.

use super::super::diagram::Bdd;
use super::{Env, Grounder, Loc, Pair};
use crate::table::{Cond, Loop, Place};

/// What is wanted of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::prove) struct Want {
    /// That it holds.
    pub(in crate::prove) holds: bool,
    /// That this is known; else that the contrary is not.
    pub(in crate::prove) sure: bool,
}

impl Want {
    fn not(self) -> Self {
        Self { holds: !self.holds, sure: self.sure }
    }

    pub(in crate::prove) fn of(self, pair: &Pair) -> Bdd {
        match (self.holds, self.sure) {
            (true, true) => pair.yes.clone(),
            (false, true) => pair.no.clone(),
            (true, false) => pair.no.not(),
            (false, false) => pair.yes.not(),
        }
    }
}

/// What is wanted of the body of a loop.
type Body<'b, 'g> = &'b mut dyn FnMut(&mut Grounder<'g>, &Env) -> Vec<Bdd>;

impl<'g> Grounder<'g> {
    /// That a row fires for some entry of its loops, or for none.
    pub(in crate::prove) fn row(&mut self, loops: &[Loop], when: &Cond, env: &Env, want: Want) -> Vec<Bdd> {
        match loops.split_first() {
            None => self.pieces(when, env, want),
            Some((first, rest)) => {
                let all = if want.holds {
                    None
                } else {
                    self.none(&first.source, env.len(), env, &mut |this, env| this.row(rest, when, env, want))
                };
                all.unwrap_or_else(|| {
                    vec![want.of(&self.each(loops, env, &mut |this, env| this.cond(when, env)))]
                })
            }
        }
    }

    fn pieces(&mut self, cond: &Cond, env: &Env, want: Want) -> Vec<Bdd> {
        match (cond, want.holds) {
            (Cond::Not(inner), _) => self.pieces(inner, env, want.not()),
            (Cond::All(conds), true) | (Cond::Any(conds), false) => {
                conds.iter().flat_map(|cond| self.pieces(cond, env, want)).collect()
            }
            (Cond::Exists { over, var, body }, false) => {
                let all = self.none(over, *var, env, &mut |this, env| this.pieces(body, env, want));
                all.unwrap_or_else(|| vec![want.of(&self.cond(cond, env))])
            }
            _ => vec![want.of(&self.cond(cond, env))],
        }
    }

    /// What is wanted of every entry; `None` unless it is certain which list is meant.
    fn none(&mut self, over: &Place, var: usize, env: &Env, body: Body<'_, 'g>) -> Option<Vec<Bdd>> {
        let locs = self.place(over, env);
        let [(guard, Loc::At(term))] = locs.as_slice() else { return None };
        if !guard.is_true() {
            return None;
        }
        let mut out = Vec::new();
        for (used, value, key) in self.entries(*term) {
            let mut inner = env.clone();
            inner.truncate(var);
            inner.push((value, key));
            let unused = used.not();
            out.extend(body(self, &inner).iter().map(|piece| unused.or(piece)));
        }
        Some(out)
    }
}
