//! The bytes of strings that need no second look, eight at a time.

const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// The upper bits of bytes that are zero. Bytes above one that is may be taken for zero as well.
#[inline]
const fn zeros(word: u64) -> u64 {
    word.wrapping_sub(LOW) & !word & HIGH
}

#[inline]
const fn of(word: u64, byte: u8) -> u64 {
    zeros(word ^ (LOW * byte as u64))
}

/// Where the first byte from `at` on stands that is a quote, a backslash, a control character or not ASCII; the length
/// of the text if there is none.
#[inline]
pub(super) fn plain_end(text: &[u8], mut at: usize) -> usize {
    while let Some(chunk) = text.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let word = u64::from_le_bytes(*chunk);
        // Bytes below 0x20 are zero in their upper three bits.
        let special = of(word, b'"') | of(word, b'\\') | zeros(word & (LOW * 0xe0)) | word & HIGH;
        if special != 0 {
            return at + special.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    let rest = text.get(at..).unwrap_or_default();
    let special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..0x20 | 0x80..);
    at.saturating_add(rest.iter().position(special).unwrap_or(rest.len()))
}

#[cfg(test)]
mod tests {
    use super::plain_end;

    /// Every pair of bytes at every two places of a text of two words and a bit.
    #[test]
    fn what_needs_a_look_is_found_where_it_is() {
        let special = |byte: u8| matches!(byte, b'"' | b'\\' | 0..0x20 | 0x80..);
        let interesting = [0, 0x1f, b' ', b'!', b'"', b'#', b'[', b'\\', b']', 0x7f, 0x80, 0xa2, 0xdc, 0xff];
        for first in 0..=u8::MAX {
            for second in interesting {
                for (i, j) in (0..19).flat_map(|i| (i + 1..20).map(move |j| (i, j))) {
                    let mut text = *b"abcdefghi~ !#[]~1234";
                    (text[i], text[j]) = (first, second);
                    let expected = text.iter().position(|byte| special(*byte)).unwrap_or(20);
                    assert_eq!(plain_end(&text, 0), expected, "{text:?}");
                    let later = text.iter().skip(3).position(|byte| special(*byte)).map_or(20, |at| at + 3);
                    assert_eq!(plain_end(&text, 3), later, "{text:?}");
                }
            }
        }
        assert_eq!((plain_end(b"", 0), plain_end(b"1234567", 0), plain_end(b"12", 5)), (0, 7, 5));
    }
}
