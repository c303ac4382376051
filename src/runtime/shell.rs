//! How a shell reads the line of a wrapper script: its words, and what it does with them besides passing them on.

use std::collections::BTreeSet;

/// What a shell does with a word other than passing it on as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mark {
    /// Ends a command: `;`, `&`, `|`, a line break and their kin. What follows is a command of its own.
    Separator,
    /// `<` or `>`: the next word is a file.
    Redirection,
    /// A parenthesis: a subshell, or the definition of a function.
    Group,
    /// A `$` or backquote: a variable, or the output of a command.
    Expansion,
    /// `*`, `?` or `[`: replaced by the names of files, if there are some.
    Pattern,
    /// A `~` in front: somebody's home directory.
    Home,
    /// Quotes or a backslash, which go away.
    Quote,
    /// Quotes that are not closed: the script is broken.
    Open,
    /// A `#`: the rest of the line is not read, the caller's arguments included.
    Comment,
    /// `name=value` in front of a command: a variable is set.
    Assignment,
    /// A word of the shell's own where a command is expected, such as `if` or `!`.
    Reserved,
    /// `$@` at the end: the arguments of the caller, which are split and matched against files again.
    Arguments,
}

impl Mark {
    /// A few words for a person.
    #[must_use]
    pub fn describe(self) -> &'static str {
        match self {
            Self::Separator => "ends the command; what follows is another one",
            Self::Redirection => "redirects to or from a file",
            Self::Group => "groups commands",
            Self::Expansion => "is expanded",
            Self::Pattern => "is matched against files",
            Self::Home => "becomes a home directory",
            Self::Quote => "quotes are removed",
            Self::Open => "a quote is not closed",
            Self::Comment => "is a comment; nothing behind it is read",
            Self::Assignment => "sets a variable",
            Self::Reserved => "is a word of the shell's own",
            Self::Arguments => "the caller's arguments, split again",
        }
    }
}

/// One word as a shell finds it, or one of its operators.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// As it stands in the script.
    pub text: Vec<u8>,
    /// What is passed on; `None` if that depends on more than the script, or nothing is.
    pub value: Option<Vec<u8>>,
    /// What else the shell does with it; empty for a plain word.
    pub marks: BTreeSet<Mark>,
}

/// Reads commands as POSIX sh splits them into words (Shell Command Language, 2.3 Token Recognition). Total: what is
/// broken is marked.
///
/// ```
/// use plimsoll::runtime::{Mark, shell_words};
/// let words = shell_words(b"/usr/bin/crun --log '/a b' ; id");
/// let texts: Vec<_> = words.iter().map(|word| String::from_utf8_lossy(&word.text)).collect();
/// assert_eq!(texts, ["/usr/bin/crun", "--log", "'/a b'", ";", "id"]);
/// assert_eq!(words[2].value.as_deref(), Some(&b"/a b"[..]));
/// assert!(words[3].marks.contains(&Mark::Separator));
/// ```
#[must_use]
pub fn shell_words(script: &[u8]) -> Vec<Word> {
    let mut lexer = Lexer { rest: script };
    let mut words: Vec<Word> = Vec::new();
    // Whether the next word is the name of a command.
    let mut command = true;
    while let Some(mut word) = lexer.next() {
        if word.marks.is_disjoint(&OPERATORS.into()) {
            if command && is_assignment(&word.text) {
                word.marks.insert(Mark::Assignment);
                word.value = None;
            } else if command && RESERVED.contains(&word.text.as_slice()) {
                word.marks.insert(Mark::Reserved);
                word.value = None;
            } else {
                command = false;
            }
        } else if !word.marks.contains(&Mark::Redirection) {
            command = true;
        }
        words.push(word);
    }
    if let Some(last) = words.last_mut().filter(|word| word.text == b"$@") {
        last.marks = [Mark::Arguments].into();
    }
    words
}

/// The words of a wrapper script's commands: what stands behind its first line.
#[must_use]
pub(super) fn script_words(contents: &[u8]) -> Vec<Word> {
    let body = contents.strip_prefix(b"#!/bin/sh\n").unwrap_or(contents);
    shell_words(body.strip_suffix(b"\n").unwrap_or(body))
}

const OPERATORS: [Mark; 4] = [Mark::Separator, Mark::Redirection, Mark::Group, Mark::Comment];

const RESERVED: [&[u8]; 16] = [
    b"!", b"{", b"}", b"case", b"do", b"done", b"elif", b"else", b"esac", b"fi", b"for", b"if", b"in",
    b"then", b"until", b"while",
];

/// The longer ones first.
const SIGNS: [(&[u8], Mark); 17] = [
    (b"<<-", Mark::Redirection),
    (b"&&", Mark::Separator),
    (b"||", Mark::Separator),
    (b";;", Mark::Separator),
    (b"<<", Mark::Redirection),
    (b">>", Mark::Redirection),
    (b"<&", Mark::Redirection),
    (b">&", Mark::Redirection),
    (b"<>", Mark::Redirection),
    (b">|", Mark::Redirection),
    (b";", Mark::Separator),
    (b"&", Mark::Separator),
    (b"|", Mark::Separator),
    (b"\n", Mark::Separator),
    (b"<", Mark::Redirection),
    (b">", Mark::Redirection),
    (b"(", Mark::Group),
];

