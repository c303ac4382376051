use std::fmt::Write as _;

use super::edges;
use crate::lifecycle::Machine;

/// As a graph for Graphviz, a cluster for each machine.
#[must_use]
pub fn machines_dot(machines: &[&Machine]) -> String {
    let mut out =
        String::from("digraph lifecycle {\n  node [shape=box, style=rounded, fontname=\"monospace\"];\n");
    for machine in machines {
        let id = &machine.id;
        let _ = writeln!(out, "  subgraph \"cluster_{id}\" {{\n    label=\"{}\";", machine.title);
        for state in machine.states() {
            let _ = writeln!(out, "    \"{id}.{0}\" [label=\"{0}\"];", state.name);
        }
        for (number, first) in firsts(machine).into_iter().enumerate() {
            let _ = writeln!(
                out,
                "    \"{id}.new{number}\" [shape=point];\n    \"{id}.new{number}\" -> \"{id}.{first}\";"
            );
        }
        for (from, to, labels) in labelled(machine) {
            let _ = writeln!(out, "    \"{id}.{from}\" -> \"{id}.{to}\" [label=\"{}\"];", labels.join("\\n"));
        }
        out.push_str("  }\n");
    }
    out.push_str("}\n");
    out
}

/// As a state diagram for Mermaid, which Markdown viewers draw.
#[must_use]
pub fn machines_mermaid(machines: &[&Machine]) -> String {
    let mut out = String::from("stateDiagram-v2\n");
    for machine in machines {
        let id = &machine.id;
        let _ = writeln!(out, "  state \"{}\" as {id} {{", machine.title);
        for state in machine.states() {
            let _ = writeln!(out, "    {id}_{0} : {0}", state.name);
        }
        for first in firsts(machine) {
            let _ = writeln!(out, "    [*] --> {id}_{first}");
        }
        let edges = labelled(machine);
        for (from, to, labels) in &edges {
            let _ = writeln!(out, "    {id}_{from} --> {id}_{to} : {}", labels.join(", "));
        }
        // What nothing leads out of is the end.
        for state in machine.states() {
            if !edges.iter().any(|(from, ..)| *from == state.name) {
                let _ = writeln!(out, "    {id}_{} --> [*]", state.name);
            }
        }
        out.push_str("  }\n");
    }
    out
}

/// The states of new processes.
fn firsts(machine: &Machine) -> Vec<&str> {
    let mut firsts = vec![machine.first_state(false), machine.first_state(true)];
    firsts.dedup();
    firsts
}

/// Each change of state once, with all operations that make it.
fn labelled(machine: &Machine) -> Vec<(&str, &str, Vec<&str>)> {
    let mut all: Vec<(&str, &str, Vec<&str>)> = Vec::new();
    for (from, to, operation) in edges(machine) {
        match all.iter_mut().find(|(f, t, _)| (*f, *t) == (from, to)) {
            Some((_, _, labels)) => labels.push(operation),
            None => all.push((from, to, vec![operation])),
        }
    }
    all
}
