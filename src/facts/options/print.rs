//! Go's `%v(%T)` of a go-toml value, as its "Can't convert" messages print it.

use std::borrow::Cow;

use crate::facts::{AnyRef, AnyValue};

/// A printed value is cut here. moby prints it whole; but a nested tree repeats the path of every table, so that its
/// text grows with the square of the depth, and nobody reads past the first screen.
const LIMIT: usize = 64 << 10;

/// Where a value stands, which decides the Go type of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum As {
    /// The value of a key: go-toml made a list of the first element's type.
    Value,
    /// An element of a list: a list is still encoding/json's.
    Element,
}

/// A printed value and its Go type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Text {
    pub(super) value: String,
    pub(super) go_type: &'static str,
}

/// Prints a value that has passed the check of the tree.
pub(super) fn text(value: AnyRef<'_, '_>, place: As) -> Text {
    let go_type = match value.value() {
        AnyValue::Null => "<nil>",
        AnyValue::Bool(_) => "bool",
        AnyValue::Number(_) => "float64",
        AnyValue::Str(_) => "string",
        AnyValue::Object => "*toml.Tree",
        AnyValue::List if place == As::Element => "[]interface {}",
        AnyValue::List => match value.children().first().map(AnyRef::value) {
            None | Some(AnyValue::Null) => "[]interface {}",
            Some(AnyValue::Bool(_)) => "[]bool",
            Some(AnyValue::Number(_)) => "[]float64",
            Some(AnyValue::Str(_)) => "[]string",
            Some(AnyValue::List) => "[][]interface {}",
            Some(AnyValue::Object) => "[]*toml.Tree",
        },
    };
    let mut printer = Printer::default();
    printer.run(Task::Value(value));
    Text { value: printer.finish(), go_type }
}

/// What is still to be printed: an explicit stack, since values nest 10,000 deep.
#[derive(Clone, Copy, Debug)]
enum Task<'f, 's> {
    /// Go's `%v`.
    Value(AnyRef<'f, 's>),
    /// go-toml's `tomlValueStringRepresentation`.
    Toml(AnyRef<'f, 's>),
    /// `key = value` and a newline, this deep.
    Entry(AnyRef<'f, 's>, usize),
    /// `[path]`, or `[[path]]` for an element of a list, with its entries; the key is the second one's.
    Table(AnyRef<'f, 's>, AnyRef<'f, 's>, usize),
    /// The path of tables is that long again.
    Leave(usize),
    Literal(&'static str),
}

#[derive(Debug, Default)]
struct Printer {
    out: String,
    /// The keys of the tables around the place being printed, joined by dots.
    path: String,
    cut: bool,
}

impl Printer {
    fn run(&mut self, task: Task<'_, '_>) {
        let mut stack = vec![task];
        while let Some(task) = stack.pop() {
            if self.cut {
                return;
            }
            let mark = stack.len();
            self.step(task, &mut stack);
            // Steps name what follows in the order of the text.
            stack.get_mut(mark..).unwrap_or_default().reverse();
        }
    }

    fn step<'f, 's>(&mut self, task: Task<'f, 's>, next: &mut Vec<Task<'f, 's>>) {
        match task {
            Task::Literal(text) => self.push(text),
            Task::Leave(len) => self.path.truncate(len),
            Task::Value(value) => match value.value() {
                AnyValue::Null => self.push("<nil>"),
                AnyValue::Bool(b) => self.push(if *b { "true" } else { "false" }),
                AnyValue::Number(n) => self.push(&go_float(*n)),
                AnyValue::Str(s) => self.push(&String::from_utf8_lossy(s)),
                AnyValue::List => list(value, " ", Task::Value, next),
                AnyValue::Object => entries(value, 0, next),
            },
            Task::Toml(value) => match value.value() {
                AnyValue::Bool(b) => self.push(if *b { "true" } else { "false" }),
                AnyValue::Number(n) => self.push(&toml_float(*n)),
                AnyValue::Str(s) => {
                    let quoted = quote(&String::from_utf8_lossy(s));
                    self.push(&quoted);
                }
                AnyValue::List => list(value, ", ", Task::Toml, next),
                // Neither can stand here: the check of the tree refuses both inside lists.
                AnyValue::Null | AnyValue::Object => {}
            },
            Task::Entry(value, depth) => {
                self.indent(depth);
                self.push(&key(value));
                next.extend([Task::Literal(" = "), Task::Toml(value), Task::Literal("\n")]);
            }
            Task::Table(table, named, depth) => {
                let len = self.path.len();
                if len > 0 {
                    self.path.push('.');
                }
                self.path.push_str(&key(named));
                let (open, close) =
                    if matches!(named.value(), AnyValue::List) { ("[[", "]]\n") } else { ("[", "]\n") };
                self.push("\n");
                self.indent(depth);
                self.push(open);
                let path = std::mem::take(&mut self.path);
                self.push(&path);
                self.path = path;
                self.push(close);
                entries(table, depth.saturating_add(1), next);
                next.push(Task::Leave(len));
            }
        }
    }

    fn indent(&mut self, depth: usize) {
        for _ in 0..depth {
            if self.cut {
                return;
            }
            self.push("  ");
        }
    }

    fn push(&mut self, text: &str) {
        if self.cut {
            return;
        }
        let room = LIMIT.saturating_sub(self.out.len()).min(text.len());
        let fits = (0..=room).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        self.out.push_str(text.get(..fits).unwrap_or_default());
        self.cut = fits < text.len();
    }

