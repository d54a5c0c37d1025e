//! What is kept of a trace so that any window, page or call site can be shown without reading it all again.
//!
//! The index is made in the one pass that also feeds the analysis. Its size in memory does not grow with the
//! trace's length: bins become longer, and what is needed of each heap event goes to a file ([`ledger`]).
//!
//! - [`sections`], [`begins`]: where reading can begin again, and how many events of which kind come between;
//! - [`actors`]: numbers for whoever runs;
//! - [`lanes`], [`stretches`]: who ran and who was ready, summed up in bins;
//! - [`levels`], [`live`]: the heap's level in bins;
//! - `last_frees`: which free was none, as a reallocation failed;
//! - [`sites`], [`owners`], [`heaps`], [`curve`], [`exchange`]: what the page shows beyond the analysis' own outcome;
//! - [`record`], [`batch`]: what it is told of events;
//! - [`ledger`], [`entry`], [`did`], [`running`], [`kind`]: what is also needed when a part is read again.
pub(crate) mod actors;
pub(crate) mod batch;
pub(crate) mod begins;
pub(crate) mod curve;
pub(crate) mod did;
pub(crate) mod entry;
pub(crate) mod exchange;
pub(crate) mod heaps;
pub(crate) mod kind;
pub(crate) mod lanes;
mod last_frees;
pub(crate) mod ledger;
pub(crate) mod levels;
pub(crate) mod live;
pub(crate) mod numbers;
mod of_heap;
pub(crate) mod owners;
pub(crate) mod parts;
pub(crate) mod record;
pub(crate) mod running;
pub(crate) mod sections;
pub(crate) mod sites;
pub(crate) mod stretches;
pub(crate) mod sums;
pub(crate) mod system;

use std::io;

use leakscope_analysis::trace::{Event, EventKind};

use actors::Actors;
use batch::{Batch, Place};
use begins::Begins;
use did::Did;
use exchange::Exchange;
use kind::Kind;
use lanes::Lanes;
use last_frees::LastFrees;
use ledger::{Cursor, Ledger};
use levels::Levels;
use live::Live;
use owners::Owners;
use parts::Parts;
use record::{Affected, Other, SwitchRecord, Told};
use running::Running;
use sites::SiteIndex;

/// The index.
#[derive(Debug, Default)]
pub(crate) struct Index {
    /// How many events were counted.
    events: u64,
    pub(crate) begins: Begins,
    pub(crate) parts: Parts,
    pub(crate) lanes: Lanes,
    pub(crate) levels: Levels,
    pub(crate) ledger: Ledger,
    /// By the model's number of the call site.
    pub(crate) sites: Vec<SiteIndex>,
    pub(crate) owners: Owners,
    pub(crate) exchange: Exchange,
    last_frees: LastFrees,
    pub(crate) gaps: Vec<Gap>,
    pub(crate) marks: Vec<Mark>,
    pub(crate) flags: Vec<Flagged>,
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
    /// Takes into account what happened. Each kind of events has a loop of its own, up to what needs all that came before.
    pub(crate) fn take(&mut self, batch: &mut Batch) {
        let mut from = Place::default();
        let mut others = std::mem::take(&mut batch.others);
        let mut effects = std::mem::take(&mut batch.effects);
        let mut affected = effects.drain(..);
        for (to, other) in others.drain(..) {
            self.take_plain(batch, from, to);
            from = to;
            match other {
                Other::Effect => {
                    if let Some(affected) = affected.next() {
                        let index = self.events;
                        self.count(affected.actor.lane, Kind::Heap, affected.now.time);
                        self.affected(&affected, index);
                    }
                }
                Other::Event(told) if told.has_effect => self.observe(&told, affected.next()),
                Other::Event(told) => self.observe(&told, None),
                Other::Section { time, joined } => self.begin_section(time, joined),
                Other::Full => self.bound(),
                Other::Settle { time, lanes } => self.settle(time, lanes),
            }
        }
        drop(affected);
        self.take_plain(batch, from, batch.end());
        batch.clear();
        (batch.others, batch.effects) = (others, effects);
    }

    fn take_plain(&mut self, batch: &Batch, from: Place, to: Place) {
        let heap = &batch.heap[from.heap..to.heap];
        let switches = &batch.switches[from.switches..to.switches];
        let counted = &batch.counted[from.counted..to.counted];
        self.events += (heap.len() + switches.len() + counted.len()) as u64;
        (self.levels).take(heap, switches, counted, &mut self.live);
        self.take_heap(heap);
        let mut ready = batch.ready[from.ready..to.ready].iter();
        for switch in switches {
            self.switched(switch);
            if let Some(&ready) = switch.has_ready.then(|| ready.next()).flatten() {
                let (id, core, time) = (switch.id.into(), switch.core, switch.time);
                let lanes = &mut self.lanes;
                (self.running).note_ready(id, core, time, ready, &mut |span| lanes.add(span));
            }
        }
        for counted in counted {
            self.begins.count(counted.lane, counted.kind);
        }
    }

