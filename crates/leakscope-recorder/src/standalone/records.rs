//! The records: in the order of allocation, found by address, evicted by a policy.

use super::InvalidState;
use super::slots::{Index, NONE, Record, Slot};
use crate::event::Block;

/// Which blocks are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// All of them: a free is noted in the block's record.
    All,
    /// Those that were not freed: a free removes the block's record.
    Leaks,
}

/// What happens to an allocation when the buffer is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// The oldest record makes room, live or not, as in ESP-IDF: the newest allocations are known.
    EvictOldest,
    /// It is not recorded: the first allocations are known.
    StopRecording,
    /// The record that was freed first makes room; if none was freed, the oldest does. (In
    /// [`Mode::Leaks`] no freed records are kept, and this is [`Policy::EvictOldest`].)
    EvictFreed,
}

/// What a recorder saw, since it was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The mode it was started with.
    pub mode: Mode,
    /// Records in the buffer.
    pub count: usize,
    /// Records for which there is room.
    pub capacity: usize,
    /// The most records that ever were in the buffer.
    pub high_water_mark: usize,
    /// Allocations, recorded or not.
    pub total_allocations: u32,
    /// Frees, of blocks known or not.
    pub total_frees: u32,
    /// Frees of blocks that are not in the buffer: allocated before the start, not recorded, or evicted.
    pub unmatched_frees: u32,
    /// Requests for which the allocator had no memory.
    pub failed_allocations: u32,
    /// Live records that made room for others: if such a block leaks, it goes unseen.
    pub evicted_live: u32,
    /// Freed records that made room for others.
    pub evicted_freed: u32,
    /// Allocations for which the buffer had no room ([`Policy::StopRecording`]).
    pub not_recorded: u32,
}

impl Summary {
    /// Whether something is missing from the records.
    pub const fn has_overflowed(&self) -> bool {
        self.evicted_live != 0 || self.evicted_freed != 0 || self.not_recorded != 0
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Stopped,
    /// Frees are recorded, allocations are not.
    Paused,
    Running,
}

pub(super) struct Records<'buffer, const DEPTH: usize> {
    slots: &'buffer mut [Slot<DEPTH>],
    phase: Phase,
    policy: Policy,
    summary: Summary,
    oldest: Index,
    newest: Index,
    /// How many slots, from the first on, have ever held a record.
    untouched: Index,
    /// Slots that hold none any more.
    unused: Index,
    /// Freed records, in the order of their frees; kept for [`Policy::EvictFreed`] only.
    freed_first: Index,
    freed_last: Index,
    /// Live records that are being reallocated, in the order in which that began: they are in no bucket.
    moving: Index,
    /// Where `get` was last: how manyth, and in which slot. `NONE` if records were removed since.
    visited: (usize, Index),
    /// The record that the dump comes to next, and which dump that is.
    dumped: Index,
    dumps: u32,
    /// How often the list of records changed.
    changes: u32,
}

impl<'buffer, const DEPTH: usize> Records<'buffer, DEPTH> {
    pub(super) const NEW: Self = Self {
        slots: no_slots(),
        phase: Phase::Stopped,
        policy: Policy::EvictOldest,
        summary: Summary {
            mode: Mode::All,
            count: 0,
            capacity: 0,
            high_water_mark: 0,
            total_allocations: 0,
            total_frees: 0,
            unmatched_frees: 0,
            failed_allocations: 0,
            evicted_live: 0,
            evicted_freed: 0,
            not_recorded: 0,
        },
        oldest: NONE,
        newest: NONE,
        untouched: 0,
        unused: NONE,
        freed_first: NONE,
        freed_last: NONE,
        moving: NONE,
        visited: (0, NONE),
        dumped: NONE,
        dumps: 0,
        changes: 0,
    };

    pub(super) fn init(&mut self, slots: &'buffer mut [Slot<DEPTH>]) -> Result<(), InvalidState> {
        if self.phase != Phase::Stopped {
            return Err(InvalidState::Running);
        }
        if slots.is_empty() {
            return Err(InvalidState::NoBuffer);
        }
        // Indices have 32 bits, and one of them means "none".
        let length = slots.len().min(Index::MAX as usize);
        self.slots = &mut slots[..length];
        self.clear(Mode::All);
        Ok(())
    }

