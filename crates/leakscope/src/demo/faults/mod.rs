//! What is wrong with the program: a file a fault.

mod bounded_cache;
mod burst;
mod double_free;
mod error_path;
mod growing_table;
mod out_of_memory;
mod steady;

use clap::ValueEnum;

use super::heap;
use super::queue::{Queue, Sender};
use super::scheduler::Task;

/// How often a task does its work.
const ROUNDS: usize = 60;

/// The time between two rounds, in milliseconds.
const PAUSE: u32 = 150;

/// What is wrong with the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Fault {
    /// `alloc N` allocates two blocks a round, and passes on only the second.
    Steady,
    /// `free N` forgets a block when it cannot read the message in it.
    ErrorPath,
    /// `free N` enters more into a table than it takes out.
    GrowingTable,
    /// None: `free N` keeps the last messages, up to a limit.
    BoundedCache,
    /// `free N` now and then frees a block twice.
    DoubleFree,
    /// `alloc N` asks for more and more, until the heap has no more.
    OutOfMemory,
    /// As steady, and one task allocates faster for a while than can be sent.
    Burst,
}

impl Fault {
    /// What is wrong, in a sentence.
    pub(crate) const fn sentence(self) -> &'static str {
        match self {
            Self::Steady => {
                "each round, `alloc N` allocates two blocks and passes on only the second"
            }
            Self::ErrorPath => "`free N` forgets a block when it cannot read the message in it",
            Self::GrowingTable => {
                "`free N` enters three messages into a table for every two it takes out"
            }
            Self::BoundedCache => "none: `free N` keeps messages, but never more than eight",
            Self::DoubleFree => "`free N` frees every thirtieth block twice",
            Self::OutOfMemory => {
                "`alloc N` keeps a buffer that it makes larger, until the heap has no more"
            }
            Self::Burst => {
                "as steady, and `alloc0` once allocates faster than the recorder can send"
            }
        }
    }

    /// The work of the tasks `alloc N`.
    pub(super) fn allocate(self, task: &Task<'_>, sender: &Sender) {
        match self {
            Self::Steady => steady::allocate(task, sender),
            Self::OutOfMemory => out_of_memory::allocate(task, sender),
            Self::Burst => burst::allocate(task, sender),
            Self::ErrorPath | Self::GrowingTable | Self::BoundedCache | Self::DoubleFree => {
                send_messages(task, sender);
            }
        }
    }

    /// The work of the tasks `free N`.
    pub(super) fn free(self, task: &Task<'_>, queue: &Queue) {
        match self {
            Self::Steady | Self::OutOfMemory | Self::Burst => free_messages(task, queue),
            Self::ErrorPath => error_path::free(task, queue),
            Self::GrowingTable => growing_table::free(task, queue),
            Self::BoundedCache => bounded_cache::free(task, queue),
            Self::DoubleFree => double_free::free(task, queue),
        }
    }
}

/// Sends a message a round: nothing is wrong with that.
#[inline(never)]
fn send_messages(task: &Task<'_>, sender: &Sender) {
    for round in 1..=ROUNDS {
        let Some(message) = heap::allocate(16 + 8 * (round % 4)) else {
            task.log_error("no memory");
            continue;
        };
        task.log(format_args!("sends {} bytes", message.size()));
        sender.send(task, message);
        task.sleep(PAUSE);
    }
}

/// Frees all that comes: nothing is wrong with that.
#[inline(never)]
fn free_messages(task: &Task<'_>, queue: &Queue) {
    while let Some(message) = queue.receive(task) {
        task.log(format_args!("frees {} bytes", message.size()));
        heap::release(message);
    }
}
