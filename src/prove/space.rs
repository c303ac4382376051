//! What a question is about: the values of a document as terms, what is asked of them as atoms, and a variable of a
//! decision diagram for each atom.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use biodivine_lib_bdd::BddVariable;

use super::diagram::{Bdd, Meter, VARIABLES};
use super::entries::Entries;
use super::language::{self, Found, Lang, Outcomes};
use crate::facts::views::View;
use crate::schema::{Constant, Type};

/// How many variables in a row a term has for its atoms. What depends on each other should stand close together: the size
/// of a diagram can double with every pair that does not.
const BLOCK: u16 = 24;
/// From this number on entries of a map have keys that the question names.
pub(super) const NAMED: usize = 1000;

/// The number of a term.
pub(super) type TermId = usize;
/// The number of an automaton.
pub(super) type LangId = usize;

/// A value of the document, or of what is known besides.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Node {
    /// A root of the subject; 0 is the document.
    Root(usize),
    /// A field of a record.
    Field(TermId, String),
    /// An element of a list, or the value of an entry.
    Element(TermId, usize),
    /// The key of an entry.
    Key(TermId, usize),
    /// The result of a view.
    View(&'static str, Vec<Arg>),
    /// A field of it, by its number.
    Output(TermId, usize),
    /// The size of a value that is not modelled further.
    Size(TermId),
    /// Whether a list that a view made has an element, which is written out.
    Member(TermId, String),
}

/// An argument of a view.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Arg {
    Bool(bool),
    Int(i64),
    Str(Vec<u8>),
    Term(TermId),
    /// A list or map that is not there.
    Nothing,
}

/// A term and what is known of it.
#[derive(Clone, Debug)]
pub(super) struct Term {
    pub(super) node: Node,
    /// Its type in the schema; none for what views make, and for keys.
    pub(super) ty: Option<Type>,
    /// The root it lies in.
    pub(super) root: usize,
    /// What the loader puts in for a zero value.
    pub(super) default: Option<Constant>,
    /// Whether it does so even for a zero value that is given.
    pub(super) never_zero: bool,
    pub(super) view: Option<&'static View>,
    /// A struct whose fields stand in the object around it, and one of them to name if none has a value.
    pub(super) embed: Option<(String, Type)>,
}

/// Something that is true or false of some terms.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Atom {
    /// A bool is true.
    True(TermId),
    /// `has()`.
    Present(TermId),
    /// A list or map has more than so many entries: the entry of this number is there.
    Used(TermId, usize),
    /// A string is in a set.
    Text(TermId, LangId),
    /// Two strings are equal; the lower number first.
    Equal(TermId, TermId),
    /// `x - y <= c`; no term stands for zero.
    AtMost(Option<TermId>, Option<TermId>, i64),
}

impl Atom {
    /// The terms it speaks of.
    pub(super) fn terms(&self) -> impl Iterator<Item = TermId> {
        let (a, b) = match self {
            Self::True(t) | Self::Present(t) | Self::Used(t, _) | Self::Text(t, _) => (Some(*t), None),
            Self::Equal(a, b) => (Some(*a), Some(*b)),
            Self::AtMost(x, y, _) => (*x, *y),
        };
        a.into_iter().chain(b)
    }
}

/// What strings can be, remembered from one question to the next.
#[derive(Debug, Default)]
pub(super) struct Langs {
    numbers: BTreeMap<String, Option<LangId>>,
    list: Vec<Rc<Lang>>,
    outcomes: BTreeMap<Vec<LangId>, Rc<Found<Outcomes>>>,
    strings: BTreeMap<(Tests, usize), Rc<Found<Words>>>,
}

impl Langs {
    fn number(&mut self, name: String, make: impl FnOnce() -> Option<Lang>) -> Option<LangId> {
        if let Some(found) = self.numbers.get(&name) {
            return *found;
        }
        let number = make().map(|lang| {
            self.list.push(Rc::new(lang));
            self.list.len().saturating_sub(1)
        });
        self.numbers.insert(name, number);
        number
    }

