//! What views made of texts, for as long as a document is looked at without changing it.

use std::cell::Cell;

use crate::facts::views::{MAX_FIELDS, View, ViewField, ViewFields};

/// Entries; a new one takes the place of one that was there.
const ENTRIES: usize = 8;

/// Results of views of one text. Rules of several stages ask for one field after the other of the same few.
#[derive(Debug, Default)]
pub(super) struct ViewCache {
    entries: [Entry; ENTRIES],
}

#[derive(Debug, Default)]
struct Entry {
    of: Cell<Option<Call>>,
    /// The fields; behind the last of the view there may be some of another.
    fields: [Cell<Kept>; MAX_FIELDS],
}

/// A view and a text by their addresses: both stay where they are, and nothing is read through these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Call {
    view: usize,
    text: usize,
    len: usize,
}

/// A field, without borrowing from the text.
#[derive(Clone, Copy, Debug, Default)]
enum Kept {
    Bool(bool),
    Int(i64),
    /// The bytes from here to there of the text.
    Part(u32, u32),
    /// Made anew, and not kept.
    #[default]
    Other,
}

impl Call {
    fn new(view: &View, text: &[u8]) -> Self {
        Self { view: std::ptr::from_ref(view).addr(), text: text.as_ptr().addr(), len: text.len() }
    }

    /// Where it is kept.
    fn place(self) -> usize {
        (self.text ^ (self.text >> 3) ^ (self.view >> 6)) % ENTRIES
    }
}

impl ViewCache {
    /// A field of what the view makes of the text, if that is known.
    #[inline]
    pub(super) fn get<'t>(&self, view: &View, text: &'t [u8], field: usize) -> Option<ViewField<'t>> {
        let call = Call::new(view, text);
        let entry = self.entries.get(call.place())?;
        if entry.of.get() != Some(call) {
            return None;
        }
        match entry.fields.get(field)?.get() {
            Kept::Bool(b) => Some(ViewField::Bool(b)),
            Kept::Int(n) => Some(ViewField::Int(n)),
            Kept::Part(start, end) => Some(ViewField::Str(text.get(start as usize..end as usize)?.into())),
            Kept::Other => None,
        }
    }

    /// Keeps what the view made of the text.
    pub(super) fn put(&self, view: &View, text: &[u8], made: &ViewFields<'_>) {
        let call = Call::new(view, text);
        let Some(entry) = self.entries.get(call.place()) else { return };
        for (kept, field) in entry.fields.iter().zip(made.iter()) {
            kept.set(match field {
                ViewField::Bool(b) => Kept::Bool(*b),
                ViewField::Int(n) => Kept::Int(*n),
                ViewField::Str(part) => within(part, call),
                ViewField::Strs(_) => Kept::Other,
            });
        }
        entry.of.set(Some(call));
    }
}

/// A part of the text, or anything else.
fn within(part: &[u8], call: Call) -> Kept {
    let start = part.as_ptr().addr().wrapping_sub(call.text);
    let end = start.checked_add(part.len()).filter(|end| *end <= call.len);
    match (u32::try_from(start), end.map(u32::try_from)) {
        _ if part.is_empty() => Kept::Part(0, 0),
        (Ok(start), Some(Ok(end))) => Kept::Part(start, end),
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
