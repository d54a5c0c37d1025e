//! Cores that are reset together: each tells of it in a stream of its own, and their clocks begin anew at one moment.
//!
//! What a core's stream adds up to at a reset ends with its last packet, so that the sums of several cores differ from there on.
//! A core that comes to a reset waits for the others, and all go on together.

use leakscope_systemview::id;

use super::event::{Event, EventKind, Start};
use super::reader::Trace;
use super::stream::Piece;

/// A stream that waits, behind the first packet with its core's time since a reset.
#[derive(Clone, Copy, Debug)]
pub(super) struct Held {
    /// When it goes on, as far as it knows.
    next_time: u64,
    time: u64,
    offset: u64,
    /// What the core's clock says then, in ticks.
    clock: u64,
}

/// In seconds: cores whose clocks are further apart did not begin to count together.
const MOST_APART: u64 = 10;

impl Trace {
    /// Whether streams have clocks of their own, and tell of each reset: no start sequence is lost.
    pub(super) fn waits_for_others(&self) -> bool {
        let mut streams = self.streams.iter();
        let are_whole = streams.all(|source| source.damaged_at.is_none());
        self.streams.len() > 1 && !self.espressif && are_whole
    }

    pub(super) fn is_holding(&self) -> bool {
        self.streams.iter().any(|source| source.held.is_some())
    }

    /// A stream came to a reset, and waits until the others have, too.
    pub(super) fn hold(&mut self, index: usize, piece: &Piece, clock: u64) {
        let source = &mut self.streams[index];
        source.held = Some(Held {
            next_time: source.stream.next_time,
            time: piece.time,
            offset: source.stream.offset(piece),
            clock,
        });
        source.stream.next_time = u64::MAX;
    }

    /// All streams have come to the reset, or have ended: they go on.
    #[cold]
    pub(super) fn go_on_together(&mut self) -> Option<Event<'static>> {
        let held = self.streams.iter().filter_map(|source| source.held);
        let least = held.clone().map(|held| held.clock).min()?;
        let most = held.clone().map(|held| held.clock).max()?;
        let hz = u64::from(self.target.timestamp_hz);
        let is_common = most - least <= MOST_APART * hz;
        let late = |held: &Held| if is_common { held.clock - least } else { 0 };
        // The clock of all begins with the last one's.
        let from = held
            .map(|held| held.time.saturating_sub(late(&held)))
            .max()?;
        let time = from.max(self.end);
        let mut first = None;
        for (index, source) in self.streams.iter_mut().enumerate() {
            let Some(held) = source.held.take() else {
                continue;
            };
            first.get_or_insert((index, held.offset));
            source.stream.next_time = held.next_time;
            let ticks = (time + late(&held)).saturating_sub(held.time);
            source.stream.catch_up(ticks);
            source.target_clock.catch_up(ticks);
        }
        let (index, offset) = first?;
        self.end = time;
        let told = self.streams.iter().map(|source| source.restarts);
        self.restarts = told.max().unwrap_or_default();
        self.reset(index, offset, time);
        let start = EventKind::Start(Start::AfterReset);
        Some(self.event_between(index, offset, time, id::TRACE_START, start))
    }
}