    pub(super) fn get(&self, id: LangId) -> Option<Rc<Lang>> {
        self.list.get(id).cloned()
    }

    /// As [`language::outcomes`].
    fn outcomes(&mut self, ids: &[LangId]) -> Rc<Found<Outcomes>> {
        if let Some(found) = self.outcomes.get(ids) {
            return found.clone();
        }
        let langs: Vec<Rc<Lang>> = ids.iter().filter_map(|id| self.get(*id)).collect();
        let refs: Vec<&Lang> = langs.iter().map(Rc::as_ref).collect();
        let found = Rc::new(language::outcomes(&refs));
        self.outcomes.insert(ids.to_vec(), found.clone());
        found
    }

    /// As [`language::strings`].
    fn strings(&mut self, tests: &[(LangId, bool)], most: usize) -> Rc<Found<Words>> {
        let key = (tests.to_vec(), most);
        if let Some(found) = self.strings.get(&key) {
            return found.clone();
        }
        let langs: Vec<(Rc<Lang>, bool)> =
            tests.iter().filter_map(|(id, wanted)| Some((self.get(*id)?, *wanted))).collect();
        let refs: Vec<_> = langs.iter().map(|(lang, wanted)| (lang.as_ref(), *wanted)).collect();
        let found = Rc::new(language::strings(&refs, most));
        self.strings.insert(key, found.clone());
        found
    }
}

/// Tests of one string, and whether it is to pass each.
type Tests = Vec<(LangId, bool)>;

/// Strings that pass some tests.
type Words = Vec<Vec<u8>>;

/// The terms and atoms of one question.
#[derive(Debug)]
pub(super) struct Space {
    /// The steps that the question takes.
    pub(super) meter: Rc<Meter>,
    pub(super) langs: Rc<RefCell<Langs>>,
    terms: Vec<Term>,
    numbers: BTreeMap<Node, TermId>,
    atoms: Vec<Atom>,
    atom_numbers: BTreeMap<Atom, usize>,
    /// The variable of each atom.
    places: Vec<u16>,
    /// And back, by variable.
    owners: Vec<Option<usize>>,
    /// The next free variable of each term, and the end of its block.
    blocks: BTreeMap<TermId, (u16, u16)>,
    next_block: u16,
    /// How many entries of each list or map are modelled, by its path.
    pub(super) slots: BTreeMap<String, usize>,
    /// The keys that maps are asked for by name, by their path.
    names: BTreeMap<String, Vec<Vec<u8>>>,
    /// Why the answer can be no proof of impossibility.
    pub(super) limits: BTreeSet<String>,
    /// What is known of strings already and this question has paid for.
    paid: RefCell<BTreeSet<usize>>,
}

/// What questions share.
#[derive(Clone, Debug, Default)]
pub(super) struct Shared {
    pub(super) langs: Rc<RefCell<Langs>>,
}

impl Space {
    /// `steps`: how many may be taken.
    pub(super) fn new(shared: &Shared, entries: Entries, steps: u64) -> Self {
        let names = entries.names.into_iter().map(|(path, names)| (path, names.into_iter().collect()));
        Self {
            meter: Meter::new(steps),
            langs: shared.langs.clone(),
            terms: Vec::new(),
            numbers: BTreeMap::new(),
            atoms: Vec::new(),
            atom_numbers: BTreeMap::new(),
            places: Vec::new(),
            owners: Vec::new(),
            blocks: BTreeMap::new(),
            next_block: 0,
            slots: entries.slots,
            names: names.collect(),
            limits: BTreeSet::new(),
            paid: RefCell::default(),
        }
    }

    pub(super) fn yes(&self) -> Bdd {
        Bdd::constant(&self.meter, true)
    }

    pub(super) fn no(&self) -> Bdd {
        Bdd::constant(&self.meter, false)
    }

