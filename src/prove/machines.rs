//! Proofs about state machines, by following every process through every move.
//!
//! A machine with what is hidden in a process has finitely many situations, and [`Lifecycle::moves`] has one sample of each
//! sort of what can be told. So the search is complete, its traces are shortest ones, and each that is shown has been
//! judged as a question of a user would be.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::{Map, Value as Json};

use super::document::Witness;
use super::life::{MachineLaw, Outcome, Pattern, Start};
use super::prover::{Case, Proof};
use super::question::Answer;
use crate::facts::Limits;
use crate::lifecycle::{Lifecycle, Machine, Move, Moves, Process, Step, StepError, Told, Value};

/// The longest trace that is replayed; beyond it there is a mistake.
const MAX_STEPS: usize = 1000;

/// Everything that processes can come to.
struct Graph<'l> {
    lifecycle: &'l Lifecycle,
    machine: &'l Machine,
    moves: Moves,
    situations: Vec<Situation<'l>>,
    edges: Vec<Edge>,
    doubts: Vec<String>,
}

struct Situation<'l> {
    process: Process<'l>,
    /// The step that leads here first; none: a new process.
    edge: Option<usize>,
    /// For a new process: whether it is to be restored, and what is hidden in it.
    start: (bool, Told),
}

struct Edge {
    from: usize,
    /// By number.
    by: usize,
    step: Step,
    /// Where it leads; a crash leads nowhere.
    to: Option<usize>,
}

/// What is shown of a trace.
type Shown = Result<Witness, String>;

/// Proves a theorem about a machine.
pub(super) fn prove(lifecycle: &Lifecycle, machine: &str, start: &Start, law: &MachineLaw) -> Proof {
    let Some(machine) = lifecycle.machine(machine) else {
        return undecided(machine, "there is no such machine");
    };
    let graph = match Graph::new(lifecycle, machine, start) {
        Ok(graph) => graph,
        Err(error) => return undecided(&machine.id, &error.to_string()),
    };
    let mut proof = match law {
        MachineLaw::Total => graph.total(),
        MachineLaw::Reachable { except } => graph.reachable(except),
        MachineLaw::Can { to } => graph.can(to),
        MachineLaw::Never { step, except } => graph.never(step, except),
    };
    if graph.situations.is_empty() {
        return undecided(&machine.id, "no process begins so");
    }
    // Where something was found, that stands; that nothing else is there is what the doubts are about.
    if proof.cases.iter().all(|case| case.fits) && !graph.doubts.is_empty() {
        let answer = Answer::Undecided(graph.doubts.clone());
        proof = Proof::of(vec![Case::new(&machine.id, "", answer, false)], proof.questions);
    }
    proof
}

fn undecided(machine: &str, why: &str) -> Proof {
    let answer = Answer::Undecided(vec![why.to_owned()]);
    Proof::of(vec![Case::new(machine, "", answer, false)], 1)
}

/// What is asked of `plimsoll check --kind lifecycle`: the steps of a new process.
pub(super) fn question(machine: &str, checkpoint: bool, hidden: &Told, moves: &[&Move]) -> Witness {
    let mut document = Map::new();
    document.insert("machine".to_owned(), machine.into());
    if checkpoint {
        document.insert("checkpoint".to_owned(), Json::Bool(true));
    }
    document.extend(hidden.iter().map(|(name, value)| (name.clone(), json(value))));
    let ops = moves.iter().map(|one| {
        let mut op = Map::new();
        op.insert("op".to_owned(), one.operation.clone().into());
        op.extend(one.told.iter().map(|(name, value)| (name.clone(), json(value))));
        Json::Object(op)
    });
    document.insert("ops".to_owned(), ops.collect());
    Witness { document: Json::Object(document), ..Witness::default() }
}

/// A value as it is told.
pub(super) fn json(value: &Value) -> Json {
    match value {
        Value::Bool(truth) => Json::Bool(*truth),
        Value::Text(text) => text.clone().map_or(Json::Null, Json::String),
    }
}

/// What can be hidden in a new process: the states of other machines are free, the rest is as it is in new ones. What
/// is as usual is left out.
pub(super) fn starts(lifecycle: &Lifecycle, machine: &Machine) -> Result<Vec<Told>, StepError> {
    let fresh = lifecycle.process(&machine.id, false)?;
    let free =
        |name: &str| machine.variables().iter().any(|v| v.name == name && matches!(v.fresh, Value::Text(_)));
    let usual: Vec<(&str, &Value)> = fresh.hidden().collect();
    let is_usual =
        |name: &str, value: &Value| usual.iter().any(|(other, usual)| *other == name && *usual == value);
    let mut starts = machine.hidden_values();
    starts.retain(|told| told.iter().all(|(name, value)| free(name) || is_usual(name, value)));
    for told in &mut starts {
        told.retain(|(name, value)| !is_usual(name, value));
    }
    starts.sort_by_key(Vec::len);
    Ok(starts)
}

