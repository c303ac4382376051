use super::configure::SetUp;
use super::judge::{JudgeError, Request};
use super::kind::Kind;
use super::policy::Policy;
use crate::engine::{Budget, Decision, Finding, Label, Verdict};
use crate::facts::Item;
use crate::runtime::{Generation, Origin, Resolved, Step, StepKind, resolve};
use crate::source::{Span, to_json_line};
use crate::table::{Effect, RuleId};

/// What would run for a runtime name, and what the rules say of it.
#[derive(Clone, Debug)]
pub struct Resolution {
    /// The answer: of the configuration, and of the name in it.
    pub verdict: Verdict,
    /// What the rules say of daemon.json.
    pub daemon: Decision,
    /// What they say of the name. Its places, if it has some, are in daemon.json.
    pub name: Decision,
    /// Host facts that the verdict depends on, and that nobody told.
    pub needs: Vec<String>,
    /// Host facts that options depend on, and that nobody told; they count as false.
    pub assumed: Vec<String>,
    /// What would run, step by step.
    pub steps: Vec<Step>,
    /// Warnings about the runtime, in daemon.json and about its name.
    pub cautions: Vec<Finding>,
    /// Names that can be asked for in this configuration, sorted.
    pub known: Vec<String>,
}

impl Policy {
    /// What would run for a runtime name with this daemon.json, step by step. An empty name asks for the default.
    ///
    /// ```
    /// use plimsoll::engine::{Budget, Verdict};
    /// use plimsoll::runtime::StepKind;
    /// use plimsoll::subject::Policy;
    ///
    /// let policy = Policy::builtin("moby-28")?;
    /// let daemon = br#"{"runtimes": {"kata": {"runtimeType": "io.containerd.kata.v2"}}}"#;
    /// let resolution = policy.resolve(b"kata", daemon, None, &Budget::default())?;
    /// assert_eq!(resolution.verdict, Verdict::Allow);
    /// let shim = resolution.steps.iter().find(|step| step.kind == StepKind::ShimBinary).unwrap();
    /// assert_eq!(shim.value, b"containerd-shim-kata-v2");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`Policy::judge`].
    pub fn resolve(
        &self,
        name: &[u8],
        document: &[u8],
        host: Option<&[u8]>,
        budget: &Budget,
    ) -> Result<Resolution, JudgeError> {
        let set_up = self.set_up(document, host, budget)?;
        let generation = Generation::of_profile(self.profile());
        // In the first generation the default takes the place of an empty name before names are judged.
        let asked = if generation == Generation::First { set_up.runtimes.asked(name) } else { name };
        let mut judged = if set_up.decision.verdict == Verdict::Deny {
            // There is nothing to ask for.
            Decision { findings: Vec::new(), trace: Vec::new(), ..set_up.decision.clone() }
        } else {
            let question = match std::str::from_utf8(asked) {
                Ok(name) => serde_json::json!({ "name": name }),
                Err(_) => serde_json::json!({ "name_base64": data_encoding::BASE64.encode(asked) }),
            };
            let text = to_json_line(&question);
            let request =
                Request { daemon: Some(document), host, ..Request::new(Kind::Name, text.as_bytes()) };
            self.judge_traced(&request, budget)?.decision
        };
        let place = place(&set_up, asked, name.is_empty());
        for finding in &mut judged.findings {
            finding.related.clear();
            finding.path.clear();
            let text = finding.primary.take().map_or_else(String::new, |label| label.text);
            finding.primary = place.map(|(span, _)| Label { span, text });
        }
        let mut steps = resolve(&set_up.document, &set_up.runtimes, generation, name);
        self.cite(&judged, &mut steps);
        let cautions = cautions(&set_up, &judged, place);
        let verdict = match (set_up.decision.verdict, judged.verdict) {
            (Verdict::Deny, _) | (_, Verdict::Deny) => Verdict::Deny,
            (Verdict::Allow, Verdict::Allow) => Verdict::Allow,
            _ => Verdict::Undecided,
        };
        let mut needs: Vec<String> = set_up.decision.needs.iter().chain(&judged.needs).cloned().collect();
        needs.sort();
        needs.dedup();
        let assumed = match set_up.runtimes.get(asked) {
            Resolved::Known { runtime, .. } if runtime.has_daemon_options() => set_up.runtimes.needs(),
            _ => &[],
        };
        let assumed = assumed.iter().map(|need| (*need).to_owned()).collect();
        let known =
            set_up.runtimes.iter().map(|(name, _)| String::from_utf8_lossy(name).into_owned()).collect();
        Ok(Resolution {
            verdict,
            daemon: set_up.decision,
            name: judged,
            needs,
            assumed,
            steps,
            cautions,
            known,
        })
    }

    /// Puts to the name the rules that changed it, and to what it stands for those that might have refused it.
    fn cite(&self, judged: &Decision, steps: &mut [Step]) {
        let effect = |id: &RuleId| self.rules().find(|rule| rule.id == *id).map(|rule| rule.effect);
        for step in steps {
            let cited = judged.trace.iter().filter(|trace| match step.kind {
                StepKind::Name => trace.fired > 0 && effect(&trace.rule) == Some(Effect::Set),
                StepKind::Runtime => {
                    trace.judged > 0 && trace.unknown == 0 && effect(&trace.rule) == Some(Effect::Deny)
                }
                _ => false,
            });
            step.rules = cited.map(|trace| trace.rule.to_string()).collect();
        }
    }
}

/// Where daemon.json speaks of the name: the entry's key, and the entry as a whole; or the default.
fn place(set_up: &SetUp, asked: &[u8], default: bool) -> Option<(Span, Span)> {
    if let Resolved::Known { runtime, .. } = set_up.runtimes.get(asked)
        && let Origin::Configured { key: Some(key), value: Some(value) } = runtime.origin
    {
        return Some((key, Span { start: key.start, end: value.end }));
    }
    let span = Item::root(&set_up.document, "default-runtime")?.span()?;
    default.then_some((span, span))
}

/// Warnings about the name, and those about daemon.json that have a place in the runtime's entry.
fn cautions(set_up: &SetUp, judged: &Decision, place: Option<(Span, Span)>) -> Vec<Finding> {
    let inside = |finding: &&Finding| {
        let entry = place.map(|(_, entry)| entry);
        let spans = finding.primary.iter().chain(&finding.related).map(|label| label.span);
        entry.is_some_and(|entry| spans.into_iter().any(|s| entry.start <= s.start && s.end <= entry.end))
    };
    set_up.decision.warnings().filter(inside).chain(judged.warnings()).cloned().collect()
}
