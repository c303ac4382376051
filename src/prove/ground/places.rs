//! Where a place of a rule leads, case by case, and what is read there.

use super::super::diagram::Bdd;
use super::super::space::{Arg, Atom, NAMED, Node, Term, TermId};
use super::{Env, Grounder, Loc, Read, Val, as_arg, kind_of, push};
use crate::facts::views::{ViewArg, ViewField};
use crate::schema::Type;
use crate::table::{Base, Kind, Operand, Place, Step, ViewCall};

impl Grounder<'_> {
    /// What is present: for facts of the machine, what is told.
    pub(super) fn present(&mut self, term: TermId) -> Bdd {
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

    pub(super) fn field(&mut self, of: TermId, name: &str) -> Option<TermId> {
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
    pub(super) fn entry(&mut self, of: TermId, index: usize) -> (TermId, Option<TermId>) {
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
    pub(super) fn entries(&mut self, of: TermId) -> Vec<(Bdd, TermId, Option<TermId>)> {
        if self.space.meter.is_over() {
            return Vec::new();
        }
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

    pub(super) fn place(&mut self, place: &Place, env: &Env) -> Vec<(Bdd, Loc)> {
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

    pub(super) fn step(&mut self, term: TermId, step: &Step, env: &Env) -> Vec<(Bdd, Loc)> {
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

    pub(super) fn view(&mut self, call: &ViewCall, env: &Env) -> Vec<(Bdd, Loc)> {
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
    pub(super) fn key(&self, key: TermId) -> Val {
        self.space.name(key).map_or(Val::Term(key), |name| Val::Str(name.clone()))
    }

    /// What a view gives for constants, and the keys that have a name.
    pub(super) fn made(&self, output: TermId) -> Option<Val> {
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
        Some(match view.call(&args).get(at)?.to_owned() {
            ViewField::Bool(b) => Val::Bool(b),
            ViewField::Int(n) => Val::Int(n),
            ViewField::Str(s) => Val::Str(s.into_owned()),
            ViewField::Strs(_) => return None,
        })
    }

    /// A scalar, as `set` rows have left it.
    pub(super) fn read(&mut self, place: &Place, env: &Env) -> Read {
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

    pub(in crate::prove) fn operand(&mut self, operand: &Operand, env: &Env) -> Read {
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

    pub(super) fn size(&mut self, place: &Place, env: &Env) -> Read {
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
}
