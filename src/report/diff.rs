//! Differences and faults of tables, as text and as JSON.

use serde_json::{Value as Json, json};

use super::prove::{NOT_PROVED, witness_human, witness_json};
use crate::engine::Verdict;
use crate::prove::{DaemonDiff, Direction, Fault, LifeDifference, ProgramDiff};
use crate::source::to_json_pretty;

/// What was compared, as the user named it.
#[derive(Clone, Copy, Debug)]
pub struct Sides<'s> {
    /// The first.
    pub before: &'s str,
    /// The second.
    pub after: &'s str,
}

/// Differences of rules, for people.
#[must_use]
pub fn diff_human(diff: &ProgramDiff, lives: &[LifeDifference], sides: Sides<'_>) -> String {
    let mut out = String::new();
    for kind in &diff.kinds {
        let own: Vec<_> = diff.differences.iter().filter(|d| d.kind == *kind).collect();
        if own.is_empty() {
            out.push_str(&format!("{kind}: equivalent, proved\n"));
            continue;
        }
        out.push_str(&format!("{kind}:\n"));
        for one in own {
            let about = match (&one.rule, &one.key) {
                (Some(rule), _) => rule.to_string(),
                (None, Some(key)) => format!("key {key}"),
                (None, None) => String::new(),
            };
            let shown = match &one.witness {
                Some(witness) => witness_human(witness),
                None => format!("not known: {}", one.doubts.join("; ")),
            };
            out.push_str(&format!("  {}, {about}: {shown}\n", one.direction.as_str()));
        }
    }
    for one in lives {
        let witness = witness_human(&one.witness);
        out.push_str(&format!(
            "{}: {witness}\n  before: {}\n  after:  {}\n",
            one.about, one.before, one.after
        ));
    }
    let count = |direction: Direction| {
        diff.differences.iter().filter(|d| d.direction == direction && d.witness.is_some()).count()
    };
    let undecided = diff.differences.iter().filter(|d| !d.doubts.is_empty()).count();
    let mut counts = vec![
        format!("{} newly allowed", count(Direction::NewlyAllowed)),
        format!("{} newly denied", count(Direction::NewlyDenied)),
    ];
    for (n, what) in [
        (count(Direction::NewlyWarned), "newly warned of"),
        (count(Direction::NoLongerWarned), "no longer warned of"),
        (lives.len(), "of machines and flows"),
    ] {
        if n > 0 {
            counts.push(format!("{n} {what}"));
        }
    }
    out.push_str(&format!(
        "\n{} to {}: {}, {undecided} undecided; {} questions\n",
        sides.before,
        sides.after,
        counts.join(", "),
        diff.questions,
    ));
    out
}

/// Differences of rules, for programs.
#[must_use]
pub fn diff_json(diff: &ProgramDiff, lives: &[LifeDifference], sides: Sides<'_>) -> String {
    let differences = diff.differences.iter().map(|one| {
        json!({
            "kind": one.kind.as_str(),
            "direction": one.direction.as_str(),
            "rule": one.rule.as_ref().map(|rule| rule.as_str()),
            "key": one.key,
            "witness": one.witness.as_ref().map(|witness| witness_json(witness)),
            "doubts": one.doubts,
        })
    });
    let equivalent = diff.kinds.iter().filter(|kind| !diff.differences.iter().any(|d| d.kind == **kind));
    to_json_pretty(&json!({
        "before": sides.before,
        "after": sides.after,
        "kinds": diff.kinds.iter().map(|kind| kind.as_str()).collect::<Vec<_>>(),
        "equivalent": equivalent.map(|kind| kind.as_str()).collect::<Vec<_>>(),
        "differences": differences.collect::<Vec<Json>>(),
        "lifecycle": lives.iter().map(|one| {
            json!({ "about": one.about, "before": one.before, "after": one.after, "witness": one.witness.document })
        }).collect::<Vec<Json>>(),
        "questions": diff.questions,
        "not_proved": NOT_PROVED,
    })) + "\n"
}

