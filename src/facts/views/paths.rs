use std::borrow::Cow;

use super::{ParamType, View, ViewField, ViewType, str_field, string};
use crate::facts::path::{clean, join};

pub(super) const CLEAN_PATH: View = View {
    name: "clean_path",
    params: &[("path", ParamType::String)],
    fields: &[("text", ViewType::String, "the shortest path with the same lexical meaning")],
    doc: "A path without `.`, `..` and repeated slashes, as far as its text alone tells",
    source: "Go filepath.Clean",
    eval: |args, out| out.set([str_field(clean(string(args, 0)))]),
};

pub(super) const WRAPPER_PATH: View = View {
    name: "wrapper_path",
    params: &[("data_root", ParamType::String), ("name", ParamType::String)],
    fields: &[
        ("directory", ViewType::String, "the directory the script is written to"),
        ("base", ViewType::String, "the script's file name up to the dot in front of the hash"),
        ("base_size", ViewType::Int, "its bytes"),
        (
            "below",
            ViewType::Bool,
            "the directory lies below <data-root>/runtimes, which the daemon has just emptied",
        ),
        ("above", ViewType::Bool, "the directory is the data root or one above it, which exist"),
        ("elsewhere", ViewType::Bool, "the directory is none of these, nor <data-root>/runtimes itself"),
    ],
    doc: "Where the wrapper script of a runtime of this name would be written: `<data-root>/runtimes/<name>.<hash>`, cleaned",
    source: "moby daemon/runtime_unix.go wrapRuntime: filepath.Join",
    eval: |args, out| out.set(wrapper_path(string(args, 0), string(args, 1))),
};

pub(super) const MOUNT_PATH: View = View {
    name: "mount_path",
    params: &[("path", ParamType::String)],
    fields: &[
        ("text", ViewType::String, "the path with slashes in place of backslashes"),
        ("absolute", ViewType::Bool, "whether that begins with a slash"),
        ("root", ViewType::Bool, "whether that, cleaned, is `/`"),
        ("clean", ViewType::String, "that, cleaned"),
    ],
    doc: "A path inside a container, or the source of a bind mount",
    source: "moby volume/mounts/linux_parser.go linuxValidateNotRoot, linuxValidateAbsolute",
    eval: |args, out| {
        let text = slashes(string(args, 0));
        let cleaned = match &text {
            Cow::Borrowed(text) => clean(text),
            Cow::Owned(text) => Cow::Owned(clean(text).into_owned()),
        };
        let (absolute, root) = (text.starts_with(b"/"), *cleaned == *b"/");
        out.set([str_field(text), ViewField::Bool(absolute), ViewField::Bool(root), str_field(cleaned)])
    },
};

pub(super) const LOCAL_PATH: View = View {
    name: "local_path",
    params: &[("path", ParamType::String)],
    fields: &[(
        "local",
        ViewType::Bool,
        "whether it is relative, not empty, and no `..` leads out of where it starts",
    )],
    doc: "A path that is meant to stay below a directory",
    source: "Go filepath.IsLocal",
    eval: |args, out| {
        let path = string(args, 0);
        let cleaned = clean(path);
        let leads_out = *cleaned == *b".." || cleaned.starts_with(b"../");
        out.set([ViewField::Bool(!path.is_empty() && !path.starts_with(b"/") && !leads_out)])
    },
};

/// A path of Windows with the slashes of Unix, as the daemon reads either.
pub(super) fn slashes(path: &[u8]) -> Cow<'_, [u8]> {
    if !path.contains(&b'\\') {
        return Cow::Borrowed(path);
    }
    Cow::Owned(path.iter().map(|b| if *b == b'\\' { b'/' } else { *b }).collect())
}

