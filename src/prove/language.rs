//! Sets of strings as automata: what a string test accepts, which combinations of tests a string can meet, and the
//! shortest strings that do.

use std::collections::{BTreeMap, VecDeque};

use regex_automata::dfa::{Automaton, StartKind, dense};
use regex_automata::util::primitives::StateID;
use regex_automata::util::start;
use regex_automata::{Anchored, MatchKind};

use crate::table::pattern;

/// The most states of a product of automata; beyond, a question is undecided.
const MAX_STATES: usize = 60_000;
/// The most steps that looking for words of it may take.
const MAX_STEPS: usize = 20_000_000;

/// A deterministic automaton over bytes, every transition written out.
#[derive(Clone, Debug)]
pub(super) struct Lang {
    rows: Vec<[u32; 256]>,
    accepts: Vec<bool>,
    start: u32,
    /// Bytes that no state tells apart have the same number.
    classes: [u8; 256],
}

/// A test that a string must pass, or must not.
pub(super) type Literal<'l> = (&'l Lang, bool);

impl Lang {
    /// The strings that a pattern `^…$` matches; `None` if its automaton is too large.
    pub(super) fn of_pattern(source: &str) -> Option<Self> {
        let config = dense::Config::new().match_kind(MatchKind::All).start_kind(StartKind::Anchored);
        let dfa = pattern::builder(config).build(source).ok()?;
        let begin = dfa.start_state(&start::Config::new().anchored(Anchored::Yes)).ok()?;
        let mut numbers: BTreeMap<StateID, u32> = BTreeMap::from([(begin, 0)]);
        let mut queue = VecDeque::from([begin]);
        let mut lang = Self { rows: Vec::new(), accepts: Vec::new(), start: 0, classes: [0; 256] };
        while let Some(state) = queue.pop_front() {
            let mut row = [0; 256];
            for (byte, target) in (0..=u8::MAX).zip(&mut row) {
                let next = dfa.next_state(state, byte);
                let count = u32::try_from(numbers.len()).ok()?;
                *target = *numbers.entry(next).or_insert_with(|| {
                    queue.push_back(next);
                    count
                });
            }
            lang.rows.push(row);
            lang.accepts.push(dfa.is_match_state(dfa.next_eoi_state(state)));
            if lang.rows.len() > MAX_STATES {
                return None;
            }
        }
        lang.number_classes();
        Some(lang)
    }

    /// The strings of at most so many bytes.
    pub(super) fn at_most(bytes: usize) -> Option<Self> {
        let last = u32::try_from(bytes).ok().filter(|n| *n < 10_000)?;
        let rows = (0..=last.saturating_add(1)).map(|n| [n.min(last).saturating_add(1); 256]).collect();
        let accepts = (0..=last.saturating_add(1)).map(|n| n <= last).collect();
        Some(Self { rows, accepts, start: 0, classes: [0; 256] })
    }

    /// An automaton of its own: `next` says where a byte leads, `accepts` where a string may end.
    pub(super) fn explore<S: Ord + Clone>(
        start: S,
        next: impl Fn(&S, u8) -> S,
        accepts: impl Fn(&S) -> bool,
    ) -> Option<Self> {
        let mut numbers: BTreeMap<S, u32> = BTreeMap::from([(start.clone(), 0)]);
        let mut queue = VecDeque::from([start]);
        let mut lang = Self { rows: Vec::new(), accepts: Vec::new(), start: 0, classes: [0; 256] };
        while let Some(state) = queue.pop_front() {
            let mut row = [0; 256];
            for (byte, target) in (0..=u8::MAX).zip(&mut row) {
                let to = next(&state, byte);
                let count = u32::try_from(numbers.len()).ok()?;
                *target = *numbers.entry(to.clone()).or_insert_with(|| {
                    queue.push_back(to);
                    count
                });
            }
            lang.rows.push(row);
            lang.accepts.push(accepts(&state));
            if lang.rows.len() > MAX_STATES {
                return None;
            }
        }
        lang.number_classes();
        Some(lang)
    }

    fn number_classes(&mut self) {
        let mut seen: BTreeMap<Vec<u32>, u8> = BTreeMap::new();
        for byte in 0..=u8::MAX {
            let column: Vec<u32> = (0..self.rows.len()).map(|s| self.step(s as u32, byte)).collect();
            let count = u8::try_from(seen.len()).unwrap_or(u8::MAX);
            let class = *seen.entry(column).or_insert(count);
            if let Some(slot) = self.classes.get_mut(usize::from(byte)) {
                *slot = class;
            }
        }
    }