    /// Counts an event.
    fn count(&mut self, lane: u32, kind: Kind, time: u64) {
        self.events += 1;
        self.begins.count(lane, kind);
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
    fn switched(&mut self, switch: &SwitchRecord) {
        let &SwitchRecord {
            time,
            id,
            core,
            lane,
            now,
            ..
        } = switch;
        let id = u32::from(id);
        self.begins.count(lane, Kind::predefined(id));
        self.open_bin(time);
        if running::begins_run(id) {
            self.lanes.count_switch(lane);
        }
        let lanes = &mut self.lanes;
        (self.running).switched(id, core, time, now, |span| lanes.add(span));
    }

    fn observe(&mut self, told: &Told, affected: Option<Affected>) {
        let (time, index) = (told.time, self.events);
        self.count(told.lane, told.kind, time);
        if let Some(affected) = affected {
            self.affected(&affected, index);
        } else if told.is_start {
            (self.ledger).push(|room| entry::write_any(room, None, time, |_| 0));
        }
        if let Some(turn) = &told.turn {
            self.open_bin(turn.begin(time));
            let lanes = &mut self.lanes;
            (self.running).take(turn, told.id, told.core, time, |span| lanes.add(span));
        }
        self.open_bin(time);
        if matches!(told.kind, Kind::Task | Kind::Isr) && running::begins_run(told.id) {
            self.lanes.count_switch(told.lane);
        }
        if told.gap.is_some() || told.is_unreadable {
            self.flag(index);
        }
        if let Some((from, packets, bytes)) = told.gap.filter(|_| self.gaps.len() < KEPT) {
            self.gaps.push(Gap {
                from,
                to: time,
                packets,
                bytes,
            });
        }
        if let Some(marker) = told.marker.filter(|_| self.marks.len() < KEPT) {
            self.marks.push(Mark {
                index,
                time,
                marker,
            });
        }
    }

    fn flag(&mut self, index: u64) {
        if self.flags.len() < KEPT {
            self.flags.push(Flagged { index });
        }
    }

    /// What an event did that is read again; `cursor` stands at what the ledger says of it. It is an error if that is not
    /// said of such an event: a file may be another one by now.
    pub(crate) fn did(
        &self,
        event: &Event<'_>,
        cursor: &mut Cursor,
        actors: &Actors,
    ) -> io::Result<Did> {
        match event.kind {
            EventKind::Heap(_) | EventKind::Start(_) => {
                let sites = self.sites.len();
                let read = |bytes: &_| entry::read(bytes, event, actors, sites);
                let did = self.ledger.read(cursor, read)?;
                did.map_err(|_| io::Error::new(io::ErrorKind::InvalidData, CHANGED))
            }
            _ => Ok(Did::default()),
        }
    }

    /// Makes bins longer if few events fall into each, or if they take too much memory.
    fn bound(&mut self) {
        let end = self.levels.end();
        let bins = (self.events / EVENTS_IN_BIN).max(1);
        self.levels.bound(end, bins);
        self.lanes.bound(end, bins);
    }

    /// A section begins at this time; whether each two have become one with that.
    fn begin_section(&mut self, time: u64, joined: bool) {
        self.bound();
        let (running, ledger) = (self.running.now(), self.ledger.end());
        (self.begins).begin(running, self.live, ledger);
        if joined {
            self.begins.join_pairs();
            self.parts.sections_joined();
        }
        if self.parts.is_begin(self.begins.list().len() - 1) {
            self.begin_part(time);
        }
    }

    fn begin_part(&mut self, time: u64) {
        let sites = self.sites.iter_mut().enumerate();
        let sites = sites.filter_map(|(site, index)| Some((site, index.take_part()?)));
        let sites = sites.collect();
        self.settle_running(time);
        let begin = (time, self.ledger.end());
        (self.parts).close(begin, sites, &self.exchange, self.lanes.runs());
    }

    /// What lasts is summed up to this moment, and what grew too large is made smaller. There are so many lanes.
    fn settle(&mut self, time: u64, count: usize) {
        self.levels.at(time);
        self.lanes.grow(count);
        self.settle_running(time);
        self.lanes.settle();
        self.bound();
    }

    /// What lasts was told of up to this moment.
    fn settle_running(&mut self, time: u64) {
        self.open_bin(time);
        let lanes = &mut self.lanes;
        self.running.settle(time, |span| lanes.add(span));
    }

    /// Why the ledger could not be kept, if that is so.
    pub(crate) fn take_error(&mut self) -> io::Result<()> {
        self.ledger.take_error().map_or(Ok(()), Err)
    }
}
