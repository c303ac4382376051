use super::{ParamType, View, ViewField, ViewType, str_field, string};

pub(super) const MEDIA_TYPE: View = View {
    name: "media_type",
    params: &[("text", ParamType::String)],
    fields: &[
        ("problem", ViewType::String, "what Go says is wrong with it; empty if nothing is"),
        ("text", ViewType::String, "the type and subtype, in small letters, without parameters"),
    ],
    doc: "The value of a Content-Type header: `type/subtype; name=value`",
    source: "Go mime.ParseMediaType",
    eval: |args, out| match media_type(string(args, 0)) {
        Ok(text) => out.set([str_field(&b""[..]), str_field(text)]),
        Err(problem) => out.set([str_field(problem), str_field(&b""[..])]),
    },
};

pub(super) const CONTAINER_NAME: View = View {
    name: "container_name",
    params: &[("text", ParamType::String)],
    fields: &[("text", ViewType::String, "the name without one leading slash")],
    doc: "The name of a container, as clients write it: perhaps with a slash in front",
    source: "moby daemon/names.go reserveName, daemon/container.go GetContainer",
    eval: |args, out| {
        let text = string(args, 0);
        out.set([str_field(text.strip_prefix(b"/").unwrap_or(text))])
    },
};

pub(super) const PLATFORM_TEXT: View = View {
    name: "platform_text",
    params: &[("os", ParamType::String), ("architecture", ParamType::String), ("variant", ParamType::String)],
    fields: &[(
        "text",
        ViewType::String,
        "the parts that are not empty, with slashes between; `unknown` without an os",
    )],
    doc: "A platform as people read it: `linux/arm/v7`",
    source: "containerd platforms.Format",
    eval: |args, out| {
        let parts: Vec<&[u8]> = (0..3).map(|i| string(args, i)).filter(|part| !part.is_empty()).collect();
        if string(args, 0).is_empty() {
            return out.set([str_field("unknown")]);
        }
        out.set([str_field(parts.join(&b'/'))])
    },
};

pub(super) const PLATFORM_PART: View = View {
    name: "platform_part",
    params: &[("platform", ParamType::String)],
    fields: &[
        (
            "odd",
            ViewType::Bool,
            "whether some part is empty or has other characters than letters, digits, `_` and `-`",
        ),
        ("text", ViewType::String, "the first such part"),
    ],
    doc: "What stands between the slashes of a platform",
    source: "containerd platforms.Parse",
    eval: |args, out| {
        let plain = |part: &&[u8]| {
            !part.is_empty() && part.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
        };
        let odd = string(args, 0).split(|b| *b == b'/').find(|part| !plain(part));
        out.set([ViewField::Bool(odd.is_some()), str_field(odd.unwrap_or_default())])
    },
};

fn media_type(text: &[u8]) -> Result<Vec<u8>, &'static str> {
    let text = String::from_utf8_lossy(text);
    let (base, mut rest) = match text.find(';') {
        Some(at) => (text.get(..at).unwrap_or_default(), text.get(at..).unwrap_or_default()),
        None => (text.as_ref(), ""),
    };
    let lower = base.to_lowercase();
    let base = lower.trim();
    let (kind, after) = token(base);
    if kind.is_empty() {
        return Err("mime: no media type");
    }
    if !after.is_empty() {
        let after = after.strip_prefix('/').ok_or("mime: expected slash after first token")?;
        match token(after) {
            ("", _) => return Err("mime: expected token after slash"),
            (_, "") => {}
            _ => return Err("mime: unexpected content after media subtype"),
        }
    }
    let mut seen: Vec<(String, String)> = Vec::new();
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            break;
        }
        let Some((name, value, after)) = parameter(rest) else {
            if rest.trim() == ";" {
                break;
            }
            return Err("mime: invalid media parameter");
        };
        if seen.iter().any(|(n, v)| *n == name && *v != value) {
            return Err("mime: duplicate parameter name");
        }
        seen.push((name, value));
        rest = after;
    }
    Ok(base.as_bytes().to_vec())
}

/// `consumeMediaParam`: `; name = value`, and what follows.
fn parameter(text: &str) -> Option<(String, String, &str)> {
    let (name, rest) = token(text.strip_prefix(';')?.trim_start());
    if name.is_empty() {
        return None;
    }
    let rest = rest.trim_start().strip_prefix('=')?.trim_start();
    let (value, rest) = match rest.strip_prefix('"') {
        Some(quoted) => quoted_string(quoted)?,
        None => match token(rest) {
            ("", _) => return None,
            (value, rest) => (value.to_owned(), rest),
        },
    };
    Some((name.to_lowercase(), value, rest))
}

/// What stands before the closing quote, unescaped, and what stands behind it.
fn quoted_string(text: &str) -> Option<(String, &str)> {
    let mut out = String::new();
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((out, text.get(at + 1..)?)),
            '\\' => match chars.next_if(|(_, next)| SPECIALS.contains(*next)) {
                Some((_, next)) => out.push(next),
                None => out.push(c),
            },
            '\r' | '\n' => return None,
            c => out.push(c),
        }
    }
    None
}

/// RFC 2045 `tspecials`.
const SPECIALS: &str = "()<>@,;:\\\"/[]?=";

/// The longest token at the start, and the rest.
fn token(text: &str) -> (&str, &str) {
    let ends = |c: char| !c.is_ascii_graphic() || SPECIALS.contains(c);
    text.split_at(text.find(ends).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use crate::facts::views::tests::{call, field};

    /// Held against Go by tests/go.
    #[test]
    fn media_types() {
        for (text, problem, found) in [
            ("application/json", "", "application/json"),
            ("Application/JSON ; charset=utf-8", "", "application/json"),
            ("application/json;", "", "application/json"),
            ("text/plain", "", "text/plain"),
            ("form", "", "form"),
            ("", "mime: no media type", ""),
            (" ", "mime: no media type", ""),
            ("application json", "mime: expected slash after first token", ""),
            ("application/", "mime: expected token after slash", ""),
            ("application/json x", "mime: unexpected content after media subtype", ""),
            ("application/json; charset", "mime: invalid media parameter", ""),
            ("application/json; a=1; A=2", "mime: duplicate parameter name", ""),
            ("application/json; a=1; A=1", "", "application/json"),
            (r#"application/json; a="x\"y""#, "", "application/json"),
            (r#"application/json; a="x"#, "mime: invalid media parameter", ""),
            (r#"application/json; a="""#, "", "application/json"),
        ] {
            let result = call("media_type", &[text]);
            assert_eq!(
                (field(&result, "problem").as_str(), field(&result, "text").as_str()),
                (problem, found),
                "{text}"
            );
        }
    }

    #[test]
    fn names_and_platforms() {
        for (text, plain) in [("/web", "web"), ("//web", "/web"), ("web", "web"), ("", "")] {
            assert_eq!(field(&call("container_name", &[text]), "text"), plain);
        }
        for (parts, text) in [
            (["linux", "arm", "v7"], "linux/arm/v7"),
            (["linux", "amd64", ""], "linux/amd64"),
            (["", "arm", ""], "unknown"),
        ] {
            assert_eq!(field(&call("platform_text", &parts), "text"), text);
        }
    }
}
