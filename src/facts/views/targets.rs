//! Lists that the original goes through in order, where an entry's fate depends on those before it.

use std::borrow::Cow;

use super::few::with_all;
use super::paths::slashes;
use super::{ParamType, View, ViewArg, ViewField, ViewType, str_field, string, strings};
use crate::facts::path::clean;

pub(super) const REPEATED_BIND: View = View {
    name: "repeated_bind",
    params: &[("binds", ParamType::Strings)],
    fields: &[
        ("found", ViewType::Bool, "whether two entries have the same path inside the container"),
        ("target", ViewType::String, "that path, cleaned, of the first that repeats an earlier one"),
    ],
    doc: "The first entry of Binds whose path inside the container an earlier entry has already",
    source: "moby daemon/volumes.go registerMountPoints",
    eval: |args, out| out.set(first_repeated(strings(args, 0).map(|entry| (bind_target(entry), None)))),
};

pub(super) const REPEATED_MOUNT: View = View {
    name: "repeated_mount",
    params: &[("mounts", ParamType::Records)],
    fields: &[
        ("found", ViewType::Bool, "whether two entries have the same Target once it is cleaned"),
        (
            "target",
            ViewType::String,
            "the Target, as it is written, of the first that repeats an earlier one",
        ),
    ],
    doc: "The first entry of Mounts whose Target an earlier entry has already",
    source: "moby daemon/volumes.go registerMountPoints",
    eval: |args, out| {
        let mounts = match args.first() {
            Some(ViewArg::Item(mounts)) => Some(mounts.elements()),
            _ => None,
        };
        let targets = mounts.into_iter().flatten().filter_map(|m| m.field("Target")).map(|t| t.str());
        out.set(first_repeated(targets.map(|target| (slashes(target), Some(target)))));
    },
};

pub(super) const WITHIN: View = View {
    name: "within",
    params: &[("path", ParamType::String), ("other", ParamType::String)],
    fields: &[("either", ViewType::Bool, "whether one of the texts begins with the other")],
    doc: "Two paths of which one seems to lie in the other. Texts are compared, not elements: `/var/lib/docker2` counts as within `/var/lib/docker`",
    source: "moby daemon/volumes_unix.go validateBindDaemonRoot",
    eval: |args, out| {
        let (path, other) = (string(args, 0), string(args, 1));
        out.set([ViewField::Bool(path.starts_with(other) || other.starts_with(path))])
    },
};

pub(super) const SELINUX_OPTIONS: View = View {
    name: "selinux_options",
    params: &[("options", ParamType::Strings)],
    fields: &[
        (
            "colonless",
            ViewType::String,
            "the first that is neither `disable` nor has a colon, if that is what is wrong first",
        ),
        (
            "unknown",
            ViewType::String,
            "the key of the first whose key there is not, if that is what is wrong first",
        ),
        ("ill", ViewType::Bool, "whether one of the two is the case"),
    ],
    doc: "The label options among the security options, as far as they are read: `disable` ends the reading",
    source: "opencontainers/selinux go-selinux/label InitLabels",
    eval: |args, out| {
        for option in strings(args, 0) {
            let label = option
                .strip_prefix(b"label=")
                .or_else(|| if option.contains(&b'=') { None } else { option.strip_prefix(b"label:") });
            let Some(label) = label else { continue };
            if label == b"disable" {
                break;
            }
            let mut parts = label.splitn(2, |b| *b == b':');
            let key = parts.next().unwrap_or_default();
            if parts.next().is_none() {
                return out.set([str_field(label), str_field(&b""[..]), ViewField::Bool(true)]);
            }
            let known: [&[u8]; 6] = [b"user", b"role", b"type", b"filetype", b"level", b"disable"];
            if !known.contains(&key) {
                return out.set([str_field(&b""[..]), str_field(key), ViewField::Bool(true)]);
            }
        }
        out.set([str_field(&b""[..]), str_field(&b""[..]), ViewField::Bool(false)])
    },
};

/// Each path, and how it is printed if not cleaned.
fn first_repeated<'a>(
    targets: impl Iterator<Item = (Cow<'a, [u8]>, Option<&'a [u8]>)>,
) -> [ViewField<'static>; 2] {
    let targets = targets.enumerate().map(|(at, (target, shown))| {
        let target = match target {
            Cow::Borrowed(target) => clean(target),
            Cow::Owned(target) => Cow::Owned(clean(&target).into_owned()),
        };
        (target, at, shown)
    });
    with_all(targets, |targets| {
        // Those that are the same stand side by side then, the earliest first.
        targets.sort_unstable_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
        let pairs = targets.iter().zip(targets.iter().skip(1));
        match pairs.filter(|(a, b)| a.0 == b.0).map(|(_, later)| later).min_by_key(|later| later.1) {
            Some((target, _, shown)) => {
                let shown = shown.map_or_else(|| target.to_vec(), <[u8]>::to_vec);
                [ViewField::Bool(true), str_field(shown)]
            }
            None => [ViewField::Bool(false), str_field(&b""[..])],
        }
    })
}

/// The second piece, or the only one.
fn bind_target(entry: &[u8]) -> Cow<'_, [u8]> {
    let mut pieces = entry.splitn(4, |b| *b == b':');
    let first = pieces.next().unwrap_or_default();
    slashes(pieces.next().unwrap_or(first))
}

#[cfg(test)]
mod tests {
    use crate::facts::views::tests::{call, call_list, field};

    #[test]
    fn a_bind_repeats_the_first_it_meets() {
        for (binds, target) in [
            (&["/a:/x", "/b:/y", "/c:/x/."][..], "/x"),
            (&["/x", "/a:/x:ro"][..], "/x"),
            (&["/a:/x", "/x:/a"][..], ""),
        ] {
            let result = call_list("repeated_bind", binds);
            assert_eq!(field(&result, "target"), target, "{binds:?}");
            assert_eq!(field(&result, "found"), (!target.is_empty()).to_string());
        }
    }

    #[test]
    fn label_options_are_read_until_they_are_disabled() {
        for (options, colonless, unknown) in [
            (&["label=bogus"][..], "bogus", ""),
            (&["label=type:t", "label:x:y"][..], "", "x"),
            (&["label=disable", "label=bogus"][..], "", ""),
            (&["apparmor=x", "label=level:s0:c1"][..], "", ""),
            (&["label:a=b"][..], "", ""),
        ] {
            let result = call_list("selinux_options", options);
            let found = ["colonless", "unknown"].map(|f| field(&result, f));
            assert_eq!(found, [colonless, unknown], "{options:?}");
        }
    }

    #[test]
    fn texts_within_texts() {
        for (path, other, either) in [
            ("/", "/var/lib/docker", "true"),
            ("/var/lib/docker2", "/var/lib/docker", "true"),
            ("/srv", "/var/lib/docker", "false"),
        ] {
            assert_eq!(field(&call("within", &[path, other]), "either"), either);
        }
    }
}
