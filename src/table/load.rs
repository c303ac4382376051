use std::collections::BTreeMap;
use std::sync::Arc;

use toml::de::DeValue;

use super::check::{Checker, Define, Patterns};
use super::message::Message;
use super::profile::Profiles;
use super::rule::{Assignment, Effect, Evidence, Example, LabelRule, Loop, Rule, RuleId};
use super::subject::Subject;
use super::typed::{Base, Cond, Kind, Operand, Step};
use crate::expr;
use crate::schema::{Problem, TomlReader};
use crate::source::Span;

/// What a table may refer to.
pub(super) struct Context<'c> {
    pub(super) profiles: &'c Profiles,
    pub(super) subjects: &'c BTreeMap<String, Subject>,
    pub(super) defines: &'c BTreeMap<String, Define>,
    pub(super) retired: &'c [String],
    pub(super) patterns: &'c Patterns,
}

/// The longest text of a table, in bytes.
const MAX_TEXT: usize = 1 << 20;
/// The most rows of a table.
const MAX_ROWS: usize = 10_000;

/// Reads the named predicates of a table into `defines`; a later one may use the earlier.
pub(super) fn read_defines(
    text: &str,
    defines: &mut BTreeMap<String, Define>,
    patterns: &Patterns,
    problems: &mut Vec<Problem>,
) {
    // Most tables have none, and parsing is half of what loading costs. A key stands at the beginning of a line.
    let is_define = |line: &str| line.trim_start_matches([' ', '\t', '[', '"', '\'']).starts_with("define");
    if !text.lines().any(is_define) {
        return;
    }
    let table = crate::schema::parse_toml(text, &mut Vec::new());
    let mut top = TomlReader::new(table.get_ref(), 0..0);
    let Some(mut all) = top.table("define", problems) else { return };
    for (name, span, mut entry) in all.entries(problems) {
        let mut params = Vec::new();
        if let Some(mut list) = entry.table("params", problems) {
            for ((param, span), value) in list.pairs() {
                let kind = match value.get_ref() {
                    DeValue::String(s) if s == "string" => Kind::Str,
                    DeValue::String(s) if s == "int" => Kind::Int,
                    DeValue::String(s) if s == "bool" => Kind::Bool,
                    _ => {
                        problems.push(Problem::new(span, "a parameter is a string, an int or a bool"));
                        continue;
                    }
                };
                params.push((param.to_owned(), kind));
            }
        }
        entry.string("doc", problems);
        let (body, body_span) = entry.required("expr", problems);
        entry.finish(problems);
        if defines.contains_key(name) || crate::facts::views::view(name).is_some() {
            problems.push(Problem::new(span, format!("there is already a predicate or view `{name}`")));
            continue;
        }
        let place = locate(text, body, body_span);
        let body = match expr::parse(body) {
            Ok(body) => body,
            Err(error) => {
                problems.push(Problem::new(place(error.span), error.message));
                continue;
            }
        };
        let mut checker = Checker::new(None, defines, patterns);
        for (param, kind) in &params {
            checker.bind_param(param, *kind);
        }
        checker.predicate(&body, &place, problems);
        defines.insert(name.to_owned(), Define { params, body });
    }
}

/// Reads the rules of a table.
pub(super) fn read_rules(text: &str, context: &Context<'_>, problems: &mut Vec<Problem>) -> Vec<Rule> {
    if text.len() > MAX_TEXT {
        problems.push(Problem::new(0..0, format!("the table is larger than {MAX_TEXT} bytes")));
        return Vec::new();
    }
    let table = crate::schema::parse_toml(text, problems);
    let mut top = TomlReader::new(table.get_ref(), 0..0);
    top.get("define");
    let rows = top.tables("rule", problems);
    let header = top.table("table", problems);
    top.finish(problems);
    if rows.is_empty() {
        return Vec::new();
    }
    let Some(mut header) = header else {
        problems.push(Problem::new(0..0, "a table with rules needs a header [table]"));
        return Vec::new();
    };
    if rows.len() > MAX_ROWS {
        problems.push(Problem::new(header.span(), format!("the table has more than {MAX_ROWS} rows")));
        return Vec::new();
    }
    let id: Arc<str> = header.required("id", problems).0.into();
    let (subject_id, subject_span) = header.required("subject", problems);
    let (line, line_span) = header.required("line", problems);
    let (source, _) = header.required("source", problems);
    header.string("doc", problems);
    header.finish(problems);
    if !context.profiles.iter().any(|p| p.line == line) {
        problems.push(Problem::new(line_span, format!("no profile belongs to a line `{line}`")));
    }
    let Some(subject) = context.subjects.get(subject_id) else {
        problems.push(Problem::new(subject_span, format!("there is no subject `{subject_id}`")));
        return Vec::new();
    };
    let head = Head { text, id, subject, line: line.into(), source };
    let rules: Vec<_> = rows
        .into_iter()
        .enumerate()
        .filter_map(|(row, reader)| RowReader { head: &head, context, row }.read(reader, problems))
        .collect();
    check_stages(&rules, problems);
    rules
}

