use super::{ParamType, View, ViewField, ViewType, strings};

pub(super) const HOST_GATEWAYS: View = View {
    name: "host_gateways",
    params: &[("addresses", ParamType::Strings)],
    fields: &[
        ("second_v4", ViewType::Bool, "whether a second IPv4 address stands before any second IPv6 address"),
        ("second_v6", ViewType::Bool, "whether a second IPv6 address stands before any second IPv4 address"),
    ],
    doc: "Addresses of which there may be one of each family; IPv4 mapped into IPv6 counts as IPv6, and so does the empty text",
    source: "moby v28.5.2 internal/opts/host_gateway_opts.go ValidateHostGatewayIPs",
    eval: |args, out| {
        let (mut v4, mut v6) = (false, false);
        for address in strings(args, 0) {
            let is_v4 = !address.is_empty() && !address.contains(&b':');
            let seen = if is_v4 { &mut v4 } else { &mut v6 };
            if std::mem::replace(seen, true) {
                return out.set([ViewField::Bool(is_v4), ViewField::Bool(!is_v4)]);
            }
        }
        out.set([ViewField::Bool(false), ViewField::Bool(false)])
    },
};

#[cfg(test)]
mod tests {
    use crate::facts::views::tests::{call_list, field};

    #[test]
    fn one_of_each_family() {
        for (addresses, v4, v6) in [
            (&["10.0.0.1", "fd00::1"][..], "false", "false"),
            (&["10.0.0.1", "fd00::1", "10.0.0.2", "fd00::2"], "true", "false"),
            (&["fd00::1", "::ffff:10.0.0.1", "10.0.0.1"], "false", "true"),
        ] {
            let result = call_list("host_gateways", addresses);
            assert_eq!((field(&result, "second_v4"), field(&result, "second_v6")), (v4.into(), v6.into()));
        }
    }
}
