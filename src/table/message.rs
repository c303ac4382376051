use super::check::{Checker, Typed};
use super::typed::{Kind, Operand};
use crate::schema::Problem;
use crate::source::Span;

/// How a value is printed in a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A string as it stands, an int in decimal, a list as Go's `[a b]`.
    Plain,
    /// A string as Go's `%q`.
    Quoted,
    /// A list of strings, or the keys of a map, joined by `, `.
    Joined,
}

/// A part of a message.
#[derive(Clone, Debug)]
pub enum Piece {
    /// Text.
    Text(String),
    /// A value.
    Value(Operand, Format),
}

/// A message: text with values.
#[derive(Clone, Debug, Default)]
pub struct Message {
    /// Its parts, in order.
    pub pieces: Vec<Piece>,
}

impl Message {
    /// Reads a template; `place` turns offsets in it into spans of the table.
    pub(super) fn read(
        text: &str,
        checker: &Checker<'_>,
        place: &dyn Fn(Span) -> Span,
        problems: &mut Vec<Problem>,
    ) -> Self {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut chars = text.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            match c {
                '{' | '}' if chars.peek().is_some_and(|(_, next)| *next == c) => {
                    chars.next();
                    plain.push(c);
                }
                '}' => problems
                    .push(Problem::new(place(Span::new(at, at + 1)), "a `}` on its own is written `}}`")),
                '{' => {
                    let rest = text.get(at + 1..).unwrap_or_default();
                    let Some(len) = closing(rest) else {
                        problems
                            .push(Problem::new(place(Span::new(at, text.len())), "the `{` is not closed"));
                        break;
                    };
                    while chars.next_if(|(i, _)| *i <= at + 1 + len).is_some() {}
                    pieces.push(Piece::Text(std::mem::take(&mut plain)));
                    let inner = rest.get(..len).unwrap_or_default();
                    let within = |span: Span| place(span.shifted(at + 1));
                    pieces.extend(value(inner, checker, &within, problems));
                }
                c => plain.push(c),
            }
        }
        pieces.push(Piece::Text(plain));
        pieces.retain(|p| !matches!(p, Piece::Text(t) if t.is_empty()));
        Self { pieces }
    }
}

/// The offset of the brace that closes a value, braces in strings aside.
fn closing(text: &str) -> Option<usize> {
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (None, '}') => return Some(at),
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            _ => {}
        }
    }
    None
}

fn value(
    text: &str,
    checker: &Checker<'_>,
    place: &dyn Fn(Span) -> Span,
    problems: &mut Vec<Problem>,
) -> Option<Piece> {
    let (expr, format) = match text.rsplit_once(':') {
        Some((expr, "q")) => (expr, Format::Quoted),
        Some((expr, "join")) => (expr, Format::Joined),
        _ => (text, Format::Plain),
    };
    let Typed { operand, shape_is_strings, kind, .. } = checker.term(expr, place, problems)?;
    let fits = match format {
        Format::Plain => matches!(kind, Kind::Bool | Kind::Int | Kind::Str) || shape_is_strings,
        Format::Quoted => kind == Kind::Str,
        Format::Joined => shape_is_strings || kind == Kind::Map,
    };
    if !fits {
        let message = format!("{} cannot be printed this way", kind.name());
        problems.push(Problem::new(place(Span::new(0, text.len())), message));
        return None;
    }
    Some(Piece::Value(operand, format))
}
