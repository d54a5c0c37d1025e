//! What is kept of a trace so that any window, page or call site can be shown without reading it all again.
//!
//! The index is made in the one pass that also feeds the analysis. Its size in memory does not grow with the
//! trace's length: bins become longer, and what is needed of each heap event goes to a file ([`ledger`]).
//!
//! - [`sections`]: where reading can begin again, and how many events of which kind come between;
//! - [`actors`]: numbers for whoever runs;
//! - [`lanes`], [`stretches`]: who ran and who was ready, summed up in bins;
//! - [`levels`], [`live`]: the heap's level in bins;
//! - [`sites`], [`owners`], [`heaps`], [`curve`], [`exchange`]: what the page shows beyond the analysis' own outcome;
//! - [`ledger`], [`entry`], [`running`], [`kind`]: what is also needed when a part is read again.
pub(crate) mod actors;
pub(crate) mod curve;
pub(crate) mod entry;
pub(crate) mod exchange;
pub(crate) mod heaps;
pub(crate) mod kind;
pub(crate) mod lanes;
pub(crate) mod ledger;
pub(crate) mod levels;
pub(crate) mod live;
pub(crate) mod numbers;
mod of_heap;
pub(crate) mod owners;
pub(crate) mod parts;
pub(crate) mod running;
pub(crate) mod sections;
pub(crate) mod sites;
pub(crate) mod stretches;
pub(crate) mod sums;
pub(crate) mod system;

use std::io;

use leakscope_analysis::heap::Effect;
use leakscope_analysis::trace::{Event, EventKind, Switch, Trace};

use actors::Actors;
use exchange::Exchange;
use kind::Kind;
use lanes::Lanes;
use ledger::{Cursor, Ledger};
use levels::Levels;
use live::Live;
use owners::Owners;
use parts::Parts;
use running::Running;
use sections::Sections;
use sites::SiteIndex;
use system::SystemIndex;

/// The index.
#[derive(Debug, Default)]
pub(crate) struct Index {
    pub(crate) actors: Actors,
    pub(crate) sections: Sections,
    pub(crate) parts: Parts,
    pub(crate) lanes: Lanes,
    pub(crate) levels: Levels,
    pub(crate) ledger: Ledger,
    /// By the model's number of the call site.
    pub(crate) sites: Vec<SiteIndex>,
    pub(crate) owners: Owners,
    pub(crate) exchange: Exchange,
    pub(crate) gaps: Vec<Gap>,
    pub(crate) marks: Vec<Mark>,
    pub(crate) flags: Vec<Flagged>,
    pub(crate) system: SystemIndex,
    running: Running,
    live: Live,
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

/// The most gaps, the most marks and the most flagged events that are kept.
pub(crate) const KEPT: usize = 2000;

/// What is read again is not what was read.
const CHANGED: &str = "the recording is no longer what it was when it was read";

/// A bin has at least this many events in the mean. To see more, they are read again.
const EVENTS_IN_BIN: u64 = 64;

impl Index {
    /// An index of a trace of so many bytes, as far as that is known.
    pub(crate) fn for_length(bytes: u64) -> Self {
        Self {
            sections: Sections::for_length(bytes),
            ..Self::default()
        }
    }

    /// Counts an event.
    #[inline(always)]
    fn count(&mut self, lane: u32, kind: Kind, id: u32, time: u64) {
        self.sections.count(lane, kind);
        self.system.count(id);
        self.levels.at(time).count(kind);
    }

    /// Sees to it that the lanes fill the bin of a moment.
    #[inline(always)]
    fn open_bin(&mut self, time: u64) {
        if time >= self.lanes.until {
            self.open_next_bin(time);
        }
    }

    #[inline(never)]
    fn open_next_bin(&mut self, time: u64) {
        let lanes = &mut self.lanes;
        self.running.settle(lanes.until, |span| lanes.add(span));
        let begin = lanes.open_at(time);
        (self.running).settle(begin, |span| lanes.add_before(span));
    }

