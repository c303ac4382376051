/// A half-open range of byte offsets into one source text.
///
/// Offsets are 32-bit: no [`Budget`](crate::engine::Budget) admits a text of 4 GiB.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte; `start == end` marks a place between two bytes.
    pub end: u32,
}

impl Span {
    /// The span from `start` to `end`; offsets beyond `u32::MAX` saturate.
    #[must_use]
    #[inline]
    pub fn new(start: usize, end: usize) -> Self {
        let clamp = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Self { start: clamp(start), end: clamp(end.max(start)) }
    }

    /// A place rather than a range.
    #[must_use]
    pub fn point(at: usize) -> Self {
        Self::new(at, at)
    }

    /// The smallest span that holds both.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// The same span, `by` bytes further on (a text that stands inside another).
    #[must_use]
    pub fn shifted(self, by: usize) -> Self {
        Self::new((self.start as usize).saturating_add(by), (self.end as usize).saturating_add(by))
    }

    /// As a range for slicing; always `start <= end`, but perhaps beyond the text.
    #[must_use]
    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }

    /// The bytes of `text` under this span; what lies outside the text is left out.
    #[must_use]
    pub fn slice(self, text: &[u8]) -> &[u8] {
        let end = (self.end as usize).min(text.len());
        text.get((self.start as usize).min(end)..end).unwrap_or_default()
    }
}

impl From<std::ops::Range<usize>> for Span {
    fn from(range: std::ops::Range<usize>) -> Self {
        Self::new(range.start, range.end)
    }
}
