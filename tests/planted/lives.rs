//! Flaws in the tables of machines, errors and flows, planted in their texts.

use std::sync::LazyLock;

use plimsoll::lifecycle::{Flow, Lifecycle};
use plimsoll::prove::{DEFAULT_STEPS, Prover, Verdict, life_diff};
use plimsoll::table::Catalog;

use super::{Fate, Flaw, plant};

/// The texts, by their names in spec/.
const TEXTS: [(&str, &str); 11] = [
    ("spec/lifecycle/errors.toml", include_str!("../../spec/lifecycle/errors.toml")),
    ("spec/lifecycle/init.toml", include_str!("../../spec/lifecycle/init.toml")),
    ("spec/lifecycle/exec.toml", include_str!("../../spec/lifecycle/exec.toml")),
    ("spec/flows/container-create.toml", include_str!("../../spec/flows/container-create.toml")),
    ("spec/flows/task-start-up.toml", include_str!("../../spec/flows/task-start-up.toml")),
    ("spec/flows/task-create.toml", include_str!("../../spec/flows/task-create.toml")),
    ("spec/flows/task-delete.toml", include_str!("../../spec/flows/task-delete.toml")),
    ("spec/flows/shim-create.toml", include_str!("../../spec/flows/shim-create.toml")),
    ("spec/flows/shim-restore.toml", include_str!("../../spec/flows/shim-restore.toml")),
    ("spec/flows/shim-checkpoint.toml", include_str!("../../spec/flows/shim-checkpoint.toml")),
    ("spec/flows/shim-delete.toml", include_str!("../../spec/flows/shim-delete.toml")),
];

/// Keys whose values are for people, and do nothing.
const FOR_PEOPLE: [&str; 15] = [
    "doc", "title", "why", "help", "source", "evidence", "does", "id", "line", "since", "class", "default",
    "type", "runs", "swallows",
];

static CATALOG: LazyLock<Catalog> = LazyLock::new(|| Catalog::builtin().unwrap());
static BUILTIN: LazyLock<(Lifecycle, Vec<Flow>)> =
    LazyLock::new(|| (Lifecycle::builtin().unwrap(), Flow::builtin().unwrap()));

/// A text with a flaw in it.
struct Planted {
    flaw: Flaw,
    name: &'static str,
    text: String,
}

/// Lines of a text that make up an entry: a row of a machine stands on one, other tables on several.
fn entries(text: &str) -> Vec<(usize, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut out = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let line = lines[at];
        let begins = |line: &str| line.starts_with("[[");
        if begins(line) {
            let end = (at + 1..lines.len()).find(|end| lines[*end].is_empty() || begins(lines[*end]));
            out.push((at, end.unwrap_or(lines.len())));
        } else if line.contains("{ id = \"") {
            out.push((at, at + 1));
        }
        at += 1;
    }
    out
}

/// The id that stands in an entry.
fn id(lines: &[&str]) -> String {
    let line = lines.iter().find(|line| line.contains("id ") && line.contains('"')).unwrap();
    let rest = line.split_once("id ").unwrap().1;
    rest.split('"').nth(1).unwrap().to_owned()
}

/// Every flaw: an entry left out, an entry there twice under another name, a literal changed, a word of truth turned.
fn flaws() -> Vec<Planted> {
    let mut out = Vec::new();
    for (name, text) in TEXTS {
        let lines: Vec<&str> = text.lines().collect();
        let short = name.rsplit('/').next().unwrap();
        for (start, end) in entries(text) {
            let entry = &lines[start..end];
            let at = format!("{short} {}", id(entry));
            let mut add = |what: String, new: Vec<String>| {
                let all = lines[..start].iter().map(ToString::to_string).chain(new);
                let all: Vec<String> = all.chain(lines[end..].iter().map(ToString::to_string)).collect();
                out.push(Planted { flaw: Flaw { at: at.clone(), what }, name, text: all.join("\n") + "\n" });
            };
            add("left out".to_owned(), Vec::new());
            let second = |line: &str| line.replacen(&format!("\"{}\"", id(entry)), "\"LI999\"", 1);
            let twice = entry.iter().map(ToString::to_string).chain(entry.iter().map(|line| second(line)));
            add("there twice".to_owned(), twice.collect());
            for (number, line) in entry.iter().enumerate() {
                for (what, changed) in changes(line) {
                    let mut new: Vec<String> = entry.iter().map(ToString::to_string).collect();
                    new[number] = changed;
                    add(what, new);
                }
            }
        }
    }
    out
}

