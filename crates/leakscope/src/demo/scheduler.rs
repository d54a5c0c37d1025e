//! One task runs at a time, and all of them agree on the time: a small operating system of one core, on
//! threads.

use std::fmt;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use leakscope_recorder::{Level, SystemEvent, recorder as watcher};

use super::recorder;

/// What runs, and when.
#[derive(Debug)]
pub(super) struct Scheduler {
    state: Mutex<State>,
    switched: Condvar,
}

#[derive(Debug)]
struct State {
    /// When each task wants to run on; `None` while it waits for another, or when it is over.
    due: Vec<Option<u32>>,
    running: usize,
}

/// A task, as its own code sees it.
#[derive(Debug)]
pub(super) struct Task<'s> {
    scheduler: &'s Scheduler,
    index: usize,
    name: String,
}

/// What the operating system calls a task's reason to wait.
const WAITS: u32 = 0;

impl Scheduler {
    /// With one task, which calls this.
    pub(super) fn new() -> Self {
        Self {
            state: Mutex::new(State {
                due: vec![Some(0)],
                running: 0,
            }),
            switched: Condvar::new(),
        }
    }

    /// The task that runs already.
    pub(super) fn first_task(&self, name: &str) -> Task<'_> {
        introduce(0, name);
        watcher().event(SystemEvent::TaskStartExec(id(0)));
        Task {
            scheduler: self,
            index: 0,
            name: name.to_owned(),
        }
    }

    /// A new task, which will run as soon as the present one waits.
    pub(super) fn new_task(&self, name: &str) -> Task<'_> {
        let index = {
            let mut state = self.lock();
            state.due.push(Some(recorder::now()));
            state.due.len() - 1
        };
        introduce(index, name);
        watcher().event(SystemEvent::TaskCreate(id(index)));
        Task {
            scheduler: self,
            index,
            name: name.to_owned(),
        }
    }

    /// A task that waited may go on.
    pub(super) fn wake(&self, task: usize) {
        let mut state = self.lock();
        if state.due[task].is_none() {
            state.due[task] = Some(recorder::now());
            watcher().event(SystemEvent::TaskStartReady(id(task)));
        }
    }

    /// Lets the task run that is due first; of several, the one that was created first.
    fn switch(&self, state: &mut State) {
        let due = state.due.iter().enumerate();
        let next = due
            .filter_map(|(task, due)| Some((due.as_ref()?, task)))
            .min();
        let Some((&time, next)) = next else {
            return;
        };
        if time > recorder::now() {
            watcher().event(SystemEvent::Idle);
            recorder::send();
            recorder::advance_to(time);
        }
        state.running = next;
        watcher().event(SystemEvent::TaskStartExec(id(next)));
        self.switched.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Task<'_> {
    /// Its number, for [`Scheduler::wake`].
    pub(super) fn index(&self) -> usize {
        self.index
    }

    /// What it is called.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Lets it run.
    pub(super) fn scheduler(&self) -> &Scheduler {
        self.scheduler
    }

    /// Others run for this long.
    pub(super) fn sleep(&self, milliseconds: u32) {
        self.pause(Some(recorder::now() + milliseconds * 1000));
    }

    /// Others run, until one of them wakes this task.
    pub(super) fn wait(&self) {
        self.pause(None);
    }

    fn pause(&self, due: Option<u32>) {
        let mut state = self.scheduler.lock();
        state.due[self.index] = due;
        watcher().event(SystemEvent::TaskStopReady(id(self.index), WAITS));
        self.scheduler.switch(&mut state);
        self.until_its_turn(state);
    }

    /// The first thing that a new task's thread does.
    pub(super) fn begin(&self) {
        self.until_its_turn(self.scheduler.lock());
    }

    fn until_its_turn(&self, state: MutexGuard<'_, State>) {
        let is_not = |state: &mut State| state.running != self.index;
        let state = self.scheduler.switched.wait_while(state, is_not);
        drop(state.unwrap_or_else(PoisonError::into_inner));
    }

    /// The last thing.
    pub(super) fn end(&self) {
        let mut state = self.scheduler.lock();
        state.due[self.index] = None;
        watcher().event(SystemEvent::TaskTerminate(id(self.index)));
        self.scheduler.switch(&mut state);
    }

    /// Writes into the log.
    pub(super) fn log(&self, text: impl fmt::Display) {
        self.print(Level::Log, &text);
    }

    /// Writes an error into the log.
    pub(super) fn log_error(&self, text: impl fmt::Display) {
        self.print(Level::Error, &text);
    }

    fn print(&self, level: Level, text: &dyn fmt::Display) {
        watcher().print(level, format!("{}: {text}", self.name).as_bytes());
    }
}

/// Tells the recorder of a task.
fn introduce(index: usize, name: &str) {
    let priority = if index == 0 { 1 } else { 5 };
    watcher().task(&leakscope_recorder::Task::new(
        id(index),
        priority,
        name.as_bytes(),
    ));
}

/// What the recorder knows a task by: any number but 0.
fn id(task: usize) -> usize {
    task + 1
}
