//! The packets that almost all of a heap trace consists of: each has a way of its own through
//! [`Trace::run`](super::Trace::run), known as soon as the packet is cut.

use leakscope_systemview::id;

use super::modules::{IdfEvent, Meaning};

/// Which way a packet takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Lane {
    /// Nothing is known of it but its id.
    #[default]
    Common,
    /// It says who runs.
    Switch,
    /// ESP-IDF's heap module allocates.
    Allocation,
    /// ESP-IDF's heap module frees.
    Free,
}

impl Lane {
    /// The way of a packet with a predefined id.
    pub(super) fn of_id(id: u32) -> Self {
        match id {
            id::TASK_START_EXEC
            | id::TASK_STOP_EXEC
            | id::TASK_STOP_READY
            | id::ISR_ENTER
            | id::ISR_EXIT
            | id::ISR_TO_SCHEDULER
            | id::IDLE => Self::Switch,
            _ => Self::Common,
        }
    }

    /// The way of a packet with an id of a module that means this.
    pub(super) fn of_meaning(meaning: Meaning) -> Self {
        match meaning {
            Meaning::Idf(IdfEvent::Allocation) => Self::Allocation,
            Meaning::Idf(IdfEvent::Free) => Self::Free,
            _ => Self::Common,
        }
    }
}
