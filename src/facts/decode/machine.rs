//! The loop: a stack of open containers, one token at a time. `decodeState.object` and `.array` of Go 1.21.

use super::errors::{Context, Found, Target};
use super::{Decoded, Duplicate};
use crate::facts::arena::{Facts, ListId, MapId, Slot, SlotId, Value};
use crate::facts::json::fold::folds_to;
use crate::facts::json::{Reader, SyntaxError, Token, push_pointer, unquote};
use crate::facts::limits::{Limits, OverLimit};
use crate::schema::{FieldDef, Lookup, Next, Schema, StructDef, StructId, Type};
use crate::source::Span;

/// Whether decoding goes on: `Err` once a value's own parser has refused.
pub(super) type Step = Result<(), Aborted>;

/// Decoding has ended; the error is among those found.
#[derive(Debug)]
pub(super) struct Aborted;

/// Where a value is decoded to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) slot: SlotId,
    /// The key in front of the value; empty in lists.
    pub(super) key: Span,
}

/// An open container.
#[derive(Debug)]
struct Frame<'a, 's> {
    kind: Kind<'a>,
    /// The slot that holds the container; `None` for the root.
    owner: Option<SlotId>,
    start: usize,
    /// The member being decoded, for paths: its key, or in lists nothing.
    key: &'s [u8],
}

/// A field whose key was read.
struct Member<'a, 's> {
    found: Lookup<'a>,
    raw: &'s [u8],
    key: Span,
}

#[derive(Debug)]
enum Kind<'a> {
    Record {
        def: &'a StructDef,
        base: SlotId,
        /// The field being decoded.
        field: Option<&'a FieldDef>,
        /// The field behind the one that was met last.
        next: Next,
    },
    Map {
        map: MapId,
        element: &'a Type,
    },
    List {
        list: ListId,
        element: &'a Type,
        name: Option<&'a str>,
        next: usize,
        fixed: Option<usize>,
    },
}

pub(super) struct Machine<'a, 's> {
    pub(super) reader: Reader<'s>,
    pub(super) schema: &'a Schema,
    pub(super) facts: Facts<'s>,
    pub(super) found: Found,
    pub(super) limits: &'a Limits,
    frames: Vec<Frame<'a, 's>>,
    own: Option<Own<'a>>,
}

/// A field whose type has an `UnmarshalJSON` that calls `json.Unmarshal` for its own: its first type error
/// ends the outer decoding, which tells it with the field's place.
struct Own<'a> {
    /// How many containers were open around the field.
    depth: usize,
    context: Context<'a>,
    error: Option<(String, Span, String)>,
}

impl<'a, 's> Machine<'a, 's> {
    pub(super) fn new(reader: Reader<'s>, schema: &'a Schema, limits: &'a Limits) -> Self {
        Self {
            schema,
            facts: Facts::for_text(schema, reader.left()),
            reader,
            found: Found::default(),
            limits,
            frames: Vec::with_capacity(8),
            own: None,
        }
    }

    /// What was decoded, and where it ends in the text.
    pub(super) fn run(mut self) -> Result<Result<(Decoded<'s>, usize), SyntaxError>, OverLimit> {
        let within = self.decode();
        // Decoding may end before the text does; whether that is JSON comes before anything else.
        let depth = match self.reader.finish() {
            Ok(depth) => depth,
            Err(error) => return Ok(Err(error)),
        };
        self.limits.check_depth(depth)?;
        within?;
        let mut duplicates: Vec<Duplicate> = self.found.duplicates;
        duplicates.sort_by_key(|d| d.later);
        let decoded = Decoded { facts: self.facts, errors: self.found.errors, duplicates };
        Ok(Ok((decoded, self.reader.position())))
    }

    fn decode(&mut self) -> Result<(), OverLimit> {
        let root = Type::Struct(self.schema.root());
        let (token, span) = self.reader.next();
        match token {
            Token::Null | Token::End => {}
            Token::ObjectStart => {
                self.open_record(self.schema.root(), self.facts.root(), None, span);
            }
            other => {
                let go_type = self.schema.go_type_name(&root);
                let message = self.context().type_error(other.kind(), &go_type);
                let span = self.reader.skip(other, span);
                self.found.type_error(message, span, String::new());
            }
        }
        if self.frames.is_empty() {
            self.facts.set_root_span(Span::new(span.start as usize, self.reader.position()));
        }
        while !self.frames.is_empty() {
            if self.step().is_err() || self.end_of_own().is_err() {
                break;
            }
            self.limits.check_nodes(self.facts.len())?;
        }
        Ok(())
    }

