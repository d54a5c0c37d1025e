//! The numbers of SystemView's packets, under the names of SEGGER's `SEGGER_SYSVIEW.h`.
//!
//! Ids from [`FIRST_WITH_LENGTH`] on carry the length of their payload; the layouts of those below are
//! in `frame.rs`. From [`FIRST_API`] to `FIRST_MODULE - 1` stand calls of the operating system, which a
//! description file names; from [`FIRST_MODULE`] on events of modules, which `MODULEDESC` announces.

/// Packets from this id on say how long they are.
pub const FIRST_WITH_LENGTH: u32 = 24;
/// The first id of the operating system's API calls.
pub const FIRST_API: u32 = 32;
/// The event offset of the first registered module.
pub const FIRST_MODULE: u32 = 512;
/// The highest id that two bytes can carry: no recorder was seen to send one above.
pub const LAST: u32 = 0x3FFF;

macro_rules! ids {
    ($($(#[$meta:meta])* $name:ident = $value:literal),* $(,)?) => {
        $($(#[$meta])* pub const $name: u32 = $value;)*
        /// SEGGER's name of a predefined packet, `None` from [`FIRST_API`] on and for 30.
        #[must_use]
        pub const fn name(id: u32) -> Option<&'static str> {
            match id { $($value => Some(stringify!($name)),)* _ => None }
        }
    };
}

ids! {
    /// Nothing; also the bytes of the sync.
    NOP = 0,
    /// Packets were dropped: how many since the target started.
    OVERFLOW = 1,
    /// An interrupt begins.
    ISR_ENTER = 2,
    /// An interrupt returns to what it interrupted.
    ISR_EXIT = 3,
    /// A task runs.
    TASK_START_EXEC = 4,
    /// The running task ends (or, on Zephyr, is switched out).
    TASK_STOP_EXEC = 5,
    /// A task could run.
    TASK_START_READY = 6,
    /// A task can no longer run, and why.
    TASK_STOP_READY = 7,
    /// A task comes into being.
    TASK_CREATE = 8,
    /// A task's priority and name.
    TASK_INFO = 9,
    /// Recording begins.
    TRACE_START = 10,
    /// Recording ends.
    TRACE_STOP = 11,
    /// The target's clock, in cycles.
    SYSTIME_CYCLES = 12,
    /// The target's clock, in microseconds.
    SYSTIME_US = 13,
    /// A description of the system: `key=value,…`.
    SYSDESC = 14,
    /// A marked stretch begins.
    MARK_START = 15,
    /// A marked stretch ends.
    MARK_STOP = 16,
    /// No task runs.
    IDLE = 17,
    /// An interrupt ends in the scheduler.
    ISR_TO_SCHEDULER = 18,
    /// A software timer's callback begins.
    TIMER_ENTER = 19,
    /// A software timer's callback ends.
    TIMER_EXIT = 20,
    /// A task's stack.
    STACK_INFO = 21,
    /// A module: its first event id and its description.
    MODULEDESC = 22,
    /// A value of registered data.
    DATA_SAMPLE = 23,
    /// Frequencies, base and shift of ids.
    INIT = 24,
    /// A name for a resource's address.
    NAME_RESOURCE = 25,
    /// A log message.
    PRINT_FORMATTED = 26,
    /// How many modules are registered.
    NUMMODULES = 27,
    /// A call returns.
    END_CALL = 28,
    /// A task is gone.
    TASK_TERMINATE = 29,
    /// An extended event; see [`extended`].
    EX = 31,
}

/// Whether Espressif's OpenOCD writes packets with this id, whichever core sent them, to the recordings of both
/// (`esp32_sysview.c`): what each reader must know.
#[inline]
#[must_use]
pub const fn is_for_both_cores(id: u32) -> bool {
    matches!(
        id,
        OVERFLOW
            | TASK_START_READY
            | TASK_INFO
            | TRACE_START
            | TRACE_STOP
            | SYSTIME_CYCLES
            | SYSTIME_US
            | SYSDESC
            | STACK_INFO
            | MODULEDESC
            | INIT
            | NUMMODULES
    )
}

/// The numbers of extended events, the first field of an [`EX`] packet.
pub mod extended {
    /// A point in time is marked.
    pub const MARK: u32 = 0;
    /// A name for a marker's number.
    pub const NAME_MARKER: u32 = 1;
    /// A heap exists.
    pub const HEAP_DEFINE: u32 = 2;
    /// A block is allocated.
    pub const HEAP_ALLOC: u32 = 3;
    /// A block is allocated, with a tag.
    pub const HEAP_ALLOC_EX: u32 = 4;
    /// A block is freed.
    pub const HEAP_FREE: u32 = 5;
    /// Data to be sampled is described.
    pub const REGISTER_DATA: u32 = 6;
    /// A log message whose text stands in the ELF file.
    pub const PRINT_ELF: u32 = 7;

    /// SEGGER's name of an extended event.
    #[must_use]
    pub const fn name(extended: u32) -> Option<&'static str> {
        Some(match extended {
            MARK => "MARK",
            NAME_MARKER => "NAME_MARKER",
            HEAP_DEFINE => "HEAP_DEFINE",
            HEAP_ALLOC => "HEAP_ALLOC",
            HEAP_ALLOC_EX => "HEAP_ALLOC_EX",
            HEAP_FREE => "HEAP_FREE",
            REGISTER_DATA => "REGISTER_DATA",
            PRINT_ELF => "PRINT_ELF",
            _ => return None,
        })
    }
}
