//! embassy-executor's feature `trace`.
//!
//! With the feature `embassy` of this crate, embassy-executor 0.10 needs nothing more: it
//! calls the functions of this module by its symbols `_embassy_trace_*`. Later releases ask for an
//! implementation of a trait instead; leave the feature off, and write one that calls them:
//!
//! ```ignore
//! struct Hooks;
//! impl embassy_executor::raw::trace::hooks::Trace for Hooks {
//!     fn task_exec_begin(executor: u32, task: u32) {
//!         leakscope_recorder::hooks::embassy::task_exec_begin(executor, task);
//!     }
//!     // … and so on: each function has its namesake here.
//! }
//! embassy_executor::trace_impl!(Hooks);
//! ```
//!
//! embassy does not pass on the names of tasks. [`name_task`] does:
//!
//! ```ignore
//! let token = producer()?;
//! hooks::embassy::name_task(token.id(), "producer");
//! spawner.spawn(token);
//! ```
//!
//! Executors in interrupts run while a task of another executor waits in the middle of its work. So that
//! the host sees that task go on afterwards, this module remembers who was interrupted. No function
//! here needs a compare-and-swap.

use crate::event::{SystemEvent, Task};
use crate::global::recorder;
use crate::locked::{Locked, locked};

/// Executors that can interrupt each other; of those beyond, the host sees no return.
const NESTED: usize = 4;

static RUNNING: Locked<Running> = Locked::new(Running {
    polls: [Poll {
        executor: 0,
        task: 0,
    }; NESTED],
    depth: 0,
});

/// The executors that are polling, the outermost first.
struct Running {
    polls: [Poll; NESTED],
    depth: usize,
}

#[derive(Clone, Copy)]
struct Poll {
    executor: u32,
    /// The task that is being polled, or 0.
    task: u32,
}

impl Running {
    fn set(&mut self, executor: u32, task: u32) {
        let place = self.polls[..self.depth]
            .iter()
            .position(|poll| poll.executor == executor)
            .unwrap_or(self.depth);
        if let Some(poll) = self.polls.get_mut(place) {
            *poll = Poll { executor, task };
            self.depth = self.depth.max(place + 1);
        }
    }

    /// The executor is done; returns the task that it had interrupted, or 0.
    fn remove(&mut self, executor: u32) -> u32 {
        let place = self.polls[..self.depth]
            .iter()
            .position(|poll| poll.executor == executor);
        // All that lies above it is done too.
        self.depth = place.unwrap_or(self.depth);
        match self.depth {
            0 => 0,
            depth => self.polls[depth - 1].task,
        }
    }
}

fn running<R>(access: impl FnOnce(&mut Running) -> R) -> R {
    locked(|section| RUNNING.with(section, access))
}

/// Gives a task its name: call it before the task is spawned, with `SpawnToken::id()`. Names end at the
/// first zero byte, if there is one.
pub fn name_task(task: u32, name: &str) {
    recorder().task(&Task::new(task as usize, 0, name.as_bytes()));
}

/// An executor begins to poll.
pub fn poll_start(executor: u32) {
    running(|running| running.set(executor, 0));
}

/// A task was spawned.
pub fn task_new(executor: u32, task: u32) {
    let _ = executor;
    recorder().event(SystemEvent::TaskCreate(task as usize));
    recorder().task(&Task::new(task as usize, 0, b""));
}

/// A task ended.
pub fn task_end(executor: u32, task: u32) {
    let _ = executor;
    recorder().event(SystemEvent::TaskTerminate(task as usize));
}

/// A task is polled.
pub fn task_exec_begin(executor: u32, task: u32) {
    running(|running| running.set(executor, task));
    recorder().event(SystemEvent::TaskStartExec(task as usize));
}

/// A task was polled.
pub fn task_exec_end(executor: u32, task: u32) {
    let _ = task;
    running(|running| running.set(executor, 0));
    recorder().event(SystemEvent::TaskStopExec);
}

/// A task was woken.
pub fn task_ready_begin(executor: u32, task: u32) {
    let _ = executor;
    recorder().event(SystemEvent::TaskStartReady(task as usize));
}

/// An executor has nothing more to poll.
pub fn executor_idle(executor: u32) {
    match running(|running| running.remove(executor)) {
        0 => recorder().event(SystemEvent::Idle),
        interrupted => recorder().event(SystemEvent::TaskStartExec(interrupted as usize)),
    }
}

#[cfg(feature = "embassy")]
mod symbols {
    //! What embassy-executor 0.10 links to: the arguments are the low words of addresses.

    macro_rules! symbols {
        ($($symbol:ident => $function:ident($($argument:ident),*);)*) => {
            $(
                // SAFETY: the name is the one that embassy-executor asks for.
                #[unsafe(no_mangle)]
                fn $symbol($($argument: u32),*) {
                    super::$function($($argument),*);
                }
            )*
        };
    }

    symbols! {
        _embassy_trace_poll_start => poll_start(executor);
        _embassy_trace_task_new => task_new(executor, task);
        _embassy_trace_task_end => task_end(executor, task);
        _embassy_trace_task_exec_begin => task_exec_begin(executor, task);
        _embassy_trace_task_exec_end => task_exec_end(executor, task);
        _embassy_trace_task_ready_begin => task_ready_begin(executor, task);
        _embassy_trace_executor_idle => executor_idle(executor);
    }
}
