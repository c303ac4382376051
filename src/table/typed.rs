use std::sync::Arc;

use regex_automata::dfa::dense::{BuildError, Config, DFA};

use super::pattern;
use crate::facts::views::{View, ViewType};
use crate::schema::{Schema, Type};

/// The types of the language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A boolean.
    Bool,
    /// An integer.
    Int,
    /// A string of bytes.
    Str,
    /// A list.
    List,
    /// A map with string keys.
    Map,
    /// A record of a schema, or the result of a view.
    Record,
    /// A value that rules do not look into.
    Any,
}

impl Kind {
    /// With its article, for messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Bool => "a bool",
            Self::Int => "an int",
            Self::Str => "a string",
            Self::List => "a list",
            Self::Map => "a map",
            Self::Record => "a record",
            Self::Any => "a value that rules do not look into",
        }
    }
}

/// The type of a place, with what is needed to go on from it.
#[derive(Clone, Debug)]
pub enum Shape {
    /// A value of a schema.
    Value(Schema, Type),
    /// The document itself or another root: a record.
    Root(Schema),
    /// The key of a map.
    MapKey,
    /// The result of a view.
    View(&'static View),
    /// A field of it.
    ViewField(ViewType),
}

impl Shape {
    /// The type as the language sees it.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Value(_, ty) => match ty.pointee() {
                Type::Bool => Kind::Bool,
                Type::Int(_) | Type::Text(crate::schema::TextKind::MemBytes) => Kind::Int,
                Type::String | Type::Text(_) => Kind::Str,
                Type::List(_) => Kind::List,
                Type::Map(_) => Kind::Map,
                Type::Struct(_) => Kind::Record,
                Type::Float | Type::Any | Type::Pointer(_) => Kind::Any,
            },
            Self::Root(_) | Self::View(_) => Kind::Record,
            Self::MapKey => Kind::Str,
            Self::ViewField(ViewType::Bool) => Kind::Bool,
            Self::ViewField(ViewType::Int) => Kind::Int,
            Self::ViewField(ViewType::String) => Kind::Str,
            Self::ViewField(ViewType::Strings) => Kind::List,
        }
    }

    /// The shape of the elements of a list or the values of a map.
    #[must_use]
    pub fn element(&self) -> Option<Self> {
        match self {
            Self::Value(schema, ty) => match ty.pointee() {
                Type::List(of) | Type::Map(of) => Some(Self::Value(schema.clone(), (**of).clone())),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether it is a list of strings.
    #[must_use]
    pub fn is_strings(&self) -> bool {
        match self {
            Self::ViewField(ty) => *ty == ViewType::Strings,
            shape => shape.kind() == Kind::List && shape.element().is_some_and(|e| e.kind() == Kind::Str),
        }
    }
}

/// Where reading begins.
#[derive(Clone, Debug)]
pub enum Base {
    /// A root: 0 is the document, then the subject's roots in their order.
    Root(usize),
    /// The element or value of a loop; loops are numbered from the outermost.
    Var(usize),
    /// The key of a loop over a map.
    VarKey(usize),
    /// What a view made.
    View(Box<ViewCall>),
}

/// One step from a value to a part of it.
#[derive(Clone, Debug)]
pub enum Step {
    /// A field of a record.
    Field(String),
    /// The value of a map under a key.
    Key(Operand),
}

/// A way to a value. Following it never fails: below an absent value everything is absent.
#[derive(Clone, Debug)]
pub struct Place {
    /// Where it begins.
    pub base: Base,
    /// The steps from there.
    pub steps: Vec<Step>,
    /// The type at its end.
    pub shape: Shape,
}

/// A call of a view, its arguments already of the right types.
#[derive(Clone, Debug)]
pub struct ViewCall {
    /// The view.
    pub view: &'static View,
    /// Its arguments.
    pub args: Vec<Operand>,
}

/// Functions of messages; conditions cannot use them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TermFn {
    /// `before(s, t)`
    Before,
    /// `after(s, t)`
    After,
    /// `upper(s)`
    Upper,
    /// `lower(s)`
    Lower,
    /// `trim(s)`
    Trim,
}

/// A value in an expression.
#[derive(Clone, Debug)]
pub enum Operand {
    /// An integer.
    Int(i64),
    /// A string.
    Str(Vec<u8>),
    /// A value that is read.
    Place(Place),
    /// `size(…)` of a string, list, map or any.
    Size(Place),
    /// A condition as a value.
    Cond(Box<Cond>),
    /// A function of messages.
    Term(TermFn, Vec<Operand>),
}

/// `<`, `<=`, `>`, `>=` on integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderOp {
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
}

/// A test of a string against a literal.
#[derive(Clone, Debug)]
pub enum TextTest {
    /// `startsWith`
    StartsWith(Vec<u8>),
    /// `endsWith`
    EndsWith(Vec<u8>),
    /// `contains`
    Contains(Vec<u8>),
    /// `matches`: the pattern and its automaton.
    Matches(String, Arc<DFA<Vec<u32>>>),
}

impl TextTest {
    /// The test for a pattern whose form is checked already.
    pub(super) fn pattern(text: &str) -> Result<Self, Box<BuildError>> {
        let built = pattern::builder(Config::new()).build(&pattern::whole(text))?;
        Ok(Self::Matches(text.to_owned(), Arc::new(built)))
    }
}

/// A condition: what `when` is after its types are checked and its predicates expanded.
#[derive(Clone, Debug)]
pub enum Cond {
    /// `true` or `false`.
    Const(bool),
    /// A bool that is read.
    Truth(Place),
    /// `!`
    Not(Box<Cond>),
    /// `&&`
    All(Vec<Cond>),
    /// `||`
    Any(Vec<Cond>),
    /// `==` of two ints, strings or bools.
    Same(Operand, Operand),
    /// A comparison of ints.
    Order(OrderOp, Operand, Operand),
    /// `s in ['a', 'b']`, `n in [1, 2]`
    OneOf(Operand, Vec<Operand>),
    /// `s in map`
    HasKey(Operand, Place),
    /// `s in list`
    HasElement(Operand, Place),
    /// A test of a string.
    Text(Operand, TextTest),
    /// `has(…)`
    Present(Place),
    /// `exists`: `var` is the number of the loop that it opens; `all` is `!exists !`.
    Exists {
        /// List or map.
        over: Place,
        /// The number of its variables.
        var: usize,
        /// What some element must satisfy.
        body: Box<Cond>,
    },
}

impl Cond {
    /// Whether it is a single test: nothing that `!`, `&&`, `||`, a comparison of conditions or a quantifier joins.
    #[must_use]
    pub fn is_atom(&self) -> bool {
        !matches!(
            self,
            Self::Const(_)
                | Self::Not(_)
                | Self::All(_)
                | Self::Any(_)
                | Self::Exists { .. }
                | Self::Same(Operand::Cond(_), Operand::Cond(_))
        )
    }

    /// The tests it is made of, from left to right; those below a quantifier are tests of one element.
    #[must_use]
    pub fn atoms(&self) -> Vec<&Self> {
        let mut out = Vec::new();
        self.collect_atoms(&mut out);
        out
    }

    fn collect_atoms<'c>(&'c self, out: &mut Vec<&'c Self>) {
        match self {
            Self::Const(_) => {}
            Self::Not(inner) | Self::Exists { body: inner, .. } => inner.collect_atoms(out),
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|part| part.collect_atoms(out)),
            Self::Same(Operand::Cond(left), Operand::Cond(right)) => {
                left.collect_atoms(out);
                right.collect_atoms(out);
            }
            atom => out.push(atom),
        }
    }
}
