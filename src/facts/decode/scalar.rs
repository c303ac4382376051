//! One value: what each kind of token does to each type. `decodeState.literalStore` and `indirect` of Go 1.21.

use std::borrow::Cow;

use super::errors::Target;
use super::machine::{Machine, Place, Step};
use crate::facts::arena::{Slot, Value};
use crate::facts::json::Token;
use crate::facts::text::{decimal, signed};
use crate::schema::{IntSize, TextKind, Type};
use crate::source::Span;

impl<'a, 's> Machine<'a, 's> {
    /// Decodes the value that begins with `token`; of a container only the beginning. Strings, booleans and integers here,
    /// where they become part of what asks for them.
    #[inline(always)]
    pub(super) fn value(&mut self, token: Token<'s>, span: Span, place: Place, target: Target<'a>) -> Step {
        match (token, target.ty.pointee()) {
            (Token::Str(literal), Type::String) => match literal.plain() {
                Some(text) => self.store(place, span, || Value::Str(Cow::Borrowed(text))),
                None => return self.other_value(token, span, place, target),
            },
            (Token::Bool(value), Type::Bool) => self.store(place, span, || Value::Bool(value)),
            (Token::Number(literal), Type::Int(size)) => match integer(literal, *size) {
                Some(value) => self.store(place, span, || Value::Int(value)),
                None => self.mismatch_number(literal, span, place, target),
            },
            _ => return self.other_value(token, span, place, target),
        }
        Ok(())
    }

    /// The same for what is none of those.
    fn other_value(&mut self, token: Token<'s>, span: Span, place: Place, target: Target<'a>) -> Step {
        let nil = || matches!(target.ty, Type::Pointer(_)) || !is_unmarshaler(target.ty);
        match (token, target.ty.pointee()) {
            (Token::Str(literal), Type::String) => self.store(place, span, || Value::Str(literal.text())),
            (Token::Null, _) if nil() => match target.field {
                // `null` leaves a Go array alone.
                Some(field) if field.fixed.is_some() => self.set_place_if_new(place, span),
                _ => self.null(target.ty, place, span),
            },
            (_, Type::Text(kind)) => return self.text(*kind, token, span, place, target),
            (_, Type::Any) => self.any(token, span, place),
            (_, Type::List(_)) if target.field.is_some_and(|field| field.words) => {
                return self.words(token, span, place);
            }
            (Token::ObjectStart, Type::Struct(id)) => {
                let base = match self.facts.slot(place.slot).value {
                    Value::Record(base) => base,
                    _ => self.facts.new_record(*id),
                };
                self.store(place, span, || Value::Record(base));
                self.open_record(*id, base, Some(place.slot), span);
            }
            (Token::ObjectStart, Type::Map(element)) => {
                let map = match self.facts.slot(place.slot).value {
                    Value::Map(map) => map,
                    _ => self.facts.new_map(),
                };
                self.store(place, span, || Value::Map(map));
                self.open_map(map, element, place.slot, span);
            }
            (Token::ArrayStart, Type::List(element)) => {
                let list = match self.facts.slot(place.slot).value {
                    Value::List(list) => list,
                    _ => self.facts.new_list(),
                };
                self.store(place, span, || Value::List(list));
                self.open_list(list, element, target, place.slot, span);
            }
            (Token::Number(literal), Type::Float) => match float(literal) {
                Some(value) => self.store(place, span, || Value::Float(value)),
                None => self.mismatch_number(literal, span, place, target),
            },
            _ => {
                let span = self.reader.skip(token, span);
                self.mismatch(token.kind(), span, place, target);
            }
        }
        Ok(())
    }

    /// `null` resets what Go has a nil for, and leaves everything else alone.
    fn null(&mut self, ty: &Type, place: Place, span: Span) {
        let resets = ty.is_nillable() || matches!(ty, Type::Text(TextKind::Ip));
        if resets {
            self.set_place(place, span);
            if let Some(slot) = self.facts.slot_mut(place.slot) {
                slot.value = Value::Zero;
                slot.set = false;
            }
        } else {
            self.set_place_if_new(place, span);
        }
    }

    fn mismatch_number(&mut self, literal: &[u8], span: Span, place: Place, target: Target<'a>) {
        let got = if self.wants_error() {
            format!("number {}", String::from_utf8_lossy(literal))
        } else {
            String::new()
        };
        self.mismatch(&got, span, place, target);
    }

