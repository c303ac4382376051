//! Tests of values that were read.

use super::super::diagram::Bdd;
use super::super::exact;
use super::super::space::{Atom, Node, Term};
use super::{Grounder, Pair, Read, Val, constant, literal};
use crate::table::Kind;

impl Grounder<'_> {
    pub(super) fn test(&mut self, read: Read, mut test: impl FnMut(&mut Self, &Val) -> Bdd) -> Pair {
        let mut out = Pair { yes: self.space.no(), no: self.space.no() };
        for (guard, value) in read {
            if matches!(value, Val::Unknown) {
                continue;
            }
            let holds = test(self, &value);
            out.yes = out.yes.or(&guard.and(&holds));
            out.no = out.no.or(&guard.and_not(&holds));
        }
        out
    }

    pub(super) fn test_both(
        &mut self,
        left: Read,
        right: &Read,
        mut test: impl FnMut(&mut Self, &Val, &Val) -> Bdd,
    ) -> Pair {
        let mut out = Pair { yes: self.space.no(), no: self.space.no() };
        for (guard, l) in left {
            for (more, r) in right {
                let both = guard.and(more);
                if both.is_false() || matches!(l, Val::Unknown) || matches!(r, Val::Unknown) {
                    continue;
                }
                let holds = test(self, &l, r);
                out.yes = out.yes.or(&both.and(&holds));
                out.no = out.no.or(&both.and_not(&holds));
            }
        }
        out
    }

    pub(super) fn matches(&mut self, value: &Val, source: &str) -> Bdd {
        let text = match value {
            Val::Term(term) => {
                return exact::text(self.space, *term, source)
                    .unwrap_or_else(|| self.space.text(*term, source));
            }
            Val::Str(text) => text.as_slice(),
            _ => &[],
        };
        if self.space.accepts(source, text) { self.yes() } else { self.space.no() }
    }

    /// `left == right`, both of this kind.
    pub(in crate::prove) fn equal(&mut self, left: &Val, right: &Val, kind: Kind) -> Bdd {
        match kind {
            Kind::Bool => {
                let (l, r) = (self.truth(left), self.truth(right));
                l.iff(&r)
            }
            Kind::Int => self.at_most(left, right, 0).and(&self.at_most(right, left, 0)),
            _ => match (left, right) {
                (Val::Term(a), Val::Term(b)) if a == b => self.yes(),
                (Val::Term(a), Val::Term(b)) => self.space.atom(Atom::Equal(*a.min(b), *a.max(b))),
                (Val::Term(term), Val::Str(text)) | (Val::Str(text), Val::Term(term)) => {
                    self.matches(&Val::Term(*term), &literal(text))
                }
                (Val::Term(term), _) | (_, Val::Term(term)) => self.matches(&Val::Term(*term), &literal(&[])),
                (l, r) => {
                    let same = constant(l) == constant(r);
                    if same { self.yes() } else { self.space.no() }
                }
            },
        }
    }

    pub(super) fn truth(&mut self, value: &Val) -> Bdd {
        match value {
            Val::Bool(true) => self.yes(),
            Val::Term(term) => {
                exact::truth(self.space, *term).unwrap_or_else(|| self.space.atom(Atom::True(*term)))
            }
            _ => self.space.no(),
        }
    }

    /// `left - right <= c`.
    pub(super) fn at_most(&mut self, left: &Val, right: &Val, c: i64) -> Bdd {
        let number = |value: &Val| match value {
            Val::Int(n) => Some(i128::from(*n)),
            Val::Zero => Some(0),
            _ => None,
        };
        let decided = |this: &Self, holds: bool| if holds { this.yes() } else { this.space.no() };
        let wide = i128::from(c);
        match (left, right, number(left), number(right)) {
            (_, _, Some(l), Some(r)) => decided(self, l.saturating_sub(r) <= wide),
            (Val::Term(x), Val::Term(y), _, _) if x == y => decided(self, c >= 0),
            // One atom for both directions: not y - x <= -c - 1.
            (Val::Term(x), Val::Term(y), _, _) if x > y => {
                let other = c.saturating_neg().saturating_sub(1);
                self.space.atom(Atom::AtMost(Some(*y), Some(*x), other)).not()
            }
            (Val::Term(x), Val::Term(y), _, _) => self.space.atom(Atom::AtMost(Some(*x), Some(*y), c)),
            // x <= c + r
            (left, _, _, Some(r)) => self.upper(left, wide.saturating_add(r)),
            // y >= l - c, so not y <= l - c - 1
            (_, right, Some(l), _) => self.upper(right, l.saturating_sub(wide).saturating_sub(1)).not(),
            _ => {
                self.space.limits.insert("it compares the sizes of two values".to_owned());
                let name = format!("{left:?} - {right:?} <= {c}");
                let free = self.space.term(Node::Member(usize::MAX, name), |node| Term::made(node, 0));
                self.space.atom(Atom::True(free))
            }
        }
    }

    /// `value <= most`.
    pub(super) fn upper(&mut self, value: &Val, most: i128) -> Bdd {
        let Ok(bound) = i64::try_from(most) else {
            return if most > 0 { self.yes() } else { self.space.no() };
        };
        match value {
            Val::Term(x) if bound == i64::MAX => {
                let _ = x;
                self.yes()
            }
            Val::Term(x) => self.space.atom(Atom::AtMost(Some(*x), None, bound)),
            Val::SizeOf(term) => self.space.short(*term, bound),
            Val::Count(term) => {
                let Ok(most) = usize::try_from(bound) else { return self.space.no() };
                if most >= self.space.slots_of(*term) {
                    let path = self.space.path(*term);
                    self.space.limits.insert(format!("too few entries of {path} are modelled"));
                }
                let used: Vec<Bdd> = self.entries(*term).into_iter().map(|(used, ..)| used).collect();
                // `counts[n]`: at most n of those so far are there.
                let mut counts = vec![self.yes(); most.saturating_add(1)];
                for used in used {
                    let mut fewer = self.space.no();
                    for count in &mut counts {
                        let next = used.not().and(count).or(&used.and(&fewer));
                        fewer = std::mem::replace(count, next);
                    }
                }
                counts.pop().unwrap_or_else(|| self.yes())
            }
            _ => self.yes(),
        }
    }
}
