use std::net::IpAddr;

use super::text::trim_space;
use super::{ParamType, View, ViewField, ViewType, cut, str_field, string};
use crate::facts::text::parse_ip;

pub(super) const IP_ADDRESS: View = View {
    name: "ip_address",
    params: &[("text", ParamType::String)],
    fields: &[
        ("valid", ViewType::Bool, "whether it is an address"),
        ("v4", ViewType::Bool, "whether it is one of IPv4, also one mapped into IPv6"),
        ("v6", ViewType::Bool, "whether it is one of IPv6 proper"),
    ],
    doc: "An IP address without zone, port or mask; nothing is trimmed",
    source: "Go 1.21 net.ParseIP, IP.To4",
    eval: |args, out| {
        let address = parse_ip(string(args, 0));
        let v4 = match address {
            Some(IpAddr::V4(_)) => true,
            Some(IpAddr::V6(v6)) => v6.to_ipv4_mapped().is_some(),
            None => false,
        };
        let valid = address.is_some();
        out.set([valid, v4, valid && !v4].map(ViewField::Bool))
    },
};

pub(super) const EXTRA_HOST: View = View {
    name: "extra_host",
    params: &[("entry", ParamType::String)],
    fields: &[
        ("name", ViewType::String, "the text in front of the first colon; empty if there is no colon"),
        ("address", ViewType::String, "the text behind it"),
        ("gateway", ViewType::Bool, "whether that is the word host-gateway"),
        ("ip", ViewType::Bool, "whether that, trimmed, is an IP address"),
    ],
    doc: "One entry of ExtraHosts, `name:address`",
    source: "moby opts/hosts.go ValidateExtraHost",
    eval: |args, out| {
        let (name, address) = cut(string(args, 0), b":").unwrap_or_default();
        out.set([
            str_field(name),
            str_field(address),
            ViewField::Bool(address == b"host-gateway"),
            ViewField::Bool(parse_ip(trim_space(address)).is_some()),
        ])
    },
};

#[cfg(test)]
mod tests {
    use crate::facts::views::tests::{call, field};

    #[test]
    fn mapped_addresses_are_v4() {
        for (text, valid, v4, v6) in [
            ("1.2.3.4", "true", "true", "false"),
            ("::ffff:102:304", "true", "true", "false"),
            ("::1.2.3.4", "true", "false", "true"),
            ("00001::", "true", "false", "true"),
            ("01.2.3.4", "false", "false", "false"),
            ("fe80::1%eth0", "false", "false", "false"),
            ("", "false", "false", "false"),
        ] {
            let result = call("ip_address", &[text]);
            assert_eq!(["valid", "v4", "v6"].map(|f| field(&result, f)), [valid, v4, v6], "{text}");
        }
    }

    #[test]
    fn an_entry_is_split_at_the_first_colon() {
        for (entry, name, gateway, ip) in [
            ("a:1.2.3.4", "a", "false", "true"),
            ("a: 1.2.3.4 ", "a", "false", "true"),
            ("a:::1", "a", "false", "true"),
            ("a:host-gateway", "a", "true", "false"),
            ("a:HOST-GATEWAY", "a", "false", "false"),
            ("a:[::1]", "a", "false", "false"),
            ("a=1.2.3.4", "", "false", "false"),
            (":1.2.3.4", "", "false", "true"),
        ] {
            let result = call("extra_host", &[entry]);
            assert_eq!(["name", "gateway", "ip"].map(|f| field(&result, f)), [name, gateway, ip], "{entry}");
        }
    }
}
