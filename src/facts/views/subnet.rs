use std::borrow::Cow;
use std::net::{IpAddr, Ipv6Addr};

use super::{ParamType, View, ViewField, ViewType, str_field, string};
use crate::facts::text::parse_prefix;

pub(super) const SUBNET_V6: View = View {
    name: "subnet_v6",
    params: &[("text", ParamType::String)],
    fields: &[
        ("valid", ViewType::Bool, "whether it is a prefix at all"),
        ("reason", ViewType::String, "what Go says if it is none"),
        ("v6", ViewType::Bool, "whether it is one of IPv6 proper, IPv4 mapped into it aside"),
        ("multicast", ViewType::Bool, "whether its address is multicast"),
        ("clashes", ViewType::Bool, "whether it overlaps fe80::/64 without being it"),
        ("text", ViewType::String, "the prefix as Go prints it"),
    ],
    doc: "An IPv6 subnet, `address/bits`",
    source: "Go netip.ParsePrefix; moby libnetwork/drivers/bridge validateIPv6Subnet",
    eval: |args, out| {
        let text = string(args, 0);
        // Nearly every daemon.json has none, and that is to cost nothing.
        if text.is_empty() {
            return out.set(fields(Err(OF_NOTHING.into()), false, false, false));
        }
        out.set(match parse_prefix(text) {
            Err(reason) => fields(Err(reason.into()), false, false, false),
            Ok((IpAddr::V4(v4), bits)) => fields(Ok(format!("{v4}/{bits}")), false, false, false),
            Ok((IpAddr::V6(v6), bits)) => {
                let mapped = v6.to_ipv4_mapped().is_some();
                fields(Ok(format!("{v6}/{bits}")), !mapped, v6.is_multicast(), clashes(v6, bits))
            }
        });
    },
};

/// What Go says of an empty text.
const OF_NOTHING: &str = r#"netip.ParsePrefix(""): no '/'"#;

fn fields(
    text: Result<String, Cow<'static, str>>,
    v6: bool,
    multicast: bool,
    clashes: bool,
) -> [ViewField<'static>; 6] {
    let valid = text.is_ok();
    let (text, reason) = match text {
        Ok(text) => (text, Cow::Borrowed("")),
        Err(reason) => (String::new(), reason),
    };
    [
        ViewField::Bool(valid),
        match reason {
            Cow::Borrowed(reason) => str_field(reason),
            Cow::Owned(reason) => str_field(reason),
        },
        ViewField::Bool(v6),
        ViewField::Bool(multicast),
        ViewField::Bool(clashes),
        str_field(text),
    ]
}

/// `addr.Masked() != fe80::/64 && fe80::/64.Overlaps(addr)`.
fn clashes(address: Ipv6Addr, bits: u8) -> bool {
    let link_local = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0);
    let common = bits.min(64);
    let overlaps = masked(address, common) == masked(link_local, common);
    overlaps && (bits != 64 || masked(address, bits) != u128::from(link_local))
}

fn masked(address: Ipv6Addr, bits: u8) -> u128 {
    let host = 128_u32.saturating_sub(u32::from(bits));
    u128::from(address) & u128::MAX.checked_shl(host).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use crate::facts::views::tests::{call, field};

    #[test]
    fn subnets() {
        for (text, v6, multicast, clashes, printed) in [
            ("fd00::1/64", true, false, false, "fd00::1/64"),
            ("FD00:0:0::/8", true, false, false, "fd00::/8"),
            ("10.0.0.0/8", false, false, false, "10.0.0.0/8"),
            ("::ffff:10.0.0.0/104", false, false, false, "::ffff:10.0.0.0/104"),
            ("ff02::1/16", true, true, false, "ff02::1/16"),
            ("fe80::/64", true, false, false, "fe80::/64"),
            ("fe80::1/64", true, false, false, "fe80::1/64"),
            ("fe80::/10", true, false, true, "fe80::/10"),
            ("fe80::1/128", true, false, true, "fe80::1/128"),
            ("fe80:0:0:1::/64", true, false, false, "fe80:0:0:1::/64"),
            ("::/0", true, false, true, "::/0"),
        ] {
            let result = call("subnet_v6", &[text]);
            let found = ["valid", "v6", "multicast", "clashes"].map(|f| field(&result, f));
            assert_eq!(found, [true, v6, multicast, clashes].map(|b| b.to_string()), "{text}");
            assert_eq!(field(&result, "text"), printed);
        }
        let none = call("subnet_v6", &["fd00::1"]);
        assert_eq!(field(&none, "reason"), r#"netip.ParsePrefix("fd00::1"): no '/'"#);
        assert_eq!(field(&none, "valid"), "false");
        assert_eq!(field(&call("subnet_v6", &[""]), "reason"), super::parse_prefix(b"").unwrap_err());
    }
}
