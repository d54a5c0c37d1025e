//! The lives of all blocks, few enough of them for the single file: from these its page counts what was
//! allocated in a range, and what of that still lived at its end.
//!
//! Blocks that were allocated in the same stretch of time and freed in the same stretch, and that have the same
//! call site (or the same contexts), are one life with a count. Stretches become longer until there are few
//! enough lives: what the page counts is right for ranges that begin and end with a stretch.

use std::collections::hash_map::Entry;
use std::hash::Hash;
use std::io;
use std::ops::ControlFlow;

use leakscope_analysis::heap::{Effect, KnownBlock};
use leakscope_analysis::trace::{Context, Event};
use rustc_hash::FxHashMap;
use serde::Serialize;

use crate::index::exchange::{Exchange, Freed, Sum};
use crate::replay::Replay;
use crate::scan::Scan;
use crate::source::TraceInputs;

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
    /// How many stretches later they ended; -1 if they live.
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
    /// -1 of a block that is not known, or was allocated before a pause: it is freed, and that is all.
    allocated_by: Vec<i32>,
    /// -1 if they live, or if nobody is known to have freed them.
    freed_by: Vec<i32>,
}

/// What ended a life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum End {
    /// Nothing: they live, or lived when their session was over.
    None = 0,
    Freed = 1,
    /// Freed before their owner allocated anything else.
    Temporary = 2,
    /// Their address was allocated again; the free is not in the trace.
    Lost = 3,
}

/// When a life began and ended, and its key.
type Life<K> = (u64, Option<u64>, K);

/// Lives with keys of one kind, which become coarser as they become many.
struct Collector<K> {
    shift: u32,
    most: usize,
    /// Those that are over, in no order.
    over: FxHashMap<Life<K>, Sum>,
    /// Those that are not, in no order.
    open: FxHashMap<Life<K>, Sum>,
}

impl<K: Copy + Eq + Ord + Hash> Collector<K> {
    fn new(most: usize) -> Self {
        Self {
            shift: 0,
            most,
            over: FxHashMap::default(),
            open: FxHashMap::default(),
        }
    }

