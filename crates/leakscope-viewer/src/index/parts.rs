//! The trace cut into parts of some sections each, and the sums of each: long windows are counted from these.
//!
//! A window counts the blocks that were allocated in it. Of a part, all that was allocated and freed in it is summed up,
//! and blocks that ended in it but are older than it are listed, so that those from before a window can be left out.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::Range;

use leakscope_analysis::heap::KnownBlock;

use super::exchange::{Exchange, LastThen, Sum};
use super::sums::{Run, SiteSums};
use crate::query::Window;

/// All parts that are complete, in order, and what becomes the next one.
#[derive(Debug)]
pub(crate) struct Parts {
    list: Vec<Part>,
    /// How many sections a part has.
    stride: usize,
    /// When the next part begins, and with which entry of the ledger.
    begin: u64,
    entry: u64,
    older: Vec<Older>,
    /// By context: what nobody freed of it but is gone.
    lost: BTreeMap<u16, Sum>,
    /// By context: what it freed of blocks that are not known, or were allocated before a pause.
    unknown: BTreeMap<u16, Sum>,
    is_whole: bool,
    restarts: bool,
    /// How long the lists of all parts are together.
    entries: usize,
    /// What was counted up to its begin.
    exchange: Exchange,
    runs: Vec<Run>,
}

/// What happened in a part.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    begin: u64,
    /// The first of its entries in the ledger.
    entry: u64,
    /// False where a free in or before it was none, which was known behind it: its sums are wrong.
    is_whole: bool,
    /// Whether the target restarted: only what was left at its end lives then.
    pub(crate) restarts: bool,
    /// By call site.
    pub(crate) sites: BTreeMap<usize, SiteSums>,
    /// By context: what it allocated, and what nobody freed of it but is gone.
    pub(crate) contexts: BTreeMap<u16, [Sum; 2]>,
    /// What was freed, by who allocated and who freed it.
    pub(crate) freed: BTreeMap<(u16, u16), Sum>,
    /// By context: what it freed of blocks that are not known, or were allocated before a pause.
    pub(crate) unknown: BTreeMap<u16, Sum>,
    /// By lane.
    pub(crate) runs: BTreeMap<usize, Run>,
    /// Blocks that ended in it and are older than it, in no order.
    pub(crate) older: Vec<Older>,
    /// What contexts had allocated last when it was over.
    pub(crate) last: LastThen,
}

/// A block that ended in another part than it began in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Older {
    pub(crate) born: u64,
    pub(crate) size: u64,
    pub(crate) site: u32,
    pub(crate) owner: u16,
    /// Who freed it; `None` if nobody did, and it is gone.
    pub(crate) by: Option<u16>,
    pub(crate) is_temporary: bool,
}

impl Older {
    pub(super) fn new(known: &KnownBlock, owner: u16, by: Option<u16>, is_temporary: bool) -> Self {
        Self {
            born: known.block.time,
            size: known.block.size,
            site: known.site.number(),
            owner,
            by,
            is_temporary,
        }
    }
}

/// Sections of a part, as long as there are few parts.
const STRIDE: usize = 4;

/// When there are so many parts, each two become one. Even, as a part has no half.
const MOST: usize = 512;

/// The same if their lists are longer than this together: some 60 MiB.
const MOST_ENTRIES: usize = 1 << 19;

impl Default for Parts {
    fn default() -> Self {
        Self {
            list: Vec::new(),
            stride: STRIDE,
            begin: 0,
            entry: 0,
            older: Vec::new(),
            lost: BTreeMap::new(),
            unknown: BTreeMap::new(),
            is_whole: true,
            restarts: false,
            entries: 0,
            exchange: Exchange::default(),
            runs: Vec::new(),
        }
    }
}

impl Parts {
    /// A block ends that is older than the part.
    #[inline(always)]
    pub(super) fn ended(&mut self, born: u64, older: impl FnOnce() -> Older) {
        if born < self.begin {
            self.older.push(older());
        }
    }

    /// A block of a context is gone, nobody saw how.
    pub(super) fn lost(&mut self, known: &KnownBlock, owner: u16) {
        self.lost.entry(owner).or_default().add(known.block.size);
        let born = known.block.time;
        self.ended(born, || Older::new(known, owner, None, false));
    }

    /// A context frees a block of so many bytes that is not known, or was allocated before a pause.
    pub(super) fn freed_unknown(&mut self, by: u16, size: u64) {
        self.unknown.entry(by).or_default().add(size);
    }

    /// The free of a block, which this entry of the ledger tells of, was none.
    pub(super) fn revived(&mut self, revived: &KnownBlock, entry: u64) {
        let block = &revived.block;
        if self.has(entry) && block.time < self.begin {
            let is_it = |older: &Older| {
                (older.born, older.size, older.site)
                    == (block.time, block.size, revived.site.number())
            };
            if let Some(place) = self.older.iter().rposition(is_it) {
                self.older.remove(place);
            }
        }
    }

    /// The free of a block that is not known, by a context, was none.
    pub(super) fn spared(&mut self, by: u16, size: u64, entry: u64) {
        if self.has(entry)
            && let Some(sum) = self.unknown.get_mut(&by)
        {
            sum.remove(size);
        }
    }

