use super::ast::{CompareOp, Expr, Node};
use super::lexer::{SyntaxError, Token, lex};
use crate::source::Span;

/// How deep an expression may nest: far beyond what a person reads, and safe on every stack.
pub const MAX_DEPTH: usize = 64;

/// Parses one expression.
///
/// # Errors
/// Where the text departs from `spec/language.md`, or nests deeper than [`MAX_DEPTH`].
///
/// ```
/// let expr = plimsoll::expr::parse("!name.startsWith('/') && name.contains('.')")?;
/// assert_eq!(expr.to_string(), "!name.startsWith('/') && name.contains('.')");
/// # Ok::<(), plimsoll::expr::SyntaxError>(())
/// ```
pub fn parse(text: &str) -> Result<Expr, SyntaxError> {
    let mut parser = Parser { tokens: lex(text)?, at: 0, depth: 0 };
    let expr = parser.or()?;
    match parser.peek() {
        Token::End => Ok(expr),
        _ => Err(parser.unexpected("the end of the expression")),
    }
}

struct Parser {
    tokens: Vec<(Token, Span)>,
    at: usize,
    depth: usize,
}

impl Parser {
    fn peek(&self) -> &Token {
        self.tokens.get(self.at).map_or(&Token::End, |(token, _)| token)
    }

    fn span(&self) -> Span {
        self.tokens.get(self.at).map_or(Span::default(), |(_, span)| *span)
    }

    /// The end of the last token read.
    fn last(&self) -> Span {
        self.at.checked_sub(1).and_then(|i| self.tokens.get(i)).map_or(Span::default(), |(_, span)| *span)
    }

