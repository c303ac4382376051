//! Answers of tests, in Kleene's logic.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Truth {
    False,
    True,
    Unknown,
}

impl Truth {
    /// `None` if it is unknown.
    pub(super) fn known(self) -> Option<bool> {
        match self {
            Self::False => Some(false),
            Self::True => Some(true),
            Self::Unknown => None,
        }
    }
}

impl core::convert::From<bool> for Truth {
    fn from(b: bool) -> Self {
        if b { Self::True } else { Self::False }
    }
}

/// Answers of tests that were asked, one bit each.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Memo {
    asked: u64,
    holds: u64,
    unknown: u64,
}

impl Memo {
    pub(super) fn get(self, bit: u64) -> Option<Truth> {
        if self.asked & bit == 0 {
            return None;
        }
        Some(if self.unknown & bit != 0 { Truth::Unknown } else { (self.holds & bit != 0).into() })
    }

    pub(super) fn put(&mut self, bits: u64, truth: Truth) {
        self.asked |= bits;
        match truth {
            Truth::True => self.holds |= bits,
            Truth::Unknown => self.unknown |= bits,
            Truth::False => {}
        }
    }
}
