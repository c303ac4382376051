use super::quote;

/// Go's `strconv.ParseFloat(text, 64)`: decimal or hexadecimal, underscores between digits, `inf`, `nan`.
///
/// # Errors
/// Go's message: `strconv.ParseFloat: parsing "x": invalid syntax`.
pub(crate) fn parse_float(text: &[u8]) -> Result<f64, String> {
    let fail = |reason: &str| Err(format!("strconv.ParseFloat: parsing {}: {reason}", quote(text)));
    let (negative, body) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    let sign = if negative { -1.0 } else { 1.0 };
    let word = |word: &str| body.eq_ignore_ascii_case(word.as_bytes());
    if word("inf") || word("infinity") {
        return Ok(sign * f64::INFINITY);
    }
    if text.eq_ignore_ascii_case(b"nan") {
        return Ok(f64::NAN);
    }
    if !underscores_are_between_digits(body) {
        return fail("invalid syntax");
    }
    let plain: String = body.iter().filter(|b| **b != b'_').map(|b| char::from(*b)).collect();
    let value = match plain.strip_prefix("0x").or_else(|| plain.strip_prefix("0X")) {
        Some(hex) => hexadecimal(hex),
        None if is_decimal(&plain) => plain.parse().ok(),
        None => None,
    };
    match value {
        None => fail("invalid syntax"),
        Some(value) if value.is_infinite() => fail("value out of range"),
        Some(value) => Ok(sign * value),
    }
}

/// `underscoreOK`: each underscore has a digit, or the base prefix, before it and a digit behind it.
fn underscores_are_between_digits(body: &[u8]) -> bool {
    let hex = matches!(body, [b'0', b'x' | b'X', ..]);
    let digit =
        |b: Option<&u8>| b.is_some_and(|b| if hex { b.is_ascii_hexdigit() } else { b.is_ascii_digit() });
    body.iter().enumerate().filter(|(_, b)| **b == b'_').all(|(i, _)| {
        let before = i.checked_sub(1).and_then(|i| body.get(i));
        (digit(before) || (hex && i == 2)) && digit(body.get(i + 1))
    })
}

/// Whether the mantissa of `digits [. digits] [e [sign] digits]` is one, with a digit in it: the standard library knows
/// words that Go does not. Of exponents it takes the same.
fn is_decimal(text: &str) -> bool {
    let (mantissa, _) = text.split_once(['e', 'E']).unwrap_or((text, ""));
    let digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    !(whole.is_empty() && fraction.is_empty()) && digits(whole) && digits(fraction)
}

/// `hexdigits [. hexdigits] p [sign] digits`. Rounds twice where the mantissa has more than 53 bits,
/// which no size that a person writes has.
fn hexadecimal(text: &str) -> Option<f64> {
    let (mantissa, exponent) = text.split_once(['p', 'P'])?;
    let unsigned = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    if unsigned.is_empty() || !unsigned.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let exponent =
        exponent.parse::<i32>().unwrap_or(if exponent.starts_with('-') { -99_999 } else { 99_999 });
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut value = 0.0_f64;
    for c in whole.chars() {
        value = value * 16.0 + f64::from(c.to_digit(16)?);
    }
    let mut scale = 1.0_f64 / 16.0;
    for c in fraction.chars() {
        value += f64::from(c.to_digit(16)?) * scale;
        scale /= 16.0;
    }
    if value == 0.0 {
        return Some(0.0);
    }
    Some(value * 2.0_f64.powi(exponent.clamp(-99_999, 99_999)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_go_reads() {
        for (text, value) in [
            ("1", 1.0),
            (".5", 0.5),
            ("5.", 5.0),
            ("+1e3", 1000.0),
            ("-2.5E-1", -0.25),
            ("0x1p4", 16.0),
            ("0X.8p1", 1.0),
            ("1_23.50_0_0e+1_2", 1.235e14),
            ("0x_1_2.3_4_5p+1_2", 74565.0),
            ("1e-999", 0.0),
            ("-inf", f64::NEG_INFINITY),
            ("Infinity", f64::INFINITY),
            ("0x0p99999999999", 0.0),
            ("0x1p-99999999999", 0.0),
        ] {
            assert_eq!(parse_float(text.as_bytes()), Ok(value), "{text}");
        }
        assert!(parse_float(b"NaN").unwrap().is_nan());
    }

    #[test]
    fn what_go_refuses() {
        for text in [
            "", ".", "+", "e5", "1e", "1e+", "1.2.3", " 1", "1 ", "0x1", "0xp1", "0x1p", "1__2", "_1", "1_",
            "1_.5", "1._5", "1_e5", "1e_5", "-nan", "+-1", "1x", "infi", "1e5.0", "\u{661}",
        ] {
            let expected = format!("strconv.ParseFloat: parsing {}: invalid syntax", quote(text.as_bytes()));
            assert_eq!(parse_float(text.as_bytes()), Err(expected));
        }
        assert_eq!(
            parse_float(b"1e400"),
            Err(r#"strconv.ParseFloat: parsing "1e400": value out of range"#.to_owned())
        );
    }
}
