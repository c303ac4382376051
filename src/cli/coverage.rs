use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::case::Excused;
use crate::engine::{RuleTrace, Seen};
use crate::table::{Catalog, Rule, RuleId, Shown};

/// What cases made of each rule.
#[derive(Debug, Default)]
pub(super) struct Coverage {
    rows: BTreeMap<RuleId, Row>,
}

#[derive(Clone, Debug, Default)]
struct Row {
    judged: usize,
    fired: usize,
    unknown: usize,
    seen: Vec<Seen>,
}

impl Coverage {
    pub(super) fn add(&mut self, trace: &[RuleTrace]) {
        for one in trace {
            let row = self.rows.entry(one.rule.clone()).or_default();
            row.judged += one.judged;
            row.fired += one.fired;
            row.unknown += one.unknown;
            if row.seen.len() < one.seen.len() {
                row.seen.resize(one.seen.len(), Seen::default());
            }
            for (sum, one) in row.seen.iter_mut().zip(&one.seen) {
                sum.held += one.held;
                sum.failed += one.failed;
            }
        }
    }

    /// Of these rules.
    pub(super) fn report<'r>(
        &self,
        rules: impl Iterator<Item = &'r Rule>,
        catalog: &Catalog,
        excused: &Excused,
    ) -> CoverageReport {
        let mut report = CoverageReport::default();
        let mut open: BTreeSet<(&str, &str)> = BTreeSet::new();
        for rule in rules {
            let Some(subject) = catalog.subject(&rule.subject) else { continue };
            let shown = Shown::new(rule, subject);
            let row = self.rows.get(&rule.id).cloned().unwrap_or_default();
            let seen = row.seen.iter().copied().chain(std::iter::repeat(Seen::default()));
            let atoms = rule.when.atoms().into_iter().zip(seen).map(|(atom, seen)| {
                let text = shown.condition(atom);
                let reason = excused.atom(rule.id.as_str(), &text).map(str::to_owned);
                Atom { text, seen, reason }
            });
            let atoms: Vec<_> = atoms.collect();
            open.extend(excused.atoms().filter(|(id, atom)| {
                *id == rule.id.as_str() && !atoms.iter().any(|a| a.text == *atom && !a.seen.is_both())
            }));
            report.rows.push(Covered {
                rule: rule.id.clone(),
                table: rule.table.to_string(),
                fired: row.fired,
                quiet: row.judged - row.fired - row.unknown,
                loops: !rule.each.is_empty(),
                atoms,
            });
        }
        report.stale = open.into_iter().map(|(rule, atom)| format!("{rule}: {atom}")).collect();
        report
    }
}

#[derive(Debug)]
struct Atom {
    text: String,
    seen: Seen,
    /// Why it is not seen deciding both ways.
    reason: Option<String>,
}

impl Atom {
    fn is_open(&self) -> bool {
        !self.seen.is_both() && self.reason.is_none()
    }
}

#[derive(Debug)]
struct Covered {
    rule: RuleId,
    table: String,
    fired: usize,
    quiet: usize,
    /// Whether it is judged for the entries of something: it may fire on each, and not be judged where there is none.
    loops: bool,
    atoms: Vec<Atom>,
}

impl Covered {
    fn is_never_quiet(&self) -> bool {
        self.quiet == 0 && !self.loops
    }

    fn is_open(&self) -> bool {
        self.fired == 0 || self.is_never_quiet() || self.atoms.iter().any(Atom::is_open)
    }
}

/// How well cases cover rules.
#[derive(Debug, Default)]
pub(super) struct CoverageReport {
    rows: Vec<Covered>,
    /// Excused tests that need no excuse.
    stale: Vec<String>,
}

/// A share that is 100 only if it is all.
pub(super) fn percent(part: usize, whole: usize) -> String {
    if part == whole {
        return "100 %".to_owned();
    }
    let tenths = part * 1000 / whole.max(1);
    format!("{}.{} %", tenths / 10, tenths % 10)
}

impl CoverageReport {
    /// For each test of a rule whether it is yet to be seen deciding by holding, and by not holding.
    pub(super) fn missing(&self, rule: &RuleId) -> Vec<(bool, bool)> {
        let row = self.rows.iter().find(|row| row.rule == *rule);
        let atoms = row.map_or(&[][..], |row| &row.atoms).iter();
        atoms.map(|a| (a.is_open() && a.seen.held == 0, a.is_open() && a.seen.failed == 0)).collect()
    }

    pub(super) fn is_complete(&self) -> bool {
        self.stale.is_empty() && !self.rows.iter().any(Covered::is_open)
    }

    fn atoms(&self) -> impl Iterator<Item = &Atom> {
        self.rows.iter().flat_map(|row| &row.atoms)
    }

    fn figures(&self) -> [usize; 6] {
        let count = |keep: fn(&Covered) -> bool| self.rows.iter().filter(|row| keep(row)).count();
        [
            self.rows.len(),
            count(|row| row.fired > 0),
            count(|row| row.quiet > 0),
            self.atoms().count(),
            self.atoms().filter(|atom| atom.seen.is_both()).count(),
            self.atoms().filter(|atom| !atom.seen.is_both() && atom.reason.is_some()).count(),
        ]
    }

    pub(super) fn text(&self) -> String {
        let [rules, fired, quiet, atoms, both, excused] = self.figures();
        let mut out = format!(
            "coverage: of {rules} rules {fired} fired, {quiet} were judged without firing; {both} of {atoms} tests ({}) decided both ways",
            percent(both, atoms)
        );
        out.push_str(&if excused > 0 { format!(", {excused} excused\n") } else { "\n".to_owned() });
        for row in self.rows.iter().filter(|row| row.is_open()) {
            let _ = writeln!(out, "  {} ({})", row.rule, row.table);
            if row.fired == 0 {
                out.push_str("    never fired\n");
            }
            if row.is_never_quiet() {
                out.push_str("    fired whenever it was judged\n");
            }
            for atom in row.atoms.iter().filter(|atom| atom.is_open()) {
                let never = match (atom.seen.held, atom.seen.failed) {
                    (0, 0) => "never decided",
                    (0, _) => "never decided by holding",
                    _ => "never decided by not holding",
                };
                let _ = writeln!(out, "    {never}: {}", atom.text);
            }
        }
        for stale in &self.stale {
            let _ = writeln!(out, "  excused without need: {stale}");
        }
        out
    }

    pub(super) fn json(&self) -> Value {
        let [rules, fired, quiet, atoms, both, excused] = self.figures();
        let rows = self.rows.iter().map(|row| {
            let atoms = row.atoms.iter().map(|atom| {
                json!({
                    "test": atom.text,
                    "decided_by_holding": atom.seen.held,
                    "decided_by_not_holding": atom.seen.failed,
                    "excused": atom.reason,
                })
            });
            json!({
                "rule": row.rule.as_str(),
                "table": row.table,
                "fired": row.fired,
                "not_fired": row.quiet,
                "tests": atoms.collect::<Vec<_>>(),
            })
        });
        json!({
            "rules": rules, "fired": fired, "not_fired": quiet,
            "tests": atoms, "decided_both_ways": both, "excused": excused,
            "excused_without_need": self.stale,
            "rows": rows.collect::<Vec<_>>(),
        })
    }
}
