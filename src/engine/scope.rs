use std::borrow::Cow;
use std::collections::BTreeMap;

use regex_automata::Anchored;
use regex_automata::Input;
use regex_automata::dfa::Automaton;

use super::tri::{Needs, Tri};
use crate::facts::views::{ViewArg, ViewField};
use crate::facts::{Facts, Item, SlotId, push_pointer};
use crate::schema::Type;
use crate::source::Span;
use crate::table::{Base, Cond, Loop, Operand, OrderOp, Place, Step, Subject, TermFn, TextTest};

/// The element of a loop for one instance.
#[derive(Clone, Debug)]
pub(super) struct Bound {
    pub(super) root: usize,
    pub(super) slot: SlotId,
    pub(super) ty: Type,
    /// The key over a map.
    pub(super) key: Option<Vec<u8>>,
    /// The place among the elements.
    pub(super) index: usize,
}

/// A value while it is being read.
#[derive(Clone, Debug)]
pub(super) enum Val<'e> {
    Bool(bool),
    Int(i64),
    Str(Cow<'e, [u8]>),
    /// A list of strings that a view made.
    Strs(Vec<Vec<u8>>),
    /// A list, map, record or any of a document.
    Item(Item<'e, 'e>),
    /// Nothing: a record as a whole, or a place no profile of this catalog has.
    Nothing,
    Unknown(Needs),
}

/// The document, and the subject's other records in their order.
#[derive(Clone, Copy)]
pub(super) struct Roots<'e> {
    pub(super) document: &'e Facts<'e>,
    pub(super) others: &'e [&'e Facts<'e>],
}

impl<'e> Roots<'e> {
    /// Number 0 is the document.
    #[inline]
    pub(super) fn get(self, root: usize) -> Option<&'e Facts<'e>> {
        match root.checked_sub(1) {
            None => Some(self.document),
            Some(other) => self.others.get(other).copied(),
        }
    }
}

/// What an expression is read in: the roots, and the elements of the loops around.
///
/// This is the naive evaluator: it walks the typed tree and copies where that is simpler. It is the reference.
#[derive(Clone, Copy)]
pub(super) struct Scope<'e> {
    pub(super) subject: &'e Subject,
    pub(super) roots: Roots<'e>,
    pub(super) vars: &'e [Bound],
    /// Slots of the document whose value depends on a fact nobody told, by a `set` row.
    pub(super) poison: &'e BTreeMap<SlotId, Needs>,
}

/// Where following a place has come to.
enum Cursor<'e> {
    Root(usize),
    Item(usize, Item<'e, 'e>),
    Value(Val<'e>),
    View(Vec<ViewField<'static>>, &'static crate::facts::views::View),
}

impl<'e> Scope<'e> {
    fn root_name(&self, root: usize) -> &str {
        match root.checked_sub(1).and_then(|i| self.subject.roots.get(i)) {
            Some(root) => &root.name,
            None => "",
        }
    }

    fn bound(&self, var: usize) -> Option<(usize, Item<'e, 'e>)> {
        let bound = self.vars.get(var)?;
        Some((bound.root, Item::at(self.roots.get(bound.root)?, bound.slot, bound.ty.clone())))
    }

