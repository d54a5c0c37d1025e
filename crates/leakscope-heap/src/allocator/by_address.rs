//! Holes in order of addresses, for allocators that take the first one that fits.

use std::collections::BTreeMap;
use std::ops::Range;

/// Holes by address, in classes of length: the first one that is long enough is the first of few.
#[derive(Clone, Debug, Default)]
pub(super) struct ByAddress {
    /// By the power of two below its length: the ends of holes by their starts.
    classes: Vec<BTreeMap<u64, u64>>,
}

impl ByAddress {
    pub(super) fn add(&mut self, hole: &Range<u64>) {
        let class = class(hole.end - hole.start);
        if self.classes.len() <= class {
            self.classes.resize_with(class + 1, BTreeMap::new);
        }
        self.classes[class].insert(hole.start, hole.end);
    }

    pub(super) fn remove(&mut self, hole: &Range<u64>) {
        if let Some(class) = self.classes.get_mut(class(hole.end - hole.start)) {
            class.remove(&hole.start);
        }
    }

    pub(super) fn clear(&mut self) {
        self.classes.clear();
    }

    /// The first hole of at least `length` bytes that also `fits`.
    pub(super) fn first(
        &self,
        length: u64,
        fits: impl Fn(&Range<u64>) -> bool,
    ) -> Option<Range<u64>> {
        let classes = self.classes.get(class(length)..)?;
        let firsts = classes.iter().filter_map(|holes| {
            let mut holes = holes.iter().map(|(&start, &end)| start..end);
            holes.find(|hole| hole.end - hole.start >= length && fits(hole))
        });
        firsts.min_by_key(|hole| hole.start)
    }
}

fn class(length: u64) -> usize {
    length.checked_ilog2().unwrap_or(0) as usize
}
