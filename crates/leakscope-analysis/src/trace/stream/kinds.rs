//! Which packets are ordinary: like many before them, so that nothing about them calls for a second look.

use std::borrow::Borrow;
use std::sync::Arc;

use leakscope_systemview::{Frame, Shape, id};

use super::counts::{Counts, Topic};
use crate::trace::lane::{Label, Lane};
use crate::trace::layout::Part;

/// What is known of packets by their ids.
#[derive(Clone, Debug)]
pub(super) struct Kinds {
    /// The stream's core.
    core: u8,
    /// Whether the core is in the id, so that packets are cut in another way.
    has_core_bit: bool,
    /// By id. Shared with checkpoints: it seldom changes, and there are many of those.
    by_id: Arc<[Kind]>,
    /// Deltas from here on are seldom, in ticks.
    long_delta: u32,
}

/// What makes packets with one id ordinary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kind {
    shape: Shape,
    /// As `longest`, where the id and the length are all that must be looked at; else -1.
    usual: i32,
    pub(super) label: Label,
    /// How often it was seen, up to [`FAMILIAR`].
    seen: u8,
    /// The longest payload that was seen, in bytes.
    longest: u16,
}

/// An id is ordinary when it was seen this often.
const FAMILIAR: u8 = 4;

/// A delta is long if no more than one of so many is as long.
const LONG: u32 = 128;

impl Kinds {
    pub(super) fn new(part: &Part) -> Self {
        Self {
            core: part.core,
            has_core_bit: part.core_bit,
            by_id: Arc::default(),
            long_delta: 0,
        }
    }

    fn new_kind(&self, id: u32) -> Kind {
        Kind {
            shape: *Shape::of(id),
            usual: -1,
            label: Label {
                id: id as u16,
                core: self.core,
                lane: Lane::of_id(id),
            },
            seen: 0,
            longest: 0,
        }
    }

    /// Which way the frame takes, if it is ordinary.
    pub(super) fn ordinary(&self, frame: &Frame<'_>) -> Option<Lane> {
        let kind = self.by_id.get(frame.id as usize)?;
        let is_ordinary = kind.seen == FAMILIAR
            && is_plain(frame.id)
            && frame.payload.len() <= usize::from(kind.longest)
            && frame.payload.last().is_none_or(|&last| last < 0x80)
            && frame.delta < self.long_delta;
        is_ordinary.then_some(kind.label.lane)
    }

    /// The packet at the front of `bytes` and its kind, if it is ordinary and that is quickly seen. There
    /// is no branch on the kind of packet, which cannot be foreseen.
    #[inline(always)]
    pub(super) fn split_ordinary<'a>(&self, bytes: &'a [u8]) -> Option<(Frame<'a>, &Kind)> {
        let kind = |id| self.by_id.get(id as usize).unwrap_or(Kind::UNKNOWN);
        let (frame, kind) = Frame::split_usual(bytes, kind)?;
        let is_ordinary = frame.payload.len() as i32 <= kind.usual && frame.delta < self.long_delta;
        is_ordinary.then_some((frame, kind))
    }

    /// Which way packets with this id take.
    pub(super) fn lane(&self, id: u32) -> Lane {
        let kind = self.by_id.get(id as usize);
        kind.map_or(Lane::of_id(id), |kind| kind.label.lane)
    }

    /// From now on, packets with this id of a module take this way.
    pub(super) fn set_lane(&mut self, id: u32, lane: Lane) {
        self.change(id, |kind| kind.label.lane = lane);
    }

    /// A packet was accepted.
    pub(super) fn learn(&mut self, id: u32, payload: &[u8]) {
        let length = payload.len().min(usize::from(u16::MAX)) as u16;
        let may_be_usual = is_plain(id) && !self.has_core_bit;
        self.change(id, |kind| {
            kind.seen = (kind.seen + 1).min(FAMILIAR);
            kind.longest = kind.longest.max(length);
            if kind.seen == FAMILIAR && may_be_usual {
                kind.usual = i32::from(kind.longest);
            }
        });
    }

    /// Finds out again which deltas are long.
    pub(super) fn measure_deltas(&mut self, counts: &Counts) {
        let most = counts.all(Topic::Deltas) / LONG;
        let mut longer = 0;
        let bits = (1..=32).rev().find(|&bits| {
            longer += counts.of(Topic::Deltas, bits);
            longer > most
        });
        self.long_delta = bits.map_or(1, |bits| u32::MAX >> (32 - bits));
    }

    /// Changes what is known of packets with this id.
    fn change(&mut self, id: u32, change: impl FnOnce(&mut Kind)) {
        if id as usize >= self.by_id.len() && id <= id::LAST {
            let new = (self.by_id.len() as u32..=id).map(|id| self.new_kind(id));
            self.by_id = self.by_id.iter().copied().chain(new).collect();
        }
        if let Some(known) = self.by_id.get(id as usize) {
            let mut changed = *known;
            change(&mut changed);
            if changed != *known {
                Arc::make_mut(&mut self.by_id)[id as usize] = changed;
            }
        }
    }
}

/// Whether packets with this id may be taken without a look at what they say. Those that say much are few.
const fn is_plain(id: u32) -> bool {
    matches!(
        id,
        id::ISR_ENTER..=id::TASK_STOP_READY
            | id::MARK_START..=id::TIMER_EXIT
            | id::DATA_SAMPLE
            | id::PRINT_FORMATTED
            | id::END_CALL
            | id::EX
            | id::FIRST_API..
    )
}

impl Kind {
    /// What is known of ids that cannot be.
    const UNKNOWN: &'static Self = &Self {
        shape: Shape::UNUSUAL,
        usual: -1,
        label: Label {
            id: 0,
            core: 0,
            lane: Lane::Common,
        },
        seen: 0,
        longest: 0,
    };
}

impl Borrow<Shape> for Kind {
    #[inline(always)]
    fn borrow(&self) -> &Shape {
        &self.shape
    }
}
