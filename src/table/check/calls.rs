use std::collections::BTreeMap;

use super::{Checker, Define, Typed, bool, negate, place, string};
use crate::expr::{Expr, Node};
use crate::facts::views::{self, ParamType};
use crate::source::Span;
use crate::table::typed::{Base, Cond, Kind, Operand, Shape, TermFn, TextTest, ViewCall};

/// Functions, predicates, views and methods.
impl Checker<'_> {
    pub(super) fn call(&self, name: &str, args: &[Expr], span: Span) -> Option<Typed> {
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
                ParamType::Records => matches!(&typed.operand, Operand::Place(p)
                    if p.shape.kind() == Kind::List && p.shape.element().is_some_and(|e| e.kind() == Kind::Record)),
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

    pub(super) fn method(&self, target: &Expr, name: &str, args: &[Expr], span: Span) -> Option<Typed> {
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
        let Ok(text) = std::str::from_utf8(literal) else {
            return self.fail(span, "a pattern is UTF-8; write other bytes as `\\xHH` inside it");
        };
        if !text.starts_with('^') || !text.ends_with('$') || text.ends_with("\\$") {
            return self.fail(span, "a pattern must begin with `^` and end with `$`");
        }
        if ["(?i", "(?m", "(?s", "(?u", "(?x", "(?R", "(?-", "\\b", "\\B"].iter().any(|f| text.contains(f)) {
            return self.fail(span, "a pattern may not hold flags or word boundaries");
        }
        if let Some(test) = self.patterns.borrow().get(text) {
            return Some(test.clone());
        }
        match TextTest::pattern(text) {
            Ok(test) => {
                self.patterns.borrow_mut().insert(text.to_owned(), test.clone());
                Some(test)
            }
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
