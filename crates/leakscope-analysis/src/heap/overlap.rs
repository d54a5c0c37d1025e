//! Blocks that cannot live any more, because a younger one takes part of their memory.
//!
//! A block whose free was lost looks alive until its address is used again. A heap that merges neighbours may
//! hand the same memory out from another address on; that proves the lost free as well, but only a look at all
//! blocks in the order of their addresses shows it.

use super::blocks::LiveBlock;
use super::effect::KnownBlock;
use super::gaps::Gaps;
use super::model::HeapModel;
use crate::problem::ProblemKind;
use crate::trace::Occasion;

/// What was found by the looks so far, and when the next is due.
#[derive(Clone, Debug)]
pub(super) struct Overlaps {
    /// Address and birth of blocks that have ended unseen, to be taken out one with each allocation.
    found: Vec<(u64, u64)>,
    /// The heap event at which the next look is due; [`NEVER`] as long as nothing was lost.
    due: u64,
}

const NEVER: u64 = u64::MAX;

impl Default for Overlaps {
    fn default() -> Self {
        Self {
            found: Vec::new(),
            due: NEVER,
        }
    }
}

/// A look costs as much as so many events for each block, at the most.
const EVENTS_A_BLOCK: u64 = 4;

impl Overlaps {
    #[inline(always)]
    pub(super) fn is_due(&self, heap_events: u64) -> bool {
        heap_events >= self.due
    }

    #[inline(always)]
    pub(super) fn any(&self) -> bool {
        !self.found.is_empty()
    }
}

impl HeapModel {
    /// Data were lost: from now on, it pays to look.
    pub(super) fn expect_overlaps(&mut self) {
        if self.overlaps.due == NEVER {
            self.overlaps.due = self.session.heap_events + self.events_between_looks();
        }
    }

    fn events_between_looks(&self) -> u64 {
        let known = self.blocks.len() as u64;
        let live = known - self.blocks.freed() as u64;
        known.max(live * EVENTS_A_BLOCK).max(1)
    }

    #[cold]
    pub(super) fn look_for_overlaps(&mut self) {
        self.overlaps.found = self.overlapped();
        self.overlaps.due = self.session.heap_events + self.events_between_looks();
    }

    /// Blocks that seem to live and cannot, as no effect has told yet. The outcome leaves them out.
    pub fn ended_unseen(&self) -> Vec<KnownBlock> {
        let ended = self.overlapped().into_iter();
        ended
            .filter_map(|(address, _)| self.block(address))
            .collect()
    }

    /// The blocks that have ended, although nobody saw it; none if nothing was lost.
    fn overlapped(&self) -> Vec<(u64, u64)> {
        if self.gaps.list().is_empty() {
            return Vec::new();
        }
        let mut live: Vec<_> = self.blocks.live().collect();
        live.sort_unstable_by_key(|(address, block)| (block.heap(), *address));
        let mut ended = Vec::new();
        let mut kept: Vec<(u64, LiveBlock)> = Vec::new();
        for next in live {
            let mut lives = true;
            while let Some(before) = kept.last()
                && before.1.heap() == next.1.heap()
                && before.0 + before.1.bytes().max(1) > next.0
            {
                let (older, younger) = if before.1.time <= next.1.time {
                    (before, &next)
                } else {
                    (&next, before)
                };
                // Without a loss between them, one heap lies in a block of the other.
                if !lost_between(&self.gaps, older.1.time, younger.1.time) {
                    break;
                }
                ended.push((older.0, older.1.time));
                if older.0 == next.0 {
                    lives = false;
                    break;
                }
                kept.pop();
            }
            if lives {
                kept.push(next);
            }
        }
        ended
    }

    /// Takes out the next of the blocks that were found, if it is still there.
    #[cold]
    pub(super) fn lose_overlapped(&mut self, now: &Occasion) -> Option<KnownBlock> {
        while let Some((address, birth)) = self.overlaps.found.pop() {
            if let Some(block) = self.blocks.forget(address, birth) {
                self.lose(block, now);
                return Some(self.known(address, block));
            }
        }
        None
    }

    /// Takes out all that can be found.
    pub(super) fn lose_all_overlapped(&mut self, time: u64) {
        for (address, birth) in self.overlapped() {
            if let Some(block) = self.blocks.forget(address, birth) {
                self.problems
                    .add(ProblemKind::FreeLost, 0, None, Some(time));
                self.end_unseen(block, time);
            }
        }
    }
}

fn lost_between(gaps: &Gaps, from: u64, to: u64) -> bool {
    let list = gaps.list();
    let next = list.partition_point(|gap| gap.to <= from);
    list.get(next).is_some_and(|gap| gap.to <= to)
}