    /// The term of a node, new or known.
    pub(super) fn term(&mut self, node: Node, make: impl FnOnce(Node) -> Term) -> TermId {
        if let Some(found) = self.numbers.get(&node) {
            return *found;
        }
        let id = self.terms.len();
        self.numbers.insert(node.clone(), id);
        self.terms.push(make(node));
        id
    }

    /// The term of a node, if the question has it.
    pub(super) fn find(&self, node: &Node) -> Option<TermId> {
        self.numbers.get(node).copied()
    }

    pub(super) fn get(&self, id: TermId) -> Option<&Term> {
        self.terms.get(id)
    }

    pub(super) fn terms(&self) -> impl Iterator<Item = (TermId, &Term)> {
        self.terms.iter().enumerate()
    }

    pub(super) fn atoms(&self) -> &[Atom] {
        &self.atoms
    }

    /// The variable of an atom.
    pub(super) fn atom(&mut self, atom: Atom) -> Bdd {
        let number = match self.atom_numbers.get(&atom) {
            Some(number) => *number,
            None => {
                let number = self.atoms.len();
                let place = self.place(atom.terms().max().unwrap_or_default());
                self.atom_numbers.insert(atom.clone(), number);
                self.atoms.push(atom);
                self.places.push(place);
                let least = usize::from(place).saturating_add(1);
                self.owners.resize(self.owners.len().max(least), None);
                if let Some(owner) = self.owners.get_mut(usize::from(place)) {
                    *owner = Some(number);
                }
                number
            }
        };
        self.literal(number, true)
    }

    /// A free variable for an atom of a term.
    fn place(&mut self, term: TermId) -> u16 {
        let (next, end) = self.blocks.get(&term).copied().unwrap_or_default();
        let next = if next < end { next } else { self.next_block };
        let end = if next == self.next_block {
            self.next_block = self.next_block.saturating_add(BLOCK);
            next.saturating_add(BLOCK)
        } else {
            end
        };
        if end > VARIABLES {
            self.limits.insert("it asks for too much at once".to_owned());
        }
        self.blocks.insert(term, (next.saturating_add(1), end));
        next
    }

    /// The number of the atom that a variable stands for.
    pub(super) fn owner(&self, variable: BddVariable) -> Option<usize> {
        self.owners.get(variable.to_index()).copied().flatten()
    }

    /// The number of an atom, if the question has it.
    pub(super) fn number(&self, atom: &Atom) -> Option<usize> {
        self.atom_numbers.get(atom).copied()
    }

    pub(super) fn has_atom(&self, atom: &Atom) -> bool {
        self.atom_numbers.contains_key(atom)
    }

    /// The variable of an atom by its number.
    pub(super) fn literal(&self, number: usize, value: bool) -> Bdd {
        let place = self.places.get(number).copied().unwrap_or(u16::MAX);
        if place < VARIABLES { Bdd::literal(&self.meter, place, value) } else { self.no() }
    }

    /// Atoms, by their numbers, are all as they are told.
    pub(super) fn cube(&self, literals: impl Iterator<Item = (usize, bool)>) -> Bdd {
        let place = |number: usize| self.places.get(number).copied().unwrap_or(u16::MAX);
        Bdd::cube(&self.meter, literals.map(|(number, value)| (place(number), value)).collect())
    }

    /// As [`language::outcomes`]; `None` if that would take too many steps.
    pub(super) fn outcomes(&self, ids: &[LangId]) -> Option<Rc<Found<Outcomes>>> {
        let found = self.langs.borrow_mut().outcomes(ids);
        self.pay(found)
    }

    /// As [`language::strings`]; `None` if that would take too many steps.
    pub(super) fn strings(&self, tests: &[(LangId, bool)], most: usize) -> Option<Rc<Found<Words>>> {
        let found = self.langs.borrow_mut().strings(tests, most);
        self.pay(found)
    }

    /// A question pays once for what it learns, even if an earlier one learned it before: so it takes the same steps
    /// whatever was asked before it.
    fn pay<T>(&self, found: Rc<Found<T>>) -> Option<Rc<Found<T>>> {
        let new = self.paid.borrow_mut().insert(Rc::as_ptr(&found).addr());
        let paid = self.meter.spend(if new { found.steps } else { 1 });
        (paid && found.found.is_some()).then_some(found)
    }

