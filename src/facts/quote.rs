/// Go's `%q`: `strconv.Quote` of a string of bytes.
///
/// What Go calls printable and what Rust does differ on characters newer than either's tables; those appear in no
/// message of the originals.
#[must_use]
pub fn quote(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().saturating_add(2));
    out.push('"');
    for chunk in bytes.utf8_chunks() {
        chunk.valid().chars().for_each(|c| quote_char(c, &mut out));
        for byte in chunk.invalid() {
            out.push_str(&format!("\\x{byte:02x}"));
        }
    }
    out.push('"');
    out
}

fn quote_char(c: char, out: &mut String) {
    let short = match c {
        '\x07' => Some('a'),
        '\x08' => Some('b'),
        '\x0c' => Some('f'),
        '\n' => Some('n'),
        '\r' => Some('r'),
        '\t' => Some('t'),
        '\x0b' => Some('v'),
        '\\' => Some('\\'),
        '"' => Some('"'),
        _ => None,
    };
    if let Some(letter) = short {
        out.push('\\');
        out.push(letter);
        return;
    }
    let code = u32::from(c);
    // A letter in front, because Rust escapes a combining mark at the start of a string and Go never does.
    let printable = c == '\'' || ['a', c].iter().collect::<String>().escape_debug().count() == 2;
    match code {
        _ if printable => out.push(c),
        0..0x80 => out.push_str(&format!("\\x{code:02x}")),
        0x80..0x1_0000 => out.push_str(&format!("\\u{code:04x}")),
        _ => out.push_str(&format!("\\U{code:08x}")),
    }
}

#[cfg(test)]
mod tests {
    use super::quote;

    #[test]
    fn quotes_as_go_does() {
        for (bytes, quoted) in [
            (&b"a b"[..], r#""a b""#),
            (b"\"\\'", r#""\"\\'""#),
            (b"\n\r\t\x07\x08\x0b\x0c\0\x7f", r#""\n\r\t\a\b\v\f\x00\x7f""#),
            ("é\u{301}日\u{a0}\u{200b}".as_bytes(), "\"é\u{301}日\\u00a0\\u200b\""),
            ("\u{e0001}".as_bytes(), r#""\U000e0001""#),
            (b"a\xffb", r#""a\xffb""#),
        ] {
            assert_eq!(quote(bytes), quoted);
        }
    }
}
