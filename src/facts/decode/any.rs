//! `interface{}`: the value goes to the tape as it is. `decodeState.valueInterface` of Go 1.21.

use std::borrow::Cow;

use super::machine::{Machine, Place};
use super::scalar::float;
use crate::facts::any::{AnyNode, AnyValue};
use crate::facts::arena::Value;
use crate::facts::json::{Token, push_pointer};
use crate::source::Span;

/// An open list or object.
struct Open {
    node: usize,
    object: bool,
    members: usize,
}

impl<'s> Machine<'_, 's> {
    /// Replaces what stood in the slot by the value that begins with `token`.
    pub(super) fn any(&mut self, token: Token<'s>, span: Span, place: Place) {
        if let Token::Number(literal) = token
            && float(literal).is_none()
        {
            // Not stored, unlike inside a list or object, where a nil takes its place.
            self.set_place_if_new(place, span);
            self.number_error(literal, span, &[]);
            return;
        }
        let root = self.facts.tape.len();
        let mut open: Vec<Open> = Vec::new();
        let (mut token, mut at) = (token, span);
        loop {
            if matches!(token, Token::ObjectEnd | Token::ArrayEnd | Token::End) {
                self.close_node(&mut open);
            } else {
                let (mut key, mut key_span) = (None, Span::default());
                if let (Some(Open { object: true, .. }), Token::Str(literal)) = (open.last(), token) {
                    (key, key_span) = (Some(literal.text()), at);
                    (token, at) = self.reader.next();
                }
                if let Some(last) = open.last_mut() {
                    last.members += 1;
                }
                self.node(token, at, key, key_span, &mut open);
            }
            if open.is_empty() || self.limits.check_nodes(self.facts.len()).is_err() {
                break;
            }
            (token, at) = self.reader.next();
        }
        let span = Span::new(span.start as usize, self.reader.position());
        self.store(place, span, || Value::Any(u32::try_from(root).unwrap_or(u32::MAX)));
    }

    fn node(
        &mut self,
        token: Token<'s>,
        span: Span,
        key: Option<Cow<'s, [u8]>>,
        key_span: Span,
        open: &mut Vec<Open>,
    ) {
        let node = self.facts.tape.len();
        let end = u32::try_from(node + 1).unwrap_or(u32::MAX);
        let mut bad = None;
        let value = match token {
            Token::ObjectStart => AnyValue::Object,
            Token::ArrayStart => AnyValue::List,
            Token::Str(literal) => AnyValue::Str(literal.text()),
            Token::Bool(value) => AnyValue::Bool(value),
            Token::Number(literal) => match float(literal) {
                Some(value) => AnyValue::Number(value),
                None => {
                    bad = Some(literal);
                    AnyValue::Null
                }
            },
            _ => AnyValue::Null,
        };
        let container = matches!(value, AnyValue::Object | AnyValue::List);
        let object = matches!(value, AnyValue::Object);
        self.facts.tape.push(AnyNode { key, key_span, value, span, end });
        if container {
            open.push(Open { node, object, members: 0 });
        }
        if let Some(literal) = bad {
            self.number_error(literal, span, open);
        }
    }

    fn close_node(&mut self, open: &mut Vec<Open>) {
        let end = u32::try_from(self.facts.tape.len()).unwrap_or(u32::MAX);
        let position = self.reader.position();
        if let Some(node) = open.pop().and_then(|last| self.facts.tape.get_mut(last.node)) {
            node.end = end;
            node.span = Span::new(node.span.start as usize, position);
        }
    }

    /// `convertNumber` refuses what `float64` cannot hold.
    fn number_error(&mut self, literal: &[u8], span: Span, open: &[Open]) {
        if !self.wants_error() {
            return;
        }
        let mut path = self.path();
        for (i, step) in open.iter().enumerate() {
            if step.object {
                // The member is the next container on the way down, or the last value told.
                let node = open.get(i + 1).map_or(self.facts.tape.len().saturating_sub(1), |next| next.node);
                let key = self.facts.tape.get(node).and_then(|n| n.key.as_deref());
                push_pointer(&mut path, key.unwrap_or_default());
            } else {
                push_pointer(&mut path, step.members.saturating_sub(1).to_string().as_bytes());
            }
        }
        let got = format!("number {}", String::from_utf8_lossy(literal));
        self.type_error_at(&got, "float64", span, path);
    }
}
