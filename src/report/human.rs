use std::collections::BTreeSet;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::excerpt::{Excerpt, excerpts};
use super::text::Shown;
use super::{Because, Failure, FileReport, Report};
use crate::engine::{Decision, Finding, Label, Verdict};
use crate::schema::Problem;
use crate::source::{LineIndex, Span, printable, shorten, to_json_pretty, wrap};
use crate::table::Effect;

/// Characters of one message or name that are shown; JSON has all of them.
const MESSAGE: usize = 200;
/// Findings of one file that are shown; JSON has all of them.
const FINDINGS: usize = 500;
/// Other places of one finding that are shown.
const RELATED: usize = 6;
/// Alternatives of the first message that are shown.
const ALTERNATIVES: usize = 3;
/// Lines of what a document comes to that are shown; JSON has all of them.
const RESOLVED: usize = 200;
/// Where explanations are wrapped.
const WIDTH: usize = 96;

/// The report for people: like rustc's, with the place underlined.
///
/// Nothing of a document reaches the text unless it is safe to print, and a document of any size or shape makes a
/// report of bounded size.
#[derive(Clone, Debug)]
pub struct Human {
    renderer: Renderer,
}

/// What a document comes to, as JSON: its strings hold nothing that a terminal could obey.
fn resolved_text(path: &str, resolved: &serde_json::Value) -> String {
    let text = to_json_pretty(resolved);
    let count = text.lines().count();
    let mut out = format!("{path}, as the daemon has it:\n");
    for line in text.lines().take(RESOLVED) {
        out.push_str(&shorten(line, MESSAGE));
        out.push('\n');
    }
    if count > RESOLVED {
        out.push_str(&format!("{} more lines; `--format json` has them all\n", count - RESOLVED));
    }
    out.push('\n');
    out
}

impl Human {
    /// With or without colours.
    #[must_use]
    pub fn new(styled: bool) -> Self {
        let renderer = if styled { Renderer::styled().hyperlink(false) } else { Renderer::plain() };
        Self { renderer: renderer.decor_style(DecorStyle::Ascii) }
    }

    /// What was found in the files that were judged, and a line that sums up all of them.
    #[must_use]
    pub fn render(&self, report: &Report) -> String {
        let mut out = String::new();
        for file in &report.files {
            if let Ok(decision) = &file.result {
                self.file(file, decision, &mut out);
            }
        }
        out.push_str(&summary(report));
        out
    }

    /// The files that were not judged, and why; empty if there are none.
    #[must_use]
    pub fn failures(&self, report: &Report) -> String {
        let mut out = String::new();
        for file in &report.files {
            if let Err(failure) = &file.result {
                out.push_str(&self.failure(&file.path, failure));
            }
        }
        out
    }

    /// One thing that could not be done; `path` may be empty.
    #[must_use]
    pub fn failure(&self, path: &str, failure: &Failure) -> String {
        let title = Level::ERROR.primary_title(shown(&failure.message));
        let path = printable(path);
        let mut out = String::new();
        if !path.is_empty() {
            let group = Group::with_title(title).element(Origin::path(&*path));
            self.group(explained(group, "help", &failure.help), &mut out);
            return out;
        }
        out.push_str(&self.renderer.render(&[Group::with_title(title)]));
        out.push('\n');
        if !failure.help.is_empty() {
            let title = Level::HELP.primary_title(shown(&failure.help));
            out.push_str(&self.renderer.render(&[Group::with_title(title)]));
            out.push('\n');
        }
        out
    }

