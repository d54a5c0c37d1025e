//! Who runs on a core: interrupts nest, tasks replace each other, idle is idle.
//!
//! The meanings of the packets are those of UM08027, sections 6.1.1 and 6.1.2.

use super::tasks::TaskIndex;

/// Who runs on a core at some moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Context {
    /// It is not known: before the first switch, or after a loss.
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
    /// Who runs when none is.
    base: Context,
    /// Who runs.
    current: Context,
    /// Whether it was idle at least once.
    pub(super) was_idle: bool,
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

    pub(super) fn idle(&mut self) {
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

    /// After a loss nobody knows who runs, until the next switch.
    pub(super) fn forget(&mut self) {
        self.set_base(Context::Unknown);
    }
}