    /// Where a text begins.
    pub(super) fn start(&self) -> u32 {
        self.start
    }

    /// Where a byte leads.
    pub(super) fn step(&self, state: u32, byte: u8) -> u32 {
        self.rows.get(state as usize).and_then(|row| row.get(usize::from(byte))).copied().unwrap_or(0)
    }

    /// Whether a string that ends here is in the set.
    pub(super) fn accepts(&self, state: u32) -> bool {
        self.accepts.get(state as usize).copied().unwrap_or(false)
    }

    /// Whether a string is in the set.
    pub(super) fn contains(&self, text: &[u8]) -> bool {
        self.accepts(text.iter().fold(self.start, |state, byte| self.step(state, *byte)))
    }

    /// How many states it has.
    pub(super) fn size(&self) -> usize {
        self.rows.len()
    }

    fn class(&self, byte: u8) -> u8 {
        self.classes.get(usize::from(byte)).copied().unwrap_or(0)
    }
}

/// All bytes, those that a person likes to read first.
fn bytes() -> impl Iterator<Item = u8> {
    let letters = b'a'..=b'z';
    let readable = (b'!'..=b'~').filter(|b| !b.is_ascii_lowercase());
    let rest = (0..=u8::MAX).filter(|b| !(b'!'..=b'~').contains(b));
    letters.chain(readable).chain(rest)
}

/// One byte for each set of bytes that none of the automata tells apart.
fn representatives(langs: &[&Lang]) -> Vec<u8> {
    let mut seen = std::collections::BTreeSet::new();
    bytes().filter(|byte| seen.insert(langs.iter().map(|l| l.class(*byte)).collect::<Vec<_>>())).collect()
}

/// What was found of a product of automata, and after how many steps; nothing if that would take too many.
#[derive(Debug)]
pub(super) struct Found<T> {
    pub(super) found: Option<T>,
    pub(super) steps: u64,
}

impl<T> Found<T> {
    fn new(found: Option<T>, steps: usize) -> Self {
        Self { found, steps: u64::try_from(steps).unwrap_or(u64::MAX) }
    }
}

/// Combinations of outcomes, each with a shortest string that has it.
pub(super) type Outcomes = Vec<(Vec<bool>, Vec<u8>)>;

/// Every combination of outcomes that the tests can have on one string, each with a shortest string that has it.
pub(super) fn outcomes(langs: &[&Lang]) -> Found<Outcomes> {
    let reps = representatives(langs);
    let mut steps = 0_usize;
    let start: Vec<u32> = langs.iter().map(|l| l.start()).collect();
    let mut seen = std::collections::BTreeSet::from([start.clone()]);
    let mut queue = VecDeque::from([(start, Vec::new())]);
    let mut found: BTreeMap<Vec<bool>, Vec<u8>> = BTreeMap::new();
    while let Some((state, word)) = queue.pop_front() {
        steps = steps.saturating_add(reps.len());
        let outcome: Vec<bool> = langs.iter().zip(&state).map(|(l, s)| l.accepts(*s)).collect();
        found.entry(outcome).or_insert_with(|| word.clone());
        for byte in &reps {
            let next: Vec<u32> = langs.iter().zip(&state).map(|(l, s)| l.step(*s, *byte)).collect();
            if seen.insert(next.clone()) {
                let mut longer = word.clone();
                longer.push(*byte);
                queue.push_back((next, longer));
            }
        }
        if seen.len() > MAX_STATES {
            return Found::new(None, steps);
        }
    }
    Found::new(Some(found.into_iter().collect()), steps)
}

/// Up to `most` strings that pass all tests, the shortest first; fewer only if there are no more.
pub(super) fn strings(tests: &[Literal<'_>], most: usize) -> Found<Vec<Vec<u8>>> {
    let mut steps = 0_usize;
    let langs: Vec<&Lang> = tests.iter().map(|(l, _)| *l).collect();
    let reps = representatives(&langs);
    let start: Vec<u32> = langs.iter().map(|l| l.start()).collect();
    let mut numbers: BTreeMap<Vec<u32>, usize> = BTreeMap::from([(start.clone(), 0)]);
    let mut order = vec![start];
    let mut edges: Vec<Vec<(u8, usize)>> = Vec::new();
    let mut accepting = Vec::new();
    while let Some(state) = order.get(edges.len()).cloned() {
        steps = steps.saturating_add(reps.len());
        accepting.push(tests.iter().zip(&state).all(|((l, wanted), s)| l.accepts(*s) == *wanted));
        let mut out = Vec::new();
        for byte in &reps {
            let next: Vec<u32> = langs.iter().zip(&state).map(|(l, s)| l.step(*s, *byte)).collect();
            let count = numbers.len();
            let number = *numbers.entry(next.clone()).or_insert_with(|| {
                order.push(next);
                count
            });
            out.push((*byte, number));
        }
        edges.push(out);
        if order.len() > MAX_STATES {
            return Found::new(None, steps);
        }
    }
    let words = Enumeration { langs: &langs, edges, accepting }.words(most, &mut steps);
    Found::new(words, steps)
}

/// A product automaton whose words are listed by length.
struct Enumeration<'e> {
    langs: &'e [&'e Lang],
    edges: Vec<Vec<(u8, usize)>>,
    accepting: Vec<bool>,
}