    pub(super) fn start(&mut self, mode: Mode, policy: Policy) -> Result<(), InvalidState> {
        if self.slots.is_empty() {
            return Err(InvalidState::NoBuffer);
        }
        self.clear(mode);
        self.policy = policy;
        self.phase = Phase::Running;
        Ok(())
    }

    pub(super) fn stop(&mut self) -> Result<(), InvalidState> {
        if self.phase == Phase::Stopped {
            return Err(InvalidState::Stopped);
        }
        self.phase = Phase::Stopped;
        Ok(())
    }

    pub(super) fn pause_allocations(&mut self) -> Result<(), InvalidState> {
        if self.phase == Phase::Stopped {
            return Err(InvalidState::Stopped);
        }
        self.phase = Phase::Paused;
        Ok(())
    }

    pub(super) fn resume(&mut self) -> Result<(), InvalidState> {
        if self.slots.is_empty() {
            return Err(InvalidState::NoBuffer);
        }
        self.phase = Phase::Running;
        Ok(())
    }

    fn clear(&mut self, mode: Mode) {
        for slot in &mut *self.slots {
            slot.bucket = NONE;
        }
        self.summary = Summary {
            mode,
            capacity: self.slots.len(),
            ..Self::NEW.summary
        };
        self.oldest = NONE;
        self.newest = NONE;
        self.untouched = 0;
        self.unused = NONE;
        self.freed_first = NONE;
        self.freed_last = NONE;
        self.moving = NONE;
        self.dumped = NONE;
        self.changed();
    }

    pub(super) fn alloc(&mut self, block: Block, time: u32, core: u8, stack: &[usize; DEPTH]) {
        if self.phase != Phase::Running {
            return;
        }
        count(&mut self.summary.total_allocations);
        let Some(index) = self.vacant_slot() else {
            count(&mut self.summary.not_recorded);
            return;
        };
        self.slot(index).record = Record {
            block,
            time,
            core,
            is_freed: false,
            allocated_by: *stack,
            freed_by: [0; DEPTH],
        };
        self.append(index);
        self.enter(index);
        self.summary.count += 1;
        self.summary.high_water_mark = self.summary.high_water_mark.max(self.summary.count);
        self.changes = self.changes.wrapping_add(1);
    }

    pub(super) fn free(&mut self, address: usize, stack: &[usize; DEPTH]) {
        if self.phase == Phase::Stopped {
            return;
        }
        count(&mut self.summary.total_frees);
        match self.leave(address) {
            Some(index) => self.end(index, stack),
            None => count(&mut self.summary.unmatched_frees),
        }
    }

    /// The block of a live record, which is in no bucket any more, was freed.
    fn end(&mut self, index: Index, stack: &[usize; DEPTH]) {
        match self.summary.mode {
            Mode::Leaks => self.remove(index),
            Mode::All => {
                let record = &mut self.slot(index).record;
                record.is_freed = true;
                record.freed_by = *stack;
                if self.policy == Policy::EvictFreed {
                    self.queue_freed(index);
                }
            }
        }
    }

    /// A block is about to be reallocated: somebody else may get its address. Reallocations are heard of when recording is
    /// stopped, too: it may be so at one of their ends only, and then the block's free would never be found.
    pub(super) fn realloc_begins(&mut self, address: usize) {
        if let Some(index) = self.leave(address) {
            self.slot(index).chain = NONE;
            let last = self.last_moving();
            self.set_next_moving(last, index);
        }
    }

    /// It was: the record ends, and another one begins. While allocations are ignored, or nothing is recorded, it
    /// becomes the record of the block as it is now. Of a block that had no record when that began there is none: who has the address by now is
    /// another one.
    pub(super) fn realloc(
        &mut self,
        from: usize,
        to: Block,
        time: u32,
        core: u8,
        stack: &[usize; DEPTH],
    ) {
        match self.take_moving(from, false) {
            Some(index) if self.phase != Phase::Running => {
                self.slot(index).record.block = to;
                self.enter(index);
            }
            None if self.phase == Phase::Stopped => {}
            known => {
                count(&mut self.summary.total_frees);
                match known {
                    Some(index) => self.end(index, stack),
                    None => count(&mut self.summary.unmatched_frees),
                }
                self.alloc(to, time, core, stack);
            }
        }
    }

