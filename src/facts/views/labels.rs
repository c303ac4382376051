use std::collections::BTreeMap;

use super::{ParamType, View, ViewField, ViewFields, ViewType, cut, str_field, strings};

pub(super) const LABEL_CONFLICT: View = View {
    name: "label_conflict",
    params: &[("labels", ParamType::Strings)],
    fields: &[
        ("found", ViewType::Bool, "whether two labels have one key and different values"),
        ("key", ViewType::String, "the key of the first such pair"),
        ("later", ViewType::String, "the value of the later label"),
        ("earlier", ViewType::String, "the value of the last label before it with that key"),
    ],
    doc: "The first contradiction in a list of labels `key=value`; keys are compared with their case, entries without `=` are skipped",
    source: "moby daemon/config/config.go GetConflictFreeLabels",
    eval: |args| {
        let mut seen: BTreeMap<&[u8], &[u8]> = BTreeMap::new();
        for label in strings(args, 0) {
            let Some((key, value)) = cut(label, b"=") else { continue };
            if let Some(earlier) = seen.insert(key, value)
                && earlier != value
            {
                return ViewFields::of([
                    ViewField::Bool(true),
                    str_field(key),
                    str_field(value),
                    str_field(earlier),
                ]);
            }
        }
        ViewFields::of([ViewField::Bool(false), str_field(""), str_field(""), str_field("")])
    },
};

#[cfg(test)]
mod tests {
    use crate::facts::views::tests::{call_list, field};

    #[test]
    fn only_different_values_of_one_key_conflict() {
        let conflict = call_list("label_conflict", &["a=1", "b=2", "a=1", "a=3=3", "b=4"]);
        assert_eq!(field(&conflict, "found"), "true");
        assert_eq!(field(&conflict, "key"), "a");
        assert_eq!(field(&conflict, "later"), "3=3");
        assert_eq!(field(&conflict, "earlier"), "1");
        for labels in [&["a=1", "A=2", "a=1"][..], &["a", "a=1", "a"], &[]] {
            assert_eq!(field(&call_list("label_conflict", labels), "found"), "false");
        }
    }
}
