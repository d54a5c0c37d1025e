//! How tasks and interrupts run: a window is read again when it is asked for, and kept.

use std::io;

use super::Engine;
use crate::answer::contexts::{Contexts, Runs};
use crate::query::Window;

impl Engine<'_> {
    /// The runs in a window, as far as they were read.
    pub(super) fn runs(&mut self, window: Option<Window>) -> Box<Runs> {
        let window = self.scan.bounded(window);
        match self.runs.take() {
            Some((version, runs)) if (version, runs.window) == (self.version, window) => runs,
            _ => Box::new(Runs::new(&self.scan, window)),
        }
    }

    /// Goes on reading; returns whether all was read.
    pub(super) fn read_runs(&mut self, runs: &mut Runs, events: u64) -> io::Result<bool> {
        runs.advance(&self.scan, &mut self.source, events)
    }

    /// What they come to. The runs are kept for the next question.
    pub(super) fn contexts(&mut self, runs: Box<Runs>) -> Contexts {
        let contexts = Contexts::new(&runs, &self.scan);
        self.runs = Some((self.version, runs));
        contexts
    }

    /// All of the trace at once.
    pub(crate) fn all_contexts(&mut self) -> io::Result<Contexts> {
        let mut runs = self.runs(None);
        while !self.read_runs(&mut runs, u64::MAX)? {}
        Ok(self.contexts(runs))
    }
}
