//! Pieces of a document that can be shown: few lines, short, without anything a terminal obeys.
//!
//! The renderer that draws them asks for spans inside the text and at character boundaries, and for text it can
//! print. Documents keep none of that, so what is drawn is never the document but an [`Excerpt`] built here.

use std::ops::Range;

use crate::source::{LineIndex, Position, Span, push_printable};

/// Characters shown before and behind a marked place on a line too long to be shown whole.
const AROUND: usize = 40;
/// The longest line shown whole, in bytes.
const WHOLE: usize = 160;
/// The most lines that one mark may cover.
const TALL: usize = 12;
/// Marks further apart than this many lines go into excerpts of their own.
const APART: usize = 20;

/// Some consecutive lines and the marks on them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Excerpt {
    /// The number of the first line.
    pub(super) first_line: usize,
    /// The lines, made printable.
    pub(super) text: String,
    /// What to underline: a range of `text`, and which of the given spans it is.
    pub(super) marks: Vec<(Range<usize>, usize)>,
    /// Where the first of the given spans stands in the document, or else the first mark.
    pub(super) at: Position,
    /// The column that this place has in `text`: another if its line was changed or shortened.
    pub(super) shown_column: usize,
}

/// The excerpts that show all `spans`; the one with the first span comes first.
pub(super) fn excerpts(source: &[u8], index: &LineIndex<'_>, spans: &[Span]) -> Vec<Excerpt> {
    let mut marks: Vec<Mark> =
        spans.iter().enumerate().map(|(number, span)| Mark::new(number, *span, source, index)).collect();
    marks.sort_by_key(|mark| (mark.lines.start, mark.number));
    let mut groups: Vec<Vec<Mark>> = Vec::new();
    let mut last_line = 0;
    for mark in marks {
        let end = mark.lines.end;
        match groups.last_mut() {
            Some(group) if mark.lines.start <= last_line + APART => group.push(mark),
            _ => groups.push(vec![mark]),
        }
        last_line = last_line.max(end);
    }
    groups.sort_by_key(|group| group.iter().map(|mark| mark.number).min());
    groups.into_iter().filter_map(|group| excerpt(source, index, group)).collect()
}

/// One span, cut down to what can be shown.
struct Mark {
    number: usize,
    bytes: Range<usize>,
    /// First and last line.
    lines: Range<usize>,
}

impl Mark {
    fn new(number: usize, span: Span, source: &[u8], index: &LineIndex<'_>) -> Self {
        let start = span.range().start.min(source.len());
        let mut end = span.range().end.clamp(start, source.len());
        let first = index.position(start).line;
        // A span that ends with a line break ends on the line it breaks.
        let mut last = index.position(end.saturating_sub(1).max(start)).line.max(first);
        if last - first >= TALL {
            last = first;
        }
        end = end.min(index.line(last).end).max(start);
        Self { number, bytes: start..end, lines: first..last }
    }
}

fn excerpt(source: &[u8], index: &LineIndex<'_>, mut marks: Vec<Mark>) -> Option<Excerpt> {
    let first_line = marks.iter().map(|m| m.lines.start).min()?;
    let last_line = marks.iter().map(|m| m.lines.end).max()?;
    marks.sort_by_key(|mark| mark.number);
    let mut painter = Painter::default();
    for line in first_line..=last_line {
        if line > first_line {
            painter.text.push('\n');
        }
        painter.line(source, &index.line(line), &marks);
    }
    let mark = marks.iter().min_by_key(|mark| (mark.number != 0, mark.bytes.start))?;
    let start = painter.drawn(&mark.bytes).start;
    let before = painter.text.get(..start)?;
    let shown_column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    Some(Excerpt {
        first_line,
        marks: marks.iter().map(|mark| (painter.drawn(&mark.bytes), mark.number)).collect(),
        at: index.position(mark.bytes.start),
        shown_column,
        text: painter.text,
    })
}

/// Writes lines out, and remembers which byte of the document went where.
#[derive(Default)]
struct Painter {
    text: String,
    /// For each character drawn and each end of a line: its offset in the document and in `text`, both ascending.
    map: Vec<(usize, usize)>,
}

impl Painter {
    fn line(&mut self, source: &[u8], line: &Range<usize>, marks: &[Mark]) {
        let mut shown = line.clone();
        if source.get(line.clone()).is_some_and(|bytes| bytes.ends_with(b"\r")) {
            shown.end -= 1;
        }
        let mut at = shown.start;
        for piece in pieces(source, &shown, marks.iter().map(|mark| &mark.bytes)) {
            if piece.start > at {
                self.text.push('…');
            }
            at = piece.end;
            self.piece(source, &piece);
        }
        if at < shown.end {
            self.text.push('…');
        }
    }

    fn piece(&mut self, source: &[u8], piece: &Range<usize>) {
        let mut at = piece.start;
        for chunk in source.get(piece.clone()).unwrap_or_default().utf8_chunks() {
            for c in chunk.valid().chars() {
                self.map.push((at, self.text.len()));
                at += c.len_utf8();
                if c == '\t' { self.text.push_str("    ") } else { push_printable(&mut self.text, c) }
            }
            if !chunk.invalid().is_empty() {
                self.map.push((at, self.text.len()));
                at += chunk.invalid().len();
                self.text.push('\u{fffd}');
            }
        }
        self.map.push((at, self.text.len()));
    }

