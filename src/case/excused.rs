use std::collections::BTreeMap;

use crate::schema::{Problem, TomlReader};

/// What no case and no example shows, and why not: tests of rows that cannot be seen deciding both ways, and mutants that
/// change nothing.
///
/// ```toml
/// [[excused]]
/// rule = "RT006"
/// mutant = "the change as `plimsoll test --mutate` prints it"
/// reason = "why nothing can notice it"
/// ```
///
/// or with `atom`, the test as `plimsoll test --coverage` prints it.
#[derive(Clone, Debug, Default)]
pub struct Excused {
    atoms: BTreeMap<(String, String), String>,
    mutants: BTreeMap<(String, String), String>,
}

impl Excused {
    pub(super) fn read(top: &mut TomlReader<'_, '_>, problems: &mut Vec<Problem>) -> Self {
        let mut excused = Self::default();
        for mut row in top.tables("excused", problems) {
            let span = row.span();
            let rule = row.required("rule", problems).0.to_owned();
            let atom = row.string("atom", problems).map(|(text, _)| text.to_owned());
            let mutant = row.string("mutant", problems).map(|(text, _)| text.to_owned());
            let reason = row.required("reason", problems).0.to_owned();
            row.finish(problems);
            let twice = match (atom, mutant) {
                (Some(atom), None) => excused.atoms.insert((rule, atom), reason).is_some(),
                (None, Some(mutant)) => excused.mutants.insert((rule, mutant), reason).is_some(),
                _ => {
                    problems.push(Problem::new(span, "what is excused is either an `atom` or a `mutant`"));
                    false
                }
            };
            if twice {
                problems.push(Problem::new(span, "this is excused twice"));
            }
        }
        excused
    }

    /// Why a test of a rule is not seen deciding both ways.
    #[must_use]
    pub fn atom(&self, rule: &str, atom: &str) -> Option<&str> {
        self.atoms.get(&(rule.to_owned(), atom.to_owned())).map(String::as_str)
    }

    /// Why nothing notices a mutant of a rule.
    #[must_use]
    pub fn mutant(&self, rule: &str, mutant: &str) -> Option<&str> {
        self.mutants.get(&(rule.to_owned(), mutant.to_owned())).map(String::as_str)
    }

    /// The excused tests: rule and test.
    pub fn atoms(&self) -> impl Iterator<Item = (&str, &str)> {
        self.atoms.keys().map(|(rule, atom)| (rule.as_str(), atom.as_str()))
    }

    /// The excused mutants: rule and change.
    pub fn mutants(&self) -> impl Iterator<Item = (&str, &str)> {
        self.mutants.keys().map(|(rule, mutant)| (rule.as_str(), mutant.as_str()))
    }
}