/// A line with one literal changed: each text behind a key that does something, and each `true`, with what was done.
fn changes(line: &str) -> Vec<(String, String)> {
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(open) = line[at..].find('"').map(|open| at + open) {
        let Some(close) = line[open + 1..].find('"').map(|close| open + 1 + close) else { break };
        let key = key(&line[..open]);
        if !FOR_PEOPLE.contains(&key) {
            let inside = &line[open + 1..close];
            // A state becomes another one; anything else gets a letter more.
            let other = match (key, inside) {
                ("next", "running") => "stopped".to_owned(),
                ("next", _) => "running".to_owned(),
                ("when", _) if inside.starts_with('!') => inside[1..].to_owned(),
                ("when", _) => format!("!({inside})"),
                _ => format!("{inside}x"),
            };
            out.push((
                format!("{key}: {inside} -> {other}"),
                format!("{}{other}{}", &line[..=open], &line[close..]),
            ));
        }
        at = close + 1;
    }
    for (from, to) in [("= true", "= false"), ("= false", "= true")] {
        for (found, _) in line.match_indices(from) {
            let changed = format!("{}{to}{}", &line[..found], &line[found + from.len()..]);
            out.push((format!("{}{from} -> {}", key(&line[..found]), &to[2..]), changed));
        }
    }
    out
}

/// The key in front of a value, or of the list that it stands in.
fn key(before: &str) -> &str {
    let before = before.trim_end();
    // Inside a list the key stands in front of its bracket.
    let before = match before.rfind('[') {
        Some(open) if !before[open..].contains(']') && before[..open].trim_end().ends_with('=') => {
            &before[..open]
        }
        _ => before,
    };
    let before = before.trim_end().trim_end_matches('=').trim_end();
    before.rsplit(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default()
}

fn one(planted: &Planted) -> Vec<(Flaw, Fate)> {
    vec![(planted.flaw.clone(), fate(planted))]
}

fn fate(planted: &Planted) -> Fate {
    let other = |name: &str| (name == planted.name).then(|| planted.text.clone());
    let (Ok(lifecycle), Ok(flows)) = (Lifecycle::builtin_with(&other), Flow::builtin_with(&other)) else {
        return Fate::Caught("when it is loaded");
    };
    let found = life_diff((&BUILTIN.0, &BUILTIN.1), (&lifecycle, &flows));
    let differs = found.iter().find(|one| one.before != one.after);
    match (proved(lifecycle, flows), differs) {
        (true, None) => Fate::Missed("equivalent, it says".to_owned()),
        (true, Some(_)) => Fate::Caught("by diff, with a trace"),
        (false, Some(_)) => Fate::Caught("by prove, and by diff"),
        (false, None) => Fate::Caught("by prove"),
    }
}

/// Whether the theorems about machines and flows come out as listed.
fn proved(lifecycle: Lifecycle, flows: Vec<Flow>) -> bool {
    let Ok(prover) = Prover::with(&CATALOG, lifecycle, flows, None, DEFAULT_STEPS) else { return false };
    let about = |theorem: &&plimsoll::prove::Theorem| theorem.is_about_life();
    prover.theorems().iter().filter(about).all(|theorem| {
        let wanted = match theorem.holds {
            Some(true) => Verdict::Holds,
            Some(false) => Verdict::Refuted,
            None => Verdict::Undecided,
        };
        prover.prove(theorem).verdict == wanted
    })
}

#[test]
fn a_share_of_the_flaws_in_machines_and_flows_is_noticed() {
    plant(&flaws(), 24, one);
}

#[test]
#[ignore = "a minute"]
fn flaws_in_machines_and_flows_are_noticed() {
    plant(&flaws(), 1, one);
}
