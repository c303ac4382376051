//! From typed conditions to decision diagrams: quantifiers over as many entries as can matter, look-ups as cases,
//! Kleene's three values as a pair.

mod compare;
mod pieces;
mod places;

use std::collections::BTreeMap;

use super::diagram::Bdd;
use super::space::{Arg, Atom, Node, Space, Term, TermId};
use crate::schema::{Schema, Type};
use crate::table::{Base, Cond, Kind, Operand, OrderOp, Place, pattern};

pub(in crate::prove) use pieces::Want;

/// When something is true, and when it is false; in between it is unknown.
#[derive(Clone, Debug)]
pub(in crate::prove) struct Pair {
    pub(in crate::prove) yes: Bdd,
    pub(in crate::prove) no: Bdd,
}

impl Pair {
    pub(in crate::prove) fn not(self) -> Self {
        Self { yes: self.no, no: self.yes }
    }

    pub(in crate::prove) fn unknown(&self) -> Bdd {
        self.yes.not().and(&self.no.not())
    }
}

/// A value in an expression.
#[derive(Clone, Debug)]
pub(in crate::prove) enum Val {
    Term(TermId),
    /// The size of a string.
    SizeOf(TermId),
    /// How many entries a list or map has.
    Count(TermId),
    Zero,
    Bool(bool),
    Int(i64),
    Str(Vec<u8>),
    Unknown,
}

/// A value by cases, which exclude each other.
pub(in crate::prove) type Read = Vec<(Bdd, Val)>;

/// Where a place leads.
#[derive(Clone, Copy, Debug)]
enum Loc {
    At(TermId),
    Absent,
    Unknown,
}

/// The variables of the loops around: element, and key over a map.
pub(in crate::prove) type Env = Vec<(TermId, Option<TermId>)>;

/// Grounds the conditions of one program.
#[derive(Debug)]
pub(in crate::prove) struct Grounder<'g> {
    pub(in crate::prove) space: &'g mut Space,
    /// Those of the subject's roots, as the profile has them.
    schemas: &'g [Schema],
    /// Fields that `set` rows have changed so far.
    pub(in crate::prove) current: BTreeMap<TermId, Read>,
    /// The number of the root that stands for each root: programs may differ in some.
    roots: Vec<usize>,
    /// Facts of the machine that are told: another number means other knowledge of the same machine.
    pub(in crate::prove) told: usize,
}

impl<'g> Grounder<'g> {
    pub(in crate::prove) fn new(space: &'g mut Space, schemas: &'g [Schema], roots: Vec<usize>) -> Self {
        Self { space, schemas, current: BTreeMap::new(), roots, told: 0 }
    }

    fn yes(&self) -> Bdd {
        self.space.yes()
    }

    pub(in crate::prove) fn pair(&self, value: bool) -> Pair {
        let (yes, no) = (self.space.yes(), self.space.no());
        if value { Pair { yes, no } } else { Pair { yes: no, no: yes } }
    }

