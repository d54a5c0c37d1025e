//! The heap's flame graph: dumps of what each call site has allocated and freed so far, in each heap.
//!
//! The sums of a dump are those since the recording began; Perfetto subtracts the dump before itself, and takes no
//! sums that fall. It shows what was allocated and what is not freed yet, as bytes and as blocks.

use std::io;

use leakscope_analysis::heap::SiteId;

use super::packet::{PROCESS, Packets, kind};
use crate::facts::Facts;
use crate::lives::{Change, What};
use crate::selection::Selection;

/// How many dumps a recording is divided into.
const DUMPS: u64 = 50;

/// The sums since the recording began.
#[derive(Debug)]
pub(super) struct Profile {
    /// By place of the heap, before which stands what is in none; and by number of the call site.
    heaps: Vec<Vec<Sums>>,
    /// By number of the call site: when the first and the last of its blocks that are outstanding were allocated, in
    /// ticks.
    left_behind: Vec<Option<[u64; 2]>>,
    start: u64,
    /// How long a dump lasts, in nanoseconds.
    length: u64,
    next: u64,
    index: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    allocations: u64,
    allocated_bytes: u64,
    frees: u64,
    freed_bytes: u64,
    has_changed: bool,
}

impl Profile {
    pub(super) fn new(facts: &Facts<'_>, selection: &Selection) -> Self {
        let end = facts.outcome.totals.end.min(selection.to);
        let start = facts.nanoseconds(selection.from.min(end));
        let length = (facts.nanoseconds(end) - start).div_ceil(DUMPS).max(1);
        Self {
            heaps: Vec::new(),
            left_behind: Vec::new(),
            start,
            length,
            next: start + length,
            index: 0,
        }
    }

    /// Something happens to a block in this heap.
    pub(super) fn add(&mut self, change: &Change, heap: Option<usize>) {
        let site = change.known.site.index();
        if change.what == What::Outstanding {
            let born = change.known.block.time;
            let [first, last] = entry(&mut self.left_behind, site).get_or_insert([born, born]);
            (*first, *last) = (born.min(*first), born.max(*last));
            return;
        }
        let heap = heap.map_or(0, |place| place + 1);
        let sums = entry(entry(&mut self.heaps, heap), site);
        if change.what == What::Begins {
            sums.allocations += 1;
            sums.allocated_bytes += change.size();
        } else {
            sums.frees += 1;
            sums.freed_bytes += change.size();
        }
        sums.has_changed = true;
    }

    /// Writes the dump that is over, if one is.
    pub(super) fn until(&mut self, now: u64, packets: &mut Packets<'_>) -> io::Result<()> {
        if now < self.next {
            return Ok(());
        }
        self.dump(self.next, packets)?;
        let dumps = (now - self.start) / self.length + 1;
        self.next = self.start + dumps * self.length;
        Ok(())
    }

    /// Writes a dump of what has changed since the one before.
    pub(super) fn dump(&mut self, time: u64, packets: &mut Packets<'_>) -> io::Result<()> {
        let mut dumps = Vec::new();
        for (place, sites) in self.heaps.iter_mut().enumerate() {
            let heap = place.checked_sub(1);
            let mut samples = Vec::new();
            for (number, sums) in (0..).zip(sites) {
                if std::mem::replace(&mut sums.has_changed, false) {
                    samples.push((packets.stack(SiteId::new(number), heap), *sums));
                }
            }
            if !samples.is_empty() {
                dumps.push((packets.heaps.name(heap), samples));
            }
        }
        if dumps.is_empty() {
            return Ok(());
        }
        let index = self.index;
        self.index += 1;
        packets.packet(Some(time), |packet| {
            packet.message(kind::PROFILE_PACKET, |profile| {
                for (heap, samples) in &dumps {
                    profile.message(5, |dump| {
                        dump.number(1, PROCESS).number(3, 1).number(9, time);
                        dump.text(11, heap).number(12, 1);
                        for (stack, sums) in samples {
                            dump.message(2, |sample| {
                                sample.number(1, *stack);
                                sample.number(2, sums.allocated_bytes);
                                sample.number(3, sums.freed_bytes);
                                sample.number(5, sums.allocations).number(6, sums.frees);
                            });
                        }
                    });
                }
                profile.number(7, index);
            });
        })
    }

    /// Call sites with blocks that are outstanding, and when the first and the last of these were allocated, in ticks.
    pub(super) fn left_behind(&self) -> Vec<(SiteId, [u64; 2])> {
        let sites = (0..).map(SiteId::new).zip(&self.left_behind);
        sites
            .filter_map(|(site, times)| Some((site, (*times)?)))
            .collect()
    }
}

/// An entry of a list that grows as it is needed.
fn entry<T: Clone + Default>(list: &mut Vec<T>, place: usize) -> &mut T {
    if list.len() <= place {
        list.resize(place + 1, T::default());
    }
    &mut list[place]
}
