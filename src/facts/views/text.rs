use std::borrow::Cow;

use super::{ParamType, View, ViewField, ViewType, str_field, string};
use crate::facts::text::{decimal, ram_in_bytes, signed};

pub(super) const GO_LOWER: View = View {
    name: "go_lower",
    params: &[("text", ParamType::String)],
    fields: &[("text", ViewType::String, "the text in lower case")],
    doc: "A text in lower case as Go has it: every letter of Unicode by its simple mapping; bytes that are no UTF-8 become U+FFFD",
    source: "Go strings.ToLower",
    eval: |args, out| out.set([str_field(go_lower(string(args, 0)))]),
};

pub(super) const TRIM_SPACE: View = View {
    name: "trim_space",
    params: &[("text", ParamType::String)],
    fields: &[("text", ViewType::String, "the text without white space at its ends")],
    doc: "A text without the white space of Unicode at its ends",
    source: "Go strings.TrimSpace",
    eval: |args, out| out.set([str_field(trim_space(string(args, 0)))]),
};

pub(super) const RAM_SIZE: View = View {
    name: "ram_size",
    params: &[("text", ParamType::String)],
    fields: &[
        ("problem", ViewType::String, "what the parser says is wrong with it; empty if nothing is"),
        ("bytes", ViewType::Int, "the size; 0 if there is a problem"),
    ],
    doc: "A size of memory such as `64m` or `1.5 GiB`",
    source: "docker/go-units RAMInBytes",
    eval: |args, out| match ram_in_bytes(string(args, 0)) {
        Ok(bytes) => out.set([str_field(""), ViewField::Int(bytes)]),
        Err(problem) => out.set([str_field(problem), ViewField::Int(0)]),
    },
};

pub(super) const ATOI: View = View {
    name: "atoi",
    params: &[("text", ParamType::String)],
    fields: &[
        ("valid", ViewType::Bool, "whether it is a decimal number of 64 bits, with or without a sign"),
        ("value", ViewType::Int, "the number; 0 if it is none"),
    ],
    doc: "A number as Go reads it: no white space, no separators, leading zeros allowed",
    source: "Go strconv.Atoi",
    eval: |args, out| {
        let number = integer(string(args, 0), 64);
        out.set([ViewField::Bool(number.is_some()), ViewField::Int(number.unwrap_or_default())])
    },
};

/// Go's `strings.ToLower`.
pub(super) fn go_lower(text: &[u8]) -> Cow<'_, [u8]> {
    if text.iter().all(|b| b.is_ascii() && !b.is_ascii_uppercase()) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for chunk in text.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                // The one letter whose full mapping has two characters; Go uses simple mappings.
                '\u{130}' => out.push('i'),
                c => out.extend(c.to_lowercase()),
            }
        }
        out.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    Cow::Owned(out.into_bytes())
}

/// Go's `strings.TrimSpace`.
pub(crate) fn trim_space(text: &[u8]) -> &[u8] {
    let mut rest = text;
    // Only whole characters are cut off, so a byte that is no UTF-8 stops the trimming on its side.
    while let Some(len) = first_char(rest).filter(|c| c.is_whitespace()).map(char::len_utf8) {
        rest = rest.get(len..).unwrap_or_default();
    }
    while let Some(len) = last_char(rest).filter(|c| c.is_whitespace()).map(char::len_utf8) {
        rest = rest.get(..rest.len().saturating_sub(len)).unwrap_or_default();
    }
    rest
}

fn first_char(text: &[u8]) -> Option<char> {
    let head = text.get(..text.len().min(4)).unwrap_or_default();
    head.utf8_chunks().next()?.valid().chars().next()
}

fn last_char(text: &[u8]) -> Option<char> {
    (1..=4.min(text.len())).find_map(|len| {
        let tail = text.get(text.len().checked_sub(len)?..)?;
        std::str::from_utf8(tail).ok()?.chars().next()
    })
}

/// The value of a decimal integer with an optional sign, as Go's `strconv.ParseInt(text, 10, bits)` reads it.
pub(super) fn integer(text: &[u8], bits: u32) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    let value = signed(negative, decimal(digits)?)?;
    match bits {
        32 => i32::try_from(value).ok().map(i64::from),
        _ => Some(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lower_case_is_gos() {
        for (text, lower) in [
            (&b"INFO"[..], &b"info"[..]),
            ("\u{130}NFO".as_bytes(), b"info"),
            ("\u{212a}".as_bytes(), b"k"),
            ("ÀΣ".as_bytes(), "àσ".as_bytes()),
            (b"A\xff", "a\u{fffd}".as_bytes()),
        ] {
            assert_eq!(go_lower(text), lower);
        }
    }

    #[test]
    fn white_space_is_unicodes() {
        for (text, trimmed) in [
            (&b" \t a b\n"[..], &b"a b"[..]),
            ("\u{a0}\u{2028}x\u{85}".as_bytes(), b"x"),
            (b"\xa0x", b"\xa0x"),
            (b" \xff ", b"\xff"),
            (b"  ", b""),
        ] {
            assert_eq!(trim_space(text), trimmed);
        }
    }

    #[test]
    fn integers_are_gos() {
        assert_eq!(integer(b"-1", 64), Some(-1));
        assert_eq!(integer(b"+007", 32), Some(7));
        assert_eq!(integer(b"2147483648", 32), None);
        assert_eq!(integer(b"9223372036854775808", 64), None);
        for text in [&b""[..], b"-", b"1_0", b" 1", b"0x1", b"+-1"] {
            assert_eq!(integer(text, 64), None);
        }
    }
}
