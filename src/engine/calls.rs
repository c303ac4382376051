//! What views made for one instance of a stage: rules ask for one field after the other of the same few results.

use std::cell::{Cell, OnceCell};

use super::plan::ViewRead;
use crate::facts::views::{ViewArg, ViewField, ViewFields};

/// The most calls of views in one stage or quantifier whose results are kept.
pub(super) const MAX_CALLS: usize = 8;

/// The most parameters of a view with a fast form.
pub(super) const MAX_PARAMS: usize = 4;

/// The results of the calls, by their numbers in the stage.
#[derive(Debug, Default)]
pub(super) struct Calls<'e> {
    /// From the first call on: many judgements, and most stages, call no view.
    made: OnceCell<[ViewFields<'e>; MAX_CALLS]>,
    /// How many places may hold something.
    used: Cell<u8>,
}

impl<'e> Calls<'e> {
    /// A field of what call number `call` made, if it was made.
    #[inline]
    pub(super) fn get(&self, call: u8, field: usize) -> Option<&ViewField<'e>> {
        self.made.get()?.get(usize::from(call))?.get(field)
    }

    /// Calls a view that was not called yet.
    #[inline]
    pub(super) fn make(&self, read: &ViewRead, args: &[ViewArg<'e>]) -> Option<&ViewFields<'e>> {
        self.used.set(self.used.get().max(read.call.saturating_add(1)));
        let made = self.made.get_or_init(Default::default).get(usize::from(read.call))?;
        (read.view.eval)(args, made);
        Some(made)
    }

    /// Forgets everything: another instance.
    #[inline]
    pub(super) fn clear(&mut self) {
        let used = self.used.replace(0);
        let Some(made) = self.made.get_mut() else { return };
        for result in made.iter_mut().take(used.into()) {
            result.clear();
        }
    }
}
