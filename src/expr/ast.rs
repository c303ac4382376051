use crate::source::Span;

/// An expression and where it stands. Equality ignores the place.
#[derive(Clone, Debug)]
pub struct Expr {
    /// What it is.
    pub node: Node,
    /// Where it stands in the text of the expression.
    pub span: Span,
}

impl PartialEq for Expr {
    fn eq(&self, other: &Self) -> bool {
        self.node == other.node
    }
}

impl Eq for Expr {}

/// `==`, `!=`, `<`, `<=`, `>`, `>=`, `in`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompareOp {
    /// `==`
    Eq,
    /// `!=`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
    /// `in`
    In,
}

impl CompareOp {
    /// The operator as written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Eq => "==",
            Self::Ne => "!=",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
            Self::In => "in",
        }
    }
}

/// The forms of an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// `true`, `false`.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A string, as bytes.
    Str(Vec<u8>),
    /// `[a, b]`: only behind `in`.
    List(Vec<Expr>),
    /// A name.
    Name(String),
    /// `target.name`.
    Field(Box<Expr>, String),
    /// `target[key]`.
    Index(Box<Expr>, Box<Expr>),
    /// `!operand`.
    Not(Box<Expr>),
    /// `a && b && …`: at least two, none of them an unparenthesised `And`.
    And(Vec<Expr>),
    /// `a || b || …`.
    Or(Vec<Expr>),
    /// A comparison.
    Compare(CompareOp, Box<Expr>, Box<Expr>),
    /// `name(args)`.
    Call(String, Vec<Expr>),
    /// `target.name(args)`.
    Method(Box<Expr>, String, Vec<Expr>),
}
