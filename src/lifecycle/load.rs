use std::sync::Arc;

use toml::Spanned;
use toml::de::DeValue;

use super::errors::ErrorTable;
use super::guard::{Guard, exactly_one};
use super::machine::{
    Call, Class, Crash, Failure, Machine, Operation, Row, RowKind, State, Value, Variable, VariableKind, Way,
    names,
};
use crate::schema::{Problem, TomlReader, parse_toml};
use crate::source::Span;
use crate::table::{Evidence, RuleId};

/// The ids of all rows so far.
pub(super) type Ids = Vec<RuleId>;

type Problems = Vec<Problem>;
type Reader<'r, 't> = TomlReader<'r, 't>;

/// Reads one machine; it may refer to `others`, and its calls to `errors`. `None` if it has problems.
pub(super) fn machine(
    text: &str,
    others: &[Machine],
    errors: &[ErrorTable],
    ids: &mut Ids,
    problems: &mut Problems,
) -> Option<Machine> {
    let toml = parse_toml(text, problems);
    let mut top = TomlReader::new(toml.get_ref(), toml.span());
    let Some(mut head) = top.table("machine", problems) else {
        problems.push(Problem::new(0..0, "`[machine]` is missing"));
        return None;
    };
    let states = states(&mut top, problems);
    let mut machine = Machine {
        id: head.required("id", problems).0.to_owned(),
        title: head.required("title", problems).0.to_owned(),
        line: head.required("line", problems).0.to_owned(),
        since: head.required("since", problems).0.to_owned(),
        source: head.required("source", problems).0.to_owned(),
        fresh: 0,
        restored: 0,
        states,
        variables: Vec::new(),
        calls: Vec::new(),
        crashes: Vec::new(),
        operations: Vec::new(),
    };
    machine.fresh = state(&machine, head.required("fresh", problems), problems);
    machine.restored = state(&machine, head.required("restored", problems), problems);
    head.finish(problems);
    machine.variables = variables(&mut top, &machine, others, problems);
    machine.calls = calls(&mut top, &machine, errors, problems);
    machine.crashes = crashes(&mut top, ids, problems);
    let entries = top.table("op", problems).map(|mut all| all.entries(problems)).unwrap_or_default();
    // All names first: an operation may stand for one further down.
    machine.operations = entries
        .iter()
        .map(|(name, span, _)| Operation {
            name: (*name).to_owned(),
            doc: String::new(),
            way: Way::Rows(Vec::new()),
            span: *span,
        })
        .collect();
    for (number, (_, span, mut entry)) in entries.into_iter().enumerate() {
        let doc = entry.required("doc", problems).0.to_owned();
        let way = way(&mut entry, span, &machine, others, ids, problems);
        entry.finish(problems);
        if let Some(operation) = machine.operations.get_mut(number) {
            operation.doc = doc;
            operation.way = way;
        }
    }
    top.finish(problems);
    check_substitutes(&machine, problems);
    problems.is_empty().then_some(machine)
}

/// An operation that stands for another stands for one with rows of its own.
fn check_substitutes(machine: &Machine, problems: &mut Problems) {
    for operation in &machine.operations {
        if let Way::As(other, _) = operation.way
            && let Some(other) = machine.operations.get(other)
            && !matches!(other.way, Way::Rows(_))
        {
            let message = format!("`{}` has no rows of its own to stand for", other.name);
            problems.push(Problem::new(operation.span, message));
        }
    }
}

fn states(top: &mut Reader<'_, '_>, problems: &mut Problems) -> Vec<State> {
    let entries = top.table("state", problems).map(|mut all| all.entries(problems)).unwrap_or_default();
    let mut states = Vec::new();
    for (name, _, mut entry) in entries {
        states.push(State { name: name.to_owned(), doc: entry.required("doc", problems).0.to_owned() });
        entry.finish(problems);
    }
    if states.is_empty() {
        problems.push(Problem::new(0..0, "a machine has states: `[state.NAME]`"));
    }
    states
}

