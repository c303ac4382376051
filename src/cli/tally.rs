use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::policies::Policies;
use crate::case::{Mismatch, Standing};
use crate::engine::Decision;
use crate::source::{printable, shorten, to_json_line};
use crate::subject::Kind;
use crate::table::RuleId;

/// Characters of a value shown in a mismatch.
const VALUE: usize = 400;

/// What came of one case.
#[derive(Debug)]
pub(super) struct Tested {
    /// Its id, as text.
    pub(super) id: String,
    /// File and line.
    pub(super) place: String,
    /// How it stands, or why it could not be judged.
    pub(super) outcome: Result<Standing, String>,
    asked: Option<(Kind, String)>,
    fired: Vec<RuleId>,
}

impl Tested {
    pub(super) fn new(id: String, place: String) -> Self {
        Self { id, place, outcome: Ok(Standing::Agrees), asked: None, fired: Vec::new() }
    }

    /// Notes which rules were asked, and which fired.
    pub(super) fn judged(&mut self, kind: Kind, profile: &str, decision: &Decision) {
        self.asked = Some((kind, profile.to_owned()));
        let fired = decision.trace.iter().filter(|rule| rule.fired > 0);
        self.fired = fired.map(|rule| rule.rule.clone()).collect();
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    cases: usize,
    agreed: usize,
    excepted: usize,
    failed: usize,
}

/// How many cases agree, where the others differ, and which rules fired.
#[derive(Debug)]
pub(super) struct Tally<'t> {
    policies: &'t Policies,
    limit: usize,
    styled: bool,
    shown: usize,
    total: Counts,
    part: Counts,
    failures: String,
    asked: BTreeSet<(Kind, String)>,
    fired: BTreeSet<RuleId>,
}

impl<'t> Tally<'t> {
    /// An empty tally that describes at most `limit` failures.
    pub(super) fn new(policies: &'t Policies, limit: usize, styled: bool) -> Self {
        let (total, part) = (Counts::default(), Counts::default());
        let (asked, fired) = (BTreeSet::new(), BTreeSet::new());
        Self { policies, limit, styled, shown: 0, total, part, failures: String::new(), asked, fired }
    }

    pub(super) fn add(&mut self, tested: Tested) {
        self.part.cases += 1;
        match &tested.outcome {
            Ok(Standing::Agrees) => self.part.agreed += 1,
            Ok(Standing::Excepted) => self.part.excepted += 1,
            Ok(Standing::Fails { .. }) | Err(_) => {
                self.part.failed += 1;
                if self.shown < self.limit {
                    self.shown += 1;
                    describe(&tested, &mut self.failures, self.styled);
                }
            }
        }
        self.fired.extend(tested.fired);
        self.asked.extend(tested.asked);
    }

    /// What was added since the last part, in words; empty if that is nothing.
    pub(super) fn part(&mut self, name: &str) -> String {
        let part = std::mem::take(&mut self.part);
        if part.cases == 0 {
            return String::new();
        }
        self.total.cases += part.cases;
        self.total.agreed += part.agreed;
        self.total.excepted += part.excepted;
        self.total.failed += part.failed;
        format!("{}: {}\n{}", printable(name), figures(part), std::mem::take(&mut self.failures))
    }

    pub(super) fn has_failures(&self) -> bool {
        self.total.failed > 0
    }

    /// All parts together, and the rules that fired.
    pub(super) fn summary(&self) -> String {
        let mut out = String::new();
        if self.total.failed > self.shown {
            let more = self.total.failed - self.shown;
            let _ = writeln!(out, "({more} more failures; `--show N` shows more)");
        }
        let _ = writeln!(out, "total: {}", figures(self.total));
        self.coverage(&mut out);
        out
    }

    /// Rules that could have fired, since a case of their kind was judged under a profile that has them.
    fn coverage(&self, out: &mut String) {
        let mut rules: BTreeMap<RuleId, bool> = BTreeMap::new();
        for (kind, profile) in &self.asked {
            let Ok(policy) = self.policies.get(Some(profile)) else { continue };
            for rule in policy.rules().filter(|rule| *rule.subject == *kind.as_str()) {
                rules.insert(rule.id.clone(), self.fired.contains(&rule.id));
            }
            let rows = policy.lifecycle().filter(|_| *kind == Kind::Lifecycle);
            for row in rows.iter().flat_map(|lifecycle| lifecycle.rows()) {
                let fired = self.fired.contains(&row.id);
                rules.insert(row.id, fired);
            }
        }
        let silent: Vec<&str> =
            rules.iter().filter(|(_, fired)| !**fired).map(|(id, _)| id.as_str()).collect();
        let _ = writeln!(out, "rules: {} of {} fired", rules.len() - silent.len(), rules.len());
        if !silent.is_empty() {
            let _ = writeln!(out, "not fired: {}", silent.join(", "));
        }
    }
}

fn figures(counts: Counts) -> String {
    let Counts { cases, agreed, excepted, failed } = counts;
    let mut text = format!("{cases} cases, {agreed} agreed");
    for (count, what) in [(excepted, "excepted"), (failed, "FAILED")] {
        if count > 0 {
            let _ = write!(text, ", {count} {what}");
        }
    }
    text
}

/// Where a case differs: `-` what was expected, `+` what came.
fn describe(tested: &Tested, out: &mut String, styled: bool) {
    let (red, green, plain) = if styled { ("\x1b[31m", "\x1b[32m", "\x1b[0m") } else { ("", "", "") };
    let _ = writeln!(out, "  {red}FAILED{plain} {} at {}", brief(&tested.id), printable(&tested.place));
    match &tested.outcome {
        Err(message) => {
            let _ = writeln!(out, "    error: {}", brief(message));
        }
        Ok(Standing::Fails { mismatches, healed }) => {
            for Mismatch { field, expected, got } in mismatches {
                let got = got.as_ref().map_or_else(|| "(absent)".to_owned(), |got| brief(&to_json_line(got)));
                let any = if field == "messages" { "any of " } else { "" };
                let _ = writeln!(out, "    {}", brief(field));
                let _ = writeln!(out, "      {red}- {any}{}{plain}", brief(&to_json_line(expected)));
                let _ = writeln!(out, "      {green}+ {got}{plain}");
            }
            for field in healed {
                let _ = writeln!(out, "    `{field}` agrees or is not compared: delete its exception");
            }
        }
        Ok(_) => {}
    }
}

fn brief(text: &str) -> String {
    printable(&shorten(text, VALUE)).into_owned()
}
