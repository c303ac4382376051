//! How proofs grow with the table: `cargo bench --bench prove -- spec/growth.md` writes times, sizes and a plot.
//!
//! Of two tables the second lacks the row in the middle, or the first has it twice. Asked is for a document that the missing row denies
//! and no other does: so every row of both takes part, and the answer is a document, or a proof that there is none. The size is
//! the least budget of steps, doubled from 1,000, that the answer needs: it is the same on every machine.

use std::fmt::Write;
use std::time::Instant;

use plimsoll::prove::{Direction, ProgramDiff, diff};
use plimsoll::subject::Kind;
use plimsoll::table::Catalog;

const PROFILE: &str = "moby-28";
const SIZES: [usize; 3] = [10, 100, 1000];
/// Beyond this a table is said to take more: so the whole takes some ten minutes at most.
const MOST: u64 = 1000 << 15;

/// What rows are about, and the condition of the n-th.
type Family = (&'static str, fn(usize) -> String);

const FAMILIES: [Family; 6] = [
    ("one integer", |n| format!("mtu == {}", n + 2000)),
    ("two integers", |n| format!("mtu > max-concurrent-downloads && mtu == {}", n + 2000)),
    ("one string", |n| format!("bridge == 'br{n}'")),
    ("beginnings of one string", |n| format!("bridge.startsWith('b{n}-')")),
    ("elements of a list", |n| format!("hosts.exists(h, h == 'tcp://h{n}')")),
    ("entries of a map", |n| {
        format!("runtimes.exists(n, r, r.path == '/bin/r{n}' && r.runtimeArgs.size() > 0)")
    }),
];

/// Where it blows up: so many quantifiers over one map, each about another entry than the one before.
fn chain(n: usize) -> String {
    let open: String = (0..n)
        .map(|k| {
            let other = k
                .checked_sub(1)
                .map_or_else(String::new, |b| format!("n{k} != n{b} && r{k}.path == n{b} && "));
            format!("runtimes.exists(n{k}, r{k}, {other}")
        })
        .collect();
    format!("{open}true{}", ")".repeat(n))
}

fn catalog(builtin: &Catalog, conditions: &[String]) -> Result<Catalog, String> {
    let mut text = "[table]\nid = 'ours'\nsubject = 'daemon'\nline = 'moby'\nsource = 'bench'\n".to_owned();
    for (n, when) in conditions.iter().enumerate() {
        let id = format!("X{}{:03}", char::from(b'A' + u8::try_from(n / 500).unwrap_or(0)), n % 500);
        write!(
            text,
            "[[rule]]\nid = '{id}'\ntitle = 't'\nstage = 9000\neffect = 'deny'\nwhen = \"{when}\"\nmessage = 'm'\n\
             why = 'w'\nhelp = 'h'\nevidence = 'read'\nsince = 'moby-28'\nbad = ['{{}}']\ngood = ['{{}}']\n",
        )
        .map_err(|e| e.to_string())?;
    }
    builtin.with_table("bench.toml", &text).map_err(|error| error.problems[0].message.clone())
}

struct Figure {
    answer: &'static str,
    steps: Option<u64>,
    milliseconds: u128,
}

/// The least budget with which `ask` has an answer, and the time of that.
fn measure(ask: impl Fn(u64) -> ProgramDiff) -> Figure {
    let mut steps = 1000;
    loop {
        let start = Instant::now();
        let found = ask(steps);
        let milliseconds = start.elapsed().as_millis();
        let over =
            found.differences.iter().any(|d| d.doubts.iter().any(|doubt| doubt.starts_with("over budget")));
        let answer = match (found.is_undecided(), found.has(Direction::NewlyAllowed)) {
            (true, _) if over => "over budget",
            (true, _) => "not known",
            (false, true) => "a document",
            (false, false) => "proved",
        };
        if !over || steps >= MOST {
            return Figure { answer, steps: (!over).then_some(steps), milliseconds };
        }
        steps *= 2;
    }
}

/// The figures so far, and where they are written.
struct Out {
    path: Option<String>,
    text: String,
}

impl Out {
    fn line(&mut self, what: &str, size: usize, figure: &Figure) {
        let (steps, bar) = match figure.steps {
            Some(steps) => (steps.to_string(), "#".repeat((steps / 1000).ilog2() as usize + 1)),
            None => (format!("over {MOST}"), "#".repeat((MOST / 1000).ilog2() as usize + 1) + "…"),
        };
        println!("{what}, {size}: {}, {steps} steps, {} ms", figure.answer, figure.milliseconds);
        let Figure { answer, milliseconds, .. } = figure;
        writeln!(self.text, "{what:<34} {size:>5}  {answer:<11} {steps:>15} {milliseconds:>8}  {bar}")
            .unwrap();
    }

    /// Puts what there is into the file: whoever stops the run has that much.
    fn write(&self) {
        let Some(path) = &self.path else { return };
        let text = std::fs::read_to_string(path).unwrap();
        let (head, rest) = text.split_once("```text\n").expect("the file has a block for the figures");
        let (_, tail) = rest.split_once("```").expect("the block ends");
        std::fs::write(path, format!("{head}```text\n{}```{tail}", self.text)).unwrap();
    }
}

fn main() {
    let builtin = Catalog::builtin().unwrap();
    let compare = |old: &[String], new: &[String]| {
        let (old, new) = (catalog(&builtin, old).unwrap(), catalog(&builtin, new).unwrap());
        measure(|steps| diff((&old, PROFILE), (&new, PROFILE), Some(Kind::Daemon), steps))
    };
    let path = std::env::args().skip(1).find(|arg| arg.ends_with(".md"));
    let mut out = Out { path, text: String::new() };
    writeln!(out.text, "{:<34} {:>5}  {:<11} {:>15} {:>8}", "rows about", "rows", "answer", "steps", "ms")
        .unwrap();
    for (name, condition) in FAMILIES {
        for size in SIZES {
            let rows: Vec<String> = (0..size).map(condition).collect();
            let less: Vec<String> =
                rows.iter().enumerate().filter(|(n, _)| *n != size / 2).map(|(_, r)| r.clone()).collect();
            let mut twice = rows.clone();
            // In other words: what is written alike is not asked.
            let same = &rows[size / 2];
            twice.push(format!("({same}) && debug || ({same}) && !debug"));
            out.line(name, size, &compare(&rows, &less));
            out.line(&format!("{name}, one twice"), size, &compare(&twice, &rows));
        }
        out.write();
    }
    for size in 1..=6 {
        let rows = ["mtu == 7".to_owned(), chain(size)];
        out.line("entries that ask for another", size, &compare(&rows, &rows[..1]));
    }
    out.write();
}
