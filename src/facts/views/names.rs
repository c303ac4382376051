use std::borrow::Cow;

use super::text::integer;
use super::{ParamType, View, ViewField, ViewType, str_field, string};

pub(super) const SIGNAL: View = View {
    name: "signal",
    params: &[("text", ParamType::String)],
    fields: &[
        ("number", ViewType::Bool, "whether it is a number other than 0"),
        ("name", ViewType::Bool, "whether it is a name of a signal, in any case, with or without SIG"),
    ],
    doc: "A signal by number or name",
    source: "moby/sys/signal ParseSignal",
    eval: |args, out| {
        let text = string(args, 0);
        let number = integer(text, 64);
        let upper = go_upper(text);
        let name = upper.strip_prefix("SIG").unwrap_or(&upper);
        out.set([
            ViewField::Bool(number.is_some_and(|n| n != 0)),
            ViewField::Bool(number.is_none() && is_signal(name)),
        ])
    },
};

pub(super) const CAP_NAME: View = View {
    name: "cap_name",
    params: &[("text", ParamType::String)],
    fields: &[
        ("text", ViewType::String, "the name in capitals and with CAP_; ALL stays as it is"),
        ("known", ViewType::Bool, "whether it is ALL or one of the 41 capabilities of Linux"),
    ],
    doc: "The name of a capability as the daemon normalizes it",
    source: "moby oci/caps/utils.go NormalizeLegacyCapabilities",
    eval: |args, out| {
        let text = string(args, 0);
        // Nearly all are in capitals already.
        let bare = text.strip_prefix(b"CAP_").unwrap_or(text);
        let is = |name: &&&str| name.as_bytes().get(4..) == Some(bare);
        let all = (text == b"ALL").then_some(&"ALL");
        if let Some(name) = all.or_else(|| CAPABILITIES.iter().find(is)) {
            return out.set([str_field(*name), ViewField::Bool(true)]);
        }
        let upper = go_upper(text);
        if upper == "ALL" {
            return out.set([str_field("ALL"), ViewField::Bool(true)]);
        }
        let full = if upper.starts_with("CAP_") { upper.into_owned() } else { format!("CAP_{upper}") };
        let known = CAPABILITIES.contains(&full.as_str());
        out.set([str_field(full), ViewField::Bool(known)])
    },
};

/// Go's `strings.ToUpper`, for letters whose capital is one letter.
fn go_upper(text: &[u8]) -> Cow<'_, str> {
    if text.is_ascii() && !text.iter().any(u8::is_ascii_lowercase) {
        return String::from_utf8_lossy(text);
    }
    let upper = |c: char| {
        let mut mapped = c.to_uppercase();
        match (mapped.next(), mapped.next()) {
            (Some(one), None) => one,
            _ => c,
        }
    };
    text.utf8_chunks()
        .flat_map(|chunk| {
            let invalid = chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER);
            chunk.valid().chars().map(upper).chain(invalid)
        })
        .collect()
}

fn is_signal(name: &str) -> bool {
    let offset = |text: &str, last: u8| {
        !text.starts_with(['0', '+']) && text.parse().is_ok_and(|n: u8| (1..=last).contains(&n))
    };
    SIGNALS.contains(&name)
        || name.strip_prefix("RTMIN+").is_some_and(|n| offset(n, 15))
        || name.strip_prefix("RTMAX-").is_some_and(|n| offset(n, 14))
}

const SIGNALS: [&str; 36] = [
    "ABRT", "ALRM", "BUS", "CHLD", "CLD", "CONT", "FPE", "HUP", "ILL", "INT", "IO", "IOT", "KILL", "PIPE",
    "POLL", "PROF", "PWR", "QUIT", "SEGV", "STKFLT", "STOP", "SYS", "TERM", "TRAP", "TSTP", "TTIN", "TTOU",
    "URG", "USR1", "USR2", "VTALRM", "WINCH", "XCPU", "XFSZ", "RTMIN", "RTMAX",
];

/// The capabilities of Linux, by number (linux/capability.h).
pub(crate) const CAPABILITIES: [&str; 41] = [
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_DAC_READ_SEARCH",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETPCAP",
    "CAP_LINUX_IMMUTABLE",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_BROADCAST",
    "CAP_NET_ADMIN",
    "CAP_NET_RAW",
    "CAP_IPC_LOCK",
    "CAP_IPC_OWNER",
    "CAP_SYS_MODULE",
    "CAP_SYS_RAWIO",
    "CAP_SYS_CHROOT",
    "CAP_SYS_PTRACE",
    "CAP_SYS_PACCT",
    "CAP_SYS_ADMIN",
    "CAP_SYS_BOOT",
    "CAP_SYS_NICE",
    "CAP_SYS_RESOURCE",
    "CAP_SYS_TIME",
    "CAP_SYS_TTY_CONFIG",
    "CAP_MKNOD",
    "CAP_LEASE",
    "CAP_AUDIT_WRITE",
    "CAP_AUDIT_CONTROL",
    "CAP_SETFCAP",
    "CAP_MAC_OVERRIDE",
    "CAP_MAC_ADMIN",
    "CAP_SYSLOG",
    "CAP_WAKE_ALARM",
    "CAP_BLOCK_SUSPEND",
    "CAP_AUDIT_READ",
    "CAP_PERFMON",
    "CAP_BPF",
    "CAP_CHECKPOINT_RESTORE",
];

#[cfg(test)]
mod tests {
    use crate::facts::views::tests::{call, field};

    #[test]
    fn signals_have_numbers_or_names() {
        for good in
            ["15", "-1", "+9", "007", "65", "SIGTERM", "term", "rtmin+15", "RTMAX-14", "\u{17f}igterm"]
        {
            let result = call("signal", &[good]);
            assert!(field(&result, "number") == "true" || field(&result, "name") == "true", "{good}");
        }
        for bad in [
            "0",
            "00",
            "-0",
            "",
            " 9",
            "1e1",
            "0x9",
            "RTMIN+16",
            "RTMIN+0",
            "RTMAX-15",
            "SIGSIGTERM",
            "UNUSED",
            "9223372036854775808",
        ] {
            let result = call("signal", &[bad]);
            assert_eq!(
                (field(&result, "number"), field(&result, "name")),
                ("false".into(), "false".into()),
                "{bad}"
            );
        }
    }

    #[test]
    fn capabilities_are_normalized() {
        for (text, name, known) in [
            ("net_admin", "CAP_NET_ADMIN", "true"),
            ("CAP_NET_ADMIN", "CAP_NET_ADMIN", "true"),
            ("all", "ALL", "true"),
            ("CAP_ALL", "CAP_ALL", "false"),
            ("", "CAP_", "false"),
            (" NET_ADMIN", "CAP_ NET_ADMIN", "false"),
            ("CAP_CAP_NET_ADMIN", "CAP_CAP_NET_ADMIN", "false"),
        ] {
            let result = call("cap_name", &[text]);
            assert_eq!((field(&result, "text").as_str(), field(&result, "known").as_str()), (name, known));
        }
    }
}
