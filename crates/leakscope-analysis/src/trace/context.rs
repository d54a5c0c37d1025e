//! What runs on a core: interrupts nest, tasks replace each other, idle is idle.
//!
//! The meanings of the packets are those of UM08027, sections 6.1.1 and 6.1.2.

use super::tasks::TaskIndex;

/// What runs on a core at some moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Context {
    /// It is not known: before the first switch, and from a loss or a stop of the recording to the next one.
    #[default]
    Unknown,
    /// No task.
    Idle,
    /// The scheduler, between two tasks.
    Scheduler,
    /// A task.
    Task(TaskIndex),
    /// An interrupt, by its number.
    Interrupt(u32),
}

/// One core's state.
#[derive(Clone, Debug, Default)]
pub(super) struct CoreState {
    /// Interrupts that are active, the innermost last.
    interrupts: Vec<u32>,
    /// What runs when none is.
    base: Context,
    /// What runs.
    current: Context,
    /// Whether it was idle at least once.
    was_idle: bool,
}

/// All cores that were heard of, by their numbers.
#[derive(Clone, Debug, Default)]
pub(super) struct Cores {
    states: Vec<CoreState>,
    /// Since when all of them have been idle at least once.
    pub(super) idle_since: Option<u64>,
}

impl Cores {
    /// The state of a core, which is now heard of.
    #[inline(always)]
    pub(super) fn of(&mut self, core: u8) -> &mut CoreState {
        let core = usize::from(core);
        if core < self.states.len() {
            &mut self.states[core]
        } else {
            self.add(core)
        }
    }

    #[cold]
    fn add(&mut self, core: usize) -> &mut CoreState {
        self.states.resize_with(core + 1, CoreState::default);
        &mut self.states[core]
    }

    /// What runs on a core.
    #[inline]
    pub(super) fn current(&self, core: u8) -> Context {
        let state = self.states.get(usize::from(core));
        state.map_or(Context::Unknown, |state| state.current)
    }

    /// A core has nothing to do.
    pub(super) fn idle(&mut self, core: u8, time: u64) {
        self.of(core).idle();
        if self.idle_since.is_none() && self.states.iter().all(|state| state.was_idle) {
            self.idle_since = Some(time);
        }
    }

    /// After a loss or a stop nobody knows who runs, until the next switches.
    pub(super) fn forget(&mut self) {
        self.states.iter_mut().for_each(CoreState::forget);
    }

    pub(super) fn len(&self) -> usize {
        self.states.len()
    }
}

/// Interrupts do not nest deeper on any core that exists; more is damage.
const DEEPEST: usize = 256;

impl CoreState {
    #[inline]
    pub(super) fn current(&self) -> Context {
        self.current
    }

    /// Interrupts or what they interrupt have changed.
    fn settle(&mut self) {
        self.current = match self.interrupts.last() {
            Some(&interrupt) => Context::Interrupt(interrupt),
            None => self.base,
        };
    }

    /// No interrupt is active.
    #[inline]
    fn set_base(&mut self, base: Context) {
        self.interrupts.clear();
        self.base = base;
        self.current = base;
    }

    pub(super) fn enter_interrupt(&mut self, interrupt: u32) {
        if self.interrupts.len() < DEEPEST {
            self.interrupts.push(interrupt);
        }
        self.settle();
    }

    /// An exit without an entry (its packet was lost) leaves the task running.
    pub(super) fn exit_interrupt(&mut self) {
        self.interrupts.pop();
        self.settle();
    }

    pub(super) fn exit_to_scheduler(&mut self) {
        self.interrupts.pop();
        self.base = Context::Scheduler;
        self.settle();
    }

    /// A task is only ever switched to when no interrupt is active: entries left over are of interrupts
    /// whose exit was lost.
    pub(super) fn start_task(&mut self, task: TaskIndex) {
        self.set_base(Context::Task(task));
    }

    fn idle(&mut self) {
        self.set_base(Context::Idle);
        self.was_idle = true;
    }

    pub(super) fn stop_running_task(&mut self) {
        if matches!(self.base, Context::Task(_)) {
            self.base = Context::Scheduler;
        }
        self.settle();
    }

    pub(super) fn stop_task(&mut self, task: TaskIndex) {
        if self.base == Context::Task(task) {
            self.base = Context::Scheduler;
        }
        self.settle();
    }

    /// As [`Cores::forget`], of one core.
    pub(super) fn forget(&mut self) {
        self.set_base(Context::Unknown);
    }
}