    fn file(&self, file: &FileReport, decision: &Decision, out: &mut String) {
        let path = printable(&file.path);
        let shown = Shown::new(&file.source);
        let index = LineIndex::new(shown.bytes());
        let mut alternatives = Some(&decision.alternatives);
        let mut seen = BTreeSet::new();
        for finding in decision.findings.iter().take(FINDINGS) {
            let denies = finding.effect == Effect::Deny;
            let others = if denies { alternatives.take() } else { None };
            let place = Place { path: &path, source: &shown, index: &index };
            let explain = seen.insert(&finding.rule);
            self.finding(&place, finding, explain, others.map_or(&[], Vec::as_slice), out);
        }
        if decision.findings.len() > FINDINGS {
            let more = decision.findings.len() - FINDINGS;
            let title =
                Level::NOTE.primary_title(format!("{more} more findings; `--format json` has them all"));
            self.group(Group::with_title(title).element(Origin::path(&*path)), out);
        }
        self.verdict(&path, decision, out);
        if let Some(resolved) = &file.resolved {
            out.push_str(&resolved_text(&path, resolved));
        }
        if let Some(kind) =
            file.kind.filter(|kind| kind.because == Because::Default && !decision.findings.is_empty())
        {
            let what = kind.kind.as_str();
            let title = Level::NOTE
                .primary_title(format!("nothing in this file tells its kind; it was judged as `{what}`"));
            let group = Group::with_title(title).element(Origin::path(&*path));
            self.group(explained(group, "help", "`--kind` says what it is"), out);
        }
    }

    fn verdict(&self, path: &str, decision: &Decision, out: &mut String) {
        if decision.verdict != Verdict::Undecided {
            return;
        }
        let title =
            Level::WARNING.with_name("undecided").primary_title("it depends on facts that nobody told");
        let needs: Vec<String> = decision.needs.iter().map(|fact| printable(fact).into_owned()).collect();
        let group = Group::with_title(title).element(Origin::path(path));
        let mut group = explained(group, "needs", &needs.join(", "));
        let mut of_host = needs.len();
        for (root, help) in BESIDE {
            let count = needs.iter().filter(|need| need.starts_with(root)).count();
            if count > 0 {
                group = explained(group, "help", help);
                of_host -= count;
            }
        }
        if of_host > 0 || needs.is_empty() {
            let help = "tell them with `--host FILE`: `plimsoll probe` writes most of them on the machine itself, and `plimsoll rules --schema host` lists them all";
            group = explained(group, "help", help);
        }
        self.group(group, out);
    }

    /// One finding. `explain` it unless the same rule has been explained for this file.
    fn finding(
        &self,
        place: &Place<'_>,
        finding: &Finding,
        explain: bool,
        alternatives: &[String],
        out: &mut String,
    ) {
        let Place { path, source, index } = *place;
        let level = if finding.effect == Effect::Deny { Level::ERROR } else { Level::WARNING };
        let title = level.primary_title(shown(&finding.message)).id(printable(finding.rule.as_str()));
        let labels: Vec<&Label> =
            finding.primary.iter().chain(finding.related.iter().take(RELATED)).collect();
        let spans: Vec<Span> = labels.iter().map(|label| source.span(label.span)).collect();
        let shown_at = excerpts(source.bytes(), index, &spans);
        let mut group = Group::with_title(title);
        if shown_at.is_empty() {
            group = group.element(Origin::path(path));
        }
        let has_primary = finding.primary.is_some();
        for excerpt in &shown_at {
            group = group.element(snippet(path, excerpt, |number| {
                let kind = if number == 0 && has_primary {
                    AnnotationKind::Primary
                } else {
                    AnnotationKind::Context
                };
                (kind, labels.get(number).map(|label| shown(&label.text)).unwrap_or_default())
            }));
        }
        if finding.primary.is_none() {
            group = explained(group, "at", &shown(&finding.path));
        }
        if explain {
            group = explained(group, "why", &finding.why);
            group = explained(group, "help", &finding.help);
        }
        let several = alternatives.len() > ALTERNATIVES;
        for other in alternatives.iter().take(ALTERNATIVES) {
            group = explained(group, "or", &format!("the daemon may print first: {}", shown(other)));
        }
        if several {
            let more = alternatives.len() - ALTERNATIVES;
            group = explained(group, "or", &format!("one of {more} more, as Go's map order has it"));
        }
        self.drawn(group, path, &shown_at, out);
    }

