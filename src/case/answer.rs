use serde::Serialize;
use serde_json::Value;

use crate::engine::Finding;
use crate::source::to_json_line;
use crate::subject::Outcome;

#[derive(Serialize)]
struct Answer<'a> {
    id: &'a Value,
    verdict: &'static str,
    message: Option<&'a str>,
    warnings: Vec<&'a str>,
    needs: &'a [String],
    findings: Vec<AnswerFinding<'a>>,
    resolved: Option<&'a Value>,
}

#[derive(Serialize)]
struct AnswerFinding<'a> {
    rule: &'a str,
    effect: &'static str,
    path: &'a str,
    message: &'a str,
}

#[derive(Serialize)]
struct Failure<'a> {
    id: &'a Value,
    verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
    line: usize,
    message: &'a str,
}

/// What a policy said of a case, as one line of JSON without its line break.
#[must_use]
pub fn answer_line(id: &Value, outcome: &Outcome) -> String {
    let decision = &outcome.decision;
    // Sorted, as cases are recorded; `findings` has the original's order.
    let mut warnings: Vec<&str> = decision.warnings().map(|f| f.message.as_str()).collect();
    warnings.sort_unstable();
    to_json_line(&Answer {
        id,
        verdict: decision.verdict.as_str(),
        message: decision.message(),
        warnings,
        needs: &decision.needs,
        findings: decision.findings.iter().map(AnswerFinding::from).collect(),
        resolved: outcome.resolved.as_ref(),
    })
}

/// The answer to a line that is no case, or whose case could not be judged: verdict `error`, and which line it was.
#[must_use]
pub fn error_line(id: &Value, file: Option<&str>, line: usize, message: &str) -> String {
    to_json_line(&Failure { id, verdict: "error", file, line, message })
}

impl<'a> From<&'a Finding> for AnswerFinding<'a> {
    fn from(finding: &'a Finding) -> Self {
        Self {
            rule: finding.rule.as_str(),
            effect: finding.effect.as_str(),
            path: &finding.path,
            message: &finding.message,
        }
    }
}
