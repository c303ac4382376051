use serde_json::{Map, Value as Json, json};

use crate::lifecycle::{Lifecycle, Machine, Row, RowKind, Value, Variable, VariableKind, does, stands_for};
use crate::source::to_json_pretty;

/// The machines for a program to read: every state and operation with its rows.
#[must_use]
pub fn machines_json(lifecycle: &Lifecycle, machines: &[&Machine]) -> String {
    let machines: Vec<Json> = machines.iter().map(|machine| one(lifecycle, machine)).collect();
    to_json_pretty(&json!({ "machines": machines })) + "\n"
}

fn one(lifecycle: &Lifecycle, machine: &Machine) -> Json {
    let operations: Vec<Json> = machine
        .operations()
        .iter()
        .enumerate()
        .map(|(number, operation)| {
            let as_other = stands_for(lifecycle, machine, &operation.way);
            let mut cells = Map::new();
            if as_other.is_none() {
                for (state, name) in machine.states().iter().enumerate() {
                    let rows = machine.cell(state, number).iter().map(|row| of_row(machine, row));
                    cells.insert(name.name.clone(), rows.collect());
                }
            }
            json!({ "name": operation.name, "doc": operation.doc, "as": as_other, "in": cells })
        })
        .collect();
    json!({
        "id": machine.id,
        "title": machine.title,
        "since": machine.since,
        "source": machine.source,
        "fresh": machine.first_state(false),
        "restored": machine.first_state(true),
        "states": machine.states().iter().map(|s| json!({ "name": s.name, "doc": s.doc })).collect::<Vec<_>>(),
        "variables": machine.variables().iter().map(of_variable).collect::<Vec<_>>(),
        "operations": operations,
    })
}

fn of_variable(variable: &Variable) -> Json {
    let kind = match &variable.kind {
        VariableKind::Bool => json!("bool"),
        VariableKind::Text => json!("string"),
        VariableKind::Names(all) => json!(all),
    };
    let fresh = match &variable.fresh {
        Value::Bool(truth) => json!(truth),
        Value::Text(text) => json!(text),
    };
    json!({ "name": variable.name, "doc": variable.doc, "type": kind, "hidden": variable.hidden, "fresh": fresh })
}

fn of_row(machine: &Machine, row: &Row) -> Json {
    let mut object = Map::new();
    object.insert("id".to_owned(), row.id.as_str().into());
    if !row.when_text.is_empty() {
        object.insert("when".to_owned(), row.when_text.as_str().into());
    }
    match &row.kind {
        RowKind::Refuse { message, class } => {
            object.insert("refuse".to_owned(), message.as_str().into());
            if let Some(class) = class {
                object.insert("class".to_owned(), class.as_str().into());
            }
        }
        RowKind::Crash(crash) => {
            let id = machine.crashes().get(*crash).map(|crash| crash.id.to_string());
            object.insert("crash".to_owned(), id.into());
        }
        RowKind::Go { call, next, status, .. } => {
            let call = call.and_then(|call| machine.calls().get(call)).map(|call| call.runs.clone());
            let next = next.and_then(|next| machine.states().get(next)).map(|state| state.name.clone());
            for (name, text) in [("call", call), ("next", next), ("status", status.clone())] {
                if let Some(text) = text {
                    object.insert(name.to_owned(), text.into());
                }
            }
        }
    }
    object.insert("does".to_owned(), does(machine, &row.kind).into());
    Json::Object(object)
}
