//! Arguments for which views give what a model wants of their results.

use std::collections::{BTreeMap, BTreeSet};

use super::strings::strings;
use super::{Literals, TRY, pick};
use crate::facts::views::{ViewArg, ViewField};
use crate::prove::exact;
use crate::prove::space::{Arg, Atom, LangId, Node, Space, TermId};
use crate::schema::{Constant, Type};

/// How many results of views are looked at for one choice of arguments.
pub(super) const MAX_TRIES: usize = 6_000;
/// The same where there is only one argument, and so no product of candidates.
const MAX_TRIES_ALONE: usize = 30_000;

/// A call of a view whose result the model says something about.
#[derive(Debug)]
pub(super) struct Call<'c> {
    pub(super) term: TermId,
    pub(super) name: &'static str,
    pub(super) args: &'c [Arg],
    /// What the model says of its result.
    atoms: Literals,
    /// The fields that the question asks for, and their numbers.
    pub(super) outputs: Vec<(TermId, usize)>,
}

pub(super) fn calls<'s>(space: &'s Space, model: &Literals) -> Vec<Call<'s>> {
    let mut found = BTreeSet::new();
    for number in model.keys() {
        let Some(atom) = space.atoms().get(*number) else { continue };
        found.extend(atom.terms().filter_map(|t| call_of(space, t)));
    }
    // A view of a view needs the inner one first.
    let mut queue: Vec<TermId> = found.iter().copied().collect();
    while let Some(term) = queue.pop() {
        let Some(Node::View(_, args)) = space.get(term).map(|t| &t.node) else { continue };
        for arg in args {
            if let Arg::Term(inner) = arg
                && let Some(call) = call_of(space, *inner)
                && found.insert(call)
            {
                queue.push(call);
            }
        }
    }
    let call = |term| match space.get(term).map(|t| &t.node) {
        Some(Node::View(name, args)) => {
            let atoms = pick(space, model, |_, atom| atom.terms().any(|t| call_of(space, t) == Some(term)));
            let outputs = space.terms().filter_map(|(id, of)| match of.node {
                Node::Output(call, at) if call == term => Some((id, at)),
                _ => None,
            });
            Some(Call { term, name, args, atoms, outputs: outputs.collect() })
        }
        _ => None,
    };
    found.into_iter().filter_map(call).collect()
}

/// The call that a term is a part of the result of.
fn call_of(space: &Space, term: TermId) -> Option<TermId> {
    match &space.get(term)?.node {
        Node::Output(call, _) => Some(*call),
        Node::Size(of) | Node::Member(of, _) => call_of(space, *of),
        _ => None,
    }
}

pub(super) fn touches_view(space: &Space, atom: &Atom, calls: &[Call<'_>]) -> bool {
    atom.terms()
        .any(|t| call_of(space, t).is_some() || calls.iter().any(|call| call.args.contains(&Arg::Term(t))))
}

/// The search for arguments for which views give what is wanted.
pub(super) struct Search<'s> {
    pub(super) space: &'s Space,
    pub(super) pool: &'s [Vec<u8>],
    /// Whether parts of the strings in the pool are tried as well.
    pub(super) far: bool,
    pub(super) model: &'s Literals,
    pub(super) numbers: &'s BTreeMap<TermId, i64>,
    pub(super) calls: &'s [Call<'s>],
    /// How many tries are left.
    pub(super) tries: usize,
}

/// A short string with one byte left out, for each of its bytes.
fn without_a_byte(text: &[u8]) -> Vec<Vec<u8>> {
    let short = if text.len() <= 24 { text.len() } else { 0 };
    let without =
        |at: usize| text.iter().enumerate().filter(move |(i, _)| *i != at).map(|(_, b)| *b).collect();
    (0..short).map(without).collect()
}

type Found = (BTreeMap<TermId, Vec<u8>>, BTreeSet<TermId>);

