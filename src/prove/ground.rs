//! From typed conditions to decision diagrams: quantifiers over as many entries as can matter, look-ups as cases,
//! Kleene's three values as a pair.

use std::collections::BTreeMap;

use biodivine_lib_bdd::Bdd;

use super::exact;
use super::space::{Arg, Atom, NAMED, Node, Space, Term, TermId};
use crate::facts::views::{ViewArg, ViewField};
use crate::schema::{Schema, Type};
use crate::table::{Base, Cond, Kind, Operand, OrderOp, Place, Step, ViewCall, pattern};

/// When something is true, and when it is false; in between it is unknown.
#[derive(Clone, Debug)]
pub(super) struct Pair {
    pub(super) yes: Bdd,
    pub(super) no: Bdd,
}

impl Pair {
    pub(super) fn not(self) -> Self {
        Self { yes: self.no, no: self.yes }
    }

    pub(super) fn unknown(&self) -> Bdd {
        self.yes.not().and(&self.no.not())
    }
}

/// A value in an expression.
#[derive(Clone, Debug)]
pub(super) enum Val {
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
pub(super) type Read = Vec<(Bdd, Val)>;

/// Where a place leads.
#[derive(Clone, Copy, Debug)]
enum Loc {
    At(TermId),
    Absent,
    Unknown,
}

/// The variables of the loops around: element, and key over a map.
pub(super) type Env = Vec<(TermId, Option<TermId>)>;

/// Grounds the conditions of one program.
#[derive(Debug)]
pub(super) struct Grounder<'g> {
    pub(super) space: &'g mut Space,
    /// Those of the subject's roots, as the profile has them.
    schemas: &'g [Schema],
    /// Fields that `set` rows have changed so far.
    pub(super) current: BTreeMap<TermId, Read>,
    /// The number of the root that stands for each root: programs may differ in some.
    roots: Vec<usize>,
    /// Facts of the machine that are told: another number means other knowledge of the same machine.
    pub(super) told: usize,
}

impl<'g> Grounder<'g> {
    pub(super) fn new(space: &'g mut Space, schemas: &'g [Schema], roots: Vec<usize>) -> Self {
        Self { space, schemas, current: BTreeMap::new(), roots, told: 0 }
    }

    fn yes(&self) -> Bdd {
        self.space.yes()
    }

