use super::few::with_all;
use super::text::{go_lower, trim_space};
use super::{ParamType, View, ViewType, cut, str_field, string, strings};

pub(super) const EXEC_OPT: View = View {
    name: "exec_opt",
    params: &[("option", ParamType::String)],
    fields: &[
        (
            "key",
            ViewType::String,
            "the text before the first `=`, trimmed and in lower case; empty without `=`",
        ),
        ("value", ViewType::String, "the text behind it, trimmed"),
    ],
    doc: "One execution option, `key=value`",
    source: "moby v28.5.2 daemon/config/config.go parseExecOptions",
    eval: |args, out| {
        let (key, value) = cut(string(args, 0), b"=").unwrap_or_default();
        out.set([str_field(go_lower(trim_space(key))), str_field(trim_space(value))])
    },
};

pub(super) const EXEC_OPTS: View = View {
    name: "exec_opts",
    params: &[("options", ParamType::Strings)],
    fields: &[
        (
            "first_driver",
            ViewType::String,
            "the value of the first option native.cgroupdriver; empty if there is none",
        ),
        ("last_driver", ViewType::String, "the value of the last one"),
    ],
    doc: "The cgroup driver that a list of execution options asks for; daemons up to 27 take the first, later ones the last",
    source: "moby daemon/daemon_unix.go getCD; v28.5.2 daemon/config/config.go GetExecOpt",
    eval: |args, out| {
        const DRIVER: &[u8] = b"native.cgroupdriver";
        let options =
            strings(args, 0).filter_map(|o| cut(o, b"=")).map(|(k, v)| (trim_space(k), trim_space(v)));
        with_all(options, |options| {
            let first = options.iter().find(|(key, _)| key.eq_ignore_ascii_case(DRIVER));
            let last = options.iter().rfind(|(key, _)| go_lower(key) == DRIVER);
            out.set([first, last].map(|found| str_field(found.map_or(&[][..], |o| o.1))))
        })
    },
};

#[cfg(test)]
mod tests {
    use crate::facts::views::tests::{call, call_list, field};

    #[test]
    fn an_option_is_trimmed() {
        let option = call("exec_opt", &[" Native.CgroupDriver = systemd=x "]);
        assert_eq!(field(&option, "key"), "native.cgroupdriver");
        assert_eq!(field(&option, "value"), "systemd=x");
        assert_eq!(field(&call("exec_opt", &["native.cgroupdriver"]), "key"), "");
    }

    #[test]
    fn first_and_last_driver() {
        let options = ["x=1", "native.cgroupdriver", "NATIVE.cgroupdriver=a", "native.cgroupdriver = b"];
        let result = call_list("exec_opts", &options);
        assert_eq!((field(&result, "first_driver"), field(&result, "last_driver")), ("a".into(), "b".into()));
        assert_eq!(field(&call_list("exec_opts", &[]), "last_driver"), "");
    }
}
