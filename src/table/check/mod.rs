mod calls;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use super::subject::Subject;
use super::typed::{Base, Cond, Kind, Operand, OrderOp, Place, Shape, Step, TextTest};
use crate::expr::{self, CompareOp, Expr, Node};
use crate::schema::{Problem, Type};
use crate::source::Span;

/// A named predicate: its body is checked anew wherever it is used.
#[derive(Clone, Debug)]
pub(super) struct Define {
    pub(super) params: Vec<(String, Kind)>,
    pub(super) body: Expr,
}

/// A value and its type.
#[derive(Clone, Debug)]
pub(super) struct Typed {
    pub(super) operand: Operand,
    pub(super) kind: Kind,
    pub(super) shape_is_strings: bool,
}

/// The most nodes an expression may have once its predicates are expanded.
const MAX_NODES: usize = 4096;
/// How deep predicates and expressions may nest together; see [`expr::MAX_DEPTH`].
const MAX_DEPTH: usize = 128;

/// Patterns whose automata are built already: predicates bring the same ones again and again.
pub(super) type Patterns = RefCell<BTreeMap<String, TextTest>>;

#[derive(Clone, Debug)]
struct Var {
    key: Option<String>,
    value: String,
    shape: Shape,
}

/// Turns expressions into typed conditions, in the scope of one subject and the loops around.
#[derive(Clone, Debug)]
pub(super) struct Checker<'c> {
    subject: Option<&'c Subject>,
    defines: &'c BTreeMap<String, Define>,
    vars: Vec<Var>,
    /// Variables before this one belong to the caller of a predicate.
    visible: usize,
    params: BTreeMap<String, Typed>,
    lets: BTreeMap<String, Typed>,
    terms: bool,
    depth: Rc<Cell<usize>>,
    nodes: Rc<Cell<usize>>,
    found: Rc<RefCell<Vec<Problem>>>,
    patterns: &'c Patterns,
}

impl<'c> Checker<'c> {
    pub(super) fn new(
        subject: Option<&'c Subject>,
        defines: &'c BTreeMap<String, Define>,
        patterns: &'c Patterns,
    ) -> Self {
        Self {
            subject,
            defines,
            vars: Vec::new(),
            visible: 0,
            params: BTreeMap::new(),
            lets: BTreeMap::new(),
            terms: false,
            depth: Rc::default(),
            nodes: Rc::default(),
            found: Rc::default(),
            patterns,
        }
    }

    /// Opens a loop; later expressions see its variables.
    pub(super) fn push_var(&mut self, key: Option<String>, value: String, shape: Shape) {
        self.vars.push(Var { key, value, shape });
    }

    /// Binds a parameter of a predicate that is checked on its own.
    pub(super) fn bind_param(&mut self, name: &str, kind: Kind) {
        let operand = match kind {
            Kind::Int => Operand::Int(0),
            Kind::Bool => Operand::Cond(Box::new(Cond::Const(false))),
            _ => Operand::Str(Vec::new()),
        };
        self.params.insert(name.to_owned(), Typed { operand, kind, shape_is_strings: false });
    }

    /// Binds a name that only messages see.
    pub(super) fn bind_let(&mut self, name: &str, value: Typed) {
        self.lets.insert(name.to_owned(), value);
    }

    /// The variables in scope, for the check that a row does not reuse a name.
    pub(super) fn has_name(&self, name: &str) -> bool {
        self.vars.iter().any(|v| v.value == name || v.key.as_deref() == Some(name))
            || self.subject.is_some_and(|s| {
                s.schema.get(s.schema.root()).field(name).is_some() || s.roots.iter().any(|r| r.name == name)
            })
    }

    /// Parses and checks with `check`, moving problems to their place in the table.
    fn run<T>(
        &self,
        text: &str,
        place: &dyn Fn(Span) -> Span,
        problems: &mut Vec<Problem>,
        check: impl FnOnce(&Self, &Expr) -> Option<T>,
    ) -> Option<T> {
        let expr = match expr::parse(text) {
            Ok(expr) => expr,
            Err(error) => {
                problems.push(Problem::new(place(error.span), error.message));
                return None;
            }
        };
        self.check_parsed(&expr, place, problems, check)
    }