    fn start(&self, base: &Base) -> Cursor<'e> {
        match base {
            Base::Root(root) => Cursor::Root(*root),
            Base::Var(var) => match self.bound(*var) {
                Some((root, item)) => Cursor::Item(root, item),
                None => Cursor::Value(Val::Nothing),
            },
            Base::VarKey(var) => {
                let key = self.vars.get(*var).and_then(|b| b.key.as_deref()).unwrap_or_default();
                Cursor::Value(Val::Str(Cow::Borrowed(key)))
            }
            Base::View(call) => {
                let values: Vec<_> = call.args.iter().map(|a| self.operand(a)).collect();
                let needs: Needs = values.iter().filter_map(Val::needs).flatten().cloned().collect();
                if !needs.is_empty() {
                    return Cursor::Value(Val::Unknown(needs));
                }
                let args: Vec<_> = values.iter().map(Val::as_arg).collect();
                let fields = call.view.call(&args);
                Cursor::View(fields.iter().map(ViewField::to_owned).collect(), call.view)
            }
        }
    }

    /// Follows a place as far as it goes; `seen` hears of every item on the way.
    fn follow(&self, place: &Place, seen: &mut dyn FnMut(&Item<'e, 'e>)) -> Cursor<'e> {
        let mut cursor = self.start(&place.base);
        if let Cursor::Item(_, item) = &cursor {
            seen(item);
        }
        for step in &place.steps {
            cursor = self.step(cursor, step, place);
            if let Cursor::Item(_, item) = &cursor {
                seen(item);
            }
        }
        cursor
    }

    fn step(&self, cursor: Cursor<'e>, step: &Step, place: &Place) -> Cursor<'e> {
        let (root, next) = match (cursor, step) {
            (Cursor::Root(root), Step::Field(name)) => {
                (root, self.roots.get(root).and_then(|facts| Item::root(facts, name)))
            }
            (Cursor::Item(root, item), Step::Field(name)) => (root, item.field(name)),
            (Cursor::Item(root, item), Step::Key(key)) => match self.operand(key) {
                Val::Str(key) => return Cursor::Item(root, item.get(&key)),
                Val::Unknown(needs) => return Cursor::Value(Val::Unknown(needs)),
                _ => (root, None),
            },
            (Cursor::View(fields, view), Step::Field(name)) => {
                let at = view.fields.iter().position(|(field, _, _)| field == name);
                return Cursor::Value(match at.and_then(|i| fields.into_iter().nth(i)) {
                    Some(ViewField::Bool(b)) => Val::Bool(b),
                    Some(ViewField::Int(n)) => Val::Int(n),
                    Some(ViewField::Str(s)) => Val::Str(s),
                    Some(ViewField::Strs(s)) => Val::Strs(s.into_vec()),
                    None => Val::Nothing,
                });
            }
            (Cursor::Value(value), _) => return Cursor::Value(value),
            _ => (0, None),
        };
        let Some(item) = next else { return Cursor::Value(Val::Nothing) };
        if item.facts().schema().is_open() && !item.is_present() {
            return Cursor::Value(Val::Unknown(Needs::from([self.fact_name(root, place)])));
        }
        if root == 0
            && let Some(needs) = item.slot().and_then(|slot| self.poison.get(&slot))
        {
            return Cursor::Value(Val::Unknown(needs.clone()));
        }
        Cursor::Item(root, item)
    }

    /// `host.sysinfo.memory_limit`
    fn fact_name(&self, root: usize, place: &Place) -> String {
        let mut name = self.root_name(root).to_owned();
        for step in &place.steps {
            if let Step::Field(field) = step {
                name.push('.');
                name.push_str(field);
            }
        }
        name
    }

    /// The item at a place; `None` if it leads elsewhere, with what is not known.
    pub(super) fn item(&self, place: &Place) -> Result<Option<(usize, Item<'e, 'e>)>, Needs> {
        match self.follow(place, &mut |_| ()) {
            Cursor::Item(root, item) => Ok(Some((root, item))),
            Cursor::Value(Val::Unknown(needs)) => Err(needs),
            _ => Ok(None),
        }
    }

    pub(super) fn read(&self, place: &Place) -> Val<'e> {
        use crate::table::Kind;
        match self.follow(place, &mut |_| ()) {
            Cursor::Item(_, item) => match place.shape.kind() {
                Kind::Bool => Val::Bool(item.bool()),
                Kind::Int => Val::Int(item.int()),
                Kind::Str => Val::Str(Cow::Borrowed(item.str())),
                _ => Val::Item(item),
            },
            Cursor::Value(Val::Nothing) => match place.shape.kind() {
                Kind::Bool => Val::Bool(false),
                Kind::Int => Val::Int(0),
                Kind::Str => Val::Str(Cow::Borrowed(&[])),
                _ => Val::Nothing,
            },
            Cursor::Value(value) => value,
            Cursor::Root(_) | Cursor::View(..) => Val::Nothing,
        }
    }

    pub(super) fn operand(&self, operand: &Operand) -> Val<'e> {
        match operand {
            Operand::Int(n) => Val::Int(*n),
            Operand::Str(s) => Val::Str(Cow::Owned(s.clone())),
            Operand::Place(place) => self.read(place),
            Operand::Size(place) => match self.read(place) {
                Val::Str(s) => int(s.len()),
                Val::Strs(s) => int(s.len()),
                Val::Item(item) => int(item.any().map_or(item.size(), |any| any.children().len())),
                Val::Unknown(needs) => Val::Unknown(needs),
                _ => Val::Int(0),
            },
            Operand::Cond(cond) => match self.cond(cond) {
                Tri::True => Val::Bool(true),
                Tri::False => Val::Bool(false),
                Tri::Unknown(needs) => Val::Unknown(needs),
            },
            Operand::Term(function, args) => self.term(*function, args),
        }
    }

    fn term(&self, function: TermFn, args: &[Operand]) -> Val<'e> {
        let mut texts = Vec::new();
        for arg in args {
            match self.operand(arg) {
                Val::Str(s) => texts.push(s.into_owned()),
                Val::Unknown(needs) => return Val::Unknown(needs),
                _ => texts.push(Vec::new()),
            }
        }
        let mut texts = texts.into_iter();
        let text = texts.next().unwrap_or_default();
        let mark = texts.next().unwrap_or_default();
        let at = if mark.is_empty() { Some(0) } else { text.windows(mark.len()).position(|w| w == mark) };
        let out = match function {
            TermFn::Before => text.get(..at.unwrap_or(text.len())).unwrap_or_default().to_vec(),
            TermFn::After => at.and_then(|at| text.get(at + mark.len()..)).unwrap_or_default().to_vec(),
            TermFn::Upper => text.to_ascii_uppercase(),
            TermFn::Lower => text.to_ascii_lowercase(),
            TermFn::Trim => match std::str::from_utf8(&text) {
                Ok(s) => s.trim().as_bytes().to_vec(),
                Err(_) => text.trim_ascii().to_vec(),
            },
        };
        Val::Str(Cow::Owned(out))
    }

    pub(super) fn cond(&self, cond: &Cond) -> Tri {
        match cond {
            Cond::Const(b) => (*b).into(),
            Cond::Truth(place) => self.read(place).truth(),
            Cond::Not(inner) => self.cond(inner).not(),
            Cond::All(conds) => Tri::all(conds.iter().map(|c| self.cond(c))),
            Cond::Any(conds) => Tri::any(conds.iter().map(|c| self.cond(c))),
            Cond::Same(left, right) => both(self.operand(left), self.operand(right), |l, r| match (l, r) {
                (Val::Bool(l), Val::Bool(r)) => l == r,
                (Val::Int(l), Val::Int(r)) => l == r,
                (Val::Str(l), Val::Str(r)) => l == r,
                _ => false,
            }),
            Cond::Order(op, left, right) => {
                both(self.operand(left), self.operand(right), |l, r| match (l, r) {
                    (Val::Int(l), Val::Int(r)) => match op {
                        OrderOp::Lt => l < r,
                        OrderOp::Le => l <= r,
                        OrderOp::Gt => l > r,
                        OrderOp::Ge => l >= r,
                    },
                    _ => false,
                })
            }
            Cond::OneOf(value, literals) => {
                Tri::any(literals.iter().map(|l| self.cond(&Cond::Same(value.clone(), l.clone()))))
            }
            Cond::HasKey(key, map) => both(self.operand(key), self.read(map), |key, map| match (key, map) {
                (Val::Str(key), Val::Item(map)) => map.contains_key(key),
                _ => false,
            }),
            Cond::HasElement(value, list) => {
                both(self.operand(value), self.read(list), |v, list| match (v, list) {
                    (Val::Str(v), Val::Item(list)) => list.elements().any(|e| e.str() == v.as_ref()),
                    (Val::Str(v), Val::Strs(list)) => list.iter().any(|e| e == v.as_ref()),
                    _ => false,
                })
            }
            Cond::Text(value, test) => match self.operand(value) {
                Val::Str(s) => text_test(&s, test).into(),
                Val::Unknown(needs) => Tri::Unknown(needs),
                _ => Tri::False,
            },
            Cond::Present(place) => match self.follow(place, &mut |_| ()) {
                Cursor::Item(_, item) => item.is_present().into(),
                _ => Tri::False,
            },
            Cond::Exists { over, var, body } => self.exists(over, *var, body),
        }
    }

    fn exists(&self, over: &Place, var: usize, body: &Cond) -> Tri {
        match self.elements(over) {
            Err(needs) => Tri::Unknown(needs),
            Ok(elements) => Tri::any(elements.into_iter().map(|element| {
                let mut vars = self.vars.to_vec();
                vars.truncate(var);
                vars.push(element);
                Scope { vars: &vars, ..*self }.cond(body)
            })),
        }
    }

    /// The elements or entries at a place.
    pub(super) fn elements(&self, over: &Place) -> Result<Vec<Bound>, Needs> {
        let Some((root, item)) = self.item(over)? else { return Ok(Vec::new()) };
        let entries = item.entries().map(|(key, item)| (Some(key.to_vec()), item));
        let elements = item.elements().map(|item| (None, item));
        let bound = entries.chain(elements).enumerate().filter_map(|(index, (key, item))| {
            Some(Bound { root, slot: item.slot()?, ty: item.ty().clone(), key, index })
        });
        Ok(bound.collect())
    }

    /// Every combination of the elements of some loops, the outermost changing last.
    pub(super) fn instances(&self, loops: &[Loop]) -> Vec<Vec<Bound>> {
        let mut out = vec![Vec::new()];
        for each in loops {
            out = out
                .into_iter()
                .flat_map(|vars| {
                    let scope = Scope { vars: &vars, ..*self };
                    let more = scope.elements(&each.source).unwrap_or_default();
                    more.into_iter().map(|b| vars.iter().cloned().chain([b]).collect()).collect::<Vec<_>>()
                })
                .collect();
        }
        out
    }

    /// The places in the judged text that `place` stands for; the nearest value around it if it is not there.
    pub(super) fn spans(&self, place: &Place) -> Vec<Span> {
        if let Base::VarKey(var) = place.base {
            return self
                .bound(var)
                .and_then(|(_, item)| item.key_span().or(item.span()))
                .into_iter()
                .collect();
        }
        let mut nearest = None;
        let cursor = self.follow(place, &mut |item| nearest = item.span().or(item.key_span()).or(nearest));
        match cursor {
            Cursor::Item(root, item) if root > 0 && item.span().is_none() => {
                item.elements().filter_map(|e| e.span()).collect()
            }
            // An entry of a map that is named as a whole is best shown by its key.
            Cursor::Item(_, item) if matches!(place.steps.last(), Some(Step::Key(_))) => {
                item.key_span().or(nearest).into_iter().collect()
            }
            _ => nearest.into_iter().collect(),
        }
    }

    /// Whether spans under this base lie in the judged text.
    pub(super) fn is_located(&self, base: &Base) -> bool {
        let root = match base {
            Base::Root(root) => Some(*root),
            Base::Var(var) | Base::VarKey(var) => self.vars.get(*var).map(|b| b.root),
            Base::View(_) => None,
        };
        match root {
            Some(0) => true,
            Some(root) => self.subject.roots.get(root - 1).is_some_and(|r| r.located),
            None => false,
        }
    }

    /// The JSON Pointer of a place.
    pub(super) fn pointer(&self, place: &Place, loops: &[Loop]) -> String {
        let mut out = match &place.base {
            Base::Root(_) | Base::View(_) => String::new(),
            Base::Var(var) | Base::VarKey(var) => match (self.vars.get(*var), loops.get(*var)) {
                (Some(bound), Some(each)) if bound.root == 0 => {
                    let mut out = self.pointer(&each.source, loops);
                    match &bound.key {
                        Some(key) => push_pointer(&mut out, key),
                        None => push_pointer(&mut out, bound.index.to_string().as_bytes()),
                    }
                    out
                }
                _ => return self.noted_pointer(place),
            },
        };
        if matches!(place.base, Base::Root(root) if root > 0) {
            return self.noted_pointer(place);
        }
        // Beside the pointer, the value itself: some stand elsewhere in the text than in the schema.
        let mut item = match place.base {
            Base::Var(var) => self.bound(var).map(|(_, item)| item),
            _ => None,
        };
        for step in &place.steps {
            match step {
                Step::Field(name) => {
                    item = match item {
                        Some(item) => item.field(name),
                        None => Item::root(self.roots.document, name).filter(|_| out.is_empty()),
                    };
                    let slot = item.as_ref().and_then(Item::slot);
                    if let Some(pointer) = slot.and_then(|slot| self.roots.document.moved(slot)) {
                        pointer.clone_into(&mut out);
                    } else if !self.is_embedded(name, &place.base, out.is_empty()) {
                        push_pointer(&mut out, name.as_bytes());
                    }
                }
                Step::Key(key) => match self.operand(key) {
                    Val::Str(key) => {
                        item = item.map(|item| item.get(&key));
                        push_pointer(&mut out, &key);
                    }
                    _ => break,
                },
            }
        }
        out
    }

    /// Whether a field of the document is an embedded struct, whose keys stand in the object around it.
    fn is_embedded(&self, name: &str, base: &Base, first: bool) -> bool {
        let schema = self.roots.document.schema();
        let field = schema.get(schema.root()).field(name);
        first && matches!(base, Base::Root(0)) && field.is_some_and(|(_, field)| field.embed)
    }

    /// What the loader noted: a record with the `path` it speaks of, or a key of the document.
    fn noted_pointer(&self, place: &Place) -> String {
        let Ok(Some((_, item))) = self.item(place) else { return String::new() };
        let first = item.elements().next();
        let item = first.unwrap_or(item);
        match (item.field("path"), item.ty().pointee()) {
            (Some(path), _) => String::from_utf8_lossy(path.str()).into_owned(),
            (None, Type::String) => {
                let mut out = String::new();
                push_pointer(&mut out, item.str());
                out
            }
            _ => String::new(),
        }
    }
}