fn is_assignment(word: &[u8]) -> bool {
    let Some(at) = word.iter().position(|b| *b == b'=') else { return false };
    let name = word.get(..at).unwrap_or_default();
    let first = name.first().is_some_and(|b| b.is_ascii_alphabetic() || *b == b'_');
    first && name.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_')
}

struct Lexer<'s> {
    rest: &'s [u8],
}

impl<'s> Lexer<'s> {
    fn take(&mut self, count: usize) -> &'s [u8] {
        let (taken, rest) = self.rest.split_at_checked(count).unwrap_or((self.rest, &[]));
        self.rest = rest;
        taken
    }

    fn next(&mut self) -> Option<Word> {
        loop {
            match self.rest {
                [b' ' | b'\t', ..] => drop(self.take(1).len()),
                [b'\\', b'\n', ..] => drop(self.take(2).len()),
                [] => return None,
                _ => break,
            }
        }
        let operator = |text: &[u8], mark| Word { text: text.to_vec(), value: None, marks: [mark].into() };
        if self.rest.starts_with(b"#") {
            let end = self.rest.iter().position(|b| *b == b'\n').unwrap_or(self.rest.len());
            return Some(operator(self.take(end), Mark::Comment));
        }
        if self.rest.starts_with(b")") {
            return Some(operator(self.take(1), Mark::Group));
        }
        if let Some((sign, mark)) = SIGNS.iter().find(|(sign, _)| self.rest.starts_with(sign)) {
            return Some(operator(self.take(sign.len()), *mark));
        }
        Some(self.word())
    }

    fn word(&mut self) -> Word {
        let start = self.rest;
        let mut value = Vec::new();
        let mut marks = BTreeSet::new();
        if start.starts_with(b"~") {
            marks.insert(Mark::Home);
        }
        while let Some(byte) = self.rest.first() {
            match byte {
                b' ' | b'\t' | b'\n' | b';' | b'&' | b'|' | b'<' | b'>' | b'(' | b')' => break,
                b'\\' => self.backslash(&mut value, &mut marks),
                b'\'' => self.single(&mut value, &mut marks),
                b'"' => self.double(&mut value, &mut marks),
                b'$' | b'`' => self.expansion(&mut value, &mut marks),
                b'*' | b'?' | b'[' => {
                    marks.insert(Mark::Pattern);
                    value.extend_from_slice(self.take(1));
                }
                _ => value.extend_from_slice(self.take(1)),
            }
        }
        let length = start.len().saturating_sub(self.rest.len());
        let text = start.get(..length).unwrap_or_default().to_vec();
        let fixed = marks.iter().all(|mark| *mark == Mark::Quote);
        Word { text, value: fixed.then_some(value), marks }
    }

    fn backslash(&mut self, value: &mut Vec<u8>, marks: &mut BTreeSet<Mark>) {
        match self.take(2) {
            [_, b'\n'] => {}
            [_, escaped] => {
                marks.insert(Mark::Quote);
                value.push(*escaped);
            }
            // At the very end it stands for itself.
            _ => value.push(b'\\'),
        }
    }

    fn single(&mut self, value: &mut Vec<u8>, marks: &mut BTreeSet<Mark>) {
        marks.insert(Mark::Quote);
        self.take(1);
        let end = self.rest.iter().position(|b| *b == b'\'');
        if end.is_none() {
            marks.insert(Mark::Open);
        }
        value.extend_from_slice(self.take(end.unwrap_or(self.rest.len())));
        self.take(1);
    }

    fn double(&mut self, value: &mut Vec<u8>, marks: &mut BTreeSet<Mark>) {
        marks.insert(Mark::Quote);
        self.take(1);
        loop {
            match self.rest {
                [] => {
                    marks.insert(Mark::Open);
                    return;
                }
                [b'"', ..] => {
                    self.take(1);
                    return;
                }
                [b'\\', b'\n', ..] => drop(self.take(2).len()),
                [b'\\', escaped @ (b'$' | b'`' | b'"' | b'\\'), ..] => {
                    value.push(*escaped);
                    self.take(2);
                }
                [b'$' | b'`', ..] => self.expansion(value, marks),
                _ => value.extend_from_slice(self.take(1)),
            }
        }
    }

    /// From a `$` or a backquote to the end of what it begins. A `$` that begins nothing stands for itself.
    fn expansion(&mut self, value: &mut Vec<u8>, marks: &mut BTreeSet<Mark>) {
        let end = match self.rest {
            [b'`', inner @ ..] => inner.iter().position(|b| *b == b'`').map(|at| at.saturating_add(2)),
            [b'$', b'{', inner @ ..] => inner.iter().position(|b| *b == b'}').map(|at| at.saturating_add(3)),
            [b'$', b'(', inner @ ..] => closing(inner).map(|at| at.saturating_add(3)),
            [b'$', b'A'..=b'Z' | b'a'..=b'z' | b'_', inner @ ..] => {
                let name = inner.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
                Some(name.saturating_add(2))
            }
            [b'$', b'0'..=b'9' | b'@' | b'*' | b'#' | b'?' | b'-' | b'$' | b'!', ..] => Some(2),
            // Some shells take this for a quote of another kind.
            [b'$', b'\'' | b'"', ..] => Some(1),
            _ => {
                value.extend_from_slice(self.take(1));
                return;
            }
        };
        marks.insert(Mark::Expansion);
        if end.is_none() {
            marks.insert(Mark::Open);
        }
        value.extend_from_slice(self.take(end.unwrap_or(self.rest.len())));
    }
}

