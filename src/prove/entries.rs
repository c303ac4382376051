//! How many entries of each list and map can matter to a question.
//!
//! An entry that no quantifier needs as its example, that no look-up finds, and that no size counts can be taken out of a
//! document without changing the answer. So for each list it is enough to model as many entries as the question has
//! existential quantifiers over it (those under a universal one once for each of its entries), or one more than the
//! largest size it asks for.

use std::collections::{BTreeMap, BTreeSet};

use crate::table::{Base, Cond, Kind, Loop, Operand, Place, Rule, Step};

/// The most entries of one list; beyond, nothing is proved of it.
const MAX_ENTRIES: usize = 6;

/// Which outcomes of a condition the question needs examples of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    /// That it holds.
    pub(super) yes: bool,
    /// That it does not.
    pub(super) no: bool,
    /// That it holds, but only of one among several such rows: any of those that end the judgement will do.
    pub(super) any: bool,
    /// That the question is about the row itself, not only about what it changes or ends.
    pub(super) asked: bool,
}

impl Wanted {
    pub(super) const YES: Self = Self { yes: true, no: false, any: false, asked: true };
    pub(super) const NO: Self = Self { yes: false, no: true, any: false, asked: true };
    pub(super) const BOTH: Self = Self { yes: true, no: true, any: false, asked: true };

    fn not(self) -> Self {
        Self { yes: self.no, no: self.yes, any: false, ..self }
    }

    /// Both at once.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            yes: self.yes || other.yes,
            no: self.no || other.no,
            any: self.any || other.any,
            asked: self.asked || other.asked,
        }
    }
}

/// A loop around a condition: the path of its entries, and whether it speaks of all of them.
#[derive(Clone, Debug)]
struct Around {
    path: String,
    universal: bool,
}

/// What is modelled of the lists and maps of a question.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Entries {
    /// How many entries there may be, by path; in a map beside those below.
    pub(super) slots: BTreeMap<String, usize>,
    /// The keys that a map is asked for by name: each has an entry of its own.
    pub(super) names: BTreeMap<String, BTreeSet<Vec<u8>>>,
}

impl Entries {
    /// The greatest number of entries of one list.
    pub(super) fn most(&self) -> usize {
        self.slots.values().copied().max().unwrap_or(0)
    }

    /// What two sides of a question need together.
    pub(super) fn join(&mut self, other: Self) {
        for (path, n) in other.slots {
            let total = self.slots.entry(path).or_default();
            *total = total.saturating_add(n);
        }
        for (path, names) in other.names {
            self.names.entry(path).or_default().extend(names);
        }
    }
}

/// Counts over one question.
#[derive(Debug)]
struct Count<'c> {
    roots: &'c [usize],
    /// As counted in the round before.
    before: &'c BTreeMap<String, usize>,
    examples: BTreeMap<String, usize>,
    sizes: BTreeMap<String, usize>,
    lookups: BTreeMap<(String, String), usize>,
    names: BTreeMap<String, BTreeSet<Vec<u8>>>,
}

/// The number of entries to model, by path; an error names the list that would need too many.
///
/// `rules` come with the outcomes that the question wants of them; `roots` are the numbers of the subject's roots.
pub(super) fn entries(rules: &[(&Rule, Wanted)], roots: &[usize]) -> Result<Entries, String> {
    count(rules, roots, None)
}

/// As many of them as a search for a document should look at: not all that can matter.
pub(super) fn at_most(rules: &[(&Rule, Wanted)], roots: &[usize], most: usize) -> Entries {
    count(rules, roots, Some(most)).unwrap_or_default()
}