    /// A value of the wrong type. The pointer in front of the target has come to exist all the same.
    fn mismatch(&mut self, got: &str, span: Span, place: Place, target: Target<'a>) {
        if let Type::Pointer(_) = target.ty
            && self.facts.slot(place.slot).value == Value::Zero
        {
            let value = match target.ty.pointee() {
                Type::Bool => Value::Bool(false),
                Type::Int(_) => Value::Int(0),
                Type::Float => Value::Float(0.0),
                Type::String => Value::Str(Cow::Borrowed(b"")),
                Type::Struct(id) => Value::Record(self.facts.new_record(*id)),
                _ => Value::Zero,
            };
            if let Some(slot) = self.facts.slot_mut(place.slot) {
                slot.value = value;
            }
            self.set_place(place, span);
        }
        self.set_place_if_new(place, span);
        if self.wants_error() {
            let go_type = target.go_type(self.schema);
            self.type_error(got, &go_type, span);
        }
    }

    /// Puts a value into its slot. Made here, and here alone, it stays in registers until it is written: copied from where it was
    /// made it would be read in larger parts than it was just written in, for which a processor waits.
    #[inline(never)]
    pub(super) fn store(&mut self, place: Place, span: Span, value: impl FnOnce() -> Value<'s>) {
        if let Some(slot) = self.facts.slot_mut(place.slot) {
            *slot = Slot { value: value(), span, key: place.key, set: true };
        }
    }

    pub(super) fn set_place(&mut self, place: Place, span: Span) {
        if let Some(slot) = self.facts.slot_mut(place.slot) {
            slot.span = span;
            slot.key = place.key;
        }
    }

    /// For what leaves the value alone: the place of the value stays, if it has one.
    pub(super) fn set_place_if_new(&mut self, place: Place, span: Span) {
        if self.facts.slot(place.slot).span == Span::default() {
            self.set_place(place, span);
        }
    }
}

/// Whether the type has an `UnmarshalJSON`, which is handed `null` as well.
fn is_unmarshaler(ty: &Type) -> bool {
    matches!(ty, Type::Text(TextKind::MemBytes | TextKind::GcFilter))
}

/// `strconv.ParseInt` or `ParseUint`, and the range of the type.
fn integer(literal: &[u8], size: IntSize) -> Option<i64> {
    let (negative, digits) = literal.strip_prefix(b"-").map_or((false, literal), |digits| (true, digits));
    let magnitude = decimal(digits)?;
    // ParseUint takes no sign at all, `-0` included.
    let unsigned =
        |most: u64| (!negative && magnitude <= most).then(|| i64::try_from(magnitude).unwrap_or(i64::MAX));
    match size {
        IntSize::Int | IntSize::I64 => signed(negative, magnitude),
        IntSize::I32 => signed(negative, magnitude).filter(|value| i32::try_from(*value).is_ok()),
        IntSize::U8 => unsigned(u8::MAX.into()),
        IntSize::U16 => unsigned(u16::MAX.into()),
        IntSize::U32 => unsigned(u32::MAX.into()),
        IntSize::Uint | IntSize::U64 => unsigned(u64::MAX),
    }
}

/// `strconv.ParseFloat`: what is too large is refused, what is too small is zero.
pub(crate) fn float(literal: &[u8]) -> Option<f64> {
    let value: f64 = std::str::from_utf8(literal).ok()?.parse().ok()?;
    value.is_finite().then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_fit_or_are_refused() {
        assert_eq!(integer(b"-0", IntSize::Int), Some(0));
        assert_eq!(integer(b"-0", IntSize::U32), None);
        assert_eq!(integer(b"1e3", IntSize::Int), None);
        assert_eq!(integer(b"1.0", IntSize::Int), None);
        assert_eq!(integer(b"9223372036854775807", IntSize::I64), Some(i64::MAX));
        assert_eq!(integer(b"9223372036854775808", IntSize::I64), None);
        assert_eq!(integer(b"-9223372036854775808", IntSize::I64), Some(i64::MIN));
        assert_eq!(integer(b"18446744073709551615", IntSize::U64), Some(i64::MAX));
        assert_eq!(integer(b"18446744073709551616", IntSize::U64), None);
        assert_eq!(integer(b"2147483648", IntSize::I32), None);
        assert_eq!(integer(b"65536", IntSize::U16), None);
        assert_eq!(integer(b"255", IntSize::U8), Some(255));
        assert_eq!(integer(b"256", IntSize::U8), None);
    }

    #[test]
    fn floats() {
        assert_eq!(float(b"1e308"), Some(1e308));
        assert_eq!(float(b"1e400"), None);
        assert_eq!(float(b"-1e400"), None);
        assert_eq!(float(b"1e-400"), Some(0.0));
    }
}
