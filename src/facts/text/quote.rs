use std::fmt::Write as _;

/// Go's `strconv.Quote`: in double quotes, with Go's escapes; a byte that is not UTF-8 as `\xNN`.
pub(crate) fn quote(text: &[u8]) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for chunk in text.utf8_chunks() {
        for c in chunk.valid().chars() {
            push_char(&mut out, c);
        }
        for byte in chunk.invalid() {
            push_formatted(&mut out, format_args!("\\x{byte:02x}"));
        }
    }
    out.push('"');
    out
}

/// How Go's JSON errors show a byte: `encoding/json` `quoteChar`, which takes the byte for a code point.
pub(crate) fn quote_char(byte: u8) -> String {
    match byte {
        b'\'' => r"'\''".to_owned(),
        b'"' => "'\"'".to_owned(),
        _ => {
            let mut out = String::from("'");
            push_char(&mut out, char::from(byte));
            out.push('\'');
            out
        }
    }
}

fn push_char(out: &mut String, c: char) {
    match c {
        '"' | '\\' => {
            out.push('\\');
            out.push(c);
        }
        '\u{7}' => out.push_str("\\a"),
        '\u{8}' => out.push_str("\\b"),
        '\u{c}' => out.push_str("\\f"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\u{b}' => out.push_str("\\v"),
        c if is_print(c) => out.push(c),
        c if (c as u32) < 0x20 || c == '\u{7f}' => push_formatted(out, format_args!("\\x{:02x}", c as u32)),
        c if (c as u32) < 0x10000 => push_formatted(out, format_args!("\\u{:04x}", c as u32)),
        c => push_formatted(out, format_args!("\\U{:08x}", c as u32)),
    }
}

fn push_formatted(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing into a String cannot fail.
    let _ = out.write_fmt(text);
}

/// Go's `strconv.IsPrint`: letters, marks, numbers, punctuation, symbols, and the ASCII space.
///
/// The standard library knows the same set as what `escape_debug` leaves alone; marks it escapes at
/// the start of a string only, hence the letter in front.
fn is_print(c: char) -> bool {
    if c.is_ascii() {
        return (' '..='~').contains(&c);
    }
    let mut buffer = [b'a', 0, 0, 0, 0];
    let Some(tail) = buffer.get_mut(1..) else { return false };
    let len = 1 + c.encode_utf8(tail).len();
    let text = buffer.get(..len).and_then(|b| std::str::from_utf8(b).ok()).unwrap_or_default();
    text.escape_debug().nth(1) == Some(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_go_quotes() {
        assert_eq!(quote(b"a\"b\\c"), r#""a\"b\\c""#);
        assert_eq!(quote(b"\x07\x08\x0c\n\r\t\x0b\x00\x1f\x7f"), r#""\a\b\f\n\r\t\v\x00\x1f\x7f""#);
        assert_eq!(quote(b"\xff\xe2\x82"), r#""\xff\xe2\x82""#);
        assert_eq!(quote("é\u{301}日😀'".as_bytes()), "\"é\u{301}日😀'\"");
        assert_eq!(
            quote("\u{a0}\u{ad}\u{200b}\u{2028}\u{feff}".as_bytes()),
            r#""\u00a0\u00ad\u200b\u2028\ufeff""#
        );
        assert_eq!(quote("\u{e0001}".as_bytes()), r#""\U000e0001""#);
        // A replacement character that is really there is printed.
        assert_eq!(quote("\u{fffd}".as_bytes()), "\"\u{fffd}\"");
    }

    #[test]
    fn a_byte_is_taken_for_a_code_point() {
        assert_eq!(quote_char(b'\''), r"'\''");
        assert_eq!(quote_char(b'"'), "'\"'");
        assert_eq!(quote_char(b'\\'), r"'\\'");
        assert_eq!(quote_char(0xe2), "'â'");
        assert_eq!(quote_char(0x80), r"'\u0080'");
        assert_eq!(quote_char(0), r"'\x00'");
    }
}
