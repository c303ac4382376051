use super::nesting::Nesting;
use super::plain::plain_end;
use super::scan::SyntaxError;
use super::token::{Literal, Spelling, Token};
use crate::facts::text::quote_char;
use crate::source::Span;

/// Go's `maxNestingDepth`.
const MAX_DEPTH: usize = 10_000;

/// How much of a text there is to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// One value and nothing behind it, as `json.Unmarshal` has it.
    Whole,
    /// The first value, whatever follows, as `json.Decoder.Decode` has it.
    First,
}

/// What may come next, between tokens.
#[derive(Clone, Copy, Debug)]
enum Expect {
    Value,
    ValueOrEnd,
    Key,
    KeyOrEnd,
    AfterKey,
    AfterValue,
    /// All is read, or cannot be.
    Nothing,
}

/// Reads the tokens of a text and checks its syntax on the way: `encoding/json` `scanner.go`, message for message.
/// Commas and colons are not told. From the first error on there is nothing but [`Token::End`].
///
/// Bytes are not checked to be UTF-8, since Go does not either.
#[derive(Clone, Debug)]
pub(crate) struct Reader<'s> {
    text: &'s [u8],
    at: usize,
    extent: Extent,
    expect: Expect,
    open: Nesting,
    deepest: usize,
    error: Option<SyntaxError>,
}

impl<'s> Reader<'s> {
    /// A reader of `text[start..end]`.
    pub(crate) fn new(text: &'s [u8], start: usize, end: usize) -> Self {
        Self::of(text, start, end, Extent::Whole)
    }

    pub(crate) fn of(text: &'s [u8], start: usize, end: usize, extent: Extent) -> Self {
        let end = end.min(text.len());
        Self {
            text: text.get(..end).unwrap_or_default(),
            at: start.min(end),
            extent,
            expect: Expect::Value,
            open: Nesting::default(),
            deepest: 0,
            error: None,
        }
    }

    /// How many bytes there are to read.
    pub(crate) fn left(&self) -> usize {
        self.text.len().saturating_sub(self.at)
    }

    /// Offset just behind the token read last.
    pub(crate) fn position(&self) -> usize {
        self.at
    }