fn count(rules: &[(&Rule, Wanted)], roots: &[usize], most: Option<usize>) -> Result<Entries, String> {
    let mut before = BTreeMap::new();
    for round in 0..6 {
        let mut count = Count::new(roots, &before);
        let mut any: BTreeMap<String, usize> = BTreeMap::new();
        for (rule, wanted) in rules {
            if wanted.any && !wanted.yes {
                let mut alone = Count::new(roots, &before);
                alone.each(&rule.each, &rule.when, &mut Vec::new(), Wanted::YES);
                for (path, names) in &alone.names {
                    count.names.entry(path.clone()).or_default().extend(names.iter().cloned());
                }
                for (path, n) in alone.total() {
                    let most = any.entry(path).or_insert(0);
                    *most = n.max(*most);
                }
            }
            if wanted.yes {
                count.each(&rule.each, &rule.when, &mut Vec::new(), Wanted::YES);
            }
            if wanted.no {
                count.each(&rule.each, &rule.when, &mut Vec::new(), Wanted::NO);
            }
            for change in &rule.set {
                count.operand(&change.value, &[], Wanted::BOTH);
            }
        }
        let names = count.names.clone();
        let mut next = count.total();
        for (path, n) in any {
            let total = next.entry(path).or_insert(0);
            *total = total.saturating_add(n);
        }
        match most {
            Some(most) => next.values_mut().for_each(|n| *n = most.min(*n)),
            None => {
                if let Some((path, _)) = next.iter().find(|(_, n)| **n > MAX_ENTRIES) {
                    return Err(format!("more than {MAX_ENTRIES} entries of {path} could matter"));
                }
            }
        }
        if next == before || (most.is_some() && round == 5) {
            return Ok(Entries { slots: next, names });
        }
        before = next;
    }
    Err("the entries of its lists depend on each other".to_owned())
}

/// The entry of a map that a loop over the same map is at.
fn is_own_key(key: &Operand, map: &str, around: &[Around]) -> bool {
    match key {
        Operand::Place(Place { base: Base::VarKey(var), steps, .. }) if steps.is_empty() => {
            around.get(*var).is_some_and(|a| a.path == map)
        }
        _ => false,
    }
}

impl<'c> Count<'c> {
    fn new(roots: &'c [usize], before: &'c BTreeMap<String, usize>) -> Self {
        Self {
            roots,
            before,
            examples: BTreeMap::new(),
            sizes: BTreeMap::new(),
            lookups: BTreeMap::new(),
            names: BTreeMap::new(),
        }
    }

    fn total(self) -> BTreeMap<String, usize> {
        let mut out = self.examples;
        for ((path, _), n) in self.lookups {
            let total = out.entry(path).or_insert(0);
            *total = total.saturating_add(n);
        }
        for (path, n) in self.sizes {
            let total = out.entry(path).or_insert(0);
            *total = n.max(*total);
        }
        out
    }

    fn each(&mut self, loops: &[Loop], when: &Cond, around: &mut Vec<Around>, wanted: Wanted) {
        let Some((first, rest)) = loops.split_first() else { return self.cond(when, around, wanted) };
        self.quantifier(&first.source, around, wanted, &mut |this, around, wanted| {
            this.each(rest, when, around, wanted);
        });
    }

    /// Some entry satisfies the body: an example if that is wanted, all entries if the contrary is.
    fn quantifier(
        &mut self,
        over: &Place,
        around: &mut Vec<Around>,
        wanted: Wanted,
        body: &mut dyn FnMut(&mut Self, &mut Vec<Around>, Wanted),
    ) {
        self.place(over, around);
        let path = self.path(over, around);
        if wanted.yes {
            self.example(&path, around);
            around.push(Around { path: path.clone(), universal: false });
            body(self, around, Wanted::YES);
            around.pop();
        }
        if wanted.no {
            around.push(Around { path, universal: true });
            body(self, around, Wanted::NO);
            around.pop();
        }
    }

    /// An example once for each entry of the loops around that speak of all, unless the list lies inside the entry.
    fn times(&self, path: &str, around: &[Around]) -> usize {
        let outside = around.iter().filter(|a| a.universal && !path.starts_with(&format!("{}[]", a.path)));
        outside.fold(1, |n: usize, a| n.saturating_mul(self.before.get(&a.path).copied().unwrap_or(1)))
    }

    fn example(&mut self, path: &str, around: &[Around]) {
        let times = self.times(path, around);
        let n = self.examples.entry(path.to_owned()).or_insert(0);
        *n = n.saturating_add(times);
    }

