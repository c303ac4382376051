//! The texts of spec/ that the crate carries.

use super::catalog::Source;

/// A file of spec/.
macro_rules! spec {
    ($path:literal) => {
        (concat!("spec/", $path), include_str!(concat!("../../spec/", $path)))
    };
}

pub(super) const PROFILES: Source<'static> = spec!("profiles.toml");
pub(super) const SUBJECTS: Source<'static> = spec!("subjects.toml");
pub(super) const RETIRED: Source<'static> = spec!("retired.toml");

/// Schemas by their ids.
pub(super) const SCHEMAS: &[(&str, Source<'static>)] = &[
    ("create", spec!("schema/create.toml")),
    ("daemon", spec!("schema/daemon.toml")),
    ("features", spec!("schema/features.toml")),
    ("features-answer", spec!("schema/features-answer.toml")),
    ("features-status", spec!("schema/features-status.toml")),
    ("host", spec!("schema/host.toml")),
    ("image", spec!("schema/image.toml")),
    ("load", spec!("schema/load.toml")),
    ("name", spec!("schema/name.toml")),
    ("request", spec!("schema/request.toml")),
    ("spec", spec!("schema/spec.toml")),
    ("wrap", spec!("schema/wrap.toml")),
    ("write", spec!("schema/write.toml")),
];

/// Rule tables by the subject that they judge; those of none are for all.
pub(super) const TABLES: &[(Option<&str>, Source<'static>)] = &[
    (None, spec!("rules/defines.toml")),
    (Some("daemon"), spec!("rules/loader.toml")),
    (Some("daemon"), spec!("rules/validate.toml")),
    (Some("daemon"), spec!("rules/settings.toml")),
    (Some("daemon"), spec!("rules/runtimes.toml")),
    (Some("daemon"), spec!("rules/log-options.toml")),
    (Some("name"), spec!("rules/names.toml")),
    (Some("name"), spec!("rules/names-containerd.toml")),
    (Some("wrap"), spec!("rules/wrap.toml")),
    (Some("write"), spec!("rules/write.toml")),
    (Some("create"), spec!("rules/create-decode.toml")),
    (Some("create"), spec!("rules/create-config.toml")),
    (Some("create"), spec!("rules/create-resources.toml")),
    (Some("create"), spec!("rules/create-namespaces.toml")),
    (Some("create"), spec!("rules/create-network.toml")),
    (Some("create"), spec!("rules/create-security.toml")),
    (Some("create"), spec!("rules/create-command.toml")),
    (Some("create"), spec!("rules/create-options.toml")),
    (Some("create"), spec!("rules/create-log-drivers.toml")),
    (Some("create"), spec!("rules/create-volumes.toml")),
    (Some("spec"), spec!("rules/spec-decode.toml")),
    (Some("spec"), spec!("rules/spec-idmap.toml")),
];

#[cfg(test)]
mod tests {
    use super::super::catalog::Catalog;
    use super::{SCHEMAS, TABLES};

    /// What is read alone is read as in the whole: no table or schema stands under a wrong name.
    #[test]
    fn each_text_stands_under_its_own_name() {
        let whole = Catalog::builtin().unwrap();
        assert_eq!(whole.schemas().count(), SCHEMAS.len());
        let mut rules = 0;
        for subject in whole.subjects() {
            let part = Catalog::builtin_for(&subject.id).unwrap();
            let ids = |catalog: &Catalog| -> Vec<_> {
                let rules = catalog.rules().iter().filter(|rule| *rule.subject == *subject.id);
                rules.map(|rule| rule.id.clone()).collect()
            };
            assert_eq!(ids(&part), ids(&whole), "{}", subject.id);
            assert_eq!(part.rules().len(), ids(&part).len(), "{}: a table of another subject", subject.id);
            rules += part.rules().len();
        }
        assert_eq!(rules, whole.rules().len());
        assert!(TABLES.iter().all(|(subject, _)| subject.is_none_or(|id| whole.subject(id).is_some())));
    }
}
