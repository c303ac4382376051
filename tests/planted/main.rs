//! Would a flaw in a built-in table be noticed? Plants one at a time, and asks the proofs.
//!
//! `cargo test --test planted` plants a share of them; all of them:
//! `cargo test --release --test planted -- --ignored --nocapture`; one in twenty with `PLANTED_SHARE=20`,
//! those of rows whose ids begin so with `PLANTED_AT=CR`.
#![cfg(feature = "prove")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod lives;
mod rules;
mod witness;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Mutex;

/// Flaws that the proofs do not notice, each with its reason.
const UNCAUGHT: &str = include_str!("uncaught.tsv");

/// Where a flaw was planted, and what it is: a line of `uncaught.tsv` without the reason.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Flaw {
    /// The row, or the place in a table.
    at: String,
    /// What was changed.
    what: String,
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\t{}", self.at, self.what)
    }
}

/// What became of a flaw.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Fate {
    /// A table that does not load, a theorem that comes out otherwise, a difference with a witness.
    Caught(&'static str),
    /// It is said not to be known whether it matters, and why not.
    Unknown(String),
    /// Nothing noticed it, and why.
    Missed(String),
    /// It was noticed, and what was shown for it is wrong.
    Wrong(String),
}

/// Plants flaws on two threads, and holds those that are missed against the list; `share`: one in so many, or as
/// `PLANTED_SHARE` says.
fn plant<T: Sync>(all: &[T], share: usize, one: impl Fn(&T) -> Vec<(Flaw, Fate)> + Sync) {
    let share = std::env::var("PLANTED_SHARE").ok().and_then(|n| n.parse().ok()).unwrap_or(share);
    let next = Mutex::new(0_usize);
    let fates: Mutex<Vec<(Flaw, Fate)>> = Mutex::default();
    let work = || loop {
        let at = {
            let mut next = next.lock().unwrap();
            *next += 1;
            *next - 1
        };
        let Some(target) = all.get(at * share + share / 2) else { return };
        let found = one(target);
        fates.lock().unwrap().extend(found);
    };
    std::thread::scope(|scope| {
        scope.spawn(work);
        scope.spawn(work);
    });
    let fates = fates.into_inner().unwrap();
    assert!(!fates.is_empty());
    let listed: BTreeSet<(&str, &str)> = UNCAUGHT
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| {
            let mut parts = line.splitn(3, '\t');
            let (at, what, why) = (parts.next()?, parts.next()?, parts.next()?);
            assert!(!why.trim().is_empty(), "no reason: {line}");
            Some((at, what))
        })
        .collect();
    let mut by: BTreeMap<&str, usize> = BTreeMap::new();
    let mut problems = Vec::new();
    for (flaw, fate) in &fates {
        let known = listed.contains(&(flaw.at.as_str(), flaw.what.as_str()));
        match fate {
            Fate::Caught(how) => {
                *by.entry(how).or_insert(0) += 1;
                if known {
                    problems.push(format!("caught, and listed as missed:\t{flaw}"));
                }
            }
            Fate::Unknown(why) => {
                *by.entry("by diff, which says that it does not know").or_insert(0) += 1;
                println!("not known:\t{flaw}\t{why}");
                if known {
                    problems.push(format!("not known, and listed as missed:\t{flaw}"));
                }
            }
            Fate::Missed(why) => {
                *by.entry("missed").or_insert(0) += 1;
                if !known {
                    problems.push(format!("missed:\t{flaw}\t{why}"));
                }
            }
            Fate::Wrong(why) => problems.push(format!("wrong:\t{flaw}\t{why}")),
        }
    }
    println!("{} flaws planted: {by:?}", fates.len());
    assert!(problems.is_empty(), "{} of {}:\n{}", problems.len(), fates.len(), problems.join("\n"));
}
