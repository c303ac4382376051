use std::collections::BTreeSet;

use super::{Flow, FlowStep, Leak, Resource, Undo};
use crate::lifecycle::guard::Guard;
use crate::lifecycle::load::{Ids, evidence, kind, row_id, unknown, value};
use crate::lifecycle::machine::{Value, Variable, VariableKind, names};
use crate::schema::{Problem, TomlReader, parse_toml};
use crate::source::Span;

type Problems = Vec<Problem>;
type Reader<'r, 't> = TomlReader<'r, 't>;

/// The most combinations that are followed when a flow is loaded.
const MAX_COMBINATIONS: usize = 4096;

/// Reads one flow; `None` if it has problems.
pub(super) fn flow(text: &str, ids: &mut Ids, problems: &mut Problems) -> Option<Flow> {
    let toml = parse_toml(text, problems);
    let mut top = TomlReader::new(toml.get_ref(), toml.span());
    let Some(mut head) = top.table("flow", problems) else {
        problems.push(Problem::new(0..0, "`[flow]` is missing"));
        return None;
    };
    let span = head.span();
    let mut flow = Flow {
        id: head.required("id", problems).0.to_owned(),
        title: head.required("title", problems).0.to_owned(),
        doc: head.required("doc", problems).0.to_owned(),
        line: head.required("line", problems).0.to_owned(),
        since: head.required("since", problems).0.to_owned(),
        source: head.required("source", problems).0.to_owned(),
        variables: variables(&mut top, problems),
        resources: resources(&mut top, problems),
        holds: Vec::new(),
        result: Vec::new(),
        steps: Vec::new(),
        undos: Vec::new(),
        leaks: Vec::new(),
    };
    flow.holds = flow.numbers(&mut head, "holds", problems);
    flow.result = flow.numbers(&mut head, "result", problems);
    head.finish(problems);
    for step in top.tables("step", problems) {
        let step = flow.read_step(step, problems);
        if flow.steps.iter().any(|other| other.id == step.id) {
            problems.push(Problem::new(step.span, format!("there is already a step `{}`", step.id)));
        }
        flow.steps.push(step);
    }
    for undo in top.tables("undo", problems) {
        let undo = flow.read_undo(undo, problems);
        flow.undos.push(undo);
    }
    for leak in top.tables("leak", problems) {
        let leak = flow.read_leak(leak, ids, problems);
        flow.leaks.push(leak);
    }
    top.finish(problems);
    if problems.is_empty() {
        flow.check(span, problems);
    }
    problems.is_empty().then_some(flow)
}

fn variables(top: &mut Reader<'_, '_>, problems: &mut Problems) -> Vec<Variable> {
    let entries = top.table("given", problems).map(|mut all| all.entries(problems)).unwrap_or_default();
    let mut variables = Vec::new();
    for (name, _, mut entry) in entries {
        let kind = kind(&mut entry, &[], problems);
        let fresh = match (entry.get("default"), &kind) {
            (Some(told), kind) => value(name, told, kind, problems),
            (None, VariableKind::Bool) => Value::Bool(false),
            (None, VariableKind::Names(all)) => Value::Text(all.first().cloned()),
            (None, VariableKind::Text) => Value::Text(None),
        };
        let doc = entry.required("doc", problems).0.to_owned();
        entry.finish(problems);
        variables.push(Variable {
            name: name.to_owned(),
            doc,
            kind,
            hidden: false,
            fresh,
            in_state: Vec::new(),
        });
    }
    variables
}

fn resources(top: &mut Reader<'_, '_>, problems: &mut Problems) -> Vec<Resource> {
    let entries = top.table("resource", problems).map(|mut all| all.entries(problems)).unwrap_or_default();
    let mut resources = Vec::new();
    for (name, _, mut entry) in entries {
        resources.push(Resource { name: name.to_owned(), doc: entry.required("doc", problems).0.to_owned() });
        entry.finish(problems);
    }
    resources
}

impl Flow {
    /// Resources by their names.
    fn numbers(&self, from: &mut Reader<'_, '_>, key: &'static str, problems: &mut Problems) -> Vec<usize> {
        let mut numbers = Vec::new();
        for (name, span) in from.strings(key, problems) {
            numbers.extend(self.resource(name, span, problems));
        }
        numbers
    }

    fn resource(&self, name: &str, span: Span, problems: &mut Problems) -> Option<usize> {
        let found = self.resources.iter().position(|resource| resource.name == name);
        if found.is_none() {
            let known: Vec<&str> = self.resources.iter().map(|resource| resource.name.as_str()).collect();
            problems.push(unknown(span, "resource", name, &known));
        }
        found
    }

    fn step_number(&self, name: &str, span: Span, problems: &mut Problems) -> Option<usize> {
        let found = self.steps.iter().position(|step| step.id == name);
        if found.is_none() {
            let known: Vec<&str> = self.steps.iter().map(|step| step.id.as_str()).collect();
            problems.push(unknown(span, "step", name, &known));
        }
        found
    }

    fn when(&self, from: &mut Reader<'_, '_>, problems: &mut Problems) -> (String, Guard) {
        match from.string("when", problems) {
            None => (String::new(), Guard::Const(true)),
            Some((text, span)) => {
                let guard = Guard::read(text, span, &names(&self.variables), problems);
                (text.to_owned(), guard.unwrap_or(Guard::Const(true)))
            }
        }
    }

