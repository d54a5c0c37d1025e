//! Address ranges that may overlap, and which of them hold an address.

use std::cmp::Reverse;
use std::ops::Range;

/// Values by address range.
///
/// Ranges of debug information are mostly disjoint, but not reliably so: two
/// units may claim one address, a function may lie inside another.
#[derive(Debug)]
pub(crate) struct RangeMap<T> {
    /// In the order of `begin`; of ranges that begin together, the widest first.
    entries: Vec<Entry<T>>,
}

#[derive(Debug)]
struct Entry<T> {
    begin: u64,
    end: u64,
    /// The highest `end` of this entry and all before it: tells when to stop looking back.
    reach: u64,
    value: T,
}

impl<T> RangeMap<T> {
    /// Empty ranges are left out. Of two equal ranges the first is found first.
    pub(crate) fn new(ranges: impl IntoIterator<Item = (Range<u64>, T)>) -> Self {
        let mut entries: Vec<Entry<T>> = ranges
            .into_iter()
            .filter(|(range, _)| !range.is_empty())
            .map(|(range, value)| Entry {
                begin: range.start,
                end: range.end,
                reach: 0,
                value,
            })
            .collect();
        // `containing` walks backwards: reversed here, the stable sort leaves the first of equals last.
        entries.reverse();
        entries.sort_by_key(|entry| (entry.begin, Reverse(entry.end)));
        let mut reach = 0;
        for entry in &mut entries {
            reach = entry.end.max(reach);
            entry.reach = reach;
        }
        Self { entries }
    }

    /// The values whose ranges hold `address`, the range that begins nearest to it first.
    pub(crate) fn containing(&self, address: u64) -> impl Iterator<Item = &T> + Clone {
        self.ranges_containing(address).map(|(_, value)| value)
    }

    /// As [`RangeMap::containing`], with the ranges.
    pub(crate) fn ranges_containing(
        &self,
        address: u64,
    ) -> impl Iterator<Item = (Range<u64>, &T)> + Clone {
        let begun = self.entries.partition_point(|entry| entry.begin <= address);
        self.entries[..begun]
            .iter()
            .rev()
            .take_while(move |entry| entry.reach > address)
            .filter(move |entry| entry.end > address)
            .map(|entry| (entry.begin..entry.end, &entry.value))
    }

    /// Whether any range holds `address`.
    pub(crate) fn contains(&self, address: u64) -> bool {
        self.containing(address).next().is_some()
    }

    /// Every range, in the order of addresses.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Range<u64>, &T)> {
        self.entries
            .iter()
            .map(|entry| (entry.begin..entry.end, &entry.value))
    }
}

impl<T> Default for RangeMap<T> {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RangeMap;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn agrees_with_a_linear_search(
            ranges in prop::collection::vec((0_u64..60, 0_u64..20), 0..40),
            address in 0_u64..90,
        ) {
            let ranges: Vec<_> = ranges.iter().map(|(begin, size)| *begin..begin + size).collect();
            let map = RangeMap::new(ranges.iter().cloned().zip(0_usize..));
            let found: Vec<usize> = map.containing(address).copied().collect();

            let mut naive: Vec<usize> =
                (0..ranges.len()).filter(|index| ranges[*index].contains(&address)).collect();
            naive.sort_by_key(|index| {
                (std::cmp::Reverse(ranges[*index].start), ranges[*index].end, *index)
            });
            prop_assert_eq!(found, naive);
        }
    }
}
