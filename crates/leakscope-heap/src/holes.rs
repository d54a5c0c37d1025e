//! The holes of a region, in order of addresses and by how long they are.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::ops::Range;

/// Holes by address, in classes of length: the first one that is long enough is the first of few.
#[derive(Clone, Debug, Default)]
pub(crate) struct Holes {
    /// By the power of two below its length: the ends of holes by their starts.
    classes: Vec<BTreeMap<u64, u64>>,
    pub(crate) count: u64,
    pub(crate) bytes: u64,
    /// The sum of squared lengths.
    pub(crate) squares: u128,
    /// The length of the largest one, if that was looked up since it was taken away.
    largest: Cell<Option<u64>>,
}

impl Holes {
    pub(crate) fn add(&mut self, hole: &Range<u64>) {
        let length = hole.end - hole.start;
        let class = class(length);
        if self.classes.len() <= class {
            self.classes.resize_with(class + 1, BTreeMap::new);
        }
        self.classes[class].insert(hole.start, hole.end);
        self.count += 1;
        self.bytes += length;
        self.squares += u128::from(length).pow(2);
        let largest = self.largest.get_mut();
        *largest = largest.map(|largest| largest.max(length));
    }

    /// Takes away a hole that there is.
    pub(crate) fn remove(&mut self, hole: &Range<u64>) {
        let length = hole.end - hole.start;
        if let Some(class) = self.classes.get_mut(class(length)) {
            class.remove(&hole.start);
        }
        self.count -= 1;
        self.bytes -= length;
        self.squares -= u128::from(length).pow(2);
        self.largest
            .set(self.largest.get().filter(|&largest| length < largest));
    }

    /// The first hole of at least `length` bytes that also `fits`.
    pub(crate) fn first(
        &self,
        length: u64,
        fits: impl Fn(&Range<u64>) -> bool,
    ) -> Option<Range<u64>> {
        let mut best: Option<Range<u64>> = None;
        for holes in self.classes.get(class(length)..)? {
            // Most classes are empty, or begin behind one that was found.
            let before = best.as_ref().map_or(u64::MAX, |hole| hole.start);
            if holes
                .first_key_value()
                .is_none_or(|(&start, _)| start >= before)
            {
                continue;
            }
            let mut holes = holes.range(..before).map(|(&start, &end)| start..end);
            let found = holes.find(|hole| hole.end - hole.start >= length && fits(hole));
            best = found.or(best);
        }
        best
    }

    /// The length of the largest one; 0 if there is none.
    pub(crate) fn largest(&self) -> u64 {
        let known = self.largest.get();
        let largest = known.unwrap_or_else(|| {
            let holes = self.classes.iter().rfind(|holes| !holes.is_empty());
            let lengths = holes.into_iter().flatten().map(|(start, end)| end - start);
            lengths.max().unwrap_or(0)
        });
        self.largest.set(Some(largest));
        largest
    }

    /// Bytes of holes that have so many at least.
    pub(crate) fn bytes_from(&self, length: u64) -> u64 {
        let classes = self.classes.get(class(length)..).unwrap_or_default();
        let lengths = classes.iter().flatten().map(|(start, end)| end - start);
        lengths.filter(|&of_one| of_one >= length).sum()
    }
}

fn class(length: u64) -> usize {
    length.checked_ilog2().unwrap_or(0) as usize
}
