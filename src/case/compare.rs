use std::collections::BTreeSet;

use serde_json::{Number, Value};

use super::line::CaseError;
use crate::source::{Members, reason, string};
use crate::subject::Outcome;

pub(super) const KEYS: [&str; 5] = ["verdict", "messages", "warnings", "rules", "resolved"];
const VERDICTS: [&str; 3] = ["allow", "deny", "undecided"];

/// What a case expects; what it does not mention is not compared.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Expect {
    /// `allow`, `deny` or `undecided`.
    pub verdict: Option<String>,
    /// Any one of these is what the original prints first; none: it prints nothing.
    pub messages: Option<Vec<String>>,
    /// Exactly these, in any order: recorders sort them.
    pub warnings: Option<Vec<String>>,
    /// Exactly these rules fire, in any order. Compared with the trace of a decision.
    pub rules: Option<Vec<String>>,
    /// Objects are compared by the keys they name, at every depth, integers beyond 2^53 as doubles; `Value::Null`: nothing is
    /// resolved.
    pub resolved: Option<Value>,
}

/// One place where the answer is not what was expected.
#[derive(Clone, Debug, PartialEq)]
pub struct Mismatch {
    /// `verdict`, `messages`, `warnings`, `rules`, or `resolved` and the keys below it, separated by dots.
    pub field: String,
    /// What the case expects there.
    pub expected: Value,
    /// What came; `None` if there is no such key.
    pub got: Option<Value>,
}

impl Mismatch {
    /// The part of [`field`](Self::field) before the first dot: what an exception names.
    #[must_use]
    pub fn key(&self) -> &str {
        self.field.split('.').next().unwrap_or_default()
    }
}

impl Expect {
    pub(super) fn parse(text: &str) -> Result<Self, CaseError> {
        let mut members = Members::parse(text, "`expect`")?;
        let verdict = members.take_string("verdict")?.map(String::from);
        if let Some(verdict) = verdict.as_deref().filter(|v| !VERDICTS.contains(v)) {
            return Err(CaseError::new(format!(
                "`expect.verdict` is `{verdict}`, not one of {}",
                VERDICTS.join(", ")
            )));
        }
        let messages = members.take("messages").map(|text| strings(text, "expect.messages")).transpose()?;
        let warnings = members.take("warnings").map(|text| strings(text, "expect.warnings")).transpose()?;
        let rules = members.take("rules").map(|text| strings(text, "expect.rules")).transpose()?;
        let resolved = match members.take("resolved") {
            None => None,
            Some(text) => Some(serde_json::from_str(text).map_err(|error| {
                CaseError::new(format!("`expect.resolved` cannot be read: {}", reason(&error)))
            })?),
        };
        members.refuse_others("`expect`", &KEYS)?;
        Ok(Self { verdict, messages, warnings, rules, resolved })
    }

    /// Whether this expectation says anything about `key`.
    #[must_use]
    pub fn names(&self, key: &str) -> bool {
        match key {
            "verdict" => self.verdict.is_some(),
            "messages" => self.messages.is_some(),
            "warnings" => self.warnings.is_some(),
            "rules" => self.rules.is_some(),
            "resolved" => self.resolved.is_some(),
            _ => false,
        }
    }
}

fn strings(text: &str, key: &str) -> Result<Vec<String>, CaseError> {
    let values: Vec<&serde_json::value::RawValue> = serde_json::from_str(text)
        .map_err(|_| CaseError::new(format!("`{key}` must be a list of strings")))?;
    values.into_iter().map(|value| Ok(string(value.get(), key)?.into_owned())).collect()
}

/// Holds an outcome against what was expected; empty if all of it came.
#[must_use]
pub fn compare(expect: &Expect, outcome: &Outcome) -> Vec<Mismatch> {
    let decision = &outcome.decision;
    let mut mismatches = Vec::new();
    let mut differ = |field: &str, expected: Value, got: Value| {
        mismatches.push(Mismatch { field: field.to_owned(), expected, got: Some(got) });
    };
    if let Some(verdict) = expect.verdict.as_deref().filter(|v| *v != decision.verdict.as_str()) {
        differ("verdict", verdict.into(), decision.verdict.as_str().into());
    }
    if let Some(messages) = &expect.messages {
        let got = decision.message();
        let agrees = got.map_or(messages.is_empty(), |got| messages.iter().any(|m| m == got));
        if !agrees {
            differ("messages", messages.as_slice().into(), got.into());
        }
    }
    if let Some(warnings) = &expect.warnings {
        let got: Vec<&str> = decision.warnings().map(|f| f.message.as_str()).collect();
        let (mut expected, mut found): (Vec<&str>, _) =
            (warnings.iter().map(String::as_str).collect(), got.clone());
        expected.sort_unstable();
        found.sort_unstable();
        if expected != found {
            differ("warnings", warnings.as_slice().into(), got.into());
        }
    }
    if let Some(rules) = &expect.rules {
        let fired = decision.trace.iter().filter(|one| one.fired > 0).map(|one| one.rule.as_str());
        let (got, expected): (BTreeSet<&str>, BTreeSet<&str>) =
            (fired.collect(), rules.iter().map(String::as_str).collect());
        if expected != got {
            differ("rules", rules.as_slice().into(), got.into_iter().collect());
        }
    }
    if let Some(expected) = &expect.resolved {
        let got = outcome.resolved.as_ref().unwrap_or(&Value::Null);
        by_named_keys("resolved", expected, Some(got), &mut mismatches);
    }
    mismatches
}

