use data_encoding::HEXLOWER;
use serde::Serialize;

use super::super::json::{JsonSpan, Tool, VERSION, span};
use super::super::text::Shown;
use super::ResolveReport;
use crate::engine::Finding;
use crate::runtime::{Script, Step};
use crate::source::{LineIndex, to_json_pretty};

/// As one JSON document. Bytes that are not UTF-8 become U+FFFD.
#[must_use]
pub fn resolve_json(report: &ResolveReport) -> String {
    let shown = Shown::new(&report.source);
    let index = LineIndex::new(shown.bytes());
    let resolution = &report.resolution;
    let step = |step| json_step(step, &shown, &index);
    let finding = |finding| json_finding(finding, &shown, &index);
    let document = Document {
        version: VERSION,
        tool: Tool::THIS,
        profile: &report.profile,
        daemon: &report.path,
        asked: &report.asked,
        verdict: resolution.verdict.as_str(),
        needs: &resolution.needs,
        assumed: &resolution.assumed,
        steps: resolution.steps.iter().map(step).collect(),
        warnings: resolution.cautions.iter().map(finding).collect(),
    };
    to_json_pretty(&document) + "\n"
}

#[derive(Serialize)]
struct Document<'r> {
    version: u32,
    tool: Tool,
    profile: &'r str,
    daemon: &'r str,
    asked: &'r str,
    verdict: &'static str,
    needs: &'r [String],
    /// Facts that options depend on and that nobody told: they count as false.
    assumed: &'r [String],
    steps: Vec<JsonStep<'r>>,
    warnings: Vec<JsonWarning<'r>>,
}

#[derive(Serialize)]
struct JsonStep<'r> {
    kind: String,
    value: String,
    how: &'static str,
    rules: &'r [String],
    causes: Vec<JsonCause<'r>>,
    script: Option<JsonScript>,
}

#[derive(Serialize)]
struct JsonCause<'r> {
    field: &'r str,
    span: JsonSpan,
}

#[derive(Serialize)]
struct JsonScript {
    file_name: String,
    sha256: String,
    contents: String,
    words: Vec<JsonWord>,
}

#[derive(Serialize)]
struct JsonWord {
    text: String,
    /// What is passed on; null if that depends on more than the script.
    value: Option<String>,
    marks: Vec<String>,
}

#[derive(Serialize)]
struct JsonWarning<'r> {
    rule: &'r str,
    message: &'r str,
    why: &'r str,
    help: &'r str,
    span: Option<JsonSpan>,
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn json_step<'r>(step: &'r Step, shown: &Shown<'_>, index: &LineIndex<'_>) -> JsonStep<'r> {
    let causes = step.causes.iter();
    JsonStep {
        kind: step.kind.name(),
        value: text(&step.value),
        how: step.how,
        rules: &step.rules,
        causes: causes.map(|c| JsonCause { field: &c.field, span: span(c.span, shown, index) }).collect(),
        script: step.script.as_ref().map(json_script),
    }
}

fn json_script(script: &Script) -> JsonScript {
    let words = script.words.iter().map(|word| JsonWord {
        text: text(&word.text),
        value: word.value.as_deref().map(text),
        marks: word.marks.iter().map(|mark| format!("{mark:?}").to_lowercase()).collect(),
    });
    JsonScript {
        file_name: text(script.script.file_name()),
        sha256: HEXLOWER.encode(&script.script.digest()),
        contents: text(script.script.contents()),
        words: words.collect(),
    }
}

fn json_finding<'r>(finding: &'r Finding, shown: &Shown<'_>, index: &LineIndex<'_>) -> JsonWarning<'r> {
    JsonWarning {
        rule: finding.rule.as_str(),
        message: &finding.message,
        why: &finding.why,
        help: &finding.help,
        span: finding.primary.as_ref().map(|label| span(label.span, shown, index)),
    }
}
