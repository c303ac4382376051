use super::{ParamType, View, ViewType, str_field, string};

pub(super) const IMAGE_NAME: View = View {
    name: "image_name",
    params: &[("text", ParamType::String)],
    fields: &[
        ("problem", ViewType::String, "what the parser says is wrong with it; empty if nothing is"),
        (
            "familiar",
            ViewType::String,
            "the short form: without `docker.io/` and `library/`, with the tag `latest` if it has neither tag nor digest",
        ),
    ],
    doc: "The name of an image: `[registry/]path[:tag][@digest]`, or 64 hexadecimal digits",
    source: "distribution reference.ParseAnyReference, TagNameOnly, FamiliarString",
    eval: |args, out| match familiar(&String::from_utf8_lossy(string(args, 0))) {
        Ok(text) => out.set([str_field(&b""[..]), str_field(text)]),
        Err(problem) => out.set([str_field(problem), str_field(&b""[..])]),
    },
};

const INVALID: &str = "invalid reference format";
/// The most bytes of a repository, registry included.
const LONGEST: usize = 255;

fn familiar(text: &str) -> Result<String, String> {
    let hex = |s: &str, min| s.len() >= min && s.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    if text.len() == 64 && hex(text, 64) {
        return Ok(format!("sha256:{text}"));
    }
    if text.strip_prefix("sha256:").is_some_and(|digits| digits.len() == 64 && hex(digits, 64)) {
        return Ok(text.to_owned());
    }
    // `splitDockerDomain`
    let (domain, remainder) = match text.split_once('/') {
        Some((first, rest))
            if first.contains(['.', ':']) || first == "localhost" || first.to_lowercase() != first =>
        {
            (first, rest)
        }
        _ => ("docker.io", text),
    };
    let domain = if domain == "index.docker.io" { "docker.io" } else { domain };
    let official = domain == "docker.io" && !remainder.contains('/');
    let remainder = if official { format!("library/{remainder}") } else { remainder.to_owned() };

    let path_end = remainder.find([':', '@']).unwrap_or(remainder.len());
    let (path, after) = remainder.split_at(path_end);
    if path.to_lowercase() != path {
        return Err(format!("{INVALID}: repository name ({path}) must be lowercase"));
    }
    let (tag, digest) = match after.split_once('@') {
        Some((tag, digest)) => (tag, Some(digest)),
        None => (after, None),
    };
    let tag_fits = match tag.strip_prefix(':') {
        Some(tag) => is_tag(tag),
        None => tag.is_empty(),
    };
    let digest_fits = digest.is_none_or(|digest| {
        digest.split_once(':').is_some_and(|(name, value)| is_algorithm(name) && is_long_hex(value))
    });
    if !is_domain(domain) || !path.split('/').all(is_component) || !tag_fits || !digest_fits {
        return Err(INVALID.to_owned());
    }
    if domain.len() + 1 + path.len() > LONGEST {
        return Err(format!("repository name must not be more than {LONGEST} characters"));
    }
    let shown = match (domain, path.strip_prefix("library/")) {
        ("docker.io", Some(name)) if !name.contains('/') => name.to_owned(),
        ("docker.io", _) => path.to_owned(),
        _ => format!("{domain}/{path}"),
    };
    Ok(match after {
        "" => format!("{shown}:latest"),
        after => format!("{shown}{after}"),
    })
}

/// `[\w][\w.-]{0,127}`
fn is_tag(tag: &str) -> bool {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    tag.len() <= 128
        && tag.bytes().next().is_some_and(word)
        && tag.bytes().all(|b| word(b) || matches!(b, b'.' | b'-'))
}

/// `[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*`
fn is_algorithm(name: &str) -> bool {
    name.split(['-', '_', '+', '.']).all(|part| {
        part.bytes().next().is_some_and(|b| b.is_ascii_alphabetic())
            && part.bytes().all(|b| b.is_ascii_alphanumeric())
    })
}

fn is_long_hex(text: &str) -> bool {
    text.len() >= 32 && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Small letters and digits, joined by `.`, one or two `_`, or any number of `-`.
fn is_component(text: &str) -> bool {
    let alphanumeric = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let ends =
        text.bytes().next().is_some_and(alphanumeric) && text.bytes().next_back().is_some_and(alphanumeric);
    let mut separators = text.split(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    ends && separators.all(|s| matches!(s, "" | "." | "_" | "__") || s.bytes().all(|b| b == b'-'))
}

/// A host name or an address in brackets, perhaps with a port.
fn is_domain(text: &str) -> bool {
    let (host, port) = match text.rfind(']') {
        Some(at) => text.split_at(at + 1),
        None => text.split_at(text.find(':').unwrap_or(text.len())),
    };
    let port_fits = port.is_empty()
        || port.strip_prefix(':').is_some_and(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit()));
    let label = |label: &str| {
        let alphanumeric = |b: u8| b.is_ascii_alphanumeric();
        label.bytes().next().is_some_and(alphanumeric)
            && label.bytes().next_back().is_some_and(alphanumeric)
            && label.bytes().all(|b| alphanumeric(b) || b == b'-')
    };
    let host_fits = match host.strip_prefix('[').and_then(|h| h.strip_suffix(']')) {
        Some(address) => !address.is_empty() && address.bytes().all(|b| b.is_ascii_hexdigit() || b == b':'),
        None => host.split('.').all(label),
    };
    host_fits && port_fits
}

#[cfg(test)]
mod tests {
    use crate::facts::views::tests::{call, field};

    #[test]
    fn names_of_images() {
        let digest = format!("sha256:{}", "0a".repeat(32));
        for (text, familiar) in [
            ("ubuntu", "ubuntu:latest"),
            ("ubuntu:22.04", "ubuntu:22.04"),
            ("docker.io/library/ubuntu", "ubuntu:latest"),
            ("index.docker.io/ubuntu", "ubuntu:latest"),
            ("grafana/grafana", "grafana/grafana:latest"),
            ("docker.io/grafana/grafana:1", "grafana/grafana:1"),
            ("localhost/x", "localhost/x:latest"),
            ("LOCAL/x", "LOCAL/x:latest"),
            ("localhost:5000/a__b/c--d.e", "localhost:5000/a__b/c--d.e:latest"),
            ("[::1]:5000/x:t", "[::1]:5000/x:t"),
            ("ghcr.io/o/r", "ghcr.io/o/r:latest"),
        ] {
            assert_eq!(field(&call("image_name", &[text]), "familiar"), familiar);
        }
        assert_eq!(field(&call("image_name", &[&format!("a@{digest}")]), "familiar"), format!("a@{digest}"));
        assert_eq!(field(&call("image_name", &[&"0a".repeat(32)]), "familiar"), digest);
    }

    #[test]
    fn what_is_none() {
        for (text, problem) in [
            ("", "invalid reference format"),
            ("a b", "invalid reference format"),
            ("a:", "invalid reference format"),
            ("a/", "invalid reference format"),
            ("a___b", "invalid reference format"),
            ("-a", "invalid reference format"),
            ("a@sha256:12", "invalid reference format"),
            ("Ubuntu", "invalid reference format: repository name (library/Ubuntu) must be lowercase"),
        ] {
            assert_eq!(field(&call("image_name", &[text]), "problem"), problem, "{text}");
        }
        let long = format!("{}/x", "a".repeat(250));
        assert!(field(&call("image_name", &[&long]), "problem").contains("255"));
    }
}
