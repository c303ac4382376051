use super::rule::Rule;
use super::subject::Subject;
use super::typed::{Base, Cond, Kind, Operand, OrderOp, Place, Step, TermFn, TextTest};
use crate::expr::{CompareOp, Expr, Node};
use crate::source::Span;

/// Writes typed conditions in the language again: predicates expanded, the variables of quantifiers named anew.
///
/// What it writes for a rule's condition loads again, as a condition that means the same.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'s> {
    rule: &'s Rule,
    subject: &'s Subject,
}

fn expr(node: Node) -> Expr {
    Expr { node, span: Span::default() }
}

fn name(text: &str) -> Expr {
    expr(Node::Name(text.to_owned()))
}

fn method(target: Expr, of: &str, args: Vec<Expr>) -> Expr {
    expr(Node::Method(Box::new(target), of.to_owned(), args))
}

fn compare(op: CompareOp, left: Expr, right: Expr) -> Expr {
    expr(Node::Compare(op, Box::new(left), Box::new(right)))
}

impl<'s> Shown<'s> {
    /// For conditions of this rule, which judges this subject.
    #[must_use]
    pub fn new(rule: &'s Rule, subject: &'s Subject) -> Self {
        Self { rule, subject }
    }

    /// A condition as text.
    #[must_use]
    pub fn condition(&self, cond: &Cond) -> String {
        self.cond(cond).to_string()
    }

    /// A value as text.
    #[must_use]
    pub fn value(&self, operand: &Operand) -> String {
        self.operand(operand).to_string()
    }

    /// A place as text.
    #[must_use]
    pub fn place(&self, place: &Place) -> String {
        self.read(place).to_string()
    }

    fn all(&self, conds: &[Cond], none: bool, join: fn(Vec<Expr>) -> Node) -> Expr {
        match conds {
            [] => expr(Node::Bool(none)),
            [one] => self.cond(one),
            many => expr(join(many.iter().map(|c| self.cond(c)).collect())),
        }
    }

    fn cond(&self, cond: &Cond) -> Expr {
        match cond {
            Cond::Const(b) => expr(Node::Bool(*b)),
            Cond::Truth(place) => self.read(place),
            Cond::Not(inner) => match &**inner {
                Cond::Same(left, right) => compare(CompareOp::Ne, self.operand(left), self.operand(right)),
                other => expr(Node::Not(Box::new(self.cond(other)))),
            },
            Cond::All(conds) => self.all(conds, true, Node::And),
            Cond::Any(conds) => self.all(conds, false, Node::Or),
            Cond::Same(left, right) => compare(CompareOp::Eq, self.operand(left), self.operand(right)),
            Cond::Order(op, left, right) => {
                let op = match op {
                    OrderOp::Lt => CompareOp::Lt,
                    OrderOp::Le => CompareOp::Le,
                    OrderOp::Gt => CompareOp::Gt,
                    OrderOp::Ge => CompareOp::Ge,
                };
                compare(op, self.operand(left), self.operand(right))
            }
            Cond::OneOf(value, literals) => {
                let literals = literals.iter().map(|l| self.operand(l)).collect();
                compare(CompareOp::In, self.operand(value), expr(Node::List(literals)))
            }
            Cond::HasKey(value, place) | Cond::HasElement(value, place) => {
                compare(CompareOp::In, self.operand(value), self.read(place))
            }
            Cond::Text(value, test) => {
                let (of, literal) = match test {
                    TextTest::StartsWith(s) => ("startsWith", s.clone()),
                    TextTest::EndsWith(s) => ("endsWith", s.clone()),
                    TextTest::Contains(s) => ("contains", s.clone()),
                    TextTest::Matches(pattern, _) => ("matches", pattern.clone().into_bytes()),
                };
                method(self.operand(value), of, vec![expr(Node::Str(literal))])
            }
            Cond::Present(place) => expr(Node::Call("has".to_owned(), vec![self.read(place)])),
            Cond::Exists { over, var, body } => {
                let mut args = Vec::new();
                if over.shape.kind() == Kind::Map {
                    args.push(name(&self.key(*var)));
                }
                args.extend([name(&self.var(*var)), self.cond(body)]);
                method(self.read(over), "exists", args)
            }
        }
    }

    /// The name of a loop's value; quantifiers, whose names are gone, are numbered.
    fn var(&self, var: usize) -> String {
        self.rule.each.get(var).map_or_else(|| format!("v{var}"), |each| each.value.clone())
    }

    fn key(&self, var: usize) -> String {
        let named = self.rule.each.get(var).and_then(|each| each.key.clone());
        named.unwrap_or_else(|| format!("k{var}"))
    }

    fn read(&self, place: &Place) -> Expr {
        let mut steps = place.steps.iter();
        let mut out = match &place.base {
            Base::Var(var) => name(&self.var(*var)),
            Base::VarKey(var) => name(&self.key(*var)),
            Base::View(call) => {
                let args = call.args.iter().map(|arg| self.operand(arg)).collect();
                expr(Node::Call(call.view.name.to_owned(), args))
            }
            // The document's fields are names by themselves.
            Base::Root(0) => match steps.next() {
                Some(Step::Field(field)) => name(field),
                _ => name(&self.subject.id),
            },
            Base::Root(root) => name(self.subject.roots.get(root - 1).map_or("", |root| root.name.as_str())),
        };
        for step in steps {
            out = match step {
                Step::Field(field) => expr(Node::Field(Box::new(out), field.clone())),
                Step::Key(key) => expr(Node::Index(Box::new(out), Box::new(self.operand(key)))),
            };
        }
        out
    }

    fn operand(&self, operand: &Operand) -> Expr {
        match operand {
            Operand::Int(n) => expr(Node::Int(*n)),
            Operand::Str(s) => expr(Node::Str(s.clone())),
            Operand::Place(place) => self.read(place),
            Operand::Size(place) => method(self.read(place), "size", Vec::new()),
            Operand::Cond(cond) => self.cond(cond),
            Operand::Term(function, args) => {
                let function = match function {
                    TermFn::Before => "before",
                    TermFn::After => "after",
                    TermFn::Upper => "upper",
                    TermFn::Lower => "lower",
                    TermFn::Trim => "trim",
                };
                let args = args.iter().map(|arg| self.operand(arg)).collect();
                expr(Node::Call(function.to_owned(), args))
            }
        }
    }
}