    fn finish(mut self) -> String {
        if self.cut {
            self.out.push('\u{2026}');
        }
        self.out
    }
}

/// `[`, the elements with `between` between them, `]`.
fn list<'f, 's>(
    value: AnyRef<'f, 's>,
    between: &'static str,
    print: fn(AnyRef<'f, 's>) -> Task<'f, 's>,
    next: &mut Vec<Task<'f, 's>>,
) {
    next.push(Task::Literal("["));
    for (index, child) in value.children().into_iter().enumerate() {
        if index > 0 {
            next.push(Task::Literal(between));
        }
        next.push(print(child));
    }
    next.push(Task::Literal("]"));
}

/// go-toml's `writeToOrdered`: simple values by key, then tables and lists of tables by key.
fn entries<'f, 's>(object: AnyRef<'f, 's>, depth: usize, next: &mut Vec<Task<'f, 's>>) {
    let mut children: Vec<(bool, AnyRef<'f, 's>)> =
        object.children().into_iter().map(|c| (is_table(c), c)).collect();
    children.sort_by_key(|(table, child)| (*table, child.key()));
    for (table, child) in children {
        match child.value() {
            AnyValue::List if table => {
                next.extend(child.children().into_iter().map(|element| Task::Table(element, child, depth)));
            }
            _ if table => next.push(Task::Table(child, child, depth)),
            _ => next.push(Task::Entry(child, depth)),
        }
    }
}

fn is_table(value: AnyRef<'_, '_>) -> bool {
    match value.value() {
        AnyValue::Object => true,
        AnyValue::List => matches!(value.children().first().map(AnyRef::value), Some(AnyValue::Object)),
        _ => false,
    }
}

/// go-toml's `quoteKeyIfNeeded`. A key that already has quotes around it is taken to be quoted.
fn key<'f>(value: AnyRef<'f, '_>) -> Cow<'f, str> {
    let key = String::from_utf8_lossy(value.key());
    let quoted = key.len() >= 2 && key.starts_with('"') && key.ends_with('"');
    let bare = key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    if quoted || bare { key } else { Cow::Owned(quote(&key)) }
}

/// go-toml's `encodeTomlString` in quotes.
fn quote(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c => {
                // It looks at the low 16 bits alone, so U+10000 becomes \u0000; and U+001F is not among the escaped.
                let low = u32::from(c) & 0xFFFF;
                if low < 0x1F {
                    out.push_str(&format!("\\u{low:04X}"));
                } else {
                    out.push(c);
                }
            }
        }
    }
    out.push('"');
    out
}

/// Go's `%v` of a float64: the shortest digits, with an exponent below 1e-4 and from 1e+06 on (strconv's `'g'`, -1).
fn go_float(n: f64) -> String {
    let scientific = format!("{n:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else { return scientific };
    let Ok(exponent) = exponent.parse::<i32>() else { return scientific };
    if (-4..6).contains(&exponent) {
        // Rust's `{}` never uses an exponent, and its digits are the shortest too.
        return format!("{n}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.unsigned_abs())
}

/// go-toml's text of a float: never an exponent, at least one digit behind the point, and the digits of a float32 if
/// that holds the number exactly.
fn toml_float(n: f64) -> String {
    if n.trunc() == n {
        return format!("{n:.1}");
    }
    let single = n as f32;
    if f64::from(single) == n { format!("{single}") } else { format!("{n}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The forms that section 5 of the record of shim options lists, and the borders of the exponent form.
    #[test]
    fn floats_are_printed_as_go_does() {
        for (n, v) in [
            (1000.0, "1000"),
            (1.5, "1.5"),
            (-0.0, "-0"),
            (0.0, "0"),
            (1e6, "1e+06"),
            (999_999.0, "999999"),
            (4_294_967_295.0, "4.294967295e+09"),
            (3e9, "3e+09"),
            (1e-4, "0.0001"),
            (1e-5, "1e-05"),
            (-1.25e-7, "-1.25e-07"),
            (1e100, "1e+100"),
            (f64::MAX, "1.7976931348623157e+308"),
            (5e-324, "5e-324"),
            (123_456.789, "123456.789"),
        ] {
            assert_eq!(go_float(n), v);
        }
    }

    #[test]
    fn toml_floats_have_no_exponent() {
        for (n, v) in [
            (1.0, "1.0"),
            (-0.0, "-0.0"),
            (1e21, "1000000000000000000000.0"),
            (1.5, "1.5"),
            (0.1, "0.1"),
            (1e-7, "0.0000001"),
            // Both hold it exactly, and the shortest text differs.
            (f64::from(0.1_f32), "0.1"),
        ] {
            assert_eq!(toml_float(n), v);
        }
    }

    #[test]
    fn strings_are_quoted_by_their_low_16_bits() {
        assert_eq!(quote("a\"b\\\n\u{1f}\u{7f}é"), "\"a\\\"b\\\\\\n\u{1f}\u{7f}é\"");
        assert_eq!(quote("\u{0}\u{1e}"), "\"\\u0000\\u001E\"");
        assert_eq!(quote("\u{10000}\u{1f600}"), "\"\\u0000\u{1f600}\"");
        // \b, \t, \n, \f and \r have their own form only below U+0080.
        assert_eq!(quote("\u{1000a}"), "\"\\u000A\"");
    }
}
