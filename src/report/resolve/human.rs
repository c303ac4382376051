use std::fmt::Write as _;

use super::super::text::Shown;
use super::super::wrap::{lines, shown};
use super::{Places, ResolveReport};
use crate::engine::Verdict;
use crate::runtime::{Script, Step, StepKind};
use crate::source::printable;

/// For people: each step, how it came about, and the line of daemon.json behind it.
#[must_use]
pub fn resolve_human(report: &ResolveReport) -> String {
    let source = Shown::new(&report.source);
    let places = Places::new(&report.path, &source);
    let mut out = String::new();
    for step in &report.resolution.steps {
        write_step(step, &places, &mut out);
    }
    out.push('\n');
    for caution in &report.resolution.cautions {
        let _ = writeln!(out, "warning[{}]: {}", caution.rule, printable(&caution.message));
        if let Some(label) = &caution.primary {
            let _ = writeln!(out, "    {}", places.at(label.span));
        }
    }
    if !report.resolution.cautions.is_empty() {
        out.push('\n');
    }
    let resolution = &report.resolution;
    if !resolution.assumed.is_empty() {
        let _ = writeln!(out, "options are shown as if false: {}", resolution.assumed.join(", "));
    }
    let _ = match resolution.verdict {
        Verdict::Undecided => {
            writeln!(out, "{}: undecided, it depends on {}", report.profile, resolution.needs.join(", "))
        }
        Verdict::Allow => writeln!(out, "{}: allowed", report.profile),
        Verdict::Deny => writeln!(out, "{}: denied", report.profile),
    };
    out
}

fn write_step(step: &Step, places: &Places<'_>, out: &mut String) {
    let _ = writeln!(out, "{}: {}", step.kind.name(), shown(&step.value));
    let rules = match (step.rules.join(", "), step.kind) {
        (rules, _) if rules.is_empty() => rules,
        (rules, StepKind::Runtime) => format!(" [not refused by {rules}]"),
        (rules, _) => format!(" [{rules}]"),
    };
    let _ = writeln!(out, "    {}{rules}", step.how);
    for cause in &step.causes {
        let _ = writeln!(out, "    {} {}", places.at(cause.span), printable(&cause.field));
    }
    if let Some(script) = &step.script {
        write_script(script, out);
    }
}

fn write_script(script: &Script, out: &mut String) {
    for line in lines(&script.script) {
        let _ = writeln!(out, "    | {line}");
    }
    let words: Vec<String> = script.words.iter().map(|word| shown(&word.text)).collect();
    // Marks stand in a column, unless one long word would push them off the screen.
    let width = words.iter().map(|word| word.chars().count()).filter(|width| *width <= 40).max().unwrap_or(0);
    out.push_str("    the shell reads\n");
    for (text, word) in words.iter().zip(&script.words) {
        let marks: Vec<&str> = word.marks.iter().map(|mark| mark.describe()).collect();
        let line = format!("      {text:width$}  {}", marks.join(", "));
        let _ = writeln!(out, "{}", line.trim_end());
    }
}
