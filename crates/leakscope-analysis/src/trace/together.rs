//! Cores that are reset together: each tells of it in a stream of its own, and their clocks begin anew at one moment.
//!
//! What a core's stream adds up to at a reset ends with its last packet, so that the sums of several cores differ from there on.
//! A core that comes to a reset waits for the others, and all go on together. So does one whose clock does not tell
//! whether it was reset: of a core that slept through its boot, it cannot.

use leakscope_systemview::id;

use super::clock::Told;
use super::event::{Event, EventKind, Start};
use super::reader::{StreamState, Trace};
use super::stream::Piece;
use crate::problem::ProblemKind;

/// A stream that waits, behind the first packet with its core's time since a reset.
#[derive(Clone, Copy, Debug)]
pub(super) struct Held {
    /// When it goes on, as far as it knows.
    next_time: u64,
    time: u64,
    offset: u64,
    /// What the core's clock says then, in ticks.
    clock: u64,
    /// Whether it says that the core was reset.
    is_reset: bool,
}

/// In seconds: cores whose clocks are further apart did not begin to count together.
const MOST_APART: u64 = 10;

/// In parts of a second: cores that tell the time at one start sequence do so within this.
const AT_ONE_START: u64 = 10;

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
    pub(super) fn hold(&mut self, index: usize, piece: &Piece, told: Told, clock: u64) {
        let source = &mut self.streams[index];
        source.held = Some(Held {
            next_time: source.stream.next_time,
            time: piece.time,
            offset: source.stream.offset(piece),
            clock,
            is_reset: told == Told::Reset,
        });
        source.stream.next_time = u64::MAX;
    }

    /// Whether another core ran on through a start sequence at which its clock said about as many ticks.
    pub(super) fn others_ran_on(&self, index: usize, clock: u64) -> bool {
        let mut others = self.streams.iter().enumerate();
        others.any(|(other, source)| {
            let is_there = |told| self.is_at_one_start(told, clock);
            other != index && source.ran_on.is_some_and(is_there)
        })
    }

    /// A core ran on through a start sequence, and its clock said so many ticks: who waits there in doubt goes on, too.
    pub(super) fn run_on(&mut self, index: usize, time: u64, clock: u64) {
        self.streams[index].ran_on = Some(clock);
        for index in 0..self.streams.len() {
            let held = self.streams[index].held.filter(|held| !held.is_reset);
            if let Some(held) = held.filter(|held| self.is_at_one_start(held.clock, clock)) {
                let later = held.clock.saturating_sub(clock);
                go_on(&mut self.streams[index], &held, time + later);
            }
        }
    }

    fn is_at_one_start(&self, one: u64, other: u64) -> bool {
        one.abs_diff(other) <= u64::from(self.target.timestamp_hz) / AT_ONE_START
    }

    /// All streams have come to the start sequence, or have ended: they go on, and if it begins a session, that is an event.
    #[cold]
    pub(super) fn go_on_together(&mut self) -> Option<Event<'static>> {
        let held = self.streams.iter().filter_map(|source| source.held);
        let is_reset = held.clone().any(|held| held.is_reset);
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
        let (mut first, mut was_paused) = (None, false);
        for (index, source) in self.streams.iter_mut().enumerate() {
            (source.pauses, source.restarts) = (self.pauses, self.restarts);
            source.ran_on = None;
            let Some(held) = source.held else {
                continue;
            };
            first.get_or_insert((index, held.offset));
            was_paused |= source.was_paused;
            go_on(source, &held, time + late(&held));
            if is_reset {
                source.target_clock.was_reset();
            }
        }
        let (index, offset) = first?;
        self.end = time;
        let is_empty = self.counts.heap_events == self.before_session;
        let start = if is_reset {
            self.reset(index, offset, time);
            Start::AfterReset
        } else if was_paused {
            self.begin_session(index, ProblemKind::Paused, offset, time);
            Start::AfterStop
        } else if is_empty {
            return None;
        } else {
            self.begin_session(index, ProblemKind::PerhapsRestart, offset, time);
            Start::PerhapsAfterReset
        };
        let start = EventKind::Start(start);
        Some(self.event_between(index, offset, time, id::TRACE_START, start))
    }
}

/// A stream that was held goes on at this time.
fn go_on(source: &mut StreamState, held: &Held, time: u64) {
    source.held = None;
    source.stream.next_time = held.next_time;
    let ticks = time.saturating_sub(held.time);
    source.stream.catch_up(ticks);
    source.target_clock.catch_up(ticks);
}
