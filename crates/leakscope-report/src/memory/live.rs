//! What a recording knows of the heap at its end: which blocks live, and which memory is free.

use std::ops::Range;

use leakscope_analysis::heap::{Effect, FoldStack, HeapModel, KnownBlock, Watcher};
use leakscope_analysis::trace::{Event, EventKind, Feed, Layout, Occasion, Switch, Trace};
use leakscope_memory::reach::Block;
use rustc_hash::FxHashMap;

/// What a recording knows of the heap at its end.
#[derive(Clone, Debug, Default)]
pub struct Live {
    /// The blocks that live, in order of addresses.
    pub blocks: Vec<KnownBlock>,
    /// Memory of blocks that ended, as far as nothing was lost since: it is free, where no block lives.
    pub free: Vec<Range<u64>>,
    /// The longest life of a block that was freed, in ticks, by the number of its call site.
    longest_lives: FxHashMap<u32, u64>,
    /// When data were lost for the last time; 0 if none were.
    last_loss: u64,
    /// The last moment.
    end: u64,
}

impl Live {
    /// Reads a recording that is laid out like this.
    ///
    /// # Errors
    /// Those of the feed.
    pub fn read<D: Feed>(
        feed: D,
        layout: &Layout,
        fold: &mut impl FoldStack,
    ) -> Result<Self, D::Error> {
        let (mut trace, mut heap) = (Trace::new(layout), HeapModel::default());
        let mut watch = Watch::default();
        heap.run(&mut trace, feed, fold, &mut watch)?;
        let freed = watch.freed.into_iter();
        let mut free: Vec<Range<u64>> = freed
            .map(|(start, size)| start..start.saturating_add(size))
            .collect();
        free.sort_unstable_by_key(|range| range.start);
        Ok(Self {
            blocks: heap.live_blocks(),
            free,
            longest_lives: watch.longest_lives,
            last_loss: watch.last_loss,
            end: trace.end(),
        })
    }
}

impl Live {
    /// Whether a block that lives has lived as long as any block of its call site that was freed.
    pub(super) fn is_as_old_as_any_freed(&self, block: &Block) -> bool {
        let Some(birth) = self.birth(block) else {
            return true;
        };
        let age = self.end.saturating_sub(birth);
        self.longest_lives
            .get(&block.group)
            .is_none_or(|longest| age >= *longest)
    }

    /// Whether data were lost while a block lived, so that its free may have been.
    pub(super) fn may_have_been_freed(&self, block: &Block) -> bool {
        self.birth(block)
            .is_some_and(|birth| birth < self.last_loss)
    }

    /// Whether most of the blocks that live for sure are among those that the allocator does not have.
    pub(super) fn most_are_gone(&self, gone: &[Block]) -> bool {
        let lives_for_sure = |known: &&KnownBlock| known.block.time >= self.last_loss;
        let sure = self.blocks.iter().filter(lives_for_sure).count();
        let gone = gone.iter().filter(|block| !self.may_have_been_freed(block));
        gone.count() * 2 > sure
    }

    fn birth(&self, block: &Block) -> Option<u64> {
        let place = self
            .blocks
            .binary_search_by_key(&block.start, |known| known.block.address);
        place.ok().map(|place| self.blocks[place].block.time)
    }
}

/// Notes what is freed.
#[derive(Default)]
struct Watch {
    /// The size of the largest block that was freed at an address. Sorted before anybody sees it.
    freed: FxHashMap<u64, u64>,
    longest_lives: FxHashMap<u32, u64>,
    last_loss: u64,
}

impl Watch {
    fn note(&mut self, effect: &Effect, now: u64) {
        if let Effect::Restart = effect {
            *self = Self::default();
        }
        for known in [effect.ended(), effect.lost()].into_iter().flatten() {
            let size = self.freed.entry(known.block.address).or_default();
            *size = known.block.size.max(*size);
        }
        if let Some(ended) = effect.ended() {
            let longest = self.longest_lives.entry(ended.site.number()).or_default();
            *longest = now.saturating_sub(ended.block.time).max(*longest);
        }
    }
}

impl Watcher for Watch {
    fn affected(&mut self, now: &Occasion, _: u32, _: u64, effect: &Effect, _: &HeapModel) {
        self.note(effect, now.time);
    }

    fn switched(&mut self, _: &Switch) {}

    fn event(&mut self, event: &Event<'_>, effect: Option<&Effect>, _: &Trace, _: &HeapModel) {
        // What was lost may have been allocations: nothing is known to be free any more.
        if let EventKind::Gap { .. } = event.kind {
            self.freed.clear();
        }
        if let EventKind::Gap { .. } = event.kind {
            self.last_loss = event.time;
        }
        if let Some(effect) = effect {
            self.note(effect, event.time);
        }
    }
}
