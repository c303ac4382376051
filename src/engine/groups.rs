use std::sync::OnceLock;

use regex_automata::dfa::{Automaton, StartKind, dense};
use regex_automata::util::primitives::StateID;
use regex_automata::util::start;
use regex_automata::{Anchored, MatchKind};

use super::plan::Text;
use super::program::AutomatonSize;
use crate::table::{TextTest, pattern};

/// String tests of one place, answered together by one pass over its bytes.
///
/// The automaton accepts with every pattern that matches the whole string, so that the state after the end of the
/// input *is* the set of tests that hold. It is built on first use: most runs need few of them.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) text: Text,
    /// The tests, as numbers in the stage, and their patterns.
    members: Vec<(u8, Pattern)>,
    /// The bits of all its tests.
    pub(super) all: u64,
    automata: OnceLock<Vec<Machine>>,
}

/// One automaton and the tests it answers, in the order of its patterns.
#[derive(Debug)]
struct Machine {
    dfa: Option<dense::DFA<Vec<u32>>>,
    /// Where a text begins. There are no quit states, and a dead one stays dead, so nothing is checked on the way.
    start: Option<StateID>,
    members: Vec<(u8, Pattern)>,
}

#[derive(Clone, Debug)]
pub(super) struct Pattern {
    source: String,
    test: TextTest,
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Pattern {
    pub(super) fn new(test: &TextTest) -> Self {
        Self { source: pattern::of_test(test), test: test.clone() }
    }
}

impl Group {
    pub(super) fn new(text: Text) -> Self {
        Self { text, members: Vec::new(), all: 0, automata: OnceLock::new() }
    }

    pub(super) fn add(&mut self, test: u8, pattern: Pattern) {
        self.all |= 1 << (test & 63);
        self.members.push((test, pattern));
    }

    /// Leaves out tests from this number on.
    pub(super) fn forget(&mut self, from: usize) {
        self.members.retain(|(test, _)| usize::from(*test) < from);
        self.all = self.members.iter().fold(0, |bits, (test, _)| bits | 1 << (test & 63));
    }

    /// The test with this pattern, if it is here already.
    pub(super) fn find(&self, pattern: &Pattern) -> Option<u8> {
        self.members.iter().find(|(_, p)| p == pattern).map(|(test, _)| *test)
    }

    /// Takes patterns into one automaton as long as it stays small, and then begins another.
    fn automata(&self) -> &[Machine] {
        self.automata.get_or_init(|| {
            let mut machines: Vec<Machine> = Vec::new();
            for member in &self.members {
                if let Some(last) = machines.last_mut() {
                    let both: Vec<_> = last.members.iter().chain([member]).map(|(_, p)| p).collect();
                    if let Some(dfa) = build(&both) {
                        last.dfa = Some(dfa);
                        last.members.push(member.clone());
                        continue;
                    }
                }
                machines.push(Machine {
                    dfa: build(&[&member.1]),
                    start: None,
                    members: vec![member.clone()],
                });
            }
            for machine in &mut machines {
                let config = start::Config::new().anchored(Anchored::Yes);
                machine.start = machine.dfa.as_ref().and_then(|dfa| dfa.start_state(&config).ok());
            }
            machines
        })
    }

    /// The sizes of its automata.
    pub(super) fn sizes(&self) -> impl Iterator<Item = AutomatonSize> {
        self.automata().iter().map(|machine| {
            let bytes = machine.dfa.as_ref().map_or(0, dense::DFA::memory_usage);
            // The transition table has one row of `stride` identifiers of four bytes a state.
            let states = machine.dfa.as_ref().map_or(0, |dfa| bytes / (4 * dfa.stride()));
            AutomatonSize { stage: 0, patterns: machine.members.len(), states, bytes }
        })
    }

    /// The tests that hold for `text`, as bits of the stage.
    pub(super) fn bits(&self, text: &[u8]) -> u64 {
        self.automata().iter().fold(0, |bits, machine| bits | machine.bits(text))
    }
}

impl Machine {
    fn bits(&self, text: &[u8]) -> u64 {
        self.dfa.as_ref().and_then(|dfa| self.run(dfa, text)).unwrap_or_else(|| self.slowly(text))
    }

    fn run(&self, dfa: &dense::DFA<Vec<u32>>, text: &[u8]) -> Option<u64> {
        let mut state = self.start?;
        for byte in text {
            state = dfa.next_state(state, *byte);
        }
        state = dfa.next_eoi_state(state);
        let mut bits = 0;
        if dfa.is_match_state(state) {
            for i in 0..dfa.match_len(state) {
                let pattern = dfa.match_pattern(state, i).as_usize();
                bits |= self.members.get(pattern).map_or(0, |(test, _)| 1 << (test & 63));
            }
        }
        Some(bits)
    }

    /// Without an automaton the tests are asked one by one.
    fn slowly(&self, text: &[u8]) -> u64 {
        let hold = self.members.iter().filter(|(_, p)| super::scope::text_test(text, &p.test));
        hold.fold(0, |bits, (test, _)| bits | 1 << (test & 63))
    }
}

fn build(patterns: &[&Pattern]) -> Option<dense::DFA<Vec<u32>>> {
    let sources: Vec<_> = patterns.iter().map(|p| p.source.as_str()).collect();
    let config = dense::Config::new().match_kind(MatchKind::All).start_kind(StartKind::Anchored);
    pattern::builder(config).build_many(&sources).ok()
}

#[cfg(test)]
mod tests {
    use super::{Group, Pattern};
    use crate::engine::plan::Text;
    use crate::table::TextTest;

    const PARTS: [(u8, &[u8]); 3] = [(3, b"ab"), (5, b"b"), (6, b"c")];

    fn group() -> Group {
        let mut group = Group::new(Text::Literal(Vec::new()));
        PARTS.iter().for_each(|(test, part)| {
            group.add(*test, Pattern::new(&TextTest::Contains(part.to_vec())));
        });
        group
    }

    /// By an automaton, and without one.
    #[test]
    fn bits_are_those_of_the_tests_that_hold() {
        let group = group();
        for (text, bits) in
            [(&b""[..], 0), (b"xabx", 1 << 3 | 1 << 5), (b"bc", 1 << 5 | 1 << 6), (b"a b", 1 << 5)]
        {
            assert_eq!(group.bits(text), bits);
            for machine in group.automata() {
                let dfa = machine.dfa.as_ref().expect("these are small");
                assert_eq!(machine.run(dfa, text), Some(machine.slowly(text)));
            }
        }
    }

    #[test]
    fn what_is_forgotten_has_no_bit() {
        let mut group = group();
        assert_eq!(group.all, 1 << 3 | 1 << 5 | 1 << 6);
        group.forget(6);
        assert_eq!((group.all, group.bits(b"abc")), (1 << 3 | 1 << 5, 1 << 3 | 1 << 5));
    }
}
