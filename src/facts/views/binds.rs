use super::{ParamType, View, ViewField, ViewType, cut, str_field, string};

pub(super) const BIND_SPEC: View = View {
    name: "bind_spec",
    params: &[("text", ParamType::String)],
    fields: &[
        (
            "malformed",
            ViewType::Bool,
            "whether it has four pieces or more, nothing in front, or a mode where the path inside the container should be",
        ),
        (
            "source",
            ViewType::String,
            "the path on the host or the name of the volume; empty for an anonymous volume",
        ),
        ("target", ViewType::String, "the path inside the container"),
        ("mode", ViewType::String, "the third piece; empty if there is none"),
        ("mode_valid", ViewType::Bool, "whether the mode is a list of words that go together, or empty"),
        ("bind", ViewType::Bool, "whether the source is a path on the host: it begins with a slash"),
        ("propagation", ViewType::String, "the propagation in the mode; empty if there is none"),
        ("read_only_form", ViewType::String, "rro or ro-… if the mode has one of them"),
    ],
    doc: "One entry of Binds: `source:target:mode`, `source:target`, or `target` for an anonymous volume",
    source: "moby volume/mounts/linux_parser.go ParseMountRaw, linuxValidMountMode",
    eval: |args, out| {
        let text = string(args, 0);
        let mut parts = text.splitn(4, |b| *b == b':');
        let parts = [parts.next(), parts.next(), parts.next(), parts.next()];
        let none = &b""[..];
        let (malformed, source, target, mode) = match parts {
            [Some(target), None, ..] => (target.is_empty(), none, target, none),
            [Some(source), Some(target), None, _] => {
                (source.is_empty() || Mode::read(target).is_some(), source, target, none)
            }
            [Some(source), Some(target), Some(mode), None] => (source.is_empty(), source, target, mode),
            _ => (true, none, none, none),
        };
        let read = Mode::read(mode);
        let found = read.clone().unwrap_or_default();
        out.set([
            ViewField::Bool(malformed),
            str_field(source),
            str_field(target),
            str_field(mode),
            ViewField::Bool(read.is_some()),
            ViewField::Bool(source.starts_with(b"/")),
            str_field(found.propagation),
            str_field(found.read_only_form),
        ])
    },
};

pub(super) const VOLUMES_FROM: View = View {
    name: "volumes_from",
    params: &[("text", ParamType::String)],
    fields: &[
        ("container", ViewType::String, "the container whose volumes are taken"),
        ("mode", ViewType::String, "the text behind the first colon; empty if there is none"),
        ("mode_valid", ViewType::Bool, "whether the mode is one that other containers' volumes can have"),
        (
            "recursion",
            ViewType::Bool,
            "whether the mode is one that paths can have, and is `rro` or begins with `ro-`",
        ),
    ],
    doc: "One entry of VolumesFrom: `container` or `container:mode`",
    source: "moby volume/mounts/linux_parser.go ParseVolumesFrom",
    eval: |args, out| {
        let text = string(args, 0);
        let (container, mode) = cut(text, b":").unwrap_or((text, b""));
        let read = Mode::read(mode);
        let recursion = read.is_some() && (mode == b"rro" || mode.starts_with(b"ro-"));
        let valid = !recursion && read.is_some_and(|m| m.propagation.is_empty() && !m.no_copy);
        out.set([str_field(container), str_field(mode), ViewField::Bool(valid), ViewField::Bool(recursion)])
    },
};

pub(super) const LINK: View = View {
    name: "link",
    params: &[("text", ParamType::String)],
    fields: &[(
        "container",
        ViewType::String,
        "the container that is linked, without the slash of the form `/name:/by/alias`",
    )],
    doc: "One entry of Links: `container` or `container:alias`",
    source: "moby opts/parse.go ParseLink",
    eval: |args, out| {
        let text = string(args, 0);
        out.set([str_field(match cut(text, b":") {
            Some((container, _)) => container.strip_prefix(b"/").unwrap_or(container),
            None => text,
        })])
    },
};

/// A mode: words with commas between, at most one of each group.
#[derive(Clone, Default)]
struct Mode<'m> {
    propagation: &'m [u8],
    read_only_form: &'m [u8],
    no_copy: bool,
}

impl<'m> Mode<'m> {
    fn read(text: &'m [u8]) -> Option<Self> {
        let mut out = Self::default();
        let mut seen = [false; 5];
        let words = (!text.is_empty()).then_some(text).into_iter().flat_map(|t| t.split(|b| *b == b','));
        for word in words {
            let group = match word {
                b"rw" | b"ro" => 0,
                b"ro-non-recursive" | b"ro-force-recursive" | b"rro" => {
                    out.read_only_form = word;
                    0
                }
                b"z" | b"Z" => 1,
                b"private" | b"rprivate" | b"slave" | b"rslave" | b"shared" | b"rshared" => {
                    out.propagation = word;
                    2
                }
                b"nocopy" => {
                    out.no_copy = true;
                    3
                }
                b"consistent" | b"cached" | b"delegated" => 4,
                _ => return None,
            };
            let seen = seen.get_mut(group)?;
            if *seen {
                return None;
            }
            *seen = true;
        }
        Some(out)
    }
}

#[cfg(test)]
mod tests {
    use crate::facts::views::tests::{call, field};

    #[test]
    fn binds_are_split_at_colons() {
        for (text, malformed, source, target, valid) in [
            ("/a:/b", "false", "/a", "/b", "true"),
            ("/a:/b:ro,Z,rslave", "false", "/a", "/b", "true"),
            ("/b", "false", "", "/b", "true"),
            ("", "true", "", "", "true"),
            (":/b", "true", "", "/b", "true"),
            ("/a:ro", "true", "/a", "ro", "true"),
            ("/a:", "true", "/a", "", "true"),
            ("/a:/b:ro:x", "true", "", "", "true"),
            ("/a:/b:ro,rw", "false", "/a", "/b", "false"),
            ("/a:/b:ro,", "false", "/a", "/b", "false"),
        ] {
            let result = call("bind_spec", &[text]);
            let found = ["malformed", "source", "target", "mode_valid"].map(|f| field(&result, f));
            assert_eq!(found, [malformed, source, target, valid], "{text}");
        }
        assert_eq!(field(&call("bind_spec", &["v:/b:rro"]), "read_only_form"), "rro");
    }

    #[test]
    fn links_name_a_container() {
        for (text, container) in [("db", "db"), ("db:data", "db"), ("/db:/web/data", "db"), ("/db", "/db")] {
            assert_eq!(field(&call("link", &[text]), "container"), container);
        }
    }

    #[test]
    fn volumes_of_others_keep_their_propagation() {
        for (text, valid) in [("c1", "true"), ("c1:ro", "true"), ("c1:rslave", "false"), ("c1:x", "false")] {
            assert_eq!(field(&call("volumes_from", &[text]), "mode_valid"), valid, "{text}");
        }
    }
}
