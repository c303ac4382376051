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
    eval: |args| {
        let decoded = match args.get(1) {
            Some(ViewArg::Item(options)) => ShimOptions::decode(options, string(args, 0)),
            _ => None,
        };
        let Some(decoded) = decoded else {
            let none = || ViewField::Strs(Vec::new());
            return vec![str_field(""), str_field(""), none(), none(), none()];
        };
        let (mut error, mut crash) = (String::new(), String::new());
        if let Some(problem) = &decoded.problem {
            *(if problem.crash { &mut crash } else { &mut error }) = problem.message.clone();
        }
        vec![
            str_field(error),
            str_field(crash),
            keys(decoded.unknown()),
            keys(decoded.foreign()),
            keys(decoded.shadowed()),
        ]
    },
};

fn keys<'k>(ignored: impl Iterator<Item = &'k IgnoredKey>) -> ViewField {
    ViewField::Strs(ignored.map(|k| k.key.clone()).collect())
}
