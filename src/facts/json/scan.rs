//! The syntax check of a whole text: `encoding/json` `checkValid` and `scanner.go`, message for message.

use super::plain::plain_prefix;
use crate::facts::text::quote_char;
use crate::source::Span;

/// Go's `maxNestingDepth`.
const MAX_DEPTH: usize = 10_000;

/// A text that is not JSON, in Go's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SyntaxError {
    /// As `encoding/json` prints it.
    pub message: String,
    /// The offending byte; an empty span at the end if the text stops too early.
    pub span: Span,
}

/// Checks that `text` is exactly one JSON value, as Go's `json.Unmarshal` does before it decodes anything.
///
/// Bytes are not checked to be UTF-8, since Go does not either.
///
/// # Errors
/// The first offending byte, with the message of Go 1.21 (`encoding/json/scanner.go`).
///
/// ```
/// let error = plimsoll::facts::check_syntax(b"{\"a\": 1,}").unwrap_err();
/// assert_eq!(error.message, "invalid character '}' looking for beginning of object key string");
/// assert_eq!(error.span.range(), 8..9);
/// ```
pub fn check_syntax(text: &[u8]) -> Result<(), SyntaxError> {
    scan(text, 0, text.len()).map(|_| ())
}

/// Checks `text[start..end]`; spans are offsets into `text`. Gives the deepest nesting.
pub(crate) fn scan(text: &[u8], start: usize, end: usize) -> Result<usize, SyntaxError> {
    scanner(text, start, end).run(false)
}

fn scanner(text: &[u8], start: usize, end: usize) -> Scanner<'_> {
    let end = end.min(text.len());
    Scanner { text: text.get(..end).unwrap_or_default(), at: start.min(end), open: Vec::new(), deepest: 0 }
}

/// The first JSON value of a text, and where it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FirstValue {
    /// Where the value ends.
    pub(crate) end: usize,
    /// The deepest nesting.
    pub(crate) depth: usize,
}

/// Checks the first value of a text and nothing behind it, as `json.Decoder.Decode` does (`stream.go` `readValue`):
/// a text that stops too early is told as such, wherever it stops.
pub(crate) fn scan_first(text: &[u8]) -> Result<FirstValue, SyntaxError> {
    let mut scanner = scanner(text, 0, text.len());
    match scanner.run(true) {
        Ok(depth) => Ok(FirstValue { end: scanner.at, depth }),
        Err(error) if error.span.range().start >= text.len() => {
            Err(SyntaxError { message: "unexpected EOF".to_owned(), span: error.span })
        }
        Err(error) => Err(error),
    }
}

/// What may come next, between tokens.
#[derive(Clone, Copy)]
enum Expect {
    Value,
    ValueOrEnd,
    Key,
    KeyOrEnd,
    AfterKey,
    AfterValue,
}

struct Scanner<'t> {
    text: &'t [u8],
    at: usize,
    /// One flag per open container: whether it is an object.
    open: Vec<bool>,
    deepest: usize,
}

