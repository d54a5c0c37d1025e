//! Events of modules that nobody described: when seldom ones came. Damage makes such of others.

use std::collections::BTreeMap;

/// A module's events come more often, and those that damage makes are of many kinds.
const SELDOM: usize = 3;

/// Of more ids, nothing is noted.
const MOST_IDS: usize = 1024;

/// By id: when its first events came, one more of them than are seldom.
#[derive(Clone, Debug, Default)]
pub(super) struct Unnamed(BTreeMap<u32, Vec<u64>>);

impl Unnamed {
    pub(super) fn note(&mut self, id: u32, time: u64) {
        if self.0.len() == MOST_IDS && !self.0.contains_key(&id) {
            return;
        }
        let times = self.0.entry(id).or_default();
        if times.len() <= SELDOM {
            times.push(time);
        }
    }

    /// When events came whose ids are seldom.
    pub(super) fn seldom(&self) -> impl Iterator<Item = u64> {
        let seldom = self.0.values().filter(|times| times.len() <= SELDOM);
        seldom.flatten().copied()
    }
}
