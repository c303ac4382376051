use crate::source::Span;

/// A text that is no expression.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SyntaxError {
    /// Where in the expression.
    pub span: Span,
    /// What was found and what was expected.
    pub message: String,
}

impl SyntaxError {
    pub(super) fn new(span: Span, message: impl Into<String>) -> Self {
        Self { span, message: message.into() }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Name(String),
    Int(i64),
    Str(Vec<u8>),
    /// An operator or a bracket, as written.
    Sign(&'static str),
    End,
}

/// Longest first, so that `<=` is not taken for `<`.
const SIGNS: [&str; 17] =
    ["&&", "||", "==", "!=", "<=", ">=", "<", ">", "!", "(", ")", "[", "]", ",", ".", "=", ";"];

pub(super) fn lex(text: &str) -> Result<Vec<(Token, Span)>, SyntaxError> {
    let mut out = Vec::new();
    let mut at = 0;
    let rest = |at: usize| text.get(at..).unwrap_or_default();
    while let Some(c) = rest(at).chars().next() {
        let start = at;
        let token = match c {
            ' ' | '\t' | '\n' | '\r' => {
                at += 1;
                continue;
            }
            'a'..='z' | 'A'..='Z' | '_' => {
                at += name_len(rest(at));
                Token::Name(text.get(start..at).unwrap_or_default().to_owned())
            }
            '0'..='9' | '-' => {
                let digits = rest(at + 1).bytes().take_while(u8::is_ascii_digit).count();
                at += 1 + digits;
                let word = text.get(start..at).unwrap_or_default();
                let number = word.parse().map_err(|_| {
                    SyntaxError::new(Span::new(start, at), format!("`{word}` is not an integer of 64 bits"))
                })?;
                Token::Int(number)
            }
            '\'' | '"' => {
                let (bytes, len) = string(rest(at), start)?;
                at += len;
                Token::Str(bytes)
            }
            other => {
                let Some(sign) = SIGNS.iter().find(|sign| rest(at).starts_with(**sign)) else {
                    let span = Span::new(start, start + other.len_utf8());
                    return Err(SyntaxError::new(
                        span,
                        format!("unexpected character `{}`", other.escape_debug()),
                    ));
                };
                at += sign.len();
                Token::Sign(sign)
            }
        };
        out.push((token, Span::new(start, at)));
    }
    out.push((Token::End, Span::point(text.len())));
    Ok(out)
}

/// Letters, digits and `_`, and `-` where one of them follows.
fn name_len(text: &str) -> usize {
    let bytes = text.as_bytes();
    let word = |i: usize| bytes.get(i).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
    let mut len = 0;
    while word(len) || (bytes.get(len) == Some(&b'-') && word(len + 1)) {
        len += 1;
    }
    len
}

/// A quoted string at the start of `text`: its bytes, and how long its text is.
fn string(text: &str, offset: usize) -> Result<(Vec<u8>, usize), SyntaxError> {
    let mut out = Vec::new();
    let mut chars = text.char_indices();
    let quote = chars.next().map(|(_, c)| c);
    while let Some((at, c)) = chars.next() {
        if Some(c) == quote {
            return Ok((out, at + 1));
        }
        if c != '\\' {
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            continue;
        }
        let escape = chars.next();
        // The backslash and the character behind it, if there is one.
        let span = Span::new(offset + at, offset + at + 1 + escape.map_or(0, |(_, c)| c.len_utf8()));
        let mut hex = |digits: usize| {
            let word: String = chars.by_ref().take(digits).map(|(_, c)| c).collect();
            let all = word.len() == digits && word.bytes().all(|b| b.is_ascii_hexdigit());
            all.then(|| u32::from_str_radix(&word, 16).ok()).flatten()
        };
        let byte = match escape.map(|(_, c)| c) {
            Some('n') => Some(b'\n'),
            Some('r') => Some(b'\r'),
            Some('t') => Some(b'\t'),
            Some('0') => Some(0),
            Some(c @ ('\\' | '\'' | '"')) => u8::try_from(c).ok(),
            Some('x') => hex(2).and_then(|n| u8::try_from(n).ok()),
            Some('u') => {
                let c = hex(4).and_then(char::from_u32);
                let Some(c) = c else {
                    let message = "`\\u` needs four hexadecimal digits of a character";
                    return Err(SyntaxError::new(span, message));
                };
                out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                continue;
            }
            _ => None,
        };
        let message = "unknown escape (there are \\\\ \\' \\\" \\n \\r \\t \\0 \\xHH \\uHHHH)";
        out.push(byte.ok_or_else(|| SyntaxError::new(span, message))?);
    }
    Err(SyntaxError::new(Span::new(offset, offset + text.len()), "the string has no closing quote"))
}
