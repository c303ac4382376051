use std::borrow::Cow;

/// U+FFFD in UTF-8.
const REPLACEMENT: &[u8] = "\u{fffd}".as_bytes();

/// The value of a string literal whose text between the quotes is `raw`: `encoding/json` `unquoteBytes`.
///
/// Lone surrogates become U+FFFD, and so does *each byte* of an ill-formed UTF-8 sequence (where
/// `String::from_utf8_lossy` would put one for several). The literal has passed the syntax check.
pub(crate) fn unquote(raw: &[u8]) -> Cow<'_, [u8]> {
    if !raw.contains(&b'\\') && (raw.is_ascii() || std::str::from_utf8(raw).is_ok()) {
        return Cow::Borrowed(raw);
    }
    let mut out = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.iter().position(|b| *b == b'\\') {
        let (plain, escape) = rest.split_at_checked(at).unwrap_or((rest, &[]));
        push_utf8(&mut out, plain);
        rest = push_escape(&mut out, escape);
    }
    push_utf8(&mut out, rest);
    Cow::Owned(out)
}

/// Appends text without escapes, mending what is not UTF-8.
fn push_utf8(out: &mut Vec<u8>, mut bytes: &[u8]) {
    while let Err(error) = std::str::from_utf8(bytes) {
        let (good, bad) = bytes.split_at_checked(error.valid_up_to()).unwrap_or((bytes, &[]));
        out.extend_from_slice(good);
        out.extend_from_slice(REPLACEMENT);
        bytes = bad.get(1..).unwrap_or_default();
    }
    out.extend_from_slice(bytes);
}

/// Appends the character of the escape at the start of `text`; gives what follows it.
fn push_escape<'t>(out: &mut Vec<u8>, text: &'t [u8]) -> &'t [u8] {
    let Some(kind) = text.get(1) else { return &[] };
    let plain = match kind {
        b'b' => 0x08,
        b'f' => 0x0c,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'u' => return push_unicode(out, text),
        other => *other,
    };
    out.push(plain);
    text.get(2..).unwrap_or_default()
}

fn push_unicode<'t>(out: &mut Vec<u8>, text: &'t [u8]) -> &'t [u8] {
    let after = text.get(6..).unwrap_or_default();
    let unit = hex4(text).unwrap_or(0xfffd);
    let (c, after) = match (unit, hex4(after)) {
        (0xd800..=0xdbff, Some(low @ 0xdc00..=0xdfff)) => {
            let code = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
            (char::from_u32(code), after.get(6..).unwrap_or_default())
        }
        // A lone surrogate is replaced; what follows is read on its own.
        _ => (char::from_u32(unit), after),
    };
    let mut buffer = [0; 4];
    out.extend_from_slice(c.unwrap_or('\u{fffd}').encode_utf8(&mut buffer).as_bytes());
    after
}

/// The code unit of a `\uXXXX` at the start of `text`: Go's `getu4`.
fn hex4(text: &[u8]) -> Option<u32> {
    let digits = text.strip_prefix(b"\\u")?.get(..4)?;
    digits.iter().try_fold(0, |n, d| Some(n * 16 + char::from(*d).to_digit(16)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_is_borrowed() {
        assert!(matches!(unquote("grün".as_bytes()), Cow::Borrowed(_)));
        assert!(matches!(unquote(b""), Cow::Borrowed(_)));
    }

    #[test]
    fn escapes() {
        assert_eq!(unquote(br#"\"\\\/\b\f\n\r\t"#).as_ref(), b"\"\\/\x08\x0c\n\r\t");
        assert_eq!(unquote(br"a\u00e9\u0041b").as_ref(), "aéAb".as_bytes());
        assert_eq!(unquote(br"\ud83d\ude00").as_ref(), "😀".as_bytes());
    }

    #[test]
    fn lone_surrogates_are_replaced_one_by_one() {
        assert_eq!(unquote(br"\ud83dx").as_ref(), "\u{fffd}x".as_bytes());
        assert_eq!(unquote(br"\ude00\ud83d").as_ref(), "\u{fffd}\u{fffd}".as_bytes());
        assert_eq!(unquote(br"\ud83d\u0041").as_ref(), "\u{fffd}A".as_bytes());
        assert_eq!(unquote(br"\ud83d\ud83d\ude00").as_ref(), "\u{fffd}😀".as_bytes());
        assert_eq!(unquote(br"\ud83d\n").as_ref(), "\u{fffd}\n".as_bytes());
    }

    #[test]
    fn each_ill_formed_byte_is_replaced() {
        assert_eq!(unquote(b"\xe2\x82").as_ref(), "\u{fffd}\u{fffd}".as_bytes());
        assert_eq!(unquote(b"a\xff\xfeb").as_ref(), "a\u{fffd}\u{fffd}b".as_bytes());
        assert_eq!(unquote(b"\xed\xa0\x80\\n").as_ref(), "\u{fffd}\u{fffd}\u{fffd}\n".as_bytes());
    }

    #[test]
    fn even_a_broken_literal_is_survived() {
        for raw in [&b"\\"[..], b"\\u", b"\\u12", b"\\uzzzz", b"\\ud83d\\u"] {
            unquote(raw);
        }
    }
}
