//! From bytes to UTF-8: `unicode.BOMOverride` and `encoding.UTF8Validator` of golang.org/x/text, then
//! `bytes.TrimSpace`.

use crate::source::Span;

/// A text that is UTF-8, and the part of it between the white space.
#[derive(Debug)]
pub(super) enum Input {
    /// The document's own bytes.
    Utf8 { start: usize, end: usize },
    /// It was UTF-16.
    Utf16 { text: Vec<u8>, start: usize, end: usize, offsets: Offsets },
}

/// Finds the encoding by the byte order mark; without one it is UTF-8.
///
/// # Errors
/// The message of the original and the first byte that is not UTF-8. UTF-16 cannot fail.
pub(super) fn decode_input(text: &[u8]) -> Result<Input, (String, Span)> {
    match text {
        [0xff, 0xfe, ..] => Ok(utf16(text, u16::from_le_bytes)),
        [0xfe, 0xff, ..] => Ok(utf16(text, u16::from_be_bytes)),
        [0xef, 0xbb, 0xbf, rest @ ..] => utf8(rest, 3),
        _ => utf8(text, 0),
    }
}

fn utf8(text: &[u8], mark: usize) -> Result<Input, (String, Span)> {
    match std::str::from_utf8(text) {
        Ok(valid) => {
            let (start, end) = trimmed(valid);
            Ok(Input::Utf8 { start: mark + start, end: mark + end })
        }
        Err(error) => {
            let at = error.valid_up_to();
            let read = mark + bytes_read(text, at);
            let span = Span::new(mark + at, mark + at + 1);
            let message =
                format!("failed to decode configuration JSON at offset {read}: encoding: invalid UTF-8");
            Err((message, span))
        }
    }
}

/// `bytes.TrimSpace`; Go's `unicode.IsSpace` is Unicode's White_Space.
fn trimmed(text: &str) -> (usize, usize) {
    let end = text.trim_end().len();
    let start = text.len() - text.trim_start().len();
    (start.min(end), end)
}

/// The offset that the original's message tells for an error at `at`: how much its transformer has read, which
/// is a block of 4,096 bytes at a time into a buffer that keeps the start of an unfinished character.
fn bytes_read(text: &[u8], at: usize) -> usize {
    const BLOCK: usize = 4096;
    let mut checked = 0;
    loop {
        let read = checked + BLOCK;
        if read >= text.len() {
            return text.len();
        }
        let unfinished = |bytes: &[u8]| std::str::from_utf8(bytes).is_err_and(|e| e.error_len().is_none());
        if at < read {
            if !unfinished(text.get(at..read).unwrap_or_default()) {
                return read;
            }
            checked = at;
        } else {
            let is_inside = |offset: usize| text.get(offset).is_some_and(|b| b & 0xc0 == 0x80);
            checked =
                (read.saturating_sub(3)..=read).rev().find(|offset| !is_inside(*offset)).unwrap_or(read);
        }
    }
}

/// x/text's UTF-16 decoder with the mark stripped.
fn utf16(text: &[u8], unit: fn([u8; 2]) -> u16) -> Input {
    let mut out = String::with_capacity(text.len());
    let mut offsets = Offsets::default();
    let mut at = 2;
    let read = |at: usize| match text.get(at..at + 2) {
        Some([a, b]) => Some(unit([*a, *b])),
        _ => None,
    };
    while at < text.len() {
        let (c, len) = match read(at) {
            // A single byte at the end.
            None => (char::REPLACEMENT_CHARACTER, 1),
            Some(first @ 0xd800..=0xdfff) => match read(at + 2) {
                // Two units are consumed also when the first is no high surrogate.
                Some(second @ 0xdc00..=0xdfff) => {
                    let c = char::decode_utf16([first, second]).next().and_then(Result::ok);
                    (c.filter(|_| first < 0xdc00).unwrap_or(char::REPLACEMENT_CHARACTER), 4)
                }
                _ => (char::REPLACEMENT_CHARACTER, 2),
            },
            Some(first) => (char::from_u32(first.into()).unwrap_or(char::REPLACEMENT_CHARACTER), 2),
        };
        offsets.push(out.len(), at, c.len_utf8(), len);
        out.push(c);
        at += len;
    }
    offsets.end = (out.len(), text.len());
    let (start, end) = trimmed(&out);
    Input::Utf16 { text: out.into_bytes(), start, end, offsets }
}

/// The way back from offsets in a decoded text to offsets in the original.
#[derive(Debug, Default)]
pub(super) struct Offsets {
    runs: Vec<Run>,
    end: (usize, usize),
}

/// Characters that follow each other and have the same lengths in both texts.
#[derive(Debug)]
struct Run {
    decoded: usize,
    original: usize,
    decoded_len: usize,
    original_len: usize,
}