    fn schema(&self, root: usize) -> Option<&'g Schema> {
        let at = self.roots.iter().position(|r| *r == root)?;
        self.schemas.get(at)
    }

    fn is_open(&self, root: usize) -> bool {
        self.schema(root).is_some_and(Schema::is_open)
    }

    pub(in crate::prove) fn cond(&mut self, cond: &Cond, env: &Env) -> Pair {
        if !self.space.meter.spend(1) {
            return self.pair(false);
        }
        match cond {
            Cond::Const(b) => self.pair(*b),
            Cond::Not(inner) => self.cond(inner, env).not(),
            Cond::All(conds) => self.all(conds, env),
            Cond::Any(conds) => {
                let mut out = self.pair(false);
                for cond in conds {
                    let pair = self.cond(cond, env);
                    out = Pair { yes: out.yes.or(&pair.yes), no: out.no.and(&pair.no) };
                }
                out
            }
            Cond::Truth(place) => {
                let read = self.read(place, env);
                self.test(read, Self::truth)
            }
            Cond::Same(left, right) => {
                let kind = kind_of(left);
                let (left, right) = (self.operand(left, env), self.operand(right, env));
                self.test_both(left, &right, |this, l, r| this.equal(l, r, kind))
            }
            Cond::Order(op, left, right) => {
                let (left, right) = (self.operand(left, env), self.operand(right, env));
                self.test_both(left, &right, |this, l, r| match op {
                    OrderOp::Lt => this.at_most(l, r, -1),
                    OrderOp::Le => this.at_most(l, r, 0),
                    OrderOp::Gt => this.at_most(r, l, -1),
                    OrderOp::Ge => this.at_most(r, l, 0),
                })
            }
            Cond::OneOf(value, literals) => {
                let kind = kind_of(value);
                let read = self.operand(value, env);
                self.test(read, |this, value| {
                    let mut out = this.space.no();
                    for literal in literals {
                        let literal = match literal {
                            Operand::Int(n) => Val::Int(*n),
                            Operand::Str(s) => Val::Str(s.clone()),
                            _ => continue,
                        };
                        out = out.or(&this.equal(value, &literal, kind));
                    }
                    out
                })
            }
            Cond::Text(value, test) => {
                let read = self.operand(value, env);
                let source = pattern::of_test(test);
                self.test(read, |this, value| this.matches(value, &source))
            }
            Cond::HasKey(key, map) => self.contains(key, map, env, true),
            Cond::HasElement(value, list) => self.contains(value, list, env, false),
            Cond::Present(place) => {
                let mut yes = self.space.no();
                for (guard, loc) in self.place(place, env) {
                    let Loc::At(term) = loc else { continue };
                    let present = match self.current.get(&term) {
                        // What a row has put there is there.
                        Some(cases) if self.nillable(term) => {
                            let mut there = self.space.no();
                            for (guard, value) in cases.clone() {
                                let here = match value {
                                    Val::Term(t) => self.present(t),
                                    Val::Unknown => self.space.no(),
                                    _ => self.yes(),
                                };
                                there = there.or(&guard.and(&here));
                            }
                            there
                        }
                        _ => self.present(term),
                    };
                    yes = yes.or(&guard.and(&present));
                }
                Pair { no: yes.not(), yes }
            }
            Cond::Exists { over, var, body } => {
                let locs = self.place(over, env);
                self.some(locs, *var, env, &mut |this, env| this.cond(body, env))
            }
        }
    }

    fn nillable(&self, term: TermId) -> bool {
        self.space.get(term).and_then(|t| t.ty.as_ref()).is_some_and(Type::is_nillable)
    }

    fn all(&mut self, conds: &[Cond], env: &Env) -> Pair {
        let mut out = self.pair(true);
        for cond in conds {
            let pair = self.cond(cond, env);
            out = Pair { yes: out.yes.and(&pair.yes), no: out.no.or(&pair.no) };
        }
        out
    }

    /// Some entry satisfies the body.
    fn some(
        &mut self,
        locs: Vec<(Bdd, Loc)>,
        var: usize,
        env: &Env,
        body: &mut dyn FnMut(&mut Self, &Env) -> Pair,
    ) -> Pair {
        let mut out = Pair { yes: self.space.no(), no: self.space.no() };
        for (guard, loc) in locs {
            match loc {
                Loc::Unknown => {}
                Loc::Absent => out.no = out.no.or(&guard),
                Loc::At(term) => {
                    let mut none = guard.clone();
                    for (used, value, key) in self.entries(term) {
                        let mut inner = env.clone();
                        inner.truncate(var);
                        inner.push((value, key));
                        let pair = body(self, &inner);
                        out.yes = out.yes.or(&guard.and(&used).and(&pair.yes));
                        none = none.and(&used.not().or(&pair.no));
                    }
                    out.no = out.no.or(&none);
                }
            }
        }
        out
    }

    fn contains(&mut self, value: &Operand, place: &Place, env: &Env, keys: bool) -> Pair {
        let values = self.operand(value, env);
        let mut out = Pair { yes: self.space.no(), no: self.space.no() };
        for (guard, loc) in self.place(place, env) {
            for (more, value) in &values {
                let both = guard.and(more);
                if both.is_false() || matches!(value, Val::Unknown) || matches!(loc, Loc::Unknown) {
                    continue;
                }
                let found = match loc {
                    Loc::At(term) => self.has_entry(term, value, keys),
                    _ => self.space.no(),
                };
                out.yes = out.yes.or(&both.and(&found));
                out.no = out.no.or(&both.and_not(&found));
            }
        }
        out
    }

    fn has_entry(&mut self, term: TermId, value: &Val, keys: bool) -> Bdd {
        if matches!(self.space.get(term).map(|t| &t.node), Some(Node::Output(..))) {
            let name = format!("{value:?}");
            let member = self.space.term(Node::Member(term, name), |node| Term::made(node, 0));
            return self.space.atom(Atom::True(member));
        }
        let mut found = self.space.no();
        for (used, element, key) in self.entries(term) {
            let Some(own) = (if keys { key } else { Some(element) }) else { continue };
            let own = self.key(own);
            let equal = self.equal(value, &own, Kind::Str);
            found = found.or(&used.and(&equal));
        }
        found
    }

    /// When some instance of the loops satisfies the body, and when none does.
    pub(in crate::prove) fn each(
        &mut self,
        loops: &[crate::table::Loop],
        env: &Env,
        body: &mut dyn FnMut(&mut Self, &Env) -> Pair,
    ) -> Pair {
        let Some((first, rest)) = loops.split_first() else { return body(self, env) };
        let locs = self.place(&first.source, env);
        // Where the entries are not known there are none to go through.
        let locs = locs.into_iter().map(|(guard, loc)| match loc {
            Loc::Unknown => (guard, Loc::Absent),
            loc => (guard, loc),
        });
        self.some(locs.collect(), env.len(), env, &mut |this, env| this.each(rest, env, body))
    }

    /// The field that a `set` changes; `None` if it is none of the document's own.
    pub(in crate::prove) fn target(&mut self, place: &Place) -> Option<TermId> {
        match self.place(place, &Env::new()).as_slice() {
            [(_, Loc::At(term))] if matches!(place.base, Base::Root(_)) => Some(*term),
            _ => None,
        }
    }

    /// Whether the records are there that a field lies in: nothing is set in one that is not.
    pub(in crate::prove) fn lies_in(&mut self, field: TermId) -> Bdd {
        let mut out = self.yes();
        let mut at = field;
        while let Some(Node::Field(of, _)) = self.space.get(at).map(|term| term.node.clone()) {
            if self.space.get(of).and_then(|term| term.ty.as_ref()).is_some_and(Type::is_nillable) {
                out = out.and(&self.present(of));
            }
            at = of;
        }
        out
    }
}

