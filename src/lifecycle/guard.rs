//! Conditions of rows: expressions of `spec/language.md` over the few variables of a machine.
//!
//! The variables are bools, names from a list, and texts that are only tested against literals. That makes a condition a
//! function of finitely many tests, and whether exactly one row of a cell speaks is decided by trying all of them.

use super::machine::{Value, VariableKind};
use crate::expr::{self, CompareOp, Expr, Node};
use crate::schema::Problem;
use crate::source::Span;

/// A condition of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Guard {
    /// Always or never.
    Const(bool),
    /// A test of one variable.
    Test(Test),
    /// `!`
    Not(Box<Guard>),
    /// `&&`
    All(Vec<Guard>),
    /// `||`
    Any(Vec<Guard>),
}

/// A test of one variable, by its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Test {
    /// The variable.
    pub variable: usize,
    /// What is asked of it.
    pub how: How,
}

/// What a test asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum How {
    /// A bool is true.
    True,
    /// It is this text.
    Is(String),
    /// It contains this text.
    Contains(String),
    /// It begins with this text.
    StartsWith(String),
    /// It ends with this text.
    EndsWith(String),
}

/// A variable as conditions see it.
pub(super) type Name<'n> = (&'n str, &'n VariableKind);

/// The most combinations of tests that are tried for the rows of one cell.
const MAX_COMBINATIONS: usize = 1 << 16;

impl Guard {
    /// Reads a condition; `at` is the place of its text in the table.
    pub(super) fn read(
        text: &str,
        at: Span,
        names: &[Name<'_>],
        problems: &mut Vec<Problem>,
    ) -> Option<Self> {
        // The quote stands before the text; with escapes in it the place is off by as many bytes.
        let place = |span: Span| span.shifted((at.start as usize).saturating_add(1));
        let expr = match expr::parse(text) {
            Ok(expr) => expr,
            Err(error) => {
                problems.push(Problem::new(place(error.span), error.message));
                return None;
            }
        };
        lower(&expr, names)
            .map_err(|problem| problems.push(Problem::new(place(problem.span), problem.message)))
            .ok()
    }

    /// Whether the condition holds.
    #[must_use]
    pub fn holds(&self, values: &[Value]) -> bool {
        self.decide(&|test| values.get(test.variable).is_some_and(|value| test.how.holds(value)))
    }

    fn decide(&self, truth: &dyn Fn(&Test) -> bool) -> bool {
        match self {
            Self::Const(value) => *value,
            Self::Test(test) => truth(test),
            Self::Not(inner) => !inner.decide(truth),
            Self::All(all) => all.iter().all(|guard| guard.decide(truth)),
            Self::Any(any) => any.iter().any(|guard| guard.decide(truth)),
        }
    }

    /// The tests that the condition is made of, each once.
    pub(super) fn all_tests(&self) -> Vec<&Test> {
        let mut tests = Vec::new();
        self.tests(&mut tests);
        tests
    }

    fn tests<'g>(&'g self, into: &mut Vec<&'g Test>) {
        match self {
            Self::Const(_) => {}
            Self::Test(test) if into.contains(&test) => {}
            Self::Test(test) => into.push(test),
            Self::Not(inner) => inner.tests(into),
            Self::All(all) | Self::Any(all) => all.iter().for_each(|guard| guard.tests(into)),
        }
    }
}

impl How {
    /// The text that is tested for.
    pub(super) fn literal(&self) -> Option<&str> {
        match self {
            Self::True => None,
            Self::Is(text) | Self::Contains(text) | Self::StartsWith(text) | Self::EndsWith(text) => {
                Some(text)
            }
        }
    }

    fn holds(&self, value: &Value) -> bool {
        match self {
            Self::True => *value == Value::Bool(true),
            Self::Is(text) => value.text() == text,
            Self::Contains(text) => value.text().contains(text),
            Self::StartsWith(text) => value.text().starts_with(text),
            Self::EndsWith(text) => value.text().ends_with(text),
        }
    }
}

