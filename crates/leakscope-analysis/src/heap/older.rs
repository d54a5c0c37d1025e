//! Frees of blocks that nobody saw begin, by the call stack that makes them: of which call sites these blocks may have been.
//!
//! What frees blocks of one call site is seldom what frees those of another. So a free of an older block tells of a call
//! site if the same stack frees its blocks. But a stack may free blocks of several, some of them only in long intervals: it
//! tells of all others, too, unless its older blocks were gone by the time that blocks of the call sites which it is known to
//! free live, and half of that.
//!
//! Where the device leaves blocks out, a free may as well be of one of these, and a busy program makes thousands. At each address
//! one of them at the most is older. A call stack tells of a call site there if it frees its blocks, or one for each that comes.

use rustc_hash::{FxHashMap, FxHashSet};

use super::model::HeapModel;
use super::releases::Releases;
use super::site_id::SiteId;
use crate::findings::OlderFrees;
use crate::trace::StackId;

/// More call stacks than this are not told apart: who frees so many call sites' blocks, or is one of so many, frees any.
const MOST_STACKS: usize = 256;
const MOST_SITES: usize = 32;

/// What is replaced is one block for each that comes, and perhaps some whose replacements were left out: so many more, or fewer where
/// only some of the moments are known.
const MORE_FOR_ONE: u64 = 2;

/// Blocks at more addresses than this are taken to have been left out.
const MOST_OTHERS: usize = 1 << 16;

/// What each call stack frees.
#[derive(Clone, Debug, Default)]
pub(super) struct OlderBlocks {
    by_stack: FxHashMap<StackId, Freed>,
    /// Frees of older blocks in this session.
    count: u64,
    /// Where blocks were freed in this session that are older or were left out.
    others: FxHashSet<u64>,
}

/// What one call stack frees.
#[derive(Clone, Debug, Default)]
struct Freed {
    /// Blocks that nobody saw begin, in all sessions.
    unseen: u64,
    /// Of this session: how many blocks that the device left out, for sure, …
    left_out: u64,
    /// … when blocks were freed that may be older …
    older: Releases,
    last_older: u64,
    /// … and the call sites of the others, since the first such free, and how long these lived at the most.
    sites: Vec<SiteId>,
    longest_life: u64,
}

impl OlderBlocks {
    /// Whether an older block was freed in this session: from then on it counts who frees what.
    #[inline(always)]
    pub(super) fn watches(&self) -> bool {
        self.count > 0
    }

    /// How many were freed in this session.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// A block is freed that may be older than the recording.
    pub(super) fn add(&mut self, from: StackId, time: u64) {
        self.count += 1;
        let freed = self.freed(from);
        freed.older.add(time);
        freed.last_older = time;
    }

    /// A block that the device left out is freed.
    fn note_left_out(&mut self, from: StackId) {
        self.freed(from).left_out += 1;
    }

    /// Whether this is the first block that is freed at an address, of those that are older or were left out.
    fn is_first(&mut self, address: u64) -> bool {
        self.others.len() < MOST_OTHERS && self.others.insert(address)
    }

    /// It is one that nobody saw begin, for sure.
    pub(super) fn note_unseen(&mut self, from: StackId) {
        self.freed(from).unseen += 1;
    }

    /// How many of these a stack has freed, in all sessions.
    pub(super) fn unseen(&self, from: StackId) -> u64 {
        self.by_stack.get(&from).map_or(0, |freed| freed.unseen)
    }

    fn freed(&mut self, from: StackId) -> &mut Freed {
        let is_known = self.by_stack.len() < MOST_STACKS || self.by_stack.contains_key(&from);
        let from = if is_known { from } else { StackId::NONE };
        self.by_stack.entry(from).or_default()
    }

    /// A block of a call site is freed that lived for so long.
    #[cold]
    pub(super) fn note_freed(&mut self, from: StackId, site: SiteId, life: u64) {
        let freed = self.freed(from);
        freed.longest_life = freed.longest_life.max(life);
        if freed.sites.len() < MOST_SITES && !freed.sites.contains(&site) {
            freed.sites.push(site);
        }
    }

    /// The frees of older blocks that may have been of this call site, in a session that began at `start`; its live blocks began
    /// at `births`.
    pub(super) fn of(&self, site: SiteId, start: u64, births: &[u64]) -> OlderFrees {
        let may_be_others = !self.others.is_empty();
        let stacks = self.by_stack.iter();
        let telling: Vec<&Freed> = stacks
            .filter(|(from, freed)| **from == StackId::NONE || freed.may_be_of(site, start))
            .map(|(_, freed)| freed)
            .filter(|freed| !may_be_others || freed.replaces(site, births))
            .collect();
        let moments = telling.iter().flat_map(|freed| {
            let moments = freed.older.moments().iter();
            moments.map(|&moment| (moment, freed.older.each()))
        });
        let mut moments: Vec<(u64, u64)> = moments.collect();
        moments.sort_unstable();
        OlderFrees {
            moments,
            may_be_others,
            last: telling
                .iter()
                .map(|freed| freed.last_older)
                .max()
                .unwrap_or(0),
        }
    }

    /// A session begins.
    pub(super) fn begin(&mut self) {
        self.count = 0;
        self.others.clear();
        for freed in self.by_stack.values_mut() {
            *freed = Freed {
                unseen: freed.unseen,
                ..Freed::default()
            };
        }
    }
}

impl HeapModel {
    /// A block is freed that is older than the recording, or that the device left out. Where another one ended before it,
    /// it began in the recording.
    #[cold]
    pub(super) fn free_other(&mut self, address: u64, from: StackId, time: u64) {
        let is_first = self.older.is_first(address);
        if is_first && self.blocks.freed_before(address).is_none() {
            self.older.add(from, time);
        } else {
            self.older.note_left_out(from);
        }
    }
}

impl Freed {
    fn may_be_of(&self, site: SiteId, start: u64) -> bool {
        let longest = self.longest_life.saturating_add(self.longest_life / 2);
        let is_explained = self.last_older.saturating_sub(start) <= longest;
        let frees_any = self.sites.is_empty() || self.sites.len() == MOST_SITES;
        frees_any || self.sites.contains(&site) || !is_explained
    }

    /// Whether its blocks that may have been left out are the call site's rather: it frees blocks of that, too, or one for each
    /// that comes; and half as many at the most that were left out for sure.
    fn replaces(&self, site: SiteId, births: &[u64]) -> bool {
        let (freed, came) = (self.older.count(), births.len() as u64);
        let most = came + came * MORE_FOR_ONE / self.older.each();
        let keeps_pace = || (came / 2..=most).contains(&freed) && self.older.lie_between(births);
        self.left_out <= freed / 2 && (self.sites.contains(&site) || keeps_pace())
    }
}
