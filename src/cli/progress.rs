use std::io::Write as _;
use std::time::{Duration, Instant};

use super::output::shows_progress;

/// A counter on standard error, for runs that take long and are watched.
#[derive(Debug)]
pub(super) struct Progress {
    started: Instant,
    shown: Option<Instant>,
    enabled: bool,
    count: usize,
}

/// What takes less than this needs no counter.
const PATIENCE: Duration = Duration::from_secs(2);
const EVERY: Duration = Duration::from_millis(200);

impl Progress {
    pub(super) fn new() -> Self {
        Self { started: Instant::now(), shown: None, enabled: shows_progress(), count: 0 }
    }

    /// `more` cases are done.
    pub(super) fn add(&mut self, more: usize) {
        self.count += more;
        if !self.enabled || self.started.elapsed() < PATIENCE {
            return;
        }
        if self.shown.is_none_or(|shown| shown.elapsed() >= EVERY) {
            self.shown = Some(Instant::now());
            let rate = self.count as u128 * 1000 / self.started.elapsed().as_millis().max(1);
            // Progress that cannot be shown is no loss.
            let _ = write!(std::io::stderr(), "\r{} cases, {rate} a second ", self.count);
        }
    }

    /// Wipes the counter away.
    pub(super) fn finish(&mut self) {
        if self.shown.take().is_some() {
            let _ = write!(std::io::stderr(), "\r{:60}\r", "");
        }
    }
}
