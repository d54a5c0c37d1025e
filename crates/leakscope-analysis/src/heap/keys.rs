//! Which call site a stack belongs to: those that differ in the allocator's frames only are one.

use std::hash::BuildHasher;

use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;

use super::fold::FoldStack;
use super::site_id::SiteId;
use crate::outcome::CallStack;
use crate::trace::{StackCertainty, StackId, Stacks};

/// The call stack of each call site.
#[derive(Clone, Debug, Default)]
pub(super) struct SiteKeys {
    list: Vec<SiteKey>,
    /// The site of each stack, by the stack's number; [`NO_SITE`] where it was not needed yet.
    of_stack: Vec<u32>,
    /// The sites by the program's frames.
    of_frames: HashTable<u32>,
    /// Whether there was a stack with frames.
    pub(super) saw_stack: bool,
}

/// The call stack of a site: the first that was met of its stacks.
#[derive(Clone, Copy, Debug)]
pub(super) struct SiteKey {
    stack: StackId,
    /// How many of its frames, from the innermost on, are the allocator's own.
    allocator_frames: u32,
}

impl SiteKey {
    /// How sure its frames are.
    pub(super) fn certainty(self, stacks: &Stacks) -> StackCertainty {
        stacks.certainty(self.stack)
    }

    /// The program's part of it.
    pub(super) fn program(self, stacks: &Stacks) -> CallStack {
        let (allocator_frames, frames) = self.split(stacks);
        CallStack {
            frames: frames.to_vec(),
            certainty: self.certainty(stacks).without(allocator_frames.len()),
        }
    }

    /// All frames.
    pub(super) fn frames(self, stacks: &Stacks) -> &[u64] {
        stacks.frames(self.stack)
    }

    /// The allocator's own frames, and the program's.
    pub(super) fn split(self, stacks: &Stacks) -> (&[u64], &[u64]) {
        self.frames(stacks).split_at(self.allocator_frames as usize)
    }
}

const NO_SITE: u32 = u32::MAX;

impl SiteKeys {
    /// The call site of a stack, if that was asked before.
    #[inline(always)]
    pub(super) fn known(&self, stack: StackId) -> Option<SiteId> {
        match self.of_stack.get(stack.index()) {
            Some(&site) if site != NO_SITE => Some(SiteId::new(site)),
            _ => None,
        }
    }

    /// The call site of a stack that was never asked about: the next number if it is a new one.
    #[cold]
    pub(super) fn learn(
        &mut self,
        stack: StackId,
        stacks: &Stacks,
        fold: &mut impl FoldStack,
    ) -> SiteId {
        let all = stacks.frames(stack);
        self.saw_stack |= !all.is_empty();
        let (allocator_frames, frames) = fold.split(all);
        let hash = |frames: &[u64]| FxBuildHasher.hash_one(frames);
        let keys = &mut self.list;
        let known = (self.of_frames).find(hash(frames), |&site| {
            keys[site as usize].split(stacks).1 == frames
        });
        let site = match known {
            Some(&site) => site,
            None => {
                let key = SiteKey {
                    stack,
                    allocator_frames: allocator_frames.len() as u32,
                };
                let shorter = stacks.shorter(stack);
                let of_shorter = shorter.and_then(|shorter| self.of_stack.get(shorter.index()));
                let site = match of_shorter {
                    // It was cut off so far.
                    Some(&site) if site != NO_SITE => {
                        keys[site as usize] = key;
                        site
                    }
                    _ => {
                        keys.push(key);
                        keys.len() as u32 - 1
                    }
                };
                self.of_frames.insert_unique(hash(frames), site, |&site| {
                    hash(keys[site as usize].split(stacks).1)
                });
                site
            }
        };
        if stack.index() >= self.of_stack.len() {
            self.of_stack.resize(stack.index() + 1, NO_SITE);
        }
        self.of_stack[stack.index()] = site;
        SiteId::new(site)
    }

    /// By the number of the site.
    pub(super) fn list(&self) -> &[SiteKey] {
        &self.list
    }
}
