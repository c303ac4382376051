use std::borrow::Cow;

use super::plain::plain_prefix;
use super::unquote;
use crate::source::Span;

/// A token of a text that has passed the syntax check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token<'s> {
    /// `{`
    ObjectStart,
    /// `}`
    ObjectEnd,
    /// `[`
    ArrayStart,
    /// `]`
    ArrayEnd,
    /// A string, without its quotes and with its escapes.
    Str(&'s [u8]),
    /// A number as it is spelt.
    Number(&'s [u8]),
    /// `true` or `false`
    Bool(bool),
    /// `null`
    Null,
    /// The end of the text.
    End,
}

impl Token<'_> {
    /// What Go's type errors call a value of this kind.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::ObjectStart | Self::ObjectEnd => "object",
            Self::ArrayStart | Self::ArrayEnd => "array",
            Self::Str(_) => "string",
            Self::Number(_) => "number",
            Self::Bool(_) => "bool",
            Self::Null | Self::End => "null",
        }
    }
}

/// Reads the tokens of a text that has passed the syntax check; commas and colons are not told.
///
/// On any other text it still ends, with tokens that mean nothing.
#[derive(Clone, Debug)]
pub(crate) struct Reader<'s> {
    text: &'s [u8],
    at: usize,
}

impl<'s> Reader<'s> {
    /// A reader of `text[start..end]`.
    pub(crate) fn new(text: &'s [u8], start: usize, end: usize) -> Self {
        let text = text.get(..end.min(text.len())).unwrap_or_default();
        Self { text, at: start }
    }

    /// Offset just behind the token read last.
    pub(crate) fn position(&self) -> usize {
        self.at
    }

    /// The text from `start` to just behind the token read last.
    pub(crate) fn since(&self, start: usize) -> &'s [u8] {
        self.text.get(start..self.at).unwrap_or_default()
    }

    /// The next token and where it stands (a string with its quotes).
    pub(crate) fn next(&mut self) -> (Token<'s>, Span) {
        while let Some(b' ' | b'\t' | b'\r' | b'\n' | b',' | b':') = self.text.get(self.at) {
            self.at += 1;
        }
        let start = self.at;
        let token = match self.text.get(start) {
            None => Token::End,
            Some(b'{') => self.take(1, Token::ObjectStart),
            Some(b'}') => self.take(1, Token::ObjectEnd),
            Some(b'[') => self.take(1, Token::ArrayStart),
            Some(b']') => self.take(1, Token::ArrayEnd),
            Some(b't') => self.take(4, Token::Bool(true)),
            Some(b'f') => self.take(5, Token::Bool(false)),
            Some(b'n') => self.take(4, Token::Null),
            Some(b'"') => self.string(),
            Some(_) => self.number(),
        };
        (token, Span::new(start, self.at))
    }

    fn take(&mut self, len: usize, token: Token<'s>) -> Token<'s> {
        self.at = (self.at + len).min(self.text.len());
        token
    }

    fn string(&mut self) -> Token<'s> {
        let start = self.at + 1;
        let mut at = start + plain_prefix(self.text.get(start..).unwrap_or_default());
        loop {
            match self.text.get(at) {
                Some(b'"') | None => break,
                Some(b'\\') => at += 2,
                Some(_) => at += 1,
            }
        }
        let end = at.min(self.text.len());
        self.at = (end + 1).min(self.text.len());
        Token::Str(self.text.get(start..end).unwrap_or_default())
    }

    fn number(&mut self) -> Token<'s> {
        let start = self.at;
        self.at += 1;
        while let Some(b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E') = self.text.get(self.at) {
            self.at += 1;
        }
        Token::Number(self.text.get(start..self.at).unwrap_or_default())
    }

    /// Reads the rest of the value that begins with `first`, which stands at `span`; gives the span of it all.
    pub(crate) fn skip(&mut self, first: Token<'s>, span: Span) -> Span {
        let mut depth = 0_usize;
        let mut token = first;
        loop {
            match token {
                Token::ObjectStart | Token::ArrayStart => depth += 1,
                Token::ObjectEnd | Token::ArrayEnd => depth = depth.saturating_sub(1),
                Token::End => depth = 0,
                _ => {}
            }
            if depth == 0 {
                return Span::new(span.start as usize, self.at);
            }
            (token, _) = self.next();
        }
    }
}

