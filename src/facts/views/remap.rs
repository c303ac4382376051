use super::text::integer;
use super::{ParamType, View, ViewField, ViewType, str_field, string};

pub(super) const USERNS_REMAP: View = View {
    name: "userns_remap",
    params: &[("text", ParamType::String)],
    fields: &[
        ("parts", ViewType::Int, "how many parts the colons make"),
        ("user", ViewType::String, "the first part; a number in its plain form"),
        ("user_is_number", ViewType::Bool, "whether it is an integer of 32 bits, taken for a user id"),
        ("group", ViewType::String, "the second part; a number in its plain form"),
        ("group_is_number", ViewType::Bool, "whether it is an integer of 32 bits, taken for a group id"),
    ],
    doc: "The user, and perhaps the group, whose subordinate ids containers get: `user`, `user:group`",
    source: "moby daemon/daemon_unix.go parseRemappedRoot",
    eval: |args, out| {
        let text = string(args, 0);
        let mut parts = text.split(|b| *b == b':');
        let (user, group) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let count = text.iter().filter(|b| **b == b':').count().saturating_add(1);
        let plain = |part: &'_ [u8], number: Option<i64>| {
            number.map_or_else(|| str_field(part.to_vec()), |n| str_field(n.to_string()))
        };
        let (uid, gid) = (integer(user, 32), integer(group, 32));
        out.set([
            ViewField::Int(i64::try_from(count).unwrap_or(i64::MAX)),
            plain(user, uid),
            ViewField::Bool(uid.is_some()),
            plain(group, gid),
            ViewField::Bool(gid.is_some()),
        ])
    },
};

#[cfg(test)]
mod tests {
    use crate::facts::views::tests::{call, field};

    #[test]
    fn users_and_groups() {
        for (text, parts, user, number, group) in [
            ("default", "1", "default", "false", ""),
            ("0100:docker", "2", "100", "true", "docker"),
            ("a:b:c", "3", "a", "false", "b"),
            ("4294967296", "1", "4294967296", "false", ""),
            (":", "2", "", "false", ""),
        ] {
            let result = call("userns_remap", &[text]);
            let found = ["parts", "user", "user_is_number", "group"].map(|f| field(&result, f));
            assert_eq!(found, [parts, user, number, group], "{text}");
        }
    }
}
