//! The tasks that exist, to be told again when a host asks.

use super::announce::cut;
use crate::event::{Task, until_nul};

/// The most bytes of a name that are remembered. (On the wire SystemView allows 32.)
const NAME: usize = 24;

/// At most `TASKS` tasks; those beyond are told to the host when they come, and not again. A task keeps its place, so
/// that the list can be told one by one while it changes.
#[derive(Debug)]
pub(super) struct TaskList<const TASKS: usize> {
    tasks: [Entry; TASKS],
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    is_used: bool,
    name_length: u8,
    name: [u8; NAME],
    id: usize,
    priority: u32,
    stack_base: usize,
    stack_size: usize,
}

impl<const TASKS: usize> TaskList<TASKS> {
    pub(super) const NEW: Self = Self {
        tasks: [Entry {
            is_used: false,
            name_length: 0,
            name: [0; NAME],
            id: 0,
            priority: 0,
            stack_base: 0,
            stack_size: 0,
        }; TASKS],
    };

    /// Remembers a task, or what is new about it; false if there is no room.
    pub(super) fn insert(&mut self, task: &Task<'_>) -> bool {
        let known = self.position(task.id);
        let free = || self.tasks.iter().position(|entry| !entry.is_used);
        let Some(place) = known.or_else(free) else {
            return false;
        };
        let entry = &mut self.tasks[place];
        entry.is_used = true;
        entry.id = task.id;
        entry.priority = task.priority;
        entry.stack_base = task.stack_base;
        entry.stack_size = task.stack_size;
        let name = cut(until_nul(task.name), NAME);
        if known.is_none() || !name.is_empty() {
            entry.name[..name.len()].copy_from_slice(name);
            entry.name_length = name.len() as u8;
        }
        true
    }

    /// What is known of a task.
    pub(super) fn get(&self, id: usize) -> Option<Task<'_>> {
        Some(self.tasks[self.position(id)?].task())
    }

    /// The task at a place below `TASKS`, if there is one.
    pub(super) fn at(&self, place: usize) -> Option<Task<'_>> {
        let entry = self.tasks.get(place)?;
        entry.is_used.then(|| entry.task())
    }

    /// Forgets a task.
    pub(super) fn remove(&mut self, id: usize) {
        if let Some(place) = self.position(id) {
            self.tasks[place].is_used = false;
        }
    }

    /// How many tasks there are.
    pub(super) fn len(&self) -> usize {
        self.tasks.iter().filter(|entry| entry.is_used).count()
    }

    fn position(&self, id: usize) -> Option<usize> {
        self.tasks
            .iter()
            .position(|entry| entry.is_used && entry.id == id)
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
