//! Addresses as Go 1.21 reads them: `net/netip` `ParseAddr` and `net` `ParseIP`.
//!
//! | text | Go 1.21 | Rust's `std::net` |
//! | --- | --- | --- |
//! | `01.2.3.4` | refused | refused |
//! | `00001::`, `1:2:3:4:5:6:7:00008` | any number of leading zeros in a group (from Go 1.24 on four digits at most) | four digits at most |
//! | `fe80::1%eth0` | `ParseAddr` takes the zone, `ParseIP` and prefixes refuse it | refused as an address |
//! | `::ffff:1.2.3.4`, `::ffff:102:304` | `ParseIP(…).To4()` is an IPv4 address; `netip` keeps it IPv6 | IPv6; `to_ipv4_mapped` |
//! | `1.2.3.4/08`, `1.2.3.4/+8` | `ParsePrefix` refuses leading zeros and signs (taken before Go 1.21) | has no prefixes |
//!
//! MAC addresses are parsed by no rule: the daemon does not look at them before the container starts. What is said here is
//! held against `std::net` by the tests below, and against Go itself by `tests/go/run.sh`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::quote;

/// `net.ParseIP`: no zones, no leading zeros in an octet. Before Go 1.22 a group of an IPv6 address
/// may have more than four digits, as long as its value fits.
pub(crate) fn parse_ip(text: &[u8]) -> Option<IpAddr> {
    match parse_addr(text) {
        Ok((addr, None)) => Some(addr),
        _ => None,
    }
}

/// `netip.ParseAddr`: the address and its zone, which is never empty.
///
/// # Errors
/// Go's message, such as `ParseAddr("x"): unable to parse IP`.
pub(crate) fn parse_addr(text: &[u8]) -> Result<(IpAddr, Option<&[u8]>), String> {
    match text.iter().find(|b| matches!(b, b'.' | b':' | b'%')) {
        Some(b'.') => parse_v4(text).map(|v4| (IpAddr::V4(v4), None)),
        Some(b':') => parse_v6(text),
        Some(_) => Err(problem(text, "missing IPv6 address", b"")),
        None => Err(problem(text, "unable to parse IP", b"")),
    }
}

/// `parseAddrError.Error`.
fn problem(text: &[u8], message: &str, at: &[u8]) -> String {
    let text = quote(text);
    if at.is_empty() {
        format!("ParseAddr({text}): {message}")
    } else {
        format!("ParseAddr({text}): {message} (at {})", quote(at))
    }
}

fn parse_v4(text: &[u8]) -> Result<Ipv4Addr, String> {
    let mut octets = [0_u8; 4];
    let mut place = 0;
    let mut value = 0_u32;
    let mut digits = 0;
    let mut before = b'.';
    for (i, c) in text.iter().enumerate() {
        let rest = text.get(i..).unwrap_or_default();
        match c {
            b'0'..=b'9' => {
                if digits == 1 && value == 0 {
                    return Err(problem(text, "IPv4 field has octet with leading zero", b""));
                }
                value = value * 10 + u32::from(c - b'0');
                digits += 1;
                if value > 255 {
                    return Err(problem(text, "IPv4 field has value >255", b""));
                }
            }
            b'.' => {
                if before == b'.' || rest.len() == 1 {
                    return Err(problem(text, "IPv4 field must have at least one digit", rest));
                }
                if place == 3 {
                    return Err(problem(text, "IPv4 address too long", b""));
                }
                set(&mut octets, place, value);
                place += 1;
                (value, digits) = (0, 0);
            }
            _ => return Err(problem(text, "unexpected character", rest)),
        }
        before = *c;
    }
    if place < 3 {
        return Err(problem(text, "IPv4 address too short", b""));
    }
    set(&mut octets, 3, value);
    Ok(Ipv4Addr::from(octets))
}

fn set(octets: &mut [u8], place: usize, value: u32) {
    if let (Some(octet), Ok(value)) = (octets.get_mut(place), u8::try_from(value)) {
        *octet = value;
    }
}

