use std::borrow::Cow;

use crate::source::Span;

/// A document as it is shown: UTF-16, which the daemon reads as well, turned into UTF-8.
#[derive(Debug)]
pub(super) struct Shown<'s> {
    bytes: Cow<'s, [u8]>,
    /// For UTF-16, each character's offset in the document and in `bytes`, ascending.
    map: Vec<(u32, u32)>,
}

impl<'s> Shown<'s> {
    pub(super) fn new(source: &'s [u8]) -> Self {
        let unit: fn([u8; 2]) -> u16 = match source {
            [0xff, 0xfe, ..] => u16::from_le_bytes,
            [0xfe, 0xff, ..] => u16::from_be_bytes,
            _ => return Self { bytes: Cow::Borrowed(source), map: Vec::new() },
        };
        let (text, _) = source.get(2..).unwrap_or_default().as_chunks::<2>();
        let (mut bytes, mut map, mut at) = (String::new(), Vec::new(), 2);
        for c in char::decode_utf16(text.iter().map(|pair| unit(*pair))) {
            map.push((Span::point(at).start, Span::point(bytes.len()).start));
            let c = c.unwrap_or(char::REPLACEMENT_CHARACTER);
            at += 2 * c.len_utf16();
            bytes.push(c);
        }
        Self { bytes: Cow::Owned(bytes.into_bytes()), map }
    }

    /// The text to show.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where in it a place of the document is.
    pub(super) fn span(&self, span: Span) -> Span {
        if self.map.is_empty() {
            return span;
        }
        let offset = |raw: u32| {
            let at = self.map.partition_point(|(document, _)| *document < raw);
            self.map.get(at).map_or(self.bytes.len(), |(_, shown)| *shown as usize)
        };
        Span::new(offset(span.start), offset(span.end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utf16_is_shown_as_utf8() {
        let text = "{\"é🙂\": 1}";
        for big in [false, true] {
            let units = std::iter::once(0xfeff).chain(text.encode_utf16());
            let raw: Vec<u8> =
                units.flat_map(|u| if big { u.to_be_bytes() } else { u.to_le_bytes() }).collect();
            let shown = Shown::new(&raw);
            assert_eq!(shown.bytes(), text.as_bytes());
            // The key between the quotes: units 2, 3 and 4 of the text.
            assert_eq!(shown.span(Span::new(2 + 4, 2 + 10)).slice(shown.bytes()), "é🙂".as_bytes());
            assert_eq!(shown.span(Span::point(raw.len())), Span::point(text.len()));
        }
        assert_eq!(Shown::new(b"\xff\xfe").bytes(), b"");
    }
}
