//! Views whose tests are regular: a test of what they give is a test of what they are given.
//!
//! Each automaton here is a second opinion on its view, and is held against it string by string in the tests below.

use super::diagram::Bdd;
use super::language::Lang;
use super::space::{Arg, Atom, Node, Space, TermId};
use crate::facts::views::{ParamType, View, ViewField};

/// `output` matches the pattern, asked of the view's argument; `None` if the view is not modelled.
pub(super) fn text(space: &mut Space, output: TermId, source: &str) -> Option<Bdd> {
    let (view, field, argument) = call(space, output)?;
    let lang = Lang::of_pattern(source)?;
    preimage(view, field, lang).map(|model| {
        let name = format!("{view}.{field} in {source}");
        space.member(argument, &name, model)
    })
}

/// A bool that a view gives, asked of its argument.
pub(super) fn truth(space: &mut Space, output: TermId) -> Option<Bdd> {
    let (view, field, argument) = call(space, output)?;
    let model = truth_of(view, field)?;
    Some(space.member(argument, &format!("{view}.{field}"), model))
}

/// What is known of the results of a view beside single tests: conditions that always hold.
pub(super) fn lemmas(space: &mut Space) -> Vec<Bdd> {
    let calls: Vec<(TermId, Vec<Arg>)> = space
        .terms()
        .filter_map(|(id, term)| match &term.node {
            Node::View("wrapper_path", args) => Some((id, args.clone())),
            _ => None,
        })
        .collect();
    let mut out = Vec::new();
    for (call, args) in calls {
        let fields = space.get(call).and_then(|t| t.view).map_or(&[][..], |view| view.fields);
        let places = ["below", "above", "elsewhere"];
        let places = places.iter().filter_map(|place| fields.iter().position(|(name, _, _)| name == place));
        let places: Vec<Bdd> = places
            .filter_map(|at| space.find(&Node::Output(call, at)))
            .collect::<Vec<_>>()
            .into_iter()
            .map(|term| space.atom(Atom::True(term)))
            .collect();
        // The script lies below, above or elsewhere, and only where its name has a slash.
        for (at, one) in places.iter().enumerate() {
            out.extend(places.iter().skip(at.saturating_add(1)).map(|other| one.and(other).not()));
            let slash = match args.get(1) {
                Some(Arg::Term(name)) => space.text(*name, SLASH),
                Some(Arg::Str(name)) if !name.contains(&b'/') => space.no(),
                _ => space.yes(),
            };
            out.push(one.imp(&slash));
        }
    }
    repeats(space, &mut out);
    out
}

/// Nothing repeats in a list of fewer than two.
fn repeats(space: &mut Space, out: &mut Vec<Bdd>) {
    let calls: Vec<(TermId, TermId)> = space
        .terms()
        .filter_map(|(id, term)| match &term.node {
            Node::View("repeated_bind" | "repeated_mount", args) => match args.as_slice() {
                [Arg::Term(list)] => Some((id, *list)),
                _ => None,
            },
            _ => None,
        })
        .collect();
    for (call, list) in calls {
        // The first field says whether something does.
        let found = space.find(&Node::Output(call, 0)).map(Atom::True);
        if let Some(found) = found.filter(|found| space.has_atom(found) && space.slots_of(list) > 1) {
            let (found, second) = (space.atom(found), space.atom(Atom::Used(list, 1)));
            out.push(found.imp(&second));
        }
    }
}