impl Enumeration<'_> {
    fn words(&self, most: usize, steps: &mut usize) -> Option<Vec<Vec<u8>>> {
        // `ends[n]` are the states from which some word of exactly n bytes is accepted.
        let mut ends = vec![self.accepting.clone()];
        let mut found = Vec::new();
        // Beyond as many bytes as there are states, a set without a word so far has none, and one that is finite
        // has no more.
        for length in 0..=self.edges.len().saturating_add(1) {
            *steps = steps.saturating_add(self.edges.len());
            if *steps > MAX_STEPS {
                return None;
            }
            let first = ends.get(length).and_then(|e| e.first()).copied().unwrap_or(false);
            if first {
                self.extend(0, length, &ends, &mut Vec::new(), most, &mut found);
            }
            if found.len() >= most {
                break;
            }
            let Some(last) = ends.last() else { break };
            let next: Vec<bool> = self
                .edges
                .iter()
                .map(|out| out.iter().any(|(_, to)| last.get(*to).copied().unwrap_or(false)))
                .collect();
            if !next.iter().any(|b| *b) {
                break;
            }
            ends.push(next);
        }
        Some(found)
    }

    fn extend(
        &self,
        state: usize,
        left: usize,
        ends: &[Vec<bool>],
        word: &mut Vec<u8>,
        most: usize,
        found: &mut Vec<Vec<u8>>,
    ) {
        if found.len() >= most {
            return;
        }
        let Some(shorter) = left.checked_sub(1) else {
            found.push(word.clone());
            return;
        };
        let good = |to: usize| ends.get(shorter).and_then(|e| e.get(to)).copied().unwrap_or(false);
        let out = self.edges.get(state).map_or(&[][..], Vec::as_slice);
        for byte in bytes() {
            // The representative of the byte leads where the byte does.
            let alike = |rep: u8| self.langs.iter().all(|l| l.class(rep) == l.class(byte));
            let Some((_, to)) = out.iter().find(|(rep, _)| alike(*rep)) else { continue };
            if good(*to) {
                word.push(byte);
                self.extend(*to, shorter, ends, word, most, found);
                word.pop();
                if found.len() >= most {
                    return;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lang(pattern: &str) -> Lang {
        Lang::of_pattern(pattern).unwrap()
    }

    #[test]
    fn a_product_knows_what_is_possible() {
        let (slash, begins) = (lang("^.*/.*$"), lang("^/.*$"));
        let found = outcomes(&[&slash, &begins]).found.unwrap();
        let combos: Vec<_> = found.iter().map(|(bits, word)| (bits.as_slice(), word.as_slice())).collect();
        assert_eq!(combos, [(&[false, false][..], &b""[..]), (&[true, false], b"a/"), (&[true, true], b"/")]);
    }

    #[test]
    fn strings_are_listed_by_length_and_all_of_them() {
        let few = lang("^(?:ab|a|abc|)$");
        let short = Lang::at_most(2).unwrap();
        let words = |most| strings(&[(&few, true), (&short, true)], most).found.unwrap();
        assert_eq!(words(9), [&b""[..], b"a", b"ab"]);
        assert_eq!(words(1), [b""]);
        assert_eq!(strings(&[(&few, true), (&few, false)], 3).found.unwrap(), Vec::<Vec<u8>>::new());
        assert_eq!(strings(&[(&short, false)], 2).found.unwrap(), [b"aaa", b"aab"]);
    }

    #[test]
    fn an_automaton_agrees_with_its_pattern() {
        let lang = lang("^(?:[0-9]+/(?:tcp|udp))$");
        assert!(lang.contains(b"80/tcp") && !lang.contains(b"80") && !lang.contains(b"80/tcpx"));
    }
}
