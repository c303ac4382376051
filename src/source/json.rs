use std::io;

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter, Serializer};

use super::printable::is_unprintable;

/// The value as one line of JSON whose strings hold no [unprintable](is_unprintable) character raw.
///
/// It is the same JSON value: what a terminal could obey is written as `\uXXXX`.
///
/// ```
/// use plimsoll::source::to_json_line;
/// assert_eq!(to_json_line(&"a\u{202e}b"), r#""a\u202eb""#);
/// ```
#[must_use]
pub fn to_json_line(value: &impl Serialize) -> String {
    write_with(value, CompactFormatter)
}

/// As [`to_json_line`], indented over several lines.
#[must_use]
pub fn to_json_pretty(value: &impl Serialize) -> String {
    write_with(value, PrettyFormatter::new())
}

/// What cannot be JSON (a map with keys that are not strings, a failing `Serialize`) becomes `null`; none of ours is.
fn write_with<F: Formatter>(value: &impl Serialize, formatter: F) -> String {
    let mut out = Vec::with_capacity(128);
    match value.serialize(&mut Serializer::with_formatter(&mut out, Safe(formatter))) {
        Ok(()) => String::from_utf8(out).unwrap_or_else(|_| "null".to_owned()),
        Err(_) => "null".to_owned(),
    }
}

/// A formatter that leaves the layout to `F` and escapes more of strings.
struct Safe<F>(F);

impl<F: Formatter> Formatter for Safe<F> {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, w: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some((at, c)) = rest.char_indices().find(|(_, c)| is_unprintable(*c)) {
            let (before, after) = rest.split_at(at);
            w.write_all(before.as_bytes())?;
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(w, "\\u{unit:04x}")?;
            }
            rest = after.split_at(c.len_utf8()).1;
        }
        w.write_all(rest.as_bytes())
    }

    fn begin_array<W: ?Sized + io::Write>(&mut self, w: &mut W) -> io::Result<()> {
        self.0.begin_array(w)
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, w: &mut W) -> io::Result<()> {
        self.0.end_array(w)
    }

    fn begin_array_value<W: ?Sized + io::Write>(&mut self, w: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(w, first)
    }

    fn end_array_value<W: ?Sized + io::Write>(&mut self, w: &mut W) -> io::Result<()> {
        self.0.end_array_value(w)
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, w: &mut W) -> io::Result<()> {
        self.0.begin_object(w)
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, w: &mut W) -> io::Result<()> {
        self.0.end_object(w)
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, w: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(w, first)
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, w: &mut W) -> io::Result<()> {
        self.0.begin_object_value(w)
    }

    fn end_object_value<W: ?Sized + io::Write>(&mut self, w: &mut W) -> io::Result<()> {
        self.0.end_object_value(w)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaping_does_not_change_the_value() {
        let value =
            serde_json::json!({"k\u{7f}": ["\u{9b}31m", "\u{e0041}", "é漢", "\n\"\\", "\u{feff}"], "n": []});
        for text in [to_json_line(&value), to_json_pretty(&value)] {
            assert!(!text.chars().any(|c| is_unprintable(c) && c != '\n'), "{text:?}");
            assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
        }
    }
}