    /// Decodes one member of the innermost container, or closes it.
    fn step(&mut self) -> Step {
        let field = match self.expected_field() {
            None => self.member()?,
            expected => expected,
        };
        field.map_or(Ok(()), |field| self.field(field))
    }

    /// The next member, if it is the field that is expected next.
    #[inline(always)]
    fn expected_field(&mut self) -> Option<Member<'a, 's>> {
        let Kind::Record { def, next, .. } = &self.frames.last()?.kind else { return None };
        let found = def.expected(self.schema, *next)?;
        let (raw, key) = self.reader.key_if(found.key.len(), |raw| found.is(raw))?;
        Some(Member { found, raw, key })
    }

    /// Decodes the next member, or closes the container. A field is not decoded yet.
    #[inline]
    fn member(&mut self) -> Result<Option<Member<'a, 's>>, Aborted> {
        let (token, span) = self.reader.next();
        let schema = self.schema;
        match (self.frames.last_mut(), token) {
            (Some(_), Token::ObjectEnd | Token::ArrayEnd | Token::End) => self.close(),
            (Some(Frame { kind: Kind::List { next, fixed: Some(length), .. }, .. }), _)
                if *next >= *length =>
            {
                // More than a Go array holds is dropped.
                self.reader.skip(token, span);
            }
            (Some(Frame { kind: Kind::List { list, element, name, next, .. }, .. }), _) => {
                let slot = self.facts.list_element(*list, *next);
                *next += 1;
                let target = Target { ty: element, field: None, list: *name };
                self.value(token, span, Place { slot, key: Span::default() }, target)?;
            }
            (Some(Frame { kind: Kind::Map { map, element }, key, .. }), Token::Str(literal)) => {
                let (map, element) = (*map, *element);
                *key = literal.raw;
                let key = literal.text();
                let earlier = self.facts.map_get(map, &key).map(|e| self.facts.slot(e.slot).key);
                if let Some(earlier) = earlier {
                    self.note_duplicate(span, earlier);
                }
                // Inserted first: Go inserts it whatever becomes of its value.
                let slot = self.facts.new_slot();
                self.facts.map_insert(map, key, slot);
                let place = Place { slot, key: span };
                let (token, span) = self.reader.value_after_key();
                self.value(token, span, place, Target { ty: element, field: None, list: None })?;
            }
            (Some(Frame { kind: Kind::Record { def, .. }, .. }), Token::Str(literal)) => {
                let key = literal.text();
                let found = def.lookup(schema, &key, |field| folds_to(&key, field.as_bytes()));
                if let Some(found) = found {
                    return Ok(Some(Member { found, raw: literal.raw, key: span }));
                }
                let (token, span) = self.reader.next();
                self.reader.skip(token, span);
            }
            // Keys are strings, or the text ends.
            (_, _) => {}
        }
        Ok(None)
    }

    /// Decodes a field of the innermost record.
    #[inline(always)]
    fn field(&mut self, member: Member<'a, 's>) -> Step {
        let Member { found: Lookup { index, field, via, .. }, raw, key: span } = member;
        let Some(Frame { kind: Kind::Record { def, base, field: open, next }, key, .. }) =
            self.frames.last_mut()
        else {
            return Ok(());
        };
        (*key, *open, *next) = (raw, Some(field), member.found.next());
        let (def, base) = (*def, *base);
        let base = via.map_or(base, |via| self.embedded(def, base, via));
        let place = Place { slot: self.facts.field_id(base, index), key: span };
        let earlier = self.facts.slot(place.slot).key;
        if earlier != Span::default() {
            self.note_duplicate(span, earlier);
        }
        if field.own && self.own.is_none() {
            let depth = self.frames.len();
            self.own = Some(Own { depth, context: self.context(), error: None });
        }
        let (token, span) = self.reader.value_after_key();
        self.value(token, span, place, Target { ty: &field.ty, field: Some(field), list: None })
    }

    /// The record that a field is in: an embedded one comes to exist when any of its keys does.
    fn embedded(&mut self, def: &StructDef, base: SlotId, via: usize) -> SlotId {
        let slot = self.facts.field_id(base, via);
        match (&self.facts.slot(slot).value, def.fields.get(via).map(|field| field.ty.pointee())) {
            (Value::Record(inner), _) => *inner,
            (_, Some(Type::Struct(id))) => {
                let inner = self.facts.new_record(*id);
                if let Some(slot) = self.facts.slot_mut(slot) {
                    slot.value = Value::Record(inner);
                    slot.set = true;
                }
                inner
            }
            _ => base,
        }
    }

