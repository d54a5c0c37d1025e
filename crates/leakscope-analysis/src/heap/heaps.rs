//! The heaps that a target tells apart.

use std::mem;

use crate::outcome::HeapUsage;

/// All heaps, in order of first appearance; none as long as there is nothing to tell apart: a single heap
/// without a name, as most targets have it, is used by all there is.
#[derive(Clone, Debug, Default)]
pub(super) struct Heaps {
    list: Vec<HeapUsage>,
    /// Of each, the bytes that lived when sessions ended.
    left: Vec<u64>,
}

/// Heaps beyond this number share one entry.
const MOST_HEAPS: usize = 64;

impl Heaps {
    /// Whether there is nothing to tell apart.
    #[inline(always)]
    pub(super) fn are_one(&self) -> bool {
        self.list.is_empty()
    }

    /// From now on, heaps are told apart. So far, the one without a name was used like this, and this was left at the ends of
    /// sessions.
    pub(super) fn tell_apart(&mut self, so_far: HeapUsage, left: u64) {
        if so_far.allocations > 0 {
            self.list.push(so_far);
            self.left.push(left);
        }
    }

    /// The place of a heap in the list; an unknown one is added.
    pub(super) fn index(&mut self, heap: u64) -> usize {
        match self.list.iter().position(|known| known.heap == heap) {
            Some(index) => index,
            None if self.list.len() == MOST_HEAPS => MOST_HEAPS - 1,
            None => {
                self.list.push(HeapUsage {
                    heap,
                    ..HeapUsage::default()
                });
                self.list.len() - 1
            }
        }
    }

    /// A base of 0 says that the place is not known, or that there are several.
    pub(super) fn define(&mut self, heap: u64, base: u64, size: u64) {
        let index = self.index(heap);
        let heap = &mut self.list[index];
        heap.base = (base != 0).then_some(base);
        heap.size = Some(size);
    }

    /// A block comes from this heap; returns the heap's place in the list.
    pub(super) fn allocate(&mut self, heap: u64, size: u64) -> usize {
        let index = self.index(heap);
        let heap = &mut self.list[index];
        heap.allocations += 1;
        heap.outstanding_bytes += size;
        heap.peak_bytes = heap.peak_bytes.max(heap.outstanding_bytes);
        index
    }

    pub(super) fn free(&mut self, index: usize, size: u64) {
        let heap = &mut self.list[index];
        heap.frees += 1;
        heap.outstanding_bytes -= size;
    }

    pub(super) fn lose(&mut self, index: usize, size: u64) {
        self.list[index].outstanding_bytes -= size;
    }

    pub(super) fn revive(&mut self, index: usize, size: u64) {
        let heap = &mut self.list[index];
        heap.frees -= 1;
        heap.outstanding_bytes += size;
    }

    /// The session is over: what is outstanding stays so, and lives no more.
    pub(super) fn end_session(&mut self) {
        self.left.resize(self.list.len(), 0);
        for (heap, left) in self.list.iter_mut().zip(&mut self.left) {
            *left += mem::take(&mut heap.outstanding_bytes);
        }
    }

    /// As they are in this session.
    pub(super) fn list(&self) -> &[HeapUsage] {
        &self.list
    }

    /// How each was used in all sessions.
    pub(super) fn of_all_sessions(&self) -> Vec<HeapUsage> {
        let mut list = self.list.clone();
        for (heap, left) in list.iter_mut().zip(&self.left) {
            heap.outstanding_bytes += left;
        }
        list
    }
}
