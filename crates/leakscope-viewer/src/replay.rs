//! A part of the trace, read again.

use std::io;
use std::ops::ControlFlow;

use leakscope_analysis::trace::{Event, EventKind, HeapEvent, Step, Trace};

use crate::index::ledger::{Cursor, Fate, Ledger, freed_address};
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
    correction: usize,
    live_bytes: u64,
    /// Who ran at its begin.
    pub(crate) running: Running,
}

/// One event, read again.
pub(crate) struct Seen<'t> {
    pub(crate) index: u64,
    pub(crate) event: Event<'t>,
    pub(crate) trace: &'t Trace,
    /// What it freed, if it frees.
    pub(crate) fate: Option<Fate>,
    /// The bytes that live after it.
    pub(crate) live_bytes: u64,
}

/// How far a replay came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reached {
    /// Who looked has seen enough.
    Enough,
    /// As many events were read as were to be.
    Limit,
    /// The end of what is known.
    End,
}

impl Replay {
    /// From the begin of a section on, up to what was read when it was made.
    pub(crate) fn from_section(scan: &Scan<'_>, section: usize) -> Self {
        let held = &scan.index.sections.list()[section];
        let stacks = scan.trace.stacks().clone();
        let trace = match &held.checkpoint {
            Some(checkpoint) => checkpoint.resume(stacks),
            None => Trace::new(&scan.layout),
        };
        let corrections = &scan.index.corrections;
        Self {
            trace,
            index: held.first,
            end: scan.index.sections.events,
            ledger: Ledger::at(held.ledger),
            correction: corrections.partition_point(|&(index, _)| index < held.first),
            live_bytes: held.live_bytes,
            running: held.running.clone(),
        }
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
                    let mut fate = None;
                    if let EventKind::Heap(of_heap) = event.kind {
                        if freed_address(of_heap).is_some() {
                            fate = Some(scan.index.ledger.read(&mut self.ledger, event.time)?);
                        }
                        let gone = fate.map_or(0, Fate::size);
                        let come = match of_heap {
                            HeapEvent::Allocation { size, .. }
                            | HeapEvent::Reallocation { size, .. } => size,
                            _ => 0,
                        };
                        self.live_bytes = self.live_bytes.saturating_sub(gone) + come;
                    }
                    if let Some(&(index, by)) = scan.index.corrections.get(self.correction)
                        && index == self.index
                    {
                        self.correction += 1;
                        self.live_bytes = self.live_bytes.saturating_add_signed(by);
                    }
                    let seen = Seen {
                        index: self.index,
                        event,
                        trace,
                        fate,
                        live_bytes: self.live_bytes,
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
