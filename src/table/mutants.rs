use std::collections::BTreeSet;

use super::rule::{Effect, Rule};
use super::show::Shown;
use super::typed::{Base, Cond, Operand, OrderOp, Place, Step, TextTest};

/// A rule with one thing in it changed: what cases and examples are for is to notice.
#[derive(Clone, Debug)]
pub struct Mutant {
    /// What was changed, and how: `mtu < 68 -> mtu <= 68`.
    pub text: String,
    /// The changed rule; `None` if it is gone.
    pub rule: Option<Rule>,
}

/// All mutants of a rule, by the operators of `spec/ASSURANCE.md`: the same ones in the same order each time.
#[must_use]
pub fn mutants(rule: &Rule, shown: &Shown<'_>) -> Vec<Mutant> {
    let mut out = vec![Mutant { text: "the row is dropped".to_owned(), rule: None }];
    let mut add = |text: String, change: &dyn Fn(&mut Rule)| {
        let mut rule = rule.clone();
        change(&mut rule);
        out.push(Mutant { text, rule: Some(rule) });
    };
    for (before, after) in [(Effect::Deny, Effect::Warn), (Effect::Warn, Effect::Deny)] {
        if rule.effect == before {
            add(format!("effect {} -> {}", before.as_str(), after.as_str()), &|r| r.effect = after);
        }
    }
    if rule.halt {
        add("halt is left out".to_owned(), &|r| r.halt = false);
    }
    for (i, assignment) in rule.set.iter().enumerate() {
        let target = shown.place(&assignment.target);
        if rule.set.len() > 1 || rule.effect != Effect::Set {
            add(format!("set of {target} is left out"), &|r| drop(r.set.remove(i)));
        }
        for value in operands(&assignment.value) {
            add(format!("set of {target} -> {}", shown.value(&value)), &|r| {
                if let Some(assignment) = r.set.get_mut(i) {
                    assignment.value = value.clone();
                }
            });
        }
    }
    // Different changes may come to the same condition, as the negation of a test and of the whole.
    let mut seen = BTreeSet::from([shown.condition(&rule.when)]);
    let negation = negated(&rule.when);
    seen.insert(shown.condition(&negation));
    add("the condition is negated".to_owned(), &|r| r.when = negation.clone());
    for change in changes(&rule.when) {
        if seen.insert(shown.condition(&change.whole)) {
            let text = format!("{} -> {}", shown.condition(&change.before), shown.condition(&change.after));
            add(text, &|r| r.when = change.whole.clone());
        }
    }
    out
}

fn negated(cond: &Cond) -> Cond {
    match cond {
        Cond::Not(inner) => (**inner).clone(),
        other => Cond::Not(Box::new(other.clone())),
    }
}

/// One change: the part as it was and as it is, and the whole condition with it.
struct Change {
    before: Cond,
    after: Cond,
    whole: Cond,
}

fn here(before: &Cond, after: Cond) -> Change {
    Change { before: before.clone(), after: after.clone(), whole: after }
}

/// The changes of a part, put into the whole around it.
fn within(part: &Cond, whole: impl Fn(Cond) -> Cond) -> impl Iterator<Item = Change> {
    changes(part).into_iter().map(move |change| Change { whole: whole(change.whole), ..change })
}

fn changes(cond: &Cond) -> Vec<Change> {
    let mut out = Vec::new();
    match cond {
        Cond::Const(b) => out.push(here(cond, Cond::Const(!b))),
        Cond::Not(inner) => out.extend(within(inner, |c| negated(&c))),
        Cond::All(parts) => many(cond, parts, Cond::All, Cond::Any, &mut out),
        Cond::Any(parts) => many(cond, parts, Cond::Any, Cond::All, &mut out),
        Cond::Same(Operand::Cond(left), Operand::Cond(right)) => {
            out.push(here(cond, negated(cond)));
            let (l, r) = (left.clone(), right.clone());
            let side = |c| Operand::Cond(Box::new(c));
            out.extend(within(left, move |c| Cond::Same(side(c), Operand::Cond(r.clone()))));
            out.extend(within(right, move |c| Cond::Same(Operand::Cond(l.clone()), side(c))));
        }
        Cond::Exists { over, var, body } => {
            let with = |body: Cond| Cond::Exists { over: over.clone(), var: *var, body: Box::new(body) };
            // Every element instead of some.
            out.push(here(cond, negated(&with(negated(body)))));
            out.extend(
                places(over)
                    .into_iter()
                    .map(|over| here(cond, Cond::Exists { over, var: *var, body: body.clone() })),
            );
            out.extend(within(body, with));
        }
        atom => {
            out.push(here(cond, negated(cond)));
            out.extend(atoms(atom).into_iter().map(|after| here(cond, after)));
        }
    }
    out
}

