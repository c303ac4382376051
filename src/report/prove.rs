//! What was proved, as text and as JSON.

use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::prove::{Case, Proof, Theorem, Verdict, Witness};
use crate::source::{printable, to_json_pretty, wrap};

/// A theorem, what became of it, and how long that took.
#[derive(Debug)]
pub struct Proved<'p> {
    /// The theorem.
    pub theorem: &'p Theorem,
    /// What became of it.
    pub proof: Proof,
    /// How long it took.
    pub time: Duration,
}

/// What is taken for granted or left open, said with every report.
pub const NOT_PROVED: [&str; 5] = [
    "The proofs are about the rules: that they say what the real programs do rests on recorded cases.",
    "Facts of the machine are free: each may be told, with any value, or not told.",
    "What loading a document finds (`load.*`) is free too; where it matters, documents come from the examples of the rules.",
    "Versions that know different keys are compared key by key where loading is concerned (a scalar or list under a key that a version does not know is refused by it), and row by row otherwise.",
    "Most views are known by trying only: nothing is called impossible because of what they give, except where that is modelled exactly.",
];

impl Proved<'_> {
    /// Whether it came out as the theorem says.
    #[must_use]
    pub fn as_expected(&self) -> bool {
        match self.proof.verdict {
            Verdict::Holds => self.theorem.holds != Some(false),
            Verdict::Refuted => self.theorem.holds == Some(false),
            Verdict::Undecided => self.theorem.holds.is_none(),
        }
    }

    fn word(&self) -> &'static str {
        match (self.proof.verdict, self.as_expected()) {
            (Verdict::Holds, true) => "holds",
            (Verdict::Holds, false) => "holds, against what is listed",
            (Verdict::Refuted, true) => "refuted, as listed",
            (Verdict::Refuted, false) => "refuted",
            (Verdict::Undecided, true) => "open, as listed",
            (Verdict::Undecided, false) => "undecided",
        }
    }
}

fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Holds => "holds",
        Verdict::Refuted => "refuted",
        Verdict::Undecided => "undecided",
    }
}

/// For people. `elapsed` is how long it took altogether; without it no times are told, where the text is to be the same
/// every time.
#[must_use]
pub fn prove_human(proved: &[Proved<'_>], elapsed: Option<Duration>) -> String {
    let times = elapsed.is_some();
    let mut out = String::new();
    for one in proved {
        let time = if times { format!("  ({} ms)", one.time.as_millis()) } else { String::new() };
        out.push_str(&format!("{}: {}{time}\n", one.theorem.id, one.word()));
        for line in wrap(&one.theorem.statement, 96).lines() {
            out.push_str(&format!("    {line}\n"));
        }
        let quiet = |case: &&Case| case.fits && case.witness.is_none();
        let mut proved: Vec<&str> =
            one.proof.cases.iter().filter(quiet).map(|c| c.profile.as_str()).collect();
        proved.dedup();
        if !proved.is_empty() {
            out.push_str(&format!("    proved for {}\n", proved.join(", ")));
        }
        for case in one.proof.cases.iter().filter(|case| !quiet(case)) {
            out.push_str(&case_human(case));
        }
    }
    let count = |word: &str| proved.iter().filter(|p| p.word() == word).count();
    let questions: usize = proved.iter().map(|p| p.proof.questions).sum();
    let undecided = proved.iter().filter(|p| p.proof.verdict == Verdict::Undecided).count();
    let wrong = proved.iter().filter(|p| !p.as_expected()).count();
    out.push_str(&format!(
        "\n{} theorem{}: {} hold, {} refuted as listed, {} not as listed, {undecided} undecided; {questions} questions",
        proved.len(),
        if proved.len() == 1 { "" } else { "s" },
        count("holds"),
        count("refuted, as listed"),
        wrong,
    ));
    out.push_str(&elapsed.map_or_else(|| "\n".to_owned(), |all| format!(" in {} ms\n", all.as_millis())));
    out.push_str("\nNot proved:\n");
    let open = open(proved);
    let open =
        if open.is_empty() { None } else { Some(format!("What stays undecided: {}.", open.join(", "))) };
    for line in open.iter().map(String::as_str).chain(NOT_PROVED) {
        for (number, line) in wrap(line, 96).lines().enumerate() {
            out.push_str(&format!("  {} {line}\n", if number == 0 { "-" } else { " " }));
        }
    }
    out
}

/// The theorems that stay undecided.
fn open<'p>(proved: &[Proved<'p>]) -> Vec<&'p str> {
    let open = proved.iter().filter(|one| one.proof.verdict == Verdict::Undecided);
    open.map(|one| one.theorem.id.as_str()).collect()
}