/// A pattern that matches one string.
pub(in crate::prove) fn literal(text: &[u8]) -> String {
    format!("^{}$", pattern::escape(text))
}

fn push<T>(cases: &mut Vec<(Bdd, T)>, guard: Bdd, value: T) {
    if !guard.is_false() {
        cases.push((guard, value));
    }
}

fn constant(value: &Val) -> &[u8] {
    match value {
        Val::Str(s) => s,
        _ => &[],
    }
}

pub(in crate::prove) fn kind_of(operand: &Operand) -> Kind {
    match operand {
        Operand::Int(_) | Operand::Size(_) => Kind::Int,
        Operand::Str(_) | Operand::Term(..) => Kind::Str,
        Operand::Cond(_) => Kind::Bool,
        Operand::Place(place) => place.shape.kind(),
    }
}

fn as_arg(value: Val, kind: Kind) -> Option<Arg> {
    Some(match value {
        Val::Unknown => return None,
        Val::Term(term) => Arg::Term(term),
        Val::Str(s) => Arg::Str(s),
        Val::Int(n) => Arg::Int(n),
        Val::Bool(b) => Arg::Bool(b),
        Val::SizeOf(_) | Val::Count(_) => return None,
        Val::Zero => match kind {
            Kind::Int => Arg::Int(0),
            Kind::Bool => Arg::Bool(false),
            Kind::Str => Arg::Str(Vec::new()),
            _ => Arg::Nothing,
        },
    })
}
