use std::fmt::Write as _;

use serde_json::{Value as Json, json};

use super::columns;
use crate::lifecycle::{ActionKind, Flow, Plan, Value, VariableKind};
use crate::source::{to_json_pretty, wrap};

/// Where explanations are wrapped.
const WIDTH: usize = 96;

/// The flows there are.
#[must_use]
pub fn flows_human(flows: &[Flow]) -> String {
    let mut out = String::new();
    let rows: Vec<Vec<String>> = flows
        .iter()
        .map(|flow| vec![flow.id.clone(), format!("{} or later", flow.since), flow.title.clone()])
        .collect();
    columns(&rows, &mut out);
    let _ = writeln!(out, "\n{} flows; `plimsoll lifecycle flow NAME` shows one", flows.len());
    out
}

/// The flows there are, whole.
#[must_use]
pub fn flows_json(flows: &[Flow]) -> String {
    to_json_pretty(&json!({ "flows": flows.iter().map(whole).collect::<Vec<_>>() })) + "\n"
}

/// A flow: its steps, what undoes them, what stays.
#[must_use]
pub fn flow_human(flow: &Flow) -> String {
    let mut out =
        format!("{}: {}\n\n  {}\n", flow.id, flow.title, wrap(&flow.doc, WIDTH).replace('\n', "\n  "));
    let when = |text: &str| if text.is_empty() { String::new() } else { format!("if {text}: ") };
    let _ = writeln!(out, "\nSteps:");
    let mut rows = Vec::new();
    for step in flow.steps() {
        rows.push(vec![step.id.clone(), format!("{}{}", when(&step.when_text), step.does)]);
        let mut more = Vec::new();
        for (sign, names) in [("+", flow.acquired_by(step)), ("-", flow.released_by(step))] {
            if !names.is_empty() {
                more.push(format!("{sign} {}", names.join(", ")));
            }
        }
        more.extend(step.error.as_ref().map(|error| format!("told if it fails: {error}")));
        more.extend(step.swallows.as_ref().map(|what| format!("not told: {what}")));
        rows.extend(more.into_iter().map(|line| vec![String::new(), format!("  {line}")]));
    }
    columns(&rows, &mut out);
    if !flow.undos().is_empty() {
        let _ = writeln!(out, "\nUndone if a later step fails:");
    }
    let mut rows = Vec::new();
    for undo in flow.undos() {
        let (armed, failing) = flow.waits(undo);
        let mut time = armed.map_or_else(String::new, |step| format!("put off behind {step}; "));
        if !failing.is_empty() {
            let _ = write!(time, "at {}; ", failing.join(", "));
        }
        if undo.always {
            time.push_str("also if none fails; ");
        }
        rows.push(vec![undo.id.clone(), format!("{time}{}{}", when(&undo.when_text), undo.does)]);
        let names = flow.undone_by(undo);
        if !names.is_empty() {
            rows.push(vec![String::new(), format!("  - {}", names.join(", "))]);
        }
        if let Some(what) = &undo.swallows {
            rows.push(vec![String::new(), format!("  not told: {what}")]);
        }
    }
    columns(&rows, &mut out);
    if !flow.leaks().is_empty() {
        let _ = writeln!(out, "\nStays behind:");
    }
    let rows = flow.leaks().iter().map(|leak| {
        let (resource, failing) = flow.stays(leak);
        let at = format!("{}at {}", when(&leak.when_text), failing.join(", "));
        vec![leak.id.to_string(), resource, format!("{} ({at})", leak.title)]
    });
    columns(&rows.collect::<Vec<_>>(), &mut out);
    let _ = writeln!(out, "\nWhat is acquired:");
    let rows = flow.resources.iter().map(|resource| vec![resource.name.clone(), resource.doc.clone()]);
    columns(&rows.collect::<Vec<_>>(), &mut out);
    if !flow.variables.is_empty() {
        let _ = writeln!(out, "\nWhat it depends on (--tell NAME=VALUE):");
    }
    let rows = flow.variables.iter().map(|variable| {
        let kind = match &variable.kind {
            VariableKind::Names(all) => all.join(" | "),
            VariableKind::Bool => "true | false".to_owned(),
            VariableKind::Text => "a text".to_owned(),
        };
        vec![variable.name.clone(), kind, format!("[{}] {}", shown(&variable.fresh), variable.doc)]
    });
    columns(&rows.collect::<Vec<_>>(), &mut out);
    out
}

fn shown(value: &Value) -> String {
    match value {
        Value::Bool(truth) => truth.to_string(),
        Value::Text(text) => text.clone().unwrap_or_default(),
    }
}

/// A flow for a program.
#[must_use]
pub fn flow_json(flow: &Flow) -> String {
    to_json_pretty(&whole(flow)) + "\n"
}

