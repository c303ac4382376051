//! URLs as Go's `net/url` reads and prints them (Go 1.21; later versions look more closely at addresses in brackets).

use super::cut;
use crate::facts::quote;

/// Which bytes a part of a URL may hold without escape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Host,
    Zone,
    User,
    Path,
    Fragment,
}

/// A parsed URL, its parts unescaped.
#[derive(Clone, Debug, Default)]
pub(super) struct Url {
    scheme: Vec<u8>,
    opaque: Vec<u8>,
    user: Option<(Vec<u8>, Option<Vec<u8>>)>,
    host: Vec<u8>,
    omit_host: bool,
    path: Escaped,
    force_query: bool,
    query: Vec<u8>,
    fragment: Escaped,
}

/// A text and the way it was escaped.
#[derive(Clone, Debug, Default)]
struct Escaped {
    text: Vec<u8>,
    raw: Vec<u8>,
}

impl Escaped {
    fn new(raw: &[u8], part: Part) -> Result<Self, String> {
        Ok(Self { text: unescape(raw, part)?, raw: raw.to_vec() })
    }

    /// The escapes of the original text if they are valid, else Go's own.
    fn print(&self, part: Part) -> Vec<u8> {
        let keeps = |b: &u8| {
            matches!(
                b,
                b'!' | b'$'
                    | b'&'
                    | b'\''
                    | b'('
                    | b')'
                    | b'*'
                    | b'+'
                    | b','
                    | b';'
                    | b'='
                    | b':'
                    | b'@'
                    | b'['
                    | b']'
                    | b'%'
            ) || !should_escape(*b, part)
        };
        if self.raw.iter().all(keeps) { self.raw.clone() } else { escape(&self.text, part) }
    }
}

impl Url {
    /// Go's `url.Parse`.
    ///
    /// # Errors
    /// Go's message: `parse "…": …`.
    pub(super) fn parse(text: &[u8]) -> Result<Self, String> {
        let (before, fragment) = cut(text, b"#").unwrap_or((text, b""));
        let mut url = Self::without_fragment(before).map_err(|e| format!("parse {}: {e}", quote(before)))?;
        url.fragment =
            Escaped::new(fragment, Part::Fragment).map_err(|e| format!("parse {}: {e}", quote(text)))?;
        Ok(url)
    }

    fn without_fragment(text: &[u8]) -> Result<Self, String> {
        if text.iter().any(|b| *b < b' ' || *b == 0x7f) {
            return Err("net/url: invalid control character in URL".into());
        }
        let mut url = Self::default();
        if text == b"*" {
            url.path = Escaped { text: b"*".to_vec(), raw: b"*".to_vec() };
            return Ok(url);
        }
        let (scheme, rest) = split_scheme(text)?;
        url.scheme = scheme.to_ascii_lowercase();
        let rest = match rest.strip_suffix(b"?") {
            Some(rest) if !rest.contains(&b'?') => {
                url.force_query = true;
                rest
            }
            _ => {
                let (rest, query) = cut(rest, b"?").unwrap_or((rest, b""));
                url.query = query.to_vec();
                rest
            }
        };
        if !rest.starts_with(b"/") {
            if !url.scheme.is_empty() {
                url.opaque = rest.to_vec();
                return Ok(url);
            }
            if rest.split(|b| *b == b'/').next().is_some_and(|segment| segment.contains(&b':')) {
                return Err("first path segment in URL cannot contain colon".into());
            }
        }
        let mut path = rest;
        if let Some(authority) = rest.strip_prefix(b"//")
            && (!url.scheme.is_empty() || !rest.starts_with(b"///"))
        {
            let end = authority.iter().position(|b| *b == b'/').unwrap_or(authority.len());
            let (authority, after) = authority.split_at_checked(end).unwrap_or((authority, b""));
            url.set_authority(authority)?;
            path = after;
        } else if !url.scheme.is_empty() && rest.starts_with(b"/") {
            url.omit_host = true;
        }
        url.path = Escaped::new(path, Part::Path)?;
        Ok(url)
    }

    fn set_authority(&mut self, authority: &[u8]) -> Result<(), String> {
        let Some(at) = authority.iter().rposition(|b| *b == b'@') else {
            self.host = parse_host(authority)?;
            return Ok(());
        };
        self.host = parse_host(authority.get(at.saturating_add(1)..).unwrap_or_default())?;
        let user = authority.get(..at).unwrap_or_default();
        let allowed = |b: &u8| b.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(b);
        if !user.iter().all(allowed) {
            return Err("net/url: invalid userinfo".into());
        }
        self.user = Some(match cut(user, b":") {
            None => (unescape(user, Part::User)?, None),
            Some((name, password)) => (unescape(name, Part::User)?, Some(unescape(password, Part::User)?)),
        });
        Ok(())
    }

