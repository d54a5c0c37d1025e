//! The packets that almost all of a heap trace consists of: each has a way of its own through
//! [`Trace::run`](super::Trace::run), known as soon as the packet is cut.

use leakscope_systemview::id;

use super::dialect::with_dialects;

/// Adds the dialects' lanes to the others.
macro_rules! lanes {
    ($(
        $(#[$of_dialect:meta])*
        $module:ident::$dialect:ident { $($(#[$of_lane:meta])* $number:literal: $lane:ident),* $(,)? }
    )*) => {
        /// Which way a packet takes. It is one byte, for it stands in every packet's label.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub(super) enum Lane {
            /// Nothing is known of it but its id.
            #[default]
            Common,
            /// A task begins to run.
            TaskStart,
            /// The running task is stopped.
            TaskStop,
            /// A task is stopped: it waits, or is at its end.
            TaskBlocked,
            /// There is nothing to do.
            Idle,
            IsrEnter,
            IsrExit,
            IsrToScheduler,
            $($($(#[$of_lane])* $lane,)*)*
        }
    };
}

with_dialects!(lanes);

impl Lane {
    /// The way of a packet with a predefined id.
    pub(super) fn of_id(id: u32) -> Self {
        match id {
            id::TASK_START_EXEC => Self::TaskStart,
            id::TASK_STOP_EXEC => Self::TaskStop,
            id::TASK_STOP_READY | id::TASK_TERMINATE => Self::TaskBlocked,
            id::IDLE => Self::Idle,
            id::ISR_ENTER => Self::IsrEnter,
            id::ISR_EXIT => Self::IsrExit,
            id::ISR_TO_SCHEDULER => Self::IsrToScheduler,
            _ => Self::Common,
        }
    }
}

/// What a packet's id says of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Label {
    pub(super) id: u16,
    /// The core it comes from.
    pub(super) core: u8,
    pub(super) lane: Lane,
}
