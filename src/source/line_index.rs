use std::ops::Range;

/// Line and column of a byte offset, as editors count them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// From 1.
    pub line: usize,
    /// From 1, in characters (what is not UTF-8 counts as `String::from_utf8_lossy` would show it).
    pub column: usize,
}

/// Where the lines of a text begin.
///
/// Looking up a position costs the same on a line of 16 MiB as on a short one.
///
/// ```
/// use plimsoll::source::{LineIndex, Position};
/// let index = LineIndex::new("{\n  \"é\": 1\n}".as_bytes());
/// assert_eq!(index.position(8), Position { line: 2, column: 6 });
/// ```
#[derive(Clone, Debug)]
pub struct LineIndex<'t> {
    text: &'t [u8],
    starts: Vec<usize>,
    /// Offsets at character boundaries, ascending, each with the characters before it.
    marks: Vec<(usize, usize)>,
}

/// Distance in bytes between two marks.
const STRIDE: usize = 1024;

impl<'t> LineIndex<'t> {
    /// Indexes `text`; linear in its length.
    #[must_use]
    pub fn new(text: &'t [u8]) -> Self {
        let mut starts = vec![0];
        starts.extend(text.iter().enumerate().filter(|(_, b)| **b == b'\n').map(|(i, _)| i + 1));
        Self { text, starts, marks: marks(text) }
    }

    /// The position of `offset`; beyond the end, the position just after the last character.
    #[must_use]
    pub fn position(&self, offset: usize) -> Position {
        let offset = offset.min(self.text.len());
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = self.starts.get(line.saturating_sub(1)).copied().unwrap_or(0);
        Position { line, column: self.characters(offset).saturating_sub(self.characters(start)) + 1 }
    }

    /// How many lines there are; a final line break begins another one.
    #[must_use]
    pub fn lines(&self) -> usize {
        self.starts.len()
    }

    /// The bytes of a line counted from 1, without its line break; empty beyond the last.
    #[must_use]
    pub fn line(&self, line: usize) -> Range<usize> {
        let end = self.text.len();
        let start = self.starts.get(line.saturating_sub(1)).copied().unwrap_or(end);
        let stop = self.starts.get(line).map_or(end, |next| next.saturating_sub(1));
        start..stop.max(start)
    }

    fn characters(&self, offset: usize) -> usize {
        let mark = self.marks.partition_point(|(at, _)| *at <= offset).saturating_sub(1);
        let (at, before) = self.marks.get(mark).copied().unwrap_or((0, 0));
        before + String::from_utf8_lossy(self.text.get(at..offset).unwrap_or_default()).chars().count()
    }
}

fn marks(text: &[u8]) -> Vec<(usize, usize)> {
    let mut marks = vec![(0, 0)];
    let (mut at, mut characters, mut next) = (0, 0, STRIDE);
    let mut step = |bytes: usize| {
        at += bytes;
        characters += 1;
        if at >= next {
            marks.push((at, characters));
            next = at + STRIDE;
        }
    };
    for chunk in text.utf8_chunks() {
        chunk.valid().chars().for_each(|c| step(c.len_utf8()));
        if !chunk.invalid().is_empty() {
            step(chunk.invalid().len());
        }
    }
    marks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_agree_with_counting_from_the_start_of_the_line() {
        let mut text = Vec::new();
        for i in 0..3000_u32 {
            text.extend_from_slice(["é", "x", "漢", "\n", "🙂"][i as usize % 7 % 5].as_bytes());
            if i % 11 == 0 {
                text.push(0xc3);
            }
        }
        text.extend(std::iter::repeat_n("ü".as_bytes(), 5000).flatten());
        let index = LineIndex::new(&text);
        for offset in 0..text.len() + 2 {
            let offset = offset.min(text.len());
            let before = &text[..offset];
            let start = before.iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1);
            let line = before.iter().filter(|b| **b == b'\n').count() + 1;
            let column = String::from_utf8_lossy(&before[start..]).chars().count() + 1;
            assert_eq!(index.position(offset), Position { line, column }, "at {offset}");
        }
    }

    #[test]
    fn lines_are_ranges_without_breaks() {
        let text = b"a\n\nbc";
        let index = LineIndex::new(text);
        let lines: Vec<_> = (1..=index.lines()).map(|n| index.line(n)).collect();
        assert_eq!(lines, [0..1, 2..2, 3..5]);
        assert_eq!(index.line(9), 5..5);
        assert_eq!(LineIndex::new(b"").line(1), 0..0);
    }
}