fn whole(flow: &Flow) -> Json {
    let steps = flow.steps().iter().map(|step| {
        json!({
            "id": step.id,
            "does": step.does,
            "when": step.when_text,
            "acquires": flow.acquired_by(step),
            "releases": flow.released_by(step),
            "error": step.error,
            "goes_on": step.goes_on,
            "sure": step.sure,
            "swallows": step.swallows,
        })
    });
    let undos = flow.undos().iter().map(|undo| {
        let (armed, failing) = flow.waits(undo);
        json!({
            "id": undo.id,
            "does": undo.does,
            "when": undo.when_text,
            "armed": armed,
            "failing": failing,
            "always": undo.always,
            "releases": flow.undone_by(undo),
            "swallows": undo.swallows,
        })
    });
    let leaks = flow.leaks().iter().map(|leak| {
        let (resource, failing) = flow.stays(leak);
        json!({
            "id": leak.id.as_str(),
            "title": leak.title,
            "resource": resource,
            "failing": failing,
            "when": leak.when_text,
            "why": &*leak.why,
            "help": &*leak.help,
            "source": leak.source,
            "evidence": leak.evidence.as_str(),
        })
    });
    let resources = flow.resources.iter().map(|r| json!({ "name": r.name, "doc": r.doc }));
    let variables =
        flow.variables.iter().map(|v| json!({ "name": v.name, "doc": v.doc, "default": shown(&v.fresh) }));
    json!({
        "id": flow.id,
        "title": flow.title,
        "doc": flow.doc,
        "since": flow.since,
        "source": flow.source,
        "variables": variables.collect::<Vec<_>>(),
        "resources": resources.collect::<Vec<_>>(),
        "steps": steps.collect::<Vec<_>>(),
        "undos": undos.collect::<Vec<_>>(),
        "leaks": leaks.collect::<Vec<_>>(),
    })
}

/// What a flow does, and what stays.
#[must_use]
pub fn plan_human(plan: &Plan) -> String {
    let mut out = match &plan.failing {
        Some(step) => format!("{} if {step} fails:\n\n", plan.flow),
        None => format!("{} if nothing fails:\n\n", plan.flow),
    };
    let mut rows = Vec::new();
    for (number, action) in plan.actions.iter().enumerate() {
        let sign = match action.kind {
            ActionKind::Step => "",
            ActionKind::Fails => "FAILS",
            ActionKind::Undo => "undo",
        };
        let number = (number + 1).to_string();
        rows.push(vec![number, sign.to_owned(), action.id.clone(), action.does.clone()]);
        let mut more = Vec::new();
        for (sign, names) in [("+", &action.acquires), ("-", &action.releases)] {
            if !names.is_empty() {
                more.push(format!("  {sign} {}", names.join(", ")));
            }
        }
        more.extend(action.swallows.as_ref().map(|what| format!("  not told: {what}")));
        rows.extend(more.into_iter().map(|line| vec![String::new(), String::new(), String::new(), line]));
    }
    columns(&rows, &mut out);
    match &plan.told {
        Some(message) => {
            let _ = writeln!(out, "\nThe caller is told: {message}");
        }
        None => {
            let kept = if plan.kept.is_empty() { "nothing".to_owned() } else { plan.kept.join(", ") };
            let _ = writeln!(out, "\nThe caller is told that it is done, and has: {kept}");
        }
    }
    if plan.left.is_empty() {
        let _ = writeln!(out, "Nothing stays behind.");
    } else {
        let _ = writeln!(out, "What stays behind:");
        let rows = plan.left.iter().map(|left| {
            let leak = left.leak.as_ref().map_or_else(String::new, |leak| format!("[{leak}]"));
            vec![leak, left.resource.clone(), left.doc.clone()]
        });
        columns(&rows.collect::<Vec<_>>(), &mut out);
    }
    out
}

/// What a flow does, for a program.
#[must_use]
pub fn plan_json(plan: &Plan) -> String {
    let actions = plan.actions.iter().map(|action| {
        json!({
            "kind": action.kind.as_str(),
            "id": action.id,
            "does": action.does,
            "acquires": action.acquires,
            "releases": action.releases,
            "swallows": action.swallows,
        })
    });
    let left = plan.left.iter().map(|left| {
        let leak = left.leak.as_ref().map(|leak| leak.as_str());
        json!({ "resource": left.resource, "doc": left.doc, "leak": leak })
    });
    to_json_pretty(&json!({
        "flow": plan.flow,
        "failing": plan.failing,
        "actions": actions.collect::<Vec<_>>(),
        "told": plan.told,
        "kept": plan.kept,
        "left": left.collect::<Vec<_>>(),
    })) + "\n"
}
