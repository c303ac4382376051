use serde::Serialize;

use super::text::Shown;
use super::{Because, FileReport, Report, Summary};
use crate::engine::{Finding, Label};
use crate::source::{LineIndex, Span, to_json_pretty};

/// Grows when a key changes its meaning or goes; new keys may come without.
pub(super) const VERSION: u32 = 1;

/// The report as one JSON document.
///
/// Nothing is shortened. Lines and columns count from 1, columns in characters; `start` and `end` are byte
/// offsets into the file.
#[must_use]
pub fn json(report: &Report) -> String {
    let mut text = to_json_pretty(&Document {
        version: VERSION,
        tool: Tool::THIS,
        profile: &report.profile,
        files: report.files.iter().map(file).collect(),
        summary: report.summary(),
    });
    text.push('\n');
    text
}

#[derive(Serialize)]
struct Document<'r> {
    version: u32,
    tool: Tool,
    profile: &'r str,
    files: Vec<JsonFile<'r>>,
    summary: Summary,
}

#[derive(Serialize)]
pub(super) struct Tool {
    name: &'static str,
    version: &'static str,
}

impl Tool {
    pub(super) const THIS: Self = Self { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") };
}

#[derive(Serialize)]
struct JsonFile<'r> {
    path: &'r str,
    kind: Option<&'static str>,
    /// How the kind was found: `told`, `key`, `file-name` or `default`.
    kind_from: Option<&'static str>,
    /// If it is not the report's.
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<&'r str>,
    verdict: &'static str,
    message: Option<&'r str>,
    help: Option<&'r str>,
    needs: &'r [String],
    alternatives: &'r [String],
    findings: Vec<JsonFinding<'r>>,
    /// What the document comes to, if that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    resolved: Option<&'r serde_json::Value>,
}

#[derive(Serialize)]
struct JsonFinding<'r> {
    rule: &'r str,
    effect: &'static str,
    path: &'r str,
    message: &'r str,
    why: &'r str,
    help: &'r str,
    label: Option<&'r str>,
    span: Option<JsonSpan>,
    related: Vec<JsonLabel<'r>>,
}

#[derive(Serialize)]
struct JsonLabel<'r> {
    text: &'r str,
    span: JsonSpan,
}

#[derive(Serialize)]
pub(super) struct JsonSpan {
    start: usize,
    end: usize,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
}

fn file(file: &FileReport) -> JsonFile<'_> {
    let mut out = JsonFile {
        path: &file.path,
        kind: file.kind.map(|k| k.kind.as_str()),
        kind_from: file.kind.map(|k| Because::as_str(k.because)),
        profile: file.profile.as_deref(),
        verdict: "error",
        message: None,
        help: None,
        needs: &[],
        alternatives: &[],
        findings: Vec::new(),
        resolved: file.resolved.as_ref(),
    };
    match &file.result {
        Err(failure) => {
            out.message = Some(&failure.message);
            out.help = Some(failure.help.as_str()).filter(|help| !help.is_empty());
        }
        Ok(decision) => {
            let shown = Shown::new(&file.source);
            let index = LineIndex::new(shown.bytes());
            out.verdict = decision.verdict.as_str();
            out.message = decision.message();
            out.needs = &decision.needs;
            out.alternatives = &decision.alternatives;
            out.findings = decision.findings.iter().map(|f| finding(f, &shown, &index)).collect();
        }
    }
    out
}

fn finding<'r>(finding: &'r Finding, shown: &Shown<'_>, index: &LineIndex<'_>) -> JsonFinding<'r> {
    let text = |label: &'r Label| Some(label.text.as_str()).filter(|text| !text.is_empty());
    JsonFinding {
        rule: finding.rule.as_str(),
        effect: finding.effect.as_str(),
        path: &finding.path,
        message: &finding.message,
        why: &finding.why,
        help: &finding.help,
        label: finding.primary.as_ref().and_then(text),
        span: finding.primary.as_ref().map(|label| span(label.span, shown, index)),
        related: finding
            .related
            .iter()
            .map(|label| JsonLabel { text: &label.text, span: span(label.span, shown, index) })
            .collect(),
    }
}

pub(super) fn span(at: Span, shown: &Shown<'_>, index: &LineIndex<'_>) -> JsonSpan {
    let range = shown.span(at).range();
    let (start, end) = (index.position(range.start), index.position(range.end));
    JsonSpan {
        start: at.range().start,
        end: at.range().end,
        line: start.line,
        column: start.column,
        end_line: end.line,
        end_column: end.column,
    }
}