fn int<'e>(n: usize) -> Val<'e> {
    Val::Int(i64::try_from(n).unwrap_or(i64::MAX))
}

pub(super) fn text_test(text: &[u8], test: &TextTest) -> bool {
    match test {
        TextTest::StartsWith(literal) => text.starts_with(literal),
        TextTest::EndsWith(literal) => text.ends_with(literal),
        TextTest::Contains(literal) => {
            literal.is_empty() || text.windows(literal.len()).any(|w| w == literal.as_slice())
        }
        TextTest::Matches(_, dfa) => {
            let input = Input::new(text).anchored(Anchored::Yes);
            // An automaton without quit bytes cannot fail; were it to, no rule may take that for a match.
            dfa.try_search_fwd(&input).is_ok_and(|m| m.is_some_and(|m| m.offset() == text.len()))
        }
    }
}

fn both<'e>(left: Val<'e>, right: Val<'e>, test: impl FnOnce(&Val<'e>, &Val<'e>) -> bool) -> Tri {
    let needs: Needs = [&left, &right].into_iter().filter_map(Val::needs).flatten().cloned().collect();
    if needs.is_empty() { test(&left, &right).into() } else { Tri::Unknown(needs) }
}

impl<'e> Val<'e> {
    fn needs(&self) -> Option<&Needs> {
        match self {
            Self::Unknown(needs) => Some(needs),
            _ => None,
        }
    }

    fn truth(self) -> Tri {
        match self {
            Self::Bool(b) => b.into(),
            Self::Unknown(needs) => Tri::Unknown(needs),
            _ => Tri::False,
        }
    }

    fn as_arg(&self) -> ViewArg<'_> {
        match self {
            Self::Bool(b) => ViewArg::Bool(*b),
            Self::Int(n) => ViewArg::Int(*n),
            Self::Str(s) => ViewArg::Str(s),
            Self::Item(item) => ViewArg::Item(item.clone()),
            Self::Strs(_) | Self::Nothing | Self::Unknown(_) => ViewArg::Str(&[]),
        }
    }
}
