use super::{ParamType, View, ViewArg, ViewField, ViewType, str_field, string};
use crate::facts::options::{IgnoredKey, ShimOptions};

pub(super) const SHIM_OPTIONS: View = View {
    name: "shim_options",
    params: &[("runtime_type", ParamType::String), ("options", ParamType::AnyMap)],
    fields: &[
        ("error", ViewType::String, "why the options cannot be decoded; empty if they can"),
        ("crash", ViewType::String, "the panic that decoding them ends in; empty if there is none"),
        ("unknown", ViewType::Strings, "keys that no shim knows"),
        ("foreign", ViewType::Strings, "keys of another kind of shim"),
        ("shadowed", ViewType::Strings, "keys that lose to another spelling of the same option"),
    ],
    doc: "The options of a runtime, decoded into the structure that its runtimeType has; spec/schema/shim-options.toml lists their fields",
    source: "moby libcontainerd/shimopts/convert.go Generate; go-toml 1.9.5",
    eval: |args, out| {
        let decoded = match args.get(1) {
            Some(ViewArg::Item(options)) => ShimOptions::decode(options, string(args, 0)),
            _ => None,
        };
        let Some(decoded) = decoded else {
            let none = || ViewField::Strs(Box::default());
            return out.set([str_field(""), str_field(""), none(), none(), none()]);
        };
        let (mut error, mut crash) = (String::new(), String::new());
        if let Some(problem) = &decoded.problem {
            *(if problem.crash { &mut crash } else { &mut error }) = problem.message.clone();
        }
        out.set([
            str_field(error),
            str_field(crash),
            keys(decoded.unknown()),
            keys(decoded.foreign()),
            keys(decoded.shadowed()),
        ])
    },
};

fn keys<'k>(ignored: impl Iterator<Item = &'k IgnoredKey>) -> ViewField<'static> {
    ViewField::Strs(ignored.map(|k| k.key.clone()).collect())
}

pub(super) const SHIM_BINARY: View = View {
    name: "shim_binary",
    params: &[("name", ParamType::String)],
    fields: &[("text", ViewType::String, "containerd-shim-<a>-<b>; empty if the name has a slash or no dot")],
    doc: "The file name of a shim, made from the last two parts of a runtime name",
    source: "containerd pkg/shim BinaryName",
    eval: |args, out| {
        let name = string(args, 0);
        let mut parts = name.rsplit(|b| *b == b'.');
        let text = match (parts.next(), parts.next()) {
            (Some(version), Some(shim)) if !name.contains(&b'/') => {
                [b"containerd-shim-", shim, b"-", version].concat()
            }
            _ => Vec::new(),
        };
        out.set([str_field(text)])
    },
};

#[cfg(test)]
mod tests {
    use crate::facts::views::tests::{call, field};

    #[test]
    fn binaries_have_the_last_two_parts() {
        for (name, binary) in [
            ("io.containerd.runc.v2", "containerd-shim-runc-v2"),
            ("a..", "containerd-shim--"),
            ("runc", ""),
            ("a/b.c", ""),
        ] {
            assert_eq!(field(&call("shim_binary", &[name]), "text"), binary);
        }
    }
}