    fn check_parsed<T>(
        &self,
        expr: &Expr,
        place: &dyn Fn(Span) -> Span,
        problems: &mut Vec<Problem>,
        check: impl FnOnce(&Self, &Expr) -> Option<T>,
    ) -> Option<T> {
        self.nodes.set(0);
        let out = check(self, expr);
        let found: Vec<_> = self.found.borrow_mut().drain(..).collect();
        let clean = found.is_empty();
        problems.extend(found.into_iter().map(|p| Problem::new(place(p.span), p.message)));
        out.filter(|_| clean)
    }

    /// A condition.
    pub(super) fn condition(
        &self,
        text: &str,
        place: &dyn Fn(Span) -> Span,
        problems: &mut Vec<Problem>,
    ) -> Option<Cond> {
        self.run(text, place, problems, Self::cond)
    }

    /// The body of a predicate, which is parsed already.
    pub(super) fn predicate(&self, body: &Expr, place: &dyn Fn(Span) -> Span, problems: &mut Vec<Problem>) {
        self.check_parsed(body, place, problems, Self::cond);
    }

    /// A value of a message.
    pub(super) fn term(
        &self,
        text: &str,
        place: &dyn Fn(Span) -> Span,
        problems: &mut Vec<Problem>,
    ) -> Option<Typed> {
        let checker = Self { terms: true, ..self.clone() };
        checker.run(text, place, problems, Self::value)
    }

    /// A place to read or underline.
    pub(super) fn place(
        &self,
        text: &str,
        place: &dyn Fn(Span) -> Span,
        problems: &mut Vec<Problem>,
    ) -> Option<Place> {
        self.run(text, place, problems, Self::read)
    }

    /// The source of a loop, which is parsed already.
    pub(super) fn source(
        &self,
        expr: &Expr,
        place: &dyn Fn(Span) -> Span,
        problems: &mut Vec<Problem>,
    ) -> Option<Place> {
        self.check_parsed(expr, place, problems, Self::read)
    }

    fn fail<T>(&self, span: Span, message: impl Into<String>) -> Option<T> {
        self.found.borrow_mut().push(Problem::new(span, message));
        None
    }

    /// The place an expression names.
    pub(super) fn read(&self, expr: &Expr) -> Option<Place> {
        match self.value(expr)?.operand {
            Operand::Place(place) => Some(place),
            _ => self.fail(expr.span, "this must be a field, a variable, or a part of one"),
        }
    }

    fn cond(&self, expr: &Expr) -> Option<Cond> {
        let typed = self.value(expr)?;
        match typed.operand {
            Operand::Cond(cond) => Some(*cond),
            Operand::Place(place) if typed.kind == Kind::Bool => Some(Cond::Truth(place)),
            _ => self.fail(expr.span, format!("this must be a bool, and is {}", typed.kind.name())),
        }
    }

    fn conds(&self, exprs: &[Expr]) -> Option<Vec<Cond>> {
        // All operands first, so that every problem is found.
        let checked: Vec<_> = exprs.iter().map(|e| self.cond(e)).collect();
        checked.into_iter().collect()
    }

    fn value(&self, expr: &Expr) -> Option<Typed> {
        self.nodes.set(self.nodes.get().saturating_add(1));
        if self.nodes.get() > MAX_NODES || self.depth.get() > MAX_DEPTH {
            return self
                .fail(expr.span, format!("too large: more than {MAX_NODES} nodes or {MAX_DEPTH} levels"));
        }
        self.depth.set(self.depth.get() + 1);
        let typed = self.form(expr);
        self.depth.set(self.depth.get() - 1);
        typed
    }

