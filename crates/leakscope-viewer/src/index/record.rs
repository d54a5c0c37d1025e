//! What the index is told of events: plain values, which are kept until there are [many](super::batch) of them.

use leakscope_analysis::heap::{Completes, Effect, KnownBlock, SiteId};
use leakscope_analysis::outcome::Block;
use leakscope_analysis::trace::{Context, Occasion};

use super::actors::{Actor, Actors};
use super::kind::Kind;
use super::live::Live;
use super::running::Turn;

/// A block begins or is freed, in the heap without a name, and that is all.
#[derive(Clone, Copy, Debug)]
pub(super) struct HeapRecord {
    pub(super) time: u64,
    pub(super) address: u64,
    /// When it began.
    pub(super) born: u64,
    pub(super) size: u32,
    pub(super) site: SiteId,
    /// Who allocates or frees it, and who had allocated it.
    pub(super) lane: u32,
    pub(super) owner_lane: u32,
    pub(super) by: u16,
    pub(super) owner: u16,
    pub(super) core: u8,
    pub(super) is_free: bool,
}

impl HeapRecord {
    /// The block; its owner is known by numbers only.
    #[inline(always)]
    pub(super) fn block(&self) -> KnownBlock {
        let block = Block {
            address: self.address,
            size: self.size.into(),
            time: self.born,
            context: Context::Unknown,
            core: self.core,
        };
        let site = self.site;
        KnownBlock { block, site }
    }

    /// What lives after it, where this lived before. Nobody can foresee which of both it is, so that there is no branch on it.
    #[inline(always)]
    pub(super) fn after(&self, live: Live) -> Live {
        let (began, freed) = (u64::from(!self.is_free), u64::from(self.is_free));
        let size = u64::from(self.size);
        Live {
            bytes: live.bytes.saturating_sub(size * freed) + size * began,
            blocks: live.blocks.saturating_sub(freed) + began,
        }
    }

    pub(super) fn occasion(&self) -> Occasion {
        Occasion {
            time: self.time,
            context: Context::Unknown,
            core: self.core,
            input: 0,
            offset: 0,
        }
    }

    pub(super) fn effect(&self) -> Effect {
        let known = self.block();
        if self.is_free {
            return Effect::Free { ended: known };
        }
        Effect::Allocation {
            began: known,
            lost: None,
            completes: Completes::Nothing,
        }
    }
}

/// A packet of the system: from now on, somebody runs.
#[derive(Clone, Copy, Debug)]
pub(super) struct SwitchRecord {
    pub(super) time: u64,
    /// It is predefined.
    pub(super) id: u8,
    pub(super) core: u8,
    /// Whether it also says of somebody, who is the next in the list of these, whether he is ready.
    pub(super) has_ready: bool,
    pub(super) lane: u32,
    pub(super) now: Actor,
}

/// An event that is only counted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counted {
    pub(super) time: u64,
    pub(super) lane: u32,
    pub(super) kind: Kind,
}

/// What is seldom, or needs all that came before it.
#[derive(Debug)]
pub(crate) enum Other {
    /// The next of the effects.
    Effect,
    Event(Told),
    /// A section begins, at this time; whether each two have become one.
    Section {
        time: u64,
        joined: bool,
    },
    /// A section is full, and cannot begin here.
    Full,
    /// What lasts is to be summed up to this moment. There are so many lanes.
    Settle {
        time: u64,
        lanes: usize,
    },
}

/// What an event did to the heap that it names.
#[derive(Debug)]
pub(super) struct Affected {
    pub(super) now: Occasion,
    pub(super) actor: Actor,
    pub(super) named: u64,
    pub(super) effect: Effect,
    /// Who had allocated the blocks that end, are lost and are revived.
    owners: [Actor; 3],
}

impl Affected {
    pub(super) fn new(now: Occasion, named: u64, effect: Effect, actors: &mut Actors) -> Self {
        let actor = actors.number(now.core, now.context);
        let blocks = [effect.ended(), effect.lost(), effect.revived()];
        let owners = blocks.map(|known| match known {
            Some(KnownBlock { block, .. }) => actors.number(block.core, block.context),
            None => actor,
        });
        Self {
            now,
            actor,
            named,
            effect,
            owners,
        }
    }

    /// Who has allocated one of its blocks.
    pub(super) fn owner(&self, block: &Block) -> Actor {
        let effect = &self.effect;
        let blocks = [effect.ended(), effect.lost(), effect.revived()];
        let mut owners = blocks.into_iter().zip(self.owners);
        let owner = owners.find(|(known, _)| {
            known.is_some_and(|known| {
                (known.block.core, known.block.context) == (block.core, block.context)
            })
        });
        owner.map_or(self.actor, |(_, owner)| owner)
    }
}

/// What there is to an event.
#[derive(Debug)]
pub(crate) struct Told {
    pub(super) time: u64,
    pub(super) core: u8,
    pub(super) id: u32,
    pub(super) lane: u32,
    pub(super) kind: Kind,
    /// Whether it has the next of the effects.
    pub(super) has_effect: bool,
    pub(super) is_start: bool,
    pub(super) is_unreadable: bool,
    pub(super) marker: Option<u32>,
    /// Since when data were lost, how many packets and how many bytes.
    pub(super) gap: Option<(u64, Option<u64>, u64)>,
    pub(super) turn: Option<Turn>,
}
