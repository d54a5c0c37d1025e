//! Which heap each block lies in, where a target tells several apart. Only the event that begins a block says that for sure: one that
//! ends it may name another heap, or none.

use std::collections::BTreeMap;

use leakscope_analysis::heap::{Effect, KnownBlock};
use rustc_hash::FxHashMap;

/// The heaps of blocks.
#[derive(Debug, Default)]
pub(crate) struct Heaps {
    /// In order of first appearance.
    named: Vec<u64>,
    /// Of those that live, by address; none of those in the heap without a name.
    live: FxHashMap<u64, u64>,
    /// By core: what ended there last, and may turn out not to have.
    ended: FxHashMap<u8, (u64, u64)>,
    /// By address and begin: the blocks that other events say otherwise of.
    otherwise: BTreeMap<(u64, u64), u64>,
}

/// As in the report: further heaps count as the last of these.
const HEAPS: usize = 64;

/// Blocks of which events disagree, at most: further ones lie where the last event says.
const OTHERWISE: usize = 1 << 16;

impl Heaps {
    /// Whether all blocks so far lie in the heap without a name, as does one of an event that names this heap.
    #[inline(always)]
    pub(crate) fn is_one(&self, named: u64) -> bool {
        named == 0 && self.named.is_empty()
    }

    /// The heap of a block that an event has to do with, which names this one; 0: the one without a name.
    pub(crate) fn of(&self, known: &KnownBlock, named: u64) -> u64 {
        let otherwise = self.otherwise.get(&key(known));
        otherwise.copied().unwrap_or_else(|| self.said(named))
    }

    /// What the heap counts as that an event names.
    pub(crate) fn said(&self, named: u64) -> u64 {
        match named {
            heap if self.named.len() < HEAPS || self.named.contains(&heap) => heap,
            0 => 0,
            _ => self.named[HEAPS - 1],
        }
    }

    /// Takes into account what an event did on a core, which names this heap.
    pub(crate) fn note(&mut self, effect: &Effect, core: u8, named: u64) {
        if self.is_one(named) {
            return;
        }
        if named != 0 && self.named.len() < HEAPS && !self.named.contains(&named) {
            self.named.push(named);
        }
        let heap = self.said(named);
        for gone in [effect.ended(), effect.lost()].into_iter().flatten() {
            let own = self.live.remove(&gone.block.address).unwrap_or(0);
            self.ended.insert(core, (gone.block.address, own));
            self.tell(gone, own, heap);
        }
        if let Some(revived) = effect.revived() {
            let address = revived.block.address;
            let ended = self.ended.remove(&core);
            let own = ended.filter(|ended| ended.0 == address);
            let own = own.map_or(0, |(_, heap)| heap);
            self.live_in(address, own);
            self.tell(revived, own, heap);
        }
        if let Some(began) = effect.began() {
            self.live_in(began.block.address, heap);
        }
        if matches!(effect, Effect::Restart) {
            self.live.clear();
        }
    }

    fn live_in(&mut self, address: u64, heap: u64) {
        if heap != 0 {
            self.live.insert(address, heap);
        }
    }

    fn tell(&mut self, known: &KnownBlock, own: u64, said: u64) {
        if own != said && self.otherwise.len() < OTHERWISE {
            self.otherwise.insert(key(known), own);
        }
    }
}

fn key(known: &KnownBlock) -> (u64, u64) {
    (known.block.address, known.block.time)
}
