//! What judging costs, beside a hand-written function of the same checks, in one run: `cargo bench`.
//!
//! Machines are noisy, so each figure is the best of several rounds, and the ratio is what counts.

use std::hint::black_box;
use std::time::Instant;

use plimsoll::engine::{Budget, Program, Verdict};
use plimsoll::facts::{Facts, Limits, decode, load_create, load_daemon};
use plimsoll::schema::Schema;
use plimsoll::subject::{Admission, Kind, Policy, Request};
use plimsoll::table::Catalog;

const PROFILE: &str = "moby-28";

/// The rows of `setupRuntimes` about one entry by itself.
const ENTRY_RULES: [&str; 5] = ["RT003", "RT004", "RT005", "RT010", "RT011"];

/// Nanoseconds of one call: the best of nine rounds.
fn time<T>(mut call: impl FnMut() -> T) -> f64 {
    let mut calls = 1_u32;
    // As many calls as take about five milliseconds.
    while {
        let start = Instant::now();
        (0..calls).for_each(|_| drop(black_box(call())));
        start.elapsed().as_micros() < 5_000 && calls < 1 << 22
    } {
        calls *= 2;
    }
    let round = |call: &mut dyn FnMut() -> T| {
        let start = Instant::now();
        (0..calls).for_each(|_| drop(black_box(call())));
        start.elapsed().as_secs_f64() * 1e9 / f64::from(calls)
    };
    (0..9).map(|_| round(&mut call)).fold(f64::MAX, f64::min)
}

fn schema(catalog: &Catalog, id: &str) -> Schema {
    catalog.schema(id).unwrap().at_profile(&|p| catalog.profiles().at_least(PROFILE, p))
}

/// `Get`, written by hand.
#[inline(never)]
fn name_by_hand(name: &[u8], configured: &[&[u8]]) -> bool {
    name == b"runc"
        || name == b"io.containerd.runc.v2"
        || configured.contains(&name)
        || (!name.contains(&b'/') && name.contains(&b'.') && !name.starts_with(b"."))
}

struct Entry<'e> {
    path: &'e [u8],
    args: Vec<&'e [u8]>,
    runtime_type: &'e [u8],
    options: usize,
}

/// The five checks of an entry, written by hand: the number of the first that fails. Called, as a rule is, for one
/// entry after the other; inlined, the loop would turn into something else.
#[inline(never)]
fn entry_by_hand(entry: &Entry<'_>) -> u8 {
    let (path, shim) = (!entry.path.is_empty(), !entry.runtime_type.is_empty());
    match () {
        () if !path && !shim => 1,
        () if path && shim => 2,
        () if path && entry.options > 0 => 3,
        () if !path && !entry.args.is_empty() => 4,
        () if !path && entry.options > 0 => 5,
        () => 0,
    }
}

fn show(what: &str, ours: f64, by_hand: Option<f64>) {
    match by_hand {
        Some(hand) => {
            println!("{what:<46} {ours:>10.1} ns   by hand {hand:>7.2} ns   {:>6.1} ×", ours / hand)
        }
        None => println!("{what:<46} {ours:>10.1} ns"),
    }
}