/// What views of a whole list or map give where there is none.
pub(super) fn of_nothing(space: &mut Space) -> Vec<Bdd> {
    let calls: Vec<(TermId, TermId, &'static View)> = space
        .terms()
        .filter_map(|(id, term)| match (&term.node, term.view) {
            (Node::View(_, args), Some(view)) => match args.as_slice() {
                [Arg::Term(list)] if matches!(view.params, [(_, ParamType::Strings | ParamType::AnyMap)]) => {
                    Some((id, *list, view))
                }
                _ => None,
            },
            _ => None,
        })
        .collect();
    let mut out = Vec::new();
    for (call, list, view) in calls {
        let fields = view.call(&[]);
        let present = space.atom(Atom::Present(list));
        let atoms: Vec<(usize, Atom)> = space.atoms().iter().cloned().enumerate().collect();
        for (number, atom) in atoms {
            let Some(holds) = outcome(space, &atom, call, &fields) else { continue };
            out.push(present.or(&space.literal(number, holds)));
        }
    }
    out
}

/// What the result of a call makes of an atom; `None` if the atom is about something else.
pub(super) fn outcome(space: &Space, atom: &Atom, call: TermId, fields: &[ViewField<'_>]) -> Option<bool> {
    let field = |term: TermId| match space.get(term)?.node {
        Node::Output(of, at) if of == call => fields.get(at),
        _ => None,
    };
    match atom {
        Atom::True(term) => match field(*term)? {
            ViewField::Bool(b) => Some(*b),
            _ => None,
        },
        Atom::Text(term, lang) => match field(*term)? {
            ViewField::Str(s) => space.langs.borrow().get(*lang).map(|l| l.contains(s)),
            _ => None,
        },
        Atom::AtMost(Some(x), None, c) => match field(*x)? {
            ViewField::Int(n) => Some(n <= c),
            _ => None,
        },
        _ => None,
    }
}

/// A slash somewhere.
const SLASH: &str = "^.*\\x2f.*$";

fn call(space: &Space, output: TermId) -> Option<(&'static str, &'static str, TermId)> {
    let Node::Output(call, at) = space.get(output)?.node else { return None };
    let term = space.get(call)?;
    let (Node::View(name, args), Some(view)) = (&term.node, term.view) else { return None };
    match args.as_slice() {
        [Arg::Term(argument)] => Some((name, view.fields.get(at)?.0, *argument)),
        _ => None,
    }
}

type Model = Box<dyn FnOnce() -> Option<Lang>>;

/// The strings for which a text field of a view lies in a set.
fn preimage(view: &str, field: &str, lang: Lang) -> Option<Model> {
    match (view, field) {
        ("shim_binary", "text") => Some(Box::new(move || shim_binary(&lang))),
        ("container_mode", "name") => Some(Box::new(move || behind_prefix(b"container:", &lang))),
        ("security_opt", "key") => Some(Box::new(move || cut(&lang, true))),
        ("security_opt", "value") => Some(Box::new(move || cut(&lang, false))),
        _ => None,
    }
}

/// The strings for which a bool field of a view is true.
fn truth_of(view: &str, field: &str) -> Option<fn() -> Option<Lang>> {
    match (view, field) {
        ("container_mode", "shared") => Some(|| Lang::of_pattern("^container:.*$")),
        ("security_opt", "split") => Some(|| Lang::of_pattern("^.*[=:].*$")),
        ("mount_path", "absolute") => Some(|| Lang::of_pattern(r"^[/\\].*$")),
        _ => None,
    }
}

/// The last two parts between dots, behind a fixed beginning; nothing if there is a slash, or no dot.
fn shim_binary(lang: &Lang) -> Option<Lang> {
    let begin = b"containerd-shim-".iter().fold(lang.start(), |state, b| lang.step(state, *b));
    // Slash seen; the part so far as the last but one; the two last parts.
    let start = (false, begin, None);
    let next = |state: &(bool, u32, Option<u32>), byte: u8| match (state, byte) {
        ((true, ..), _) | (_, b'/') => (true, 0, None),
        ((_, part, _), b'.') => (false, begin, Some(lang.step(*part, b'-'))),
        ((_, part, both), byte) => (false, lang.step(*part, byte), both.map(|state| lang.step(state, byte))),
    };
    let empty = lang.accepts(lang.start());
    Lang::explore(start, next, |(_, _, both)| both.map_or(empty, |state| lang.accepts(state)))
}

/// What stands behind a prefix; nothing if it is not there.
fn behind_prefix(prefix: &'static [u8], lang: &Lang) -> Option<Lang> {
    // How much of the prefix was there; none once it cannot be. Then the state of what is behind it.
    let next = |state: &(Option<usize>, u32), byte: u8| match *state {
        (Some(at), inner) => match prefix.get(at) {
            Some(wanted) if *wanted == byte => (Some(at.saturating_add(1)), inner),
            Some(_) => (None, 0),
            None => (Some(at), lang.step(inner, byte)),
        },
        gone => gone,
    };
    let empty = lang.accepts(lang.start());
    Lang::explore((Some(0), lang.start()), next, |(at, inner)| match at {
        Some(at) if *at >= prefix.len() => lang.accepts(*inner),
        _ => empty,
    })
}

/// What stands before or behind the first `=`, or else the first `:`; nothing if there is neither.
fn cut(lang: &Lang, before: bool) -> Option<Lang> {
    // Before `=`: the whole text so far, and the part at a colon if there was one. Behind `=`: the part.
    #[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
    enum State {
        Open { whole: u32, colon: Option<u32> },
        Cut(u32),
    }
    let next = |state: &State, byte: u8| match (state, byte) {
        (State::Open { whole, .. }, b'=') => State::Cut(if before { *whole } else { lang.start() }),
        (State::Open { whole, colon: None }, b':') => State::Open {
            whole: lang.step(*whole, byte),
            colon: Some(if before { *whole } else { lang.start() }),
        },
        (State::Open { whole, colon }, byte) => State::Open {
            whole: lang.step(*whole, byte),
            colon: colon.map(|state| if before { state } else { lang.step(state, byte) }),
        },
        (State::Cut(state), _) if before => State::Cut(*state),
        (State::Cut(state), byte) => State::Cut(lang.step(*state, byte)),
    };
    let empty = lang.accepts(lang.start());
    let start = State::Open { whole: lang.start(), colon: None };
    Lang::explore(start, next, |state| match state {
        State::Open { colon: None, .. } => empty,
        State::Open { colon: Some(state), .. } | State::Cut(state) => lang.accepts(*state),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::views::{ViewArg, ViewField, view};

    /// All strings of up to so many letters.
    fn words(letters: &[&[u8]], longest: usize) -> Vec<Vec<u8>> {
        let mut out = vec![Vec::new()];
        let mut last = out.clone();
        for _ in 0..longest {
            last =
                last.iter().flat_map(|w| letters.iter().map(move |l| [w.as_slice(), l].concat())).collect();
            out.extend(last.iter().cloned());
        }
        out
    }

    #[test]
    fn models_agree_with_their_views() {
        let letters: [&[u8]; 9] = [b"/", b".", b"=", b":", b"\\", b"a", b"-", b"container:", b"runc"];
        let words = words(&letters, 5);
        let patterns =
            ["^$", "^.*/.*$", "^.*-a$", "^a.*$", "^containerd-shim-runc-a$", "^(?:label|a|)$", "^.*:.*$"];
        let mut checked = 0;
        for (name, field, _) in [
            ("shim_binary", "text", 0),
            ("container_mode", "name", 0),
            ("container_mode", "shared", 0),
            ("security_opt", "key", 0),
            ("security_opt", "value", 0),
            ("security_opt", "split", 0),
            ("mount_path", "absolute", 0),
        ] {
            let view = view(name).unwrap();
            let at = view.fields.iter().position(|(f, _, _)| *f == field).unwrap();
            let of = |word: &[u8]| view.call(&[ViewArg::Str(word)]).get(at).unwrap().to_owned();
            if let Some(model) = truth_of(name, field) {
                let model = model().unwrap();
                for word in &words {
                    assert_eq!(ViewField::Bool(model.contains(word)), of(word), "{name} {word:?}");
                    checked += 1;
                }
                continue;
            }
            for pattern in patterns {
                let lang = Lang::of_pattern(pattern).unwrap();
                let model = preimage(name, field, lang.clone()).unwrap()().unwrap();
                for word in &words {
                    let ViewField::Str(text) = of(word) else { panic!("{name} {field}") };
                    assert_eq!(
                        model.contains(word),
                        lang.contains(&text),
                        "{name}.{field} {pattern} {word:?}"
                    );
                    checked += 1;
                }
            }
        }
        assert!(checked > 1_000_000, "{checked}");
    }

    #[test]
    fn wrappers_are_in_one_place_and_leave_by_slashes_only() {
        let view = view("wrapper_path").unwrap();
        let at = |name: &str| view.fields.iter().position(|(f, _, _)| *f == name).unwrap();
        for root in [&b""[..], b"/", b"a", b"/a/..", b"/var/lib/docker", b"..", b"/runtimes", b"."] {
            for name in words(&[b"/", b".", b"..", b"runtimes", b"\0"], 5) {
                let fields = view.call(&[ViewArg::Str(root), ViewArg::Str(&name)]);
                let places = ["below", "above", "elsewhere"]
                    .map(|f| fields.get(at(f)) == Some(&ViewField::Bool(true)));
                let count = places.iter().filter(|b| **b).count();
                assert!(count <= 1, "{root:?} {name:?}");
                assert!(count == 0 || name.contains(&b'/'), "{root:?} {name:?}");
            }
        }
    }

    #[test]
    fn nothing_repeats_in_a_list_of_one() {
        let catalog = crate::table::Catalog::builtin().unwrap();
        let schema = catalog.schema("create").unwrap();
        let mut repeated = 0;
        for (name, list, entry) in
            [("repeated_bind", "Binds", r#""/a:/b""#), ("repeated_mount", "Mounts", r#"{"Target":"/b"}"#)]
        {
            let view = view(name).unwrap();
            assert_eq!(view.fields[0].0, "found");
            for entries in [String::new(), entry.to_owned(), format!("{entry},{entry}")] {
                let text = format!(r#"{{"HostConfig":{{"{list}":[{entries}]}}}}"#);
                let loaded = crate::facts::load_create(text.as_bytes(), schema, &Default::default()).unwrap();
                let host = crate::facts::Item::root(&loaded.facts, "HostConfig").unwrap();
                let args: Vec<_> = host.field(list).into_iter().map(ViewArg::Item).collect();
                let found = view.call(&args).first() == Some(&ViewField::Bool(true));
                assert_eq!(found, entries.contains(','), "{text}");
                repeated += usize::from(found);
            }
        }
        assert_eq!(repeated, 2);
    }

    #[test]
    fn without_a_list_views_of_lists_give_what_they_give_for_none() {
        let catalog = crate::table::Catalog::builtin().unwrap();
        for schema in ["daemon", "create"] {
            let schema = catalog.schema(schema).unwrap();
            let nothing = crate::facts::Facts::new(schema);
            for view in crate::facts::views::views() {
                let [(_, ParamType::Strings | ParamType::AnyMap)] = view.params else { continue };
                for field in &schema.get(schema.root()).fields {
                    let Some(item) = crate::facts::Item::root(&nothing, &field.name) else { continue };
                    let of_item: Vec<_> =
                        view.call(&[ViewArg::Item(item)]).iter().map(ViewField::to_owned).collect();
                    let of_none: Vec<_> = view.call(&[]).iter().map(ViewField::to_owned).collect();
                    assert_eq!(of_item, of_none, "{} {}", view.name, field.name);
                }
            }
        }
    }
}