    fn form(&self, expr: &Expr) -> Option<Typed> {
        match &expr.node {
            Node::Bool(b) => Some(bool(Cond::Const(*b))),
            Node::Int(n) => {
                Some(Typed { operand: Operand::Int(*n), kind: Kind::Int, shape_is_strings: false })
            }
            Node::Str(s) => Some(string(Operand::Str(s.clone()))),
            Node::List(_) => self.fail(expr.span, "a list in brackets can only stand behind `in`"),
            Node::Name(name) => self.name(name, expr.span),
            Node::Field(target, name) => self.field(target, name, expr.span),
            Node::Index(target, key) => self.index(target, key),
            Node::Not(operand) => Some(bool(negate(self.cond(operand)?))),
            Node::And(operands) => Some(bool(Cond::All(self.conds(operands)?))),
            Node::Or(operands) => Some(bool(Cond::Any(self.conds(operands)?))),
            Node::Compare(CompareOp::In, value, within) => self.within(value, within),
            Node::Compare(op, left, right) => self.compare(*op, left, right, expr.span),
            Node::Call(name, args) => self.call(name, args, expr.span),
            Node::Method(target, name, args) => self.method(target, name, args, expr.span),
        }
    }

    fn name(&self, name: &str, span: Span) -> Option<Typed> {
        if let Some(typed) = self.params.get(name).or_else(|| self.lets.get(name)) {
            return Some(typed.clone());
        }
        for (i, var) in self.vars.iter().enumerate().skip(self.visible).rev() {
            if var.value == name {
                return Some(place(Base::Var(i), var.shape.clone()));
            }
            if var.key.as_deref() == Some(name) {
                return Some(place(Base::VarKey(i), Shape::MapKey));
            }
        }
        let Some(subject) = self.subject else {
            return self.fail(span, format!("unknown name `{name}` (a predicate sees only its parameters)"));
        };
        let schema = &subject.schema;
        if let Some((_, field)) = schema.get(schema.root()).field(name) {
            let mut typed = place(Base::Root(0), Shape::Value(schema.clone(), field.ty.clone()));
            if let Operand::Place(p) = &mut typed.operand {
                p.steps.push(Step::Field(name.to_owned()));
            }
            return Some(typed);
        }
        if let Some(i) = subject.roots.iter().position(|r| r.name == name) {
            let schema = subject.roots.get(i).map(|r| r.schema.clone())?;
            return Some(place(Base::Root(i + 1), Shape::Root(schema)));
        }
        self.fail(span, format!("unknown name `{name}`: no field of `{}`, no variable, no root", subject.id))
    }

    fn field(&self, target: &Expr, name: &str, span: Span) -> Option<Typed> {
        let mut at = self.read(target)?;
        let shape = match &at.shape {
            Shape::View(view) => {
                let found = view.fields.iter().find(|(field, _, _)| *field == name);
                found
                    .map(|(_, ty, _)| Shape::ViewField(*ty))
                    .ok_or_else(|| view.fields.iter().map(|(f, _, _)| (*f).to_owned()).collect::<Vec<_>>())
            }
            Shape::Value(schema, ty) => match ty.pointee() {
                Type::Struct(id) => field_of(schema, *id, name),
                _ => return self.fail(span, format!("{} has no fields", at.shape.kind().name())),
            },
            Shape::Root(schema) => field_of(schema, schema.root(), name),
            Shape::MapKey | Shape::ViewField(_) => {
                return self.fail(span, format!("{} has no fields", at.shape.kind().name()));
            }
        };
        match shape {
            Ok(shape) => {
                at.steps.push(Step::Field(name.to_owned()));
                at.shape = shape;
                Some(typed_place(at))
            }
            Err(mut known) => {
                known.truncate(12);
                self.fail(span, format!("no field `{name}` here (there are: {})", known.join(", ")))
            }
        }
    }

    fn index(&self, target: &Expr, key: &Expr) -> Option<Typed> {
        let mut at = self.read(target)?;
        let key_operand = self.of_kind(key, Kind::Str)?;
        match (at.shape.kind(), at.shape.element()) {
            (Kind::Map, Some(shape)) => {
                at.steps.push(Step::Key(key_operand));
                at.shape = shape;
                Some(typed_place(at))
            }
            (kind, _) => {
                self.fail(target.span, format!("only maps have values by key, this is {}", kind.name()))
            }
        }
    }

