use super::text::{integer, trim_space};
use super::{ParamType, View, ViewField, ViewType, str_field, strings};

pub(super) const GENERIC_RESOURCES: View = View {
    name: "generic_resources",
    params: &[("resources", ParamType::Strings)],
    fields: &[
        ("malformed", ViewType::Bool, "whether an entry has no `=` or several"),
        ("term", ViewType::String, "the first such entry"),
        ("negative", ViewType::Bool, "whether a resource has a single entry that is a negative integer"),
        ("negative_name", ViewType::String, "the name of the first such resource"),
        ("mixed", ViewType::Bool, "whether a resource has several entries of which one is an integer"),
        ("mixed_name", ViewType::String, "the name of the first such resource"),
        ("mixed_values", ViewType::Strings, "its entries"),
    ],
    doc: "The resources of a swarm node, `name=value`: a name with one integer is counted, a name with texts has named units",
    source: "swarmkit api/genericresource/parse.go Parse",
    eval: |args, out| out.set(parse(strings(args, 0))),
};

fn parse<'a>(entries: impl Iterator<Item = &'a [u8]>) -> [ViewField<'a>; 7] {
    // Names in the order of the text; Go's map has none.
    let mut named: Vec<(&[u8], Vec<&[u8]>)> = Vec::new();
    let mut index = std::collections::BTreeMap::new();
    let mut malformed = None;
    for entry in entries {
        let mut parts = entry.split(|b| *b == b'=');
        match (parts.next(), parts.next(), parts.next()) {
            (Some(name), Some(value), None) => {
                let name = trim_space(name);
                let at = *index.entry(name).or_insert(named.len());
                match named.get_mut(at) {
                    Some((_, values)) => values.push(trim_space(value)),
                    None => named.push((name, vec![trim_space(value)])),
                }
            }
            _ => malformed = malformed.or(Some(entry)),
        }
    }
    let negative = named.iter().find(|(_, values)| match values.as_slice() {
        [value] => integer(value, 64).is_some_and(|n| n < 0),
        _ => false,
    });
    let mixed = named.iter().find(|(_, v)| v.len() > 1 && v.iter().any(|v| integer(v, 64).is_some()));
    [
        ViewField::Bool(malformed.is_some()),
        str_field(malformed.unwrap_or_default()),
        ViewField::Bool(negative.is_some()),
        str_field(negative.map_or(&[][..], |n| n.0)),
        ViewField::Bool(mixed.is_some()),
        str_field(mixed.map_or(&[][..], |m| m.0)),
        ViewField::Strs(mixed.map_or_else(Box::default, |m| m.1.iter().map(|v| v.to_vec()).collect())),
    ]
}

#[cfg(test)]
mod tests {
    use crate::facts::views::tests::{call_list, field};

    #[test]
    fn resources_are_counted_or_named() {
        for (entries, malformed, negative, mixed) in [
            (&["GPU=a", "GPU=b", "SSD=3"][..], "", "", ""),
            (&["GPU"], "GPU", "", ""),
            (&["x=1", "GPU=a=b"], "GPU=a=b", "", ""),
            (&[" SSD = -1 "], "", "SSD", ""),
            (&["SSD=-1", "SSD=a"], "", "", "SSD"),
            (&["SSD=1", "GPU=a", "SSD=2"], "", "", "SSD"),
            (&["SSD=99999999999999999999"], "", "", ""),
            (&["="], "", "", ""),
        ] {
            let result = call_list("generic_resources", entries);
            assert_eq!(field(&result, "term"), malformed);
            assert_eq!(field(&result, "malformed"), (!malformed.is_empty()).to_string());
            assert_eq!(field(&result, "negative_name"), negative);
            assert_eq!(field(&result, "mixed_name"), mixed);
        }
        assert_eq!(field(&call_list("generic_resources", &["S=1", "S= a"]), "mixed_values"), r#"["1", "a"]"#);
    }
}
