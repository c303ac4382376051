//! Every law of `tests/laws` on random bytes, on the seeds of its fuzz target, and on what once failed
//! (`tests/regressions/<law>/`).
//!
//! `LAW_CASES=100000 cargo test --release --test laws` tries more.

#[path = "laws/mod.rs"]
mod laws;

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use proptest::test_runner::{TestError, TestRunner};
use quickcheck::QuickCheck;

/// The files of a folder, which need not be there.
fn files(folder: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<_> =
        entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file()).collect();
    paths.sort();
    paths.into_iter().map(|path| (path.display().to_string(), fs::read(&path).unwrap())).collect()
}

#[test]
fn laws_hold_on_the_seeds_and_on_what_once_failed() {
    for (name, law) in laws::LAWS {
        for folder in [format!("fuzz/seeds/{name}"), format!("tests/regressions/{name}")] {
            for (path, bytes) in files(&folder) {
                let held = std::panic::catch_unwind(|| law(&bytes));
                assert!(held.is_ok(), "{name} fails on {path}");
            }
        }
    }
}

/// How many random inputs each law is tried on: the slow ones on fewer.
fn cases(name: &str) -> u32 {
    let asked = std::env::var("LAW_CASES").ok().and_then(|n| n.parse().ok());
    let usual = match name {
        "engine" | "table" => 40,
        _ => 200,
    };
    asked.unwrap_or(usual)
}

#[test]
fn laws_hold_on_random_bytes() {
    let texts = ["expr", "name", "table", "case"];
    for (name, law) in laws::LAWS {
        let config =
            ProptestConfig { cases: cases(name), failure_persistence: None, ..ProptestConfig::default() };
        let bytes = prop::collection::vec(any::<u8>(), 0..900);
        let text = ".{0,60}".prop_map(String::into_bytes);
        let input = if texts.contains(&name) { text.boxed() } else { bytes.boxed() };
        let tried = TestRunner::new(config).run(&input, |bytes| {
            law(&bytes);
            Ok(())
        });
        if let Err(TestError::Fail(why, bytes)) = tried {
            let kept = std::env::temp_dir().join(format!("plimsoll-law-{name}"));
            fs::write(&kept, bytes).unwrap();
            panic!("{name}: {why}\nthe input is in {}; keep it in tests/regressions/{name}/", kept.display());
        }
    }
}

#[test]
fn quickcheck_drives_the_same_laws() {
    fn neutral(bytes: Vec<u8>) -> bool {
        laws::law("neutral")(&bytes);
        true
    }
    QuickCheck::new().tests(200).quickcheck(neutral as fn(Vec<u8>) -> bool);
}

#[test]
fn every_law_has_a_fuzz_target() {
    let manifest = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/Cargo.toml")).unwrap();
    for (name, _) in laws::LAWS {
        assert!(manifest.contains(&format!("name = \"{name}\"\n")), "{name}");
    }
    // `cel` needs a crate that only the fuzzing has: its law stands beside the target.
    assert_eq!(manifest.matches("[[bin]]").count(), laws::LAWS.len() + 1);
}

/// `fuzz/planted` replaces a text in a file: it must be there, once, or nothing would be planted.
#[test]
fn every_law_has_a_bug_to_find() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let bugs = fs::read_to_string(root.join("fuzz/planted-bugs.tsv")).unwrap();
    let bugs = bugs.lines().filter(|line| !line.starts_with('#'));
    let bugs: Vec<Vec<&str>> = bugs.map(|line| line.split('\t').collect()).collect();
    for (name, _) in laws::LAWS {
        assert!(bugs.iter().any(|bug| bug[0] == name), "{name}");
    }
    for bug in bugs {
        let [target, file, from, to] = bug[..] else { panic!("{bug:?}") };
        let text = fs::read_to_string(root.join(file)).unwrap();
        assert!(text.matches(from).count() == 1 && from != to, "{target}: {file}");
    }
}