fn state(machine: &Machine, (name, span): (&str, Span), problems: &mut Problems) -> usize {
    match machine.state_number(name) {
        Some(number) => number,
        None => {
            if !name.is_empty() {
                let known: Vec<&str> = machine.states.iter().map(|state| state.name.as_str()).collect();
                problems.push(unknown(span, "state", name, &known));
            }
            0
        }
    }
}

pub(super) fn unknown(span: impl Into<Span>, what: &str, name: &str, known: &[&str]) -> Problem {
    Problem::new(span, format!("there is no {what} `{name}` (there are: {})", known.join(", ")))
}

fn variables(
    top: &mut Reader<'_, '_>,
    machine: &Machine,
    others: &[Machine],
    problems: &mut Problems,
) -> Vec<Variable> {
    let mut variables: Vec<Variable> = Vec::new();
    for (group, hidden) in [("hidden", true), ("given", false)] {
        let entries = top.table(group, problems).map(|mut all| all.entries(problems)).unwrap_or_default();
        for (name, span, mut entry) in entries {
            if variables.iter().any(|variable| variable.name == name) {
                problems.push(Problem::new(span, format!("there is already a variable `{name}`")));
            }
            let kind = kind(&mut entry, others, problems);
            let doc = entry.required("doc", problems).0.to_owned();
            let key = if hidden { "fresh" } else { "default" };
            let fresh = match entry.get(key) {
                Some(value) => self::value(name, value, &kind, problems),
                None if kind == VariableKind::Bool => Value::Bool(false),
                None => Value::Text(None),
            };
            if hidden && matches!(kind, VariableKind::Names(_)) && fresh == Value::Text(None) {
                problems.push(Problem::new(span, "`fresh` is missing"));
            }
            let mut in_state = Vec::new();
            if let Some(mut all) = entry.table("in", problems) {
                for ((of, span), value) in all.pairs() {
                    let number = state(machine, (of, span), problems);
                    in_state.push((number, self::value(name, value, &kind, problems)));
                }
            }
            entry.finish(problems);
            variables.push(Variable { name: name.to_owned(), doc, kind, hidden, fresh, in_state });
        }
    }
    variables
}

pub(super) fn kind(entry: &mut Reader<'_, '_>, others: &[Machine], problems: &mut Problems) -> VariableKind {
    match entry.required("type", problems) {
        ("bool", _) => VariableKind::Bool,
        ("string", _) => VariableKind::Text,
        ("state", _) => {
            let (of, span) = entry.required("of", problems);
            match others.iter().find(|machine| machine.id == of) {
                Some(machine) => {
                    VariableKind::Names(machine.states.iter().map(|state| state.name.clone()).collect())
                }
                None => {
                    let known: Vec<&str> = others.iter().map(|machine| machine.id.as_str()).collect();
                    problems.push(unknown(span, "machine before this one", of, &known));
                    VariableKind::Text
                }
            }
        }
        ("one", _) => {
            let of = entry.strings("of", problems);
            VariableKind::Names(of.into_iter().map(|(name, _)| name.to_owned()).collect())
        }
        (_, span) => {
            problems.push(Problem::new(span, "`type` is \"bool\", \"string\", \"state\" or \"one\""));
            VariableKind::Text
        }
    }
}

pub(super) fn value(
    name: &str,
    value: &Spanned<DeValue<'_>>,
    kind: &VariableKind,
    problems: &mut Problems,
) -> Value {
    match (value.get_ref(), kind) {
        (DeValue::Boolean(truth), VariableKind::Bool) => Value::Bool(*truth),
        (DeValue::String(text), VariableKind::Text) => Value::Text(Some(text.as_ref().to_owned())),
        (DeValue::String(text), VariableKind::Names(all))
            if all.iter().any(|known| known == text.as_ref()) =>
        {
            Value::Text(Some(text.as_ref().to_owned()))
        }
        (_, kind) => {
            let wanted = match kind {
                VariableKind::Bool => "true or false".to_owned(),
                VariableKind::Text => "a text".to_owned(),
                VariableKind::Names(all) => format!("one of {}", all.join(", ")),
            };
            problems.push(Problem::new(value.span(), format!("`{name}` is {wanted}")));
            Value::Text(None)
        }
    }
}