    fn of_kind(&self, expr: &Expr, kind: Kind) -> Option<Operand> {
        let typed = self.value(expr)?;
        if typed.kind == kind {
            return Some(typed.operand);
        }
        self.fail(expr.span, format!("this must be {}, and is {}", kind.name(), typed.kind.name()))
    }

    fn compare(&self, op: CompareOp, left: &Expr, right: &Expr, span: Span) -> Option<Typed> {
        let (l, r) = (self.value(left), self.value(right));
        let (l, r) = (l?, r?);
        let order = match op {
            CompareOp::Lt => OrderOp::Lt,
            CompareOp::Le => OrderOp::Le,
            CompareOp::Gt => OrderOp::Gt,
            CompareOp::Ge => OrderOp::Ge,
            _ => {
                if l.kind != r.kind || !matches!(l.kind, Kind::Bool | Kind::Int | Kind::Str) {
                    let message = format!(
                        "`{}` compares two bools, ints or strings, not {} with {}",
                        op.as_str(),
                        l.kind.name(),
                        r.kind.name()
                    );
                    return self.fail(span, message);
                }
                let same = Cond::Same(l.operand, r.operand);
                return Some(bool(if op == CompareOp::Ne { negate(same) } else { same }));
            }
        };
        if (l.kind, r.kind) != (Kind::Int, Kind::Int) {
            return self.fail(
                span,
                format!("`{}` compares ints, not {} with {}", op.as_str(), l.kind.name(), r.kind.name()),
            );
        }
        Some(bool(Cond::Order(order, l.operand, r.operand)))
    }

    fn within(&self, value: &Expr, within: &Expr) -> Option<Typed> {
        let needle = self.value(value)?;
        if let Node::List(items) = &within.node {
            let mut literals = Vec::new();
            for item in items {
                match (&item.node, needle.kind) {
                    (Node::Str(s), Kind::Str) => literals.push(Operand::Str(s.clone())),
                    (Node::Int(n), Kind::Int) => literals.push(Operand::Int(*n)),
                    _ => {
                        return self
                            .fail(item.span, "the list behind `in` holds literals of the type before it");
                    }
                }
            }
            return Some(bool(Cond::OneOf(needle.operand, literals)));
        }
        let haystack = self.read(within)?;
        if needle.kind != Kind::Str {
            return self.fail(value.span, format!("this must be a string, and is {}", needle.kind.name()));
        }
        match haystack.shape.kind() {
            Kind::Map => Some(bool(Cond::HasKey(needle.operand, haystack))),
            _ if haystack.shape.is_strings() => Some(bool(Cond::HasElement(needle.operand, haystack))),
            kind => self.fail(
                within.span,
                format!("`in` looks into a map or a list of strings, not {}", kind.name()),
            ),
        }
    }
}

fn field_of(
    schema: &crate::schema::Schema,
    id: crate::schema::StructId,
    name: &str,
) -> Result<Shape, Vec<String>> {
    let def = schema.get(id);
    match def.field(name) {
        Some((_, field)) => Ok(Shape::Value(schema.clone(), field.ty.clone())),
        None => Err(def.fields.iter().map(|f| f.name.clone()).collect()),
    }
}

fn bool(cond: Cond) -> Typed {
    Typed { operand: Operand::Cond(Box::new(cond)), kind: Kind::Bool, shape_is_strings: false }
}

fn string(operand: Operand) -> Typed {
    Typed { operand, kind: Kind::Str, shape_is_strings: false }
}

fn place(base: Base, shape: Shape) -> Typed {
    typed_place(Place { base, steps: Vec::new(), shape })
}

fn typed_place(place: Place) -> Typed {
    Typed {
        kind: place.shape.kind(),
        shape_is_strings: place.shape.is_strings(),
        operand: Operand::Place(place),
    }
}

fn negate(cond: Cond) -> Cond {
    match cond {
        Cond::Not(inner) => *inner,
        other => Cond::Not(Box::new(other)),
    }
}