/// Where the parenthesis that is open closes.
fn closing(inner: &[u8]) -> Option<usize> {
    let mut open = 1_usize;
    inner.iter().position(|byte| {
        match byte {
            b'(' => open = open.saturating_add(1),
            b')' => open = open.saturating_sub(1),
            _ => {}
        }
        open == 0
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(script: &str) -> Vec<String> {
        shell_words(script.as_bytes()).into_iter().map(|w| String::from_utf8(w.text).unwrap()).collect()
    }

    fn marks(script: &str) -> Vec<Vec<Mark>> {
        shell_words(script.as_bytes()).into_iter().map(|w| w.marks.into_iter().collect()).collect()
    }

    #[test]
    fn words_and_operators() {
        assert_eq!(texts("/bin/true ; id>/tmp/x; $@"), ["/bin/true", ";", "id", ">", "/tmp/x", ";", "$@"]);
        assert_eq!(texts("a&&b||c|d&"), ["a", "&&", "b", "||", "c", "|", "d", "&"]);
        assert_eq!(
            texts("x --a=$(id -u; (b)) `c d` ${e f}g"),
            ["x", "--a=$(id -u; (b))", "`c d`", "${e f}g"]
        );
        assert_eq!(texts("x a\\ b 'c d'\"e $f\""), ["x", "a\\ b", "'c d'\"e $f\""]);
        assert_eq!(texts("x a#b #c $@"), ["x", "a#b", "#c $@"]);
    }

    #[test]
    fn what_the_shell_does_is_marked() {
        assert_eq!(marks("crun --x $@"), [vec![], vec![], vec![Mark::Arguments]]);
        assert_eq!(
            marks("A=1 x A=1 ~ * 'a' $"),
            [
                vec![Mark::Assignment],
                vec![],
                vec![],
                vec![Mark::Home],
                vec![Mark::Pattern],
                vec![Mark::Quote],
                vec![]
            ]
        );
        assert_eq!(
            marks("! x ! ; if"),
            [vec![Mark::Reserved], vec![], vec![], vec![Mark::Separator], vec![Mark::Reserved]]
        );
        assert_eq!(marks("x 'a"), [vec![], vec![Mark::Quote, Mark::Open]]);
        assert_eq!(marks("x $(a"), [vec![], vec![Mark::Expansion, Mark::Open]]);
    }

    proptest! {
        #[test]
        fn every_byte_is_in_one_word_or_is_blank(script in prop::collection::vec(prop_oneof![
            prop::sample::select(b"ab $`'\"\\;&|<>(){}#~*=\n\t".to_vec()), any::<u8>()], 0..60)) {
            let joined: Vec<u8> = shell_words(&script).into_iter().flat_map(|w| w.text).collect();
            let mut left = joined.iter();
            let mut next = left.next();
            for byte in &script {
                if next == Some(byte) { next = left.next() } else { prop_assert!(b" \t\\\n".contains(byte)) }
            }
            prop_assert!(next.is_none());
        }
    }

    /// The words of scripts that depend on nothing else are those that the real shell finds.
    #[cfg(unix)]
    #[test]
    fn as_sh_splits() {
        use proptest::strategy::ValueTree;
        let mut runner = proptest::test_runner::TestRunner::deterministic();
        let bodies = "[ab\\\\'\" \t#=~$-]{0,14}";
        let mut compared = 0;
        for _ in 0..600 {
            let body = bodies.new_tree(&mut runner).unwrap().current();
            let words = shell_words(format!("set -- {body}").as_bytes());
            let comment = |word: &Word| word.marks.contains(&Mark::Comment);
            let values: Option<Vec<Vec<u8>>> =
                words.iter().skip(2).filter(|word| !comment(word)).map(|word| word.value.clone()).collect();
            // A backslash at the end would take the line break behind it along.
            let Some(values) = values.filter(|_| !body.ends_with('\\')) else { continue };
            let script = format!("set -- {body}\nfor w do printf '%s\\0' \"$w\"; done\n");
            let output = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
            let expected: Vec<u8> = values.iter().flat_map(|value| [value, &b"\0"[..]].concat()).collect();
            assert_eq!(output.stdout, expected, "{body:?}");
            compared += 1;
        }
        assert!(compared > 100, "{compared}");
    }
}
