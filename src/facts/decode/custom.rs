//! Types with a parser of their own. What it refuses ends the decoding, and wins over remembered type errors.

use std::borrow::Cow;

use super::errors::Target;
use super::machine::{Machine, Place, Step};
use crate::facts::arena::{ListId, Value};
use crate::facts::json::{Reader, Token};
use crate::facts::text::{parse_duration, parse_ip, parse_prefix, quote, ram_in_bytes};
use crate::schema::TextKind;
use crate::source::Span;

impl<'a, 's> Machine<'a, 's> {
    pub(super) fn text(
        &mut self,
        kind: TextKind,
        token: Token<'s>,
        span: Span,
        place: Place,
        target: Target<'a>,
    ) -> Step {
        match kind {
            TextKind::Ip => self.unmarshal_text(token, span, place, target, |text| {
                if text.is_empty() || parse_ip(text).is_some() {
                    return Ok(());
                }
                Err(format!("invalid IP address: {}", String::from_utf8_lossy(text)))
            }),
            TextKind::Prefix => self.unmarshal_text(token, span, place, target, |text| {
                if text.is_empty() { Ok(()) } else { parse_prefix(text).map(|_| ()) }
            }),
            TextKind::Duration => {
                self.unmarshal_text(token, span, place, target, |text| parse_duration(text).map(|_| ()))
            }
            TextKind::MemBytes => self.mem_bytes(token, span, place),
            TextKind::GcFilter => self.gc_filter(token, span, place),
        }
    }

    /// `encoding.TextUnmarshaler`: strings only, decoded; anything else is a type error.
    fn unmarshal_text(
        &mut self,
        token: Token<'s>,
        span: Span,
        place: Place,
        target: Target<'a>,
        parse: impl Fn(&[u8]) -> Result<(), String>,
    ) -> Step {
        let Token::Str(literal) = token else {
            let span = self.reader.skip(token, span);
            self.set_place_if_new(place, span);
            let go_type = target.go_type_unfollowed(self.schema);
            self.type_error(token.kind(), &go_type, span);
            return Ok(());
        };
        let text = literal.text();
        if let Err(message) = parse(&text) {
            self.set_place_if_new(place, span);
            return self.abort(message, span);
        }
        self.store(place, span, || Value::Str(text));
        Ok(())
    }

    /// moby `opts.MemBytes.UnmarshalJSON`: looks at the JSON text itself, escapes and all.
    fn mem_bytes(&mut self, token: Token<'s>, span: Span, place: Place) -> Step {
        let span = self.reader.skip(token, span);
        let parsed = match token {
            Token::Str(literal) if !literal.raw.is_empty() => ram_in_bytes(literal.raw),
            _ => Err(format!("invalid size: {}", quote(self.reader.since(span.start as usize)))),
        };
        match parsed {
            Ok(bytes) => {
                self.store(place, span, || Value::Int(bytes));
                Ok(())
            }
            Err(message) => {
                self.set_place_if_new(place, span);
                self.abort(message, span)
            }
        }
    }

    /// moby `strslice.StrSlice.UnmarshalJSON`: a list of strings, else one string; a new list either way. What is
    /// neither ends the decoding, with the error of the second attempt.
    pub(super) fn words(&mut self, token: Token<'s>, span: Span, place: Place) -> Step {
        let list = match token {
            Token::Str(word) => {
                let list = self.facts.new_list();
                self.word(list, 0, word.text(), span);
                Some(list)
            }
            Token::ArrayStart => self.list_of_words(),
            other => {
                self.reader.skip(other, span);
                None
            }
        };
        let span = Span::new(span.start as usize, self.reader.position());
        match list {
            Some(list) => {
                self.store(place, span, || Value::List(list));
                Ok(())
            }
            None => {
                self.set_place_if_new(place, span);
                let message = self.context().type_error(token.kind(), "string");
                self.abort(message, span)
            }
        }
    }

