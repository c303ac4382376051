//! The syntax check of a text by itself.

use super::reader::{Extent, Reader};
use crate::source::Span;

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
    Reader::new(text, 0, text.len()).finish().map(|_| ())
}

/// Checks the first value of a text and nothing behind it; where that ends.
///
/// # Errors
/// As [`check_syntax`]; see [`of_first`].
pub(crate) fn scan_first(text: &[u8]) -> Result<usize, SyntaxError> {
    let mut reader = Reader::of(text, 0, text.len(), Extent::First);
    reader.finish().map(|_| reader.position()).map_err(|error| of_first(error, text))
}

/// An error in the first value of a text as `json.Decoder.Decode` has it (`stream.go` `readValue`): a text that stops too
/// early is told as such, wherever it stops.
pub(crate) fn of_first(error: SyntaxError, text: &[u8]) -> SyntaxError {
    if error.span.range().start < text.len() {
        return error;
    }
    SyntaxError { message: "unexpected EOF".to_owned(), span: error.span }
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
        let end = |text: &str| scan_first(text.as_bytes()).map_err(|e| e.message);
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
