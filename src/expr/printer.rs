use std::fmt::{self, Write};

use super::ast::{Expr, Node};

/// Prints an expression so that parsing gives it back: `parse(print(e)) == e`.
impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        expr(f, self, Binding::Or)
    }
}

/// How tightly the place binds where an expression is to stand; a looser expression needs parentheses.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Binding {
    Or,
    And,
    Compare,
    Unary,
    Postfix,
}

fn binding(node: &Node) -> Binding {
    match node {
        Node::Or(_) => Binding::Or,
        Node::And(_) => Binding::And,
        Node::Compare(..) => Binding::Compare,
        Node::Not(_) => Binding::Unary,
        _ => Binding::Postfix,
    }
}

fn expr(f: &mut fmt::Formatter<'_>, e: &Expr, place: Binding) -> fmt::Result {
    if binding(&e.node) < place {
        f.write_char('(')?;
        node(f, &e.node)?;
        return f.write_char(')');
    }
    node(f, &e.node)
}

fn node(f: &mut fmt::Formatter<'_>, node: &Node) -> fmt::Result {
    match node {
        Node::Bool(b) => write!(f, "{b}"),
        Node::Int(n) => write!(f, "{n}"),
        Node::Str(s) => string(f, s),
        Node::Name(name) => f.write_str(name),
        Node::List(items) => list(f, "[", items, "]"),
        Node::Field(target, name) => {
            expr(f, target, Binding::Postfix)?;
            write!(f, ".{name}")
        }
        Node::Index(target, key) => {
            expr(f, target, Binding::Postfix)?;
            write!(f, "[{key}]")
        }
        Node::Not(operand) => {
            f.write_char('!')?;
            expr(f, operand, Binding::Unary)
        }
        Node::And(operands) => chain(f, operands, " && ", Binding::Compare),
        Node::Or(operands) => chain(f, operands, " || ", Binding::And),
        Node::Compare(op, left, right) => {
            expr(f, left, Binding::Unary)?;
            write!(f, " {} ", op.as_str())?;
            expr(f, right, Binding::Unary)
        }
        Node::Call(name, args) => {
            f.write_str(name)?;
            list(f, "(", args, ")")
        }
        Node::Method(target, name, args) => {
            expr(f, target, Binding::Postfix)?;
            write!(f, ".{name}")?;
            list(f, "(", args, ")")
        }
    }
}

fn chain(f: &mut fmt::Formatter<'_>, operands: &[Expr], sign: &str, place: Binding) -> fmt::Result {
    for (i, operand) in operands.iter().enumerate() {
        if i > 0 {
            f.write_str(sign)?;
        }
        expr(f, operand, place)?;
    }
    Ok(())
}

fn list(f: &mut fmt::Formatter<'_>, open: &str, items: &[Expr], close: &str) -> fmt::Result {
    f.write_str(open)?;
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            f.write_str(", ")?;
        }
        write!(f, "{item}")?;
    }
    f.write_str(close)
}

/// In single quotes; what is not printable ASCII or valid UTF-8 as an escape.
fn string(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    f.write_char('\'')?;
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\'' => f.write_str("\\'")?,
                '\\' => f.write_str("\\\\")?,
                '\n' => f.write_str("\\n")?,
                '\r' => f.write_str("\\r")?,
                '\t' => f.write_str("\\t")?,
                c if c.is_control() => {
                    let code = u32::from(c);
                    if code < 0x80 { write!(f, "\\x{code:02x}")? } else { write!(f, "\\u{code:04x}")? }
                }
                c => f.write_char(c)?,
            }
        }
        for byte in chunk.invalid() {
            write!(f, "\\x{byte:02x}")?;
        }
    }
    f.write_char('\'')
}
