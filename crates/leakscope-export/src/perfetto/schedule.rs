//! Who runs on each core, and which tasks are ready to.
//!
//! A core's row shows a task with the interrupts on top of it. A task's row says that it runs (interrupted or not), or
//! that it is ready: from `TASK_START_READY` on, or from when another task took its core, until it runs (again), or
//! `TASK_STOP_READY` says that it cannot, or its core is idle. The viewer's `index/running` counts an interrupted task as
//! ready, as SystemView does. Where data were lost, from a stop of the recording to its start, and behind a reset, rows are empty
//! until somebody is told to run.

use leakscope_analysis::trace::{Context, Event, EventKind, Start, TaskIndex, Trace};
use leakscope_systemview::{id, varint};

/// Something begins or ends in a row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Change {
    pub(super) core: u8,
    /// The task whose row it is; without one, it is the core's.
    pub(super) context: Option<Context>,
    /// What begins; `None` if something ends.
    pub(super) begins: Option<State>,
}

/// What a row shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Ready,
    Running,
    /// On a core: who runs.
    On(Context),
}

/// The state at one moment.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    /// By core: who runs there, and the interrupts on top, the innermost last.
    cores: Vec<Vec<Context>>,
    /// By number of the task: what it does, and on which core it did so last.
    tasks: Vec<Option<(TaskIndex, State, u8)>>,
    changes: Vec<Change>,
}

/// Whether packets with this id say that the running task cannot go on.
const fn stops_task(id: u32) -> bool {
    matches!(
        id,
        id::TASK_STOP_READY | id::TASK_STOP_EXEC | id::TASK_TERMINATE | id::IDLE
    )
}

impl Schedule {
    /// What has changed since it was asked last.
    pub(super) fn take_changes(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.changes)
    }

    /// Takes an event into account that is no plain switch.
    pub(super) fn observe(&mut self, event: &Event<'_>, trace: &Trace) {
        if let EventKind::Gap { .. }
        | EventKind::Stop
        | EventKind::Start(Start::AfterReset | Start::PerhapsAfterReset | Start::AfterStop) =
            event.kind
        {
            for core in 0..trace.cores() as u8 {
                // Who ran is not ready to go on.
                self.switched(id::IDLE, core, trace.running(core));
            }
            return self.end_ready(|_| true);
        }
        self.switched(event.id, event.core, trace.running(event.core));
        if matches!(
            event.id,
            id::TASK_START_READY | id::TASK_STOP_READY | id::TASK_TERMINATE
        ) {
            let address = varint::read(event.payload, 0).map_or(0, |(number, _)| number);
            let Some(task) = trace.task_index(event, address) else {
                return;
            };
            match self.task(task) {
                None if event.id == id::TASK_START_READY => {
                    self.set(task, Some(State::Ready), event.core);
                }
                Some(State::Ready) if event.id != id::TASK_START_READY => {
                    self.set(task, None, event.core);
                }
                _ => {}
            }
        }
    }

    /// By an event with this id, `running` runs on a core from now on.
    pub(super) fn switched(&mut self, id: u32, core: u8, running: Context) {
        let place = usize::from(core);
        if self.cores.len() <= place {
            self.cores.resize(place + 1, Vec::new());
        }
        let before = self.cores[place].first().copied();
        if self.cores[place].last().copied().unwrap_or_default() != running {
            let stack = &self.cores[place];
            let kept = match stack.iter().rposition(|&context| context == running) {
                Some(known) => known + 1,
                None if matches!(running, Context::Interrupt(_)) => stack.len(),
                None => 0,
            };
            for _ in kept..self.cores[place].len() {
                self.cores[place].pop();
                self.row(core, None, None);
            }
            if self.cores[place].last() != Some(&running) && running != Context::Unknown {
                self.cores[place].push(running);
                self.row(core, None, Some(State::On(running)));
            }
            let now = self.cores[place].first().copied();
            if now != before {
                self.replace(id, core, before, now);
            }
        }
        if id == id::IDLE {
            self.end_ready(|last| last == core);
        }
    }

    /// A task took the core of another.
    fn replace(&mut self, id: u32, core: u8, before: Option<Context>, now: Option<Context>) {
        if let Some(Context::Task(before)) = before
            && self.task(before) == Some(State::Running)
        {
            let state = (!stops_task(id)).then_some(State::Ready);
            self.set(before, state, core);
        }
        if let Some(Context::Task(now)) = now {
            self.set(now, Some(State::Running), core);
        }
    }

    fn task(&self, task: TaskIndex) -> Option<State> {
        let known = self.tasks.get(task.index()).copied().flatten();
        known.map(|(_, state, _)| state)
    }

    fn set(&mut self, task: TaskIndex, state: Option<State>, core: u8) {
        let place = task.index();
        if self.tasks.len() <= place {
            self.tasks.resize(place + 1, None);
        }
        let before = self.tasks[place].map(|(_, state, _)| state);
        self.tasks[place] = state.map(|state| (task, state, core));
        if before == state {
            return;
        }
        let row = Some(Context::Task(task));
        if before.is_some() {
            self.row(core, row, None);
        }
        if state.is_some() {
            self.row(core, row, state);
        }
    }

    fn row(&mut self, core: u8, context: Option<Context>, begins: Option<State>) {
        self.changes.push(Change {
            core,
            context,
            begins,
        });
    }

    /// Those of which that is true, by the core where they ran last, are no longer ready.
    fn end_ready(&mut self, ends: impl Fn(u8) -> bool) {
        for place in 0..self.tasks.len() {
            if let Some((task, State::Ready, core)) = self.tasks[place]
                && ends(core)
            {
                self.set(task, None, core);
            }
        }
    }

    /// Everything ends.
    pub(super) fn end(&mut self) {
        for core in 0..self.cores.len() as u8 {
            self.switched(id::IDLE, core, Context::Unknown);
        }
        self.end_ready(|_| true);
    }
}
