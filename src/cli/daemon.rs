//! A daemon.json that a command is about.

use std::path::PathBuf;

use super::beside;
use super::input::{Input, streams};
use super::output::Output;
use super::policies::Policies;
use super::{Exit, Fatal};
use crate::engine::{Budget, Decision};
use crate::report::{Because, FileReport, Human, KindGuess, Report, json};
use crate::subject::{Kind, Policy};

/// What was read: the file, and the host facts beside it.
pub(super) struct Daemon {
    pub(super) name: String,
    pub(super) text: Vec<u8>,
    pub(super) host: Option<Vec<u8>>,
}

impl Daemon {
    pub(super) fn read(
        path: &PathBuf,
        host: Option<&PathBuf>,
        policies: &Policies,
        budget: &Budget,
    ) -> Result<Self, Fatal> {
        let policy = policies.get(None)?;
        if !policy.judges(Kind::Daemon) {
            let help = match policies.judging(Kind::Daemon).last() {
                Some(newest) => format!("`--profile {newest}` does"),
                None => String::new(),
            };
            return Err(Fatal::new(format!("{} does not judge a daemon.json", policy.profile()), help));
        }
        beside::one_stdin(std::iter::once(path).chain(host))?;
        let input = streams(std::slice::from_ref(path)).pop().unwrap_or(Input::Stdin);
        let name = input.name();
        let text = input.read(budget.bytes).map_err(|failure| Fatal::at(name.clone(), failure))?;
        let host = beside::host(host, policy, budget)?;
        Ok(Self { name, text, host })
    }

    /// Says why not, as `check` does.
    pub(super) fn refused(
        self,
        decision: Decision,
        policy: &Policy,
        as_json: bool,
        output: &mut Output,
    ) -> Result<Exit, Fatal> {
        let kind = Some(KindGuess { kind: Kind::Daemon, because: Because::Told });
        let (source, result) = (self.text, Ok(decision));
        let file = FileReport { path: self.name, kind, profile: None, source, result, resolved: None };
        let report = Report { profile: policy.profile().to_owned(), files: vec![file] };
        output.text(&if as_json { json(&report) } else { Human::new(output.styled()).render(&report) })?;
        Ok(Exit::Denied)
    }
}