/// A body that is allowed.
fn create(catalog: &Catalog, policy: &Policy, size: &str, body: &[u8]) {
    let (limits, budget) = (Limits::default(), Budget::default());
    let surroundings = Request {
        host: Some(include_bytes!("host.json")),
        image: Some(b"null"),
        ..Request::new(Kind::Create, body)
    };
    assert_eq!(policy.decide(&surroundings, &budget).unwrap().verdict, Verdict::Allow);
    let admission = Admission::new(policy, &surroundings, &budget).unwrap();
    show(
        &format!("a create body of {size}: decode and decide"),
        time(|| admission.decide(body, &budget)),
        None,
    );
    show("and its surroundings read anew", time(|| policy.decide(&surroundings, &budget)), None);
    let bodies = schema(catalog, "create");
    let loaded = load_create(body, &bodies, &limits).unwrap();
    show("its decoding alone", time(|| load_create(body, &bodies, &limits)), None);
    let known = |id: &str, text: &'static [u8]| decode(text, &schema(catalog, id), &limits).unwrap().facts;
    let others = [
        known("image", b"{}"),
        load_daemon(b"", &schema(catalog, "daemon"), &limits).unwrap().facts,
        known("host", include_bytes!("host.json")),
        known("request", br#"{"content_type": "application/json", "api_minor": 51}"#),
    ];
    let [image, daemon, host, request] = &others;
    let others = [&loaded.load, image, daemon, host, request];
    let program = Program::new(catalog, PROFILE, "create").unwrap();
    show("its rules alone", time(|| program.evaluate(&loaded.facts, &others, &budget)), None);
}

fn main() {
    let catalog = Catalog::builtin().unwrap();
    let (limits, budget) = (Limits::default(), Budget::default());
    let host: Facts<'static> = decode(b"{}", &schema(&catalog, "host"), &limits).unwrap().facts;

    let names = Program::new(&catalog, PROFILE, "name").unwrap();
    let empty = load_daemon(b"{}", &schema(&catalog, "daemon"), &limits).unwrap().facts;
    let facts =
        decode(br#"{"name": "io.containerd.kata.v2"}"#, &schema(&catalog, "name"), &limits).unwrap().facts;
    let others = [empty, host.clone()];
    let name = black_box(&b"io.containerd.kata.v2"[..]);
    let deciding = names.only(|rule| rule.id.as_str() == "NA003");
    show(
        "one name, the rule that decides",
        time(|| deciding.evaluate(&facts, &others.each_ref(), &budget)),
        Some(time(|| name_by_hand(black_box(name), black_box(&[])))),
    );
    show("one name, all rows", time(|| names.evaluate(&facts, &others.each_ref(), &budget)), None);

    let daemon = Program::new(&catalog, PROFILE, "daemon").unwrap();
    let entries = 1_000;
    let text: Vec<_> = (0..entries).map(|i| format!(r#""rt{i}": {{"path": "/usr/bin/rt{i}"}}"#)).collect();
    let text = format!(r#"{{"runtimes": {{{}}}}}"#, text.join(", "));
    let loaded = load_daemon(text.as_bytes(), &schema(&catalog, "daemon"), &limits).unwrap();
    let (facts, others) = (loaded.facts, [loaded.load, host]);
    let rules = daemon.only(|rule| ENTRY_RULES.contains(&rule.id.as_str()));
    assert_eq!(rules.rules().count(), ENTRY_RULES.len());
    let paths: Vec<_> = (0..entries).map(|i| format!("/usr/bin/rt{i}")).collect();
    let by_hand: Vec<_> = paths
        .iter()
        .map(|path| Entry { path: path.as_bytes(), args: Vec::new(), runtime_type: b"", options: 0 })
        .collect();
    let per_entry = f64::from(entries);
    show(
        "one runtime, the five rules about an entry",
        time(|| rules.evaluate(&facts, &others.each_ref(), &budget)) / per_entry,
        Some(
            time(|| black_box(&by_hand).iter().map(|e| u64::from(entry_by_hand(e))).sum::<u64>()) / per_entry,
        ),
    );
    let all = daemon.only(|rule| &*rule.table == "moby/runtimes");
    show(
        "one runtime, all rows about runtimes",
        time(|| all.evaluate(&facts, &others.each_ref(), &budget)) / per_entry,
        None,
    );

    let policy = Policy::new(catalog.clone(), PROFILE).unwrap();
    let ten: Vec<_> = (0..10).map(|i| format!(r#""rt{i}": {{"path": "/usr/bin/rt{i}"}}"#)).collect();
    let ten = format!(
        r#"{{"runtimes": {{{}}}, "log-level": "info", "data-root": "/var/lib/docker", "log-opts": {{"max-size": "10m"}}}}"#,
        ten.join(", ")
    );
    for (what, document) in [("an empty daemon.json", "{}"), ("a daemon.json with ten runtimes", &ten)] {
        let request = Request::new(Kind::Daemon, document.as_bytes());
        show(&format!("{what}: decode and decide"), time(|| policy.decide(&request, &budget)), None);
        show(&format!("{what}: and resolve"), time(|| policy.judge(&request, &budget)), None);
    }
    create(&catalog, &policy, "2.6 KB", include_bytes!("create.json"));
    // As large as the body for which the original's decoding and checks were measured: about 14 and 2.5 microseconds.
    create(&catalog, &policy, "0.4 KB", include_bytes!("create-small.json"));

    show("load the built-in catalog", time(Catalog::builtin), None);
    show("lower it for a profile", time(|| Policy::new(catalog.clone(), PROFILE)), None);

    println!("\nautomata (stage: tests, states, bytes)");
    for kind in ["daemon", "name", "wrap"] {
        let start = Instant::now();
        let sizes = Program::new(&catalog, PROFILE, kind).map(|p| p.automata()).unwrap_or_default();
        println!("{kind}: {} built in {:.1} ms", sizes.len(), start.elapsed().as_secs_f64() * 1e3);
        for size in sizes {
            println!("  {}: {}, {}, {}", size.stage, size.patterns, size.states, size.bytes);
        }
    }
}
