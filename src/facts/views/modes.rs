use super::{ParamType, View, ViewField, ViewType, cut, str_field, string};

pub(super) const CONTAINER_MODE: View = View {
    name: "container_mode",
    params: &[("mode", ParamType::String)],
    fields: &[
        ("shared", ViewType::Bool, "whether it begins with `container:`"),
        ("name", ViewType::String, "the text behind that, which may be empty and hold further colons"),
    ],
    doc: "A mode that joins another container's namespace, `container:name`",
    source: "moby api/types/container/hostconfig.go containerID, IpcMode.Container, PidMode.Container",
    eval: |args, out| {
        let name = string(args, 0).strip_prefix(b"container:");
        out.set([ViewField::Bool(name.is_some()), str_field(name.unwrap_or_default())])
    },
};

pub(super) const SECURITY_OPT: View = View {
    name: "security_opt",
    params: &[("option", ParamType::String)],
    fields: &[
        ("split", ViewType::Bool, "whether it has a `=`, or else a `:`"),
        ("key", ViewType::String, "the text in front of it; empty if there is none"),
        ("value", ViewType::String, "the text behind it"),
        (
            "go_bool",
            ViewType::Bool,
            "whether the value is a boolean to Go: 1, t, T, TRUE, true, True, 0, f, F, FALSE, false, False",
        ),
    ],
    doc: "A security option: `key=value`, or `key:value` as it was written once",
    source: "moby daemon/daemon_unix.go parseSecurityOpt; Go strconv.ParseBool",
    eval: |args, out| {
        let option = string(args, 0);
        let parts = cut(option, b"=").or_else(|| cut(option, b":"));
        let (key, value) = parts.unwrap_or_default();
        out.set([
            ViewField::Bool(parts.is_some()),
            str_field(key),
            str_field(value),
            ViewField::Bool(is_go_bool(value)),
        ])
    },
};

/// Whether Go's `strconv.ParseBool` reads it.
fn is_go_bool(text: &[u8]) -> bool {
    let words: [&[u8]; 12] =
        [b"1", b"t", b"T", b"TRUE", b"true", b"True", b"0", b"f", b"F", b"FALSE", b"false", b"False"];
    words.contains(&text)
}

#[cfg(test)]
mod tests {
    use crate::facts::views::tests::{call, field};

    #[test]
    fn a_container_is_named_behind_the_first_colon() {
        for (mode, shared, name) in [
            ("container:c1", "true", "c1"),
            ("container:a:b", "true", "a:b"),
            ("container:", "true", ""),
            ("container", "false", ""),
            ("Container:c1", "false", ""),
            ("", "false", ""),
        ] {
            let result = call("container_mode", &[mode]);
            assert_eq!((field(&result, "shared").as_str(), field(&result, "name").as_str()), (shared, name));
        }
    }

    #[test]
    fn an_option_is_split_at_the_equals_sign_first() {
        for (option, split, key, value) in [
            ("label=user:u", "true", "label", "user:u"),
            ("label:disable", "true", "label", "disable"),
            ("a:b=c", "true", "a:b", "c"),
            ("no-new-privileges", "false", "", ""),
            ("=", "true", "", ""),
        ] {
            let result = call("security_opt", &[option]);
            let found = ["split", "key", "value"].map(|f| field(&result, f));
            assert_eq!(found, [split, key, value], "{option}");
        }
        assert_eq!(field(&call("security_opt", &["no-new-privileges=True"]), "go_bool"), "true");
        assert_eq!(field(&call("security_opt", &["no-new-privileges=yes"]), "go_bool"), "false");
    }
}