    /// Where these bytes of the document were drawn: whole characters, and inside `text`.
    fn drawn(&self, bytes: &Range<usize>) -> Range<usize> {
        let text = |entry: Option<&(usize, usize)>| entry.map_or(self.text.len(), |(_, text)| *text);
        let behind = self.map.partition_point(|(document, _)| *document <= bytes.start);
        let start = text(self.map.get(behind.saturating_sub(1)));
        let end = text(self.map.get(self.map.partition_point(|(document, _)| *document < bytes.end)));
        start..if bytes.is_empty() { start } else { end.max(start) }
    }
}

/// The parts of a line that are shown: all of it, or the surroundings of what is marked.
fn pieces<'m>(
    source: &[u8],
    line: &Range<usize>,
    marks: impl Iterator<Item = &'m Range<usize>>,
) -> Vec<Range<usize>> {
    if line.len() <= WHOLE {
        return vec![line.clone()];
    }
    let around = |at: usize| {
        boundary(source, at.saturating_sub(AROUND).max(line.start))
            ..boundary(source, (at + AROUND).min(line.end))
    };
    let mut pieces: Vec<Range<usize>> = marks
        .flat_map(|mark| [mark.start, mark.end])
        .filter(|at| line.start <= *at && *at <= line.end)
        .map(around)
        .collect();
    if pieces.is_empty() {
        pieces.push(line.start..boundary(source, line.start + 2 * AROUND));
    }
    pieces.sort_by_key(|piece| piece.start);
    let mut merged: Vec<Range<usize>> = Vec::new();
    for piece in pieces {
        match merged.last_mut() {
            Some(last) if piece.start <= last.end => last.end = last.end.max(piece.end),
            _ => merged.push(piece),
        }
    }
    merged
}

/// The last character boundary at or before `at`.
fn boundary(source: &[u8], at: usize) -> usize {
    let continues = |at: usize| source.get(at).is_some_and(|byte| byte & 0xc0 == 0x80);
    (at.saturating_sub(3)..=at).rev().find(|at| !continues(*at)).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::FileFailurePersistence;

    use super::*;
    use crate::source::is_unprintable;

    fn show(source: &[u8], spans: &[Span]) -> Vec<Excerpt> {
        excerpts(source, &LineIndex::new(source), spans)
    }

    #[test]
    fn a_plain_line_is_shown_as_it_is() {
        let [excerpt] = show(b"{\n  \"a\": 1\n}\n", &[Span::new(4, 7)]).try_into().unwrap();
        assert_eq!((excerpt.first_line, excerpt.text.as_str()), (2, "  \"a\": 1"));
        assert_eq!(excerpt.marks, [(2..5, 0)]);
        assert_eq!((excerpt.at.column, excerpt.shown_column), (3, 3));
    }

    #[test]
    fn a_long_line_is_cut_around_its_marks() {
        let line = format!("{}MARK{}", "a".repeat(100_000), "b".repeat(100_000));
        let [excerpt] = show(line.as_bytes(), &[Span::new(100_000, 100_004)]).try_into().unwrap();
        assert_eq!(excerpt.text, format!("…{}MARK{}…", "a".repeat(40), "b".repeat(40)));
        assert_eq!((excerpt.at.column, excerpt.shown_column), (100_001, 42));
        assert_eq!(excerpt.text.get(excerpt.marks[0].0.clone()), Some("MARK"));
        let [excerpt] = show(line.as_bytes(), &[Span::new(0, 200_004)]).try_into().unwrap();
        assert_eq!(excerpt.text, format!("{}…{}", "a".repeat(40), "b".repeat(40)));
    }

    #[test]
    fn what_a_terminal_obeys_is_written_out() {
        let [excerpt] = show(b"\t\x1b[2J\xff\r\n", &[Span::new(1, 2)]).try_into().unwrap();
        assert_eq!(excerpt.text, "    \\u{1b}[2J\u{fffd}");
        assert_eq!(excerpt.text.get(excerpt.marks[0].0.clone()), Some("\\u{1b}"));
    }

    #[test]
    fn places_far_apart_are_shown_apart() {
        let source = "x\n".repeat(1000);
        let shown = show(source.as_bytes(), &[Span::new(1800, 1801), Span::new(0, 1), Span::new(4, 5)]);
        let lines: Vec<_> = shown.iter().map(|e| (e.first_line, e.marks.len())).collect();
        assert_eq!(lines, [(901, 1), (1, 2)]);
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: Some(Box::new(FileFailurePersistence::Direct("tests/regressions/excerpt.txt"))),
            ..ProptestConfig::default()
        })]

        #[test]
        fn excerpts_are_total_bounded_and_printable(
            source in proptest::collection::vec(prop_oneof![Just(b'\n'), any::<u8>(), Just(b'a'), Just(0xc3), Just(0xa9)], 0..600),
            spans in proptest::collection::vec((0_usize..700, 0_usize..700), 0..6),
        ) {
            let spans: Vec<Span> = spans.into_iter().map(|(a, b)| Span::new(a, a.max(b))).collect();
            let shown = show(&source, &spans);
            let mut numbers = Vec::new();
            for excerpt in &shown {
                prop_assert!(excerpt.text.chars().all(|c| c == '\n' || !is_unprintable(c)));
                for (range, number) in &excerpt.marks {
                    prop_assert!(excerpt.text.get(range.clone()).is_some());
                    numbers.push(*number);
                }
            }
            numbers.sort_unstable();
            prop_assert_eq!(numbers, (0..spans.len()).collect::<Vec<_>>());
        }
    }
}
