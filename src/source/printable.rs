use std::borrow::Cow;
use std::fmt::Write as _;

/// Whether a character must not reach a terminal or a log as it is: control characters (among them the escape
/// that starts a terminal command), and invisible ones that reorder or hide text.
///
/// ```
/// use plimsoll::source::is_unprintable;
/// assert!(is_unprintable('\x1b') && is_unprintable('\u{202e}') && !is_unprintable('é'));
/// ```
#[must_use]
pub fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

/// The text with every [unprintable](is_unprintable) character written out: `\n`, `\t`, `\u{1b}`.
#[must_use]
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unprintable) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        push_printable(&mut out, c);
    }
    Cow::Owned(out)
}

/// Appends one character, written out if it is [unprintable](is_unprintable).
pub fn push_printable(out: &mut String, c: char) {
    match c {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        c if is_unprintable(c) => {
            // Writing to a String cannot fail.
            let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
        }
        c => out.push(c),
    }
}

/// At most `limit` characters of the text: the head, an ellipsis, and a shorter tail.
///
/// ```
/// use plimsoll::source::shorten;
/// assert_eq!(shorten("short", 200), "short");
/// assert_eq!(shorten(&"x".repeat(1_000_000), 12).chars().count(), 12);
/// ```
#[must_use]
pub fn shorten(text: &str, limit: usize) -> Cow<'_, str> {
    let Some(_) = text.char_indices().nth(limit) else { return Cow::Borrowed(text) };
    let tail = limit / 4;
    let head = limit.saturating_sub(tail + 1);
    let mut out: String = text.chars().take(head).collect();
    out.push('…');
    let back: Vec<char> = text.chars().rev().take(tail).collect();
    out.extend(back.iter().rev());
    Cow::Owned(out)
}

/// The text with its words put on lines of at most `width` characters; a word that is longer has a line of its own.
///
/// ```
/// assert_eq!(plimsoll::source::wrap("to be or  not to be", 8), "to be or\nnot to\nbe");
/// ```
#[must_use]
pub fn wrap(text: &str, width: usize) -> String {
    let mut out = String::with_capacity(text.len());
    let mut used = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if used > 0 && used + 1 + length > width {
            out.push('\n');
            used = 0;
        } else if used > 0 {
            out.push(' ');
            used += 1;
        }
        out.push_str(word);
        used += length;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printable_writes_out_what_a_terminal_obeys() {
        assert_eq!(printable("a\x1b[31m\u{9b}\u{202e}\n"), "a\\u{1b}[31m\\u{9b}\\u{202e}\\n");
        assert!(matches!(printable("plain é 漢"), Cow::Borrowed(_)));
    }

    #[test]
    fn shorten_keeps_head_and_tail() {
        assert_eq!(shorten("abcdefghijklmnop", 8), "abcde…op");
        assert_eq!(shorten("abcdefgh", 8), "abcdefgh");
        assert_eq!(shorten("abc", 0), "…");
    }
}
