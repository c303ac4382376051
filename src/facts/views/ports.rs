use super::{ParamType, View, ViewField, ViewType, cut, str_field, string};
use crate::facts::text::decimal;

pub(super) const PORT_SPEC: View = View {
    name: "port_spec",
    params: &[("text", ParamType::String)],
    fields: &[
        ("port", ViewType::String, "the text in front of the first slash; empty if there is nothing"),
        ("protocol", ViewType::String, "the text between the first two slashes; tcp if there is none"),
        ("number", ViewType::Bool, "whether the port is a decimal number up to 65535"),
        (
            "range",
            ViewType::Bool,
            "whether the port is two such numbers with a dash between, the second not below the first",
        ),
    ],
    doc: "A port, perhaps a range of ports, and its protocol: `80`, `53/udp`, `8000-8010/tcp`",
    source: "go-connections nat.SplitProtoPort, ParsePort, ParsePortRange",
    eval: |args, out| {
        let text = string(args, 0);
        let (port, rest) = cut(text, b"/").unwrap_or((text, b""));
        let protocol = rest.split(|b| *b == b'/').next().unwrap_or_default();
        let protocol = if protocol.is_empty() { b"tcp" } else { protocol };
        let protocol = if port.is_empty() { b"" } else { protocol };
        out.set([
            str_field(port),
            str_field(protocol),
            ViewField::Bool(number(port).is_some()),
            ViewField::Bool(is_range(port)),
        ])
    },
};

/// A decimal number up to 65535, leading zeros allowed.
fn number(text: &[u8]) -> Option<u16> {
    u16::try_from(decimal(text)?).ok()
}

/// What stands behind a second dash is not looked at.
fn is_range(text: &[u8]) -> bool {
    let mut parts = text.split(|b| *b == b'-');
    match (parts.next().and_then(number), parts.next().and_then(number)) {
        (Some(low), Some(high)) => low <= high,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::facts::views::tests::{call, field};

    #[test]
    fn ports_are_gos() {
        for (text, port, protocol, number, range) in [
            ("80", "80", "tcp", "true", "false"),
            ("80/udp", "80", "udp", "true", "false"),
            ("80/", "80", "tcp", "true", "false"),
            ("080/x/y", "080", "x", "true", "false"),
            ("/tcp", "", "", "false", "false"),
            ("", "", "", "false", "false"),
            ("65536", "65536", "tcp", "false", "false"),
            ("80-90", "80-90", "tcp", "false", "true"),
            ("80-90-x", "80-90-x", "tcp", "false", "true"),
            ("90-80", "90-80", "tcp", "false", "false"),
            ("-1", "-1", "tcp", "false", "false"),
            (" 80", " 80", "tcp", "false", "false"),
            ("+80", "+80", "tcp", "false", "false"),
            ("00000000000000000000080", "00000000000000000000080", "tcp", "true", "false"),
        ] {
            let result = call("port_spec", &[text]);
            let found = ["port", "protocol", "number", "range"].map(|f| field(&result, f));
            assert_eq!(found, [port, protocol, number, range], "{text}");
        }
    }
}
