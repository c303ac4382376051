use std::io::{self, BufRead, BufReader, Read};

/// Longest line that is looked at: a document of the largest size in base 64, and as much again of context.
pub(super) const LONGEST: usize = 64 << 20;
/// Bytes read at a time; so much of a file is judged in parallel.
const BUFFER: usize = 1 << 20;

/// One line of a stream.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// Counted from 1.
    pub(super) number: usize,
    /// Without the line break; `None` if it is longer than [`LONGEST`].
    pub(super) bytes: Option<Vec<u8>>,
}

/// The lines of a stream, in chunks: what has arrived and at least one line, so that a slow stream is answered line
/// by line and a file is worked off in bulk, in constant memory.
pub(super) struct Chunks<R> {
    reader: BufReader<R>,
    number: usize,
    longest: usize,
}

impl<R: Read> Chunks<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { reader: BufReader::with_capacity(BUFFER, reader), number: 0, longest: LONGEST }
    }

    /// The next lines that are not blank; empty at the end.
    pub(super) fn next(&mut self) -> io::Result<Vec<Line>> {
        let mut lines = Vec::new();
        while lines.is_empty() || self.reader.buffer().contains(&b'\n') {
            let Some(line) = self.line()? else { break };
            if line.bytes.as_ref().is_none_or(|bytes| !bytes.trim_ascii().is_empty()) {
                lines.push(line);
            }
        }
        Ok(lines)
    }

    fn line(&mut self) -> io::Result<Option<Line>> {
        let mut bytes = Vec::new();
        let mut length = 0;
        loop {
            let buffer = match self.reader.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => other?,
            };
            let end = buffer.iter().position(|byte| *byte == b'\n');
            let part = buffer.get(..end.unwrap_or(buffer.len())).unwrap_or_default();
            length += part.len();
            if length <= self.longest {
                bytes.extend_from_slice(part);
            }
            let (used, done) = (part.len() + usize::from(end.is_some()), end.is_some() || buffer.is_empty());
            let at_end = buffer.is_empty() && length == 0;
            self.reader.consume(used);
            if at_end {
                return Ok(None);
            }
            if done {
                self.number += 1;
                let bytes = (length <= self.longest).then_some(bytes);
                return Ok(Some(Line { number: self.number, bytes }));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_keep_their_numbers() {
        let mut chunks = Chunks::new(&b"a\n\n  \r\nb\r\nlonger\nc"[..]);
        chunks.longest = 5;
        let mut seen = Vec::new();
        loop {
            let lines = chunks.next().unwrap();
            if lines.is_empty() {
                break;
            }
            seen.extend(
                lines.into_iter().map(|l| (l.number, l.bytes.map(|b| String::from_utf8(b).unwrap()))),
            );
        }
        let text = |s: &str| Some(s.to_owned());
        assert_eq!(seen, [(1, text("a")), (4, text("b\r")), (5, None), (6, text("c"))]);
    }
}