/// A stage is one loop of the original: its rows share one `each`.
fn check_stages(rules: &[Rule], problems: &mut Vec<Problem>) {
    let mut first: BTreeMap<i64, &Rule> = BTreeMap::new();
    for rule in rules {
        let other = *first.entry(rule.stage).or_insert(rule);
        if other.each_text != rule.each_text {
            problems.push(Problem::new(
                rule.span,
                format!("{} and {} share stage {} but not their `each`", other.id, rule.id, rule.stage),
            ));
        }
    }
}

struct Head<'h> {
    text: &'h str,
    id: Arc<str>,
    subject: &'h Subject,
    line: Arc<str>,
    source: &'h str,
}

struct RowReader<'h> {
    head: &'h Head<'h>,
    context: &'h Context<'h>,
    row: usize,
}

impl RowReader<'_> {
    fn read(&self, mut row: TomlReader<'_, '_>, problems: &mut Vec<Problem>) -> Option<Rule> {
        let before = problems.len();
        let span = row.span();
        let id = self.id(&mut row, problems);
        let effect = self.effect(&mut row, problems);
        let is_set = effect == Effect::Set;
        let title: Arc<str> = row.required("title", problems).0.into();
        let stage = row.integer("stage", problems).map_or_else(
            || {
                problems.push(Problem::new(span, "`stage` is missing"));
                0
            },
            |(n, _)| n,
        );
        let (since, until) = self.versions(&mut row, problems);
        let mut checker = Checker::new(Some(self.head.subject), self.context.defines, self.context.patterns);
        let (each_text, each) = self.each(&mut row, &mut checker, problems);
        let (when_text, when_span) = row.required("when", problems);
        let place = locate(self.head.text, when_text, when_span);
        let when = checker.condition(when_text, &place, problems).unwrap_or(Cond::Const(false));
        let set = self.assignments(&mut row, &checker, problems);
        if is_set && set.is_empty() {
            problems.push(Problem::new(span, "a rule with effect \"set\" needs a `set`"));
        }
        let at = self.at(&mut row, &checker, problems);
        let also = self.also(&mut row, &checker, problems);
        self.lets(&mut row, &mut checker, problems);
        let message =
            if is_set { row.string("message", problems) } else { Some(row.required("message", problems)) };
        let (message_text, message_span) = message.unwrap_or(("", span));
        let place = locate(self.head.text, message_text, message_span);
        let message = Message::read(message_text, &checker, &place, problems);
        let why = row.required("why", problems).0.into();
        let help = if is_set {
            row.string("help", problems).map_or("", |(s, _)| s)
        } else {
            row.required("help", problems).0
        };
        let source = row.string("source", problems).map_or(self.head.source, |(s, _)| s).into();
        let evidence = match row.required("evidence", problems) {
            ("recorded", _) => Evidence::Recorded,
            ("read", _) => Evidence::Read,
            (_, span) => {
                problems.push(Problem::new(span, "`evidence` is \"recorded\" or \"read\""));
                Evidence::Read
            }
        };
        let tags = row.strings("tags", problems).into_iter().map(|(s, _)| s.into()).collect();
        let halt = row.flag("halt", problems);
        let bad = self.examples("bad", &mut row, problems);
        let good = self.examples("good", &mut row, problems);
        if !is_set && (bad.is_empty() || good.is_empty()) {
            problems.push(Problem::new(span, "a rule needs at least one `bad` and one `good` example"));
        }
        row.finish(problems);
        (problems.len() == before).then(|| Rule {
            id,
            title,
            table: self.head.id.clone(),
            subject: self.head.subject.id.as_str().into(),
            line: self.head.line.clone(),
            since,
            until,
            stage,
            row: self.row,
            effect,
            each_text: each_text.into(),
            each,
            when_text: when_text.into(),
            when,
            set,
            message_text: message_text.into(),
            message,
            at,
            also,
            why,
            help: help.into(),
            source,
            evidence,
            tags,
            halt,
            bad,
            good,
            span,
        })
    }

    fn id(&self, row: &mut TomlReader<'_, '_>, problems: &mut Vec<Problem>) -> RuleId {
        let (id, span) = row.required("id", problems);
        if RuleId::new(id).is_none() {
            problems.push(Problem::new(
                span,
                "an id is two or three capital letters and three digits, such as RT003",
            ));
        }
        if self.context.retired.iter().any(|r| r == id) {
            problems.push(Problem::new(span, format!("the id {id} was retired and is never used again")));
        }
        RuleId(id.into())
    }

    fn effect(&self, row: &mut TomlReader<'_, '_>, problems: &mut Vec<Problem>) -> Effect {
        match row.required("effect", problems) {
            ("deny", _) => Effect::Deny,
            ("warn", _) => Effect::Warn,
            ("set", _) => Effect::Set,
            (_, span) => {
                problems.push(Problem::new(span, "`effect` is \"deny\", \"warn\" or \"set\""));
                Effect::Deny
            }
        }
    }

    fn versions(
        &self,
        row: &mut TomlReader<'_, '_>,
        problems: &mut Vec<Problem>,
    ) -> (Option<Arc<str>>, Option<Arc<str>>) {
        let mut read = |key| {
            let (id, span) = row.string(key, problems)?;
            match self.context.profiles.get(id) {
                Some(profile) if profile.line == *self.head.line => Some(Arc::from(id)),
                _ => {
                    let line = &self.head.line;
                    problems.push(Problem::new(span, format!("`{id}` is no profile of the line `{line}`")));
                    None
                }
            }
        };
        let (since, until) = (read("since"), read("until"));
        if let (Some(s), Some(u)) = (&since, &until)
            && self.context.profiles.at_least(s, u)
        {
            problems.push(Problem::new(row.span(), "`until` must be a later profile than `since`"));
        }
        (since, until)
    }

    fn each(
        &self,
        row: &mut TomlReader<'_, '_>,
        checker: &mut Checker<'_>,
        problems: &mut Vec<Problem>,
    ) -> (String, Vec<Loop>) {
        let Some((text, span)) = row.string("each", problems) else { return (String::new(), Vec::new()) };
        let place = locate(self.head.text, text, span);
        let loops = match expr::parse_each(text) {
            Ok(loops) => loops,
            Err(error) => {
                problems.push(Problem::new(place(error.span), error.message));
                return (String::new(), Vec::new());
            }
        };
        let mut out = Vec::new();
        for parsed in loops {
            for name in parsed.key.iter().chain([&parsed.value]) {
                if checker.has_name(name) {
                    problems.push(Problem::new(span, format!("the variable `{name}` hides another name")));
                }
            }
            let Some(source) = checker.source(&parsed.source, &place, problems) else { break };
            let (kind, element) = (source.shape.kind(), source.shape.element());
            let Some(shape) = element.filter(|_| (kind == Kind::Map) == parsed.key.is_some()) else {
                let message = "`each` goes through a list (`x in list`) or a map (`key, value in map`)";
                problems.push(Problem::new(place(parsed.source.span), message));
                break;
            };
            checker.push_var(parsed.key.clone(), parsed.value.clone(), shape);
            out.push(Loop { key: parsed.key, value: parsed.value, source });
        }
        (text.split_whitespace().collect::<Vec<_>>().join(" "), out)
    }

    fn assignments(
        &self,
        row: &mut TomlReader<'_, '_>,
        checker: &Checker<'_>,
        problems: &mut Vec<Problem>,
    ) -> Vec<Assignment> {
        let mut out = Vec::new();
        let Some(mut table) = row.table("set", problems) else { return out };
        for ((target, span), value) in table.pairs() {
            let DeValue::String(text) = value.get_ref() else {
                problems.push(Problem::new(value.span(), "the new value is an expression in a string"));
                continue;
            };
            let value_span = Span::from(value.span());
            let target = checker.place(target, &|_| span, problems);
            let value = checker.term(text, &locate(self.head.text, text, value_span), problems);
            let (Some(target), Some(value)) = (target, value) else { continue };
            let kind = target.shape.kind();
            let ours = match target.base {
                Base::Root(0) | Base::Var(_) => target.steps.iter().all(|s| matches!(s, Step::Field(_))),
                _ => false,
            };
            if !ours || !matches!(kind, Kind::Bool | Kind::Int | Kind::Str) {
                problems
                    .push(Problem::new(span, "only a bool, int or string field of the document can be set"));
            } else if kind != value.kind {
                let message = format!("the field is {}, the value {}", kind.name(), value.kind.name());
                problems.push(Problem::new(value_span, message));
            } else if matches!(value.operand, Operand::Term(..) | Operand::Size(_)) {
                problems.push(Problem::new(value_span, "the new value is a constant or another field"));
            } else {
                out.push(Assignment { target, value: value.operand });
            }
        }
        out
    }

    fn at(
        &self,
        row: &mut TomlReader<'_, '_>,
        checker: &Checker<'_>,
        problems: &mut Vec<Problem>,
    ) -> Option<LabelRule> {
        let label = row.string("label", problems);
        let Some((at, span)) = row.string("at", problems) else {
            if let Some((_, span)) = label {
                problems.push(Problem::new(span, "a `label` needs an `at`"));
            }
            return None;
        };
        let text = label.map_or("", |(s, _)| s).to_owned();
        let place = checker.place(at, &locate(self.head.text, at, span), problems)?;
        Some(LabelRule { place, text })
    }

    fn also(
        &self,
        row: &mut TomlReader<'_, '_>,
        checker: &Checker<'_>,
        problems: &mut Vec<Problem>,
    ) -> Vec<LabelRule> {
        let mut out = Vec::new();
        let Some(mut table) = row.table("also", problems) else { return out };
        for ((at, span), value) in table.pairs() {
            let DeValue::String(text) = value.get_ref() else {
                problems.push(Problem::new(value.span(), "what to say at the place is a string"));
                continue;
            };
            if let Some(place) = checker.place(at, &|_| span, problems) {
                out.push(LabelRule { place, text: text.to_string() });
            }
        }
        out
    }

    fn lets(&self, row: &mut TomlReader<'_, '_>, checker: &mut Checker<'_>, problems: &mut Vec<Problem>) {
        let Some(mut table) = row.table("let", problems) else { return };
        for ((name, span), value) in table.pairs() {
            let DeValue::String(text) = value.get_ref() else {
                problems
                    .push(Problem::new(value.span(), "the value of a `let` is an expression in a string"));
                continue;
            };
            if checker.has_name(name) {
                problems.push(Problem::new(span, format!("`{name}` hides another name")));
            }
            let place = locate(self.head.text, text, value.span().into());
            if let Some(typed) = checker.term(text, &place, problems) {
                checker.bind_let(name, typed);
            }
        }
    }

    fn examples(
        &self,
        key: &'static str,
        row: &mut TomlReader<'_, '_>,
        problems: &mut Vec<Problem>,
    ) -> Vec<Example> {
        let mut out = Vec::new();
        for item in row.list(key, problems) {
            let span = Span::from(item.span());
            match item.get_ref() {
                DeValue::String(doc) => out.push(Example {
                    doc: doc.as_bytes().to_vec(),
                    daemon: None,
                    image: None,
                    request: None,
                    host: None,
                    features: None,
                    answer: None,
                    profile: None,
                    span,
                }),
                DeValue::Table(table) => {
                    out.extend(self.example(TomlReader::new(table, item.span()), problems));
                }
                _ => problems
                    .push(Problem::new(span, "an example is a document in a string, or a table with `doc`")),
            }
        }
        out
    }

    fn example(&self, mut table: TomlReader<'_, '_>, problems: &mut Vec<Problem>) -> Option<Example> {
        let span = table.span();
        let bytes = |found: Option<(&str, Span)>| found.map(|(s, _)| s.as_bytes().to_vec());
        let plain = bytes(table.string("doc", problems));
        let encoded = table.string("doc_base64", problems);
        let doc = match (plain, encoded) {
            (Some(doc), None) => Some(doc),
            (None, Some((text, at))) => data_encoding::BASE64.decode(text.as_bytes()).ok().or_else(|| {
                problems.push(Problem::new(at, "`doc_base64` is not base 64"));
                None
            }),
            _ => {
                problems.push(Problem::new(span, "an example has either `doc` or `doc_base64`"));
                None
            }
        };
        let daemon = bytes(table.string("daemon", problems));
        let image = bytes(table.string("image", problems));
        let request = bytes(table.string("request", problems));
        let host = bytes(table.string("host", problems));
        let features = bytes(table.string("features", problems));
        let answer = table.string("answer", problems);
        if let (Some((_, at)), None) = (answer, &features) {
            problems.push(Problem::new(at, "an `answer` needs `features`, if only an empty text"));
        }
        let answer = bytes(answer);
        let profile = table.string("profile", problems).map(|(id, at)| {
            if self.context.profiles.get(id).is_none() {
                problems.push(Problem::new(at, format!("there is no profile `{id}`")));
            }
            id.to_owned()
        });
        table.finish(problems);
        Some(Example { doc: doc?, daemon, image, request, host, features, answer, profile, span })
    }
}

/// From offsets in a string's value to spans in the TOML text: exact where the string is written without escapes,
/// else the whole string.
fn locate<'l>(text: &'l str, value: &'l str, span: Span) -> impl Fn(Span) -> Span + use<'l> {
    let raw = span.slice(text.as_bytes());
    let inner = raw
        .windows(value.len().max(1))
        .position(|w| w == value.as_bytes())
        .filter(|at| *at <= 4 && !value.is_empty());
    move |at| match inner {
        Some(offset) => at.shifted(span.start as usize + offset),
        None => span,
    }
}
