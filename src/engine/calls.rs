//! What views made for one instance of a stage: rules ask for one field after the other of the same few results.

use std::cell::{Cell, OnceCell};

use crate::facts::views::ViewFields;

/// The most calls of views in one stage or quantifier whose results are kept.
pub(super) const MAX_CALLS: usize = 8;

/// The most parameters of a view with a fast form.
pub(super) const MAX_PARAMS: usize = 4;

/// The results of the calls, by their numbers in the stage.
#[derive(Debug, Default)]
pub(super) struct Calls<'e> {
    made: [OnceCell<ViewFields<'e>>; MAX_CALLS],
    /// How many places may hold something.
    used: Cell<u8>,
}

impl<'e> Calls<'e> {
    /// What call number `call` made, if it was made.
    #[inline]
    pub(super) fn get(&self, call: u8) -> Option<&ViewFields<'e>> {
        self.made.get(usize::from(call))?.get()
    }

    /// The same, made now if it was not.
    pub(super) fn make(&self, call: u8, make: impl FnOnce() -> ViewFields<'e>) -> Option<&ViewFields<'e>> {
        self.used.set(self.used.get().max(call.saturating_add(1)));
        Some(self.made.get(usize::from(call))?.get_or_init(make))
    }

    /// Forgets everything: another instance.
    #[inline]
    pub(super) fn clear(&mut self) {
        let used = self.used.replace(0);
        for made in self.made.iter_mut().take(used.into()) {
            let owns = made.get().is_some_and(ViewFields::owns);
            let old = std::mem::take(made);
            if !owns {
                std::mem::forget(old);
            }
        }
    }
}
