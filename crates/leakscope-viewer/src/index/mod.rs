//! What is kept of a trace so that any window, page or call site can be shown without reading it all again.
//!
//! The index is made in the one pass that also feeds the analysis. Its size does not grow with the trace's
//! length, with one exception: a few bytes for each free ([`ledger`]).
//!
//! - [`sections`]: where reading can begin again, and how many events of which kind come between;
//! - [`lanes`], [`stretches`]: who ran and who was ready, summed up in bins;
//! - [`levels`]: the heap's level in bins;
//! - [`sites`], [`exchange`]: what the page shows beyond the analysis' own outcome;
//! - [`running`], [`contexts`], [`kind`]: what is also needed when a part is read again.
pub(crate) mod contexts;
pub(crate) mod exchange;
pub(crate) mod kind;
pub(crate) mod lanes;
pub(crate) mod ledger;
pub(crate) mod levels;
mod of_heap;
pub(crate) mod running;
pub(crate) mod sections;
pub(crate) mod sites;
pub(crate) mod stretches;
pub(crate) mod system;

use leakscope_analysis::heap::HeapModel;
use leakscope_analysis::trace::{Event, EventKind, Trace};

use contexts::Contexts;
use exchange::Exchange;
use kind::Kind;
use lanes::Lanes;
use ledger::{Before, Ledger};
use levels::Levels;
use running::Running;
use sections::Sections;
use sites::SiteIndex;
use system::SystemIndex;

/// The index.
#[derive(Clone, Debug, Default)]
pub(crate) struct Index {
    pub(crate) contexts: Contexts,
    pub(crate) sections: Sections,
    pub(crate) lanes: Lanes,
    pub(crate) levels: Levels,
    pub(crate) ledger: Ledger,
    /// Events after which other bytes live than they themselves and the ledger say: by how many.
    pub(crate) corrections: Vec<(u64, i64)>,
    /// By the model's number of the call site.
    pub(crate) sites: Vec<SiteIndex>,
    pub(crate) exchange: Exchange,
    pub(crate) gaps: Vec<Gap>,
    pub(crate) marks: Vec<Mark>,
    pub(crate) flags: Vec<Flagged>,
    pub(crate) system: SystemIndex,
    running: Running,
    live_bytes: u64,
}

/// Data that were lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gap {
    pub(crate) from: u64,
    pub(crate) to: u64,
    pub(crate) packets: Option<u64>,
    pub(crate) bytes: u64,
}

/// The user marked a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) index: u64,
    pub(crate) time: u64,
    pub(crate) marker: u32,
}

/// An event that stands out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Flagged {
    pub(crate) index: u64,
}

/// So many gaps, marks and flagged events are kept of each.
pub(crate) const KEPT: usize = 2000;

/// So many corrections are kept: beyond that the recording is damaged everywhere.
const CORRECTIONS: usize = 1 << 20;

impl Index {
    /// Takes an event into account that the model has observed; `before` is what the model said then.
    /// Returns whether it is the first event with its id.
    #[inline]
    pub(crate) fn observe(
        &mut self,
        event: &Event<'_>,
        trace: &Trace,
        heap: &HeapModel,
        before: &Before,
    ) -> bool {
        let index = self.sections.events;
        let kind = Kind::of(event);
        let context = self.contexts.number(event.context);
        let lane = self.lanes.number(event.core, context);
        self.sections.count(lane, event.core, context, kind);
        let is_first = self.system.count(event.id);
        self.levels.at(event.time).count(kind);
        match event.kind {
            EventKind::Heap(of_heap) => {
                self.observe_heap(of_heap, event, index, context, heap, before);
            }
            EventKind::Module | EventKind::Api | EventKind::Log(_) => {}
            _ => self.observe_system(event, index, kind, lane, trace, heap),
        }
        is_first
    }

    fn observe_system(
        &mut self,
        event: &Event<'_>,
        index: u64,
        kind: Kind,
        lane: usize,
        trace: &Trace,
        heap: &HeapModel,
    ) {
        let (lanes, shift) = (&mut self.lanes, self.levels.shift);
        self.running
            .observe(event, trace, &mut self.contexts, |span| {
                lanes.add_span(span, shift);
            });
        if matches!(kind, Kind::Task | Kind::Isr) {
            if running::begins_run(event.id) {
                self.lanes.count_switch(lane);
            }
            return;
        }
        match event.kind {
            EventKind::Gap {
                from,
                packets,
                bytes,
            } => {
                self.flag(index);
                if self.gaps.len() < KEPT {
                    self.gaps.push(Gap {
                        from,
                        to: event.time,
                        packets,
                        bytes,
                    });
                }
            }
            EventKind::Mark { marker } if self.marks.len() < KEPT => {
                self.marks.push(Mark {
                    index,
                    time: event.time,
                    marker,
                });
            }
            EventKind::Unreadable => self.flag(index),
            EventKind::Start(_) => self.correct(index, self.live_bytes, heap.live_bytes()),
            EventKind::System => self.system.observe(event, trace),
            _ => {}
        }
        // A restart empties the heap.
        self.live_bytes = heap.live_bytes();
        self.levels.at(event.time).reach(self.live_bytes);
    }

    fn flag(&mut self, index: u64) {
        if self.flags.len() < KEPT {
            self.flags.push(Flagged { index });
        }
    }

    /// If other bytes live after an event than was to be expected: notes by how many.
    fn correct(&mut self, index: u64, expected: u64, live: u64) {
        if expected != live && self.corrections.len() < CORRECTIONS {
            self.corrections
                .push((index, live as i64 - expected as i64));
        }
    }

    /// Between two events: begins a section if it is time.
    #[inline]
    pub(crate) fn between(&mut self, trace: &Trace) {
        if self.sections.is_full() {
            self.begin_section(trace);
        }
    }

    #[cold]
    fn begin_section(&mut self, trace: &Trace) {
        if let Some(checkpoint) = trace.checkpoint() {
            let (live, ledger) = (self.live_bytes, self.ledger.len());
            self.sections
                .begin(trace.end(), checkpoint, &self.running, live, ledger);
        }
    }

    /// What lasts is summed up to this moment.
    pub(crate) fn settle(&mut self, time: u64) {
        self.levels.at(time);
        let (lanes, shift) = (&mut self.lanes, self.levels.shift);
        self.running
            .settle(time, |span| lanes.add_span(span, shift));
    }
}
