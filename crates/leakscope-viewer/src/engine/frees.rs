//! Who frees blocks: a window is read again for all call sites when one is asked for, and what was found is kept.

use std::io;

use super::Engine;
use crate::answer::frees::{Ends, Frees};
use crate::query::Window;
use crate::refusal::Refusal;

impl Engine<'_> {
    /// The ends of blocks in a window, as far as they were read.
    pub(super) fn ends(&mut self, window: Option<Window>) -> Box<Ends> {
        let window = self.scan.bounded(window);
        match self.ends.take() {
            Some((version, ends)) if (version, ends.window) == (self.version, window) => ends,
            _ => Box::new(Ends::new(&self.scan, window)),
        }
    }

    /// Goes on reading; returns whether all was read.
    pub(super) fn read_ends(&mut self, ends: &mut Ends, events: u64) -> io::Result<bool> {
        ends.advance(&self.scan, &mut self.source, events)
    }

    /// Who frees the blocks of a call site. The ends are kept for the next question.
    pub(super) fn frees(&mut self, site: usize, ends: Box<Ends>) -> Result<Frees, Refusal> {
        let sites = &self.subject().outcome.call_sites;
        if !sites.iter().any(|known| known.id.index() == site) {
            return Err(Refusal::NotFound("call site"));
        }
        let frees = Frees::new(site, &ends, &self.scan, &mut self.names.symbolizer);
        self.ends = Some((self.version, ends));
        Ok(frees)
    }

    /// All of it at once, of all of the trace.
    pub(crate) fn all_frees(&mut self, site: usize) -> Result<Frees, Refusal> {
        let mut ends = self.ends(None);
        while !self.read_ends(&mut ends, u64::MAX)? {}
        self.frees(site, ends)
    }
}