/// One case, indented.
pub(crate) fn case_human(case: &Case) -> String {
    let mut out = String::new();
    let about = if case.about.is_empty() { String::new() } else { format!(" {}", case.about) };
    out.push_str(&format!("    {}{about}:", case.profile));
    match &case.witness {
        Some(witness) => {
            out.push_str(&format!(" {}\n", witness_human(witness)));
        }
        None if case.doubts.is_empty() => out.push_str(" there is no such document\n"),
        None => out.push_str(&format!(" not known: {}\n", case.doubts.join("; "))),
    }
    out
}

/// What is told besides a document.
fn beside(witness: &Witness) -> [(&'static str, &Option<Json>); 5] {
    [
        ("daemon", &witness.daemon),
        ("image", &witness.image),
        ("host", &witness.host),
        ("request", &witness.http),
        ("answer", &witness.answer),
    ]
}

/// A witness in one line.
pub(crate) fn witness_human(witness: &Witness) -> String {
    let mut out = printable(&String::from_utf8_lossy(&witness.text())).into_owned();
    if let Some(printed) = &witness.features {
        out.push_str(&format!("  with features {}", printable(&String::from_utf8_lossy(printed))));
    }
    for (name, json) in beside(witness) {
        if let Some(json) = json {
            out.push_str(&format!("  with {name} {}", printable(&json.to_string())));
        }
    }
    out
}

/// For programs: one JSON document. `tables` is what was found of tables on top.
#[must_use]
pub fn prove_json(proved: &[Proved<'_>], tables: Option<Json>) -> String {
    let theorems: Vec<Json> = proved
        .iter()
        .map(|one| {
            json!({
                "id": one.theorem.id,
                "statement": one.theorem.statement,
                "source": one.theorem.source,
                "verdict": verdict(one.proof.verdict),
                "as_expected": one.as_expected(),
                "questions": one.proof.questions,
                "milliseconds": u64::try_from(one.time.as_millis()).unwrap_or(u64::MAX),
                "cases": one.proof.cases.iter().map(case_json).collect::<Vec<_>>(),
            })
        })
        .collect();
    to_json_pretty(
        &json!({ "theorems": theorems, "tables": tables, "undecided": open(proved), "not_proved": NOT_PROVED }),
    ) + "\n"
}

/// A case as JSON.
pub(crate) fn case_json(case: &Case) -> Json {
    json!({
        "profile": case.profile,
        "about": case.about,
        "fits": case.fits,
        "witness": case.witness.as_ref().map(|w| witness_json(w)),
        "doubts": case.doubts,
    })
}

/// A witness in the form of a case of `plimsoll test`.
pub(crate) fn witness_json(witness: &Witness) -> Json {
    let mut context = serde_json::Map::new();
    if let Some(printed) = &witness.features {
        context.insert("features".to_owned(), String::from_utf8_lossy(printed).into());
    }
    for (name, json) in beside(witness) {
        if let Some(json) = json {
            context.insert(name.to_owned(), json.clone());
        }
    }
    match &witness.raw {
        Some(raw) => json!({ "raw_base64": data_encoding::BASE64.encode(raw), "context": context }),
        None => json!({ "input": witness.document, "context": context }),
    }
}