/// `&&` for `||` and the other way round, each part left out, and each part changed.
fn many(
    cond: &Cond,
    parts: &[Cond],
    join: fn(Vec<Cond>) -> Cond,
    other: fn(Vec<Cond>) -> Cond,
    out: &mut Vec<Change>,
) {
    if parts.len() > 1 {
        out.push(here(cond, other(parts.to_vec())));
    }
    for (i, part) in parts.iter().enumerate() {
        let without: Vec<_> =
            parts.iter().enumerate().filter(|(j, _)| *j != i).map(|(_, part)| part.clone()).collect();
        if !without.is_empty() {
            // Shown as what became of the part: true among those that must all hold, false among the others.
            let neutral = Cond::Const(matches!(cond, Cond::All(_)));
            out.push(Change { before: part.clone(), after: neutral, whole: join(without) });
        }
        out.extend(within(part, |changed| {
            let mut parts = parts.to_vec();
            if let Some(part) = parts.get_mut(i) {
                *part = changed;
            }
            join(parts)
        }));
    }
}

/// Another operator or another literal in a test.
fn atoms(cond: &Cond) -> Vec<Cond> {
    let mut out = Vec::new();
    match cond {
        Cond::Truth(place) => out.extend(places(place).into_iter().map(Cond::Truth)),
        Cond::Present(place) => out.extend(places(place).into_iter().map(Cond::Present)),
        Cond::Same(left, right) => pairs(left, right, Cond::Same, &mut out),
        Cond::Order(op, left, right) => {
            // The one that differs at the boundary; the opposite is the negation of one of the two.
            let near = match op {
                OrderOp::Lt => OrderOp::Le,
                OrderOp::Le => OrderOp::Lt,
                OrderOp::Gt => OrderOp::Ge,
                OrderOp::Ge => OrderOp::Gt,
            };
            out.push(Cond::Order(near, left.clone(), right.clone()));
            pairs(left, right, |l, r| Cond::Order(*op, l, r), &mut out);
        }
        Cond::OneOf(value, literals) => {
            for i in 0..literals.len() {
                let mut fewer = literals.clone();
                fewer.remove(i);
                out.push(Cond::OneOf(value.clone(), fewer));
            }
            out.extend(operands(value).into_iter().map(|value| Cond::OneOf(value, literals.clone())));
        }
        Cond::HasKey(value, place) => {
            out.extend(operands(value).into_iter().map(|value| Cond::HasKey(value, place.clone())));
            out.extend(places(place).into_iter().map(|place| Cond::HasKey(value.clone(), place)));
        }
        Cond::HasElement(value, place) => {
            out.extend(operands(value).into_iter().map(|value| Cond::HasElement(value, place.clone())));
            out.extend(places(place).into_iter().map(|place| Cond::HasElement(value.clone(), place)));
        }
        Cond::Text(value, test) => {
            out.extend(texts(test).into_iter().map(|test| Cond::Text(value.clone(), test)));
            out.extend(operands(value).into_iter().map(|value| Cond::Text(value, test.clone())));
        }
        _ => {}
    }
    out
}

fn pairs(left: &Operand, right: &Operand, join: impl Fn(Operand, Operand) -> Cond, out: &mut Vec<Cond>) {
    out.extend(operands(left).into_iter().map(|left| join(left, right.clone())));
    out.extend(operands(right).into_iter().map(|right| join(left.clone(), right)));
}

/// A value with one literal in it changed.
fn operands(operand: &Operand) -> Vec<Operand> {
    match operand {
        Operand::Int(n) => {
            [n.checked_sub(1), n.checked_add(1)].into_iter().flatten().map(Operand::Int).collect()
        }
        Operand::Str(s) => literals(s).into_iter().map(Operand::Str).collect(),
        Operand::Place(place) => places(place).into_iter().map(Operand::Place).collect(),
        Operand::Size(place) => places(place).into_iter().map(Operand::Size).collect(),
        Operand::Cond(cond) => match &**cond {
            Cond::Const(b) => vec![Operand::Cond(Box::new(Cond::Const(!b)))],
            _ => Vec::new(),
        },
        Operand::Term(..) => Vec::new(),
    }
}

