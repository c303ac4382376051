use std::cell::RefCell;

use super::bases::Records;
use super::calls::{MAX_CALLS, MAX_PARAMS};
use super::groups::{Group, Pattern};
use super::implied::Implied;
use super::jumps::{Condition, Formula, Jumps, Known};
use super::plan::{
    From, MAX_LOOPS, MAX_TESTS, Number, NumberOp, Path, PathStep, Reach, RulePlan, StagePlan, Test, Tests,
    Text, ViewParam, ViewRead,
};
use super::program::Stage;
use crate::facts::views::View;
use crate::schema::{Schema, Type};
use crate::table::{Base, Cond, Kind, Operand, OrderOp, Place, Step, TextTest};

/// The type of a loop's variable, and the root that it lies in.
#[derive(Clone, Debug)]
pub(super) struct VarType {
    pub(super) root: usize,
    pub(super) ty: Type,
}

/// Lowers the rows of one stage. `schemas` are those of the roots, as the profile has them; `records` takes up the
/// records that the rows read fields of.
///
/// A stage whose loops have no fast form gives `None`, and is left to the naive evaluator.
pub(super) fn stage(stage: &Stage, schemas: &[Schema], records: &RefCell<Records>) -> Option<StagePlan> {
    let mut vars = Vec::new();
    let mut loops = Vec::new();
    for each in stage.rules.first().map(|rule| rule.each.as_slice()).unwrap_or_default() {
        let lowering = Lowering { schemas, vars: vars.clone(), records, calls: None };
        let (path, root, ty) = lowering.path(&each.source)?;
        vars.push(VarType { root, ty: element(&ty)? });
        loops.push(path);
    }
    if vars.len() > MAX_LOOPS {
        return None;
    }
    let calls = RefCell::default();
    let lowering = Lowering { schemas, vars, records, calls: Some(&calls) };
    let mut tests = Tests::default();
    let rules = stage
        .rules
        .iter()
        .map(|rule| RulePlan {
            rule: rule.clone(),
            when: lowering.rule(&rule.when, &mut tests).map(Condition::new),
        })
        .collect::<Vec<_>>();
    let formulas = rules.iter().map(|rule| rule.when.as_ref().map(|when| when.formula.clone()));
    let known = StageTests { tests: &tests, implied: Implied::new(&tests.tests) };
    let any = formulas.collect::<Option<_>>().and_then(|formulas| Jumps::any_of(formulas, &known));
    let changes = stage.rules.iter().any(|rule| !rule.set.is_empty());
    Some(StagePlan { loops, vars: lowering.vars, rules, any, tests, changes })
}

struct StageTests<'t> {
    tests: &'t Tests,
    implied: Implied,
}

impl Known for StageTests<'_> {
    fn cost(&self, test: u8) -> u32 {
        self.tests.tests.get(usize::from(test)).map_or(0, Test::cost)
    }

    fn implied(&self, test: u8, holds: bool, other: u8) -> Option<bool> {
        self.implied.answer(test, holds, other)
    }
}

fn element(ty: &Type) -> Option<Type> {
    match ty.pointee() {
        Type::List(of) | Type::Map(of) => Some((**of).clone()),
        _ => None,
    }
}

/// A test that is a glance at the text.
fn glance(text: Text, test: &TextTest) -> Result<Test, Text> {
    match test {
        TextTest::StartsWith(literal) => Ok(Test::Starts(text, literal.clone())),
        TextTest::EndsWith(literal) => Ok(Test::Ends(text, literal.clone())),
        TextTest::Contains(literal) => match literal.as_slice() {
            [byte] => Ok(Test::HasByte(text, *byte)),
            _ => Err(text),
        },
        TextTest::Matches(..) => Err(text),
    }
}

fn is_view(place: &Place) -> bool {
    matches!(place.base, Base::View(_))
}

/// A view and its arguments.
type Call = (&'static View, Vec<ViewParam>);

struct Lowering<'l> {
    schemas: &'l [Schema],
    vars: Vec<VarType>,
    records: &'l RefCell<Records>,
    /// The calls of views so far; `None` where views have no fast form.
    calls: Option<&'l RefCell<Vec<Call>>>,
}