    pub(super) fn scheme(&self) -> &[u8] {
        &self.scheme
    }

    pub(super) fn path(&self) -> &[u8] {
        &self.path.text
    }

    /// The digits behind the host's last colon; empty if there are none.
    pub(super) fn port(&self) -> &[u8] {
        let colon = self.host.iter().rposition(|b| *b == b':');
        let port = colon.and_then(|at| self.host.get(at..)).unwrap_or_default();
        if is_optional_port(port) { port.strip_prefix(b":").unwrap_or_default() } else { &[] }
    }

    pub(super) fn has_query(&self) -> bool {
        !self.query.is_empty()
    }

    pub(super) fn has_fragment(&self) -> bool {
        !self.fragment.text.is_empty()
    }

    pub(super) fn has_user(&self) -> bool {
        self.user.is_some()
    }

    /// Go's `URL.String`; `masked` puts xxxxx in place of a password, whether there is one or not.
    pub(super) fn print(&self, masked: bool) -> Vec<u8> {
        let mut out = Vec::new();
        if !self.scheme.is_empty() {
            out.extend_from_slice(&self.scheme);
            out.push(b':');
        }
        if self.opaque.is_empty() {
            self.print_authority(masked, &mut out);
            let path = self.path.print(Part::Path);
            if !path.is_empty() && !path.starts_with(b"/") && !self.host.is_empty() {
                out.push(b'/');
            }
            if out.is_empty() && path.split(|b| *b == b'/').next().is_some_and(|s| s.contains(&b':')) {
                out.extend_from_slice(b"./");
            }
            out.extend_from_slice(&path);
        } else {
            out.extend_from_slice(&self.opaque);
        }
        if self.force_query || !self.query.is_empty() {
            out.push(b'?');
            out.extend_from_slice(&self.query);
        }
        if self.has_fragment() {
            out.push(b'#');
            out.extend(self.fragment.print(Part::Fragment));
        }
        out
    }

    fn print_authority(&self, masked: bool, out: &mut Vec<u8>) {
        let nobody = self.host.is_empty() && self.user.is_none();
        if nobody && (self.scheme.is_empty() || self.omit_host) {
            return;
        }
        if !nobody || !self.path.text.is_empty() {
            out.extend_from_slice(b"//");
        }
        if let Some((name, password)) = &self.user {
            out.extend(escape(name, Part::User));
            let password = if masked { Some(&b"xxxxx"[..]) } else { password.as_deref() };
            if let Some(password) = password {
                out.push(b':');
                out.extend(escape(password, Part::User));
            }
            out.push(b'@');
        }
        out.extend(escape(&self.host, Part::Host));
    }
}

/// The scheme and what is behind its colon; no scheme if another byte comes first.
fn split_scheme(text: &[u8]) -> Result<(&[u8], &[u8]), String> {
    for (i, byte) in text.iter().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if i > 0 => {}
            b':' if i == 0 => return Err("missing protocol scheme".into()),
            b':' => return Ok(cut(text, b":").unwrap_or((&[], text))),
            _ => break,
        }
    }
    Ok((&[], text))
}

fn is_optional_port(port: &[u8]) -> bool {
    match port.strip_prefix(b":") {
        Some(digits) => digits.iter().all(u8::is_ascii_digit),
        None => port.is_empty(),
    }
}

fn parse_host(host: &[u8]) -> Result<Vec<u8>, String> {
    let bracket = host.starts_with(b"[");
    let port_at = if bracket {
        let Some(end) = host.iter().rposition(|b| *b == b']') else {
            return Err("missing ']' in host".into());
        };
        Some(end.saturating_add(1))
    } else {
        host.iter().rposition(|b| *b == b':')
    };
    let port = port_at.and_then(|at| host.get(at..)).unwrap_or_default();
    if !is_optional_port(port) {
        return Err(format!("invalid port {} after host", quote(port)));
    }
    if bracket {
        // RFC 6874: behind `%25` stands a zone, which has escapes of its own.
        let end = port_at.unwrap_or_default().saturating_sub(1);
        let (inside, rest) = host.split_at_checked(end).unwrap_or((host, b""));
        if let Some(at) = inside.windows(3).position(|w| w == b"%25") {
            let (address, zone) = inside.split_at_checked(at).unwrap_or((inside, b""));
            let parts =
                [unescape(address, Part::Host)?, unescape(zone, Part::Zone)?, unescape(rest, Part::Host)?];
            return Ok(parts.concat());
        }
    }
    unescape(host, Part::Host)
}

