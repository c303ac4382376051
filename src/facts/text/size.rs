use super::float::parse_float;

/// Longest suffix that go-units looks at.
const SUFFIX: usize = 3;

/// `units.RAMInBytes` of go-units 0.5: a number, perhaps a space, and `b`, or one of `kmgtp` with an
/// optional `b` or `ib`, in any case.
///
/// # Errors
/// Go's message: `invalid size: '…'` without a digit or for a negative number, `invalid suffix: '…'`,
/// or that of `strconv.ParseFloat`.
pub(crate) fn ram_in_bytes(text: &[u8]) -> Result<i64, String> {
    let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let Some(last) = text.iter().rposition(|b| matches!(b, b'0'..=b'9' | b'.' | b' ')) else {
        return Err(format!("invalid size: '{}'", shown(text)));
    };
    let number_end = if text.get(last) == Some(&b' ') { last } else { last + 1 };
    let number = text.get(..number_end).unwrap_or_default();
    let suffix = text.get(last + 1..).unwrap_or_default();
    let size = parse_float(number)?;
    if size < 0.0 {
        return Err(format!("invalid size: '{}'", shown(text)));
    }
    if suffix.is_empty() {
        return Ok(to_int(size));
    }
    if suffix.len() > SUFFIX {
        return Err(format!("invalid suffix: '{}'", shown(suffix)));
    }
    // Go lowers character by character, so the kelvin sign becomes a `k` here as well.
    let lower: String = shown(suffix).chars().filter_map(|c| c.to_lowercase().next()).collect();
    let factor: f64 = match lower.as_str() {
        "b" => 1.0,
        "k" | "kb" | "kib" => 1024.0,
        "m" | "mb" | "mib" => 1_048_576.0,
        "g" | "gb" | "gib" => 1_073_741_824.0,
        "t" | "tb" | "tib" => 1_099_511_627_776.0,
        "p" | "pb" | "pib" => 1_125_899_906_842_624.0,
        _ => return Err(format!("invalid suffix: '{lower}'")),
    };
    Ok(to_int(size * factor))
}

/// Go's `int64(f)` on amd64: what does not fit, and NaN, is the smallest integer.
fn to_int(value: f64) -> i64 {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if (-LIMIT..LIMIT).contains(&value) { value as i64 } else { i64::MIN }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (text, bytes) in [
            ("512", 512),
            ("64M", 64 << 20),
            ("64m", 64 << 20),
            ("1g", 1 << 30),
            ("1 GiB", 1 << 30),
            ("1.5kb", 1536),
            ("2b", 2),
            ("2 B", 2),
            ("1T", 1 << 40),
            ("1p", 1 << 50),
            ("0", 0),
            ("32.3", 32),
            (".5k", 512),
            ("1e3", 1000),
            ("64\u{212a}", 64 << 10),
            ("99999p", i64::MIN),
            ("1 ", 1),
            ("inf ", i64::MIN),
        ] {
            assert_eq!(ram_in_bytes(text.as_bytes()), Ok(bytes), "{text}");
        }
    }

    #[test]
    fn messages() {
        let message = |text: &str| ram_in_bytes(text.as_bytes()).unwrap_err();
        assert_eq!(message("abc"), "invalid size: 'abc'");
        assert_eq!(message("-1m"), "invalid size: '-1m'");
        assert_eq!(message("1x"), "invalid suffix: 'x'");
        assert_eq!(message("1X"), "invalid suffix: 'x'");
        assert_eq!(message("1bb"), "invalid suffix: 'bb'");
        assert_eq!(message("1MBBB"), "invalid suffix: 'MBBB'");
        assert_eq!(message("1kx"), "invalid suffix: 'kx'");
        assert_eq!(message("1kxb"), "invalid suffix: 'kxb'");
        assert_eq!(message("m1"), r#"strconv.ParseFloat: parsing "m1": invalid syntax"#);
        assert_eq!(message("1  m"), r#"strconv.ParseFloat: parsing "1 ": invalid syntax"#);
    }
}