impl Lowering<'_> {
    /// A rule; one that needs more tests than there are bits left becomes a single slow one, or none.
    fn rule(&self, when: &Cond, tests: &mut Tests) -> Option<Formula> {
        let before = (tests.tests.len(), tests.groups.len());
        if let Some(formula) = self.formula(when, tests) {
            return Some(formula);
        }
        tests.tests.truncate(before.0);
        // Members that were added to older groups would point to nothing.
        for group in &mut tests.groups {
            group.forget(before.0);
        }
        tests.groups.truncate(before.1);
        self.add(Test::Slow(Box::new(when.clone())), tests)
    }

    /// `None` if there are no bits left.
    fn formula(&self, cond: &Cond, tests: &mut Tests) -> Option<Formula> {
        let all = |conds: &[Cond], tests: &mut Tests| {
            conds.iter().map(|c| self.formula(c, tests)).collect::<Option<Vec<_>>>()
        };
        match cond {
            Cond::Const(b) => Some(Formula::Const(*b)),
            Cond::Not(inner) => Some(Formula::Not(Box::new(self.formula(inner, tests)?))),
            Cond::All(conds) => Some(Formula::All(all(conds, tests)?)),
            Cond::Any(conds) => Some(Formula::Any(all(conds, tests)?)),
            Cond::Text(operand, test) => match self.text(operand) {
                Some(text) => match glance(text, test) {
                    Ok(glance) => self.add(glance, tests),
                    Err(text) => self.pattern(text, test, tests),
                },
                None => self.add(Test::Slow(Box::new(cond.clone())), tests),
            },
            Cond::Order(OrderOp::Gt, size, Operand::Int(0)) if self.empty(size).is_some() => {
                let empty = self.add(self.empty(size)?, tests)?;
                Some(Formula::Not(Box::new(empty)))
            }
            other => {
                let test = self.test(other).unwrap_or_else(|| Test::Slow(Box::new(other.clone())));
                self.add(test, tests)
            }
        }
    }

    /// The bit of a test, which may be there already.
    fn add(&self, test: Test, tests: &mut Tests) -> Option<Formula> {
        let at = tests.tests.iter().position(|t| t.is_same(&test));
        let at = match at {
            Some(at) => at,
            None if tests.tests.len() < MAX_TESTS => {
                tests.tests.push(test);
                tests.tests.len() - 1
            }
            None => return None,
        };
        Some(Formula::Test(u8::try_from(at).ok()?))
    }

    /// The bit of a string test: a literal for itself, patterns of one place together.
    fn pattern(&self, text: Text, test: &TextTest, tests: &mut Tests) -> Option<Formula> {
        let pattern = Pattern::new(test);
        let group = match tests.groups.iter().position(|g| g.text == text) {
            Some(group) => group,
            None => {
                tests.groups.push(Group::new(text));
                tests.groups.len() - 1
            }
        };
        if let Some(found) = tests.groups.get(group).and_then(|g| g.find(&pattern)) {
            return Some(Formula::Test(found));
        }
        if tests.tests.len() >= MAX_TESTS {
            return None;
        }
        let at = u8::try_from(tests.tests.len()).ok()?;
        tests.tests.push(Test::Automaton(group));
        tests.groups.get_mut(group)?.add(at, pattern);
        Some(Formula::Test(at))
    }

    /// The fast form of a test; `None` if it has none.
    fn test(&self, cond: &Cond) -> Option<Test> {
        Some(match cond {
            Cond::Truth(place) => match self.view(place) {
                Some(read) => Test::ViewTrue(Box::new(read)),
                None => Test::True(self.path(place)?.0),
            },
            Cond::Present(place) => Test::Present(self.path(place)?.0),
            Cond::Same(place @ Operand::Place(_), Operand::Str(s)) if s.is_empty() => {
                match self.text(place)? {
                    Text::Path(path) => Test::Empty(*path),
                    view => Test::Same(view, Text::Literal(Vec::new())),
                }
            }
            Cond::Same(size @ Operand::Size(_), Operand::Int(0)) if self.empty(size).is_some() => {
                self.empty(size)?
            }
            Cond::Same(left, right) => match (self.number(left), self.number(right)) {
                (Some(left), Some(right)) => Test::Number(NumberOp::Same, left, right),
                _ => Test::Same(self.text(left)?, self.text(right)?),
            },
            Cond::Order(op, left, right) => {
                Test::Number(NumberOp::Order(*op), self.number(left)?, self.number(right)?)
            }
            Cond::OneOf(value, literals) => {
                let literals = literals.iter().map(|l| match l {
                    Operand::Str(s) => Some(s.clone()),
                    _ => None,
                });
                Test::OneOf(self.text(value)?, literals.collect::<Option<Vec<_>>>()?)
            }
            Cond::HasKey(key, map) => Test::InMap(self.text(key)?, self.path(map)?.0),
            Cond::HasElement(value, list) => Test::InList(self.text(value)?, self.path(list)?.0),
            Cond::Exists { over, var, body } => {
                let (path, root, ty) = self.path(over)?;
                if *var >= MAX_LOOPS {
                    return None;
                }
                let mut vars = self.vars.clone();
                vars.truncate(*var);
                vars.push(VarType { root, ty: element(&ty)? });
                let calls = RefCell::default();
                let inner = Lowering {
                    schemas: self.schemas,
                    vars,
                    records: self.records,
                    calls: self.calls.map(|_| &calls),
                };
                let mut tests = Tests::default();
                let body = Condition::new(inner.rule(body, &mut tests)?);
                Test::Exists { over: path, var: *var, vars: inner.vars, body, tests }
            }
            Cond::Const(_) | Cond::Not(_) | Cond::All(_) | Cond::Any(_) | Cond::Text(..) => return None,
        })
    }

    /// The test for a size of zero.
    fn empty(&self, operand: &Operand) -> Option<Test> {
        match self.number(operand)? {
            Number::Size(path) => Some(Test::Empty(path)),
            _ => None,
        }
    }

    fn number(&self, operand: &Operand) -> Option<Number> {
        match operand {
            Operand::Int(n) => Some(Number::Literal(*n)),
            Operand::Place(place) if place.shape.kind() == Kind::Int && is_view(place) => {
                Some(Number::View(Box::new(self.view(place)?)))
            }
            Operand::Size(place) if is_view(place) => Some(Number::ViewSize(Box::new(self.view(place)?))),
            Operand::Place(place) if place.shape.kind() == Kind::Int => {
                Some(Number::Path(self.path(place)?.0))
            }
            Operand::Size(place) if matches!(place.shape.kind(), Kind::Str | Kind::List | Kind::Map) => {
                Some(Number::Size(self.path(place)?.0))
            }
            _ => None,
        }
    }

    fn text(&self, operand: &Operand) -> Option<Text> {
        match operand {
            Operand::Str(s) => Some(Text::Literal(s.clone())),
            Operand::Place(place) if place.shape.kind() == Kind::Str && is_view(place) => {
                Some(Text::View(Box::new(self.view(place)?)))
            }
            Operand::Place(place) if place.shape.kind() == Kind::Str => {
                Some(Text::Path(Box::new(self.path(place)?.0)))
            }
            _ => None,
        }
    }

    /// A field of a view; `None` for anything else, and for arguments without a fast form.
    fn view(&self, place: &Place) -> Option<ViewRead> {
        let (Base::View(call), [Step::Field(name)]) = (&place.base, place.steps.as_slice()) else {
            return None;
        };
        let field = call.view.fields.iter().position(|(field, _, _)| field == name)?;
        let args = call.args.iter().map(|arg| match arg {
            Operand::Place(place) if matches!(place.shape.kind(), Kind::List | Kind::Map) => {
                let (path, _, ty) = self.path(place)?;
                Some(ViewParam::Place(path, ty))
            }
            other => match self.number(other) {
                Some(number) => Some(ViewParam::Number(number)),
                None => self.text(other).map(ViewParam::Text),
            },
        });
        let args = args.collect::<Option<Vec<_>>>()?;
        if args.len() > MAX_PARAMS {
            return None;
        }
        // Only now, after those of its arguments.
        let mut calls = self.calls?.borrow_mut();
        let same = |(view, known): &(&View, Vec<ViewParam>)| view.name == call.view.name && *known == args;
        let number = match calls.iter().position(same) {
            Some(number) => number,
            None if calls.len() < MAX_CALLS => {
                calls.push((call.view, args.clone()));
                calls.len() - 1
            }
            None => return None,
        };
        Some(ViewRead { view: call.view, args, field, call: u8::try_from(number).ok()? })
    }

    /// The path, the root it lies in, and the type at its end.
    fn path(&self, place: &Place) -> Option<(Path, usize, Type)> {
        let (from, root, mut ty) = match &place.base {
            Base::Root(root) => (From::Root(*root), *root, Type::Struct(self.schemas.get(*root)?.root())),
            Base::Var(var) => {
                let found = self.vars.get(*var)?;
                (From::Var(*var), found.root, found.ty.clone())
            }
            Base::VarKey(var) => (From::Key(*var), self.vars.get(*var)?.root, Type::String),
            Base::View(_) => return None,
        };
        let schema = self.schemas.get(root)?;
        let mut steps = Vec::new();
        for step in &place.steps {
            match step {
                Step::Field(name) => {
                    let Type::Struct(id) = ty.pointee() else { return None };
                    let (index, field) = schema.get(*id).field(name)?;
                    steps.push(PathStep::Field { index, nillable: field.ty.is_nillable() });
                    ty = field.ty.clone();
                }
                Step::Key(key) => {
                    steps.push(PathStep::Key(self.text(key)?));
                    ty = element(&ty)?;
                }
            }
        }
        let open = schema.is_open();
        let plain = !open && steps.iter().all(|step| matches!(step, PathStep::Field { .. }));
        let reach = match from {
            From::Root(root) => {
                let mut records = self.records.borrow_mut();
                match steps.as_slice() {
                    [map @ .., PathStep::Key(Text::Literal(_))] if !open => {
                        records.spot(root, map, open).map(Reach::Entry)
                    }
                    steps => records.spot(root, steps, open).map(Reach::Spot),
                }
            }
            From::Var(var) if steps.is_empty() => Some(Reach::Element(var)),
            From::Var(var) if plain => Some(Reach::Fields(var)),
            From::Var(_) | From::Key(_) => None,
        };
        let reach = reach.unwrap_or(Reach::Far);
        let path = Path { from, steps, reach, nillable: ty.is_nillable(), open };
        Some((path, root, ty))
    }
}

