//! How Go compares the keys of objects with the names of fields: `encoding/json` `foldName`.

/// Whether `key` is `name` in another spelling, where `name` is ASCII.
///
/// Go maps each character to the smallest of its simple Unicode case orbit. Two characters outside
/// ASCII have an ASCII letter in theirs: U+017F (long s) and U+212A (kelvin sign).
pub(crate) fn folds_to(key: &[u8], name: &[u8]) -> bool {
    let mut key = key;
    for expected in name {
        let (found, rest) = match key {
            [0xc5, 0xbf, rest @ ..] => (b's', rest),
            [0xe2, 0x84, 0xaa, rest @ ..] => (b'k', rest),
            [first, rest @ ..] => (*first, rest),
            [] => return false,
        };
        if !found.eq_ignore_ascii_case(expected) {
            return false;
        }
        key = rest;
    }
    key.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ascii_case_long_s_and_kelvin() {
        assert!(folds_to(b"hostconfig", b"HostConfig"));
        assert!(folds_to("Ho\u{17f}tConfig".as_bytes(), b"HostConfig"));
        assert!(folds_to("Networ\u{212a}Mode".as_bytes(), b"NetworkMode"));
        assert!(folds_to(b"", b""));
    }

    #[test]
    fn nothing_else() {
        assert!(!folds_to(b"HostConfi", b"HostConfig"));
        assert!(!folds_to(b"HostConfigs", b"HostConfig"));
        assert!(!folds_to(b"Host_Config", b"Host-Config"));
        // The punctuation that differs from other punctuation in the bit of the case only.
        assert!(!folds_to(b"[", b"{"));
        assert!(!folds_to(b"@", b"`"));
    }

    #[test]
    fn no_other_character_folds_into_ascii() {
        for c in '\u{80}'..=char::MAX {
            let mut buffer = [0; 4];
            let key = c.encode_utf8(&mut buffer).as_bytes();
            let folds = (0..=0x7f).any(|name: u8| folds_to(key, &[name]));
            assert_eq!(folds, matches!(c, '\u{17f}' | '\u{212a}'), "{c:?}");
        }
    }
}