impl<'l> Graph<'l> {
    fn new(lifecycle: &'l Lifecycle, machine: &'l Machine, start: &Start) -> Result<Self, StepError> {
        let moves = lifecycle.moves(machine);
        let mut graph = Self {
            lifecycle,
            machine,
            doubts: moves.doubts.clone(),
            moves,
            situations: Vec::new(),
            edges: Vec::new(),
        };
        let mut known: BTreeMap<(String, Vec<Value>), usize> = BTreeMap::new();
        let key = |process: &Process<'_>| {
            (process.state().to_owned(), process.hidden().map(|(_, value)| value.clone()).collect())
        };
        let mut open = VecDeque::new();
        for checkpoint in [false, true] {
            if start.checkpoint.is_some_and(|only| only != checkpoint) {
                continue;
            }
            for hidden in starts(lifecycle, machine)? {
                let mut process = lifecycle.process(&machine.id, checkpoint)?;
                for (name, value) in &hidden {
                    process.tell(name, value.clone())?;
                }
                let fits = process.meets(&start.when, &Told::new())?;
                if fits && !known.contains_key(&key(&process)) {
                    known.insert(key(&process), graph.situations.len());
                    open.push_back(graph.situations.len());
                    graph.situations.push(Situation { process, edge: None, start: (checkpoint, hidden) });
                }
            }
        }
        let mut errors = BTreeSet::new();
        while let Some(from) = open.pop_front() {
            let Some(process) = graph.situations.get(from).map(|s| s.process.clone()) else { continue };
            for (by, one) in graph.moves.all.iter().enumerate() {
                let mut process = process.clone();
                let step = process.step(&one.operation, &one.told)?;
                errors.extend(step.error.clone());
                let edge = graph.edges.len();
                let next = graph.situations.len();
                let to = (!step.crashed).then(|| *known.entry(key(&process)).or_insert(next));
                if to == Some(next) {
                    open.push_back(next);
                    let start = (false, Told::new());
                    graph.situations.push(Situation { process, edge: Some(edge), start });
                }
                graph.edges.push(Edge { from, by, step, to });
            }
        }
        // What a move comes to depends on the row that speaks of its error, and on nothing else of it.
        let unseen = graph.moves.errors.iter().filter(|row| !errors.contains(row));
        let unseen: Vec<String> =
            unseen.map(|row| format!("no error was found that {row} speaks of")).collect();
        graph.doubts.extend(unseen);
        Ok(graph)
    }

    fn by(&self, edge: &Edge) -> Option<&Move> {
        self.moves.all.get(edge.by)
    }

    fn state(&self, situation: usize) -> &str {
        self.situations.get(situation).map_or("", |s| s.process.state())
    }

    /// The shortest trace to a situation, and one more step.
    fn trace(&self, situation: usize, last: Option<&Edge>) -> Shown {
        let mut edges: Vec<&Edge> = last.into_iter().collect();
        let mut at = situation;
        let (checkpoint, hidden) = loop {
            let Some(here) = self.situations.get(at) else {
                return Err("a trace without a beginning".to_owned());
            };
            match here.edge.and_then(|edge| self.edges.get(edge)) {
                None => break &here.start,
                Some(edge) => {
                    edges.push(edge);
                    at = edge.from;
                }
            }
        };
        edges.reverse();
        let moves: Vec<&Move> = edges.iter().filter_map(|edge| self.by(edge)).collect();
        let witness = question(&self.machine.id, *checkpoint, hidden, &moves);
        // Judged anew, as it stands there: each step is the one that was followed.
        let judged = self.lifecycle.judge(&witness.text(), &Limits::default(), MAX_STEPS);
        let judged = judged.map_err(|error| error.to_string())?;
        let same = judged.steps.len() == edges.len()
            && judged.steps.iter().zip(&edges).all(|(one, edge)| one.step == edge.step);
        if same { Ok(witness) } else { Err("a trace does not come to the same when it is judged".to_owned()) }
    }

    fn case(&self, about: &str, shown: Shown, fits: bool) -> Case {
        let answer = match shown {
            Ok(witness) => Answer::Possible(Box::new(witness)),
            Err(why) => Answer::Undecided(vec![why]),
        };
        let fits = fits && matches!(answer, Answer::Possible(_));
        Case::new(&self.machine.id, about, answer, fits)
    }

    fn missing(&self, about: &str) -> Case {
        Case::new(&self.machine.id, about, Answer::Impossible, false)
    }

    fn total(&self) -> Proof {
        let (mut cases, mut questions) = (Vec::new(), 0_usize);
        for state in self.machine.states() {
            for hidden in self.machine.hidden_values() {
                for one in &self.moves.all {
                    questions = questions.saturating_add(1);
                    let found = self.speaking(&state.name, &hidden, one);
                    if found.as_ref().is_ok_and(|rows| rows.len() == 1) {
                        continue;
                    }
                    let mut document = Map::new();
                    for (key, value) in
                        [("machine", &self.machine.id), ("state", &state.name), ("op", &one.operation)]
                    {
                        document.insert(key.to_owned(), Json::from(value.clone()));
                    }
                    document.extend(
                        hidden.iter().chain(&one.told).map(|(name, value)| (name.clone(), json(value))),
                    );
                    let witness = Witness { document: Json::Object(document), ..Witness::default() };
                    let about = found.map_or_else(|error| error.to_string(), |rows| rows.join(" and "));
                    cases.push(self.case(&about, Ok(witness), false));
                }
            }
        }
        Proof::of(cases, questions)
    }

    fn speaking(&self, state: &str, hidden: &Told, one: &Move) -> Result<Vec<String>, StepError> {
        let mut process = self.lifecycle.process_in(&self.machine.id, state)?;
        for (name, value) in hidden {
            process.tell(name, value.clone())?;
        }
        let rows = process.speaking(&one.operation, &one.told)?;
        // And it is done by that row.
        let step = process.step(&one.operation, &one.told)?;
        Ok(rows
            .iter()
            .filter(|row| row.id == step.row || rows.len() > 1)
            .map(|row| row.id.to_string())
            .collect())
    }

    fn reachable(&self, except: &BTreeSet<String>) -> Proof {
        let mut cases = Vec::new();
        let states = self.machine.states();
        for state in states {
            let found = (0..self.situations.len()).find(|at| self.state(*at) == state.name);
            cases.push(match found {
                Some(at) => self.case(&format!("state {}", state.name), self.trace(at, None), true),
                None => self.missing(&format!("state {}", state.name)),
            });
        }
        let mut rows = 0;
        for (_, row) in self.machine.rows() {
            rows += 1;
            let listed = except.contains(row.id.as_str());
            let found = self.edges.iter().find(|edge| edge.step.row == row.id);
            match found {
                None if !listed => cases.push(self.missing(row.id.as_str())),
                Some(edge) if listed => {
                    cases.push(self.case(row.id.as_str(), self.trace(edge.from, Some(edge)), false));
                }
                _ => {}
            }
        }
        Proof::of(cases, states.len().saturating_add(rows))
    }

    fn can(&self, to: &[String]) -> Proof {
        let mut good: BTreeSet<usize> =
            (0..self.situations.len()).filter(|at| to.iter().any(|state| state == self.state(*at))).collect();
        loop {
            let before = good.len();
            let more = self.edges.iter().filter(|edge| edge.to.is_some_and(|to| good.contains(&to)));
            let more: Vec<usize> = more.map(|edge| edge.from).collect();
            good.extend(more);
            if good.len() == before {
                break;
            }
        }
        let stuck = (0..self.situations.len()).find(|at| !good.contains(at));
        let case = |at: usize| self.case(self.state(at), self.trace(at, None), false);
        Proof::of(stuck.map(case).into_iter().collect(), self.situations.len())
    }

    fn never(&self, pattern: &Pattern, except: &BTreeSet<String>) -> Proof {
        let mut seen: BTreeMap<&str, &Edge> = BTreeMap::new();
        for edge in self.edges.iter().filter(|edge| self.is_like(edge, pattern)) {
            seen.entry(edge.step.row.as_str()).or_insert(edge);
        }
        let mut cases = Vec::new();
        for (row, edge) in &seen {
            let case = self.case(row, self.trace(edge.from, Some(edge)), except.contains(*row));
            cases.push(case);
        }
        let unseen = except.iter().filter(|row| !seen.contains_key(row.as_str()));
        cases.extend(unseen.map(|row| self.missing(row)));
        Proof::of(cases, self.edges.len())
    }

    fn is_like(&self, edge: &Edge, pattern: &Pattern) -> bool {
        let (Some(before), Some(one)) = (self.situations.get(edge.from), self.by(edge)) else { return false };
        let among = |list: &[String], name: Option<&str>| {
            list.is_empty() || name.is_some_and(|name| list.iter().any(|one| one == name))
        };
        let outcome = match (edge.step.crashed, edge.step.ok) {
            (true, _) => Outcome::Crashed,
            (false, true) => Outcome::Done,
            (false, false) => Outcome::Refused,
        };
        among(&pattern.from, Some(before.process.state()))
            && among(&pattern.ops, Some(&one.operation))
            && among(&pattern.to, edge.to.map(|to| self.state(to)))
            && among(&pattern.calls, edge.step.called.as_deref())
            && among(&pattern.status, edge.step.status.as_deref())
            && pattern.outcome.is_none_or(|wanted| wanted == outcome)
            && before.process.meets(&pattern.when, &one.told).unwrap_or(false)
    }
}
