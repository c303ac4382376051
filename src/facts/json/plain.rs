//! The bytes of strings that need no second look, eight at a time.

const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// Whether some byte of the word is zero. Bytes above one that is may be taken for zero as well.
const fn has_zero(word: u64) -> bool {
    word.wrapping_sub(LOW) & !word & HIGH != 0
}

const fn has(word: u64, byte: u8) -> bool {
    has_zero(word ^ (LOW * byte as u64))
}

/// How many bytes at the beginning are certainly neither a quote, a backslash nor a control character: a multiple of
/// eight, and what follows is to be looked at byte by byte.
pub(super) fn plain_prefix(bytes: &[u8]) -> usize {
    let mut len = 0;
    for chunk in bytes.as_chunks::<8>().0 {
        let word = u64::from_le_bytes(*chunk);
        // Bytes below 0x20 are zero in their upper three bits.
        if has(word, b'"') || has(word, b'\\') || has_zero(word & (LOW * 0xe0)) {
            break;
        }
        len += 8;
    }
    len
}

#[cfg(test)]
mod tests {
    use super::plain_prefix;

    /// Every byte at every place of a text of two words.
    #[test]
    fn what_ends_a_string_is_never_passed_over() {
        for byte in 0..=u8::MAX {
            for at in 0..16 {
                let mut text = *b"abcdefgh\xff\x7f !#[]~";
                text[at] = byte;
                let special = matches!(byte, b'"' | b'\\' | 0..0x20);
                let expected = if special { at / 8 * 8 } else { 16 };
                assert_eq!(plain_prefix(&text), expected, "{byte} at {at}");
            }
        }
        assert_eq!((plain_prefix(b""), plain_prefix(b"1234567"), plain_prefix(b"123456789")), (0, 0, 8));
    }
}
