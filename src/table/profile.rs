use crate::schema::{Problem, TomlReader};

/// A version of a real program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// As given to `--profile`: `moby-28`.
    pub id: String,
    /// The program whose versions follow one another: `moby`.
    pub line: String,
    /// What it stands for, in one sentence.
    pub doc: String,
    /// Which releases, or which source.
    pub programs: String,
    /// Whose options are sent along when a runtime is asked for its features, `runtime` or `task`: the first that have
    /// a value, else the last. Empty where nobody asks.
    pub features_options: Vec<String>,
}

/// All profiles, the versions of one line in the order of time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profiles {
    all: Vec<Profile>,
    default: String,
}

impl Profiles {
    pub(super) fn read(text: &str, problems: &mut Vec<Problem>) -> Self {
        let table = crate::schema::parse_toml(text, problems);
        let mut top = TomlReader::new(table.get_ref(), 0..0);
        let (default, default_span) = top.required("default", problems);
        let mut all: Vec<Profile> = Vec::new();
        for mut entry in top.tables("profile", problems) {
            let (id, span) = entry.required("id", problems);
            if all.iter().any(|p| p.id == id) {
                problems.push(Problem::new(span, format!("profile `{id}` is there twice")));
            }
            let [line, doc, programs] =
                ["line", "doc", "programs"].map(|key| entry.required(key, problems).0.to_owned());
            let mut features_options = Vec::new();
            for (whose, span) in entry.strings("features_options", problems) {
                if !["runtime", "task"].contains(&whose) {
                    problems.push(Problem::new(
                        span,
                        format!("options are of the runtime or the task, not `{whose}`"),
                    ));
                }
                features_options.push(whose.to_owned());
            }
            all.push(Profile { id: id.to_owned(), line, doc, programs, features_options });
            entry.finish(problems);
        }
        top.finish(problems);
        if !all.iter().any(|p| p.id == default) {
            problems.push(Problem::new(default_span, format!("`default` names no profile: `{default}`")));
        }
        Self { all, default: default.to_owned() }
    }

    /// The profile with this id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Profile> {
        self.all.iter().find(|p| p.id == id)
    }

    /// The profile used when none is asked for.
    #[must_use]
    pub fn default_id(&self) -> &str {
        &self.default
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Profile> {
        self.all.iter()
    }

    /// Whether `profile` is the version `other` of the same program or a later one.
    #[must_use]
    pub fn at_least(&self, profile: &str, other: &str) -> bool {
        let place = |id: &str| self.all.iter().position(|p| p.id == id);
        match (self.get(profile), self.get(other), place(profile), place(other)) {
            (Some(a), Some(b), Some(i), Some(j)) => a.line == b.line && i >= j,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Profiles;

    #[test]
    fn the_default_is_one_of_them_and_none_is_there_twice() {
        let problems = |default: &str, ids: [&str; 2]| {
            let one = |id| format!("[[profile]]\nid = '{id}'\nline = 'l'\ndoc = 'd'\nprograms = 'p'\n");
            let mut problems = Vec::new();
            Profiles::read(&format!("default = '{default}'\n{}{}", one(ids[0]), one(ids[1])), &mut problems);
            problems.into_iter().map(|problem| problem.message).collect::<Vec<_>>()
        };
        assert_eq!(problems("a", ["a", "b"]), [""; 0]);
        assert_eq!(problems("c", ["a", "b"]), ["`default` names no profile: `c`"]);
        assert_eq!(problems("a", ["a", "a"]), ["profile `a` is there twice"]);
    }
}
