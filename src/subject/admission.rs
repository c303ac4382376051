use std::sync::Arc;

use super::around::Around;
use super::judge::{self, JudgeError, Mode, Request};
use super::policy::Policy;
use crate::engine::{Budget, Decision};

/// Decides about documents of one kind that come to one daemon: what is known besides them is read once, and not again
/// for every document. Cheap to clone, `Send` and `Sync`.
///
/// ```
/// use plimsoll::{Admission, Budget, Kind, Policy, Request, Verdict};
///
/// let policy = Policy::builtin("moby-28")?;
/// let surroundings = Request {
///     daemon: Some(br#"{"runtimes": {"sandbox": {"runtimeType": "io.containerd.runsc.v1"}}}"#),
///     host: Some(br#"{"containers": {}, "every_path": true, "every_binary": true}"#),
///     image: Some(b"null"),
///     ..Request::new(Kind::Create, b"")
/// };
/// let admission = Admission::new(&policy, &surroundings, &Budget::default())?;
/// let body = br#"{"Cmd": ["sh"], "hostconfig": {"runtime": "sandbox"}}"#;
/// assert_eq!(admission.decide(body, &Budget::default())?.verdict, Verdict::Allow);
/// let body = br#"{"Cmd": ["sh"], "hostconfig": {"runtime": "sandbx"}}"#;
/// assert_eq!(admission.decide(body, &Budget::default())?.verdict, Verdict::Deny);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Admission {
    policy: Policy,
    request: Request<'static>,
    around: Arc<Around<'static>>,
}

impl Admission {
    /// All of `surroundings` counts but the document.
    ///
    /// # Errors
    /// As [`Policy::judge`]: if the policy does not judge documents of this kind, or what is known cannot be read. A
    /// life cycle has no surroundings, and is refused.
    pub fn new(policy: &Policy, surroundings: &Request<'_>, budget: &Budget) -> Result<Self, JudgeError> {
        let request = Request::new(surroundings.kind, b"");
        let around = judge::around(policy, surroundings, budget, |_, around| Ok(around.into_owned()))?;
        Ok(Self { policy: policy.clone(), request, around: Arc::new(around) })
    }

    /// What [`Policy::decide`] says of this document in these surroundings.
    ///
    /// # Errors
    /// If the document is over budget, or the object that a name or wrapper is given in cannot be read.
    pub fn decide(&self, document: &[u8], budget: &Budget) -> Result<Decision, JudgeError> {
        let request = Request { document, ..self.request };
        judge::judge_within(&self.policy, &request, &self.around, budget, Mode::Bare).map(|out| out.decision)
    }
}