fn parse_v6(text: &[u8]) -> Result<(IpAddr, Option<&[u8]>), String> {
    let (mut rest, zone) = match text.iter().position(|b| *b == b'%') {
        Some(at) => {
            let zone = text.get(at + 1..).unwrap_or_default();
            if zone.is_empty() {
                return Err(problem(text, "zone must be a non-empty string", b""));
            }
            (text.get(..at).unwrap_or_default(), Some(zone))
        }
        None => (text, None),
    };
    let fail = |message: &str, at: &[u8]| Err(problem(text, message, at));
    let mut bytes: Vec<u8> = Vec::with_capacity(16);
    let mut ellipsis = None;
    if let Some(after) = rest.strip_prefix(b"::") {
        ellipsis = Some(0);
        rest = after;
    }
    let only_ellipsis = ellipsis.is_some() && rest.is_empty();
    while bytes.len() < 16 && !only_ellipsis {
        let mut value = 0_u32;
        let mut len = 0;
        while let Some(digit) = rest.get(len).and_then(|c| char::from(*c).to_digit(16)) {
            value = (value << 4) + digit;
            if value > 0xffff {
                return fail("IPv6 field has value >=2^16", rest);
            }
            len += 1;
        }
        if len == 0 {
            return fail("each colon-separated field must have at least one digit", rest);
        }
        if rest.get(len) == Some(&b'.') {
            if ellipsis.is_none() && bytes.len() != 12 {
                return fail("embedded IPv4 address must replace the final 2 fields of the address", rest);
            }
            if bytes.len() + 4 > 16 {
                return fail("too many hex fields to fit an embedded IPv4 at the end of the address", rest);
            }
            match parse_v4(rest) {
                Ok(v4) => bytes.extend(v4.octets()),
                Err(message) => return fail(&message, rest),
            }
            rest = b"";
            break;
        }
        bytes.extend([(value >> 8) as u8, value as u8]);
        rest = rest.get(len..).unwrap_or_default();
        match rest {
            [] => break,
            [b':'] => return fail("colon must be followed by more characters", rest),
            [b':', after @ ..] => rest = after,
            _ => return fail("unexpected character, want colon", rest),
        }
        if let Some(after) = rest.strip_prefix(b":") {
            if ellipsis.is_some() {
                return fail("multiple :: in address", rest);
            }
            ellipsis = Some(bytes.len());
            rest = after;
            if rest.is_empty() {
                break;
            }
        }
    }
    if !rest.is_empty() {
        return fail("trailing garbage after address", rest);
    }
    match ellipsis {
        None if bytes.len() < 16 => return fail("address string too short", b""),
        Some(_) if bytes.len() >= 16 => {
            return fail("the :: must expand to at least one field of zeros", b"");
        }
        Some(at) => {
            let missing = 16 - bytes.len();
            let tail = bytes.split_off(at.min(bytes.len()));
            bytes.extend(std::iter::repeat_n(0, missing));
            bytes.extend(tail);
        }
        None => {}
    }
    match <[u8; 16]>::try_from(bytes) {
        Ok(octets) => Ok((IpAddr::V6(Ipv6Addr::from(octets)), zone)),
        Err(_) => fail("trailing garbage after address", b""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;
    use proptest::test_runner::FileFailurePersistence;

    /// All texts over a small alphabet up to a length, and what the standard library says of them.
    #[test]
    fn equals_the_standard_library_on_short_texts() {
        let alphabet = b"0129.:f%";
        let mut texts: Vec<Vec<u8>> = vec![Vec::new()];
        let mut begin = 0;
        for _ in 0..6 {
            let end = texts.len();
            for i in begin..end {
                for c in alphabet {
                    let mut next = texts[i].clone();
                    next.push(*c);
                    texts.push(next);
                }
            }
            begin = end;
        }
        for text in &texts {
            let ours = parse_ip(text);
            let theirs: Option<IpAddr> = std::str::from_utf8(text).unwrap().parse().ok();
            // The one difference: groups of more than four digits.
            if has_long_group(std::str::from_utf8(text).unwrap()) {
                continue;
            }
            assert_eq!(ours, theirs, "{}", String::from_utf8_lossy(text));
        }
    }

    /// A group that only Go takes.
    fn has_long_group(text: &str) -> bool {
        text.split(':').any(|group| group.len() > 4 && !group.contains('.'))
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: 4096,
            failure_persistence: Some(Box::new(FileFailurePersistence::Direct("tests/regressions/runtime.txt"))),
            ..ProptestConfig::default()
        })]

        #[test]
        fn equals_the_standard_library_on_long_texts(
            groups in vec(select(&["", "0", "1", "ffff", "0db8", "fffg", "1.2.3.4", "255.0.0.256", "FFFF"][..]), 1..10),
            front in select(&["", "::", ":", "::ffff:"][..]),
            back in select(&["", "::", ":", ":1.2.3.4", "%1", " ", "/8"][..]),
            dots in vec(select(&["0", "1", "01", "255", "256", "", "1000"][..]), 1..6),
        ) {
            for text in [format!("{front}{}{back}", groups.join(":")), format!("{front}{}", dots.join(".")), dots.join(".")] {
                prop_assert_eq!(parse_ip(text.as_bytes()), text.parse().ok(), "{}", text);
            }
        }

        /// What std prints, Go reads, and a group may have leading zeros.
        #[test]
        fn reads_every_address_back(bits in any::<u128>(), zeros in 0_usize..8) {
            let address = Ipv6Addr::from(bits);
            prop_assert_eq!(parse_ip(address.to_string().as_bytes()), Some(IpAddr::V6(address)));
            let groups: Vec<String> =
                address.segments().iter().map(|group| format!("{}{group:x}", "0".repeat(zeros))).collect();
            let text = groups.join(":");
            prop_assert_eq!(parse_ip(text.as_bytes()), Some(IpAddr::V6(address)));
            prop_assert!(has_long_group(&text) || text.parse() == Ok(IpAddr::V6(address)));
            let four = Ipv4Addr::from(bits as u32);
            prop_assert_eq!(parse_ip(four.to_string().as_bytes()), Some(IpAddr::V4(four)));
        }
    }

    #[test]
    fn longer_ones_equal_the_standard_library_too() {
        for text in [
            "1:2:3:4:5:6:7:8",
            "1:2:3:4:5:6:7::",
            "::2:3:4:5:6:7:8",
            "1::3:4:5:6:7:8",
            "1:2:3:4:5:6:7:8:9",
            "1:2:3:4:5:6:7",
            "::ffff:1.2.3.4",
            "1:2:3:4:5:6:1.2.3.4",
            "1:2:3:4:5:6:7:1.2.3.4",
            "::1.2.3",
            "1::2::3",
            "::1:",
            ":1",
            "1:",
            "255.255.255.255",
            "256.1.1.1",
            "01.2.3.4",
            "1.2.3.04",
            "1..2.3",
            "1.2.3.4.5",
            ".1.2.3",
            "1.2.3.",
            "fe80::1",
            "1:2:3:4:5:6:7::8",
            "::ffff:1.2.3.256",
            "g::1",
            "1:2:3:4::5:6:7:8",
            "2001:db8::1/64",
            "127.1",
            "0x7f.1",
            " 1.2.3.4",
            "１.2.3.4",
        ] {
            assert_eq!(parse_ip(text.as_bytes()), text.parse().ok(), "{text}");
        }
    }

    #[test]
    fn where_go_differs() {
        assert_eq!(parse_ip(b"00001::"), "1::".parse().ok());
        assert_eq!(parse_ip(b"1:2:3:4:5:6:7:00008"), "1:2:3:4:5:6:7:8".parse().ok());
        assert_eq!(parse_ip(b"fe80::1%eth0"), None);
        assert_eq!(parse_addr(b"fe80::1%eth0"), Ok(("fe80::1".parse().unwrap(), Some(&b"eth0"[..]))));
    }

    #[test]
    fn messages() {
        let message = |text: &str| parse_addr(text.as_bytes()).unwrap_err();
        assert_eq!(message("x"), r#"ParseAddr("x"): unable to parse IP"#);
        assert_eq!(message("%"), r#"ParseAddr("%"): missing IPv6 address"#);
        assert_eq!(message("1.2.3"), r#"ParseAddr("1.2.3"): IPv4 address too short"#);
        assert_eq!(
            message("1..2.3"),
            r#"ParseAddr("1..2.3"): IPv4 field must have at least one digit (at ".2.3")"#
        );
        assert_eq!(message("::1%"), r#"ParseAddr("::1%"): zone must be a non-empty string"#);
        assert_eq!(message("1:2"), r#"ParseAddr("1:2"): address string too short"#);
        assert_eq!(message("12345::"), r#"ParseAddr("12345::"): IPv6 field has value >=2^16 (at "12345::")"#);
        assert_eq!(
            message("::1.2.3"),
            r#"ParseAddr("::1.2.3"): ParseAddr("1.2.3"): IPv4 address too short (at "1.2.3")"#
        );
    }
}