    /// Whether a free that was none is of this part. Otherwise no sums from that on are right.
    fn has(&mut self, entry: u64) -> bool {
        if entry >= self.entry {
            return true;
        }
        self.is_whole = false;
        for part in self.list.iter_mut().rev() {
            part.is_whole = false;
            if part.entry <= entry {
                break;
            }
        }
        false
    }

    /// Everything that lived is gone.
    pub(super) fn restarted(&mut self) {
        self.restarts = true;
    }

    /// Two sections became one.
    pub(super) fn sections_joined(&mut self) {
        self.stride /= 2;
    }

    /// Whether the section with this number begins a part.
    pub(super) fn is_begin(&self, section: usize) -> bool {
        section == (self.list.len() + 1) * self.stride
    }

    /// The part is over at this moment, and at this place in the ledger. The sums are those up to now, but for those of call sites.
    pub(super) fn close(
        &mut self,
        (time, entry): (u64, u64),
        sites: BTreeMap<usize, SiteSums>,
        exchange: &Exchange,
        runs: Vec<Run>,
    ) {
        let ran = runs.iter().enumerate().map(|(lane, run)| {
            let before = self.runs.get(lane).copied().unwrap_or_default();
            (lane, run.since(before))
        });
        let mut contexts: BTreeMap<u16, [Sum; 2]> = BTreeMap::new();
        for (&context, own) in sites.values().flat_map(|sums| &sums.own) {
            if own.allocated.blocks > 0 {
                contexts.entry(context).or_default()[0].join(own.allocated);
            }
        }
        for (context, lost) in std::mem::take(&mut self.lost) {
            contexts.entry(context).or_default()[1] = lost;
        }
        let part = Part {
            begin: self.begin,
            entry: self.entry,
            is_whole: std::mem::replace(&mut self.is_whole, true),
            restarts: std::mem::take(&mut self.restarts),
            sites,
            contexts,
            freed: exchange.pairs_since(&self.exchange),
            unknown: std::mem::take(&mut self.unknown),
            runs: ran.filter(|(_, run)| *run != Run::default()).collect(),
            older: std::mem::take(&mut self.older),
            last: exchange.last(),
        };
        self.entries += part.entries();
        self.list.push(part);
        (self.begin, self.entry) = (time, entry);
        self.exchange = exchange.clone();
        self.runs = runs;
        let is_much = self.list.len() >= MOST || self.entries > MOST_ENTRIES;
        if self.list.len().is_multiple_of(2) && is_much {
            self.join_pairs();
        }
    }

    /// Each two become one, of an even number.
    pub(crate) fn join_pairs(&mut self) {
        self.stride *= 2;
        let mut joined: Vec<Part> = Vec::with_capacity(self.list.len() / 2);
        for (place, part) in self.list.drain(..).enumerate() {
            match joined.last_mut() {
                Some(last) if place % 2 == 1 => last.take_in(part),
                _ => joined.push(part),
            }
        }
        self.list = joined;
        self.entries = self.list.iter().map(Part::entries).sum();
    }

    /// The most parts in a row that lie in a window as a whole, and whose sums say all of them.
    pub(crate) fn within(&self, window: Window) -> Range<usize> {
        let first = self.list.partition_point(|part| part.begin < window.from);
        let ends = 1..=self.list.len();
        let last = ends.take_while(|&part| self.begin_of(part) < window.to);
        let (mut most, mut from) = (first..first, first);
        for part in first..last.last().unwrap_or(first) {
            if !self.list[part].is_whole {
                from = part + 1;
            } else if part + 1 - from > most.len() {
                most = from..part + 1;
            }
        }
        most
    }

    pub(crate) fn list(&self) -> &[Part] {
        &self.list
    }

    /// When a part begins, or the one after the last.
    pub(crate) fn begin_of(&self, part: usize) -> u64 {
        self.list.get(part).map_or(self.begin, |part| part.begin)
    }

    /// The section that it begins with.
    pub(crate) fn section_of(&self, part: usize) -> usize {
        part * self.stride
    }
}

impl Part {
    fn entries(&self) -> usize {
        let own: usize = self.sites.values().map(|sums| sums.own.len()).sum();
        self.sites.len()
            + own
            + self.runs.len()
            + self.freed.len()
            + self.unknown.len()
            + self.older.len()
    }

    /// The part after it joins it.
    fn take_in(&mut self, next: Self) {
        self.is_whole &= next.is_whole;
        self.restarts |= next.restarts;
        if next.restarts {
            let sites = self.sites.values_mut();
            sites.for_each(SiteSums::empty);
        }
        for (site, sums) in next.sites {
            match self.sites.entry(site) {
                Entry::Occupied(mut held) => held.get_mut().join(&sums),
                Entry::Vacant(place) => drop(place.insert(sums)),
            }
        }
        for (context, sums) in next.contexts {
            let held = self.contexts.entry(context).or_default();
            for (held, sum) in held.iter_mut().zip(sums) {
                held.join(sum);
            }
        }
        for (pair, sum) in next.freed {
            self.freed.entry(pair).or_default().join(sum);
        }
        for (by, sum) in next.unknown {
            self.unknown.entry(by).or_default().join(sum);
        }
        for (lane, run) in next.runs {
            self.runs.entry(lane).or_default().join(run);
        }
        let older = next.older.into_iter();
        self.older
            .extend(older.filter(|older| older.born < self.begin));
        self.last = next.last;
    }
}
