//! Sets of addresses, as ranges in order that do not touch.

use std::ops::Range;

/// A set of addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Ranges(Vec<Range<u64>>);

impl Ranges {
    /// All that is in any of these.
    pub(super) fn of(ranges: impl IntoIterator<Item = Range<u64>>) -> Self {
        let mut parts: Vec<_> = ranges
            .into_iter()
            .filter(|range| !range.is_empty())
            .collect();
        parts.sort_by_key(|range| range.start);
        let mut joined: Vec<Range<u64>> = Vec::with_capacity(parts.len());
        for part in parts {
            match joined.last_mut() {
                Some(last) if part.start <= last.end => last.end = last.end.max(part.end),
                _ => joined.push(part),
            }
        }
        Self(joined)
    }

    /// What is in both.
    pub(super) fn and(&self, other: &Self) -> Self {
        let mut both = Vec::new();
        let (mut mine, mut others) = (self.0.iter().peekable(), other.0.iter().peekable());
        while let (Some(a), Some(b)) = (mine.peek(), others.peek()) {
            let common = a.start.max(b.start)..a.end.min(b.end);
            let ends_first = a.end < b.end;
            if !common.is_empty() {
                both.push(common);
            }
            if ends_first {
                mine.next()
            } else {
                others.next()
            };
        }
        Self(both)
    }

    /// What is in this one alone.
    pub(super) fn without(&self, other: &Self) -> Self {
        let mut from = 0;
        let mut between = Vec::with_capacity(other.0.len() + 1);
        for range in &other.0 {
            between.push(from..range.start);
            from = range.end;
        }
        between.push(from..u64::MAX);
        self.and(&Self(
            between
                .into_iter()
                .filter(|range| !range.is_empty())
                .collect(),
        ))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Range<u64>> {
        self.0.iter()
    }

    /// How many addresses.
    pub(super) fn len(&self) -> u64 {
        self.0.iter().map(|range| range.end - range.start).sum()
    }

    /// The parts of a range that are in it.
    pub(super) fn within<'s>(
        &'s self,
        range: &Range<u64>,
    ) -> impl Iterator<Item = Range<u64>> + use<'s> {
        let Range { start, end } = *range;
        let first = self.0.partition_point(|part| part.end <= start);
        let parts = self.0[first..].iter();
        parts
            .take_while(move |part| part.start < end)
            .map(move |part| part.start.max(start)..part.end.min(end))
    }

    /// Whether one of these addresses is in it.
    pub(super) fn meets(&self, range: &Range<u64>) -> bool {
        self.within(range).next().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::Ranges;
    use proptest::prelude::*;
    use std::ops::Range;

    fn ranges() -> impl Strategy<Value = Vec<Range<u64>>> {
        let range = (0_u64..60, 0_u64..12).prop_map(|(start, length)| start..start + length);
        prop::collection::vec(range, 0..8)
    }

    proptest! {
        #[test]
        fn are_sets(a in ranges(), b in ranges(), range in (0_u64..80, 1_u64..9)) {
            let has = |set: &[Range<u64>], address| set.iter().any(|range| range.contains(&address));
            let (one, other) = (Ranges::of(a.clone()), Ranges::of(b.clone()));
            let (both, alone) = (one.and(&other), one.without(&other));
            for address in 0..80 {
                let (in_a, in_b) = (has(&a, address), has(&b, address));
                prop_assert_eq!(has(&one.0, address), in_a);
                prop_assert_eq!(has(&both.0, address), in_a && in_b);
                prop_assert_eq!(has(&alone.0, address), in_a && !in_b);
            }
            let range = range.0..range.0 + range.1;
            let meets = range.clone().any(|address| has(&a, address));
            prop_assert_eq!(one.meets(&range), meets);
        }
    }
}
