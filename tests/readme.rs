//! What README.md shows is what happens.
//!
//! The Rust example runs as a doctest of the crate. `UPDATE_README=1 cargo test --test readme` writes the outputs anew.
#![cfg(all(feature = "cli", unix))]
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::process::Command;

/// A fenced block: its language and its lines.
struct Block {
    language: String,
    lines: Vec<String>,
}

/// The README in parts: text, and blocks between the fences.
fn parts(text: &str) -> Vec<Result<String, Block>> {
    let mut parts = Vec::new();
    let mut block: Option<Block> = None;
    for line in text.lines() {
        match (&mut block, line.strip_prefix("```")) {
            (None, Some(language)) => {
                block = Some(Block { language: language.to_owned(), lines: Vec::new() })
            }
            (None, None) => parts.push(Ok(line.to_owned())),
            (Some(_), Some(_)) => parts.extend(block.take().map(Err)),
            (Some(block), None) => block.lines.push(line.to_owned()),
        }
    }
    parts
}

fn output(command: &str) -> Vec<String> {
    let binary = Path::new(env!("CARGO_BIN_EXE_plimsoll"));
    let folder = binary.parent().unwrap().to_str().unwrap();
    let path = format!("{folder}:{}", std::env::var("PATH").unwrap());
    let output = Command::new("sh")
        .args(["-c", &format!("{command} 2>&1")])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("PATH", path)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.trim_end().lines().map(|line| line.trim_end().to_owned()).collect()
}

/// The text as it would be if every output in it were made now.
fn renewed(text: &str) -> String {
    let mut out = String::new();
    let mut first: Option<String> = None;
    for part in parts(text) {
        let Block { language, mut lines } = match part {
            Ok(line) => {
                out.push_str(&line);
                out.push('\n');
                continue;
            }
            Err(block) => block,
        };
        match language.as_str() {
            "sh" if first.is_none() => {
                let command = lines.first().unwrap().strip_prefix("cargo run --release -- ").unwrap();
                assert_eq!(lines.last().unwrap(), "cargo test");
                first = Some(format!("plimsoll {command}"));
            }
            "text" => lines = output(first.as_deref().unwrap()),
            "console" => {
                lines.retain(|line| line.starts_with("$ "));
                lines = lines
                    .into_iter()
                    .flat_map(|line| {
                        let shown = output(line.trim_start_matches("$ "));
                        std::iter::once(line).chain(shown)
                    })
                    .collect();
            }
            _ => {}
        }
        out.push_str(&format!("```{language}\n"));
        for line in lines {
            out.push_str(&line);
            out.push('\n');
        }
        out.push_str("```\n");
    }
    out
}

#[test]
fn outputs_are_those_of_the_program() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let text = std::fs::read_to_string(path).unwrap();
    let renewed = renewed(&text);
    if std::env::var_os("UPDATE_README").is_some() {
        std::fs::write(path, renewed).unwrap();
    } else if text != renewed {
        let differing = text.lines().zip(renewed.lines()).find(|(old, new)| old != new);
        panic!("README.md shows something else, first {differing:#?}; UPDATE_README=1 writes it anew");
    }
}

#[test]
fn its_table_is_a_table() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let table =
        parts(&text).into_iter().filter_map(Result::err).find(|block| block.language == "toml").unwrap();
    let catalog = plimsoll::table::Catalog::builtin().unwrap();
    if let Err(error) = catalog.with_table("README.md", &table.lines.join("\n")) {
        panic!("{:#?}", error.problems);
    }
}

#[test]
fn links_lead_somewhere() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
        assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join(target).exists(), "{target}");
    }
}