    /// The text from `start` to just behind the token read last.
    pub(crate) fn since(&self, start: usize) -> &'s [u8] {
        self.text.get(start..self.at).unwrap_or_default()
    }

    /// Reads what is left. Gives the deepest nesting of it all.
    ///
    /// # Errors
    /// The first offending byte, whenever it was met.
    pub(crate) fn finish(&mut self) -> Result<usize, SyntaxError> {
        while self.next().0 != Token::End {}
        self.error.take().map_or(Ok(self.deepest), Err)
    }

    /// The next token and where it stands (a string with its quotes). Short where a comma and a string follow a value.
    #[inline(always)]
    pub(crate) fn next(&mut self) -> (Token<'s>, Span) {
        if let (Expect::AfterValue, Some([b',', b'"', ..])) = (self.expect, self.text.get(self.at..))
            && let Some(object) = self.open.is_object()
        {
            self.at += 1;
            if object {
                self.expect = Expect::AfterKey;
            }
            let start = self.at;
            return (self.string(), Span::new(start, self.at));
        }
        let (token, start) = self.read();
        (token, Span::new(start, self.at))
    }

    /// The token behind a key: the same as [`Reader::next`] there, and short where no white space is in between.
    #[inline(always)]
    pub(crate) fn value_after_key(&mut self) -> (Token<'s>, Span) {
        if let (Expect::AfterKey, Some([b':', c, ..])) = (self.expect, self.text.get(self.at..))
            && *c > b' '
        {
            self.at += 1;
            let start = self.at;
            return (self.value(*c), Span::new(start, self.at));
        }
        self.next()
    }

    /// The next key, if it has `len` bytes that are what is asked for and there is no white space in front of it: the same as
    /// [`Reader::next`] there. What is asked for must need no escapes.
    #[inline]
    pub(crate) fn key_if(&mut self, len: usize, is: impl FnOnce(&[u8]) -> bool) -> Option<(&'s [u8], Span)> {
        let (rest, start) = match (self.expect, self.text.get(self.at..)?) {
            (Expect::AfterValue, [b',', b'"', rest @ ..]) if self.open.is_object() == Some(true) => {
                (rest, self.at + 1)
            }
            (Expect::KeyOrEnd, [b'"', rest @ ..]) => (rest, self.at),
            _ => return None,
        };
        let (raw, rest) = rest.split_at_checked(len)?;
        if rest.first() != Some(&b'"') || !is(raw) {
            return None;
        }
        self.at = start + len + 2;
        self.expect = Expect::AfterKey;
        Some((raw, Span::new(start, self.at)))
    }

    fn read(&mut self) -> (Token<'s>, usize) {
        let ended = matches!(self.expect, Expect::AfterValue) && self.open.is_empty();
        if matches!(self.expect, Expect::Nothing) || (ended && self.extent == Extent::First) {
            return (Token::End, self.at);
        }
        let Some(mut c) = self.skip_space() else { return (self.end(ended), self.at) };
        match self.expect {
            Expect::AfterKey => {
                if c != b':' {
                    return (self.refuse(c, "after object key"), self.at);
                }
                self.at += 1;
                self.expect = Expect::Value;
            }
            Expect::AfterValue => match (self.open.is_object(), c) {
                (None, _) => return (self.refuse(c, "after top-level value"), self.at),
                (Some(true), b'}') | (Some(false), b']') => return self.close(c),
                (Some(object), b',') => {
                    self.at += 1;
                    self.expect = if object { Expect::Key } else { Expect::Value };
                }
                (Some(true), _) => return (self.refuse(c, "after object key:value pair"), self.at),
                (Some(false), _) => return (self.refuse(c, "after array element"), self.at),
            },
            Expect::Value | Expect::ValueOrEnd | Expect::Key | Expect::KeyOrEnd | Expect::Nothing => {
                return self.member(c);
            }
        }
        match self.skip_space() {
            Some(next) => c = next,
            None => return (self.end(false), self.at),
        }
        self.member(c)
    }

    /// A key or a value, or the end of an empty container.
    #[inline]
    fn member(&mut self, c: u8) -> (Token<'s>, usize) {
        let start = self.at;
        match (self.expect, c) {
            (Expect::ValueOrEnd, b']') | (Expect::KeyOrEnd, b'}') => self.close(c),
            (Expect::Key | Expect::KeyOrEnd, b'"') => {
                self.expect = Expect::AfterKey;
                (self.string(), start)
            }
            (Expect::Key | Expect::KeyOrEnd, _) => {
                (self.refuse(c, "looking for beginning of object key string"), start)
            }
            _ => (self.value(c), start),
        }
    }

    // Tokens are large: what makes them is small enough to become part of what looks at them.
    #[inline(always)]
    fn value(&mut self, c: u8) -> Token<'s> {
        let or_end = |read: bool, token: Token<'s>| if read { token } else { Token::End };
        let start = self.at;
        self.expect = Expect::AfterValue;
        match c {
            b'"' => self.string(),
            b'{' => or_end(self.open(true), Token::ObjectStart),
            b'[' => or_end(self.open(false), Token::ArrayStart),
            b'-' | b'0'..=b'9' => or_end(self.number_end(), Token::Number(self.since(start))),
            b't' => or_end(self.literal("true"), Token::Bool(true)),
            b'f' => or_end(self.literal("false"), Token::Bool(false)),
            b'n' => or_end(self.literal("null"), Token::Null),
            _ => self.refuse(c, "looking for beginning of value"),
        }
    }

    #[inline(always)]
    fn string(&mut self) -> Token<'s> {
        let start = self.at;
        match self.string_end() {
            Some(spelling) => {
                let raw = self.text.get(start + 1..self.at - 1).unwrap_or_default();
                Token::Str(Literal { raw, spelling })
            }
            None => Token::End,
        }
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    /// The byte behind white space.
    #[inline]
    fn skip_space(&mut self) -> Option<u8> {
        loop {
            match self.peek() {
                Some(b' ' | b'\t' | b'\r' | b'\n') => self.at += 1,
                other => return other,
            }
        }
    }

    /// Opens a container, unless it lies too deep.
    fn open(&mut self, object: bool) -> bool {
        self.open.push(object);
        self.deepest = self.deepest.max(self.open.depth());
        if self.open.depth() > MAX_DEPTH {
            self.refuse(if object { b'{' } else { b'[' }, "exceeded max depth");
            return false;
        }
        self.at += 1;
        self.expect = if object { Expect::KeyOrEnd } else { Expect::ValueOrEnd };
        true
    }

    fn close(&mut self, c: u8) -> (Token<'s>, usize) {
        let start = self.at;
        self.open.pop();
        self.at += 1;
        self.expect = Expect::AfterValue;
        (if c == b'}' { Token::ObjectEnd } else { Token::ArrayEnd }, start)
    }

    /// Reads a word; whether it is there.
    #[inline(always)]
    fn literal(&mut self, word: &str) -> bool {
        let rest = self.text.get(self.at..).unwrap_or_default();
        if rest.starts_with(word.as_bytes()) {
            self.at += word.len();
            return true;
        }
        self.misspelt(word);
        false
    }

    #[cold]
    fn misspelt(&mut self, word: &str) {
        for expected in word.bytes() {
            let c = self.here();
            if c != expected {
                let context = format!("in literal {word} (expecting '{}')", char::from(expected));
                self.refuse(c, &context);
                return;
            }
            self.at += 1;
        }
    }

    /// Reads a string; `None` if it is none.
    fn string_end(&mut self) -> Option<Spelling> {
        self.at += 1;
        let mut spelling = Spelling::Plain;
        loop {
            self.at = plain_end(self.text, self.at);
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    spelling = Spelling::Escaped;
                    if let Err((c, context)) = self.escape() {
                        self.refuse(c, context);
                        return None;
                    }
                }
                Some(c @ 0..0x20) => {
                    self.refuse(c, "in string literal");
                    return None;
                }
                Some(_) => {
                    spelling = Spelling::Escaped;
                    self.at += 1;
                }
                None => {
                    self.end(false);
                    return None;
                }
            }
        }
        self.at += 1;
        Some(spelling)
    }

    fn escape(&mut self) -> Result<(), (u8, &'static str)> {
        self.at += 1;
        match self.here() {
            b'b' | b'f' | b'n' | b'r' | b't' | b'\\' | b'/' | b'"' => self.at += 1,
            b'u' => {
                self.at += 1;
                for _ in 0..4 {
                    let c = self.here();
                    if !c.is_ascii_hexdigit() {
                        return Err((c, "in \\u hexadecimal character escape"));
                    }
                    self.at += 1;
                }
            }
            c => return Err((c, "in string escape code")),
        }
        Ok(())
    }

    /// Reads a number; whether it is one.
    fn number_end(&mut self) -> bool {
        match self.number_parts() {
            Ok(()) => true,
            Err((c, context)) => {
                self.refuse(c, context);
                false
            }
        }
    }

    fn number_parts(&mut self) -> Result<(), (u8, &'static str)> {
        if self.here() == b'-' {
            self.at += 1;
        }
        match self.here() {
            b'0' => self.at += 1,
            b'1'..=b'9' => self.digits(),
            c => return Err((c, "in numeric literal")),
        }
        if self.here() == b'.' {
            self.at += 1;
            self.some_digits("after decimal point in numeric literal")?;
        }
        if matches!(self.here(), b'e' | b'E') {
            self.at += 1;
            if matches!(self.here(), b'+' | b'-') {
                self.at += 1;
            }
            self.some_digits("in exponent of numeric literal")?;
        }
        Ok(())
    }

    fn some_digits(&mut self, context: &'static str) -> Result<(), (u8, &'static str)> {
        let c = self.here();
        if !c.is_ascii_digit() {
            return Err((c, context));
        }
        self.digits();
        Ok(())
    }

    fn digits(&mut self) {
        while self.here().is_ascii_digit() {
            self.at += 1;
        }
    }

    /// The byte at hand inside a token. At the end Go's scanner is fed a space to learn whether the
    /// token is complete, so a text cut off within one complains about that space.
    fn here(&self) -> u8 {
        self.peek().unwrap_or(b' ')
    }

    #[cold]
    fn refuse(&mut self, c: u8, context: &str) -> Token<'s> {
        let end = (self.at + 1).min(self.text.len());
        self.fail(SyntaxError {
            message: format!("invalid character {} {context}", quote_char(c)),
            span: Span::new(self.at.min(end), end),
        })
    }

    /// There is no more text, which is an error unless it is `complete`.
    #[cold]
    fn end(&mut self, complete: bool) -> Token<'s> {
        self.expect = Expect::Nothing;
        if complete {
            return Token::End;
        }
        let span = Span::point(self.text.len());
        self.fail(SyntaxError { message: "unexpected end of JSON input".to_owned(), span })
    }

    fn fail(&mut self, error: SyntaxError) -> Token<'s> {
        self.expect = Expect::Nothing;
        self.error = Some(error);
        Token::End
    }

    /// Reads the rest of the value that begins with `first`, which stands at `span`; gives the span of it all.
    pub(crate) fn skip(&mut self, first: Token<'s>, span: Span) -> Span {
        if matches!(first, Token::ObjectStart | Token::ArrayStart) {
            let inside = self.open.depth();
            while self.open.depth() >= inside && self.next().0 != Token::End {}
        }
        Span::new(span.start as usize, self.at)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::FileFailurePersistence;

    use super::*;
    use crate::facts::json::unquote;

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
                (Token::Str(Literal { raw: br#"a\""#, spelling: Spelling::Escaped }), br#""a\"""#),
                (Token::ArrayStart, b"["),
                (Token::Number(b"1.5e+3"), b"1.5e+3"),
                (Token::Bool(true), b"true"),
                (Token::Null, b"null"),
                (Token::ArrayEnd, b"]"),
                (Token::ObjectEnd, b"}"),
            ]
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: 4_000,
            failure_persistence: Some(Box::new(FileFailurePersistence::Direct("tests/regressions/reader.txt"))),
            ..ProptestConfig::default()
        })]

        /// The short ways lead where the long one does: to the same tokens at the same places, and to the same error.
        #[test]
        fn short_ways_are_the_long_one(
            pieces in prop::collection::vec(prop::sample::select(PIECES.to_vec()), 0..24),
            choices in prop::collection::vec(0..3_u8, 64),
        ) {
            let text = pieces.concat();
            let text = text.as_bytes();
            let (mut short, mut long) = (Reader::new(text, 0, text.len()), Reader::new(text, 0, text.len()));
            for choice in choices {
                let key = if choice == 0 { short.key_if(1, |key| key == b"a") } else { None };
                let (token, span) = match key {
                    Some((raw, span)) => (Token::Str(Literal { raw, spelling: Spelling::Plain }), span),
                    None if choice == 1 => short.value_after_key(),
                    None => short.next(),
                };
                let (expected, start) = long.read();
                prop_assert_eq!((token, span), (expected, Span::new(start, long.position())));
            }
            prop_assert_eq!(short.finish(), long.finish());
        }
    }

    const PIECES: [&str; 16] = [
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        " ",
        "\"a\"",
        "\"a",
        "\"\\u0061\"",
        "\"ab\"",
        "\"\"",
        "0",
        "true",
        "{\"a\":",
        ",\"a\":1",
    ];

    #[test]
    fn what_is_plain_is_its_own_value() {
        for (text, plain) in
            [("\"a b~\"", true), ("\"\"", true), ("\"é\"", false), (r#""a long text, \n""#, false)]
        {
            let Token::Str(literal) = Reader::new(text.as_bytes(), 0, text.len()).next().0 else { panic!() };
            assert_eq!(literal.plain().is_some(), plain, "{text}");
            assert_eq!(literal.text(), unquote(literal.raw), "{text}");
        }
    }

    #[test]
    fn skipping_gives_the_whole_value() {
        let text = br#"[{"a":[1,{}]},2]"#;
        let mut reader = Reader::new(text, 0, text.len());
        reader.next();
        let (token, span) = reader.next();
        assert_eq!(reader.skip(token, span).slice(text), br#"{"a":[1,{}]}"#);
        assert_eq!(reader.next().0, Token::Number(b"2"));
    }
}