    fn take(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Token::Sign(s) if *s == sign);
        if found {
            self.at += 1;
        }
        found
    }

    fn expect(&mut self, sign: &'static str) -> Result<(), SyntaxError> {
        if self.take(sign) { Ok(()) } else { Err(self.unexpected(&format!("`{sign}`"))) }
    }

    fn unexpected(&self, wanted: &str) -> SyntaxError {
        let found = match self.peek() {
            Token::Name(name) => format!("`{name}`"),
            Token::Int(n) => format!("`{n}`"),
            Token::Str(_) => "a string".to_owned(),
            Token::Sign(sign) => format!("`{sign}`"),
            Token::End => "the end".to_owned(),
        };
        SyntaxError::new(self.span(), format!("expected {wanted}, found {found}"))
    }

    fn deeper(&mut self, by: usize) -> Result<(), SyntaxError> {
        self.depth += by;
        if self.depth > MAX_DEPTH {
            return Err(SyntaxError::new(
                self.span(),
                format!("the expression nests deeper than {MAX_DEPTH}"),
            ));
        }
        Ok(())
    }

    fn chain(
        &mut self,
        sign: &'static str,
        operand: fn(&mut Self) -> Result<Expr, SyntaxError>,
        build: fn(Vec<Expr>) -> Node,
    ) -> Result<Expr, SyntaxError> {
        let first = operand(self)?;
        let start = first.span;
        let mut operands = vec![first];
        while self.take(sign) {
            operands.push(operand(self)?);
        }
        if operands.len() > 1 {
            return Ok(Expr { node: build(operands), span: start.to(self.last()) });
        }
        operands.pop().ok_or_else(|| self.unexpected("an expression"))
    }

    fn or(&mut self) -> Result<Expr, SyntaxError> {
        self.deeper(1)?;
        let expr = self.chain("||", Self::and, Node::Or);
        self.depth -= 1;
        expr
    }

    fn and(&mut self) -> Result<Expr, SyntaxError> {
        self.chain("&&", Self::comparison, Node::And)
    }

    fn comparison(&mut self) -> Result<Expr, SyntaxError> {
        let left = self.unary()?;
        let Some(op) = self.compare_op() else { return Ok(left) };
        let right = self.unary()?;
        let span = left.span.to(right.span);
        if self.compare_op().is_some() {
            let message = "comparisons do not chain; write `a < b && b < c`";
            return Err(SyntaxError::new(self.last(), message));
        }
        Ok(Expr { node: Node::Compare(op, Box::new(left), Box::new(right)), span })
    }

    fn compare_op(&mut self) -> Option<CompareOp> {
        let op = match self.peek() {
            Token::Sign("==") => CompareOp::Eq,
            Token::Sign("!=") => CompareOp::Ne,
            Token::Sign("<") => CompareOp::Lt,
            Token::Sign("<=") => CompareOp::Le,
            Token::Sign(">") => CompareOp::Gt,
            Token::Sign(">=") => CompareOp::Ge,
            Token::Name(name) if name == "in" => CompareOp::In,
            _ => return None,
        };
        self.at += 1;
        Some(op)
    }

    fn unary(&mut self) -> Result<Expr, SyntaxError> {
        let start = self.span();
        if !self.take("!") {
            return self.postfix();
        }
        self.deeper(1)?;
        let operand = self.unary()?;
        self.depth -= 1;
        let span = start.to(operand.span);
        Ok(Expr { node: Node::Not(Box::new(operand)), span })
    }

    fn postfix(&mut self) -> Result<Expr, SyntaxError> {
        let mut expr = self.primary()?;
        let mut steps = 0;
        loop {
            let start = expr.span;
            let node = if self.take(".") {
                let name = self.name("a field or method name")?;
                if self.take("(") {
                    let args = self.list(")")?;
                    Node::Method(Box::new(expr), name, args)
                } else {
                    Node::Field(Box::new(expr), name)
                }
            } else if self.take("[") {
                let key = self.or()?;
                self.expect("]")?;
                Node::Index(Box::new(expr), Box::new(key))
            } else {
                break;
            };
            self.deeper(1)?;
            steps += 1;
            expr = Expr { span: start.to(self.last()), node };
        }
        self.depth -= steps;
        Ok(expr)
    }

    fn name(&mut self, wanted: &str) -> Result<String, SyntaxError> {
        match self.peek() {
            Token::Name(name) if name != "in" => {
                let name = name.clone();
                self.at += 1;
                Ok(name)
            }
            _ => Err(self.unexpected(wanted)),
        }
    }

    /// Expressions up to the closing bracket, separated by commas.
    fn list(&mut self, close: &'static str) -> Result<Vec<Expr>, SyntaxError> {
        let mut items = Vec::new();
        if self.take(close) {
            return Ok(items);
        }
        loop {
            items.push(self.or()?);
            if self.take(close) {
                return Ok(items);
            }
            self.expect(",")?;
        }
    }

    fn primary(&mut self) -> Result<Expr, SyntaxError> {
        let start = self.span();
        let node = match self.peek().clone() {
            Token::Int(n) => {
                self.at += 1;
                Node::Int(n)
            }
            Token::Str(s) => {
                self.at += 1;
                Node::Str(s)
            }
            Token::Name(name) if name == "true" || name == "false" => {
                self.at += 1;
                Node::Bool(name == "true")
            }
            Token::Name(_) => {
                let name = self.name("an expression")?;
                if self.take("(") { Node::Call(name, self.list(")")?) } else { Node::Name(name) }
            }
            Token::Sign("[") => {
                self.at += 1;
                Node::List(self.list("]")?)
            }
            Token::Sign("(") => {
                self.at += 1;
                let inner = self.or()?;
                self.expect(")")?;
                return Ok(Expr { span: start.to(self.last()), node: inner.node });
            }
            _ => return Err(self.unexpected("an expression")),
        };
        Ok(Expr { node, span: start.to(self.last()) })
    }
}

/// One loop of an `each`: `value in source`, or `key, value in source` over a map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loop {
    /// The variable of the key, for maps.
    pub key: Option<String>,
    /// The variable of the element or value.
    pub value: String,
    /// What is gone through.
    pub source: Expr,
}

/// Parses an `each`: loops separated by `;`, the outermost first.
///
/// # Errors
/// Where the text has another form.
pub fn parse_each(text: &str) -> Result<Vec<Loop>, SyntaxError> {
    let mut parser = Parser { tokens: lex(text)?, at: 0, depth: 0 };
    let mut loops = Vec::new();
    loop {
        let first = parser.name("a variable")?;
        let second = if parser.take(",") { Some(parser.name("a variable")?) } else { None };
        match parser.peek() {
            Token::Name(name) if name == "in" => parser.at += 1,
            _ => return Err(parser.unexpected("`in`")),
        }
        let source = parser.postfix()?;
        loops.push(match second {
            Some(value) => Loop { key: Some(first), value, source },
            None => Loop { key: None, value: first, source },
        });
        if !parser.take(";") {
            break;
        }
    }
    match parser.peek() {
        Token::End => Ok(loops),
        _ => Err(parser.unexpected("`;` or the end")),
    }
}
