use std::collections::BTreeSet;

/// The names of host facts that nobody told.
pub(super) type Needs = BTreeSet<String>;

/// Kleene's three truth values; an unknown one knows what it depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Tri {
    False,
    True,
    Unknown(Needs),
}

impl From<bool> for Tri {
    fn from(b: bool) -> Self {
        if b { Self::True } else { Self::False }
    }
}

impl Tri {
    pub(super) fn not(self) -> Self {
        match self {
            Self::False => Self::True,
            Self::True => Self::False,
            unknown => unknown,
        }
    }

    /// `||` over any number of values, the rest not asked for once one is true.
    pub(super) fn any(values: impl IntoIterator<Item = Self>) -> Self {
        let mut needs = None;
        for value in values {
            match value {
                Self::True => return Self::True,
                Self::False => {}
                Self::Unknown(more) => needs.get_or_insert_with(Needs::new).extend(more),
            }
        }
        needs.map_or(Self::False, Self::Unknown)
    }

    /// `&&` over any number of values, the rest not asked for once one is false.
    pub(super) fn all(values: impl IntoIterator<Item = Self>) -> Self {
        Self::any(values.into_iter().map(Self::not)).not()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_of_kleene() {
        let unknown = |n: &str| Tri::Unknown(Needs::from([n.to_owned()]));
        let both = Tri::Unknown(Needs::from(["a".to_owned(), "b".to_owned()]));
        for (left, right, and, or) in [
            (Tri::False, unknown("b"), Tri::False, unknown("b")),
            (Tri::True, unknown("b"), unknown("b"), Tri::True),
            (unknown("a"), Tri::False, Tri::False, unknown("a")),
            (unknown("a"), Tri::True, unknown("a"), Tri::True),
            (unknown("a"), unknown("b"), both.clone(), both),
            (Tri::False, Tri::True, Tri::False, Tri::True),
            (Tri::True, Tri::True, Tri::True, Tri::True),
            (Tri::False, Tri::False, Tri::False, Tri::False),
        ] {
            assert_eq!(Tri::all([left.clone(), right.clone()]), and);
            assert_eq!(Tri::any([left, right]), or);
        }
        assert_eq!(Tri::all([]), Tri::True);
        assert_eq!(unknown("a").not(), unknown("a"));
    }
}
