//! What views made of texts, for as long as a document is looked at without changing it.

use std::cell::Cell;

use crate::facts::views::{MAX_FIELDS, View, ViewField, ViewFields};

/// Entries; a new one takes the place of one that was there.
const ENTRIES: usize = 8;

/// Results of views of one text. Rules of several stages ask for one field after the other of the same few.
#[derive(Debug, Default)]
pub(super) struct ViewCache {
    entries: [Cell<Option<Entry>>; ENTRIES],
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    /// Addresses: the view and the text stay where they are, and nothing is read through these.
    view: usize,
    text: usize,
    len: usize,
    fields: [Kept; MAX_FIELDS],
}

/// A field, without borrowing from the text.
#[derive(Clone, Copy, Debug)]
enum Kept {
    Bool(bool),
    Int(i64),
    /// The bytes from here to there of the text.
    Part(usize, usize),
    /// Made anew, and not kept.
    Other,
}

impl ViewCache {
    fn place(view: usize, text: &[u8]) -> (usize, usize) {
        let text = text.as_ptr().addr();
        (text, (text ^ (text >> 3) ^ (view >> 6)) % ENTRIES)
    }

    /// A field of what the view makes of the text, if that is known.
    pub(super) fn get<'t>(&self, view: &View, text: &'t [u8], field: usize) -> Option<ViewField<'t>> {
        let view = std::ptr::from_ref(view).addr();
        let (at, place) = Self::place(view, text);
        let entry = self.entries.get(place)?.get()?;
        if (entry.view, entry.text, entry.len) != (view, at, text.len()) {
            return None;
        }
        match *entry.fields.get(field)? {
            Kept::Bool(b) => Some(ViewField::Bool(b)),
            Kept::Int(n) => Some(ViewField::Int(n)),
            Kept::Part(start, end) => Some(ViewField::Str(text.get(start..end)?.into())),
            Kept::Other => None,
        }
    }

    /// Keeps what the view made of the text.
    pub(super) fn put(&self, view: &View, text: &[u8], made: &ViewFields<'_>) {
        let view = std::ptr::from_ref(view).addr();
        let (at, place) = Self::place(view, text);
        let mut fields = [Kept::Other; MAX_FIELDS];
        for (kept, field) in fields.iter_mut().zip(made.iter()) {
            *kept = match field {
                ViewField::Bool(b) => Kept::Bool(*b),
                ViewField::Int(n) => Kept::Int(*n),
                ViewField::Str(part) => within(part, at, text.len()),
                ViewField::Strs(_) => Kept::Other,
            };
        }
        if let Some(entry) = self.entries.get(place) {
            entry.set(Some(Entry { view, text: at, len: text.len(), fields }));
        }
    }
}

/// A part of the text at this address, or anything else.
fn within(part: &[u8], at: usize, len: usize) -> Kept {
    let start = part.as_ptr().addr().wrapping_sub(at);
    match start.checked_add(part.len()) {
        _ if part.is_empty() => Kept::Part(0, 0),
        Some(end) if end <= len => Kept::Part(start, end),
        _ => Kept::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::ViewCache;
    use crate::facts::views::{ParamType, ViewArg, views};

    /// Of every view of one text: what is kept is what the view makes, of texts and of parts of them.
    #[test]
    fn what_is_kept_is_what_the_view_makes() {
        let texts: [&[u8]; 7] = [
            b"",
            b"/a:/b:ro",
            b"name:/x/../y",
            b"8080-8090/tcp",
            b"container:abc",
            b"no-new-privileges",
            b"\xff:=",
        ];
        let cache = ViewCache::default();
        let mut kept = 0;
        for view in views().iter().filter(|view| matches!(view.params, [(_, ParamType::String)])) {
            for text in texts.iter().flat_map(|text| [*text, text.get(1..).unwrap_or_default()]) {
                let made = (view.eval)(&[ViewArg::Str(text)]);
                cache.put(view, text, &made);
                for (at, field) in made.iter().enumerate() {
                    let found = cache.get(view, text, at);
                    assert!(found.is_none() || found.as_ref() == Some(field), "{} {text:?}", view.name);
                    kept += usize::from(found.is_some());
                }
            }
        }
        assert!(kept > 500, "{kept}");
    }

    #[test]
    fn nothing_is_known_of_another_text() {
        let cache = ViewCache::default();
        let view = views().iter().find(|view| matches!(view.params, [(_, ParamType::String)])).unwrap();
        let text = b"a:b".to_vec();
        cache.put(view, &text, &(view.eval)(&[ViewArg::Str(&text)]));
        assert!(cache.get(view, &text, 0).is_some());
        assert!(cache.get(view, &text[..2], 0).is_none());
        assert!(cache.get(view, &text.clone(), 0).is_none());
    }
}