    fn close(&mut self) {
        let Some(frame) = self.frames.pop() else { return };
        let span = Span::new(frame.start, self.reader.position());
        match frame.kind {
            Kind::Record { .. } | Kind::Map { .. } => {}
            Kind::List { list, next, fixed: Some(length), .. } => {
                // What a Go array has no value for is zero.
                for index in next..length {
                    let slot = self.facts.list_element(list, index);
                    if let Some(slot) = self.facts.slot_mut(slot) {
                        *slot = Slot::ZERO;
                    }
                }
            }
            Kind::List { next: 0, .. } => {
                // `[]` makes a new slice: what the old one kept beyond its length is gone.
                let list = self.facts.new_list();
                if let Some(slot) = frame.owner.and_then(|id| self.facts.slot_mut(id)) {
                    slot.value = Value::List(list);
                }
            }
            Kind::List { list, next, .. } => self.facts.list_truncate(list, next),
        }
        match frame.owner.and_then(|id| self.facts.slot_mut(id)) {
            Some(slot) => slot.span = span,
            None => self.facts.set_root_span(span),
        }
    }

    /// Opens the record that begins at `base`, or a fresh one.
    pub(super) fn open_record(&mut self, id: StructId, base: SlotId, owner: Option<SlotId>, at: Span) {
        let def = self.schema.get(id);
        self.push(Kind::Record { def, base, field: None, next: Next::default() }, owner, at);
    }

    pub(super) fn open_map(&mut self, map: MapId, element: &'a Type, owner: SlotId, at: Span) {
        self.push(Kind::Map { map, element }, Some(owner), at);
    }

    pub(super) fn open_list(
        &mut self,
        list: ListId,
        element: &'a Type,
        target: Target<'a>,
        owner: SlotId,
        at: Span,
    ) {
        let fixed = target.field.and_then(|field| field.fixed);
        let name = target.own_name();
        self.push(Kind::List { list, element, name, next: 0, fixed }, Some(owner), at);
    }

    fn push(&mut self, kind: Kind<'a>, owner: Option<SlotId>, at: Span) {
        self.frames.push(Frame { kind, owner, start: at.start as usize, key: &[] });
    }

    /// Go's `d.errorContext`, which it restores after each field.
    pub(super) fn context(&self) -> Context<'a> {
        let open = self.frames.iter().filter_map(|frame| match frame.kind {
            Kind::Record { def, field: Some(field), .. } => Some((def, field.name.as_str())),
            _ => None,
        });
        let (defs, fields): (Vec<_>, _) = open.unzip();
        Context { fields, within: defs.last().copied() }
    }

    /// JSON Pointer to the member being decoded.
    pub(super) fn path(&self) -> String {
        let mut path = String::new();
        for frame in &self.frames {
            match &frame.kind {
                Kind::List { next, .. } => {
                    push_pointer(&mut path, next.saturating_sub(1).to_string().as_bytes());
                }
                _ => push_pointer(&mut path, &unquote(frame.key)),
            }
        }
        path
    }

    fn note_duplicate(&mut self, later: Span, earlier: Span) {
        if self.found.wants_duplicate() {
            let path = self.path();
            self.found.duplicate(path, later, earlier);
        }
    }

    /// Whether another type error would be kept. Asked first, since its path and message cost something.
    pub(super) fn wants_error(&self) -> bool {
        match &self.own {
            Some(own) => own.error.is_none(),
            None => self.found.wants_error(),
        }
    }

    /// `d.saveError` of an `UnmarshalTypeError`.
    pub(super) fn type_error(&mut self, got: &str, go_type: &str, span: Span) {
        if self.wants_error() {
            let path = self.path();
            self.type_error_at(got, go_type, span, path);
        }
    }

    pub(super) fn type_error_at(&mut self, got: &str, go_type: &str, span: Span, path: String) {
        match &mut self.own {
            Some(Own { error: Some(_), .. }) => {}
            Some(own) => {
                own.error = Some((own.context.type_error(got, go_type), span, path));
            }
            None => {
                let message = self.context().type_error(got, go_type);
                self.found.type_error(message, span, path);
            }
        }
    }

    /// `d.error` and its like: the value's own parser refuses, and decoding ends.
    pub(super) fn abort(&mut self, message: String, span: Span) -> Step {
        let path = self.path();
        self.found.abort(message, span, path);
        Err(Aborted)
    }

    /// Ends the decoding after a field that decodes on its own, if that failed.
    fn end_of_own(&mut self) -> Step {
        match self.own.take_if(|own| self.frames.len() <= own.depth) {
            Some(Own { error: Some((message, span, path)), .. }) => {
                self.found.abort(message, span, path);
                Err(Aborted)
            }
            _ => Ok(()),
        }
    }
}