fn calls(
    top: &mut Reader<'_, '_>,
    machine: &Machine,
    errors: &[ErrorTable],
    problems: &mut Problems,
) -> Vec<Call> {
    let entries = top.table("call", problems).map(|mut all| all.entries(problems)).unwrap_or_default();
    let mut calls = Vec::new();
    for (name, _, mut entry) in entries {
        let (error, span) = entry.required("error", problems);
        let error = variable(machine, error, span, problems);
        if machine.variables.get(error).is_some_and(|v| v.hidden || v.kind != VariableKind::Text) {
            problems.push(Problem::new(span, "a call fails with a text that is told with the step"));
        }
        let (table, span) = entry.required("errors", problems);
        let table = errors.iter().position(|known| known.name == table).unwrap_or_else(|| {
            let known: Vec<&str> = errors.iter().map(|table| table.name.as_str()).collect();
            problems.push(unknown(span, "table of errors", table, &known));
            0
        });
        calls.push(Call {
            name: name.to_owned(),
            runs: entry.required("runs", problems).0.to_owned(),
            error,
            errors: table,
            operation: entry.required("operation", problems).0.to_owned(),
            prefix: entry.string("prefix", problems).map_or("", |(text, _)| text).to_owned(),
        });
        entry.finish(problems);
    }
    calls
}

fn crashes(top: &mut Reader<'_, '_>, ids: &mut Ids, problems: &mut Problems) -> Vec<Crash> {
    let entries = top.table("crash", problems).map(|mut all| all.entries(problems)).unwrap_or_default();
    let mut crashes = Vec::new();
    for (name, span, mut entry) in entries {
        crashes.push(Crash {
            id: new_id(name, span, ids, problems),
            title: entry.required("title", problems).0.to_owned(),
            message: entry.required("message", problems).0.to_owned(),
            why: entry.required("why", problems).0.into(),
            help: entry.required("help", problems).0.into(),
            evidence: evidence(&mut entry, problems),
        });
        entry.finish(problems);
    }
    crashes
}

fn variable(machine: &Machine, name: &str, span: Span, problems: &mut Problems) -> usize {
    machine.variable_number(name).unwrap_or_else(|| {
        let known: Vec<&str> = machine.variables.iter().map(|variable| variable.name.as_str()).collect();
        problems.push(unknown(span, "variable", name, &known));
        0
    })
}

fn way(
    entry: &mut Reader<'_, '_>,
    span: Span,
    machine: &Machine,
    others: &[Machine],
    ids: &mut Ids,
    problems: &mut Problems,
) -> Way {
    let Some((like, like_span)) = entry.string("as", problems) else {
        return Way::Rows(Cells::read(entry, span, machine, ids, problems));
    };
    let Some((of, of_span)) = entry.string("machine", problems) else {
        let all: Vec<&str> = machine.operations.iter().map(|operation| operation.name.as_str()).collect();
        let Some(operation) = machine.operation_number(like) else {
            problems.push(unknown(like_span, "operation", like, &all));
            return Way::Rows(Vec::new());
        };
        let with = entry.table("with", problems);
        return Way::As(operation, with.map(|with| settings(with, machine, problems)).unwrap_or_default());
    };
    let (on, on_span) = entry.required("on", problems);
    let variable = variable(machine, on, on_span, problems);
    let Some((number, other)) = others.iter().enumerate().find(|(_, other)| other.id == of) else {
        let known: Vec<&str> = others.iter().map(|machine| machine.id.as_str()).collect();
        problems.push(unknown(of_span, "machine before this one", of, &known));
        return Way::Rows(Vec::new());
    };
    if other.variables.iter().any(|variable| variable.hidden) {
        problems
            .push(Problem::new(of_span, format!("`{of}` has hidden variables, which nothing would keep")));
    }
    let names = VariableKind::Names(other.states.iter().map(|state| state.name.clone()).collect());
    if machine.variables.get(variable).is_some_and(|variable| !variable.hidden || variable.kind != names) {
        problems.push(Problem::new(on_span, format!("`{on}` does not hold a state of `{of}`")));
    }
    let known: Vec<&str> = other.operations.iter().map(|operation| operation.name.as_str()).collect();
    match other.operation_number(like) {
        Some(operation) => Way::On { machine: number, operation, variable },
        None => {
            problems.push(unknown(like_span, "operation", like, &known));
            Way::Rows(Vec::new())
        }
    }
}

