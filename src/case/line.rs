use std::borrow::Cow;

use serde_json::Value;

use super::compare::Expect;
use crate::source::{Members, reason, string};
use crate::subject::{FeaturesAnswer, Kind, Request};

/// The machine on which the cases were recorded, as host facts: what an absent `host` in a case means, and what a
/// `host` leaves open that tells some facts. `{}` tells that nothing is known.
pub const RECORDER_HOST: &str = r#"{
    "every_path": true, "every_binary": true, "users": ["root", "0", "dockremap"], "groups": ["root", "0", "dockremap"],
    "cgroup_v2": false, "systemd_cgroup": false, "docker_ramdisk": false, "temp_name_fits": true,
    "cpus": 2, "cpuset_cpus": "0-3", "cpuset_mems": "0", "sysinfo": "full", "selinux": false, "log_drivers": [], "containers": {}
}"#;

const KEYS: [&str; 7] = ["id", "kind", "profile", "raw_base64", "input", "context", "expect"];
const CONTEXT_KEYS: [&str; 7] =
    ["daemon", "daemon_base64", "host", "image", "request", "features", "features_raw"];

/// One case: a document and what its decision may depend on.
#[derive(Clone, Debug)]
pub struct Case<'l> {
    /// Whatever the line gives, to be repeated in the answer; null if it gives none.
    pub id: Value,
    /// What the document is.
    pub kind: Kind,
    /// The version of the original, if the line names one.
    pub profile: Option<String>,
    /// The document's bytes.
    pub document: Cow<'l, [u8]>,
    /// A daemon.json that the decision may depend on.
    pub daemon: Option<Cow<'l, [u8]>>,
    /// The configuration of an image as JSON, if the line gives one.
    pub image: Option<&'l str>,
    /// What the HTTP request around a create body says, as JSON, if the line tells it.
    pub http: Option<&'l str>,
    /// Host facts as JSON: those of the line, and those of [`RECORDER_HOST`] that it leaves open.
    pub host: Cow<'l, str>,
    /// What the runtime said of its features, if the line tells.
    pub features: Option<CaseFeatures<'l>>,
    /// What a test expects.
    pub expect: Option<Expect>,
}

/// What a line tells of a runtime's features: the text printed and, as JSON, how that ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseFeatures<'l> {
    /// What was printed: `features` as it stands, or `stdout` of `features_raw`.
    pub printed: Cow<'l, [u8]>,
    /// The rest of `features_raw`.
    pub facts: Option<String>,
}

/// A line that is no case. The stream goes on behind it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CaseError {
    /// What is wrong, in one line.
    pub message: String,
    /// The `id`, if the line was read that far.
    pub id: Value,
}

impl From<String> for CaseError {
    fn from(message: String) -> Self {
        Self::new(message)
    }
}

impl CaseError {
    pub(super) fn new(message: String) -> Self {
        Self { message, id: Value::Null }
    }
}

impl<'l> Case<'l> {
    /// Reads one line.
    ///
    /// # Errors
    ///
    /// When it is not UTF-8, not a JSON object, or not a case.
    ///
    /// ```
    /// use plimsoll::case::Case;
    /// let case = Case::parse(br#"{"id": "a", "kind": "name", "input": {"name": "runc"}}"#)?;
    /// assert_eq!(case.document.as_ref(), br#"{"name": "runc"}"#);
    /// # Ok::<(), plimsoll::case::CaseError>(())
    /// ```
    pub fn parse(line: &'l [u8]) -> Result<Self, CaseError> {
        let text = std::str::from_utf8(line)
            .map_err(|e| CaseError::new(format!("not UTF-8 at byte {}", e.valid_up_to() + 1)))?;
        let mut members = Members::parse(text.trim_start_matches('\u{feff}'), "the line")?;
        let id = match members.take("id") {
            None => Value::Null,
            Some(text) => serde_json::from_str(text)
                .map_err(|e| CaseError::new(format!("`id` is not JSON: {}", reason(&e))))?,
        };
        Self::from_members(members)
            .map(|case| Self { id: id.clone(), ..case })
            .map_err(|e| CaseError { id, ..e })
    }

