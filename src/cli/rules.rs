use std::borrow::Cow;
use std::fmt::Write as _;

use clap::Args;
use serde::Serialize;

use super::check::Format;
use super::output::Output;
use super::policies::{Policies, PolicyArgs};
use super::rows::{self, JsonRow};
use super::vocabulary;
use super::{Exit, Fatal};
use crate::case::nearest;
use crate::lifecycle::RowDoc;
use crate::source::{printable, to_json_pretty, wrap};
use crate::table::{Example, Rule, RuleId};

/// List the rules, or explain one: what it is about, why, what to do, and where it comes from
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  plimsoll rules                      the rules of the default profile
  plimsoll rules --profile moby-23    those of an older daemon
  plimsoll rules RT003                all about one
  plimsoll rules --format json        for a program to read

What rules are written with:
  plimsoll rules --profiles           the versions there are
  plimsoll rules --schema daemon      the fields of a document; also: create, spec, host, request, image, …
  plimsoll rules --views              the parsers that conditions may call")]
pub(super) struct RulesArgs {
    /// The rule to explain
    #[arg(value_name = "ID", conflicts_with_all = ["profiles", "schema", "views"])]
    id: Option<String>,
    #[command(flatten)]
    policy: PolicyArgs,
    /// How to write them
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    format: Format,
    /// List the profiles instead
    #[arg(long, conflicts_with_all = ["schema", "views"])]
    profiles: bool,
    /// List the fields of a document, or of the facts about the machine, instead
    #[arg(long, value_name = "NAME", conflicts_with = "views")]
    schema: Option<String>,
    /// List the parsers that conditions may call instead
    #[arg(long)]
    views: bool,
}

/// Where explanations are wrapped.
const WIDTH: usize = 96;

pub(super) fn run(args: &RulesArgs, output: &mut Output) -> Result<Exit, Fatal> {
    let Some(policies) = Policies::load(&args.policy, output)? else { return Ok(Exit::Failed) };
    let text = match (&args.id, &args.schema) {
        (Some(id), _) => explain(id, &policies, args.format)?,
        (None, Some(name)) => vocabulary::schema(name, &policies, args.format)?,
        (None, None) if args.profiles => vocabulary::profiles(policies.profiles(), args.format),
        (None, None) if args.views => vocabulary::views(args.format),
        (None, None) => list(&policies, args.format)?,
    };
    output.text(&text)?;
    Ok(Exit::Clean)
}

/// The profiles that have a rule.
fn profiles_of(rule: &Rule, policies: &Policies) -> Vec<String> {
    let profiles = policies.profiles();
    profiles.iter().map(|p| p.id.clone()).filter(|id| rule.holds_in(profiles, id)).collect()
}

/// The rules of the chosen profile, table by table, and the rows of its machines.
fn list(policies: &Policies, format: Format) -> Result<String, Fatal> {
    let (catalog, profile) = (policies.catalog()?, policies.profile());
    let rules: Vec<&Rule> = catalog
        .rules()
        .iter()
        .map(|rule| &**rule)
        .filter(|rule| rule.holds_in(catalog.profiles(), profile))
        .collect();
    let lifecycle = policies.get(None)?.lifecycle();
    let steps: Vec<RowDoc> = lifecycle.iter().flat_map(|lifecycle| lifecycle.rows()).collect();
    if format == Format::Json {
        let rules = rules
            .into_iter()
            .map(|rule| Listed::Rule(Box::new(JsonRule::new(rule, profiles_of(rule, policies)))));
        let steps = steps.iter().map(|row| Listed::Row(row.into()));
        return Ok(to_json_pretty(&rules.chain(steps).collect::<Vec<_>>()) + "\n");
    }
    let mut out = String::new();
    let mut table = "";
    for rule in &rules {
        if *rule.table != *table {
            table = &rule.table;
            let _ = writeln!(out, "{} ({})", shown(table), shown(&rule.subject));
        }
        let _ = writeln!(
            out,
            "  {:6} {:5} {}",
            shown(rule.id.as_str()),
            rule.effect.as_str(),
            shown(&rule.title)
        );
    }
    out.push_str(&rows::list(&steps));
    let count = rules.len() + steps.len();
    let _ = writeln!(out, "\n{count} rules in {profile}; `plimsoll rules ID` explains one");
    Ok(out)
}

