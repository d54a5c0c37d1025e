//! The heaps that a target tells apart.

use crate::outcome::HeapUsage;

/// All heaps, in order of first appearance; none as long as there is nothing to tell apart: a single heap
/// without a name, as most targets have it, is used by all there is.
#[derive(Clone, Debug, Default)]
pub(super) struct Heaps {
    list: Vec<HeapUsage>,
}

/// Heaps beyond this number share one entry.
const MOST_HEAPS: usize = 64;

impl Heaps {
    /// Whether there is nothing to tell apart.
    #[inline(always)]
    pub(super) fn are_one(&self) -> bool {
        self.list.is_empty()
    }

    /// From now on, heaps are told apart. So far, the one without a name was used like this.
    pub(super) fn tell_apart(&mut self, so_far: HeapUsage) {
        if so_far.allocations > 0 {
            self.list.push(so_far);
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

    /// The target restarted: nothing lives any more.
    pub(super) fn empty(&mut self) {
        for heap in &mut self.list {
            heap.outstanding_bytes = 0;
        }
    }

    pub(super) fn list(&self) -> &[HeapUsage] {
        &self.list
    }
}
