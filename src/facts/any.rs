use std::borrow::Cow;
use std::collections::BTreeMap;

use super::arena::Facts;
use crate::source::Span;

/// One JSON value inside an `interface{}`.
#[derive(Clone, Debug, PartialEq)]
pub enum AnyValue<'s> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number: Go makes every one a `float64`.
    Number(f64),
    /// A string.
    Str(Cow<'s, [u8]>),
    /// A list; its elements follow in the tape.
    List,
    /// An object; its entries follow in the tape. A later entry with the same key replaces the earlier.
    Object,
}

/// A node of the tape: values in the order of the text, each followed by what it contains.
///
/// A tape instead of a tree keeps every walk over it a loop, however deep the text nests.
#[derive(Clone, Debug, PartialEq)]
pub struct AnyNode<'s> {
    /// The key, inside an object.
    pub key: Option<Cow<'s, [u8]>>,
    /// Place of the key, quotes included.
    pub key_span: Span,
    /// The value.
    pub value: AnyValue<'s>,
    /// Place of the value.
    pub span: Span,
    /// Index just behind everything the value contains.
    pub end: u32,
}

impl AnyNode<'_> {
    pub(super) fn into_owned(self) -> AnyNode<'static> {
        let own = |text: Cow<'_, [u8]>| Cow::Owned(text.into_owned());
        let value = match self.value {
            AnyValue::Null => AnyValue::Null,
            AnyValue::Bool(b) => AnyValue::Bool(b),
            AnyValue::Number(n) => AnyValue::Number(n),
            AnyValue::Str(s) => AnyValue::Str(own(s)),
            AnyValue::List => AnyValue::List,
            AnyValue::Object => AnyValue::Object,
        };
        let key = self.key.map(own);
        AnyNode { key, key_span: self.key_span, value, span: self.span, end: self.end }
    }
}

/// A value in the tape of some facts.
#[derive(Clone, Copy, Debug)]
pub struct AnyRef<'f, 's> {
    facts: &'f Facts<'s>,
    index: u32,
}

impl<'f, 's> AnyRef<'f, 's> {
    /// The value at `index`, if there is one.
    #[must_use]
    pub fn new(facts: &'f Facts<'s>, index: u32) -> Option<Self> {
        facts.tape.get(index as usize)?;
        Some(Self { facts, index })
    }

    /// The node itself.
    #[must_use]
    pub fn node(&self) -> Option<&'f AnyNode<'s>> {
        self.facts.tape.get(self.index as usize)
    }

    /// The value; null if there is none.
    #[must_use]
    pub fn value(&self) -> &'f AnyValue<'s> {
        match self.node() {
            Some(node) => &node.value,
            None => &AnyValue::Null,
        }
    }

    /// Elements of a list or values of an object in the order of the text, replaced entries left out.
    #[must_use]
    pub fn children(&self) -> Vec<Self> {
        let Some(node) = self.node() else { return Vec::new() };
        let mut out: Vec<Self> = Vec::new();
        let mut at = self.index.saturating_add(1);
        while at < node.end {
            let child = Self { facts: self.facts, index: at };
            out.push(child);
            at = child.node().map_or(node.end, |n| n.end.max(at.saturating_add(1)));
        }
        if matches!(node.value, AnyValue::Object) && out.len() > 1 {
            let last: BTreeMap<&[u8], u32> = out.iter().map(|c| (c.key(), c.index)).collect();
            out.retain(|c| last.get(c.key()) == Some(&c.index));
        }
        out
    }

    /// The key under which the value stands in its object; empty elsewhere.
    #[must_use]
    pub fn key(&self) -> &'f [u8] {
        self.node().and_then(|n| n.key.as_deref()).unwrap_or_default()
    }
}