    pub(super) fn pair(&self, value: bool) -> Pair {
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

    /// What is present: for facts of the machine, what is told.
    fn present(&mut self, term: TermId) -> Bdd {
        let open = self.space.get(term).is_some_and(|t| self.is_open(t.root));
        let term = if open && self.told > 0 {
            // The same fact, told or not in another telling.
            let name = format!("told {}", self.told);
            self.space.term(Node::Member(term, name), |node| Term::made(node, 0))
        } else {
            term
        };
        self.space.atom(Atom::Present(term))
    }

    fn field(&mut self, of: TermId, name: &str) -> Option<TermId> {
        let term = self.space.get(of)?;
        let root = term.root;
        let schema = self.schema(root)?;
        let id = match (&term.node, &term.ty) {
            (Node::Root(_), _) => schema.root(),
            (_, Some(ty)) => match ty.pointee() {
                Type::Struct(id) => *id,
                _ => return None,
            },
            _ => return None,
        };
        let (_, field) = schema.get(id).field(name)?;
        // The loader of daemon.json merges defaults in, so that nothing with a default is zero; what is not told of a
        // request has its default as well.
        let never_zero = schema.id() == "daemon";
        let default = field.default.clone().filter(|_| never_zero || schema.id() == "request");
        let ty = field.ty.clone();
        let embed = match field.ty.pointee() {
            Type::Struct(id) if field.embed => {
                let fields = &schema.get(*id).fields;
                let plain = fields.iter().find(|f| f.ty == Type::Bool).or(fields.first());
                plain.map(|f| (f.name.clone(), f.ty.clone()))
            }
            _ => None,
        };
        Some(self.space.term(Node::Field(of, name.to_owned()), |node| Term {
            node,
            ty: Some(ty),
            root,
            default,
            never_zero,
            view: None,
            embed,
        }))
    }

    /// An entry of a list or map: its value, and its key.
    fn entry(&mut self, of: TermId, index: usize) -> (TermId, Option<TermId>) {
        let (root, ty) = match self.space.get(of) {
            Some(term) => (term.root, term.ty.clone()),
            None => (0, None),
        };
        let (element, is_map) = match ty.as_ref().map(Type::pointee) {
            Some(Type::List(inner)) => (Some((**inner).clone()), false),
            Some(Type::Map(inner)) => (Some((**inner).clone()), true),
            _ => (None, false),
        };
        let value = self.space.term(Node::Element(of, index), |node| Term {
            node,
            ty: element,
            root,
            default: None,
            never_zero: false,
            view: None,
            embed: None,
        });
        let key = is_map.then(|| self.space.term(Node::Key(of, index), |node| Term::made(node, root)));
        (value, key)
    }

    /// The entries that are modelled: when each is there, its value and its key.
    fn entries(&mut self, of: TermId) -> Vec<(Bdd, TermId, Option<TermId>)> {
        let named = (0..self.space.names_of(of).len()).map(|index| index.saturating_add(NAMED));
        let all: Vec<usize> = named.chain(0..self.space.slots_of(of)).collect();
        all.into_iter()
            .map(|index| {
                let used = self.space.atom(Atom::Used(of, index));
                let (value, key) = self.entry(of, index);
                (used, value, key)
            })
            .collect()
    }

    fn place(&mut self, place: &Place, env: &Env) -> Vec<(Bdd, Loc)> {
        let mut out = match &place.base {
            Base::Root(root) => {
                let number = self.roots.get(*root).copied().unwrap_or(*root);
                let term = self.space.term(Node::Root(number), |node| Term::made(node, number));
                vec![(self.yes(), Loc::At(term))]
            }
            Base::Var(var) => vec![(self.yes(), env.get(*var).map_or(Loc::Absent, |(t, _)| Loc::At(*t)))],
            Base::VarKey(var) => {
                let key = env.get(*var).and_then(|(_, key)| *key);
                vec![(self.yes(), key.map_or(Loc::Absent, Loc::At))]
            }
            Base::View(call) => self.view(call, env),
        };
        for step in &place.steps {
            let mut next = Vec::new();
            for (guard, loc) in out {
                match loc {
                    Loc::At(term) => {
                        for (more, loc) in self.step(term, step, env) {
                            push(&mut next, guard.and(&more), loc);
                        }
                    }
                    other => push(&mut next, guard, other),
                }
            }
            out = next;
        }
        out
    }

    fn step(&mut self, term: TermId, step: &Step, env: &Env) -> Vec<(Bdd, Loc)> {
        let yes = self.yes();
        match step {
            Step::Field(name) => {
                if let Some(view) = self.space.get(term).and_then(|t| t.view) {
                    let Some(at) = view.fields.iter().position(|(field, _, _)| field == name) else {
                        return vec![(yes, Loc::Absent)];
                    };
                    let root = self.space.get(term).map_or(0, |t| t.root);
                    let output = self.space.term(Node::Output(term, at), |node| Term::made(node, root));
                    return vec![(yes, Loc::At(output))];
                }
                let Some(field) = self.field(term, name) else { return vec![(yes, Loc::Absent)] };
                let root = self.space.get(term).map_or(0, |t| t.root);
                if !self.is_open(root) {
                    return vec![(yes, Loc::At(field))];
                }
                let told = self.present(field);
                vec![(told.not(), Loc::Unknown), (told, Loc::At(field))]
            }
            Step::Key(key) => {
                let keys = self.operand(key, env);
                let entries = self.entries(term);
                let mut out = Vec::new();
                for (guard, key) in keys {
                    if matches!(key, Val::Unknown) {
                        push(&mut out, guard, Loc::Unknown);
                        continue;
                    }
                    let mut rest = guard;
                    for (used, value, own) in &entries {
                        let Some(own) = own else { continue };
                        let own = self.key(*own);
                        let here = used.and(&self.equal(&key, &own, Kind::Str));
                        push(&mut out, rest.and(&here), Loc::At(*value));
                        rest = rest.and_not(&here);
                    }
                    push(&mut out, rest, Loc::Absent);
                }
                out
            }
        }
    }

    fn view(&mut self, call: &ViewCall, env: &Env) -> Vec<(Bdd, Loc)> {
        let mut cases: Vec<(Bdd, Option<Vec<Arg>>)> = vec![(self.yes(), Some(Vec::new()))];
        for arg in &call.args {
            let values: Vec<(Bdd, Option<Arg>)> = match arg {
                Operand::Place(place) if matches!(place.shape.kind(), Kind::List | Kind::Map | Kind::Any) => {
                    let locs = self.place(place, env);
                    locs.into_iter()
                        .map(|(guard, loc)| match loc {
                            Loc::At(term) => (guard, Some(Arg::Term(term))),
                            Loc::Absent => (guard, Some(Arg::Nothing)),
                            Loc::Unknown => (guard, None),
                        })
                        .collect()
                }
                other => {
                    let kind = kind_of(other);
                    let read = self.operand(other, env);
                    read.into_iter().map(|(guard, value)| (guard, as_arg(value, kind))).collect()
                }
            };
            let mut next = Vec::new();
            for (guard, args) in &cases {
                for (more, value) in &values {
                    let both = guard.and(more);
                    if !both.is_false() {
                        let args = args.clone().zip(value.clone()).map(|(mut args, value)| {
                            args.push(value);
                            args
                        });
                        next.push((both, args));
                    }
                }
            }
            cases = next;
        }
        cases
            .into_iter()
            .map(|(guard, args)| match args {
                None => (guard, Loc::Unknown),
                Some(args) => {
                    let term = self.space.term(Node::View(call.view.name, args), |node| Term {
                        view: Some(call.view),
                        ..Term::made(node, usize::MAX)
                    });
                    (guard, Loc::At(term))
                }
            })
            .collect()
    }

    /// A key or any other string: named keys are constants.
    fn key(&self, key: TermId) -> Val {
        self.space.name(key).map_or(Val::Term(key), |name| Val::Str(name.clone()))
    }

    /// What a view gives for constants, and the keys that have a name.
    fn made(&self, output: TermId) -> Option<Val> {
        if let Some(name) = self.space.name(output) {
            return Some(Val::Str(name.clone()));
        }
        let Node::Output(call, at) = self.space.get(output)?.node else { return None };
        let term = self.space.get(call)?;
        let (Node::View(_, args), Some(view)) = (&term.node, term.view) else { return None };
        let args = args.iter().map(|arg| match arg {
            Arg::Bool(b) => Some(ViewArg::Bool(*b)),
            Arg::Int(n) => Some(ViewArg::Int(*n)),
            Arg::Str(s) => Some(ViewArg::Str(s)),
            Arg::Term(_) | Arg::Nothing => None,
        });
        let args = args.collect::<Option<Vec<_>>>()?;
        Some(match (view.eval)(&args).get(at)?.to_owned() {
            ViewField::Bool(b) => Val::Bool(b),
            ViewField::Int(n) => Val::Int(n),
            ViewField::Str(s) => Val::Str(s.into_owned()),
            ViewField::Strs(_) => return None,
        })
    }

    /// A scalar, as `set` rows have left it.
    fn read(&mut self, place: &Place, env: &Env) -> Read {
        let mut out = Vec::new();
        for (guard, loc) in self.place(place, env) {
            match loc {
                Loc::Absent => push(&mut out, guard, Val::Zero),
                Loc::Unknown => push(&mut out, guard, Val::Unknown),
                Loc::At(term) => match self.current.get(&term) {
                    None => {
                        let value = self.made(term).unwrap_or(Val::Term(term));
                        push(&mut out, guard, value);
                    }
                    Some(cases) => {
                        for (more, value) in cases {
                            push(&mut out, guard.and(more), value.clone());
                        }
                    }
                },
            }
        }
        out
    }

    pub(super) fn operand(&mut self, operand: &Operand, env: &Env) -> Read {
        let yes = self.yes();
        match operand {
            Operand::Int(n) => vec![(yes, Val::Int(*n))],
            Operand::Str(s) => vec![(yes, Val::Str(s.clone()))],
            Operand::Place(place) => self.read(place, env),
            Operand::Size(place) => self.size(place, env),
            Operand::Cond(cond) => {
                let pair = self.cond(cond, env);
                let mut out = Vec::new();
                push(&mut out, pair.unknown(), Val::Unknown);
                push(&mut out, pair.yes, Val::Bool(true));
                push(&mut out, pair.no, Val::Bool(false));
                out
            }
            // Functions of messages, which conditions cannot use.
            Operand::Term(..) => vec![(yes, Val::Unknown)],
        }
    }

    fn size(&mut self, place: &Place, env: &Env) -> Read {
        if place.shape.kind() == Kind::Str {
            let read = self.read(place, env);
            let size = |value| match value {
                Val::Term(term) => Val::SizeOf(term),
                Val::Str(s) => Val::Int(i64::try_from(s.len()).unwrap_or(i64::MAX)),
                Val::Unknown => Val::Unknown,
                _ => Val::Int(0),
            };
            return read.into_iter().map(|(guard, value)| (guard, size(value))).collect();
        }
        let counted = matches!(place.shape.kind(), Kind::List | Kind::Map);
        let mut out = Vec::new();
        for (guard, loc) in self.place(place, env) {
            let value = match loc {
                Loc::Absent => Val::Int(0),
                Loc::Unknown => Val::Unknown,
                Loc::At(term) => {
                    let made = matches!(self.space.get(term).map(|t| &t.node), Some(Node::Output(..)));
                    if counted && !made {
                        Val::Count(term)
                    } else {
                        let size = self.space.term(Node::Size(term), |node| Term::made(node, 0));
                        Val::Term(size)
                    }
                }
            };
            push(&mut out, guard, value);
        }
        out
    }

    pub(super) fn cond(&mut self, cond: &Cond, env: &Env) -> Pair {
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

    fn test(&mut self, read: Read, mut test: impl FnMut(&mut Self, &Val) -> Bdd) -> Pair {
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

    fn test_both(
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

    fn matches(&mut self, value: &Val, source: &str) -> Bdd {
        let text = match value {
            Val::Term(term) => {
                return exact::text(self.space, *term, source)
                    .unwrap_or_else(|| self.space.text(*term, source));
            }
            Val::Str(text) => text.as_slice(),
            _ => &[],
        };
        let matcher = super::language::Lang::of_pattern(source);
        if matcher.is_some_and(|lang| lang.contains(text)) { self.yes() } else { self.space.no() }
    }

    /// `left == right`, both of this kind.
    pub(super) fn equal(&mut self, left: &Val, right: &Val, kind: Kind) -> Bdd {
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

    fn truth(&mut self, value: &Val) -> Bdd {
        match value {
            Val::Bool(true) => self.yes(),
            Val::Term(term) => {
                exact::truth(self.space, *term).unwrap_or_else(|| self.space.atom(Atom::True(*term)))
            }
            _ => self.space.no(),
        }
    }

    /// `left - right <= c`.
    fn at_most(&mut self, left: &Val, right: &Val, c: i64) -> Bdd {
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
    fn upper(&mut self, value: &Val, most: i128) -> Bdd {
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

    /// When some instance of the loops satisfies the body, and when none does.
    pub(super) fn each(
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
    pub(super) fn target(&mut self, place: &Place) -> Option<TermId> {
        match self.place(place, &Env::new()).as_slice() {
            [(_, Loc::At(term))] if matches!(place.base, Base::Root(_)) => Some(*term),
            _ => None,
        }
    }
}

/// A pattern that matches one string.
pub(super) fn literal(text: &[u8]) -> String {
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

pub(super) fn kind_of(operand: &Operand) -> Kind {
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
