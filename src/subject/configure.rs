use super::judge::{JudgeError, Request};
use super::kind::Kind;
use super::policy::Policy;
use crate::engine::{Budget, Decision, Verdict};
use crate::facts::Facts;
use crate::runtime::{Configuration, Runtimes, WrapperScript};
use crate::source::to_json_line;

/// A daemon.json that was judged, and what its runtimes would be.
#[derive(Clone, Debug)]
pub struct SetUp {
    /// What the rules say of it.
    pub decision: Decision,
    /// The document, as the daemon reads it.
    pub document: Facts<'static>,
    /// The runtimes. With a verdict other than [`Verdict::Allow`] the daemon has none of them.
    pub runtimes: Runtimes,
}

/// Why a daemon.json is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigureError {
    /// It was not judged.
    #[error(transparent)]
    Judge(#[from] JudgeError),
    /// It was judged, and not allowed.
    #[error("{}", refusal(.0))]
    Refused(Box<Decision>),
}

fn refusal(decision: &Decision) -> String {
    match decision.message() {
        Some(message) => message.to_owned(),
        None => format!("undecided; it depends on {}", decision.needs.join(", ")),
    }
}

impl Policy {
    /// A configuration for a [`RuntimeStore`](crate::runtime::RuntimeStore): the daemon.json is allowed, and so is
    /// every file name that its wrapper scripts would be written under.
    ///
    /// # Errors
    /// If it is not judged, denied or undecided, or a wrapper may not be written ([`Kind::Write`]).
    pub fn configure(
        &self,
        document: &[u8],
        host: Option<&[u8]>,
        budget: &Budget,
    ) -> Result<Configuration, ConfigureError> {
        let set_up = self.set_up(document, host, budget)?;
        allowed(set_up.decision)?;
        for (_, runtime) in set_up.runtimes.iter() {
            if let Some(wrapper) = &runtime.wrapper {
                allowed(self.judge_write(wrapper.script(), budget)?)?;
            }
        }
        Ok(Configuration::new(set_up.document, set_up.runtimes))
    }

    /// Whether plimsoll itself writes this script ([`Kind::Write`]): stricter than the daemon.
    ///
    /// A name that is not UTF-8, which none from a daemon.json is, is judged as it is shown, with U+FFFD: that is
    /// longer, and has slashes and NULs where the name has them.
    ///
    /// # Errors
    /// As [`Policy::judge`].
    pub fn judge_write(&self, script: &WrapperScript, budget: &Budget) -> Result<Decision, JudgeError> {
        let name = String::from_utf8_lossy(script.file_name());
        let document = to_json_line(&serde_json::json!({ "file_name": name }));
        self.decide(&Request::new(Kind::Write, document.as_bytes()), budget)
    }
}

fn allowed(decision: Decision) -> Result<(), ConfigureError> {
    match decision.verdict {
        Verdict::Allow => Ok(()),
        Verdict::Deny | Verdict::Undecided => Err(ConfigureError::Refused(Box::new(decision))),
    }
}