    fn sum(&mut self, (born, died, key): Life<K>) -> Entry<'_, Life<K>, Sum> {
        let lives = if died.is_some() {
            &mut self.over
        } else {
            &mut self.open
        };
        lives.entry((born >> self.shift, died.map(|died| died >> self.shift), key))
    }

    fn add(&mut self, life: Life<K>, size: u64) {
        self.sum(life).or_default().add(size);
        self.bound();
    }

    fn remove(&mut self, life: Life<K>, size: u64) {
        if let Entry::Occupied(mut held) = self.sum(life) {
            held.get_mut().remove(size);
            if held.get().blocks == 0 {
                held.remove();
            }
        }
    }

    /// All that live are over at this moment.
    fn end_all(&mut self, time: u64) {
        let died = Some(time >> self.shift);
        for ((born, _, key), sum) in self.open.drain() {
            let life = (born, died, key);
            self.over.entry(life).or_default().join(sum);
        }
        self.bound();
    }

    fn bound(&mut self) {
        while self.over.len() > self.most && self.shift < u64::BITS - 1 {
            self.shift += 1;
            for lives in [&mut self.over, &mut self.open] {
                let mut wider: FxHashMap<_, Sum> = FxHashMap::default();
                for ((born, died, key), sum) in lives.drain() {
                    let life = (born >> 1, died.map(|died| died >> 1), key);
                    wider.entry(life).or_default().join(sum);
                }
                *lives = wider;
            }
        }
    }

    /// What was collected, and the keys beside it; `None` if that is too much.
    fn into_columns(mut self) -> Option<(Columns, Vec<K>)> {
        self.over.extend(std::mem::take(&mut self.open));
        self.bound();
        if self.over.len() > self.most {
            return None;
        }
        let mut lives: Vec<_> = self.over.into_iter().collect();
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

/// A call site, and what ended the block.
type OfSite = (usize, End);

/// Who allocated it, and who freed it.
type OfContext = (Option<u16>, Option<u16>);

/// What became of a block.
#[derive(Clone, Copy)]
struct State {
    died: Option<u64>,
    end: End,
    freed_by: Option<u16>,
}

const LIVES: State = State {
    died: None,
    end: End::None,
    freed_by: None,
};

impl From<Freed> for State {
    fn from(freed: Freed) -> Self {
        Self {
            died: Some(freed.time),
            end: if freed.is_temporary {
                End::Temporary
            } else {
                End::Freed
            },
            freed_by: Some(freed.by),
        }
    }
}

/// The lives of a trace that is read again.
struct Collecting<'s, 'a> {
    scan: &'s Scan<'a>,
    of_sites: Collector<OfSite>,
    of_contexts: Collector<OfContext>,
    exchange: Exchange,
}

impl Collecting<'_, '_> {
    fn affected(&mut self, effect: &Effect, event: &Event<'_>) {
        if *effect == Effect::Restart {
            self.of_sites.end_all(event.time);
            self.of_contexts.end_all(event.time);
        }
        if let Some(ended) = effect.ended() {
            let (by, owner) = (self.number(event.context), self.owner(ended));
            let freed = (self.exchange).freed(by, owner, &ended.block, event.time);
            self.end(ended, freed.into());
        }
        if let Some(why) = effect.unknown_free() {
            let (time, by) = (event.time, self.number(event.context));
            let freed = (time, Some(time), (None, Some(by)));
            self.of_contexts.add(freed, why.known_size());
        }
        if let Some(lost) = effect.lost() {
            let state = State {
                died: Some(event.time),
                end: End::Lost,
                freed_by: None,
            };
            self.end(lost, state);
        }
        if let Some(began) = effect.began() {
            let owner = self.owner(began);
            self.exchange.allocated(owner, &began.block);
            self.add(began, LIVES);
        }
    }

    fn number(&self, context: Context) -> u16 {
        let number = self.scan.actors.context(context);
        number.unwrap_or_default()
    }

    fn owner(&self, known: &KnownBlock) -> u16 {
        self.number(known.block.context)
    }

    fn lives(&self, known: &KnownBlock, state: State) -> (Life<OfSite>, Life<OfContext>) {
        let (born, died) = (known.block.time, state.died);
        (
            (born, died, (known.site.index(), state.end)),
            (born, died, (Some(self.owner(known)), state.freed_by)),
        )
    }

    fn add(&mut self, known: &KnownBlock, state: State) {
        let (of_site, of_contexts) = self.lives(known, state);
        self.of_sites.add(of_site, known.block.size);
        self.of_contexts.add(of_contexts, known.block.size);
    }

    fn end(&mut self, known: &KnownBlock, state: State) {
        let (of_site, of_contexts) = self.lives(known, LIVES);
        self.of_sites.remove(of_site, known.block.size);
        self.of_contexts.remove(of_contexts, known.block.size);
        self.add(known, state);
    }
}

/// Contexts, -1 where there is none.
fn numbered(contexts: impl Iterator<Item = Option<u16>>) -> Vec<i32> {
    contexts
        .map(|context| context.map_or(-1, i32::from))
        .collect()
}

/// The lives of all blocks, at most so many by call site and by context: the trace is read again for that.
pub(crate) fn lives(
    scan: &Scan<'_>,
    source: &mut dyn TraceInputs,
    of_sites: usize,
    of_contexts: usize,
) -> io::Result<Lives> {
    let mut collecting = Collecting {
        scan,
        of_sites: Collector::new(of_sites),
        of_contexts: Collector::new(of_contexts),
        exchange: Exchange::default(),
    };
    Replay::from_section(scan, 0).run(scan, source, u64::MAX, |seen| {
        if let Some(effect) = &seen.effect {
            collecting.affected(effect, &seen.event);
        }
        ControlFlow::Continue(())
    })?;
    let sites = collecting.of_sites.into_columns();
    let contexts = collecting.of_contexts.into_columns();
    Ok(Lives {
        sites: sites.map(|(columns, keys)| OfSites {
            columns,
            sites: keys.iter().map(|&(site, _)| site).collect(),
            ends: keys.iter().map(|&(_, end)| end as u8).collect(),
        }),
        contexts: contexts.map(|(columns, keys)| OfContexts {
            columns,
            allocated_by: numbered(keys.iter().map(|&(owner, _)| owner)),
            freed_by: numbered(keys.iter().map(|&(_, freed_by)| freed_by)),
        }),
    })
}