impl Scanner<'_> {
    /// Checks the text, or its `first` value alone. Gives the deepest nesting.
    fn run(&mut self, first: bool) -> Result<usize, SyntaxError> {
        let mut expect = Expect::Value;
        loop {
            if first && matches!(expect, Expect::AfterValue) && self.open.is_empty() {
                return Ok(self.deepest);
            }
            self.skip_space();
            let Some(c) = self.peek() else {
                let complete = matches!(expect, Expect::AfterValue) && self.open.is_empty();
                return if complete { Ok(self.deepest) } else { Err(self.ends_early()) };
            };
            expect = match expect {
                Expect::ValueOrEnd if c == b']' => self.close(),
                Expect::Value | Expect::ValueOrEnd => self.value(c)?,
                Expect::KeyOrEnd if c == b'}' => self.close(),
                Expect::Key | Expect::KeyOrEnd => {
                    if c != b'"' {
                        return Err(self.error(c, "looking for beginning of object key string"));
                    }
                    self.string()?;
                    Expect::AfterKey
                }
                Expect::AfterKey => {
                    if c != b':' {
                        return Err(self.error(c, "after object key"));
                    }
                    self.at += 1;
                    Expect::Value
                }
                Expect::AfterValue => self.after_value(c)?,
            };
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\r' | b'\n') = self.peek() {
            self.at += 1;
        }
    }

    fn close(&mut self) -> Expect {
        self.open.pop();
        self.at += 1;
        Expect::AfterValue
    }

    fn after_value(&mut self, c: u8) -> Result<Expect, SyntaxError> {
        let Some(object) = self.open.last().copied() else {
            return Err(self.error(c, "after top-level value"));
        };
        Ok(match (object, c) {
            (true, b'}') | (false, b']') => self.close(),
            (_, b',') => {
                self.at += 1;
                if object { Expect::Key } else { Expect::Value }
            }
            (true, _) => return Err(self.error(c, "after object key:value pair")),
            (false, _) => return Err(self.error(c, "after array element")),
        })
    }

    fn value(&mut self, c: u8) -> Result<Expect, SyntaxError> {
        match c {
            b'{' | b'[' => {
                self.open.push(c == b'{');
                self.deepest = self.deepest.max(self.open.len());
                if self.open.len() > MAX_DEPTH {
                    return Err(self.error(c, "exceeded max depth"));
                }
                self.at += 1;
                return Ok(if c == b'{' { Expect::KeyOrEnd } else { Expect::ValueOrEnd });
            }
            b'"' => self.string()?,
            b'-' | b'0'..=b'9' => self.number()?,
            b't' => self.literal("true")?,
            b'f' => self.literal("false")?,
            b'n' => self.literal("null")?,
            _ => return Err(self.error(c, "looking for beginning of value")),
        }
        Ok(Expect::AfterValue)
    }

    fn literal(&mut self, word: &str) -> Result<(), SyntaxError> {
        self.at += 1;
        for expected in word.bytes().skip(1) {
            let c = self.here();
            if c != expected {
                let context = format!("in literal {word} (expecting '{}')", char::from(expected));
                return Err(self.error(c, &context));
            }
            self.at += 1;
        }
        Ok(())
    }

    fn string(&mut self) -> Result<(), SyntaxError> {
        self.at += 1;
        self.at += plain_prefix(self.text.get(self.at..).unwrap_or_default());
        loop {
            let Some(c) = self.peek() else { return Err(self.ends_early()) };
            match c {
                b'"' => {
                    self.at += 1;
                    return Ok(());
                }
                b'\\' => self.escape()?,
                0..0x20 => return Err(self.error(c, "in string literal")),
                _ => self.at += 1,
            }
        }
    }

    fn escape(&mut self) -> Result<(), SyntaxError> {
        self.at += 1;
        match self.here() {
            b'b' | b'f' | b'n' | b'r' | b't' | b'\\' | b'/' | b'"' => self.at += 1,
            b'u' => {
                self.at += 1;
                for _ in 0..4 {
                    let c = self.here();
                    if !c.is_ascii_hexdigit() {
                        return Err(self.error(c, "in \\u hexadecimal character escape"));
                    }
                    self.at += 1;
                }
            }
            c => return Err(self.error(c, "in string escape code")),
        }
        Ok(())
    }

    fn number(&mut self) -> Result<(), SyntaxError> {
        if self.here() == b'-' {
            self.at += 1;
        }
        match self.here() {
            b'0' => self.at += 1,
            b'1'..=b'9' => self.digits(),
            c => return Err(self.error(c, "in numeric literal")),
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

    fn some_digits(&mut self, context: &str) -> Result<(), SyntaxError> {
        let c = self.here();
        if !c.is_ascii_digit() {
            return Err(self.error(c, context));
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

    fn error(&self, c: u8, context: &str) -> SyntaxError {
        let end = (self.at + 1).min(self.text.len());
        SyntaxError {
            message: format!("invalid character {} {context}", quote_char(c)),
            span: Span::new(self.at.min(end), end),
        }
    }

    fn ends_early(&self) -> SyntaxError {
        SyntaxError { message: "unexpected end of JSON input".to_owned(), span: Span::point(self.text.len()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(text: &[u8], message: &str, at: usize) {
        let error = check_syntax(text).unwrap_err();
        assert_eq!((error.message.as_str(), error.span.start as usize), (message, at));
    }

    #[test]
    fn messages_are_gos() {
        refused(b"", "unexpected end of JSON input", 0);
        refused(b"  ", "unexpected end of JSON input", 2);
        refused(b"{", "unexpected end of JSON input", 1);
        refused(b"[1,", "unexpected end of JSON input", 3);
        refused(b"\"abc", "unexpected end of JSON input", 4);
        refused(b"{\"a\":1,}", "invalid character '}' looking for beginning of object key string", 7);
        refused(b"// x", "invalid character '/' looking for beginning of value", 0);
        refused(b"[,]", "invalid character ',' looking for beginning of value", 1);
        refused(b"[1,]", "invalid character ']' looking for beginning of value", 3);
        refused(b"{}{", "invalid character '{' after top-level value", 2);
        refused(b"1 2", "invalid character '2' after top-level value", 2);
        refused(b"{\"a\" 1}", "invalid character '1' after object key", 5);
        refused(b"{\"a\":1 \"b\"}", "invalid character '\"' after object key:value pair", 7);
        refused(b"[1 2]", "invalid character '2' after array element", 3);
        refused(b"[1}", "invalid character '}' after array element", 2);
        refused(b"\"a\nb\"", "invalid character '\\n' in string literal", 2);
        refused(b"\"\x00\"", "invalid character '\\x00' in string literal", 1);
        refused(b"\"\\q\"", "invalid character 'q' in string escape code", 2);
        refused(b"\"\\u12g4\"", "invalid character 'g' in \\u hexadecimal character escape", 5);
        refused(b"tRue", "invalid character 'R' in literal true (expecting 'r')", 1);
        refused(b"falsy", "invalid character 'y' in literal false (expecting 'e')", 4);
        refused(b"nul!", "invalid character '!' in literal null (expecting 'l')", 3);
        refused(b"-a", "invalid character 'a' in numeric literal", 1);
        refused(b"01", "invalid character '1' after top-level value", 1);
        refused(b"1.x", "invalid character 'x' after decimal point in numeric literal", 2);
        refused(b"1e+", "invalid character ' ' in exponent of numeric literal", 3);
        refused(b"'a'", "invalid character '\\'' looking for beginning of value", 0);
        refused(b"\xe2\x80", "invalid character 'â' looking for beginning of value", 0);
        refused(b"\x85", "invalid character '\\u0085' looking for beginning of value", 0);
        refused(b"\xa0", "invalid character '\\u00a0' looking for beginning of value", 0);
        refused(b"\x7f", "invalid character '\\x7f' looking for beginning of value", 0);
    }

    #[test]
    fn a_text_cut_off_within_a_token_complains_about_a_space() {
        refused(b"tru", "invalid character ' ' in literal true (expecting 'e')", 3);
        refused(b"-", "invalid character ' ' in numeric literal", 1);
        refused(b"\"\\", "invalid character ' ' in string escape code", 2);
        refused(b"\"\\u1", "invalid character ' ' in \\u hexadecimal character escape", 4);
    }

    #[test]
    fn the_first_value_alone() {
        let end = |text: &str| scan_first(text.as_bytes()).map(|first| first.end).map_err(|e| e.message);
        assert_eq!(end(" {} {"), Ok(3));
        assert_eq!(end("{}]"), Ok(2));
        assert_eq!(end("12x"), Ok(2));
        assert_eq!(end("1"), Ok(1));
        assert_eq!(end("\"a\"b"), Ok(3));
        for cut in ["", " ", "{", "[1,", "tru", "-", "1e", "\"a", "\"\\", "\"\\u1"] {
            assert_eq!(end(cut), Err("unexpected EOF".to_owned()), "{cut}");
        }
        assert_eq!(
            end("{,"),
            Err("invalid character ',' looking for beginning of object key string".to_owned())
        );
    }

    #[test]
    fn json_is_accepted() {
        for text in ["null", " \t\r\n[]", "{}", "-0.0e-0", "\"\\u00e9\\\"\"", "{\"\":[{},[],1,\"\"]} "] {
            assert_eq!(check_syntax(text.as_bytes()), Ok(()), "{text}");
        }
        // Bytes that are not UTF-8 are none of the scanner's business.
        assert_eq!(check_syntax(b"\"\xff\x7f\""), Ok(()));
    }

    #[test]
    fn depth_ends_where_gos_does() {
        let nest = |n: usize| [vec![b'['; n], vec![b']'; n]].concat();
        assert_eq!(check_syntax(&nest(10_000)), Ok(()));
        refused(&nest(10_001), "invalid character '[' exceeded max depth", 10_000);
        refused(b"{{", "invalid character '{' looking for beginning of object key string", 1);
    }
}