/// Appends one step of a JSON Pointer (RFC 6901).
pub(crate) fn push_pointer(path: &mut String, key: &[u8]) {
    path.push('/');
    for c in String::from_utf8_lossy(key).chars() {
        match c {
            '~' => path.push_str("~0"),
            '/' => path.push_str("~1"),
            c => path.push(c),
        }
    }
}

/// The JSON Pointer to the value whose first token stands at `offset`; reads the text from its start.
pub(crate) fn path_to(text: &[u8], offset: usize) -> String {
    /// An open container: the key or index of the member being read.
    enum Open<'s> {
        Object(Option<&'s [u8]>),
        Array(usize),
    }
    let mut reader = Reader::new(text, 0, text.len());
    let mut open: Vec<Open<'_>> = Vec::new();
    loop {
        let (token, span) = reader.next();
        if let (Some(Open::Object(key @ None)), Token::Str(raw)) = (open.last_mut(), token) {
            *key = Some(raw);
            continue;
        }
        if matches!(token, Token::End) || span.start as usize >= offset {
            break;
        }
        match token {
            Token::ObjectStart => open.push(Open::Object(None)),
            Token::ArrayStart => open.push(Open::Array(0)),
            _ => {
                if matches!(token, Token::ObjectEnd | Token::ArrayEnd) {
                    open.pop();
                }
                match open.last_mut() {
                    Some(Open::Object(key)) => *key = None,
                    Some(Open::Array(index)) => *index += 1,
                    None => {}
                }
            }
        }
    }
    let mut path = String::new();
    for step in open {
        match step {
            Open::Object(key) => push_pointer(&mut path, &key.map_or(Cow::Borrowed(&[][..]), unquote)),
            Open::Array(index) => push_pointer(&mut path, index.to_string().as_bytes()),
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_and_spans() {
        let text = br#" {"a\"": [1.5e+3, true,null]} "#;
        let mut reader = Reader::new(text, 0, text.len());
        let mut tokens = Vec::new();
        loop {
            let (token, span) = reader.next();
            if token == Token::End {
                break;
            }
            tokens.push((token, span.slice(text)));
        }
        assert_eq!(
            tokens,
            [
                (Token::ObjectStart, &b"{"[..]),
                (Token::Str(br#"a\""#), br#""a\"""#),
                (Token::ArrayStart, b"["),
                (Token::Number(b"1.5e+3"), b"1.5e+3"),
                (Token::Bool(true), b"true"),
                (Token::Null, b"null"),
                (Token::ArrayEnd, b"]"),
                (Token::ObjectEnd, b"}"),
            ]
        );
    }

    #[test]
    fn skipping_gives_the_whole_value() {
        let text = br#"[{"a":[1,{}]},2]"#;
        let mut reader = Reader::new(text, 1, text.len());
        let (token, span) = reader.next();
        assert_eq!(reader.skip(token, span).slice(text), br#"{"a":[1,{}]}"#);
        assert_eq!(reader.next().0, Token::Number(b"2"));
    }

    #[test]
    fn pointers() {
        let text = br#"{"x":[{"y":1},[0,{"a/b~":{"z":7}}]],"":9}"#;
        let at = |needle: &str| text.windows(needle.len()).position(|w| w == needle.as_bytes()).unwrap();
        assert_eq!(path_to(text, 0), "");
        assert_eq!(path_to(text, at("7")), "/x/1/1/a~1b~0/z");
        assert_eq!(path_to(text, at("9")), "/");
        assert_eq!(path_to(text, at("[0")), "/x/1");
    }
}
