//! Which frees were none: the reallocation that began with one failed, and the block lives on.

use leakscope_analysis::heap::{Effect, HeapModel, Watcher};
use leakscope_analysis::outcome::Block;
use leakscope_analysis::trace::{Context, Event, Occasion, Switch, Trace};
use rustc_hash::{FxHashMap, FxHashSet};

/// The frees that were none, by their numbers among the effects.
#[derive(Debug, Default)]
pub(crate) struct Undone {
    /// Up to when.
    to: u64,
    effects: u64,
    is_over: bool,
    /// By address: which block was freed there last, and by which effect.
    freed: FxHashMap<u64, (Block, u64)>,
    /// The last free by each of a block that is not known. A task does nothing else until its reallocation is over.
    unknown: FxHashMap<(Context, u8), u64>,
    numbers: FxHashSet<u64>,
}

impl Undone {
    /// What failed before this moment.
    pub(crate) fn before(to: u64) -> Self {
        Self {
            to,
            ..Self::default()
        }
    }

    /// Whether the effect with this number, from 0, is a free that was none.
    pub(crate) fn has(&self, number: u64) -> bool {
        self.numbers.contains(&number)
    }

    fn see(&mut self, now: &Occasion, effect: &Effect) {
        // A task may go on on another core.
        let core = match now.context {
            Context::Task(_) => 0,
            _ => now.core,
        };
        let by = (now.context, core);
        match effect {
            Effect::Free { ended } => {
                let block = ended.block;
                self.freed.insert(block.address, (block, self.effects));
            }
            Effect::UnknownFree(_) => {
                self.unknown.insert(by, self.effects);
            }
            Effect::Failed {
                revived: Some(revived),
                ..
            } => {
                let block = &revived.block;
                let freed = self.freed.remove(&block.address);
                let is_it = |freed: &Block| (freed.time, freed.size) == (block.time, block.size);
                let freed = freed.filter(|(freed, _)| is_it(freed));
                self.numbers.extend(freed.map(|(_, number)| number));
            }
            Effect::Failed {
                spares_older: true, ..
            } => self.numbers.extend(self.unknown.remove(&by)),
            Effect::Restart => self.freed.clear(),
            _ => {}
        }
        if let Some(began) = effect.began() {
            self.freed.remove(&began.block.address);
        }
        self.effects += 1;
    }
}

impl Watcher for Undone {
    const ALL: bool = false;

    fn affected(&mut self, now: &Occasion, _: u32, _: u64, effect: &Effect, _: &HeapModel) {
        self.is_over |= now.time >= self.to;
        if !self.is_over {
            self.see(now, effect);
        }
    }

    fn switched(&mut self, _: &Switch) {}

    fn event(&mut self, event: &Event<'_>, effect: Option<&Effect>, _: &Trace, heap: &HeapModel) {
        if let Some(effect) = effect {
            self.affected(&event.occasion(), event.id, 0, effect, heap);
        }
    }
}