impl Offsets {
    fn push(&mut self, decoded: usize, original: usize, decoded_len: usize, original_len: usize) {
        match self.runs.last() {
            Some(run) if run.decoded_len == decoded_len && run.original_len == original_len => {}
            _ => self.runs.push(Run { decoded, original, decoded_len, original_len }),
        }
    }

    /// The span in the original text.
    pub(super) fn original(&self, span: Span) -> Span {
        Span::new(self.offset(span.start as usize), self.offset(span.end as usize))
    }

    fn offset(&self, decoded: usize) -> usize {
        if decoded >= self.end.0 {
            return self.end.1;
        }
        let after = self.runs.partition_point(|run| run.decoded <= decoded);
        match after.checked_sub(1).and_then(|i| self.runs.get(i)) {
            Some(run) => run.original + (decoded - run.decoded) / run.decoded_len.max(1) * run.original_len,
            None => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(text: &[u8]) -> String {
        match decode_input(text).unwrap() {
            Input::Utf8 { start, end } => String::from_utf8(text[start..end].to_vec()).unwrap(),
            Input::Utf16 { text, start, end, .. } => String::from_utf8(text[start..end].to_vec()).unwrap(),
        }
    }

    #[test]
    fn marks_and_white_space() {
        assert_eq!(decoded(b""), "");
        assert_eq!(decoded(" \u{b}\u{a0}{}\u{2028}\u{85}\n".as_bytes()), "{}");
        assert_eq!(decoded(b"\xef\xbb\xbf {}"), "{}");
        assert_eq!(decoded(b"\xef\xbb\xbf"), "");
        assert_eq!(decoded(b"\xef\xbb\xbf\xef\xbb\xbf{}"), "\u{feff}{}");
        assert_eq!(decoded(b"\xff\xfe{\x00}\x00"), "{}");
        assert_eq!(decoded(b"\xfe\xff\x00{\x00}"), "{}");
        assert_eq!(decoded(b"\xff\xfe"), "");
    }

    #[test]
    fn broken_utf16_is_mended() {
        let le = |units: &[u16]| {
            let bytes: Vec<u8> = units.iter().flat_map(|u| u.to_le_bytes()).collect();
            decoded(&[b"\xff\xfe", bytes.as_slice()].concat())
        };
        assert_eq!(le(&[0xd83d, 0xde00]), "😀");
        assert_eq!(le(&[0xd83d, 0x41]), "\u{fffd}A");
        assert_eq!(le(&[0xd83d]), "\u{fffd}");
        assert_eq!(le(&[0xd83d, 0xd83d, 0xde00]), "\u{fffd}😀");
        // x/text consumes two low surrogates at once.
        assert_eq!(le(&[0xde00, 0xde00, 0x41]), "\u{fffd}A");
        assert_eq!(decoded(b"\xff\xfeA\x00B"), "A\u{fffd}");
    }

    #[test]
    fn offsets_lead_back() {
        let text = "a€😀b";
        let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let bytes = [b"\xff\xfe", units.as_slice()].concat();
        let Input::Utf16 { offsets, .. } = decode_input(&bytes).unwrap() else { panic!("not UTF-16") };
        assert_eq!(offsets.original(Span::new(0, 1)), Span::new(2, 4));
        assert_eq!(offsets.original(Span::new(1, 4)), Span::new(4, 6));
        assert_eq!(offsets.original(Span::new(4, 8)), Span::new(6, 10));
        assert_eq!(offsets.original(Span::new(8, 9)), Span::new(10, 12));
    }

    #[test]
    fn the_offset_told_is_what_was_read() {
        let offset = |text: &[u8]| {
            let (message, span) = decode_input(text).unwrap_err();
            let told = message.strip_prefix("failed to decode configuration JSON at offset ").unwrap();
            (told.strip_suffix(": encoding: invalid UTF-8").unwrap().parse::<usize>().unwrap(), span.start)
        };
        assert_eq!(offset(b"ab\xffcd"), (5, 2));
        assert_eq!(offset(b"\xef\xbb\xbfab\xffcd"), (8, 5));
        let at = |n: usize, bytes: &[u8], len: usize| {
            let mut text = vec![b' '; len];
            text[n..n + bytes.len()].copy_from_slice(bytes);
            offset(&text)
        };
        assert_eq!(at(10, b"\xff", 5000), (4096, 10));
        assert_eq!(at(4096, b"\xff", 9000), (8192, 4096));
        assert_eq!(at(4095, b"\xe2\x82x", 9000), (8191, 4095));
        let mut text = "é".repeat(5000).into_bytes();
        text.insert(0, b' ');
        text[4100] = b'x';
        assert_eq!(offset(&text).0, 4095 + 4096);
    }
}
