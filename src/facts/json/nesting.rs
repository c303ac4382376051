//! Which containers are open.

/// The open containers of a text, one bit each.
#[derive(Clone, Debug, Default)]
pub(super) struct Nesting {
    depth: usize,
    /// The innermost, at most 64, the last in the lowest bit: whether each is an object.
    inner: u64,
    /// Those around them, 64 by 64.
    outer: Vec<u64>,
}

impl Nesting {
    #[inline]
    pub(super) fn depth(&self) -> usize {
        self.depth
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.depth == 0
    }

    /// Whether the innermost is an object; `None` if nothing is open.
    #[inline]
    pub(super) fn is_object(&self) -> Option<bool> {
        (self.depth > 0).then_some(self.inner & 1 == 1)
    }

    #[inline]
    pub(super) fn push(&mut self, object: bool) {
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.outer.push(self.inner);
        }
        self.inner = self.inner << 1 | u64::from(object);
        self.depth += 1;
    }

    #[inline]
    pub(super) fn pop(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        self.inner >>= 1;
        if self.depth > 0
            && self.depth.is_multiple_of(64)
            && let Some(outer) = self.outer.pop()
        {
            self.inner = outer;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Nesting;

    proptest! {
        /// Up and down, over several words.
        #[test]
        fn it_is_a_stack(steps in prop::collection::vec((any::<bool>(), any::<bool>()), 0..400), start in 0..200_usize) {
            let (mut nesting, mut stack) = (Nesting::default(), Vec::new());
            let begin = (0..start).map(|i| (true, i % 3 == 0));
            for (push, object) in begin.chain(steps) {
                if push {
                    nesting.push(object);
                    stack.push(object);
                } else if stack.pop().is_some() {
                    nesting.pop();
                }
                prop_assert_eq!(nesting.is_object(), stack.last().copied());
                prop_assert_eq!((nesting.depth(), nesting.is_empty()), (stack.len(), stack.is_empty()));
            }
        }
    }
}
