use std::net::IpAddr;

use super::{parse_addr, quote};

/// `netip.ParsePrefix` of Go 1.21: an address without zone, a slash, and a length without sign or leading zeros.
///
/// # Errors
/// Go's message: `netip.ParsePrefix("1.2.3.4"): no '/'`.
pub(crate) fn parse_prefix(text: &[u8]) -> Result<(IpAddr, u8), String> {
    let fail = |reason: &str| Err(format!("netip.ParsePrefix({}): {reason}", quote(text)));
    let Some(slash) = text.iter().rposition(|b| *b == b'/') else { return fail("no '/'") };
    let addr = match parse_addr(text.get(..slash).unwrap_or_default()) {
        Ok((addr, None)) => addr,
        Ok(_) => return fail("IPv6 zones cannot be present in a prefix"),
        Err(message) => return fail(&message),
    };
    let bits = text.get(slash + 1..).unwrap_or_default();
    let digits = !bits.is_empty() && bits.iter().all(u8::is_ascii_digit);
    if !digits || (bits.len() > 1 && bits.first() == Some(&b'0')) {
        return fail(&format!("bad bits after slash: {}", quote(bits)));
    }
    let most = if addr.is_ipv4() { 32 } else { 128 };
    // Go's Atoi overflows at 64 bits with an error of its own; up to there the range test answers.
    let number = std::str::from_utf8(bits).ok().and_then(|b| b.parse::<i64>().ok());
    match number {
        None => fail(&format!("bad bits after slash: {}", quote(bits))),
        Some(number) => match u8::try_from(number) {
            Ok(length) if length <= most => Ok((addr, length)),
            _ => fail("prefix length out of range"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes() {
        assert_eq!(parse_prefix(b"10.0.0.0/8"), Ok(("10.0.0.0".parse().unwrap(), 8)));
        assert_eq!(parse_prefix(b"fd00::/128"), Ok(("fd00::".parse().unwrap(), 128)));
        assert_eq!(parse_prefix(b"0.0.0.0/0"), Ok(("0.0.0.0".parse().unwrap(), 0)));
    }

    #[test]
    fn messages() {
        let message = |text: &str| parse_prefix(text.as_bytes()).unwrap_err();
        assert_eq!(message("x"), r#"netip.ParsePrefix("x"): no '/'"#);
        assert_eq!(message("x/8"), r#"netip.ParsePrefix("x/8"): ParseAddr("x"): unable to parse IP"#);
        assert_eq!(message("/8"), r#"netip.ParsePrefix("/8"): ParseAddr(""): unable to parse IP"#);
        for bits in ["", "08", "+8", "-8", "x", " 8", "99999999999999999999"] {
            let expected = format!(r#"netip.ParsePrefix("1.2.3.4/{bits}"): bad bits after slash: "{bits}""#);
            assert_eq!(message(&format!("1.2.3.4/{bits}")), expected);
        }
        assert_eq!(message("1.2.3.4/33"), r#"netip.ParsePrefix("1.2.3.4/33"): prefix length out of range"#);
        assert_eq!(message("::/129"), r#"netip.ParsePrefix("::/129"): prefix length out of range"#);
        assert_eq!(
            message("fe80::1%e/64"),
            r#"netip.ParsePrefix("fe80::1%e/64"): IPv6 zones cannot be present in a prefix"#
        );
    }
}
