//! What uses the heap: tasks, interrupts and other contexts.

use std::mem;

use rustc_hash::FxHashMap;

use crate::outcome::ContextUsage;
use crate::trace::Context;

/// The use of the heap by each context, in order of first appearance.
#[derive(Clone, Debug, Default)]
pub(super) struct Contexts {
    /// What is outstanding is that of this session: so a peak is of what lived at once.
    list: Vec<ContextUsage>,
    /// What the sessions before it left of each: blocks and bytes.
    left: Vec<(u64, u64)>,
    others: FxHashMap<Context, u32>,
    /// Index of each task's entry, or [`NONE`].
    tasks: Vec<u32>,
}

const NONE: u32 = u32::MAX;

impl Contexts {
    /// The place of a context in the list; an unknown one is added.
    #[inline(always)]
    pub(super) fn index(&mut self, context: Context) -> u32 {
        let known = match context {
            Context::Task(task) => self.tasks.get(task.index()),
            other => self.others.get(&other),
        };
        match known {
            Some(&index) if index != NONE => index,
            _ => self.add(context),
        }
    }

    /// The contexts of which bit n is set, n being their place in the list; the last bit stands for all
    /// that have none of their own, and is left out.
    pub(super) fn in_mask(&self, mask: u64) -> Vec<Context> {
        let listed = self.list.iter().take(u64::BITS as usize - 1);
        listed
            .enumerate()
            .filter(|(bit, _)| mask >> bit & 1 == 1)
            .map(|(_, usage)| usage.context)
            .collect()
    }

    pub(super) fn context(&self, index: u32) -> Context {
        let usage = self.list.get(index as usize);
        usage.map_or(Context::Unknown, |usage| usage.context)
    }

    #[cold]
    fn add(&mut self, context: Context) -> u32 {
        let index = self.list.len() as u32;
        self.list.push(ContextUsage {
            context,
            allocations: 0,
            allocated_bytes: 0,
            frees: 0,
            freed_bytes: 0,
            outstanding_blocks: 0,
            outstanding_bytes: 0,
            peak_bytes: 0,
        });
        match context {
            Context::Task(task) => {
                if task.index() >= self.tasks.len() {
                    self.tasks.resize(task.index() + 1, NONE);
                }
                self.tasks[task.index()] = index;
            }
            other => {
                self.others.insert(other, index);
            }
        }
        index
    }

    #[inline(always)]
    pub(super) fn allocate(&mut self, by: u32, size: u64) {
        let usage = &mut self.list[by as usize];
        usage.allocations += 1;
        usage.allocated_bytes += size;
        usage.outstanding_blocks += 1;
        usage.outstanding_bytes += size;
        if usage.outstanding_bytes > usage.peak_bytes {
            usage.peak_bytes = usage.outstanding_bytes;
        }
    }

    /// `by` frees a block of `size` bytes.
    #[inline(always)]
    pub(super) fn free(&mut self, by: u32, size: u64) {
        let usage = &mut self.list[by as usize];
        usage.frees += 1;
        usage.freed_bytes += size;
    }

    /// Another session may have known how large the block was that `by` has freed.
    pub(super) fn learn_freed(&mut self, by: u32, size: u64) {
        self.list[by as usize].freed_bytes += size;
    }

    /// The last free of `by` was none.
    pub(super) fn unfree(&mut self, by: u32, size: u64) {
        let usage = &mut self.list[by as usize];
        usage.frees -= 1;
        usage.freed_bytes -= size;
    }

    /// A block that `owner` had allocated is gone.
    #[inline(always)]
    pub(super) fn lose(&mut self, owner: u32, size: u64) {
        let usage = &mut self.list[owner as usize];
        usage.outstanding_blocks -= 1;
        usage.outstanding_bytes -= size;
    }

    /// A block of `owner` that seemed gone lives.
    pub(super) fn revive(&mut self, owner: u32, size: u64) {
        let usage = &mut self.list[owner as usize];
        usage.outstanding_blocks += 1;
        usage.outstanding_bytes += size;
        usage.peak_bytes = usage.peak_bytes.max(usage.outstanding_bytes);
    }

    /// How many allocations and frees are its own.
    pub(super) fn events(&self, index: u32) -> u64 {
        let usage = self.list.get(index as usize);
        usage.map_or(0, |usage| usage.allocations + usage.frees)
    }

    /// The session is over: what is outstanding stays so, and lives no more.
    pub(super) fn end_session(&mut self) {
        self.left.resize(self.list.len(), (0, 0));
        for (usage, (blocks, bytes)) in self.list.iter_mut().zip(&mut self.left) {
            *blocks += mem::take(&mut usage.outstanding_blocks);
            *bytes += mem::take(&mut usage.outstanding_bytes);
        }
    }

    /// How each used the heap in all sessions.
    pub(super) fn list(&self) -> Vec<ContextUsage> {
        let mut list = self.list.clone();
        for (usage, (blocks, bytes)) in list.iter_mut().zip(&self.left) {
            usage.outstanding_blocks += blocks;
            usage.outstanding_bytes += bytes;
        }
        list
    }
}
