use super::few::with_all;
use super::{ParamType, View, ViewField, ViewType, cut, str_field, strings};

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
    eval: |args, out| {
        let labels = strings(args, 0).enumerate().filter_map(|(at, label)| Some((cut(label, b"=")?, at)));
        with_all(labels.map(|((key, value), at)| (key, at, value)), |labels| {
            // Those of one key stand side by side then, the earliest first.
            labels.sort_unstable();
            let pairs = labels.iter().zip(labels.iter().skip(1)).filter(|(a, b)| a.0 == b.0 && a.2 != b.2);
            match pairs.min_by_key(|(_, later)| later.1) {
                Some((earlier, later)) => out.set([
                    ViewField::Bool(true),
                    str_field(later.0),
                    str_field(later.2),
                    str_field(earlier.2),
                ]),
                None => out.set([ViewField::Bool(false), str_field(""), str_field(""), str_field("")]),
            }
        })
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
