//! Steps and traces of the shim's processes: their judgement as a decision, and what they resolve to.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json, json};

use super::judge::{JudgeError, Mode, Outcome};
use crate::engine::{Budget, Decision, Finding, Label, RuleTrace, Verdict};
use crate::lifecycle::{Class, DocumentError, Judged, JudgedStep, Lifecycle};
use crate::table::{Effect, RuleId};

pub(super) fn judge(
    lifecycle: &Lifecycle,
    document: &[u8],
    budget: &Budget,
    mode: Mode,
) -> Result<Outcome, JudgeError> {
    let judged =
        lifecycle.judge(document, &budget.limits(), budget.instances).map_err(|error| match error {
            DocumentError::OverLimit(error) => JudgeError::OverBudget(error),
            error @ DocumentError::Wrong { .. } => {
                JudgeError::Context { what: "question about a life cycle", reason: error.to_string() }
            }
        })?;
    let findings: Vec<Finding> = judged.steps.iter().filter_map(finding).collect();
    let verdict = if findings.is_empty() { Verdict::Allow } else { Verdict::Deny };
    let trace = match mode {
        Mode::Bare | Mode::Plain => Vec::new(),
        Mode::Rows | Mode::Traced | Mode::Covered | Mode::Naive => trace(&judged),
    };
    let decision = Decision { verdict, findings, needs: Vec::new(), alternatives: Vec::new(), trace };
    let resolved = if matches!(mode, Mode::Bare | Mode::Rows) { None } else { Some(resolved(&judged)) };
    Ok(Outcome { decision, resolved })
}

fn finding(judged: &JudgedStep) -> Option<Finding> {
    let step = &judged.step;
    let refused = step.refused.as_ref()?;
    Some(Finding {
        rule: refused.id.clone(),
        effect: Effect::Deny,
        path: judged.path.clone(),
        message: step.message.clone().unwrap_or_default(),
        why: refused.why.clone(),
        help: refused.help.clone(),
        primary: Some(Label { span: judged.span, text: format!("in state {}", judged.from) }),
        related: Vec::new(),
    })
}

/// Each row that spoke, and how often it refused.
fn trace(judged: &Judged) -> Vec<RuleTrace> {
    let mut rows: BTreeMap<&RuleId, usize> = BTreeMap::new();
    for step in &judged.steps {
        let refused = step.step.refused.as_ref().map(|refused| &refused.id);
        let spoke: BTreeSet<&RuleId> =
            [Some(&step.step.row), step.step.error.as_ref(), refused].into_iter().flatten().collect();
        for row in spoke {
            *rows.entry(row).or_default() += 1;
        }
    }
    let row = |(rule, count): (&RuleId, usize)| RuleTrace {
        rule: rule.clone(),
        judged: count,
        fired: count,
        unknown: 0,
        seen: Vec::new(),
    };
    rows.into_iter().map(row).collect()
}

fn resolved(judged: &Judged) -> Json {
    match judged.steps.as_slice() {
        [only] if judged.single => {
            let mut object = described(only);
            object.remove("ok");
            if let Some(state) = object.remove("state") {
                object.insert("next".to_owned(), state);
            }
            Json::Object(object)
        }
        steps => json!({ "steps": steps.iter().map(described).map(Json::Object).collect::<Vec<_>>() }),
    }
}

fn described(judged: &JudgedStep) -> Map<String, Json> {
    let step = &judged.step;
    let mut object = Map::new();
    object.insert("ok".to_owned(), step.ok.into());
    object.insert("state".to_owned(), step.state.as_str().into());
    let texts = [
        ("message", step.message.as_deref()),
        ("class", step.class.map(Class::as_str)),
        ("status", step.status.as_deref()),
        ("called", step.called.as_deref()),
        ("swallowed", step.swallowed.as_deref()),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            object.insert(name.to_owned(), text.into());
        }
    }
    if step.crashed {
        object.insert("crashed".to_owned(), true.into());
    }
    for (name, state) in &judged.others {
        object.insert(name.clone(), state.as_str().into());
    }
    object
}