    /// There was no memory for it: the block lives on.
    pub(super) fn realloc_failed(&mut self, address: usize) {
        if let Some(index) = self.take_moving(address, true) {
            self.enter(index);
        }
        self.failed();
    }

    fn next_moving(&mut self, before: Index) -> Index {
        match before {
            NONE => self.moving,
            before => self.slot(before).chain,
        }
    }

    fn set_next_moving(&mut self, before: Index, next: Index) {
        match before {
            NONE => self.moving = next,
            before => self.slot(before).chain = next,
        }
    }

    fn last_moving(&mut self) -> Index {
        let mut last = NONE;
        loop {
            match self.next_moving(last) {
                NONE => return last,
                next => last = next,
            }
        }
    }

    /// Takes the record of a block that is being reallocated out of the list: of several with this address the first
    /// one, whose place the others got, or the newest.
    fn take_moving(&mut self, address: usize, newest: bool) -> Option<Index> {
        let mut found = None;
        let mut before = NONE;
        loop {
            let index = self.next_moving(before);
            if index == NONE {
                break;
            }
            if self.slot(index).record.block.address == address && (newest || found.is_none()) {
                found = Some((before, index));
            }
            before = index;
        }
        let (before, index) = found?;
        let next = self.slot(index).chain;
        self.set_next_moving(before, next);
        Some(index)
    }

    /// Takes this record out of the list, if it is there.
    fn stop_moving(&mut self, index: Index) {
        let mut before = NONE;
        loop {
            match self.next_moving(before) {
                NONE => return,
                found if found == index => {
                    let next = self.slot(index).chain;
                    return self.set_next_moving(before, next);
                }
                other => before = other,
            }
        }
    }

    pub(super) fn failed(&mut self) {
        if self.phase != Phase::Stopped {
            count(&mut self.summary.failed_allocations);
        }
    }

    pub(super) fn count(&self) -> usize {
        self.summary.count
    }

    pub(super) fn summary(&self) -> Summary {
        self.summary
    }

    pub(super) fn changes(&self) -> u32 {
        self.changes
    }

    /// A dump begins; which one.
    pub(super) fn begin_dump(&mut self) -> u32 {
        self.dumped = self.oldest;
        self.dumps = self.dumps.wrapping_add(1);
        self.dumps
    }

    /// Whether another dump has begun since.
    pub(super) fn is_cut(&self, dump: u32) -> bool {
        dump != self.dumps
    }

    /// The record that this dump comes to; `None` if there is none, or another dump has begun. Those that are removed
    /// meanwhile are passed over, and no others.
    pub(super) fn next_dumped(&mut self, dump: u32) -> Option<Record<DEPTH>> {
        if self.is_cut(dump) || self.dumped == NONE {
            return None;
        }
        let slot = *self.slot(self.dumped);
        self.dumped = slot.newer;
        Some(slot.record)
    }

    pub(super) fn get(&mut self, index: usize) -> Option<Record<DEPTH>> {
        if index >= self.summary.count {
            return None;
        }
        let (mut position, mut slot) = match self.visited {
            (position, slot) if slot != NONE && position <= index => (position, slot),
            _ => (0, self.oldest),
        };
        while position < index {
            slot = self.slot(slot).newer;
            position += 1;
        }
        self.visited = (position, slot);
        Some(self.slot(slot).record)
    }

    /// A slot for a new record, by the policy if there is none left.
    fn vacant_slot(&mut self) -> Option<Index> {
        if self.unused != NONE {
            let index = self.unused;
            self.unused = self.slot(index).chain;
            return Some(index);
        }
        if (self.untouched as usize) < self.slots.len() {
            self.untouched += 1;
            return Some(self.untouched);
        }
        if self.policy == Policy::StopRecording {
            return None;
        }
        self.evict();
        let index = self.unused;
        self.unused = self.slot(index).chain;
        Some(index)
    }

