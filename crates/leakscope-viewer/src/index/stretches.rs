//! How long something lasted, over time: exact sums in stretches of equal length, which become longer as the
//! trace does.

/// A bin, or some in a row that are full, and how many ticks of them. Packed, as there are millions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C, packed(4))]
pub(super) struct Entry {
    first: u32,
    ticks: u64,
}

impl Entry {
    /// How many bins it is of, of 2 to the power of `shift` ticks.
    fn bins(self, shift: u32) -> u64 {
        (self.ticks >> shift).max(1)
    }
}

/// The sums of one thing. What is added comes in order of time.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stretches {
    shift: u32,
    entries: Vec<Entry>,
}

/// A stretch of time, and how many ticks of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stretch {
    pub(crate) from: u64,
    pub(crate) to: u64,
    pub(crate) ticks: u64,
}

impl Stretches {
    /// It lasted from here to there. Bins must be so long that their numbers have 32 bits.
    fn add(&mut self, from: u64, to: u64) {
        let (first, last) = (from >> self.shift, to >> self.shift);
        if first == last {
            self.push(first as u32, to - from);
            return;
        }
        self.push(first as u32, ((first + 1) << self.shift) - from);
        if last > first + 1 {
            self.push_full((first + 1) as u32, last - first - 1);
        }
        self.push(last as u32, to - (last << self.shift));
    }

    /// Adds ticks of one bin.
    #[inline]
    fn push(&mut self, bin: u32, ticks: u64) {
        let full = 1 << self.shift;
        let sum = match self.entries.last_mut() {
            Some(last) if last.first == bin => {
                last.ticks += ticks;
                last.ticks
            }
            _ if ticks == 0 => return,
            _ => {
                self.entries.push(Entry { first: bin, ticks });
                ticks
            }
        };
        if sum == full {
            self.join_full();
        }
    }

    fn push_full(&mut self, first: u32, bins: u64) {
        let ticks = bins << self.shift;
        self.entries.push(Entry { first, ticks });
        self.join_full();
    }

    /// The last two entries become one if both are full, without a hole between them.
    fn join_full(&mut self) {
        let [.., before, last] = self.entries.as_mut_slice() else {
            return;
        };
        let is_full = |entry: &Entry| entry.ticks >> self.shift > 0;
        let behind = u64::from(before.first) + before.bins(self.shift);
        if behind == u64::from(last.first) && is_full(before) && is_full(last) {
            before.ticks += last.ticks;
            self.entries.pop();
        }
    }

    /// `before` is room for what was summed up in shorter bins: memory that is used the first time costs more than this.
    #[cold]
    fn widen(&mut self, shift: u32, before: &mut Vec<Entry>) {
        before.clear();
        before.append(&mut self.entries);
        let old = std::mem::replace(&mut self.shift, shift);
        self.add_all(before, old);
    }

    /// What was summed up in shorter bins, of 2 to the power of `old` ticks.
    fn add_all(&mut self, entries: &[Entry], old: u32) {
        for entry in entries {
            if entry.bins(old) == 1 {
                self.push(entry.first >> (self.shift - old), entry.ticks);
            } else {
                let from = u64::from(entry.first) << old;
                self.add(from, from + entry.ticks);
            }
        }
    }

    /// How many sums there are.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The sums of the bins that overlap with a window, in order of time.
    pub(crate) fn within(&self, from: u64, to: u64) -> impl Iterator<Item = Stretch> + '_ {
        let shift = self.shift;
        let stretch = move |entry: &Entry| Stretch {
            from: u64::from(entry.first) << shift,
            to: (u64::from(entry.first) + entry.bins(shift)) << shift,
            ticks: entry.ticks,
        };
        let first = self
            .entries
            .partition_point(|entry| stretch(entry).to <= from);
        self.entries[first..]
            .iter()
            .map(stretch)
            .take_while(move |stretch| stretch.from < to)
    }
}

/// The sums of one thing, and the same in longer bins, so that long windows need not go through all of the
/// short ones. The longer bins are made of the shorter ones when they are asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Layers {
    fine: Stretches,
    coarse: Stretches,
    /// Whether more was added than the longer bins hold.
    is_stale: bool,
    /// All ticks.
    pub(crate) total: u64,
}

/// A coarse bin is as long as 2 to this power fine ones.
const COARSER: u32 = 4;

impl Layers {
    /// As [`Stretches::add`].
    pub(crate) fn add(&mut self, from: u64, to: u64) {
        self.fine.add(from, to);
        self.total += to - from;
        self.is_stale = true;
    }

    /// As [`Stretches::push`].
    #[inline]
    pub(crate) fn push(&mut self, bin: u32, ticks: u64) {
        self.fine.push(bin, ticks);
        self.total += ticks;
        self.is_stale = true;
    }

    /// Brings the longer bins up to date.
    pub(crate) fn coarsen(&mut self) {
        if std::mem::take(&mut self.is_stale) {
            self.coarse.entries.clear();
            self.coarse.shift = self.fine.shift + COARSER;
            self.coarse.add_all(&self.fine.entries, self.fine.shift);
        }
    }

    /// As [`Stretches::within`], in bins that need not be shorter than `column`. The longer bins must be up to
    /// date.
    pub(crate) fn within(
        &self,
        from: u64,
        to: u64,
        column: u64,
    ) -> impl Iterator<Item = Stretch> + '_ {
        debug_assert!(!self.is_stale);
        let layer = match column >> self.coarse.shift {
            0 => &self.fine,
            _ => &self.coarse,
        };
        layer.within(from, to)
    }

    /// How many sums there are.
    pub(crate) fn len(&self) -> usize {
        self.fine.len()
    }

    /// Makes bins as long as 2 to the power of `shift` ticks, if they are shorter.
    #[inline]
    pub(super) fn widen(&mut self, shift: u32, room: &mut Vec<Entry>) {
        if self.fine.shift != shift {
            self.fine.widen(shift, room);
            self.is_stale = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shift_for(end: u64, mut shift: u32) -> u32 {
        while end >> shift >= 1 << 10 {
            shift += 1;
        }
        shift
    }

    /// The sums are those of what was added.
    fn check(sums: &Stretches, all: &[(u64, u64)]) {
        let mut end = 0;
        let mut total = 0;
        for stretch in sums.within(0, u64::MAX) {
            assert!(stretch.from >= end && stretch.ticks <= stretch.to - stretch.from);
            end = stretch.to;
            total += stretch.ticks;
            let inside: u64 = all
                .iter()
                .map(|&(from, to)| to.min(stretch.to).saturating_sub(from.max(stretch.from)))
                .sum();
            assert_eq!(inside, stretch.ticks);
        }
        assert_eq!(total, all.iter().map(|(from, to)| to - from).sum::<u64>());
    }

    proptest! {
        #[test]
        fn sums_are_those_of_the_ticks(
            lengths in proptest::collection::vec((0u64..5_000, 1u64..90_000), 1..300),
        ) {
            let mut layers = Layers::default();
            let (mut time, mut shift, mut all) = (0, 0, Vec::new());
            for (pause, length) in lengths {
                let (from, to) = (time + pause, time + pause + length);
                shift = shift_for(to, shift);
                layers.widen(shift, &mut Vec::new());
                layers.add(from, to);
                all.push((from, to));
                time = to;
            }
            layers.coarsen();
            prop_assert_eq!(layers.total, all.iter().map(|(from, to)| to - from).sum::<u64>());
            check(&layers.fine, &all);
            check(&layers.coarse, &all);
        }
    }
}
