use std::net::IpAddr;

use super::{ParamType, View, ViewField, ViewFields, ViewType, string};
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
    eval: |args| {
        let address = parse_ip(string(args, 0));
        let v4 = match address {
            Some(IpAddr::V4(_)) => true,
            Some(IpAddr::V6(v6)) => v6.to_ipv4_mapped().is_some(),
            None => false,
        };
        let valid = address.is_some();
        ViewFields::of([valid, v4, valid && !v4].map(ViewField::Bool))
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
}
