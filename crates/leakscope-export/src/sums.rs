//! Sums over the blocks of a call site, for profiles: what was allocated, what is outstanding, and who held the peak.

use indexmap::IndexMap;
use leakscope_analysis::heap::{KnownBlock, SiteId};
use leakscope_analysis::outcome::CallSite;
use leakscope_analysis::trace::Context;
use rustc_hash::FxBuildHasher;

use crate::lives::{Change, What};

/// Who allocated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) site: SiteId,
    pub(crate) context: Context,
    /// `None` if it was not always the same one.
    pub(crate) core: Option<u8>,
}

impl Key {
    fn of(known: &KnownBlock) -> Self {
        Self {
            site: known.site,
            context: known.block.context,
            core: Some(known.block.core),
        }
    }
}

/// What one of them did.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sum {
    pub(crate) allocations: u64,
    pub(crate) allocated_bytes: u64,
    pub(crate) outstanding_blocks: u64,
    pub(crate) outstanding_bytes: u64,
    /// Bytes that lived when the most bytes lived in all.
    pub(crate) bytes_at_peak: u64,
    live_bytes: u64,
    /// The peak that `bytes_at_peak` is about.
    peak: u64,
}

/// The sums of all.
#[derive(Debug, Default)]
pub(crate) struct Sums {
    /// In order of first appearance.
    all: IndexMap<Key, Sum, FxBuildHasher>,
    live_bytes: u64,
    most_bytes: u64,
    /// How many peaks there were: each is higher than those before.
    peaks: u64,
}

impl Sums {
    /// What a heap dump says: sums are all that it knows of a call site.
    pub(crate) fn of_moment(sites: &[CallSite]) -> Self {
        let mut sums = Self::default();
        for site in sites {
            let key = Key {
                site: site.id,
                context: Context::Unknown,
                core: <[u8; 1]>::try_from(&site.cores[..]).ok().map(|[core]| core),
            };
            let sum = Sum {
                allocations: site.allocations,
                allocated_bytes: site.allocated_bytes,
                outstanding_blocks: site.outstanding_blocks,
                outstanding_bytes: site.outstanding_bytes,
                ..Sum::default()
            };
            sums.all.insert(key, sum);
        }
        sums
    }

    pub(crate) fn add(&mut self, changes: &[Change]) {
        for change in changes {
            self.change(change);
        }
    }

    fn change(&mut self, change: &Change) {
        let peak = self.peaks;
        let size = change.size();
        let sum = self.all.entry(Key::of(&change.known)).or_default();
        if sum.peak != peak {
            // Nothing has changed here since the last peak.
            (sum.bytes_at_peak, sum.peak) = (sum.live_bytes, peak);
        }
        if change.what == What::Begins {
            sum.live_bytes += size;
            self.live_bytes += size;
            sum.allocations += 1;
            sum.allocated_bytes += size;
        } else {
            sum.live_bytes -= size;
            self.live_bytes -= size;
        }
        if change.what == What::Outstanding {
            sum.outstanding_blocks += 1;
            sum.outstanding_bytes += size;
        }
        if self.live_bytes > self.most_bytes {
            self.most_bytes = self.live_bytes;
            self.peaks += 1;
        }
    }

    /// All of them, in order of first appearance.
    pub(crate) fn finish(mut self) -> impl Iterator<Item = (Key, Sum)> {
        for sum in self.all.values_mut().filter(|sum| sum.peak != self.peaks) {
            (sum.bytes_at_peak, sum.peak) = (sum.live_bytes, self.peaks);
        }
        self.all.into_iter()
    }
}