    fn group(&self, group: Group<'_>, out: &mut String) {
        self.drawn(group, "", &[], out);
    }

    /// Renders; the renderer counts columns in what it is shown, so those of the document are put back.
    fn drawn(&self, group: Group<'_>, path: &str, shown_at: &[Excerpt], out: &mut String) {
        let mut text = self.renderer.render(&[group]);
        for excerpt in shown_at.iter().filter(|e| e.at.column != e.shown_column) {
            let line = excerpt.at.line;
            let (wrong, right) = (excerpt.shown_column, excerpt.at.column);
            text = text.replacen(&format!("{path}:{line}:{wrong}\n"), &format!("{path}:{line}:{right}\n"), 1);
        }
        out.push_str(&text);
        out.push_str("\n\n");
    }
}

/// A document that findings point into.
struct Place<'p> {
    path: &'p str,
    source: &'p Shown<'p>,
    index: &'p LineIndex<'p>,
}

/// What is wrong with a table of the user's, each problem with its place in the TOML text.
#[must_use]
pub fn problems(path: &str, text: &str, problems: &[Problem], styled: bool) -> String {
    let human = Human::new(styled);
    let index = LineIndex::new(text.as_bytes());
    let path = printable(path);
    let mut out = String::new();
    for problem in problems.iter().take(FINDINGS) {
        let shown_at = excerpts(text.as_bytes(), &index, &[problem.span]);
        let mut group = Group::with_title(Level::ERROR.primary_title(shown(&problem.message)));
        for excerpt in &shown_at {
            group = group.element(snippet(&path, excerpt, |_| (AnnotationKind::Primary, String::new())));
        }
        human.drawn(group, &path, &shown_at, &mut out);
    }
    out
}

/// Facts that are not of the machine, by how their names begin, and how to tell them.
const BESIDE: [(&str, &str); 2] = [
    ("image.", "`--image FILE` tells what the image has, `null` that it has nothing"),
    ("features.", "`--features FILE` tells what the runtime prints: `runc features > FILE`"),
];

fn snippet<'e>(
    path: &'e str,
    excerpt: &'e Excerpt,
    label: impl Fn(usize) -> (AnnotationKind, String),
) -> Snippet<'e, annotate_snippets::Annotation<'e>> {
    let annotations = excerpt.marks.iter().map(|(range, number)| {
        let (kind, text) = label(*number);
        kind.span(range.clone()).label(Some(text).filter(|text| !text.is_empty()))
    });
    Snippet::source(excerpt.text.as_str()).path(path).line_start(excerpt.first_line).annotations(annotations)
}

/// Adds `= name: text`, wrapped, unless the text is empty.
fn explained<'g>(group: Group<'g>, name: &'g str, text: &str) -> Group<'g> {
    if text.trim().is_empty() {
        return group;
    }
    let level = if name == "help" { Level::HELP } else { Level::NOTE };
    group.element(level.with_name(name).message(wrapped(text)))
}

/// Text of a rule, safe to print, broken into lines between words.
fn wrapped(text: &str) -> String {
    let words: Vec<_> = text.split_whitespace().map(|word| shorten(word, MESSAGE)).collect();
    wrap(&printable(&words.join(" ")), WIDTH)
}

/// Text of a document, safe to print and not too long.
fn shown(text: &str) -> String {
    shorten(&printable(&shorten(text, MESSAGE)), MESSAGE).into_owned()
}

fn summary(report: &Report) -> String {
    let counts = report.summary();
    let parts: Vec<String> = [
        (counts.denied, "denied"),
        (counts.undecided, "undecided"),
        (counts.failed, "not judged"),
        (counts.allowed, "accepted"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, what)| format!("{count} {what}"))
    .chain((counts.warnings > 0).then(|| plural(counts.warnings, "warning")))
    .collect();
    let profiles = report.profiles().join(" and ");
    format!("{}, {}: {}\n", plural(counts.files, "file"), printable(&profiles), parts.join(", "))
}

fn plural(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