/// Hidden variables and their new values.
fn settings(mut table: Reader<'_, '_>, machine: &Machine, problems: &mut Problems) -> Vec<(usize, Value)> {
    let mut settings = Vec::new();
    for ((name, span), value) in table.pairs() {
        let number = variable(machine, name, span, problems);
        if let Some(variable) = machine.variables.get(number) {
            if !variable.hidden {
                problems.push(Problem::new(span, format!("`{name}` is told with each step and not kept")));
            }
            settings.push((number, self::value(name, value, &variable.kind, problems)));
        }
    }
    settings
}

/// Reads the cells of one operation.
struct Cells<'c> {
    machine: &'c Machine,
    why: Arc<str>,
    evidence: Evidence,
}

impl Cells<'_> {
    fn read(
        entry: &mut Reader<'_, '_>,
        span: Span,
        machine: &Machine,
        ids: &mut Ids,
        problems: &mut Problems,
    ) -> Vec<Vec<Arc<Row>>> {
        let why = entry.required("why", problems).0.into();
        let cells = Cells { machine, why, evidence: evidence(entry, problems) };
        let mut any = Vec::new();
        if let Some(mut table) = entry.table("any", problems) {
            for row in table.tables("rows", problems) {
                any.extend(cells.row(row, ids, problems));
            }
            table.finish(problems);
        }
        let mut read: Vec<Option<Vec<Arc<Row>>>> = vec![None; machine.states.len()];
        let mut alike: Vec<(usize, usize)> = Vec::new();
        if let Some(mut table) = entry.table("in", problems) {
            for ((name, at), value) in table.pairs() {
                let number = state(machine, (name, at), problems);
                let rows = cells.cell(number, value, &mut alike, ids, problems);
                if let Some(cell) = read.get_mut(number) {
                    *cell = Some(rows);
                }
            }
        }
        for (number, other) in alike {
            let rows = read.get(other).cloned().flatten().unwrap_or_default();
            if rows.is_empty() {
                let message = format!("`{}` has no rows of its own to be like", machine.state_name(other));
                problems.push(Problem::new(span, message));
            }
            if let Some(cell) = read.get_mut(number) {
                *cell = Some(rows);
            }
        }
        let names = names(&machine.variables);
        let mut out = Vec::new();
        for (number, cell) in read.into_iter().enumerate() {
            let name = machine.state_name(number);
            if cell.is_none() {
                problems.push(Problem::new(span, format!("there is no row for the state `{name}`")));
            }
            let rows: Vec<_> = any.iter().cloned().chain(cell.unwrap_or_default()).collect();
            let guards: Vec<&Guard> = rows.iter().map(|row: &Arc<Row>| &row.when).collect();
            if let Err(case) = exactly_one(&guards, &names) {
                problems.push(Problem::new(span, format!("in the state `{name}`, {case}")));
            }
            out.push(rows);
        }
        out
    }

    fn cell(
        &self,
        number: usize,
        value: &Spanned<DeValue<'_>>,
        alike: &mut Vec<(usize, usize)>,
        ids: &mut Ids,
        problems: &mut Problems,
    ) -> Vec<Arc<Row>> {
        let mut rows = Vec::new();
        let list = match value.get_ref() {
            DeValue::Array(list) => list.iter().collect(),
            _ => vec![value],
        };
        for item in list {
            let DeValue::Table(table) = item.get_ref() else {
                problems.push(Problem::new(item.span(), "a cell is a row `{ id = … }` or a list of rows"));
                continue;
            };
            let mut row = TomlReader::new(table, item.span());
            if let Some(like) = row.string("like", problems) {
                alike.push((number, state(self.machine, like, problems)));
                row.finish(problems);
                continue;
            }
            rows.extend(self.row(row, ids, problems));
        }
        rows
    }

    fn row(&self, mut row: Reader<'_, '_>, ids: &mut Ids, problems: &mut Problems) -> Option<Arc<Row>> {
        let id = row_id(&mut row, ids, problems);
        let when_text = row.string("when", problems);
        let when = match when_text {
            Some((text, span)) => Guard::read(text, span, &names(&self.machine.variables), problems)?,
            None => Guard::Const(true),
        };
        let refuse = row.string("refuse", problems).map(|(text, _)| text.to_owned());
        let class = class(&mut row, problems);
        let crash = row.string("crash", problems);
        let kind = match (refuse, crash) {
            (Some(message), _) => RowKind::Refuse { message, class },
            (None, Some(crash)) => RowKind::Crash(self.crash(crash, problems)),
            (None, None) => self.go(&mut row, problems),
        };
        let needs_help = matches!(kind, RowKind::Refuse { .. });
        let help = if needs_help { row.required("help", problems).0 } else { "" };
        let span = row.span();
        row.finish(problems);
        let when_text = when_text.map_or("", |(text, _)| text).to_owned();
        let (why, evidence) = (self.why.clone(), self.evidence);
        Some(Arc::new(Row { id, when_text, when, kind, why, help: help.into(), evidence, span }))
    }

    fn crash(&self, (id, span): (&str, Span), problems: &mut Problems) -> usize {
        let found = self.machine.crashes.iter().position(|crash| crash.id.as_str() == id);
        found.unwrap_or_else(|| {
            let known: Vec<&str> = self.machine.crashes.iter().map(|crash| crash.id.as_str()).collect();
            problems.push(unknown(span, "crash", id, &known));
            0
        })
    }

    fn go(&self, row: &mut Reader<'_, '_>, problems: &mut Problems) -> RowKind {
        let machine = self.machine;
        let call = row.string("call", problems).map(|(name, span)| {
            machine.calls.iter().position(|call| call.name == name).unwrap_or_else(|| {
                let known: Vec<&str> = machine.calls.iter().map(|call| call.name.as_str()).collect();
                problems.push(unknown(span, "call", name, &known));
                0
            })
        });
        let next = row.string("next", problems).map(|next| state(machine, next, problems));
        let set = row.table("set", problems).map(|set| settings(set, machine, problems)).unwrap_or_default();
        let status = row.string("status", problems).map(|(text, _)| text.to_owned());
        let mut failure = Failure::default();
        if let Some(mut table) = row.table("failure", problems) {
            if call.is_none() {
                problems.push(Problem::new(table.span(), "nothing is called that could fail"));
            }
            let set = table.table("set", problems);
            failure.set = set.map(|set| settings(set, machine, problems)).unwrap_or_default();
            failure.crash = table.string("crash", problems).map(|crash| self.crash(crash, problems));
            failure.ignored = table.string("ignored", problems).map(|(text, _)| text.to_owned());
            table.finish(problems);
        }
        RowKind::Go { call, next, set, status, failure }
    }
}