    fn path(&self, place: &Place, around: &[Around]) -> String {
        let mut out = match &place.base {
            Base::Root(root) => self.roots.get(*root).unwrap_or(root).to_string(),
            Base::Var(var) => around.get(*var).map_or_else(String::new, |a| format!("{}[]", a.path)),
            Base::VarKey(var) => around.get(*var).map_or_else(String::new, |a| format!("{}#", a.path)),
            Base::View(_) => String::new(),
        };
        for step in &place.steps {
            match step {
                Step::Field(name) => out = format!("{out}.{name}"),
                Step::Key(_) => out.push_str("[]"),
            }
        }
        out
    }

    /// The look-ups on the way, and the arguments of views.
    fn place(&mut self, place: &Place, around: &[Around]) {
        if let Base::View(call) = &place.base {
            for arg in &call.args {
                self.operand(arg, around, Wanted::BOTH);
            }
        }
        for (at, step) in place.steps.iter().enumerate() {
            if let Step::Key(key) = step {
                self.operand(key, around, Wanted::BOTH);
                let steps = place.steps.get(..at).unwrap_or_default().to_vec();
                let map = Place { base: place.base.clone(), steps, shape: place.shape.clone() };
                let path = self.path(&map, around);
                if is_own_key(key, &path, around) {
                    continue;
                }
                if let Operand::Str(name) = key {
                    self.names.entry(path).or_default().insert(name.clone());
                    continue;
                }
                let times = self.times(&path, around);
                let names: BTreeSet<&str> = around.iter().map(|a| a.path.as_str()).collect();
                let n = self.lookups.entry((path, format!("{key:?} {names:?}"))).or_insert(0);
                *n = times.max(*n);
            }
        }
    }

    fn operand(&mut self, operand: &Operand, around: &[Around], wanted: Wanted) {
        match operand {
            Operand::Place(place) | Operand::Size(place) => self.place(place, around),
            Operand::Cond(cond) => self.cond(cond, &mut around.to_vec(), wanted),
            Operand::Int(_) | Operand::Str(_) | Operand::Term(..) => {}
        }
    }

    /// The size of a list held against a number needs one entry more than the number.
    fn size(&mut self, size: &Operand, number: &Operand, around: &[Around]) {
        let (Operand::Size(place), Operand::Int(n)) = (size, number) else { return };
        if matches!(place.shape.kind(), Kind::List | Kind::Map) {
            let needed = usize::try_from(n.saturating_add(1)).unwrap_or(0);
            let most = self.sizes.entry(self.path(place, around)).or_insert(0);
            *most = needed.max(*most);
        }
    }

    fn cond(&mut self, cond: &Cond, around: &mut Vec<Around>, wanted: Wanted) {
        match cond {
            Cond::Const(_) => {}
            Cond::Truth(place) | Cond::Present(place) => self.place(place, around),
            Cond::Not(inner) => self.cond(inner, around, wanted.not()),
            Cond::All(conds) | Cond::Any(conds) => {
                for cond in conds {
                    self.cond(cond, around, wanted);
                }
            }
            Cond::Same(left, right) | Cond::Order(_, left, right) => {
                self.operand(left, around, Wanted::BOTH);
                self.operand(right, around, Wanted::BOTH);
                self.size(left, right, around);
                self.size(right, left, around);
            }
            Cond::OneOf(value, literals) => {
                self.operand(value, around, Wanted::BOTH);
                for literal in literals {
                    self.size(value, literal, around);
                }
            }
            Cond::Text(value, _) => self.operand(value, around, Wanted::BOTH),
            Cond::HasKey(value, place) | Cond::HasElement(value, place) => {
                self.operand(value, around, Wanted::BOTH);
                self.place(place, around);
                let path = self.path(place, around);
                match (cond, value) {
                    (Cond::HasKey(..), Operand::Str(name)) => {
                        self.names.entry(path).or_default().insert(name.clone());
                    }
                    _ if wanted.yes => self.example(&path, around),
                    _ => {}
                }
            }
            Cond::Exists { over, var, body } => {
                around.truncate(*var);
                self.quantifier(over, around, wanted, &mut |this, around, wanted| {
                    this.cond(body, around, wanted);
                });
            }
        }
    }
}
