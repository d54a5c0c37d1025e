//! The heaps that a target tells apart.

use crate::outcome::HeapUsage;

/// All heaps, in order of first appearance.
#[derive(Clone, Debug, Default)]
pub(super) struct Heaps {
    list: Vec<HeapUsage>,
}

/// Heaps beyond this number share one entry.
const MOST_HEAPS: usize = 64;

impl Heaps {
    /// The place of a heap in the list; an unknown one is added.
    #[inline]
    pub(super) fn index(&mut self, heap: u64) -> usize {
        // Most targets tell no heaps apart.
        if self.list.first().is_some_and(|first| first.heap == heap) {
            return 0;
        }
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

    pub(super) fn define(&mut self, heap: u64, base: u64, size: u64) {
        let index = self.index(heap);
        let heap = &mut self.list[index];
        heap.base = Some(base);
        heap.size = Some(size);
    }

    /// A block comes from this heap; returns the heap's place in the list.
    #[inline]
    pub(super) fn allocate(&mut self, heap: u64, size: u64) -> usize {
        let index = self.index(heap);
        let heap = &mut self.list[index];
        heap.allocations += 1;
        heap.outstanding_bytes += size;
        heap.peak_bytes = heap.peak_bytes.max(heap.outstanding_bytes);
        index
    }

    #[inline]
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

    /// The target restarted: nothing lives any more.
    pub(super) fn empty(&mut self) {
        for heap in &mut self.list {
            heap.outstanding_bytes = 0;
        }
    }

    /// The list, unless there is nothing to tell apart: one heap of which nothing is known.
    pub(crate) fn told_apart(&self) -> Vec<HeapUsage> {
        match &self.list[..] {
            [only] if only.heap == 0 && only.size.is_none() => Vec::new(),
            list => list.to_vec(),
        }
    }
}