/// Recursion ends: `serde_json` reads no value nested deeper than 128.
fn by_named_keys(field: &str, expected: &Value, got: Option<&Value>, mismatches: &mut Vec<Mismatch>) {
    match (expected, got) {
        (Value::Object(expected), Some(Value::Object(got))) => {
            for (key, value) in expected {
                by_named_keys(&format!("{field}.{key}"), value, got.get(key), mismatches);
            }
        }
        (Value::Array(expected), Some(Value::Array(got))) if expected.len() == got.len() => {
            for (i, (expected, got)) in expected.iter().zip(got).enumerate() {
                by_named_keys(&format!("{field}.{i}"), expected, Some(got), mismatches);
            }
        }
        (Value::Number(expected), Some(Value::Number(got))) if same_number(expected, got) => {}
        (expected, Some(got)) if expected == got => {}
        (expected, got) => mismatches.push(Mismatch {
            field: field.to_owned(),
            expected: expected.clone(),
            got: got.cloned(),
        }),
    }
}

/// Beyond 2^53 integers are compared as doubles: what stands in a case may have gone through a program that has no other
/// numbers (RFC 8259, section 6), and 2^62 comes out of it as 4611686018427388000.
fn same_number(expected: &Number, got: &Number) -> bool {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match (expected.as_f64(), got.as_f64()) {
        (Some(one), Some(other)) if one.abs() > EXACT => one.total_cmp(&other).is_eq(),
        _ => expected == got,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields(expected: &Value, got: &Value) -> Vec<String> {
        let mut mismatches = Vec::new();
        by_named_keys("resolved", expected, Some(got), &mut mismatches);
        mismatches.into_iter().map(|m| m.field).collect()
    }

    #[test]
    fn objects_are_compared_by_the_keys_they_name() {
        let got = json!({"a": {"b": 1, "c": 2}, "l": [{"x": 1, "y": 2}], "n": null});
        assert!(fields(&json!({}), &got).is_empty());
        assert!(fields(&json!({"a": {"b": 1}, "l": [{"y": 2}], "n": null}), &got).is_empty());
        assert_eq!(fields(&json!({"a": {"b": 2}}), &got), ["resolved.a.b"]);
        assert_eq!(fields(&json!({"l": []}), &got), ["resolved.l"]);
        assert_eq!(fields(&json!({"l": [{"z": 0}]}), &got), ["resolved.l.0.z"]);
        assert_eq!(fields(&json!({"m": null}), &got), ["resolved.m"]);
        assert_eq!(fields(&json!(null), &got), ["resolved"]);
        assert_eq!(fields(&json!({"n": {}}), &got), ["resolved.n"]);
    }

    #[test]
    fn numbers_beyond_those_of_doubles_are_compared_as_doubles() {
        let differ = |expected: &str, got: i64| {
            !fields(&serde_json::from_str(expected).unwrap(), &json!(got)).is_empty()
        };
        assert!(!differ("4611686018427388000", 1 << 62));
        assert!(!differ("4611686018427387904", 1 << 62));
        assert!(!differ("-4611686018427388000", -(1 << 62)));
        assert!(differ("4611686018427388000", -(1 << 62)));
        assert!(differ("4611686018427389000", 1 << 62));
        assert!(differ("9007199254740992", (1 << 53) + 1));
        assert!(differ("9007199254740991", 1 << 53));
        assert!(differ("5.0", 5));
    }

    #[test]
    fn expectations_are_checked_when_read() {
        for (text, error) in [
            ("[]", "`expect` is not a JSON object"),
            (r#"{"verdict": "allowed"}"#, "`expect.verdict` is `allowed`"),
            (r#"{"messages": "x"}"#, "`expect.messages` must be a list of strings"),
            (r#"{"warnings": [1]}"#, "`expect.warnings` must be a string"),
            (r#"{"message": "x"}"#, "unknown key `message` in `expect`"),
        ] {
            let found = Expect::parse(text).unwrap_err().message;
            assert!(found.starts_with(error), "{text}: {found}");
        }
    }
}
