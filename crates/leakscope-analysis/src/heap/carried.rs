//! Blocks from before a pause of the recording: they live on, and when one of them is freed, its call site is known.

use rustc_hash::FxHashMap;

use super::blocks::Blocks;
use super::paused::PausedSessions;
use super::releases::Releases;
use super::site_id::SiteId;
use crate::findings::{Lifetimes, OlderFrees, Stayed};

/// What lived when the recording paused.
#[derive(Clone, Debug, Default)]
pub(super) struct Carried {
    /// Blocks that may live still, by address.
    blocks: FxHashMap<u64, Older>,
    /// How old blocks of call sites were at a pause, behind which they ended unseen, or in a piece that does not tell any more how old
    /// they became: since the boot.
    gone: FxHashMap<SiteId, Box<Lifetimes>>,
    /// Whether data were lost in a piece.
    has_losses: bool,
    /// Where others came to live, while no free of one of these had proven that the target ran on.
    replaced: Vec<u64>,
    /// When some of them were freed in this session.
    freed: FxHashMap<SiteId, Freed>,
    /// How many are known to have ended in it, or in the pause before it, if the target ran on.
    ended: FxHashMap<SiteId, u64>,
}

/// A block from before a pause.
#[derive(Clone, Copy, Debug)]
struct Older {
    site: SiteId,
    block: Stayed,
    /// How many pauses it may have lived through.
    pauses: usize,
}

/// What a call site holds of them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Held {
    /// Blocks that may live still, and their bytes.
    pub(super) blocks: u64,
    pub(super) bytes: u64,
    /// Those that have ended.
    pub(super) ended: u64,
}

#[derive(Clone, Debug, Default)]
struct Freed {
    releases: Releases,
    last: u64,
}

impl Carried {
    /// After a pause of the recording: what lived goes on to live, and so does what lived at a pause before and is not known to
    /// have ended. The piece that is over ends then, and is kept or not.
    pub(super) fn paused(
        &self,
        blocks: &Blocks,
        end: u64,
        is_kept: bool,
        has_losses: bool,
    ) -> Self {
        let older = self.blocks.iter();
        let older = older.filter(|(address, _)| blocks.freed_before(**address).is_none());
        let older = older.map(|(&address, &older)| {
            let pauses = older.pauses.saturating_add(1);
            (address, Older { pauses, ..older })
        });
        let live = blocks.live().map(|(address, block)| {
            let older = Older {
                site: SiteId::new(block.site),
                block: Stayed {
                    birth: block.time,
                    age: end.saturating_sub(block.time),
                    bytes: block.bytes(),
                },
                pauses: if is_kept { 1 } else { usize::MAX },
            };
            (address, older)
        });
        Self {
            blocks: older.chain(live).collect(),
            gone: self.gone.clone(),
            has_losses: self.has_losses || has_losses,
            ..Self::default()
        }
    }

    /// Blocks that are not known to have ended, and whose they are.
    pub(super) fn stayed(&self) -> impl Iterator<Item = (SiteId, Stayed)> {
        self.blocks.values().map(|older| (older.site, older.block))
    }

    pub(super) fn gone(&self) -> &FxHashMap<SiteId, Box<Lifetimes>> {
        &self.gone
    }

    pub(super) fn has_losses(&self) -> bool {
        self.has_losses
    }

    /// Whether there is any.
    #[inline(always)]
    pub(super) fn watches(&self) -> bool {
        !self.blocks.is_empty()
    }

    /// The bytes of the one that may live at an address.
    pub(super) fn size(&self, address: u64) -> Option<u64> {
        (self.blocks.get(&address)).map(|older| older.block.bytes)
    }

    /// The one at an address is freed. Where they ended, as far as that is known now: a target that was reset frees none of them.
    pub(super) fn free(&mut self, address: u64, time: u64) -> Vec<u64> {
        let Some(older) = self.blocks.remove(&address) else {
            return Vec::new();
        };
        let Older {
            site,
            block,
            pauses,
        } = older;
        if pauses > PausedSessions::MOST {
            self.gone.entry(site).or_default().add(block.age);
        }
        let mut ended = std::mem::take(&mut self.replaced);
        ended.push(address);
        *self.ended.entry(site).or_default() += 1;
        let freed = self.freed.entry(site).or_default();
        freed.releases.add(time);
        freed.last = time;
        ended
    }

    /// A block begins. Whether one of these is known to have ended there, in the pause.
    #[cold]
    pub(super) fn replace(&mut self, address: u64) -> bool {
        let Some(Older { site, block, .. }) = self.blocks.remove(&address) else {
            return false;
        };
        self.gone.entry(site).or_default().add(block.age);
        *self.ended.entry(site).or_default() += 1;
        if self.freed.is_empty() {
            self.replaced.push(address);
        }
        !self.freed.is_empty()
    }

    /// What each call site may hold of them. A target that was reset would have ended none of those whose place others have taken.
    pub(super) fn held(&self) -> FxHashMap<SiteId, Held> {
        let mut by_site: FxHashMap<SiteId, Held> = FxHashMap::default();
        for older in self.blocks.values() {
            let held = by_site.entry(older.site).or_default();
            held.blocks += 1;
            held.bytes += older.block.bytes;
        }
        let ran_on = !self.freed.is_empty();
        for (&site, &ended) in self.ended.iter().filter(|_| ran_on) {
            by_site.entry(site).or_default().ended = ended;
        }
        by_site
    }

    /// The frees of a call site's blocks, in this session.
    pub(super) fn freed_of(&self, site: SiteId) -> OlderFrees {
        let Some(freed) = self.freed.get(&site) else {
            return OlderFrees::default();
        };
        let each = freed.releases.each();
        let moments = freed.releases.moments().iter();
        OlderFrees {
            moments: moments.map(|&moment| (moment, each)).collect(),
            last: freed.last,
            may_be_others: false,
        }
    }
}