fn should_escape(byte: u8, part: Part) -> bool {
    if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
        return false;
    }
    match part {
        Part::Host | Part::Zone => !b"!$&'()*+,;=:[]<>\"".contains(&byte),
        Part::Path => !b"$&+,/:;=@".contains(&byte),
        Part::User => !b"$&+,;=".contains(&byte),
        Part::Fragment => !b"$&+,/:;=?@!()*".contains(&byte),
    }
}

fn escape(text: &[u8], part: Part) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for byte in text {
        if should_escape(*byte, part) {
            out.extend(format!("%{byte:02X}").into_bytes());
        } else {
            out.push(*byte);
        }
    }
    out
}

fn unescape(text: &[u8], part: Part) -> Result<Vec<u8>, String> {
    let bad = |escape: &[u8]| Err(format!("invalid URL escape {}", quote(escape)));
    let hex = |b: Option<&u8>| b.and_then(|b| char::from(*b).to_digit(16)).and_then(|d| u8::try_from(d).ok());
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    // Go looks at the whole text before it decodes; the first problem is the same either way.
    while let Some((byte, after)) = rest.split_first() {
        let byte = *byte;
        if byte != b'%' {
            if matches!(part, Part::Host | Part::Zone) && byte < 0x80 && should_escape(byte, part) {
                return Err(format!("invalid character {} in host name", quote(&[byte])));
            }
            out.push(byte);
            rest = after;
            continue;
        }
        let escape = rest.get(..3).unwrap_or(rest);
        let (Some(high), Some(low)) = (hex(after.first()), hex(after.get(1))) else { return bad(escape) };
        let value = (high << 4) | low;
        let refused = match part {
            Part::Host => high < 8 && escape != b"%25",
            Part::Zone => escape != b"%25" && value != b' ' && should_escape(value, Part::Host),
            _ => false,
        };
        if refused {
            return bad(escape);
        }
        out.push(value);
        rest = after.get(2..).unwrap_or_default();
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn print(text: &str) -> String {
        String::from_utf8(Url::parse(text.as_bytes()).unwrap().print(false)).unwrap()
    }

    #[test]
    fn printing_gives_the_text_back() {
        for text in [
            "",
            "*",
            "http://a",
            "http://a/",
            "http://a/b%20c?d=e#f",
            "http://u@a",
            "http://u:@a",
            "http:a",
            "a/b",
            "//a/b",
            "/a",
            "http:/a",
            "http://[::1]:80/",
            "http://[fe80::1%25eth0]/",
            "http://a/b%2Fc",
            "http:///a",
        ] {
            assert_eq!(print(text), text);
        }
    }

    #[test]
    fn printing_cleans_up() {
        for (text, printed) in [
            ("HTTP://A/b c", "http://A/b%20c"),
            ("http://a/\u{e9}", "http://a/%C3%A9"),
            ("http://a#", "http://a"),
            ("http://a#b c", "http://a#b%20c"),
        ] {
            assert_eq!(print(text), printed);
        }
    }

    #[test]
    fn errors_are_gos() {
        for (text, error) in [
            (":a", "missing protocol scheme"),
            ("1:a", "first path segment in URL cannot contain colon"),
            ("http://a\n", "net/url: invalid control character in URL"),
            ("http://[a", "missing ']' in host"),
            ("http://[a]b", "invalid port \"b\" after host"),
            ("http://a:b", "invalid port \":b\" after host"),
            ("http://a b", "invalid character \" \" in host name"),
            ("http://a%zz", "invalid URL escape \"%zz\""),
            ("http://a%41", "invalid URL escape \"%41\""),
            ("http://a/%4", "invalid URL escape \"%4\""),
            ("http://a b@c", "net/url: invalid userinfo"),
            ("http://[fe80::1%25en%01]", "invalid URL escape \"%01\""),
            ("http://[fe80::1%41%25en]", "invalid URL escape \"%41\""),
        ] {
            assert_eq!(
                Url::parse(text.as_bytes()).unwrap_err(),
                format!("parse {}: {error}", quote(text.as_bytes()))
            );
        }
        // A zone has more escapes than an address.
        assert!(Url::parse(b"http://[fe80::1%25en%20%41]").is_ok());
    }
}