    fn from_members(mut members: Members<'l>) -> Result<Self, CaseError> {
        let kind = members.take_string("kind")?;
        let profile = told(&mut members, "profile").map(|text| string(text, "profile")).transpose()?;
        let profile = profile.map(Cow::into_owned);
        let raw = members.take_base64("raw_base64")?;
        let input = members.take("input");
        let context = told(&mut members, "context");
        let expect = told(&mut members, "expect");
        members.refuse_misspelt(&KEYS)?;

        let kind: Kind = match kind.as_deref().map(str::parse) {
            Some(Ok(kind)) => kind,
            Some(Err(error)) => return Err(CaseError::new(error.to_string())),
            None => return Err(CaseError::new("`kind` is missing".to_owned())),
        };
        let document = match (raw, input) {
            (Some(raw), None) => Cow::Owned(raw),
            (None, Some(input)) => Cow::Borrowed(input.as_bytes()),
            (None, None) => {
                return Err(CaseError::new("no document: give `raw_base64` or `input`".to_owned()));
            }
            (Some(_), Some(_)) => {
                return Err(CaseError::new(
                    "two documents: give `raw_base64` or `input`, not both".to_owned(),
                ));
            }
        };
        let context = context.map(context_of).transpose()?.unwrap_or_default();
        let Context { daemon, image, http, host, features } = context;
        let host = host.map_or(Cow::Borrowed(RECORDER_HOST), with_recorded);
        let expect = expect.map(Expect::parse).transpose()?;
        Ok(Self { id: Value::Null, kind, profile, document, daemon, image, http, host, features, expect })
    }

    /// The question to ask of a policy. Without an image there is none.
    #[must_use]
    pub fn request(&self) -> Request<'_> {
        Request {
            kind: self.kind,
            document: &self.document,
            daemon: self.daemon.as_deref(),
            image: Some(self.image.unwrap_or("null").as_bytes()),
            http: self.http.map(str::as_bytes),
            host: Some(self.host.as_bytes()),
            features: self.features.as_ref().map(|features| FeaturesAnswer {
                printed: &features.printed,
                facts: features.facts.as_deref().map(str::as_bytes),
            }),
        }
    }
}

/// Host facts of a line with the recorded ones that it leaves open. A list of paths or binaries is told whole.
fn with_recorded(host: &str) -> Cow<'_, str> {
    let facts = serde_json::from_str::<serde_json::Map<String, Value>>(host);
    let recorded = serde_json::from_str::<serde_json::Map<String, Value>>(RECORDER_HOST);
    match (facts, recorded) {
        (Ok(mut facts), Ok(recorded)) if !facts.is_empty() => {
            let told = |list: &str| facts.contains_key(list);
            let (paths, binaries) = (told("paths"), told("binaries"));
            for (name, value) in recorded {
                if !(name == "every_path" && paths || name == "every_binary" && binaries) {
                    facts.entry(name).or_insert(value);
                }
            }
            Cow::Owned(Value::Object(facts).to_string())
        }
        // What is no object is said when it is judged.
        _ => Cow::Borrowed(host),
    }
}

/// Takes out a value; null tells as little as no key.
fn told<'l>(members: &mut Members<'l>, key: &str) -> Option<&'l str> {
    members.take(key).filter(|text| *text != "null")
}

/// What a line tells besides the document.
#[derive(Default)]
struct Context<'l> {
    daemon: Option<Cow<'l, [u8]>>,
    image: Option<&'l str>,
    http: Option<&'l str>,
    host: Option<&'l str>,
    features: Option<CaseFeatures<'l>>,
}

