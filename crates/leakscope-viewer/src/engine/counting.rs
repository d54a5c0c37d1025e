//! Questions about what is counted in a window: it is read again when it is asked for, and what was counted is kept.
#[cfg(test)]
mod tests;

use std::io;

use super::ask::{Asked, Job};
use super::{Engine, SLICE};
use crate::answer::census::Census;
use crate::answer::contexts::Runs;
use crate::answer::counting::{Counter, Counting};
use crate::answer::frees::Ends;
use crate::query::{Limit, Window};
use crate::refusal::Refusal;

/// A counter whose windows the engine keeps.
pub(super) trait Counted: Counter + 'static {
    fn kept<'e>(engine: &'e mut Engine<'_>) -> &'e mut Windows<Self>;
}

impl Counted for Census {
    fn kept<'e>(engine: &'e mut Engine<'_>) -> &'e mut Windows<Self> {
        &mut engine.censuses
    }
}

impl Counted for Ends {
    fn kept<'e>(engine: &'e mut Engine<'_>) -> &'e mut Windows<Self> {
        &mut engine.ends
    }
}

impl Counted for Runs {
    fn kept<'e>(engine: &'e mut Engine<'_>) -> &'e mut Windows<Self> {
        &mut engine.runs
    }
}

/// What was counted in the windows that were asked for last, each with the version that it is of.
pub(super) struct Windows<C>(Vec<(u64, Counting<C>)>);

/// Windows of a counter that are kept.
const KEPT: usize = 6;

impl<C> Default for Windows<C> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<C: Counted> Windows<C> {
    fn take(&mut self, version: u64, window: Window) -> Option<Counting<C>> {
        let is_it = |held: &(u64, Counting<C>)| (held.0, held.1.window) == (version, window);
        let place = self.0.iter().rposition(is_it)?;
        Some(self.0.remove(place).1)
    }

    fn keep(&mut self, version: u64, counting: Counting<C>) {
        if self.0.len() >= KEPT {
            self.0.remove(0);
        }
        self.0.push((version, counting));
    }
}

/// A question that waits until all of its window is counted.
pub(super) trait Waiting {
    /// Counts a slice; answers when all is counted.
    fn advance(&mut self, engine: &mut Engine<'_>) -> Result<Option<Vec<u8>>, Refusal>;
}

impl<C, A> Waiting for Option<(Counting<C>, A)>
where
    C: Counted,
    A: Fn(&Counting<C>, &mut Engine<'_>) -> Result<Vec<u8>, Refusal>,
{
    fn advance(&mut self, engine: &mut Engine<'_>) -> Result<Option<Vec<u8>>, Refusal> {
        if let Some((counting, _)) = self
            && !counting.advance(&engine.scan, &mut engine.source, SLICE)?
        {
            return Ok(None);
        }
        let counted = self.take();
        let answer = counted.map(|(counting, answer)| engine.counted(counting, answer));
        answer.transpose()
    }
}

impl Engine<'_> {
    /// Answers from what was counted in a window. A question that is content with a part waits for no more than a slice.
    pub(super) fn count<C: Counted>(
        &mut self,
        limit: Limit,
        answer: impl Fn(&Counting<C>, &mut Engine<'_>) -> Result<Vec<u8>, Refusal> + 'static,
    ) -> Result<Asked, Refusal> {
        let (version, window) = (self.version, self.scan.bounded(limit.window));
        let known = C::kept(self).take(version, window);
        let mut counting = known.unwrap_or_else(|| Counting::new(&self.scan, window));
        if !limit.partial && !counting.is_complete() {
            return Ok(Asked::Job(Job::counting(Some((counting, answer)))));
        }
        counting.advance(&self.scan, &mut self.source, SLICE)?;
        self.counted(counting, answer).map(Asked::Answer)
    }

    fn counted<C: Counted>(
        &mut self,
        counting: Counting<C>,
        answer: impl Fn(&Counting<C>, &mut Engine<'_>) -> Result<Vec<u8>, Refusal>,
    ) -> Result<Vec<u8>, Refusal> {
        let answer = answer(&counting, self);
        let version = self.version;
        C::kept(self).keep(version, counting);
        answer
    }

    /// What is counted in all of the trace.
    pub(crate) fn count_all<C: Counter>(&mut self) -> io::Result<Counting<C>> {
        self.catch_up();
        let mut counting = Counting::new(&self.scan, self.scan.bounded(None));
        counting.advance(&self.scan, &mut self.source, u64::MAX)?;
        Ok(counting)
    }
}
