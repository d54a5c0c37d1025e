//! The lives of all blocks, few enough of them for the single file: from these its page counts what was
//! allocated in a range, and what of that still lived at its end.
//!
//! Blocks that were allocated in the same stretch of time and freed in the same stretch, and that have the same
//! call site (or the same contexts), are one life with a count. Stretches become longer until there are few
//! enough lives: what the page counts is right for ranges that begin and end with a stretch.

use std::hash::Hash;
use std::ops::ControlFlow;

use leakscope_analysis::heap::SiteId;
use leakscope_analysis::trace::{EventKind, HeapEvent};
use rustc_hash::FxHashMap;
use serde::Serialize;

use crate::engine::{Engine, Refusal};
use crate::index::exchange::{Exchange, Sum};
use crate::index::ledger::Fate;
use crate::query::Window;
use crate::replay::Replay;

/// What the file holds; `None` where that would be too much however long the stretches are.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Lives {
    pub(crate) sites: Option<OfSites>,
    pub(crate) contexts: Option<OfContexts>,
}

/// When blocks lived, in order of their begins, as columns: the file shall be short.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Columns {
    /// How long a stretch is, in ticks: a power of two.
    pub(crate) resolution: u64,
    /// In which stretch they were allocated, as the distance to the one before.
    born: Vec<u64>,
    /// How many stretches later they were freed; -1 if they live.
    lived: Vec<i64>,
    blocks: Vec<u64>,
    bytes: Vec<u64>,
}

/// By call site.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct OfSites {
    #[serde(flatten)]
    pub(crate) columns: Columns,
    sites: Vec<usize>,
    /// What ended them: see [`End`].
    ends: Vec<u8>,
}

/// By who allocated and who freed them.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct OfContexts {
    #[serde(flatten)]
    pub(crate) columns: Columns,
    allocated_by: Vec<u16>,
    /// -1 if they live, or if nobody is known to have freed them.
    freed_by: Vec<i32>,
}

/// What ended a life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum End {
    /// Nothing: they live.
    None = 0,
    Freed = 1,
    /// Freed before their owner allocated anything else.
    Temporary = 2,
    /// Their address was allocated again; the free is not in the trace.
    Lost = 3,
}

/// Lives with keys of one kind, which become coarser as they become many.
struct Collector<K> {
    shift: u32,
    most: usize,
    /// By when they were born and died, and by their key; in no order.
    lives: FxHashMap<(u64, Option<u64>, K), Sum>,
}

impl<K: Copy + Eq + Ord + Hash> Collector<K> {
    fn new(most: usize) -> Self {
        Self {
            shift: 0,
            most,
            lives: FxHashMap::default(),
        }
    }

    fn add(&mut self, born: u64, died: Option<u64>, key: K, size: u64) {
        let life = (born >> self.shift, died.map(|died| died >> self.shift), key);
        self.lives.entry(life).or_default().add(size);
        while self.lives.len() > self.most && self.shift < u64::BITS - 1 {
            self.widen();
        }
    }

    fn widen(&mut self) {
        self.shift += 1;
        let mut wider: FxHashMap<_, Sum> = FxHashMap::default();
        for ((born, died, key), sum) in self.lives.drain() {
            let joined: &mut Sum = wider
                .entry((born >> 1, died.map(|died| died >> 1), key))
                .or_default();
            joined.blocks += sum.blocks;
            joined.bytes += sum.bytes;
        }
        self.lives = wider;
    }

    /// What was collected, and the keys beside it; `None` if that is too much.
    fn into_columns(self) -> Option<(Columns, Vec<K>)> {
        if self.lives.len() > self.most {
            return None;
        }
        let mut lives: Vec<_> = self.lives.into_iter().collect();
        lives.sort_unstable_by_key(|&(life, _)| life);
        let mut columns = Columns {
            resolution: 1 << self.shift,
            ..Columns::default()
        };
        let mut keys = Vec::with_capacity(lives.len());
        let mut before = 0;
        for ((born, died, key), sum) in lives {
            columns.born.push(born - before);
            before = born;
            let lived = died.map(|died| died.saturating_sub(born) as i64);
            columns.lived.push(lived.unwrap_or(-1));
            columns.blocks.push(sum.blocks);
            columns.bytes.push(sum.bytes);
            keys.push(key);
        }
        Some((columns, keys))
    }
}

