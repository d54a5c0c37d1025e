//! What the page shows of each call site beyond what the analysis keeps: its curve, sizes, lifetimes.

use leakscope_analysis::outcome::Block;

use super::curve::Curve;
use super::exchange::{Freed, Sum};
use super::sums::{OwnSums, SiteSums};

/// The life of one call site.
#[derive(Clone, Debug, Default)]
pub(crate) struct SiteIndex {
    pub(crate) curve: Curve,
    pub(crate) sizes: Histogram,
    pub(crate) lifetimes: Histogram,
    /// By context: its own blocks; and what was counted of them when the part began.
    own: Vec<OwnSums>,
    own_before: Vec<OwnSums>,
    /// By context: what lived when a session was over.
    gone: Vec<Sum>,
    /// What happened since the part began, beside what those say.
    part: SiteSums,
}

/// The bucket of a number: powers of two.
fn power(number: u64) -> usize {
    (u64::BITS - number.leading_zeros()) as usize
}

/// Numbers counted by power of two: 0, 1, 2 to 3, 4 to 7 …
#[derive(Clone, Debug)]
pub(crate) struct Histogram([u32; POWERS]);

/// The last bucket also holds what is beyond it: sizes have 32 bits, and lifetimes of so many ticks are years.
const POWERS: usize = 56;

impl Default for Histogram {
    fn default() -> Self {
        Self([0; POWERS])
    }
}

impl Histogram {
    #[inline]
    fn add(&mut self, number: u64) {
        let count = &mut self.0[power(number).min(POWERS - 1)];
        *count = count.saturating_add(1);
    }

    fn remove(&mut self, number: u64) {
        let count = &mut self.0[power(number).min(POWERS - 1)];
        *count = count.saturating_sub(1);
    }

    /// What each bucket holds, `[from, to)`, and how often; ascending.
    pub(crate) fn buckets(&self) -> impl Iterator<Item = (u64, u64, u32)> + '_ {
        let counts = self.0.iter().enumerate();
        counts
            .filter(|&(_, &count)| count > 0)
            .map(|(power, &count)| {
                let (from, to) = bucket(power);
                (from, to, count)
            })
    }
}

/// What a bucket holds: `[from, to)`.
fn bucket(power: usize) -> (u64, u64) {
    let begin = |power: usize| match power {
        0 => 0,
        power => 1u64.checked_shl(power as u32 - 1).unwrap_or(u64::MAX),
    };
    (begin(power), begin(power + 1))
}

impl SiteIndex {
    /// A block begins.
    #[inline(always)]
    pub(super) fn allocated(&mut self, time: u64, block: &Block, context: u16) {
        self.sizes.add(block.size);
        self.curve.allocated(time, block.size);
        self.own(context).allocated.add(block.size);
        self.part.spread.add(block);
        self.part.reach(self.curve.live());
    }

    /// A block is given another size.
    pub(super) fn reallocated(&mut self) {
        self.part.reallocations += 1;
    }

    /// There was no memory for a block.
    pub(super) fn failed(&mut self) {
        self.part.failed += 1;
    }

    /// A block is freed.
    #[inline(always)]
    pub(super) fn freed(&mut self, block: &Block, freed: &Freed) {
        self.lifetimes.add(freed.time.saturating_sub(block.time));
        let own = self.own(freed.owner);
        own.ended.add(block.size);
        own.temporary.add_if(freed.is_temporary, block.size);
        self.curve.freed(freed.time, block.size);
    }

    /// A block of a context is gone, nobody saw how.
    pub(super) fn lost(&mut self, time: u64, size: u64, owner: u16) {
        self.own(owner).ended.add(size);
        self.curve.lost(time, size);
        self.part.lost.add(size);
    }

    /// The last free of a block was none.
    pub(super) fn revived(&mut self, time: u64, block: &Block, freed: &Freed) {
        self.lifetimes.remove(freed.time.saturating_sub(block.time));
        let own = self.own(freed.owner);
        own.ended.remove(block.size);
        if freed.is_temporary {
            own.temporary.remove(block.size);
        }
        self.curve.take_back(freed.time, time, block.size);
        self.part.reach(self.curve.live());
    }

    /// The target restarts: nothing lives any more.
    pub(super) fn restarted(&mut self, time: u64) {
        self.curve.empty(time);
        self.gone = self.own.iter().map(OwnSums::outstanding).collect();
    }

    #[inline(always)]
    fn own(&mut self, context: u16) -> &mut OwnSums {
        let place = usize::from(context);
        if place >= self.own.len() {
            self.add_contexts(place + 1);
        }
        &mut self.own[place]
    }

    #[cold]
    fn add_contexts(&mut self, count: usize) {
        self.own.resize(count, OwnSums::default());
    }

    /// Blocks that were freed before their owner allocated anything else.
    pub(crate) fn temporary(&self) -> Sum {
        let mut sum = Sum::default();
        (self.own.iter()).for_each(|own| sum.join(own.temporary));
        sum
    }

    /// The contexts that allocated blocks here, by number, and what became of these.
    pub(crate) fn by_context(&self) -> impl Iterator<Item = (u16, &OwnSums)> {
        let own = (0..).zip(&self.own);
        own.filter(|(_, sums)| sums.allocated.blocks > 0)
    }

    /// What happened since the part began, if something did; the next part begins.
    pub(super) fn take_part(&mut self) -> Option<SiteSums> {
        let live = self.curve.live();
        let mut part = std::mem::replace(&mut self.part, SiteSums::beginning_at(live));
        part.left = live.bytes;
        self.own_before.resize(self.own.len(), OwnSums::default());
        let own = (0..).zip(self.own.iter().zip(&self.own_before));
        let own = own.map(|(context, (own, before))| (context, own.since(before)));
        part.add_own(own.filter(|(_, own)| *own != OwnSums::default()));
        for (&context, own) in &mut part.own {
            let place = usize::from(context);
            let gone = self.gone.get(place).copied().unwrap_or_default();
            own.left = self.own[place].outstanding().since(gone);
        }
        self.own_before.copy_from_slice(&self.own);
        (!part.is_empty()).then_some(part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_hold_their_numbers() {
        for number in [0, 1, 2, 3, 4, 7, 8, 1 << 40, u64::MAX] {
            let (from, to) = bucket(power(number));
            assert!(
                from <= number && (number < to || to == u64::MAX),
                "{number}"
            );
        }
    }
}
