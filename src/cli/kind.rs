//! What kind of document is it? A guess from its keys and its name.

use std::fmt;
use std::path::Path;

use serde::Deserializer;
use serde::de::{IgnoredAny, MapAccess, Visitor};

use crate::report::{Because, KindGuess};
use crate::subject::Kind;

/// Keys that only one kind has at its top level, the surest first.
const KEYS: &[(&str, Kind)] = &[
    ("ociVersion", Kind::Spec),
    ("HostConfig", Kind::Create),
    ("Image", Kind::Create),
    ("Cmd", Kind::Create),
    ("Entrypoint", Kind::Create),
    ("NetworkingConfig", Kind::Create),
    ("Binds", Kind::Create),
    ("Privileged", Kind::Create),
    ("Env", Kind::Create),
    ("Hostname", Kind::Create),
    ("machine", Kind::Lifecycle),
    ("runtimes", Kind::Daemon),
    ("default-runtime", Kind::Daemon),
    ("storage-driver", Kind::Daemon),
    ("storage-opts", Kind::Daemon),
    ("log-driver", Kind::Daemon),
    ("log-opts", Kind::Daemon),
    ("log-level", Kind::Daemon),
    ("registry-mirrors", Kind::Daemon),
    ("insecure-registries", Kind::Daemon),
    ("exec-opts", Kind::Daemon),
    ("data-root", Kind::Daemon),
    ("live-restore", Kind::Daemon),
    ("hosts", Kind::Daemon),
    ("dns", Kind::Daemon),
    ("bip", Kind::Daemon),
    ("mtu", Kind::Daemon),
    ("iptables", Kind::Daemon),
    ("ipv6", Kind::Daemon),
    ("default-address-pools", Kind::Daemon),
    ("default-ulimits", Kind::Daemon),
    ("userns-remap", Kind::Daemon),
    ("features", Kind::Daemon),
    ("builder", Kind::Daemon),
    ("experimental", Kind::Daemon),
    ("debug", Kind::Daemon),
    ("metrics-addr", Kind::Daemon),
    ("args", Kind::Wrap),
    ("file_name", Kind::Write),
    ("name_base64", Kind::Name),
    ("name", Kind::Name),
    ("mounts", Kind::Spec),
    ("process", Kind::Spec),
    ("annotations", Kind::Spec),
    ("linux", Kind::Spec),
];

/// Keys that only what a runtime prints of its features has at its top level.
const FEATURES: &[&str] = &["ociVersionMin", "ociVersionMax", "mountOptions"];

/// The most keys looked at.
const ENOUGH: usize = 1000;

/// The kind of a document: by its keys, as far as it can be read; else by its file name; else a daemon.json.
pub(super) fn guess(path: Option<&Path>, document: &[u8]) -> KindGuess {
    let keys = top_level_keys(document);
    let exact = KEYS.iter().find(|(key, _)| keys.iter().any(|k| k == key));
    // Go takes keys in any case, and so do the daemons.
    let folded = || {
        let read_by_go = KEYS.iter().filter(|(_, kind)| matches!(kind, Kind::Create | Kind::Daemon));
        read_by_go.into_iter().find(|(key, _)| keys.iter().any(|k| k.eq_ignore_ascii_case(key)))
    };
    if let Some((key, kind)) = exact.or_else(folded) {
        return KindGuess { kind: *kind, because: Because::Key(key) };
    }
    let name = path.and_then(Path::file_name).map(|name| name.to_string_lossy());
    let named = name.is_some_and(|name| name.starts_with("daemon") && name.ends_with(".json"));
    let because = if named { Because::FileName } else { Because::Default };
    KindGuess { kind: Kind::Daemon, because }
}

/// The key by which a document is what a runtime prints of its features, if it is that.
pub(super) fn features_key(document: &[u8]) -> Option<&'static str> {
    let keys = top_level_keys(document);
    FEATURES.iter().copied().find(|key| keys.iter().any(|k| k == key))
}

/// What a file is by the end of its name, if that is no JSON.
pub(super) fn other_language(path: &Path) -> Option<&'static str> {
    let extension = path.extension()?.to_str()?;
    match extension.to_ascii_lowercase().as_str() {
        "yaml" | "yml" => Some("YAML"),
        "toml" => Some("TOML"),
        _ => None,
    }
}

/// What a kind is, in words.
pub(super) fn in_words(kind: Kind) -> &'static str {
    match kind {
        Kind::Name => "a runtime name",
        Kind::Daemon => "a daemon.json",
        Kind::Create => "a container-create body",
        Kind::Spec => "an OCI config.json",
        Kind::Wrap => "a wrapper script",
        Kind::Write => "a wrapper script to be written",
        Kind::Lifecycle => "a life-cycle step",
    }
}

/// Those before the first syntax error, if it is an object.
fn top_level_keys(document: &[u8]) -> Vec<String> {
    let mut keys = Vec::new();
    let document = document.strip_prefix(b"\xef\xbb\xbf").unwrap_or(document);
    // An error ends the list early; what was found until then still counts.
    let _ = serde_json::Deserializer::from_slice(document).deserialize_map(Keys(&mut keys));
    keys
}

struct Keys<'k>(&'k mut Vec<String>);

impl<'de> Visitor<'de> for Keys<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key()? {
            self.0.push(key);
            if self.0.len() >= ENOUGH {
                return Ok(());
            }
            map.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_guessed_from_keys_then_names() {
        let kind = |path: &str, text: &str| {
            let guess = guess(Some(Path::new(path)), text.as_bytes());
            (guess.kind, guess.because)
        };
        assert_eq!(
            kind("x.json", r#"{"debug": 1, "ociVersion": "1"}"#),
            (Kind::Spec, Because::Key("ociVersion"))
        );
        assert_eq!(kind("x.json", r#"{"runtimes": {"#), (Kind::Daemon, Because::Key("runtimes")));
        assert_eq!(kind("x.json", "\u{feff}{\"mtu\": 1}"), (Kind::Daemon, Because::Key("mtu")));
        assert_eq!(
            kind("x.json", r#"{"name": "a", "path": "b", "args": []}"#),
            (Kind::Wrap, Because::Key("args"))
        );
        assert_eq!(kind("x.json", r#"{"hostconfig": {}}"#), (Kind::Create, Because::Key("HostConfig")));
        // `hostname` is of an OCI config.json, and a create body in any case of letters: the first is the surer.
        assert_eq!(kind("x.json", r#"{"hostname": "", "process": {}}"#).0, Kind::Spec);
        assert_eq!(kind("daemon-2.json", "{"), (Kind::Daemon, Because::FileName));
        assert_eq!(kind("x", "[1]"), (Kind::Daemon, Because::Default));
    }
}
