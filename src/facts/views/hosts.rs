use super::text::trim_space;
use super::url::Url;
use super::{ParamType, View, ViewType, cut, str_field, string};

pub(super) const HOST_ADDR: View = View {
    name: "host_addr",
    params: &[("address", ParamType::String)],
    fields: &[
        ("problem", ViewType::String, "empty, or: protocol, scheme-twice, url, path, port"),
        ("text", ViewType::String, "the address without white space at its ends"),
        ("protocol", ViewType::String, "the text before `://`; tcp if there is none"),
        ("detail", ViewType::String, "what the message names: the protocol, the rest, Go's reason, the port"),
    ],
    doc: "An address that the API listens on: `unix://path`, `fd://…`, `npipe://…`, `tcp://host:port` or `host:port`",
    source: "moby opts/hosts.go ValidateHost, parseDaemonHost, parseTCPAddr",
    eval: |args, out| {
        let text = trim_space(string(args, 0));
        let (protocol, rest) = cut(text, b"://").unwrap_or((b"tcp", text));
        let (problem, detail) = if text.is_empty() {
            ("", Vec::new())
        } else {
            match protocol {
                b"tcp" => tcp(text),
                b"unix" | b"npipe" if cut(rest, b"://").is_some() => ("scheme-twice", rest.to_vec()),
                b"unix" | b"npipe" | b"fd" => ("", Vec::new()),
                _ => ("protocol", protocol.to_vec()),
            }
        };
        out.set([str_field(problem), str_field(text), str_field(protocol), str_field(detail)])
    },
};

fn tcp(text: &[u8]) -> (&'static str, Vec<u8>) {
    let full = match cut(text, b"://") {
        Some(_) => text.to_vec(),
        None => [b"tcp://", text].concat(),
    };
    let url = match Url::parse(&full) {
        Ok(url) => url,
        Err(reason) => return ("url", reason.into_bytes()),
    };
    if !url.path().is_empty() {
        return ("path", Vec::new());
    }
    let port = url.port();
    // Go's Atoi, whose errors count as well: a number of more than 63 bits.
    let number = std::str::from_utf8(port).ok().and_then(|p| p.parse::<i64>().ok());
    if port.is_empty() || number.is_some_and(|n| n != 0) { ("", Vec::new()) } else { ("port", port.to_vec()) }
}

#[cfg(test)]
mod tests {
    use crate::facts::views::tests::{call, field};

    #[test]
    fn addresses() {
        for (address, problem, detail) in [
            ("", "", ""),
            (" unix:///run/docker.sock\n", "", ""),
            ("unix://", "", ""),
            ("fd://", "", ""),
            ("fd://a://b", "", ""),
            ("127.0.0.1", "", ""),
            (":2376", "", ""),
            ("tcp://[::1]:2376", "", ""),
            ("tcp://[::1]", "", ""),
            ("tcp://127.0.0.1:99999", "", ""),
            ("tcp://127.0.0.1:", "", ""),
            ("tcp://a?b", "", ""),
            ("https://a", "protocol", "https"),
            ("UNIX:///x", "protocol", "UNIX"),
            ("://x", "protocol", ""),
            ("unix://unix:///x", "scheme-twice", "unix:///x"),
            ("tcp://127.0.0.1:2376/", "path", ""),
            ("127.0.0.1/x", "path", ""),
            ("tcp://127.0.0.1:0", "port", "0"),
            ("tcp://127.0.0.1:99999999999999999999", "port", "99999999999999999999"),
            ("tcp://[::1:2376", "url", r#"parse "tcp://[::1:2376": missing ']' in host"#),
            ("a:b", "url", r#"parse "tcp://a:b": invalid port ":b" after host"#),
            ("a b", "url", r#"parse "tcp://a b": invalid character " " in host name"#),
            ("::1", "", ""),
        ] {
            let result = call("host_addr", &[address]);
            assert_eq!(field(&result, "problem"), problem, "{address}");
            assert_eq!(field(&result, "detail"), detail, "{address}");
        }
    }
}
