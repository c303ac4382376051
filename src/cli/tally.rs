use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::coverage::{Coverage, CoverageReport};
use super::policies::Policies;
use crate::case::{Excused, Mismatch, Standing};
use crate::engine::{Decision, RuleTrace};
use crate::source::{printable, shorten, to_json_line};
use crate::subject::Kind;
use crate::table::{Catalog, Rule, RuleId};

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
    trace: Vec<RuleTrace>,
}

impl Tested {
    pub(super) fn new(id: String, place: String) -> Self {
        Self { id, place, outcome: Ok(Standing::Agrees), asked: None, trace: Vec::new() }
    }

    /// Notes which rules were asked, and which fired.
    pub(super) fn judged(&mut self, kind: Kind, profile: &str, decision: &Decision) {
        self.asked = Some((kind, profile.to_owned()));
        self.trace.clone_from(&decision.trace);
    }

    /// What each rule did, if the case could be judged.
    pub(super) fn trace(&self) -> &[RuleTrace] {
        &self.trace
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
    failed: Vec<Value>,
    asked: BTreeSet<(Kind, String)>,
    fired: BTreeSet<RuleId>,
    coverage: Coverage,
}

impl<'t> Tally<'t> {
    /// An empty tally that describes at most `limit` failures.
    pub(super) fn new(policies: &'t Policies, limit: usize, styled: bool) -> Self {
        let (total, part) = (Counts::default(), Counts::default());
        Self {
            policies,
            limit,
            styled,
            shown: 0,
            total,
            part,
            failures: String::new(),
            failed: Vec::new(),
            asked: BTreeSet::new(),
            fired: BTreeSet::new(),
            coverage: Coverage::default(),
        }
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
                    self.failed.push(as_json(&tested));
                }
            }
        }
        self.fired.extend(tested.trace.iter().filter(|one| one.fired > 0).map(|one| one.rule.clone()));
        self.coverage.add(&tested.trace);
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

    /// All parts together, and which rules fired.
    pub(super) fn summary(&self) -> String {
        let mut out = String::new();
        if self.total.failed > self.shown {
            let more = self.total.failed - self.shown;
            let _ = writeln!(out, "({more} more failures; `--show N` shows more)");
        }
        let _ = writeln!(out, "total: {}", figures(self.total));
        let rules = self.rules();
        let silent: Vec<&str> = self.silent(&rules).collect();
        let _ = writeln!(out, "rules: {} of {} fired", rules.len() - silent.len(), rules.len());
        if !silent.is_empty() {
            let _ = writeln!(out, "not fired: {}", silent.join(", "));
        }
        out
    }

    /// The same for a program to read.
    pub(super) fn json(&self) -> Vec<(&'static str, Value)> {
        let Counts { cases, agreed, excepted, failed } = self.total;
        let rules = self.rules();
        let silent: Vec<&str> = self.silent(&rules).collect();
        vec![
            ("cases", json!(cases)),
            ("agreed", json!(agreed)),
            ("excepted", json!(excepted)),
            ("failed", json!(failed)),
            ("failures", json!(self.failed)),
            ("rules", json!(rules.len())),
            ("not_fired", json!(silent)),
        ]
    }

    /// Rules that could have fired: of the user's own tables, if there are any.
    fn rules(&self) -> BTreeSet<RuleId> {
        let mut rules = self.judged();
        if self.policies.has_own()
            && let Ok(catalog) = self.policies.catalog()
        {
            let own: BTreeSet<&RuleId> = self.policies.asked_rules(catalog).map(|rule| &rule.id).collect();
            rules.retain(|id| own.contains(id));
        }
        rules
    }

    /// The rules of the kinds and profiles that cases were judged by.
    fn judged(&self) -> BTreeSet<RuleId> {
        let mut rules = BTreeSet::new();
        for (kind, profile) in &self.asked {
            let Ok(policy) = self.policies.get(Some(profile)) else { continue };
            let of_kind = policy.rules().filter(|rule| *rule.subject == *kind.as_str());
            rules.extend(of_kind.map(|rule| rule.id.clone()));
            let rows = policy.lifecycle().filter(|_| *kind == Kind::Lifecycle);
            rules.extend(rows.iter().flat_map(|lifecycle| lifecycle.rows()).map(|row| row.id));
        }
        rules
    }

    fn silent<'s>(&self, rules: &'s BTreeSet<RuleId>) -> impl Iterator<Item = &'s str> {
        rules.iter().filter(|id| !self.fired.contains(*id)).map(RuleId::as_str)
    }

    /// What coverage and mutation are about.
    pub(super) fn measured<'c>(&self, catalog: &'c Catalog) -> impl Iterator<Item = &'c Rule> {
        let rules = self.judged();
        self.policies.asked_rules(catalog).filter(move |rule| rules.contains(&rule.id))
    }

    /// How well they were covered.
    pub(super) fn coverage(&self, catalog: &Catalog, excused: &Excused) -> CoverageReport {
        self.coverage.report(self.measured(catalog), catalog, excused)
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

/// The same for a program to read.
fn as_json(tested: &Tested) -> Value {
    let (id, place) = (&tested.id, &tested.place);
    match &tested.outcome {
        Err(message) => json!({ "id": id, "place": place, "error": message }),
        Ok(Standing::Fails { mismatches, healed }) => {
            let differ =
                mismatches.iter().map(|m| json!({ "field": m.field, "expected": m.expected, "got": m.got }));
            let differ: Vec<_> = differ.collect();
            json!({ "id": id, "place": place, "differs": differ, "excepted_without_need": healed })
        }
        Ok(_) => json!({ "id": id, "place": place }),
    }
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
