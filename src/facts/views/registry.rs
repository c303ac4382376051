use super::url::Url;
use super::{ParamType, View, ViewField, ViewType, cut, str_field, string};
use crate::facts::quote;
use crate::facts::text::{parse_addr, parse_ip};

pub(super) const MIRROR_URL: View = View {
    name: "mirror_url",
    params: &[("mirror", ParamType::String)],
    fields: &[
        ("has_scheme", ViewType::Bool, "whether there is a `://` with something in front of it"),
        ("valid", ViewType::Bool, "whether Go can parse it"),
        ("reason", ViewType::String, "what Go says if it cannot"),
        ("scheme", ViewType::String, "the scheme, in lower case"),
        ("query", ViewType::Bool, "whether it has a query or a fragment"),
        ("user_info", ViewType::Bool, "whether it names a user"),
        ("text", ViewType::String, "the URL as Go prints it"),
        ("masked", ViewType::String, "the same with xxxxx for the password"),
    ],
    doc: "A mirror of a registry, as a URL",
    source: "moby registry/config.go ValidateMirror; Go net/url",
    eval: |args, out| {
        let mirror = string(args, 0);
        let has_scheme = cut(mirror, b"://").is_some_and(|(scheme, _)| !scheme.is_empty());
        let (url, reason) = match Url::parse(mirror) {
            Ok(url) => (url, None),
            Err(reason) => (Url::default(), Some(reason)),
        };
        out.set([
            ViewField::Bool(has_scheme),
            ViewField::Bool(reason.is_none()),
            str_field(reason.unwrap_or_default()),
            str_field(url.scheme().to_owned()),
            ViewField::Bool(url.has_query() || url.has_fragment()),
            ViewField::Bool(url.has_user()),
            str_field(url.print(false)),
            str_field(url.print(true)),
        ])
    },
};

pub(super) const REGISTRY_HOST: View = View {
    name: "registry_host",
    params: &[("registry", ParamType::String)],
    fields: &[
        ("http", ViewType::Bool, "whether http:// or https:// stands in front, in any case"),
        ("text", ViewType::String, "the text without that"),
        ("error", ViewType::String, "why it is neither a subnet nor `host:port`; empty if it is one"),
    ],
    doc: "A registry by subnet, or by host and perhaps port",
    source: "moby registry/config.go loadInsecureRegistries, validateHostPort; distribution/reference DomainRegexp",
    eval: |args, out| {
        let registry = string(args, 0);
        let scheme = [&b"http://"[..], b"https://"].into_iter().find(|scheme| {
            registry.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
        });
        let text = registry.get(scheme.map_or(0, <[u8]>::len)..).unwrap_or_default();
        let error = if is_cidr(text) { String::new() } else { host_port_error(text) };
        out.set([ViewField::Bool(scheme.is_some()), str_field(text), str_field(error)])
    },
};

/// Go's `net.ParseCIDR`: zeros may lead the length.
fn is_cidr(text: &[u8]) -> bool {
    let Some((address, bits)) = cut(text, b"/") else { return false };
    let Ok((address, None)) = parse_addr(address) else { return false };
    let most = if address.is_ipv4() { 32 } else { 128 };
    let digits = !bits.is_empty() && bits.iter().all(u8::is_ascii_digit);
    digits && std::str::from_utf8(bits).is_ok_and(|b| b.parse::<u32>().is_ok_and(|n| n <= most))
}

fn host_port_error(text: &[u8]) -> String {
    let (host, port) = split_host_port(text).unwrap_or((text, b""));
    if !is_domain(text) && parse_ip(host).is_none() {
        return format!("invalid host {}", quote(host));
    }
    if port.is_empty() {
        return String::new();
    }
    let syntax = !port.iter().all(u8::is_ascii_digit);
    match std::str::from_utf8(port).ok().and_then(|p| p.parse::<i64>().ok()) {
        _ if syntax => format!("strconv.Atoi: parsing {}: invalid syntax", quote(port)),
        None => format!("strconv.Atoi: parsing {}: value out of range", quote(port)),
        Some(0..=65_535) => String::new(),
        Some(_) => format!("invalid port {}", quote(port)),
    }
}

/// `DomainRegexp` on the whole text: labels of letters, digits and inner hyphens, or an IPv6 address in brackets,
/// and perhaps a port.
fn is_domain(text: &[u8]) -> bool {
    let (host, port) = match text.strip_prefix(b"[").and_then(|t| cut(t, b"]")) {
        Some((address, rest)) => {
            let hex = !address.is_empty() && address.iter().all(|b| b.is_ascii_hexdigit() || *b == b':');
            (hex, rest)
        }
        None => {
            let end = text.iter().position(|b| *b == b':').unwrap_or(text.len());
            let (host, rest) = text.split_at_checked(end).unwrap_or((text, b""));
            (host.split(|b| *b == b'.').all(is_label), rest)
        }
    };
    let port_fits = match port.strip_prefix(b":") {
        Some(digits) => !digits.is_empty() && digits.iter().all(u8::is_ascii_digit),
        None => port.is_empty(),
    };
    host && port_fits
}