pub(super) fn row_id(row: &mut Reader<'_, '_>, ids: &mut Ids, problems: &mut Problems) -> RuleId {
    let (id, span) = row.required("id", problems);
    new_id(id, span, ids, problems)
}

fn new_id(id: &str, span: Span, ids: &mut Ids, problems: &mut Problems) -> RuleId {
    let new = RuleId::new(id).unwrap_or_else(|| {
        let message = "an id is two or three capital letters and three digits, such as LI003";
        problems.push(Problem::new(span, message));
        RuleId(id.into())
    });
    if ids.contains(&new) {
        problems.push(Problem::new(span, format!("the id {new} is already used")));
    }
    ids.push(new.clone());
    new
}

pub(super) fn class(row: &mut Reader<'_, '_>, problems: &mut Problems) -> Option<Class> {
    let (name, span) = row.string("class", problems)?;
    let found = Class::ALL.into_iter().find(|class| class.as_str() == name);
    if found.is_none() {
        problems.push(unknown(span, "class", name, &Class::ALL.map(Class::as_str)));
    }
    found
}

pub(super) fn evidence(row: &mut Reader<'_, '_>, problems: &mut Problems) -> Evidence {
    match row.required("evidence", problems) {
        ("recorded", _) => Evidence::Recorded,
        ("read", _) => Evidence::Read,
        (_, span) => {
            problems.push(Problem::new(span, "`evidence` is \"recorded\" or \"read\""));
            Evidence::Read
        }
    }
}
