/// Line and column of a byte offset, as editors count them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// From 1.
    pub line: usize,
    /// From 1, in characters (a byte that is not UTF-8 counts as one).
    pub column: usize,
}

/// Where the lines of a text begin.
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
}

impl<'t> LineIndex<'t> {
    /// Indexes `text`; linear in its length.
    #[must_use]
    pub fn new(text: &'t [u8]) -> Self {
        let mut starts = vec![0];
        starts.extend(text.iter().enumerate().filter(|(_, b)| **b == b'\n').map(|(i, _)| i + 1));
        Self { text, starts }
    }

    /// The position of `offset`; beyond the end, the position just after the last character.
    #[must_use]
    pub fn position(&self, offset: usize) -> Position {
        let offset = offset.min(self.text.len());
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = self.starts.get(line.saturating_sub(1)).copied().unwrap_or(0);
        let before = self.text.get(start..offset).unwrap_or_default();
        Position { line, column: String::from_utf8_lossy(before).chars().count() + 1 }
    }
}
