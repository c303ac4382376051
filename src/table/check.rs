use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::Arc;

use regex_automata::dfa::dense;
use regex_automata::nfa::thompson;
use regex_automata::util::syntax;

use super::subject::Subject;
use super::typed::{Base, Cond, Kind, Operand, OrderOp, Place, Shape, Step, TermFn, TextTest, ViewCall};
use crate::expr::{self, CompareOp, Expr, Node};
use crate::facts::views::{self, ParamType};
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
/// The largest automaton of one pattern, in bytes (DESIGN: 256 KB a field).
const MAX_DFA: usize = 256 << 10;

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
    depth: usize,
    nodes: std::rc::Rc<Cell<usize>>,
    found: std::rc::Rc<RefCell<Vec<Problem>>>,
}

impl<'c> Checker<'c> {
    pub(super) fn new(subject: Option<&'c Subject>, defines: &'c BTreeMap<String, Define>) -> Self {
        Self {
            subject,
            defines,
            vars: Vec::new(),
            visible: 0,
            params: BTreeMap::new(),
            lets: BTreeMap::new(),
            terms: false,
            depth: 0,
            nodes: std::rc::Rc::default(),
            found: std::rc::Rc::default(),
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
        if self.nodes.get() > MAX_NODES || self.depth > MAX_DEPTH {
            return self
                .fail(expr.span, format!("too large: more than {MAX_NODES} nodes or {MAX_DEPTH} levels"));
        }
        let deeper = Self { depth: self.depth + 1, ..self.clone() };
        deeper.form(expr)
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

    fn call(&self, name: &str, args: &[Expr], span: Span) -> Option<Typed> {
        match (name, args) {
            ("has", [arg]) => {
                let at = self.read(arg)?;
                if at.steps.is_empty() {
                    return self.fail(arg.span, "`has` asks about a field");
                }
                return Some(bool(Cond::Present(at)));
            }
            ("size", [arg]) => return self.size(arg),
            _ => {}
        }
        if self.terms
            && let Some(typed) = self.term_fn(name, args, span)
        {
            return typed;
        }
        if let Some(define) = self.defines.get(name) {
            return self.expand(name, define, args, span);
        }
        if let Some(view) = views::view(name) {
            return self.view(view, args, span);
        }
        self.fail(span, format!("there is no function, predicate or view `{name}`"))
    }

    fn size(&self, arg: &Expr) -> Option<Typed> {
        let at = self.read(arg)?;
        if !matches!(at.shape.kind(), Kind::Str | Kind::List | Kind::Map | Kind::Any) {
            return self.fail(arg.span, format!("{} has no size", at.shape.kind().name()));
        }
        Some(Typed { operand: Operand::Size(at), kind: Kind::Int, shape_is_strings: false })
    }

    fn arity(&self, name: &str, args: &[Expr], wanted: usize, span: Span) -> Option<()> {
        if args.len() == wanted {
            return Some(());
        }
        self.fail(span, format!("`{name}` takes {wanted} argument(s), not {}", args.len()))
    }

    /// `None` if `name` is no function of messages.
    fn term_fn(&self, name: &str, args: &[Expr], span: Span) -> Option<Option<Typed>> {
        let (function, wanted) = match name {
            "before" => (TermFn::Before, 2),
            "after" => (TermFn::After, 2),
            "upper" => (TermFn::Upper, 1),
            "lower" => (TermFn::Lower, 1),
            "trim" => (TermFn::Trim, 1),
            _ => return None,
        };
        Some(self.arity(name, args, wanted, span).and_then(|()| {
            let args: Option<Vec<_>> = args.iter().map(|a| self.of_kind(a, Kind::Str)).collect();
            Some(string(Operand::Term(function, args?)))
        }))
    }

    fn expand(&self, name: &str, define: &Define, args: &[Expr], span: Span) -> Option<Typed> {
        self.arity(name, args, define.params.len(), span)?;
        let mut params = BTreeMap::new();
        for ((param, kind), arg) in define.params.iter().zip(args) {
            let operand = self.of_kind(arg, *kind)?;
            params.insert(param.clone(), Typed { operand, kind: *kind, shape_is_strings: false });
        }
        let inner = Self {
            params,
            subject: None,
            lets: BTreeMap::new(),
            visible: self.vars.len(),
            terms: false,
            depth: self.depth + 1,
            ..self.clone()
        };
        let cond = inner.cond(&define.body);
        if cond.is_none() {
            // The body was checked on its own; what is left is that it grew too large here.
            self.found.borrow_mut().iter_mut().for_each(|p| p.span = span);
        }
        cond.map(bool)
    }

    fn view(&self, view: &'static views::View, args: &[Expr], span: Span) -> Option<Typed> {
        self.arity(view.name, args, view.params.len(), span)?;
        let mut operands = Vec::new();
        for ((_, ty), arg) in view.params.iter().zip(args) {
            let typed = self.value(arg)?;
            let fits = match ty {
                ParamType::String => typed.kind == Kind::Str,
                ParamType::Bool => typed.kind == Kind::Bool,
                ParamType::Int => typed.kind == Kind::Int,
                ParamType::Strings => typed.shape_is_strings,
                ParamType::AnyMap => matches!(&typed.operand, Operand::Place(p)
                    if p.shape.kind() == Kind::Map && p.shape.element().is_some_and(|e| e.kind() == Kind::Any)),
            };
            if !fits {
                return self.fail(arg.span, format!("`{}` wants another type here ({ty:?})", view.name));
            }
            operands.push(typed.operand);
        }
        Some(place(Base::View(Box::new(ViewCall { view, args: operands })), Shape::View(view)))
    }

    fn method(&self, target: &Expr, name: &str, args: &[Expr], span: Span) -> Option<Typed> {
        match name {
            "size" => {
                self.arity(name, args, 0, span)?;
                self.size(target)
            }
            "exists" | "all" => self.quantifier(target, name, args, span),
            "startsWith" | "endsWith" | "contains" | "matches" => {
                self.arity(name, args, 1, span)?;
                let value = self.of_kind(target, Kind::Str)?;
                let Some(Expr { node: Node::Str(literal), span: at }) = args.first() else {
                    return self.fail(span, format!("`{name}` wants a string literal"));
                };
                let test = match name {
                    "startsWith" => TextTest::StartsWith(literal.clone()),
                    "endsWith" => TextTest::EndsWith(literal.clone()),
                    "contains" => TextTest::Contains(literal.clone()),
                    _ => self.pattern(literal, *at)?,
                };
                Some(bool(Cond::Text(value, test)))
            }
            _ => self.fail(span, format!("there is no method `{name}`")),
        }
    }

    fn quantifier(&self, target: &Expr, name: &str, args: &[Expr], span: Span) -> Option<Typed> {
        let over = self.read(target)?;
        let is_map = over.shape.kind() == Kind::Map;
        self.arity(name, args, if is_map { 3 } else { 2 }, span)?;
        let Some(shape) = over.shape.element() else {
            let kind = over.shape.kind().name();
            return self
                .fail(target.span, format!("`{name}` goes through a list or map of a document, not {kind}"));
        };
        let (body, names) = args.split_last()?;
        let mut variables = Vec::new();
        for arg in names {
            match &arg.node {
                Node::Name(n) if !self.params.contains_key(n) && !self.has_name(n) => {
                    variables.push(n.clone())
                }
                _ => return self.fail(arg.span, "this must be a new name for a variable"),
            }
        }
        let var = self.vars.len();
        let mut inner = self.clone();
        let value = variables.pop().unwrap_or_default();
        inner.push_var(variables.pop(), value, shape);
        let body = inner.cond(body)?;
        let body = if name == "all" { negate(body) } else { body };
        let exists = Cond::Exists { over, var, body: Box::new(body) };
        Some(bool(if name == "all" { negate(exists) } else { exists }))
    }

    fn pattern(&self, literal: &[u8], span: Span) -> Option<TextTest> {
        let Ok(pattern) = std::str::from_utf8(literal) else {
            return self.fail(span, "a pattern is UTF-8; write other bytes as `\\xHH` inside it");
        };
        if !pattern.starts_with('^') || !pattern.ends_with('$') || pattern.ends_with("\\$") {
            return self.fail(span, "a pattern must begin with `^` and end with `$`");
        }
        if ["(?i", "(?m", "(?s", "(?u", "(?x", "(?R", "(?-", "\\b", "\\B"].iter().any(|f| pattern.contains(f))
        {
            return self.fail(span, "a pattern may not hold flags or word boundaries");
        }
        // `^a|b$` would anchor each side once only.
        let whole = format!("^(?:{})$", pattern.get(1..pattern.len().saturating_sub(1)).unwrap_or_default());
        let built = dense::Builder::new()
            .configure(
                dense::Config::new().dfa_size_limit(Some(MAX_DFA)).determinize_size_limit(Some(4 * MAX_DFA)),
            )
            .syntax(
                syntax::Config::new().unicode(false).utf8(false).dot_matches_new_line(true).nest_limit(50),
            )
            .thompson(thompson::Config::new().utf8(false).nfa_size_limit(Some(4 * MAX_DFA)))
            .build(&whole);
        match built {
            Ok(dfa) => Some(TextTest::Matches(pattern.to_owned(), Arc::new(dfa))),
            Err(error) => {
                let mut reason = error.to_string();
                let mut source = std::error::Error::source(&error);
                while let Some(inner) = source {
                    reason = inner.to_string();
                    source = inner.source();
                }
                let last = reason.lines().last().unwrap_or_default().to_owned();
                self.fail(span, format!("the pattern cannot be used: {last}"))
            }
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