impl Test {
    /// Whether two tests ask the same; those with parts of their own never do.
    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::True(a), Self::True(b))
            | (Self::Empty(a), Self::Empty(b))
            | (Self::Present(a), Self::Present(b)) => a == b,
            (Self::ViewTrue(a), Self::ViewTrue(b)) => a == b,
            (Self::HasByte(a, b), Self::HasByte(c, d)) => (a, b) == (c, d),
            (Self::Starts(a, b), Self::Starts(c, d)) | (Self::Ends(a, b), Self::Ends(c, d)) => {
                (a, b) == (c, d)
            }
            (Self::Number(o, a, b), Self::Number(p, c, d)) => (o, a, b) == (p, c, d),
            (Self::Same(a, b), Self::Same(c, d)) => (a, b) == (c, d),
            (Self::OneOf(a, b), Self::OneOf(c, d)) => (a, b) == (c, d),
            (Self::InMap(a, b), Self::InMap(c, d)) | (Self::InList(a, b), Self::InList(c, d)) => {
                (a, b) == (c, d)
            }
            _ => false,
        }
    }

    /// How long asking takes, roughly.
    fn cost(&self) -> u32 {
        match self {
            Self::True(path) | Self::Empty(path) | Self::Present(path) => path.cost(),
            Self::Number(_, left, right) => left.cost().max(right.cost()),
            Self::Same(left, right) => 1 + left.cost().max(right.cost()),
            Self::OneOf(text, _) | Self::Starts(text, _) | Self::Ends(text, _) => 2 + text.cost(),
            Self::HasByte(text, _) => 3 + text.cost(),
            Self::InMap(text, path) | Self::InList(text, path) => 4 + text.cost().max(path.cost()),
            Self::Automaton(_) => 20,
            Self::ViewTrue(read) => read.cost(),
            Self::Exists { .. } => 80,
            Self::Slow(_) => 200,
        }
    }
}

impl Path {
    fn cost(&self) -> u32 {
        match (self.open, self.reach) {
            // What nobody told spoils the short way to "no", so that facts are asked for last.
            (true, _) => 12,
            (false, Reach::Far | Reach::Entry(_)) => 6,
            (false, _) => 1,
        }
    }
}

impl Text {
    fn cost(&self) -> u32 {
        match self {
            Self::Literal(_) => 0,
            Self::Path(path) => path.cost(),
            Self::View(read) => read.cost(),
        }
    }
}

impl Number {
    fn cost(&self) -> u32 {
        match self {
            Self::Literal(_) => 0,
            Self::Path(path) | Self::Size(path) => path.cost(),
            Self::View(read) | Self::ViewSize(read) => read.cost(),
        }
    }
}

impl ViewRead {
    fn cost(&self) -> u32 {
        let args = self.args.iter().map(|arg| match arg {
            ViewParam::Text(text) => text.cost(),
            ViewParam::Number(number) => number.cost(),
            ViewParam::Place(path, _) => path.cost(),
        });
        args.fold(40, u32::max)
    }
}
