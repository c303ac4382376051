//! The life of a container: machines, flows, and the command that shows them.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

#[cfg(feature = "cli")]
mod command;
mod flows;
mod machines;
#[cfg(feature = "cli")]
#[path = "../common/run.rs"]
mod run;

use std::sync::LazyLock;

use plimsoll::lifecycle::{Flow, Lifecycle, Value, Variable, VariableKind};

static FLOWS: LazyLock<Vec<Flow>> = LazyLock::new(|| Flow::builtin().unwrap());
static LIFECYCLE: LazyLock<Lifecycle> = LazyLock::new(|| Lifecycle::builtin().unwrap());

/// Errors that the rows tell apart, and one that they do not know.
pub(crate) const SAID: [&str; 7] = [
    "boom",
    "container does not exist",
    "container not running",
    "os: process already finished",
    "NO SUCH Process",
    "no such process: it does not exist",
    "",
];

/// What a variable can be, for an enumeration.
pub(crate) fn values(variable: &Variable) -> Vec<Value> {
    let text = |text: &str| Value::Text(Some(text.to_owned()));
    match &variable.kind {
        VariableKind::Bool => vec![Value::Bool(false), Value::Bool(true)],
        VariableKind::Names(all) => all.iter().map(|name| text(name)).collect(),
        // Two errors at once: the second is told apart only as far as it is there.
        VariableKind::Text if variable.name == "signal_error" => {
            vec![Value::Text(None), text(SAID[0]), text(SAID[4])]
        }
        VariableKind::Text if variable.name.ends_with("_error") => {
            std::iter::once(Value::Text(None)).chain(SAID.map(text)).collect()
        }
        VariableKind::Text => vec![variable.fresh.clone(), text("{\"level\": \"error\", \"msg\": \"x\"}")],
    }
}
