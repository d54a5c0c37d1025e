//! Holes in lists, the newest first, for allocators that put a hole in front of those of its kind.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ops::Range;

/// Holes by kind, and within a kind from the newest to the oldest.
#[derive(Clone, Debug, Default)]
pub(super) struct NewestFirst {
    /// By kind, and by how many were added before.
    holes: BTreeMap<(u64, Reverse<u64>), Range<u64>>,
    /// By start: the key in `holes`.
    keys: BTreeMap<u64, (u64, Reverse<u64>)>,
    added: u64,
}

impl NewestFirst {
    pub(super) fn add(&mut self, kind: u64, hole: &Range<u64>) {
        self.added += 1;
        let key = (kind, Reverse(self.added));
        self.keys.insert(hole.start, key);
        self.holes.insert(key, hole.clone());
    }

    pub(super) fn remove(&mut self, hole: &Range<u64>) {
        if let Some(key) = self.keys.remove(&hole.start) {
            self.holes.remove(&key);
        }
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// The newest hole of the first kind from this one on that has any.
    pub(super) fn first(&self, kind: u64) -> Option<&Range<u64>> {
        let mut from_there = self.holes.range((kind, Reverse(u64::MAX))..);
        from_there.next().map(|(_, hole)| hole)
    }
}
