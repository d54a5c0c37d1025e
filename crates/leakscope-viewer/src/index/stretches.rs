//! How long something lasted, over time: exact sums in stretches of equal length, which become longer as the
//! trace does.

/// A trace is divided into at most so many bins.
pub(crate) const BINS: u64 = 1 << 17;

/// So many bins in a row, and how many ticks of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    first: u32,
    /// More than one only if all of them are full.
    bins: u32,
    ticks: u64,
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
    /// It lasted from here to there. `shift` must not be less than the last time, and `to` must lie within
    /// [`BINS`] bins.
    #[inline]
    pub(crate) fn add(&mut self, from: u64, to: u64, shift: u32) {
        self.widen(shift);
        if from >> shift == to >> shift {
            self.push((from >> shift) as u32, to - from);
            return;
        }
        self.add_long(from, to);
    }

    fn add_long(&mut self, from: u64, to: u64) {
        let length = 1u64 << self.shift;
        let (first, last) = (from >> self.shift, to >> self.shift);
        self.push(first as u32, ((first + 1) << self.shift) - from);
        if last > first + 1 {
            self.push_full((first + 1) as u32, (last - first - 1) as u32, length);
        }
        self.push(last as u32, to - (last << self.shift));
    }

    #[inline]
    fn push(&mut self, bin: u32, ticks: u64) {
        if ticks == 0 {
            return;
        }
        match self.entries.last_mut() {
            Some(last) if last.bins == 1 && last.first == bin => last.ticks += ticks,
            _ => self.entries.push(Entry {
                first: bin,
                bins: 1,
                ticks,
            }),
        }
        self.join_full();
    }

    fn push_full(&mut self, first: u32, bins: u32, length: u64) {
        self.entries.push(Entry {
            first,
            bins,
            ticks: length * u64::from(bins),
        });
        self.join_full();
    }

    /// The last two entries become one if both are full, without a hole between them.
    #[inline]
    fn join_full(&mut self) {
        let [.., before, last] = self.entries.as_mut_slice() else {
            return;
        };
        let length = 1u64 << self.shift;
        let is_full = |entry: &Entry| entry.ticks == length * u64::from(entry.bins);
        if before.first + before.bins == last.first && is_full(before) && is_full(last) {
            before.bins += last.bins;
            before.ticks += last.ticks;
            self.entries.pop();
        }
    }

    fn widen(&mut self, shift: u32) {
        while self.shift < shift {
            let before = std::mem::take(&mut self.entries);
            let old = self.shift;
            self.shift += 1;
            for entry in before {
                if entry.bins == 1 {
                    self.push(entry.first >> 1, entry.ticks);
                } else {
                    let from = u64::from(entry.first) << old;
                    self.add_long_or_short(from, from + entry.ticks);
                }
            }
        }
    }

    fn add_long_or_short(&mut self, from: u64, to: u64) {
        if from >> self.shift == to >> self.shift {
            self.push((from >> self.shift) as u32, to - from);
        } else {
            self.add_long(from, to);
        }
    }

    /// The sums of the bins that overlap with a window, in order of time.
    pub(crate) fn within(&self, from: u64, to: u64) -> impl Iterator<Item = Stretch> + '_ {
        let shift = self.shift;
        let stretch = move |entry: &Entry| Stretch {
            from: u64::from(entry.first) << shift,
            to: (u64::from(entry.first) + u64::from(entry.bins)) << shift,
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

    /// All ticks.
    pub(crate) fn total(&self) -> u64 {
        self.entries.iter().map(|entry| entry.ticks).sum()
    }
}

/// The sums of one thing twice, so that long windows need not go through all of the fine ones.
#[derive(Clone, Debug, Default)]
pub(crate) struct Layers {
    fine: Stretches,
    coarse: Stretches,
}

/// A coarse bin is as long as 2 to this power fine ones.
const COARSER: u32 = 4;

impl Layers {
    /// As [`Stretches::add`].
    #[inline]
    pub(crate) fn add(&mut self, from: u64, to: u64, shift: u32) {
        self.fine.add(from, to, shift);
        self.coarse.add(from, to, shift + COARSER);
    }

    /// As [`Stretches::within`], in bins that need not be shorter than `column`.
    pub(crate) fn within(
        &self,
        from: u64,
        to: u64,
        column: u64,
    ) -> impl Iterator<Item = Stretch> + '_ {
        let layer = match column >> self.coarse.shift {
            0 => &self.fine,
            _ => &self.coarse,
        };
        layer.within(from, to)
    }

    /// All ticks.
    pub(crate) fn total(&self) -> u64 {
        self.coarse.total()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shift_for(end: u64, mut shift: u32) -> u32 {
        while end >> shift >= BINS {
            shift += 1;
        }
        shift
    }

    proptest! {
        #[test]
        fn sums_are_those_of_the_ticks(
            lengths in proptest::collection::vec((0u64..5_000, 1u64..90_000), 1..300),
        ) {
            let mut stretches = Stretches::default();
            let (mut time, mut shift, mut all) = (0, 0, Vec::new());
            for (pause, length) in lengths {
                let (from, to) = (time + pause, time + pause + length);
                shift = shift_for(to, shift);
                stretches.add(from, to, shift);
                all.push((from, to));
                time = to;
            }
            prop_assert_eq!(stretches.total(), all.iter().map(|(from, to)| to - from).sum::<u64>());
            let mut end = 0;
            for stretch in stretches.within(0, u64::MAX) {
                prop_assert!(stretch.from >= end && stretch.ticks <= stretch.to - stretch.from);
                end = stretch.to;
                let inside: u64 = all
                    .iter()
                    .map(|&(from, to)| to.min(stretch.to).saturating_sub(from.max(stretch.from)))
                    .sum();
                prop_assert_eq!(inside, stretch.ticks);
            }
        }
    }
}
