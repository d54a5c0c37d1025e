//! The tasks of the target, each with the names it had from some moment on.

use rustc_hash::FxHashMap;

/// One task. Another task that later uses the same control block is another entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Task {
    /// The address of its control block (or the operating system's other name for it).
    pub address: u32,
    /// Its name, as the device sent it; empty if it never did.
    pub name: String,
    /// Its priority, in the operating system's numbers.
    pub priority: Option<u32>,
    /// Its stack: base address, size and bytes in use (0 if unknown).
    pub stack: Option<TaskStack>,
    /// How often the target had been reset when it first appeared, as far as the trace shows.
    pub resets: u32,
}

/// A task's stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskStack {
    /// Its base address.
    pub base: u32,
    /// Its size in bytes, as the operating system's adapter sends it.
    pub size: u32,
    /// Bytes in use; 0 if unknown.
    pub usage: u32,
}

impl Task {
    /// Its name, or `task@0x3ffb1234` if it has none.
    pub fn display_name(&self) -> String {
        if self.name.is_empty() {
            format!("task@0x{:08x}", self.address)
        } else {
            self.name.clone()
        }
    }
}

/// Which task, in order of first appearance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TaskIndex(u32);

impl TaskIndex {
    /// As an index into the list of tasks.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

const RECENT: usize = 64;

/// No tasks that were looked up: at each place stands an address that has another place.
const NOBODY: [(u32, TaskIndex); RECENT] = {
    let mut nobody = [(0, TaskIndex(0)); RECENT];
    nobody[place(0)].0 = u32::MAX;
    nobody
};

const _: () = assert!(place(0) != place(u32::MAX));

/// All tasks, and which of them an address means now.
#[derive(Clone, Debug)]
pub(super) struct Tasks {
    list: Vec<Task>,
    current: FxHashMap<u32, TaskIndex>,
    resets: u32,
    /// Looked up lately: a hash table of one place a task, where the newer one wins.
    recent: [(u32, TaskIndex); RECENT],
}

impl Tasks {
    pub(super) fn list(&self) -> &[Task] {
        &self.list
    }

    /// The task that now has this address; an unknown one becomes known.
    #[inline]
    pub(super) fn at(&mut self, address: u32) -> TaskIndex {
        let (recent, task) = self.recent[place(address)];
        if recent == address {
            return task;
        }
        self.look_up(address)
    }

    /// The task that now has this address, if it is known.
    pub(super) fn find(&self, address: u32) -> Option<&Task> {
        self.current
            .get(&address)
            .map(|task| &self.list[task.index()])
    }

    /// As [`Tasks::find`], by its place in the list.
    pub(super) fn position(&self, address: u32) -> Option<TaskIndex> {
        self.current.get(&address).copied()
    }

    fn look_up(&mut self, address: u32) -> TaskIndex {
        let (list, resets) = (&mut self.list, self.resets);
        let task = *self.current.entry(address).or_insert_with(|| {
            list.push(Task {
                address,
                resets,
                ..Task::default()
            });
            TaskIndex(list.len() as u32 - 1)
        });
        self.recent[place(address)] = (address, task);
        task
    }

    /// A name arrives. If the address had another one, another task has come to live there.
    pub(super) fn name(&mut self, address: u32, name: String, priority: u32) {
        let known = self.at(address);
        let known = &self.list[known.index()];
        if !known.name.is_empty() && known.name != name {
            self.forget(address);
        }
        let task = self.at(address);
        let task = &mut self.list[task.index()];
        task.name = name;
        task.priority = Some(priority);
    }

    pub(super) fn stack(&mut self, address: u32, stack: TaskStack) {
        let task = self.at(address);
        self.list[task.index()].stack = Some(stack);
    }

    /// The target was reset: all its tasks are new ones.
    pub(super) fn forget_all(&mut self) {
        self.resets += 1;
        self.current.clear();
        self.recent = NOBODY;
    }

    /// The task is gone: its address may come to mean another.
    pub(super) fn forget(&mut self, address: u32) {
        self.current.remove(&address);
        self.recent = NOBODY;
    }
}

/// All tasks of a moment, without those that nothing can be said of any more: these are later as they were then.
#[derive(Clone, Debug, Default)]
pub(super) struct TasksThen {
    count: usize,
    current: Vec<(TaskIndex, Task)>,
    resets: u32,
}

impl Tasks {
    pub(super) fn now(&self) -> TasksThen {
        let current = self.current.values();
        TasksThen {
            count: self.list.len(),
            current: current
                .map(|&task| (task, self.list[task.index()].clone()))
                .collect(),
            resets: self.resets,
        }
    }
}

impl TasksThen {
    /// They once more; `later` are those of the same trace, read as far as this or farther.
    pub(super) fn with(&self, later: &Tasks) -> Tasks {
        let mut list = later.list[..self.count].to_vec();
        let mut current = FxHashMap::default();
        for (index, task) in &self.current {
            list[index.index()].clone_from(task);
            current.insert(task.address, *index);
        }
        Tasks {
            list,
            current,
            resets: self.resets,
            recent: NOBODY,
        }
    }
}

impl Default for Tasks {
    fn default() -> Self {
        Self {
            list: Vec::new(),
            current: FxHashMap::default(),
            resets: 0,
            recent: NOBODY,
        }
    }
}

#[inline]
const fn place(address: u32) -> usize {
    (address.wrapping_mul(0x9E37_79B1) >> 26) as usize
}
