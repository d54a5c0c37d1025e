//! The kinds of events that the page tells apart.

use leakscope_analysis::trace::{Event, EventKind};
use leakscope_systemview::{Level, id};

/// What kind of event it is. The names are the page's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Api,
    Heap,
    Log,
    Warning,
    Error,
    Isr,
    Task,
    System,
    Module,
    Mark,
    Gap,
    Damaged,
}

impl Kind {
    pub(crate) const ALL: [Self; 12] = [
        Self::Api,
        Self::Heap,
        Self::Log,
        Self::Warning,
        Self::Error,
        Self::Isr,
        Self::Task,
        Self::System,
        Self::Module,
        Self::Mark,
        Self::Gap,
        Self::Damaged,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Heap => "heap",
            Self::Log => "log",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Isr => "isr",
            Self::Task => "task",
            Self::System => "system",
            Self::Module => "module",
            Self::Mark => "mark",
            Self::Gap => "gap",
            Self::Damaged => "damaged",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    pub(crate) const fn is_log(self) -> bool {
        matches!(self, Self::Log | Self::Warning | Self::Error)
    }

    #[inline]
    pub(crate) fn of(event: &Event<'_>) -> Self {
        match event.kind {
            EventKind::Heap(_) => Self::Heap,
            EventKind::Api => Self::Api,
            EventKind::System => Self::predefined(event.id),
            EventKind::Module | EventKind::FreeOfOther { .. } => Self::Module,
            EventKind::Log(print) => Self::of_level(print.level()),
            EventKind::LogInElf { options, .. } => Self::of_level(Level::of(options)),
            EventKind::Mark { .. } => Self::Mark,
            EventKind::Gap { .. } => Self::Gap,
            EventKind::Start(_) | EventKind::Stop => Self::System,
            EventKind::Unreadable => Self::Damaged,
        }
    }

    /// Of a packet with a predefined id.
    pub(crate) const fn predefined(id: u32) -> Self {
        match id {
            id::ISR_ENTER | id::ISR_EXIT | id::ISR_TO_SCHEDULER => Self::Isr,
            id::TASK_START_EXEC
            | id::TASK_STOP_EXEC
            | id::TASK_START_READY
            | id::TASK_STOP_READY
            | id::TASK_CREATE
            | id::TASK_TERMINATE
            | id::IDLE => Self::Task,
            id::MARK_START | id::MARK_STOP => Self::Mark,
            _ => Self::System,
        }
    }

    const fn of_level(level: Level) -> Self {
        match level {
            Level::Log => Self::Log,
            Level::Warning => Self::Warning,
            Level::Error => Self::Error,
        }
    }
}