    /// Reads a list of strings to its end; `None` if there is anything else in it.
    fn list_of_words(&mut self) -> Option<ListId> {
        let list = self.facts.new_list();
        let (mut next, mut odd) = (0, false);
        loop {
            let (token, span) = self.reader.next();
            let word = match token {
                Token::Str(word) => word.text(),
                Token::Null => Cow::Borrowed(&[][..]),
                Token::ArrayEnd => return (!odd).then_some(list),
                Token::End => return None,
                other => {
                    self.reader.skip(other, span);
                    odd = true;
                    continue;
                }
            };
            // Past the limit nothing is kept, and the caller gives up.
            if !odd && self.facts.len() <= self.limits.nodes {
                self.word(list, next, word, span);
                next += 1;
            }
        }
    }

    fn word(&mut self, list: ListId, index: usize, text: Cow<'s, [u8]>, span: Span) {
        let slot = self.facts.list_element(list, index);
        self.store(Place { slot, key: Span::default() }, span, || Value::Str(text));
    }

    /// moby `config.BuilderGCFilter.UnmarshalJSON`: a list of strings, else an object of objects of booleans.
    /// The value kept is the JSON text.
    fn gc_filter(&mut self, token: Token<'s>, span: Span, place: Place) -> Step {
        let span = self.reader.skip(token, span);
        let raw = self.reader.since(span.start as usize);
        match gc_filter_problem(raw) {
            None => {
                self.store(place, span, || Value::Str(Cow::Borrowed(raw)));
                Ok(())
            }
            Some((got, go_type)) => {
                self.set_place_if_new(place, span);
                let message = self.context().type_error(got, go_type);
                self.abort(message, span)
            }
        }
    }
}

/// The type error of the old form, where the new one does not fit either.
fn gc_filter_problem(raw: &[u8]) -> Option<(&'static str, &'static str)> {
    if is_list_of_strings(raw) {
        return None;
    }
    let mut reader = Reader::new(raw, 0, raw.len());
    match reader.next().0 {
        Token::ObjectStart => {}
        other => return Some((other.kind(), "map[string]map[string]bool")),
    }
    let mut inside = false;
    loop {
        // A key, or the end of the object at hand.
        match reader.next().0 {
            Token::Str(_) => {}
            Token::ObjectEnd if inside => {
                inside = false;
                continue;
            }
            _ => return None,
        }
        let (value, span) = reader.next();
        match (inside, value) {
            (_, Token::Null) | (true, Token::Bool(_)) => {}
            (false, Token::ObjectStart) => inside = true,
            (false, other) => return Some((other.kind(), "map[string]bool")),
            (true, other) => {
                reader.skip(other, span);
                return Some((other.kind(), "bool"));
            }
        }
    }
}

fn is_list_of_strings(raw: &[u8]) -> bool {
    let mut reader = Reader::new(raw, 0, raw.len());
    match reader.next().0 {
        Token::Null => return true,
        Token::ArrayStart => {}
        _ => return false,
    }
    loop {
        match reader.next().0 {
            Token::Str(_) | Token::Null => {}
            other => return other == Token::ArrayEnd,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters() {
        for good in ["null", "[]", r#"["a=b",null]"#, "{}", r#"{"a":{"b":true,"c":null},"d":null,"e":{}}"#] {
            assert_eq!(gc_filter_problem(good.as_bytes()), None, "{good}");
        }
        let map = "map[string]map[string]bool";
        for (bad, problem) in [
            ("1", ("number", map)),
            ("[1]", ("array", map)),
            ("\"x\"", ("string", map)),
            (r#"{"a":1}"#, ("number", "map[string]bool")),
            (r#"{"x":{"y":true},"a":[]}"#, ("array", "map[string]bool")),
            (r#"{"a":{"b":"c"}}"#, ("string", "bool")),
            (r#"{"a":{"b":{}}}"#, ("object", "bool")),
        ] {
            assert_eq!(gc_filter_problem(bad.as_bytes()), Some(problem), "{bad}");
        }
    }
}
