//! The lives of blocks: each begins once, and ends once.

use leakscope_analysis::heap::{Effect, KnownBlock};
use rustc_hash::FxHashMap;

/// Something that happens to a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// What happens.
    pub what: What,
    /// The block's number: blocks are numbered from 1 in the order of their allocations.
    pub number: u64,
    /// The block.
    pub known: KnownBlock,
}

/// What happens to a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// It is allocated.
    Begins,
    /// It is freed, or moved by a reallocation.
    Freed,
    /// It must have ended before, unseen.
    Lost,
    /// Its session, or what is exported, ends, and it was not freed.
    Outstanding,
}

impl Change {
    pub(crate) fn size(&self) -> u64 {
        self.known.block.size
    }
}

/// The blocks that live.
#[derive(Debug, Default)]
pub(crate) struct Lives {
    /// By address. Never listed but in order of their numbers.
    live: FxHashMap<u64, (u64, KnownBlock)>,
    /// How many there were.
    count: u64,
    /// What the last event changed.
    changes: Vec<Change>,
}

impl Lives {
    /// What an effect changes, of the blocks that `is_chosen` says.
    pub(crate) fn changes(
        &mut self,
        effect: &Effect,
        mut is_chosen: impl FnMut(&KnownBlock) -> bool,
    ) -> &[Change] {
        self.changes.clear();
        if matches!(effect, Effect::Restart) {
            return self.end(&[]);
        }
        if let Some(ended) = effect.ended() {
            self.take(What::Freed, ended);
        }
        if let Some(lost) = effect.lost() {
            self.take(What::Lost, lost);
        }
        if let Some(began) = effect.began().filter(|began| is_chosen(began)) {
            self.count += 1;
            self.live.insert(began.block.address, (self.count, *began));
            self.changes.push(Change {
                what: What::Begins,
                number: self.count,
                known: *began,
            });
        }
        &self.changes
    }

    /// The number of a block that lives.
    pub(crate) fn number(&self, known: &KnownBlock) -> Option<u64> {
        let live = self.live.get(&known.block.address);
        live.map(|&(number, _)| number)
    }

    /// The block as it began: later, the model may know its context less well.
    fn take(&mut self, what: What, known: &KnownBlock) {
        let change = self.live.remove(&known.block.address);
        self.changes.extend(change.map(|(number, known)| Change {
            what,
            number,
            known,
        }));
    }

    /// All that live are outstanding, but for those that cannot live any more, as it turned out.
    pub(crate) fn end(&mut self, lost: &[KnownBlock]) -> &[Change] {
        self.changes.clear();
        for known in lost {
            self.take(What::Lost, known);
        }
        let lost = self.changes.len();
        let outstanding = self.live.drain().map(|(_, (number, known))| Change {
            what: What::Outstanding,
            number,
            known,
        });
        self.changes.extend(outstanding);
        self.changes[lost..].sort_unstable_by_key(|change| change.number);
        &self.changes
    }
}
