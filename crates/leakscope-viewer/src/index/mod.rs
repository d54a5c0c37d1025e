//! What is kept of a trace so that any window, page or call site can be shown without reading it all again.
//!
//! The index is made in the one pass that also feeds the analysis. Its size in memory does not grow with the
//! trace's length: bins become longer, and what is needed of each free goes to a file ([`ledger`]).
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

use std::io;

use leakscope_analysis::heap::{Effect, HeapModel};
use leakscope_analysis::trace::{Context, Event, EventKind, Switch, Trace};

use contexts::Contexts;
use exchange::Exchange;
use kind::Kind;
use lanes::Lanes;
use ledger::Ledger;
use levels::{Bin, Levels};
use running::Running;
use sections::Sections;
use sites::SiteIndex;
use system::SystemIndex;

/// The index.
#[derive(Debug, Default)]
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
    /// By core: who was looked up last.
    actors: Vec<Actor>,
}

/// Somebody to whom something happens, and the numbers that stand for it.
#[derive(Clone, Copy, Debug, Default)]
struct Actor {
    /// `None` for a core of which nothing is known.
    is: Option<Context>,
    context: u16,
    lane: u32,
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

/// In the mean, at least so many events fall into a bin. Whoever wants to see more reads them again.
const EVENTS_IN_BIN: u64 = 64;

/// So many corrections are kept: beyond that the recording is damaged everywhere.
const CORRECTIONS: usize = 1 << 20;

impl Index {
    /// An index of a trace of so many bytes, as far as that is known.
    pub(crate) fn for_length(bytes: u64) -> Self {
        Self {
            sections: Sections::for_length(bytes),
            ..Self::default()
        }
    }

    /// Who somebody on a core is in numbers.
    #[inline(always)]
    fn actor(&mut self, core: u8, is: Context) -> Actor {
        match self.actors.get(usize::from(core)) {
            Some(actor) if actor.is == Some(is) => *actor,
            _ => self.other_actor(core, is),
        }
    }

    #[inline(never)]
    fn other_actor(&mut self, core: u8, is: Context) -> Actor {
        let context = self.contexts.number(is);
        let lane = self.lanes.number(core, context);
        self.sections.open_lane(lane, core, context);
        let actor = Actor {
            is: Some(is),
            context,
            lane: lane as u32,
        };
        let place = usize::from(core);
        if place >= self.actors.len() {
            self.actors.resize(place + 1, Actor::default());
        }
        self.actors[place] = actor;
        actor
    }

    /// Counts an event; returns the bin it falls into.
    #[inline(always)]
    fn count(&mut self, lane: u32, kind: Kind, id: u32, time: u64) -> &mut Bin {
        self.sections.count(lane as usize, kind);
        self.system.count(id);
        let bin = self.levels.at(time);
        bin.count(kind);
        bin
    }

    /// Takes into account that somebody else runs.
    #[inline]
    pub(crate) fn switched(&mut self, switch: &Switch) {
        let Switch { time, core, id, .. } = *switch;
        let lane = self.actor(core, switch.context).lane;
        self.count(lane, Kind::predefined(id), id, time);
        if running::begins_run(id) {
            self.lanes.count_switch(lane as usize);
        }
        let now = self.actor(core, switch.running).context;
        let lanes = &mut self.lanes;
        self.running
            .switched(id, core, time, now, &self.contexts, |span| {
                lanes.add_span(span);
            });
    }

    /// Takes an event into account that the model has observed. Returns whether it is the first event with
    /// its id.
    pub(crate) fn observe(
        &mut self,
        event: &Event<'_>,
        effect: Option<&Effect>,
        trace: &Trace,
        heap: &HeapModel,
    ) -> bool {
        let index = self.sections.events;
        let kind = Kind::of(event);
        let Actor { context, lane, .. } = self.actor(event.core, event.context);
        let is_first = !self.system.knows(event.id);
        self.count(lane, kind, event.id, event.time);
        match (event.kind, effect) {
            (EventKind::Heap(_), Some(effect)) => {
                self.note_effect(&event.occasion(), effect, index, context, heap);
            }
            (EventKind::Module | EventKind::Api | EventKind::Log(_), _) => {}
            _ => self.observe_system(event, index, kind, lane, trace, heap),
        }
        is_first
    }

    fn observe_system(
        &mut self,
        event: &Event<'_>,
        index: u64,
        kind: Kind,
        lane: u32,
        trace: &Trace,
        heap: &HeapModel,
    ) {
        let lanes = &mut self.lanes;
        self.running
            .observe(event, trace, &mut self.contexts, |span| {
                lanes.add_span(span);
            });
        if matches!(kind, Kind::Task | Kind::Isr) {
            if running::begins_run(event.id) {
                self.lanes.count_switch(lane as usize);
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

    /// Whether it is time to begin a section.
    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        self.sections.is_full()
    }

    /// Makes bins longer if few events fall into each, or if they take too much memory.
    fn bound(&mut self) {
        let end = self.levels.end();
        let bins = (self.sections.events / EVENTS_IN_BIN).max(1);
        self.levels.bound(end, bins);
        self.lanes.bound(end, bins);
    }

    /// Begins a section here, if reading can begin here.
    pub(crate) fn begin_section(&mut self, trace: &Trace) {
        self.bound();
        match trace.checkpoint() {
            Some(checkpoint) => {
                let (live, ledger) = (self.live_bytes, self.ledger.end());
                self.sections
                    .begin(trace.end(), checkpoint, &self.running, live, ledger);
            }
            None => self.sections.postpone(),
        }
    }

    /// What lasts is summed up to this moment, and what grew too large is made smaller.
    pub(crate) fn settle(&mut self, time: u64) -> io::Result<()> {
        self.levels.at(time);
        let lanes = &mut self.lanes;
        self.running.settle(time, |span| lanes.add_span(span));
        self.lanes.settle();
        self.bound();
        self.ledger.take_error().map_or(Ok(()), Err)
    }
}
