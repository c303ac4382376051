//! What a text consists of.

use std::borrow::Cow;

use super::unquote;

/// A token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token<'s> {
    /// `{`
    ObjectStart,
    /// `}`
    ObjectEnd,
    /// `[`
    ArrayStart,
    /// `]`
    ArrayEnd,
    /// A string.
    Str(Literal<'s>),
    /// A number as it is spelt.
    Number(&'s [u8]),
    /// `true` or `false`
    Bool(bool),
    /// `null`
    Null,
    /// The end of the text, or of what can be read of it.
    End,
}

/// A string as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Literal<'s> {
    /// Without its quotes and with its escapes.
    pub(crate) raw: &'s [u8],
    pub(super) spelling: Spelling,
}

/// How a string is written. As large as a word: tokens are copied word by word, and a processor waits where it reads as a word
/// what was just written as a byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub(super) enum Spelling {
    Escaped,
    /// ASCII without escapes, so that its value is what is written.
    Plain,
}

impl<'s> Literal<'s> {
    /// Its value, if that is what is written.
    #[inline]
    pub(crate) fn plain(self) -> Option<&'s [u8]> {
        (self.spelling == Spelling::Plain).then_some(self.raw)
    }

    /// Its value.
    #[inline]
    pub(crate) fn text(self) -> Cow<'s, [u8]> {
        self.plain().map_or_else(|| unquote(self.raw), Cow::Borrowed)
    }
}

impl Token<'_> {
    /// What Go's type errors call a value of this kind.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::ObjectStart | Self::ObjectEnd => "object",
            Self::ArrayStart | Self::ArrayEnd => "array",
            Self::Str(_) => "string",
            Self::Number(_) => "number",
            Self::Bool(_) => "bool",
            Self::Null | Self::End => "null",
        }
    }
}
