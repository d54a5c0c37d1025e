//! The lives of all blocks, few enough of them for the single file: from these its page counts what was
//! allocated in a range, and what of that still lived at its end.
//!
//! Blocks that the same call site and context allocated in the same stretch of time, and that were freed by the
//! same in the same stretch, are one life with a count. Stretches become longer until there are few enough
//! lives: what the page counts is right for ranges that begin and end with a stretch.

use std::ops::ControlFlow;

use leakscope_analysis::trace::{EventKind, HeapEvent};
use rustc_hash::FxHashMap;
use serde::Serialize;

use crate::engine::{Engine, Refusal};
use crate::index::exchange::{Exchange, Sum};
use crate::index::ledger::Fate;
use crate::query::Window;
use crate::replay::Replay;

/// Lives, in order of their begins, as columns: the file shall be short.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Lives {
    /// How long a stretch is, in ticks: a power of two.
    pub(crate) resolution: u64,
    /// In which stretch they were allocated, as the distance to the one before.
    born: Vec<u64>,
    /// How many stretches later they were freed; -1 if they live.
    lived: Vec<i64>,
    sites: Vec<usize>,
    /// Contexts.
    allocated_by: Vec<u16>,
    /// Contexts; -1 if they live, or if nobody is known to have freed them.
    freed_by: Vec<i32>,
    /// 1 for those that were freed before their owner allocated anything else.
    temporary: Vec<u8>,
    blocks: Vec<u64>,
    bytes: Vec<u64>,
}

/// What blocks have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Life {
    born: u64,
    died: Option<u64>,
    site: usize,
    allocated_by: u16,
    freed_by: Option<u16>,
    temporary: bool,
}

impl Life {
    fn widened(self) -> Self {
        Self {
            born: self.born >> 1,
            died: self.died.map(|died| died >> 1),
            ..self
        }
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

#[derive(Default)]
struct Collector {
    shift: u32,
    most: usize,
    /// In no order.
    lives: FxHashMap<Life, Sum>,
    blocks: FxHashMap<u64, Block>,
    exchange: Exchange,
}

impl Collector {
    fn allocate(&mut self, address: u64, block: Block) {
        // What lay there was lost: its free is not in the trace.
        if let Some(lost) = self.blocks.insert(address, block) {
            self.end(lost, Some(block.born), None, false);
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
        self.end(block, Some(time), Some(context), is_temporary);
    }

    fn end(&mut self, block: Block, died: Option<u64>, freed_by: Option<u16>, temporary: bool) {
        let life = Life {
            born: block.born >> self.shift,
            died: died.map(|died| died >> self.shift),
            site: block.site,
            allocated_by: block.owner,
            freed_by,
            temporary,
        };
        self.lives.entry(life).or_default().add(block.size);
        while self.lives.len() > self.most && self.shift < u64::BITS - 1 {
            self.widen();
        }
    }

    fn widen(&mut self) {
        self.shift += 1;
        let mut wider: FxHashMap<Life, Sum> = FxHashMap::default();
        for (life, sum) in self.lives.drain() {
            let joined = wider.entry(life.widened()).or_default();
            joined.blocks += sum.blocks;
            joined.bytes += sum.bytes;
        }
        self.lives = wider;
    }

    /// What was collected; `None` if that is too much however long the stretches are.
    fn into_columns(mut self) -> Option<Lives> {
        for block in std::mem::take(&mut self.blocks).into_values() {
            self.end(block, None, None, false);
        }
        if self.lives.len() > self.most {
            return None;
        }
        let mut lives: Vec<(Life, Sum)> = self.lives.into_iter().collect();
        lives.sort_unstable_by_key(|&(life, _)| life);
        let mut columns = Lives {
            resolution: 1 << self.shift,
            ..Lives::default()
        };
        let mut before = 0;
        for (life, sum) in lives {
            columns.born.push(life.born - before);
            before = life.born;
            let lived = life.died.map(|died| died.saturating_sub(life.born) as i64);
            columns.lived.push(lived.unwrap_or(-1));
            columns.sites.push(life.site);
            columns.allocated_by.push(life.allocated_by);
            columns.freed_by.push(life.freed_by.map_or(-1, i32::from));
            columns.temporary.push(life.temporary.into());
            columns.blocks.push(sum.blocks);
            columns.bytes.push(sum.bytes);
        }
        Some(columns)
    }
}

impl Engine<'_> {
    /// The lives of all blocks, `most` of them or fewer: the trace is read again for that. `None` if so few
    /// cannot tell them.
    pub(crate) fn lives(&mut self, most: usize) -> Result<Option<Lives>, Refusal> {
        let scan = &self.scan;
        let Window { from, to } = self.bounded(None);
        let section = scan.index.sections.of_time(from);
        let mut replay = Replay::from_section(scan, section);
        let mut collector = Collector {
            most,
            ..Collector::default()
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
                site: scan.heap.site_of(stack).unwrap_or_default(),
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
                } => collector.allocate(address, block(size, stack)),
                HeapEvent::Reallocation {
                    old_address,
                    address,
                    size,
                    stack,
                } => {
                    collector.free(old_address, event.time, context, seen.fate);
                    collector.allocate(address, block(size, stack));
                }
                HeapEvent::Free { address, .. } => {
                    collector.free(address, event.time, context, seen.fate);
                }
                _ => {}
            }
            ControlFlow::Continue(())
        })?;
        Ok(collector.into_columns())
    }
}
