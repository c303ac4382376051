/// A duration as buildkit's `config.Duration` reads it (`cmd/buildkitd/config/gcpolicy.go`), in nanoseconds.
///
/// Quotes around it are stripped, an empty text is none, then `time.ParseDuration`, then whole seconds.
///
/// # Errors
/// `invalid duration {text}`; for a lone quote the text of the crash.
pub(crate) fn parse_duration(text: &[u8]) -> Result<i64, String> {
    let inner = match text {
        [b'"', inner @ .., b'"'] => inner,
        // The original slices `s[1:0]`, and the daemon crashes.
        b"\"" => return Err("panic: runtime error: slice bounds out of range [1:0]".to_owned()),
        other => other,
    };
    if inner.is_empty() {
        return Ok(0);
    }
    if let Some(nanoseconds) = go_duration(inner) {
        return Ok(nanoseconds);
    }
    let text = String::from_utf8_lossy(inner);
    match text.parse::<i64>() {
        // Go multiplies and wraps around.
        Ok(seconds) => Ok(seconds.wrapping_mul(1_000_000_000)),
        Err(_) => Err(format!("invalid duration {text}")),
    }
}

/// Go's `time.ParseDuration`.
fn go_duration(text: &[u8]) -> Option<i64> {
    const MOST: u64 = 1 << 63;
    let (negative, mut rest) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    if rest == b"0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total = 0_u64;
    while !rest.is_empty() {
        let (whole, after) = split_digits(rest);
        let mut value = 0_u64;
        for digit in whole {
            value = value.checked_mul(10)?.checked_add(u64::from(digit - b'0'))?;
            if value > MOST {
                return None;
            }
        }
        let (fraction, after) = match after {
            [b'.', after @ ..] => split_digits(after),
            _ => (&[][..], after),
        };
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let unit_len = after.iter().position(|b| *b == b'.' || b.is_ascii_digit()).unwrap_or(after.len());
        let (unit, after) = after.split_at_checked(unit_len)?;
        let unit: u64 = match unit {
            b"ns" => 1,
            // Both the micro sign and the Greek letter.
            b"us" | b"\xc2\xb5s" | b"\xce\xbcs" => 1_000,
            b"ms" => 1_000_000,
            b"s" => 1_000_000_000,
            b"m" => 60_000_000_000,
            b"h" => 3_600_000_000_000,
            _ => return None,
        };
        value = value.checked_mul(unit)?.checked_add(fraction_of(fraction, unit))?;
        total = total.checked_add(value)?;
        if value > MOST || total > MOST {
            return None;
        }
        rest = after;
    }
    if negative { Some(0_i64.wrapping_sub_unsigned(total)) } else { i64::try_from(total).ok() }
}

fn split_digits(text: &[u8]) -> (&[u8], &[u8]) {
    let len = text.iter().position(|b| !b.is_ascii_digit()).unwrap_or(text.len());
    text.split_at_checked(len).unwrap_or((text, &[]))
}

/// Go's `leadingFraction`: digits that no longer fit into 63 bits are dropped.
fn fraction_of(digits: &[u8], unit: u64) -> u64 {
    let (mut value, mut scale) = (0_u64, 1.0_f64);
    for digit in digits {
        let Some(next) = value.checked_mul(10).and_then(|v| v.checked_add(u64::from(digit - b'0'))) else {
            break;
        };
        if next > 1 << 63 {
            break;
        }
        value = next;
        scale *= 10.0;
    }
    (value as f64 * (unit as f64 / scale)) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (text, nanoseconds) in [
            ("48h", 172_800_000_000_000),
            ("1h30m", 5_400_000_000_000),
            ("1.5s", 1_500_000_000),
            ("0", 0),
            ("", 0),
            ("-1ns", -1),
            ("+1us", 1_000),
            ("1\u{b5}s", 1_000),
            ("1\u{3bc}s", 1_000),
            (".5ms", 500_000),
            ("3600", 3_600_000_000_000),
            ("-5", -5_000_000_000),
            ("\"1s\"", 1_000_000_000),
            ("-0", 0),
            ("-9223372036854775808ns", i64::MIN),
        ] {
            assert_eq!(parse_duration(text.as_bytes()), Ok(nanoseconds), "{text}");
        }
    }

    #[test]
    fn refused() {
        for text in ["x", "1d", ".s", "1 h", "h", "1h ", "9223372036854775808ns", "1.5", "-", "99999999999h"]
        {
            assert_eq!(parse_duration(text.as_bytes()), Err(format!("invalid duration {text}")));
        }
        assert!(parse_duration(b"\"").unwrap_err().starts_with("panic: "));
    }
}
