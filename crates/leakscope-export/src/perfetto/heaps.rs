//! The heaps that the target told apart, as far as it said where they lie: a block is of the one that its address is in.

use leakscope_analysis::outcome::Outcome;

/// Where the heaps lie.
#[derive(Debug)]
pub(super) struct Heaps(Vec<Heap>);

/// Where a heap lies, in bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heap {
    base: u64,
    size: u64,
}

impl Heaps {
    pub(super) fn of(outcome: &Outcome) -> Self {
        let heaps = outcome.heaps.iter().filter_map(|heap| {
            let (base, size) = heap.base.zip(heap.size)?;
            Some(Heap { base, size })
        });
        Self(heaps.collect())
    }

    /// The heap that an address is in, by its place; `None` if it is in none of these.
    pub(super) fn place(&self, address: u64) -> Option<usize> {
        let holds = |heap: &Heap| address.wrapping_sub(heap.base) < heap.size;
        self.0.iter().position(holds)
    }

    /// Likewise, among several: what is in the only one is in the heap.
    pub(super) fn place_among(&self, address: u64) -> Option<usize> {
        self.place(address).filter(|_| self.are_several())
    }

    pub(super) fn are_several(&self) -> bool {
        self.0.len() > 1
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Heap> {
        self.0.iter()
    }

    /// How many bytes there are.
    pub(super) fn size(&self, place: usize) -> u64 {
        self.0[place].size
    }

    /// What a heap is called, or what is in none.
    pub(super) fn name(&self, place: Option<usize>) -> String {
        let heap = place.and_then(|place| self.0.get(place));
        heap.map_or_else(
            || "heap".to_owned(),
            |heap| format!("heap at {:#x}", heap.base),
        )
    }
}
