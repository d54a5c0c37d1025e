//! Damage of each kind, and what it cost.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::random::Random;
use crate::reading::{Found, Packets};

/// What was done to a recording: `removed` bytes at `at` are gone, `inserted` stand there instead.
#[derive(Clone, Debug)]
pub(crate) struct Harm {
    pub(crate) at: usize,
    pub(crate) removed: usize,
    pub(crate) inserted: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HarmKind {
    Flip,
    Delete,
    Insert,
}

impl HarmKind {
    pub(crate) const ALL: [(Self, &'static str); 3] = [
        (Self::Flip, "one bit flipped"),
        (Self::Delete, "1-64 B deleted"),
        (Self::Insert, "1-64 B inserted"),
    ];
}

impl Harm {
    /// A damage behind a header of so many bytes.
    pub(crate) fn draw(kind: HarmKind, bytes: &[u8], header: usize, random: &mut Random) -> Self {
        let count = match kind {
            HarmKind::Flip => 1,
            _ => 1 + random.below(64),
        };
        let at = header + random.below(bytes.len() - header - count);
        let (removed, inserted) = match kind {
            HarmKind::Flip => (1, vec![bytes[at] ^ 1 << random.below(8)]),
            HarmKind::Delete => (count, Vec::new()),
            HarmKind::Insert => (0, random.bytes(count)),
        };
        Self {
            at,
            removed,
            inserted,
        }
    }

    pub(crate) fn of(&self, bytes: &[u8]) -> Vec<u8> {
        let (before, rest) = bytes.split_at(self.at);
        [before, &self.inserted, &rest[self.removed..]].concat()
    }

    /// Whether a packet that stands there is hit.
    pub(crate) fn hits(&self, place: &Range<usize>) -> bool {
        if self.removed == 0 {
            place.start < self.at && self.at < place.end
        } else {
            place.start < self.at + self.removed && self.at < place.end
        }
    }

    /// Where a packet that was not hit stands now.
    fn moved(&self, found: Found) -> Found {
        let offset = if found.offset >= self.at + self.removed {
            found.offset + self.inserted.len() - self.removed
        } else {
            found.offset
        };
        Found { offset, ..found }
    }

    /// How many packets that were not hit are lost, and how many were read that are none. A packet that was
    /// hit may be read all the same.
    pub(crate) fn compare(
        &self,
        places: &[(Found, Range<usize>)],
        damaged: &Packets,
    ) -> (usize, usize) {
        let read: BTreeSet<Found> = damaged.found.iter().copied().collect();
        let (mut lost, mut expected) = (0, BTreeSet::new());
        for (found, place) in places {
            let now = self.moved(*found);
            if !self.hits(place) {
                lost += usize::from(!read.contains(&now));
            }
            expected.insert(now.offset);
        }
        let invented = read
            .iter()
            .filter(|found| !expected.contains(&found.offset))
            .count();
        (lost, invented)
    }
}