    /// Takes into account that somebody else runs.
    #[inline(always)]
    pub(crate) fn switched(&mut self, switch: &Switch) {
        let Switch { time, core, id, .. } = *switch;
        let of_event = self.actors.number(core, switch.context);
        let now = if switch.running == switch.context {
            of_event
        } else {
            self.actors.number(core, switch.running)
        };
        self.count(of_event.lane, Kind::predefined(id), id, time);
        self.open_bin(time);
        if running::begins_run(id) {
            self.lanes.count_switch(of_event.lane);
        }
        let lanes = &mut self.lanes;
        (self.running).switched(id, core, time, now, |span| lanes.add(span));
    }

    /// Takes an event into account that the model has observed. Returns whether it is the first event with
    /// its id.
    pub(crate) fn observe(
        &mut self,
        event: &Event<'_>,
        effect: Option<&Effect>,
        trace: &Trace,
    ) -> bool {
        let index = self.sections.events;
        let kind = Kind::of(event);
        let actor = self.actors.number(event.core, event.context);
        let is_first = !self.system.knows(event.id);
        self.count(actor.lane, kind, event.id, event.time);
        if let Some(effect) = effect {
            let named = match &event.kind {
                EventKind::Heap(of_heap) => of_heap.named(),
                _ => 0,
            };
            self.note_effect(&event.occasion(), named, effect, index, actor);
        } else if matches!(event.kind, EventKind::Start(_)) {
            self.note_entry(event.time, None);
        }
        let has_own_id = matches!(
            event.kind,
            EventKind::Heap(_) | EventKind::Module | EventKind::Api | EventKind::Log(_)
        );
        if !has_own_id {
            self.observe_system(event, index, kind, actor.lane, trace);
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
    ) {
        self.open_bin(event.time);
        let (actors, lanes) = (&mut self.actors, &mut self.lanes);
        self.running.observe(
            event,
            trace,
            |core, is| actors.number(core, is),
            |span| lanes.add(span),
        );
        if matches!(kind, Kind::Task | Kind::Isr) && running::begins_run(event.id) {
            self.lanes.count_switch(lane);
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
            EventKind::System => self.system.observe(event, trace),
            _ => {}
        }
    }

    fn flag(&mut self, index: u64) {
        if self.flags.len() < KEPT {
            self.flags.push(Flagged { index });
        }
    }

    /// What an event did that is read again; `cursor` stands at what the ledger says of it. It is an error if that is not
    /// said of such an event: a file may be another one by now.
    pub(crate) fn effect(
        &self,
        event: &Event<'_>,
        cursor: &mut Cursor,
    ) -> io::Result<Option<Effect>> {
        match event.kind {
            EventKind::Heap(_) | EventKind::Start(_) => {
                let sites = self.sites.len();
                let read = |bytes: &_| entry::read(bytes, event, &self.actors, sites);
                let effect = self.ledger.read(cursor, read)?;
                effect.map_err(|_| io::Error::new(io::ErrorKind::InvalidData, CHANGED))
            }
            _ => Ok(None),
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
                let (live, ledger) = (self.live, self.ledger.end());
                let (running, lanes) = (&self.running, self.actors.lanes());
                let time = trace.end();
                (self.sections).begin(time, checkpoint, running, live, ledger, lanes);
                self.begin_part(time);
            }
            None => self.sections.postpone(),
        }
    }

    /// Begins a part with the section that has just begun, if it is time for one.
    fn begin_part(&mut self, time: u64) {
        if self.sections.take_joined() {
            self.parts.sections_joined();
        }
        if !self.parts.is_begin(self.sections.list().len() - 1) {
            return;
        }
        let sites = self.sites.iter_mut().enumerate();
        let sites = sites.filter_map(|(site, index)| Some((site, index.take_part()?)));
        let mut runs = self.lanes.runs();
        self.running.clone().settle(time, |span| {
            if !span.ready
                && let Some(run) = runs.get_mut(span.lane as usize)
            {
                run.ticks += span.ticks();
            }
        });
        (self.parts).close(time, sites.collect(), &self.exchange, runs);
    }

    /// What lasts is summed up to this moment, and what grew too large is made smaller.
    pub(crate) fn settle(&mut self, time: u64) -> io::Result<()> {
        self.levels.at(time);
        self.open_bin(time);
        let lanes = &mut self.lanes;
        lanes.grow(self.actors.lanes().len());
        self.running.settle(time, |span| lanes.add(span));
        lanes.settle();
        self.bound();
        self.ledger.take_error().map_or(Ok(()), Err)
    }
}