    /// A string passes the test of a pattern.
    pub(super) fn text(&mut self, term: TermId, pattern: &str) -> Bdd {
        let number = self.langs.borrow_mut().number(pattern.to_owned(), || Lang::of_pattern(pattern));
        self.in_lang(term, number, pattern)
    }

    /// Whether a pattern matches a constant.
    pub(super) fn accepts(&self, pattern: &str, text: &[u8]) -> bool {
        let mut langs = self.langs.borrow_mut();
        let number = langs.number(pattern.to_owned(), || Lang::of_pattern(pattern));
        number.and_then(|number| langs.get(number)).is_some_and(|lang| lang.contains(text))
    }

    /// A string has at most so many bytes.
    pub(super) fn short(&mut self, term: TermId, bytes: i64) -> Bdd {
        let Ok(most) = usize::try_from(bytes) else { return self.no() };
        let name = format!("size <= {most}");
        let number = self.langs.borrow_mut().number(name.clone(), || Lang::at_most(most));
        self.in_lang(term, number, &name)
    }

    /// A string is in a set that has a name.
    pub(super) fn member(&mut self, term: TermId, name: &str, make: impl FnOnce() -> Option<Lang>) -> Bdd {
        let number = self.langs.borrow_mut().number(name.to_owned(), make);
        self.in_lang(term, number, name)
    }

    fn in_lang(&mut self, term: TermId, number: Option<LangId>, name: &str) -> Bdd {
        match number {
            Some(lang) => {
                if !self.has_atom(&Atom::Text(term, lang)) {
                    let states = self.langs.borrow().get(lang).map_or(0, |lang| lang.size());
                    self.meter.spend(u64::try_from(states).unwrap_or(u64::MAX));
                }
                self.atom(Atom::Text(term, lang))
            }
            None => {
                // Free, so that what is found impossible is impossible all the same.
                let shape = Node::Member(term, name.to_owned());
                let free = self.term(shape, |node| Term::made(node, 0));
                self.atom(Atom::True(free))
            }
        }
    }

    /// The path of a list or map, without the numbers of entries: two entries' lists have the same.
    pub(super) fn path(&self, term: TermId) -> String {
        match self.get(term).map(|t| &t.node) {
            Some(Node::Root(root)) => root.to_string(),
            Some(Node::Field(of, name)) => format!("{}.{name}", self.path(*of)),
            Some(Node::Element(of, _)) => format!("{}[]", self.path(*of)),
            Some(Node::Key(of, _)) => format!("{}#", self.path(*of)),
            _ => String::new(),
        }
    }

    /// How many entries of a list are modelled.
    pub(super) fn slots_of(&self, term: TermId) -> usize {
        self.slots.get(&self.path(term)).copied().unwrap_or(0)
    }

    /// The keys that a map is asked for by name.
    pub(super) fn names_of(&self, term: TermId) -> &[Vec<u8>] {
        self.names.get(&self.path(term)).map_or(&[], Vec::as_slice)
    }

    /// The key of an entry that has a name.
    pub(super) fn name(&self, key: TermId) -> Option<&Vec<u8>> {
        match self.get(key)?.node {
            Node::Key(of, index) => self.names_of(of).get(index.checked_sub(NAMED)?),
            _ => None,
        }
    }

    /// The term around a term.
    pub(super) fn parent(&self, term: TermId) -> Option<TermId> {
        match self.get(term)?.node {
            Node::Field(of, _) | Node::Element(of, _) | Node::Key(of, _) | Node::Size(of) => Some(of),
            _ => None,
        }
    }
}

impl Term {
    /// A term that no schema has.
    pub(super) fn made(node: Node, root: usize) -> Self {
        Self { node, ty: None, root, default: None, never_zero: false, view: None, embed: None }
    }
}
