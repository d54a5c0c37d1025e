//! Blocks that cannot live any more, because a younger one takes part of their memory.
//!
//! A block whose free was lost looks alive until its address is used again. A heap that merges or splits what is free
//! hands the same memory out from another address on, and that proves the lost free as well. Without a loss between
//! them, two blocks that overlap are a heap and a block in it.

use std::collections::{BTreeMap, VecDeque};

use super::blocks::LiveBlock;
use super::effect::KnownBlock;
use super::model::HeapModel;
use crate::problem::ProblemKind;
use crate::trace::Occasion;

/// The blocks that may have been freed unseen, and those of them that were.
#[derive(Clone, Debug, Default)]
pub(super) struct Overlaps {
    /// Whether anything was lost: before that, there is nothing to look for.
    watches: bool,
    /// Blocks that lived when data were last lost, by heap and address: the first address behind each, and its birth. No
    /// two of them overlap. Who was freed since is taken out when its memory is used again.
    before: BTreeMap<(usize, u64), (u64, u64)>,
    /// Where blocks began since then.
    since: Vec<u64>,
    /// Address and birth of blocks that have ended, and no effect has told so yet: one does with each allocation.
    ended: VecDeque<(u64, u64)>,
}

impl Overlaps {
    #[inline(always)]
    pub(super) fn watches(&self) -> bool {
        self.watches
    }

    /// A block begins. What lay in its memory before the last loss has ended.
    fn begin(&mut self, heap: usize, address: u64, size: u64) {
        self.since.push(address);
        for (before, birth) in self.take_out(heap, address, size) {
            // The one that began at this very address is known to have ended.
            if before != address {
                self.ended.push_back((before, birth));
            }
        }
    }

    /// Takes out the blocks that overlap with this one: address and birth.
    fn take_out(&mut self, heap: usize, address: u64, size: u64) -> Vec<(u64, u64)> {
        let end = address.saturating_add(size.max(1));
        let below = self.before.range((heap, 0)..(heap, end)).rev();
        let overlapping: Vec<(u64, u64)> = below
            .take_while(|(_, (behind, _))| *behind > address)
            .map(|((_, before), (_, birth))| (*before, *birth))
            .collect();
        for (before, _) in &overlapping {
            self.before.remove(&(heap, *before));
        }
        overlapping
    }

    /// Data are lost while this block lives.
    fn suspect(&mut self, address: u64, block: &LiveBlock) {
        let heap = block.heap();
        self.take_out(heap, address, block.bytes());
        let end = address.saturating_add(block.bytes().max(1));
        self.before.insert((heap, address), (end, block.time));
    }
}

impl HeapModel {
    /// Data were lost: what lives may have been freed.
    pub(super) fn suspect_all(&mut self) {
        if !self.overlaps.watches {
            self.overlaps.watches = true;
            let mut live: Vec<_> = self.blocks.live().collect();
            live.sort_unstable_by_key(|(address, block)| (block.time, *address));
            self.overlaps.since = live.into_iter().map(|(address, _)| address).collect();
        }
        for address in std::mem::take(&mut self.overlaps.since) {
            if let Some(block) = self.blocks.at(address) {
                self.overlaps.suspect(address, &block);
            }
        }
    }

    /// Blocks that seem to live and cannot, as no effect has told yet. The outcome leaves them out.
    pub fn ended_unseen(&self) -> Vec<KnownBlock> {
        let ended = self.overlaps.ended.iter();
        ended
            .filter_map(|&(address, birth)| {
                let block = self.blocks.at(address)?;
                (block.time == birth).then(|| self.known(address, block))
            })
            .collect()
    }

    /// Notes what a block that begins shows to have ended. Unless this event tells of one already, it is time to tell of
    /// the next.
    #[cold]
    pub(super) fn begin_over_others(
        &mut self,
        address: u64,
        heap: usize,
        size: u64,
        lost: Option<KnownBlock>,
        now: &Occasion,
    ) -> Option<KnownBlock> {
        self.overlaps.begin(heap, address, size);
        if lost.is_some() {
            return lost;
        }
        while let Some((address, birth)) = self.overlaps.ended.pop_front() {
            if let Some(block) = self.blocks.forget(address, birth) {
                self.lose(block, now);
                return Some(self.known(address, block));
            }
        }
        None
    }

    /// Takes out all that have ended.
    pub(super) fn lose_all_overlapped(&mut self, time: u64) {
        for (address, birth) in std::mem::take(&mut self.overlaps.ended) {
            if let Some(block) = self.blocks.forget(address, birth) {
                self.problems
                    .add(ProblemKind::FreeLost, 0, None, Some(time));
                self.end_unseen(block, time);
            }
        }
    }
}
