//! A program with a known fault, watched by the real recorder: what `leakscope demo` shows.
//!
//! It is the example that the firmware of this project runs on boards, on threads of this computer: three
//! pairs of tasks, of which `alloc N` allocates and passes blocks on, and `free N` receives and frees them.
//!
//! - [`faults`] has a file a fault: the tasks' own code, which a report is to point at.
//! - [`program`] starts the tasks, and records from before their first allocation to after their last.
//! - [`scheduler`] lets one task run at a time and keeps a clock of its own, so that each run is the same
//!   and an hour takes a moment; [`queue`] is how blocks get from task to task.
//! - [`heap`] is the tasks' heap, behind the recorder's allocator; [`stack`] walks their call stacks.
//! - [`recorder`] is the recorder itself, in both of its modes.

pub(crate) mod faults;
mod heap;
pub(crate) mod program;
mod queue;
pub(crate) mod recorder;
mod scheduler;
pub(crate) mod stack;