/// Rows that do nothing of their own, for people.
#[must_use]
pub fn faults_human(faults: &[Fault], looked_at: usize) -> String {
    let mut out = String::new();
    for fault in faults {
        let what = match fault.doubts.as_slice() {
            [] => fault.kind.as_str().to_owned(),
            doubts => format!("perhaps {}: {}", fault.kind.as_str(), doubts.join("; ")),
        };
        let by: Vec<&str> = fault.because_of.iter().map(|rule| rule.as_str()).collect();
        let by = if by.is_empty() { String::new() } else { format!(", by {}", by.join(", ")) };
        out.push_str(&format!("{}: {what}{by} ({})\n", fault.rule, fault.profile));
    }
    let known = faults.iter().filter(|fault| fault.doubts.is_empty()).count();
    out.push_str(&format!(
        "{looked_at} rows by profile: {known} that do nothing of their own, {} undecided\n",
        faults.len().saturating_sub(known),
    ));
    out
}

/// The same for programs.
#[must_use]
pub fn faults_json(faults: &[Fault], looked_at: usize) -> Json {
    let faults = faults.iter().map(|fault| {
        json!({
            "rule": fault.rule.as_str(),
            "fault": fault.kind.as_str(),
            "profile": fault.profile,
            "because_of": fault.because_of.iter().map(|rule| rule.as_str()).collect::<Vec<_>>(),
            "doubts": fault.doubts,
        })
    });
    json!({ "rows": looked_at, "faults": faults.collect::<Vec<_>>() })
}

/// What a change of daemon.json changes, for people.
#[must_use]
pub fn daemon_diff_human(diff: &DaemonDiff, sides: Sides<'_>) -> String {
    let mut out = String::new();
    for (name, decision) in [(sides.before, &diff.before), (sides.after, &diff.after)] {
        let why = match decision.verdict {
            Verdict::Allow => String::new(),
            Verdict::Deny => format!(": {}", decision.message().unwrap_or_default()),
            Verdict::Undecided => format!(": it depends on {}", decision.needs.join(", ")),
        };
        out.push_str(&format!("{name}: {}{why}\n", decision.verdict.as_str()));
    }
    for change in &diff.changes {
        let about =
            if change.runtime.is_empty() { String::new() } else { format!("runtime {}, ", change.runtime) };
        let or_none = |text: &str| if text.is_empty() { "nothing".to_owned() } else { text.to_owned() };
        let (before, after) = (or_none(&change.before), or_none(&change.after));
        out.push_str(&format!("{about}{}: {before} -> {after}\n", change.what));
    }
    for kept in &diff.kept {
        let what = if kept.unchanged {
            "containers that were started with it keep it until the daemon starts anew"
        } else {
            "it changes or goes under the containers that were started with it"
        };
        out.push_str(&format!("runtime {}, old wrapper {}: {what}\n", kept.runtime, kept.path));
    }
    let refused = diff.before.verdict == Verdict::Deny || diff.after.verdict == Verdict::Deny;
    if refused {
        out.push_str("what would run is not compared: a file that is refused runs nothing\n");
    } else if diff.changes.is_empty() && diff.kept.is_empty() {
        out.push_str("the same runtimes\n");
    }
    out
}

/// The same for programs.
#[must_use]
pub fn daemon_diff_json(diff: &DaemonDiff, sides: Sides<'_>) -> String {
    let side = |name: &str, decision: &crate::engine::Decision| {
        json!({
            "name": name,
            "verdict": decision.verdict.as_str(),
            "message": decision.message(),
            "needs": decision.needs,
        })
    };
    let changes = diff.changes.iter().map(|change| {
        json!({
            "runtime": change.runtime, "what": change.what, "before": change.before, "after": change.after,
        })
    });
    let kept = diff
        .kept
        .iter()
        .map(|kept| json!({ "runtime": kept.runtime, "wrapper": kept.path, "unchanged": kept.unchanged }));
    to_json_pretty(&json!({
        "before": side(sides.before, &diff.before),
        "after": side(sides.after, &diff.after),
        "newly_refused": diff.newly_refused(),
        "newly_accepted": diff.newly_accepted(),
        "changes": changes.collect::<Vec<_>>(),
        "old_wrappers": kept.collect::<Vec<_>>(),
    })) + "\n"
}
