//! What is in each table. `docs/exports.md` says what the columns mean.

/// A table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Table {
    /// A row for each event that did something to the heap, in order of time.
    #[default]
    Events,
    /// A row for each block, in order of their ends.
    Blocks,
    /// A row for each call site of the report.
    Sites,
    /// A row for each log message, in order of time.
    Logs,
    /// A row for each kind of problem with the recording.
    Problems,
}

/// A column's name, and what is in it.
pub type Column = (&'static str, Kind);

/// What is in a column. Every column may have nulls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A number of 64 bits, without a sign.
    Number,
    /// A number of 64 bits with a sign, as most engines of SQL have them.
    Integer,
    /// A moment: microseconds since 1970, UTC.
    Time,
    /// A number of 64 bits with a fraction.
    Real,
    /// Text in UTF-8.
    Text,
}

use Kind::{Number, Real, Text};

impl Table {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::Events,
        Self::Blocks,
        Self::Sites,
        Self::Logs,
        Self::Problems,
    ];

    /// What it is called.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Blocks => "blocks",
            Self::Sites => "sites",
            Self::Logs => "logs",
            Self::Problems => "problems",
        }
    }

    /// What is in it.
    pub const fn purpose(self) -> &'static str {
        match self {
            Self::Events => "a row for each event that did something to the heap",
            Self::Blocks => "a row for each block that was allocated, and how it ended",
            Self::Sites => "a row for each call site, with its verdict and its sums",
            Self::Logs => "a row for each log message",
            Self::Problems => "a row for each kind of problem with the recording",
        }
    }

    pub(crate) const fn columns(self) -> &'static [Column] {
        match self {
            Self::Events => &[
                ("time_ns", Number),
                ("ticks", Number),
                ("core", Number),
                ("context", Text),
                ("effect", Text),
                ("address", Number),
                ("size", Number),
                ("site", Number),
                ("block", Number),
                ("ended_block", Number),
                ("lost_block", Number),
                ("live_bytes", Number),
            ],
            Self::Blocks => &[
                ("block", Number),
                ("site", Number),
                ("address", Number),
                ("size", Number),
                ("begin_ns", Number),
                ("begin_ticks", Number),
                ("context", Text),
                ("core", Number),
                ("end_ns", Number),
                ("end_ticks", Number),
                ("end", Text),
            ],
            Self::Sites => &[
                ("site", Number),
                ("identity", Text),
                ("stack_identity", Text),
                ("standing", Text),
                ("verdict", Text),
                ("reason", Text),
                ("allocations", Number),
                ("frees", Number),
                ("reallocations", Number),
                ("failed_allocations", Number),
                ("allocated_bytes", Number),
                ("outstanding_blocks", Number),
                ("outstanding_bytes", Number),
                ("peak_bytes", Number),
                ("bytes_at_peak", Number),
                ("growth_bytes_per_second", Real),
                ("first_allocation_ticks", Number),
                ("last_allocation_ticks", Number),
                ("contexts", Text),
                ("function", Text),
                ("file", Text),
                ("line", Number),
                ("stack", Text),
            ],
            Self::Logs => &[
                ("time_ns", Number),
                ("ticks", Number),
                ("core", Number),
                ("context", Text),
                ("level", Text),
                ("text", Text),
            ],
            Self::Problems => &[
                ("code", Text),
                ("severity", Text),
                ("message", Text),
                ("hint", Text),
                ("count", Number),
                ("input", Text),
                ("offset", Number),
                ("time_ticks", Number),
            ],
        }
    }
}