fn is_label(label: &[u8]) -> bool {
    let inner = |b: &u8| b.is_ascii_alphanumeric() || *b == b'-';
    label.iter().all(inner) && !matches!(label, [] | [b'-', ..] | [.., b'-'])
}

/// Go's `net.SplitHostPort`; `None` for any of its errors.
fn split_host_port(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = text.iter().rposition(|b| *b == b':')?;
    let port = text.get(colon.checked_add(1)?..)?;
    let host = match text.strip_prefix(b"[") {
        Some(rest) => {
            let (host, after) = cut(rest, b"]")?;
            if after.len() != port.len().checked_add(1)? || host.contains(&b'[') {
                return None;
            }
            host
        }
        None => {
            let host = text.get(..colon)?;
            if host.iter().any(|b| matches!(b, b':' | b'[' | b']')) {
                return None;
            }
            host
        }
    };
    (!port.iter().any(|b| matches!(b, b'[' | b']'))).then_some((host, port))
}

#[cfg(test)]
mod tests {
    use crate::facts::views::tests::{call, field};

    #[test]
    fn registries() {
        for (registry, error) in [
            ("registry.example", ""),
            ("registry.example:5000", ""),
            ("HTTP://registry.example:5000", ""),
            ("https://10.0.0.0/8", ""),
            ("10.0.0.0/08", ""),
            ("fd00::/8", ""),
            ("fd00::1", ""),
            ("[fd00::1]:5000", ""),
            ("[fd00::1]", ""),
            ("localhost", ""),
            ("registry.example/team", "invalid host \"registry.example/team\""),
            ("*.example", "invalid host \"*.example\""),
            ("*.example:5000", "invalid host \"*.example\""),
            ("a_b", "invalid host \"a_b\""),
            ("", "invalid host \"\""),
            ("10.0.0.0/33", "invalid host \"10.0.0.0/33\""),
            ("registry.example:70000", "invalid port \"70000\""),
            ("[fd00::1]:70000", "invalid port \"70000\""),
            ("a:99999999999999999999", "strconv.Atoi: parsing \"99999999999999999999\": value out of range"),
            ("10.0.0.1:http", "strconv.Atoi: parsing \"http\": invalid syntax"),
            ("a:http", "invalid host \"a\""),
        ] {
            assert_eq!(field(&call("registry_host", &[registry]), "error"), error, "{registry}");
        }
        let stripped = call("registry_host", &["HttpS://a"]);
        assert_eq!((field(&stripped, "http"), field(&stripped, "text")), ("true".into(), "a".into()));
    }

    #[test]
    fn mirrors() {
        for (mirror, valid, scheme, query, user, text) in [
            ("https://m.example", true, "https", false, false, "https://m.example"),
            ("HTTPS://m.example/a b", true, "https", false, false, "https://m.example/a%20b"),
            ("https://m.example?a=b", true, "https", true, false, "https://m.example?a=b"),
            ("https://m.example#f", true, "https", true, false, "https://m.example#f"),
            ("https://m.example/?", true, "https", false, false, "https://m.example/?"),
            ("https://u:p@m.example", true, "https", false, true, "https://u:p@m.example"),
            ("mirror.example", true, "", false, false, "mirror.example"),
            ("localhost:5000", true, "localhost", false, false, "localhost:5000"),
            ("10.0.0.1:5000", false, "", false, false, ""),
        ] {
            let result = call("mirror_url", &[mirror]);
            let found = ["valid", "query", "user_info"].map(|f| field(&result, f));
            assert_eq!(found, [valid, query, user].map(|b| b.to_string()), "{mirror}");
            assert_eq!(
                (field(&result, "scheme"), field(&result, "text")),
                (scheme.into(), text.into()),
                "{mirror}"
            );
        }
        assert_eq!(field(&call("mirror_url", &["https://u:p@m"]), "masked"), "https://u:xxxxx@m");
        assert_eq!(
            field(&call("mirror_url", &["10.0.0.1:5000"]), "reason"),
            r#"parse "10.0.0.1:5000": first path segment in URL cannot contain colon"#
        );
        assert_eq!(field(&call("mirror_url", &["://m"]), "has_scheme"), "false");
    }
}