fn context_of(text: &str) -> Result<Context<'_>, CaseError> {
    let mut members = Members::parse(text, "`context`")?;
    let daemon = members.take("daemon").map(|text| Cow::Borrowed(text.as_bytes()));
    let raw = members.take_base64("daemon_base64")?.map(Cow::Owned);
    if daemon.is_some() && raw.is_some() {
        return Err(CaseError::new("two daemon.json: give `daemon` or `daemon_base64`, not both".to_owned()));
    }
    let host = told(&mut members, "host");
    let image = members.take("image");
    let http = told(&mut members, "request");
    let features = match (members.take("features"), told(&mut members, "features_raw")) {
        (None, None) => None,
        (Some(text), None) => Some(CaseFeatures { printed: Cow::Borrowed(text.as_bytes()), facts: None }),
        (None, Some(text)) => Some(printed_features(text)?),
        (Some(_), Some(_)) => {
            return Err(CaseError::new(
                "two answers: give `features` or `features_raw`, not both".to_owned(),
            ));
        }
    };
    members.refuse_others("`context`", &CONTEXT_KEYS)?;
    Ok(Context { daemon: daemon.or(raw), image, http, host, features })
}

/// `features_raw`: `stdout` or `stdout_base64`, and facts about how it ended.
fn printed_features(text: &str) -> Result<CaseFeatures<'_>, CaseError> {
    let mut members = Members::parse(text, "`features_raw`")?;
    let text = members.take_string("stdout")?;
    let printed = match (text, members.take_base64("stdout_base64")?) {
        (Some(Cow::Borrowed(text)), None) => Cow::Borrowed(text.as_bytes()),
        (Some(Cow::Owned(text)), None) => Cow::Owned(text.into_bytes()),
        (None, raw) => Cow::Owned(raw.unwrap_or_default()),
        (Some(_), Some(_)) => {
            let message = "two outputs: give `stdout` or `stdout_base64`, not both";
            return Err(CaseError::new(message.to_owned()));
        }
    };
    let rest = members.rest().map(|(key, value)| format!("{}:{value}", Value::from(key.as_ref())));
    let facts = format!("{{{}}}", rest.collect::<Vec<_>>().join(","));
    Ok(CaseFeatures { printed, facts: Some(facts) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Budget, Verdict};
    use crate::subject::Policy;

    #[test]
    fn null_tells_as_little_as_no_key() {
        let bare = Case::parse(br#"{"kind": "create", "input": {}}"#).unwrap();
        let nulls = br#"{"kind": "create", "input": {}, "profile": null, "expect": null,
            "context": {"host": null, "request": null, "features_raw": null}}"#;
        let told = Case::parse(nulls).unwrap();
        assert_eq!((told.profile, told.expect.is_none(), told.http), (None, true, None));
        assert_eq!((told.host, told.features.is_none()), (bare.host, true));
        let none = Case::parse(br#"{"kind": "create", "input": {}, "context": null}"#).unwrap();
        assert_eq!(none.document, bare.document);
        // These are documents, and null is one.
        let documents = Case::parse(br#"{"kind": "create", "input": null, "context": {"features": null}}"#);
        let documents = documents.unwrap();
        assert_eq!(documents.document.as_ref(), b"null");
        assert_eq!(documents.features.unwrap().printed.as_ref(), b"null");
    }

    #[test]
    fn the_recorder_host_leaves_no_ordinary_file_undecided() {
        let policy = Policy::builtin("moby-28").unwrap();
        for document in [
            r#"{}"#,
            r#"{"userns-remap": "default", "runtimes": {"x": {"path": "/x", "runtimeArgs": ["--y"]}}}"#,
            r#"{"exec-opts": ["native.cgroupdriver=systemd"], "cpu-rt-period": 1, "default-runtime": "a.b"}"#,
        ] {
            let line = format!(r#"{{"kind": "daemon", "input": {document}}}"#);
            let case = Case::parse(line.as_bytes()).unwrap();
            let outcome = policy.judge(&case.request(), &Budget::default()).unwrap();
            assert_eq!(outcome.decision.verdict, Verdict::Allow, "{document}: {:?}", outcome.decision);
        }
    }
}