    /// Removes a record. There is one: the buffer is full.
    fn evict(&mut self) {
        let queued = self.freed_first;
        if queued != NONE {
            self.freed_first = self.slot(queued).chain;
            if self.freed_first == NONE {
                self.freed_last = NONE;
            }
            count(&mut self.summary.evicted_freed);
            self.remove(queued);
            return;
        }
        let oldest = self.oldest;
        if self.slot(oldest).record.is_freed {
            count(&mut self.summary.evicted_freed);
        } else {
            if self.leave_index(oldest).is_none() {
                self.stop_moving(oldest);
            }
            count(&mut self.summary.evicted_live);
        }
        self.remove(oldest);
    }

    /// Puts a record at the end of the list.
    fn append(&mut self, index: Index) {
        let newest = self.newest;
        let slot = self.slot(index);
        slot.older = newest;
        slot.newer = NONE;
        if newest == NONE {
            self.oldest = index;
        } else {
            self.slot(newest).newer = index;
        }
        self.newest = index;
    }

    /// Takes a record, which is in no bucket any more, out of the list, and gives its slot back.
    fn remove(&mut self, index: Index) {
        let Slot { older, newer, .. } = *self.slot(index);
        if older == NONE {
            self.oldest = newer;
        } else {
            self.slot(older).newer = newer;
        }
        if newer == NONE {
            self.newest = older;
        } else {
            self.slot(newer).older = older;
        }
        if self.dumped == index {
            self.dumped = newer;
        }
        self.slot(index).chain = self.unused;
        self.unused = index;
        self.summary.count -= 1;
        self.changed();
    }

    fn queue_freed(&mut self, index: Index) {
        self.slot(index).chain = NONE;
        if self.freed_last == NONE {
            self.freed_first = index;
        } else {
            let last = self.freed_last;
            self.slot(last).chain = index;
        }
        self.freed_last = index;
    }

    /// Makes a live record known under its address. The newest comes first, so that it is the one that
    /// is found if the free of an older one was lost.
    fn enter(&mut self, index: Index) {
        let address = self.slot(index).record.block.address;
        let bucket = self.bucket(address);
        let first = core::mem::replace(&mut self.slot(bucket).bucket, index);
        self.slot(index).chain = first;
    }

    /// Takes the newest live record with this address out of its bucket.
    fn leave(&mut self, address: usize) -> Option<Index> {
        self.leave_if(address, |slot, _| slot.record.block.address == address)
    }

    /// Takes this live record out of its bucket.
    fn leave_index(&mut self, index: Index) -> Option<Index> {
        let address = self.slot(index).record.block.address;
        self.leave_if(address, |_, candidate| candidate == index)
    }

    fn leave_if(
        &mut self,
        address: usize,
        is_it: impl Fn(&Slot<DEPTH>, Index) -> bool,
    ) -> Option<Index> {
        if self.slots.is_empty() {
            return None;
        }
        let bucket = self.bucket(address);
        let mut before = NONE;
        let mut index = self.slot(bucket).bucket;
        while index != NONE {
            let slot = *self.slot(index);
            if is_it(&slot, index) {
                if before == NONE {
                    self.slot(bucket).bucket = slot.chain;
                } else {
                    self.slot(before).chain = slot.chain;
                }
                return Some(index);
            }
            before = index;
            index = slot.chain;
        }
        None
    }

    /// The slot whose bucket this address leads to.
    fn bucket(&self, address: usize) -> Index {
        let mixed = (address as u32 ^ (address as u64 >> 32) as u32).wrapping_mul(0x9E37_79B1);
        // The high bits are the well mixed ones: scaled to the number of slots.
        ((u64::from(mixed) * self.slots.len() as u64) >> 32) as Index + 1
    }

    fn slot(&mut self, index: Index) -> &mut Slot<DEPTH> {
        &mut self.slots[index as usize - 1]
    }

    fn changed(&mut self) {
        self.visited = (0, NONE);
        self.changes = self.changes.wrapping_add(1);
    }
}

const fn no_slots<'buffer, const DEPTH: usize>() -> &'buffer mut [Slot<DEPTH>] {
    &mut []
}

fn count(counter: &mut u32) {
    *counter = counter.saturating_add(1);
}