/// What a list holds.
#[derive(Serialize)]
#[serde(untagged)]
enum Listed<'r> {
    Rule(Box<JsonRule<'r>>),
    Row(JsonRow<'r>),
}

/// One rule, whatever the profile.
fn explain(id: &str, policies: &Policies, format: Format) -> Result<String, Fatal> {
    let wanted = id.to_ascii_uppercase();
    let rules = policies.catalog()?.rules();
    let Some(rule) = rules.iter().find(|rule| rule.id.as_str() == wanted) else {
        let steps = rows::all(policies)?;
        if let Some(row) = steps.iter().find(|row| row.id.as_str() == wanted) {
            return Ok(if format == Format::Json { rows::json(row) } else { rows::human(row) });
        }
        let ids = rules.iter().map(|rule| &rule.id).chain(steps.iter().map(|row| &row.id));
        let help = match nearest(&wanted, ids.map(RuleId::as_str)) {
            Some(meant) => format!("perhaps `{meant}` is meant; `plimsoll rules` lists them all"),
            None => "`plimsoll rules` lists them all".to_owned(),
        };
        return Err(Fatal::new(format!("there is no rule `{id}`"), help));
    };
    let profiles = profiles_of(rule, policies);
    if format == Format::Json {
        return Ok(to_json_pretty(&JsonRule::new(rule, profiles)) + "\n");
    }
    Ok(human(rule, &profiles))
}

fn human(rule: &Rule, profiles: &[String]) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{}: {}\n", shown(rule.id.as_str()), shown(&rule.title));
    let tags: Vec<&str> = rule.tags.iter().map(|tag| &**tag).collect();
    let rows = [
        ("effect", rule.effect.as_str()),
        ("about", &*rule.subject),
        ("table", &*rule.table),
        ("profiles", &profiles.join(", ")),
        ("source", &*rule.source),
        ("evidence", rule.evidence.as_str()),
        ("tags", &tags.join(", ")),
    ];
    for (name, text) in rows.into_iter().filter(|(_, text)| !text.is_empty()) {
        let _ = writeln!(out, "  {name:9} {}", shown(text));
    }
    for (name, text) in [("Why", &*rule.why), ("What to do", &*rule.help)] {
        if !text.is_empty() {
            let _ = writeln!(out, "\n{name}:\n{}", indented(&wrap(text, WIDTH)));
        }
    }
    let _ = writeln!(out, "\nThe rule (stage {}):", rule.stage);
    for (name, text) in
        [("each", &*rule.each_text), ("when", &*rule.when_text), ("message", &*rule.message_text)]
    {
        if !text.is_empty() {
            let _ =
                writeln!(out, "  {name:8} {}", indented(text).trim_start().replace("\n  ", "\n           "));
        }
    }
    for (name, examples) in [("It fires on", &rule.bad), ("It does not fire on", &rule.good)] {
        if !examples.is_empty() {
            let _ = writeln!(out, "\n{name}:");
        }
        for example in examples {
            let _ = writeln!(out, "{}", indented(&String::from_utf8_lossy(&example.doc)));
            for (name, beside) in [("daemon", &example.daemon), ("host", &example.host)] {
                if let Some(text) = beside {
                    let _ = writeln!(out, "    with {name} {}", shown(&String::from_utf8_lossy(text)));
                }
            }
        }
    }
    out
}

/// Each line safe to print and moved in a little.
fn indented(text: &str) -> String {
    let lines: Vec<String> =
        text.trim().lines().map(|line| format!("  {}", shown(line.trim_end()))).collect();
    lines.join("\n")
}

fn shown(text: &str) -> Cow<'_, str> {
    printable(text)
}

#[derive(Serialize)]
struct JsonRule<'r> {
    id: &'r str,
    title: &'r str,
    table: &'r str,
    subject: &'r str,
    effect: &'static str,
    stage: i64,
    profiles: Vec<String>,
    since: Option<&'r str>,
    until: Option<&'r str>,
    each: Option<&'r str>,
    when: &'r str,
    message: &'r str,
    why: &'r str,
    help: &'r str,
    source: &'r str,
    evidence: &'r str,
    tags: Vec<&'r str>,
    bad: Vec<JsonExample<'r>>,
    good: Vec<JsonExample<'r>>,
}

#[derive(Serialize)]
struct JsonExample<'r> {
    document: Cow<'r, str>,
    daemon: Option<Cow<'r, str>>,
    host: Option<Cow<'r, str>>,
}

impl<'r> JsonRule<'r> {
    fn new(rule: &'r Rule, profiles: Vec<String>) -> Self {
        let examples = |examples: &'r [Example]| examples.iter().map(JsonExample::new).collect();
        Self {
            id: rule.id.as_str(),
            title: &rule.title,
            table: &rule.table,
            subject: &rule.subject,
            effect: rule.effect.as_str(),
            stage: rule.stage,
            profiles,
            since: rule.since.as_deref(),
            until: rule.until.as_deref(),
            each: Some(&*rule.each_text).filter(|text| !text.is_empty()),
            when: &rule.when_text,
            message: &rule.message_text,
            why: &rule.why,
            help: &rule.help,
            source: &rule.source,
            evidence: rule.evidence.as_str(),
            tags: rule.tags.iter().map(|tag| &**tag).collect(),
            bad: examples(&rule.bad),
            good: examples(&rule.good),
        }
    }
}

impl<'r> JsonExample<'r> {
    fn new(example: &'r Example) -> Self {
        let text = |bytes: &'r Vec<u8>| String::from_utf8_lossy(bytes);
        Self {
            document: text(&example.doc),
            daemon: example.daemon.as_ref().map(text),
            host: example.host.as_ref().map(text),
        }
    }
}