/// A string one byte longer, and one shorter.
fn literals(literal: &[u8]) -> Vec<Vec<u8>> {
    let mut out = vec![[literal, b"x"].concat()];
    if let Some((_, shorter)) = literal.split_last() {
        out.push(shorter.to_vec());
    }
    out
}

/// A place with a literal in a key or an argument of a view changed.
fn places(place: &Place) -> Vec<Place> {
    let mut out = Vec::new();
    for (i, step) in place.steps.iter().enumerate() {
        let Step::Key(key) = step else { continue };
        for key in operands(key) {
            let mut place = place.clone();
            if let Some(step) = place.steps.get_mut(i) {
                *step = Step::Key(key);
            }
            out.push(place);
        }
    }
    if let Base::View(call) = &place.base {
        for (i, arg) in call.args.iter().enumerate() {
            for arg in operands(arg) {
                let mut call = call.clone();
                if let Some(old) = call.args.get_mut(i) {
                    *old = arg;
                }
                out.push(Place { base: Base::View(call), ..place.clone() });
            }
        }
    }
    out
}

/// Another test of a string, and the same with another literal.
fn texts(test: &TextTest) -> Vec<TextTest> {
    type Make = fn(Vec<u8>) -> TextTest;
    let (literal, same, other): (_, Make, Make) = match test {
        TextTest::StartsWith(s) => (s, TextTest::StartsWith, TextTest::Contains),
        TextTest::EndsWith(s) => (s, TextTest::EndsWith, TextTest::Contains),
        TextTest::Contains(s) => (s, TextTest::Contains, TextTest::StartsWith),
        TextTest::Matches(pattern, _) => return patterns(pattern),
    };
    let mut out = vec![other(literal.clone())];
    out.extend(literals(literal).into_iter().map(same));
    out
}

/// A pattern with one repetition changed, one class turned round, or one alternative left out.
fn patterns(pattern: &str) -> Vec<TextTest> {
    let mut out: Vec<String> = Vec::new();
    let mut replace = |at: usize, len: usize, with: &str| {
        if let (Some(before), Some(after)) = (pattern.get(..at), pattern.get(at + len..)) {
            out.push(format!("{before}{with}{after}"));
        }
    };
    let (mut escaped, mut in_class) = (false, false);
    for (at, c) in pattern.char_indices() {
        match c {
            _ if escaped => {
                escaped = false;
                continue;
            }
            '\\' => escaped = true,
            ']' if in_class => in_class = false,
            _ if in_class => {}
            '[' => {
                in_class = true;
                match pattern.get(at + 1..at + 2) {
                    Some("^") => replace(at, 2, "["),
                    _ => replace(at, 1, "[^"),
                }
            }
            '*' => replace(at, 1, "+"),
            '+' => replace(at, 1, "*"),
            '?' if pattern.get(..at).is_some_and(|before| !before.ends_with('(')) => replace(at, 1, ""),
            _ => {}
        }
    }
    for (from, to) in alternatives(pattern) {
        replace(from, to - from, "");
    }
    out.iter().filter_map(|pattern| TextTest::pattern(pattern).ok()).collect()
}

/// Where alternatives stand in groups, each with the bar before or behind it.
fn alternatives(pattern: &str) -> Vec<(usize, usize)> {
    let mut out = Vec::new();
    // For each open group: where its alternatives begin.
    let mut open: Vec<Vec<usize>> = Vec::new();
    let (mut escaped, mut in_class) = (false, false);
    for (at, c) in pattern.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ']' if in_class => in_class = false,
            _ if in_class => {}
            '[' => in_class = true,
            '(' => {
                let marks =
                    if pattern.get(at + 1..).is_some_and(|rest| rest.starts_with("?:")) { 3 } else { 1 };
                open.push(vec![at + marks]);
            }
            '|' => {
                if let Some(starts) = open.last_mut() {
                    starts.push(at + 1);
                }
            }
            ')' => {
                let starts = open.pop().unwrap_or_default();
                for (i, start) in starts.iter().enumerate().filter(|_| starts.len() > 1) {
                    match starts.get(i + 1) {
                        Some(next) => out.push((*start, *next)),
                        None => out.push((start - 1, at)),
                    }
                }
            }
            _ => {}
        }
    }
    out
}