fn wrapper_path(data_root: &[u8], name: &[u8]) -> [ViewField<'static>; 6] {
    /// Stands for the hash: whatever it is, the last element is neither `.` nor `..`.
    const HASH: &[u8] = b".H";
    let scripts = join(&[data_root, b"runtimes"]);
    let file = join(&[&scripts, &[name, HASH].concat()]);
    let slash = file.iter().rposition(|b| *b == b'/');
    let (directory, base) = match slash {
        Some(0) => (&b"/"[..], file.get(1..)),
        Some(at) => (file.get(..at).unwrap_or_default(), file.get(at.saturating_add(1)..)),
        None => (&b"."[..], Some(file.as_slice())),
    };
    let base = base.unwrap_or_default();
    let base = base.strip_suffix(HASH).unwrap_or(base);
    let below = is_below(directory, &scripts);
    let above = is_below(&scripts, directory);
    [
        str_field(directory.to_vec()),
        str_field(base.to_vec()),
        ViewField::Int(i64::try_from(base.len()).unwrap_or(i64::MAX)),
        ViewField::Bool(below),
        ViewField::Bool(above),
        ViewField::Bool(!below && !above && directory != scripts),
    ]
}

/// Whether one clean path lies strictly below another.
fn is_below(path: &[u8], ancestor: &[u8]) -> bool {
    match path.strip_prefix(ancestor) {
        Some(rest) => rest.starts_with(b"/") || (ancestor == b"/" && !rest.is_empty()),
        None => ancestor == b"." && !path.starts_with(b"/") && !path.starts_with(b".."),
    }
}

#[cfg(test)]
mod tests {
    use crate::facts::views::tests::{call, field};

    #[test]
    fn wrappers_follow_their_names() {
        let root = "/var/lib/docker";
        let scripts = "/var/lib/docker/runtimes";
        for (name, directory, base, place) in [
            ("crun", scripts, "crun", ""),
            ("", scripts, "", ""),
            ("..", scripts, "..", ""),
            ("/abs", scripts, "abs", ""),
            ("a/../b", scripts, "b", ""),
            ("a/b", "/var/lib/docker/runtimes/a", "b", "below"),
            ("a/", "/var/lib/docker/runtimes/a", "", "below"),
            ("../x", root, "x", "above"),
            ("../", root, "", "above"),
            ("../../../../../x", "/", "x", "above"),
            ("../runtimes2/x", "/var/lib/docker/runtimes2", "x", "elsewhere"),
            ("../../../../etc/cron.d/x", "/etc/cron.d", "x", "elsewhere"),
        ] {
            let result = call("wrapper_path", &[root, name]);
            assert_eq!(field(&result, "directory"), directory, "{name}");
            assert_eq!(field(&result, "base"), base, "{name}");
            for flag in ["below", "above", "elsewhere"] {
                assert_eq!(field(&result, flag), (flag == place).to_string(), "{name} {flag}");
            }
        }
        assert_eq!(field(&call("wrapper_path", &["/", "../x"]), "above"), "true");
        // Below a folder without a slash: names may lead to the current folder, out of it, and back.
        for (root, name, place) in [
            ("", "../x", "above"),
            ("", "../../x", "elsewhere"),
            ("", "a/b", "below"),
            ("", "../y/x", "elsewhere"),
            ("d", "../x", "above"),
            ("d", "../../x", "above"),
            ("..", "../y/x", "elsewhere"),
        ] {
            let result = call("wrapper_path", &[root, name]);
            for flag in ["below", "above", "elsewhere"] {
                assert_eq!(field(&result, flag), (flag == place).to_string(), "{root} {name} {flag}");
            }
        }
    }

    #[test]
    fn backslashes_are_slashes_inside_containers() {
        for (path, text, absolute, root) in [
            ("/a/../b", "/a/../b", "true", "false"),
            ("\\", "/", "true", "true"),
            ("/a/..", "/a/..", "true", "true"),
            ("rel", "rel", "false", "false"),
            ("", "", "false", "false"),
        ] {
            let result = call("mount_path", &[path]);
            assert_eq!(
                ["text", "absolute", "root"].map(|f| field(&result, f)),
                [text, absolute, root],
                "{path}"
            );
        }
    }

    #[test]
    fn paths_are_cleaned() {
        assert_eq!(field(&call("clean_path", &["/a//b/./../c/"]), "text"), "/a/c");
    }
}
