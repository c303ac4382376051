//! Decimal integers.

/// The value of a text of decimal digits; `None` if there are none, for anything else, and if 64 bits do not hold it.
#[inline]
pub(crate) fn decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |value, byte| {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 { None } else { value.checked_mul(10)?.checked_add(digit.into()) }
    })
}

/// The number with this sign and size; `None` if 64 bits do not hold it.
#[inline]
pub(crate) fn signed(negative: bool, size: u64) -> Option<i64> {
    if negative { 0_i64.checked_sub_unsigned(size) } else { i64::try_from(size).ok() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::FileFailurePersistence;

    use super::{decimal, signed};

    #[test]
    fn the_ends_of_what_fits() {
        assert_eq!(decimal(b"18446744073709551615"), Some(u64::MAX));
        assert_eq!(decimal(b"18446744073709551616"), None);
        assert_eq!(signed(true, 1 << 63), Some(i64::MIN));
        assert_eq!((signed(true, (1 << 63) + 1), signed(false, 1 << 63)), (None, None));
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: Some(Box::new(FileFailurePersistence::Direct("tests/regressions/text.txt"))),
            ..ProptestConfig::default()
        })]

        /// The library's own parser takes a plus sign, too.
        #[test]
        fn digits_are_what_the_library_makes_of_them(text in "[0-9]{0,22}|[ -:]{0,4}") {
            let known = if text.starts_with('+') { None } else { text.parse().ok() };
            prop_assert_eq!(decimal(text.as_bytes()), known);
        }
    }
}