/// Whether exactly one of the conditions holds, whatever the variables are; else a combination in which that is not so.
///
/// Tests of a text are taken as independent of each other, which asks more of a table than is needed, never less.
pub(super) fn exactly_one(guards: &[&Guard], names: &[Name<'_>]) -> Result<(), String> {
    let mut tests: Vec<&Test> = Vec::new();
    guards.iter().for_each(|guard| guard.tests(&mut tests));
    // One digit for each variable with a list of names, and one for each other test.
    let mut digits: Vec<Digit<'_>> = Vec::new();
    for test in tests {
        let digit = match names.get(test.variable) {
            Some((_, VariableKind::Names(all))) => Digit::Name(test.variable, all),
            _ => Digit::Test(test),
        };
        if !digits.iter().any(|known| known.same(&digit)) {
            digits.push(digit);
        }
    }
    let combinations = digits.iter().try_fold(1_usize, |all, digit| all.checked_mul(digit.size()));
    let Some(combinations) = combinations.filter(|n| *n <= MAX_COMBINATIONS) else {
        return Err("there are too many tests to try all their combinations".to_owned());
    };
    for number in 0..combinations {
        let truth = |asked: &Test| {
            let mut rest = number;
            for digit in &digits {
                let value = rest % digit.size().max(1);
                rest /= digit.size().max(1);
                match digit {
                    Digit::Name(variable, all) if *variable == asked.variable => {
                        let name = all.get(value).map_or("", String::as_str);
                        return asked.how.holds(&Value::Text(Some(name.to_owned())));
                    }
                    Digit::Test(test) if *test == asked => return value == 1,
                    _ => {}
                }
            }
            false
        };
        let holding = guards.iter().filter(|guard| guard.decide(&truth)).count();
        if holding != 1 {
            let what = if holding == 0 { "no row speaks" } else { "more than one row speaks" };
            let mut rest = number;
            let case: Vec<String> = digits
                .iter()
                .map(|digit| {
                    let value = rest % digit.size().max(1);
                    rest /= digit.size().max(1);
                    digit.show(value, names)
                })
                .collect();
            let case = if case.is_empty() { "always".to_owned() } else { format!("if {}", case.join(", ")) };
            return Err(format!("{what} {case}"));
        }
    }
    Ok(())
}

enum Digit<'d> {
    Name(usize, &'d [String]),
    Test(&'d Test),
}

impl Digit<'_> {
    fn size(&self) -> usize {
        match self {
            Self::Name(_, all) => all.len(),
            Self::Test(_) => 2,
        }
    }

    fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Name(one, _), Self::Name(two, _)) => one == two,
            (Self::Test(one), Self::Test(two)) => one == two,
            _ => false,
        }
    }

    fn show(&self, value: usize, names: &[Name<'_>]) -> String {
        let name = |variable: usize| names.get(variable).map_or("", |(name, _)| *name);
        match self {
            Self::Name(variable, all) => {
                format!("{} is `{}`", name(*variable), all.get(value).map_or("", String::as_str))
            }
            Self::Test(Test { variable, how }) => {
                let not = if value == 1 { "" } else { "not " };
                match how {
                    How::True => format!("{not}{}", name(*variable)),
                    How::Is(text) => format!("{} is {not}`{text}`", name(*variable)),
                    How::Contains(text) => format!("{} does {not}contain `{text}`", name(*variable)),
                    How::StartsWith(text) => format!("{} does {not}begin with `{text}`", name(*variable)),
                    How::EndsWith(text) => format!("{} does {not}end with `{text}`", name(*variable)),
                }
            }
        }
    }
}

fn lower(expr: &Expr, names: &[Name<'_>]) -> Result<Guard, Problem> {
    let all = |list: &[Expr]| list.iter().map(|expr| lower(expr, names)).collect::<Result<Vec<_>, _>>();
    match &expr.node {
        Node::Bool(value) => Ok(Guard::Const(*value)),
        Node::Not(inner) => Ok(Guard::Not(Box::new(lower(inner, names)?))),
        Node::And(list) => Ok(Guard::All(all(list)?)),
        Node::Or(list) => Ok(Guard::Any(all(list)?)),
        Node::Name(_) => match variable(expr, names)? {
            (variable, VariableKind::Bool) => Ok(Guard::Test(Test { variable, how: How::True })),
            _ => Err(Problem::new(expr.span, "a condition is needed here, and this is a text")),
        },
        Node::Compare(CompareOp::Eq, left, right) => is(left, right, names),
        Node::Compare(CompareOp::Ne, left, right) => Ok(Guard::Not(Box::new(is(left, right, names)?))),
        Node::Compare(CompareOp::In, left, right) => match &right.node {
            Node::List(list) => {
                let tests = list.iter().map(|item| is(left, item, names));
                Ok(Guard::Any(tests.collect::<Result<_, _>>()?))
            }
            _ => Err(Problem::new(right.span, "behind `in` stands a list of texts")),
        },
        Node::Method(target, method, args) => {
            let (variable, kind) = variable(target, names)?;
            let [arg] = args.as_slice() else {
                return Err(Problem::new(expr.span, format!("`{method}` takes one text")));
            };
            let text = literal(arg)?;
            let how = match method.as_str() {
                "contains" => How::Contains(text),
                "startsWith" => How::StartsWith(text),
                "endsWith" => How::EndsWith(text),
                _ => {
                    let message =
                        format!("there is no test `{method}` (there are: contains, startsWith, endsWith)");
                    return Err(Problem::new(expr.span, message));
                }
            };
            match kind {
                VariableKind::Text => Ok(Guard::Test(Test { variable, how })),
                _ => {
                    Err(Problem::new(target.span, format!("`{method}` asks about a text, and this is none")))
                }
            }
        }
        _ => Err(Problem::new(
            expr.span,
            "conditions of these tables are made of variables, `==`, `!=`, `in`, `!`, `&&`, `||` and tests of texts",
        )),
    }
}

fn is(left: &Expr, right: &Expr, names: &[Name<'_>]) -> Result<Guard, Problem> {
    let (variable, kind) = variable(left, names)?;
    let text = literal(right)?;
    match kind {
        VariableKind::Bool => Err(Problem::new(left.span, "this is true or false, and compared with a text")),
        VariableKind::Names(all) if !all.contains(&text) => {
            let message = format!("`{text}` is none of {}", all.join(", "));
            Err(Problem::new(right.span, message))
        }
        _ => Ok(Guard::Test(Test { variable, how: How::Is(text) })),
    }
}

fn variable<'n>(expr: &Expr, names: &[Name<'n>]) -> Result<(usize, &'n VariableKind), Problem> {
    let Node::Name(name) = &expr.node else {
        return Err(Problem::new(expr.span, "a variable is needed here"));
    };
    match names.iter().enumerate().find(|(_, (known, _))| known == name) {
        Some((number, (_, kind))) => Ok((number, kind)),
        None => {
            let known: Vec<&str> = names.iter().map(|(name, _)| *name).collect();
            Err(Problem::new(
                expr.span,
                format!("there is no variable `{name}` (there are: {})", known.join(", ")),
            ))
        }
    }
}

fn literal(expr: &Expr) -> Result<String, Problem> {
    match &expr.node {
        Node::Str(bytes) => String::from_utf8(bytes.clone())
            .map_err(|_| Problem::new(expr.span, "a text of these tables is UTF-8")),
        _ => Err(Problem::new(expr.span, "a text in quotes is needed here")),
    }
}
