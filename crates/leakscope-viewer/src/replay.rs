//! A part of the trace, read again.
#[cfg(test)]
pub(crate) mod tests;

use std::io;
use std::ops::ControlFlow;

use leakscope_analysis::heap::{Effect, KnownBlock, SiteId};
use leakscope_analysis::trace::{Event, Step, Trace};

use crate::index::did::Did;
use crate::index::ledger::{Cursor, Ledger};
use crate::index::live::Live;
use crate::index::running::Running;
use crate::scan::Scan;
use crate::source::TraceInputs;

/// Where a part of the trace is being read again.
pub(crate) struct Replay {
    trace: Trace,
    /// The next event.
    pub(crate) index: u64,
    /// The first event that is not to be read.
    end: u64,
    ledger: Cursor,
    live: Live,
    /// Who ran at its begin.
    pub(crate) running: Running,
}

/// One event, read again.
pub(crate) struct Seen<'t> {
    pub(crate) index: u64,
    pub(crate) event: Event<'t>,
    pub(crate) trace: &'t Trace,
    /// What it did to the heap, if it did something.
    pub(crate) effect: Option<Effect>,
    /// The block that it left as it was, if it is of a reallocation that failed.
    pub(crate) kept: Option<KnownBlock>,
    /// What lives after it.
    pub(crate) live: Live,
}

impl Seen<'_> {
    /// The call site of what happened to the heap: of a free, the one that had allocated the block.
    pub(crate) fn site(&self) -> Option<SiteId> {
        let site = self.effect.as_ref().and_then(Effect::site);
        site.or(self.kept.map(|kept| kept.site))
    }

    /// As [`Seen::site`], as the page knows it: -1 is none.
    pub(crate) fn site_number(&self) -> i64 {
        self.site().map_or(-1, |site| i64::from(site.number()))
    }
}

/// How far a replay came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reached {
    /// The caller has seen enough.
    Enough,
    /// As many events were read as were to be.
    Limit,
    /// The end of what is known.
    End,
}

impl Replay {
    /// From the begin of a section on, up to what was read when it was made.
    pub(crate) fn from_section(scan: &Scan<'_>, section: usize) -> Self {
        let held = &scan.sections.list()[section];
        let then = &scan.index.begins.list()[section];
        let trace = match &held.checkpoint {
            Some(checkpoint) => checkpoint.resume(&scan.trace),
            None => Trace::new(&scan.layout),
        };
        Self {
            trace,
            index: held.first,
            end: scan.sections.events,
            ledger: Ledger::at(then.ledger),
            live: then.live,
            running: then.running.resume(),
        }
    }

    /// Reads up to the begin of this section.
    pub(crate) fn stop_at(&mut self, scan: &Scan<'_>, section: usize) {
        self.end = scan.sections.list()[section].first;
    }

    /// Reads up to what is known by now; returns whether that is more.
    pub(crate) fn extend(&mut self, scan: &Scan<'_>) -> bool {
        let before = std::mem::replace(&mut self.end, scan.sections.events);
        self.end > before
    }

    /// Shows so many events, at most, to `see`.
    pub(crate) fn run(
        &mut self,
        scan: &Scan<'_>,
        source: &mut dyn TraceInputs,
        events: u64,
        mut see: impl FnMut(&Seen<'_>) -> ControlFlow<()>,
    ) -> io::Result<Reached> {
        let limit = self.index.saturating_add(events);
        loop {
            if self.index >= self.end {
                return Ok(Reached::End);
            }
            if self.index >= limit {
                return Ok(Reached::Limit);
            }
            match self.trace.step(&mut *source)? {
                Step::Event(event, trace) => {
                    let Did { effect, kept } =
                        scan.index.did(&event, &mut self.ledger, &scan.actors)?;
                    if let Some(effect) = &effect {
                        self.live = self.live.after(effect);
                    }
                    let seen = Seen {
                        index: self.index,
                        event,
                        trace,
                        effect,
                        kept,
                        live: self.live,
                    };
                    self.index += 1;
                    if see(&seen).is_break() {
                        return Ok(Reached::Enough);
                    }
                }
                Step::Waiting | Step::Finished => return Ok(Reached::End),
            }
        }
    }
}