impl Search<'_> {
    pub(super) fn run(&mut self) -> Option<Found> {
        let mut whole = BTreeSet::new();
        let mut terms: Vec<TermId> = Vec::new();
        for call in self.calls {
            for arg in call.args {
                let Arg::Term(term) = arg else { continue };
                let ty = self.space.get(*term).and_then(|t| t.ty.as_ref()).map(Type::pointee);
                match ty {
                    Some(Type::List(_) | Type::Map(_) | Type::Any) => {
                        // A list that is not there needs no contents.
                        let present = self.space.number(&Atom::Present(*term));
                        let there = present.and_then(|n| self.model.get(&n)) == Some(&true);
                        if there || call.args.len() > 1 {
                            whole.insert(*term);
                        }
                    }
                    Some(Type::Bool | Type::Int(_)) => {}
                    _ if call_of(self.space, *term).is_some() => {}
                    _ if terms.contains(term) => {}
                    _ => terms.push(*term),
                }
            }
        }
        let far = self.far && terms.len() == 1;
        if far {
            self.tries = MAX_TRIES_ALONE;
        }
        let candidates: Vec<(TermId, Vec<Vec<u8>>)> =
            terms.iter().map(|t| (*t, self.candidates(*t, far))).collect();
        let strings = self.assign(&candidates, &mut BTreeMap::new())?;
        Some((strings, whole))
    }

    fn candidates(&self, term: TermId, far: bool) -> Vec<Vec<u8>> {
        let mut tests: Vec<(LangId, bool)> = Vec::new();
        for (number, holds) in self.model {
            if let Some(Atom::Text(t, lang)) = self.space.atoms().get(*number)
                && *t == term
            {
                tests.push((*lang, *holds));
            }
        }
        tests.sort_unstable();
        let own = self.space.strings(&tests, 4);
        self.space.meter.spend(u64::try_from(self.pool.len()).unwrap_or(u64::MAX));
        // What need not be written at all comes first.
        let mut out = Vec::new();
        if let Some(Constant::String(text)) = self.space.get(term).and_then(|t| t.default.as_ref()) {
            out.push(text.clone().into_bytes());
        }
        let langs: Vec<_> = tests
            .iter()
            .filter_map(|(lang, wanted)| Some((self.space.langs.borrow().get(*lang)?, *wanted)))
            .collect();
        out.extend(self.pool.iter().cloned());
        if far {
            out.extend(self.pool.iter().flat_map(|s| without_a_byte(s)));
        }
        out.retain(|s| langs.iter().all(|(l, w)| l.contains(s) == *w));
        let at = out.len().min(1);
        out.splice(at..at, own.and_then(|own| own.found.clone()).unwrap_or_default());
        out
    }

    /// Tries the candidates of the first term with those of the rest.
    fn assign(
        &mut self,
        candidates: &[(TermId, Vec<Vec<u8>>)],
        fixed: &mut BTreeMap<TermId, Vec<u8>>,
    ) -> Option<BTreeMap<TermId, Vec<u8>>> {
        let Some(((term, strings), rest)) = candidates.split_first() else {
            let outputs = self.outputs(fixed)?;
            return strings(self.space, self.model, &outputs).ok();
        };
        for string in strings {
            self.tries = self.tries.checked_sub(1)?;
            if !self.space.meter.spend(TRY) {
                return None;
            }
            fixed.insert(*term, string.clone());
            if self.outputs(fixed).is_some()
                && let Some(found) = self.assign(rest, fixed)
            {
                return Some(found);
            }
            fixed.remove(term);
        }
        None
    }

    /// The strings so far and those that views make of them; `None` if one gives something else than is wanted.
    fn outputs(&self, fixed: &BTreeMap<TermId, Vec<u8>>) -> Option<BTreeMap<TermId, Vec<u8>>> {
        let mut out = fixed.clone();
        for call in self.calls {
            let Some(view) = self.space.get(call.term).and_then(|t| t.view) else { continue };
            let mut args = Vec::new();
            for arg in call.args {
                args.push(match arg {
                    Arg::Bool(b) => ViewArg::Bool(*b),
                    Arg::Int(n) => ViewArg::Int(*n),
                    Arg::Str(s) => ViewArg::Str(s),
                    Arg::Nothing => break,
                    Arg::Term(term) => match (out.get(term), self.numbers.get(term)) {
                        (Some(s), _) => ViewArg::Str(s),
                        (None, Some(n)) => ViewArg::Int(*n),
                        // Not chosen yet, or not modelled: nothing can be said so far.
                        (None, None) => break,
                    },
                });
            }
            if args.len() < call.args.len() {
                continue;
            }
            let fields = view.call(&args);
            for (number, holds) in &call.atoms {
                let Some(atom) = self.space.atoms().get(*number) else { continue };
                if exact::outcome(self.space, atom, call.term, &fields).is_some_and(|o| o != *holds) {
                    return None;
                }
            }
            let made: Vec<(TermId, Vec<u8>)> = (call.outputs.iter())
                .filter_map(|(id, at)| match fields.get(*at) {
                    Some(ViewField::Str(s)) => Some((*id, s.to_vec())),
                    _ => None,
                })
                .collect();
            drop(fields);
            drop(args);
            out.extend(made);
        }
        Some(out)
    }
}
