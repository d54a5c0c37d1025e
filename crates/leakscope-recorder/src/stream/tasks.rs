//! The tasks that exist, to be told again when a host asks.

use super::announce::cut;
use crate::event::{Task, until_nul};

/// The most bytes of a name that are remembered. (On the wire SystemView allows 32.)
const NAME: usize = 24;

/// At most `TASKS` tasks; those beyond are told to the host when they come, and not again.
#[derive(Debug)]
pub(super) struct TaskList<const TASKS: usize> {
    tasks: [Entry; TASKS],
    count: usize,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    id: usize,
    priority: u32,
    stack_base: usize,
    stack_size: usize,
    name: [u8; NAME],
    name_length: u8,
}

impl<const TASKS: usize> TaskList<TASKS> {
    pub(super) const NEW: Self = Self {
        tasks: [Entry {
            id: 0,
            priority: 0,
            stack_base: 0,
            stack_size: 0,
            name: [0; NAME],
            name_length: 0,
        }; TASKS],
        count: 0,
    };

    /// Remembers a task, or what is new about it; false if there is no room.
    pub(super) fn insert(&mut self, task: &Task<'_>) -> bool {
        let known = self.position(task.id);
        let place = known.unwrap_or(self.count);
        let Some(entry) = self.tasks.get_mut(place) else {
            return false;
        };
        entry.id = task.id;
        entry.priority = task.priority;
        entry.stack_base = task.stack_base;
        entry.stack_size = task.stack_size;
        let name = cut(until_nul(task.name), NAME);
        if known.is_none() || !name.is_empty() {
            entry.name[..name.len()].copy_from_slice(name);
            entry.name_length = name.len() as u8;
        }
        self.count = self.count.max(place + 1);
        true
    }

    /// What is known of a task.
    pub(super) fn get(&self, id: usize) -> Option<Task<'_>> {
        Some(self.tasks[self.position(id)?].task())
    }

    /// Forgets a task.
    pub(super) fn remove(&mut self, id: usize) {
        if let Some(place) = self.position(id) {
            self.tasks.copy_within(place + 1..self.count, place);
            self.count -= 1;
        }
    }

    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// The tasks, oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = Task<'_>> {
        self.tasks[..self.count].iter().map(Entry::task)
    }

    fn position(&self, id: usize) -> Option<usize> {
        self.tasks[..self.count]
            .iter()
            .position(|entry| entry.id == id)
    }
}

impl Entry {
    fn task(&self) -> Task<'_> {
        Task {
            id: self.id,
            priority: self.priority,
            name: &self.name[..usize::from(self.name_length)],
            stack_base: self.stack_base,
            stack_size: self.stack_size,
        }
    }
}
