//! What a change of daemon.json changes: what is refused, what runs, and which containers keep an old wrapper.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::{Budget, Decision, Verdict};
use crate::runtime::{Generation, Runtime};
use crate::subject::{JudgeError, Policy};

/// What differs between two daemon.json files.
#[derive(Clone, Debug)]
pub struct DaemonDiff {
    /// What the rules say of the first.
    pub before: Decision,
    /// What they say of the second.
    pub after: Decision,
    /// What runs differently, runtime by runtime; nothing is said of a file that is refused.
    pub changes: Vec<DaemonChange>,
    /// Scripts that only the first has.
    pub kept: Vec<Kept>,
}

/// One thing that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DaemonChange {
    /// The runtime; empty for the file as a whole.
    pub runtime: String,
    /// `default`, `runtime`, `shim`, `path`, `options` or `wrapper`.
    pub what: &'static str,
    /// Before; empty if there was nothing.
    pub before: String,
    /// After; empty if there is nothing.
    pub after: String,
}

/// A script of the first file that the second has no more, or has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The runtime.
    pub runtime: String,
    /// The script.
    pub path: String,
    /// Whether containers that were started with it keep it as it was until the daemon starts anew; if not, it changes or
    /// goes under them.
    pub unchanged: bool,
}

impl DaemonDiff {
    /// Compares two daemon.json files as one profile reads them.
    ///
    /// # Errors
    /// As [`Policy::judge`].
    pub fn new(
        policy: &Policy,
        before: &[u8],
        after: &[u8],
        host: Option<&[u8]>,
        budget: &Budget,
    ) -> Result<Self, JudgeError> {
        let (old, new) = (policy.set_up(before, host, budget)?, policy.set_up(after, host, budget)?);
        let mut out =
            Self { before: old.decision, after: new.decision, changes: Vec::new(), kept: Vec::new() };
        if out.before.verdict == Verdict::Deny || out.after.verdict == Verdict::Deny {
            return Ok(out);
        }
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let names = |runtimes: &crate::runtime::Runtimes| -> BTreeMap<String, Runtime> {
            runtimes.iter().map(|(name, runtime)| (text(name), runtime.clone())).collect()
        };
        let (default_before, default_after) =
            (text(old.runtimes.default_name()), text(new.runtimes.default_name()));
        out.change("", "default", default_before, default_after);
        let (old, new) = (names(&old.runtimes), names(&new.runtimes));
        let all: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        let swapped = Generation::of_profile(policy.profile()) == Generation::First;
        for name in all {
            let (old, new) = (old.get(name), new.get(name));
            let of =
                |side: Option<&Runtime>, part: fn(&Runtime) -> String| side.map_or_else(String::new, part);
            match (old, new) {
                (Some(_), None) => out.change(name, "runtime", "configured".to_owned(), String::new()),
                (None, Some(_)) => out.change(name, "runtime", String::new(), "configured".to_owned()),
                _ => {}
            }
            let parts: [Part; 4] = [
                ("shim", |r| String::from_utf8_lossy(&r.shim).into_owned()),
                ("path", |r| String::from_utf8_lossy(&r.path).into_owned()),
                ("options", |r| serde_json::to_string(&r.options).unwrap_or_default()),
                ("wrapper", script),
            ];
            for (what, part) in parts {
                out.change(name, what, of(old, part), of(new, part));
            }
            let (before, after) = (of(old, script), of(new, script));
            let contents = |side: Option<&Runtime>| {
                let wrapper = side.and_then(|r| r.wrapper.as_ref());
                wrapper.map(|w| w.script().contents().to_vec())
            };
            if !before.is_empty() && (before != after || contents(old) != contents(new)) {
                out.kept.push(Kept { runtime: name.clone(), path: before, unchanged: !swapped });
            }
        }
        Ok(out)
    }

    /// The second is refused, or undecided, though the first is not.
    #[must_use]
    pub fn newly_refused(&self) -> bool {
        self.before.verdict == Verdict::Allow && self.after.verdict != Verdict::Allow
    }

    /// The second is taken, though the first is not.
    #[must_use]
    pub fn newly_accepted(&self) -> bool {
        self.before.verdict != Verdict::Allow && self.after.verdict == Verdict::Allow
    }

    fn change(&mut self, runtime: &str, what: &'static str, before: String, after: String) {
        if before != after {
            self.changes.push(DaemonChange { runtime: runtime.to_owned(), what, before, after });
        }
    }
}

/// A part of a runtime: what it is called, and its text.
type Part = (&'static str, fn(&Runtime) -> String);

/// The path of a runtime's script; empty if it has none.
fn script(runtime: &Runtime) -> String {
    let path = runtime.wrapper.as_ref().map(|wrapper| wrapper.path());
    path.map_or_else(String::new, |path| String::from_utf8_lossy(path).into_owned())
}
