use std::fmt::Write as _;

use super::super::text::Shown;
use super::super::wrap::{lines, shown};
use super::{Places, ResolveReport};
use crate::runtime::{Step, StepKind};

/// As a graph for Graphviz.
#[must_use]
pub fn resolve_dot(report: &ResolveReport) -> String {
    let mut out = String::from("digraph resolve {\n  node [shape=box, fontname=\"monospace\"];\n");
    for (number, node) in nodes(report).iter().enumerate() {
        let lines: Vec<String> = node.iter().map(|line| dot_escaped(line)).collect();
        // `\l` ends a line and sets it to the left.
        let _ = writeln!(out, "  s{number} [label=\"{}\\l\"];", lines.join("\\l"));
    }
    for edge in edges(&report.resolution.steps) {
        let style = if edge.main { "" } else { " [style=dashed]" };
        let _ = writeln!(out, "  s{} -> s{}{style};", edge.from, edge.to);
    }
    out.push_str("}\n");
    out
}

/// As a flowchart for Mermaid, which Markdown viewers draw.
#[must_use]
pub fn resolve_mermaid(report: &ResolveReport) -> String {
    let mut out = String::from("flowchart TD\n");
    for (number, node) in nodes(report).iter().enumerate() {
        let lines: Vec<String> = node.iter().map(|line| mermaid_escaped(line)).collect();
        let _ = writeln!(out, "  s{number}[\"{}\"]", lines.join("<br>"));
    }
    for edge in edges(&report.resolution.steps) {
        let arrow = if edge.main { "-->" } else { "-.->" };
        let _ = writeln!(out, "  s{} {arrow} s{}", edge.from, edge.to);
    }
    out
}

/// The lines of each step's box, safe to print.
fn nodes(report: &ResolveReport) -> Vec<Vec<String>> {
    let source = Shown::new(&report.source);
    let places = Places::new(&report.path, &source);
    let node = |step: &Step| {
        let mut text = vec![format!("{}: {}", step.kind.name(), shown(&step.value))];
        let script = step.script.as_ref().map(|script| lines(&script.script));
        text.extend(script.into_iter().flatten().map(|line| format!("| {line}")));
        text.extend(step.causes.iter().map(|cause| places.at(cause.span)));
        if !step.rules.is_empty() {
            text.push(step.rules.join(", "));
        }
        text
    };
    report.resolution.steps.iter().map(node).collect()
}

struct Edge {
    from: usize,
    to: usize,
    /// From a name to what runs; the others say what it runs with.
    main: bool,
}

/// The chain from the name to the binary, and what hangs on it.
fn edges(steps: &[Step]) -> Vec<Edge> {
    const CHAIN: [StepKind; 6] = [
        StepKind::Name,
        StepKind::Runtime,
        StepKind::ShimType,
        StepKind::ShimBinary,
        StepKind::Wrapper,
        StepKind::Binary,
    ];
    let at = |kind: StepKind| steps.iter().position(|step| step.kind == kind);
    let chain: Vec<usize> = CHAIN.into_iter().filter_map(at).collect();
    let mut edges: Vec<Edge> = chain
        .windows(2)
        .filter_map(|pair| Some(Edge { from: *pair.first()?, to: *pair.last()?, main: true }))
        .collect();
    for (to, step) in steps.iter().enumerate().filter(|(to, _)| !chain.contains(to)) {
        let from = if step.kind == StepKind::AtLoad { StepKind::Runtime } else { StepKind::ShimBinary };
        edges.extend(at(from).map(|from| Edge { from, to, main: false }));
    }
    edges
}

fn dot_escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

/// Mermaid takes much for markup; everything that could be is written by its number.
fn mermaid_escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if c.is_alphanumeric() || " .,:/_-=+@".contains(c) {
            out.push(c);
        } else {
            let _ = write!(out, "#{};", u32::from(c));
        }
    }
    out
}