/// A block that lives.
#[derive(Clone, Copy, Debug)]
struct Block {
    site: usize,
    owner: u16,
    size: u64,
    born: u64,
}

/// The heap of a trace that is read again.
struct Heap {
    of_sites: Collector<(usize, End)>,
    of_contexts: Collector<(u16, Option<u16>)>,
    blocks: FxHashMap<u64, Block>,
    exchange: Exchange,
}

impl Heap {
    fn allocate(&mut self, address: u64, block: Block) {
        if let Some(lost) = self.blocks.insert(address, block) {
            self.end(lost, Some(block.born), None, End::Lost);
        }
        self.exchange.allocated(block.owner, address);
    }

    fn free(&mut self, address: u64, time: u64, context: u16, fate: Option<Fate>) {
        let Some(Fate::Block { size, .. }) = fate else {
            return;
        };
        let Some(block) = self.blocks.remove(&address) else {
            return;
        };
        let is_temporary = self.exchange.freed(context, block.owner, address, size);
        let end = if is_temporary {
            End::Temporary
        } else {
            End::Freed
        };
        self.end(block, Some(time), Some(context), end);
    }

    fn end(&mut self, block: Block, died: Option<u64>, freed_by: Option<u16>, end: End) {
        let Block {
            site,
            owner,
            size,
            born,
        } = block;
        self.of_sites.add(born, died, (site, end), size);
        self.of_contexts.add(born, died, (owner, freed_by), size);
    }

    fn into_lives(mut self) -> Lives {
        for block in std::mem::take(&mut self.blocks).into_values() {
            self.end(block, None, None, End::None);
        }
        let sites = self.of_sites.into_columns();
        let contexts = self.of_contexts.into_columns();
        Lives {
            sites: sites.map(|(columns, keys)| OfSites {
                columns,
                sites: keys.iter().map(|&(site, _)| site).collect(),
                ends: keys.iter().map(|&(_, end)| end as u8).collect(),
            }),
            contexts: contexts.map(|(columns, keys)| OfContexts {
                columns,
                allocated_by: keys.iter().map(|&(owner, _)| owner).collect(),
                freed_by: (keys.iter())
                    .map(|&(_, freed_by)| freed_by.map_or(-1, i32::from))
                    .collect(),
            }),
        }
    }
}

impl Engine<'_> {
    /// The lives of all blocks, at most so many by call site and by context: the trace is read again for that.
    pub(crate) fn lives(&mut self, of_sites: usize, of_contexts: usize) -> Result<Lives, Refusal> {
        let scan = &self.scan;
        let Window { from, to } = self.bounded(None);
        let section = scan.index.sections.of_time(from);
        let mut replay = Replay::from_section(scan, section);
        let mut heap = Heap {
            of_sites: Collector::new(of_sites),
            of_contexts: Collector::new(of_contexts),
            blocks: FxHashMap::default(),
            exchange: Exchange::default(),
        };
        replay.run(scan, &mut *self.source, u64::MAX, |seen| {
            let event = &seen.event;
            if event.time >= to {
                return ControlFlow::Break(());
            }
            let EventKind::Heap(of_heap) = event.kind else {
                return ControlFlow::Continue(());
            };
            let context = scan.index.contexts.known(event.context).unwrap_or_default();
            let block = |size, stack| Block {
                site: scan.heap.site_of(stack).map_or(0, SiteId::index),
                owner: context,
                size,
                born: event.time,
            };
            match of_heap {
                HeapEvent::Allocation {
                    address,
                    size,
                    stack,
                    ..
                } => heap.allocate(address, block(size, stack)),
                HeapEvent::Reallocation {
                    old_address,
                    address,
                    size,
                    stack,
                } => {
                    heap.free(old_address, event.time, context, seen.fate);
                    heap.allocate(address, block(size, stack));
                }
                HeapEvent::Free { address, .. } => {
                    heap.free(address, event.time, context, seen.fate);
                }
                _ => {}
            }
            ControlFlow::Continue(())
        })?;
        Ok(heap.into_lives())
    }
}