    fn read_step(&self, mut row: Reader<'_, '_>, problems: &mut Problems) -> FlowStep {
        let (when_text, when) = self.when(&mut row, problems);
        let step = FlowStep {
            id: row.required("id", problems).0.to_owned(),
            does: row.required("does", problems).0.to_owned(),
            when_text,
            when,
            acquires: self.numbers(&mut row, "acquires", problems),
            releases: self.numbers(&mut row, "releases", problems),
            partial: self.numbers(&mut row, "partial", problems),
            error: row.string("error", problems).map(|(text, _)| text.to_owned()),
            goes_on: row.flag("goes_on", problems),
            sure: row.flag("sure", problems),
            swallows: row.string("swallows", problems).map(|(text, _)| text.to_owned()),
            evidence: evidence(&mut row, problems),
            span: row.span(),
        };
        row.finish(problems);
        let message = match (step.sure, &step.error, &step.swallows) {
            (true, Some(_), _) => "a step that is sure has no `error`",
            (false, None, None) => {
                "a step that can fail says what the caller is told (`error`) or is not (`swallows`)"
            }
            (false, None, Some(_)) if !step.goes_on => "if the caller is told nothing, the flow `goes_on`",
            _ => "",
        };
        if !message.is_empty() {
            problems.push(Problem::new(step.span, message));
        }
        step
    }

    fn read_undo(&self, mut row: Reader<'_, '_>, problems: &mut Problems) -> Undo {
        let (when_text, when) = self.when(&mut row, problems);
        let armed = row.string("armed", problems);
        let armed = armed.and_then(|(name, span)| self.step_number(name, span, problems));
        let failing = row.strings("failing", problems);
        let failing: Vec<usize> =
            failing.into_iter().filter_map(|(name, span)| self.step_number(name, span, problems)).collect();
        if armed.is_none() && failing.is_empty() {
            let message = "what is undone where a step fails names the steps: `failing`; what is put off, the step behind which: `armed`";
            problems.push(Problem::new(row.span(), message));
        }
        let undo = Undo {
            id: row.required("id", problems).0.to_owned(),
            does: row.required("does", problems).0.to_owned(),
            when_text,
            when,
            armed,
            failing,
            always: row.flag("always", problems),
            releases: self.numbers(&mut row, "releases", problems),
            swallows: row.string("swallows", problems).map(|(text, _)| text.to_owned()),
        };
        row.finish(problems);
        undo
    }

    fn read_leak(&self, mut row: Reader<'_, '_>, ids: &mut Ids, problems: &mut Problems) -> Leak {
        let (when_text, when) = self.when(&mut row, problems);
        let (resource, at) = row.required("resource", problems);
        let resource = self.resource(resource, at, problems).unwrap_or_default();
        let mut failing = Vec::new();
        for (name, span) in row.strings("failing", problems) {
            match name {
                "none" => failing.push(None),
                name => failing.extend(self.step_number(name, span, problems).map(Some)),
            }
        }
        let leak = Leak {
            id: row_id(&mut row, ids, problems),
            title: row.required("title", problems).0.to_owned(),
            resource,
            failing,
            when_text,
            when,
            why: row.required("why", problems).0.into(),
            help: row.required("help", problems).0.into(),
            source: row.required("source", problems).0.to_owned(),
            evidence: evidence(&mut row, problems),
            span: row.span(),
        };
        row.finish(problems);
        leak
    }

    /// Follows the flow for every step that can fail and everything it depends on: what stays is listed, what is listed
    /// stays, and every step and undoing is met.
    fn check(&self, span: Span, problems: &mut Problems) {
        let combinations = self.combinations();
        if combinations.len() > MAX_COMBINATIONS {
            problems.push(Problem::new(span, "the flow depends on too much to follow it in every case"));
            return;
        }
        let (mut leaked, mut met) = (BTreeSet::new(), BTreeSet::new());
        for values in &combinations {
            let steps = self.steps.iter().enumerate().filter(|(_, step)| step.fails_with(values));
            for failing in std::iter::once(None).chain(steps.map(|(number, _)| Some(number))) {
                let plan = self.follow(failing, values);
                met.extend(plan.actions.into_iter().map(|action| action.id));
                for left in plan.left {
                    let Some(leak) = left.leak else {
                        let at =
                            failing.and_then(|number| self.steps.get(number)).map_or(span, |step| step.span);
                        let when = failing.and_then(|number| self.steps.get(number));
                        let when =
                            when.map_or("the flow is done".to_owned(), |step| format!("`{}` fails", step.id));
                        let message =
                            format!("`{}` stays behind if {when}, and no leak says so", left.resource);
                        problems.push(Problem::new(at, message));
                        continue;
                    };
                    leaked.insert((leak, failing));
                }
            }
        }
        for leak in &self.leaks {
            for failing in &leak.failing {
                if !leaked.contains(&(leak.id.clone(), *failing)) {
                    let step = failing
                        .and_then(|number| self.steps.get(number))
                        .map_or("none", |step| step.id.as_str());
                    problems.push(Problem::new(
                        leak.span,
                        format!("{} does not stay if `{step}` fails", leak.id),
                    ));
                }
            }
            if leak.failing.is_empty() {
                problems
                    .push(Problem::new(leak.span, "`failing` is missing: the steps whose failure leaves it"));
            }
        }
        for step in self.steps.iter().filter(|step| !met.contains(&step.id)) {
            problems.push(Problem::new(step.span, format!("the step `{}` is never done", step.id)));
        }
        for undo in self.undos.iter().filter(|undo| !met.contains(&undo.id)) {
            problems.push(Problem::new(span, format!("`{}` never undoes anything", undo.id)));
        }
    }
}
