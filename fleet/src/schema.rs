//! The tables of a fleet, and their columns. `docs/fleet.md` says what each means; a test compares both.
//!
//! Names are in lower case and no words of SQL; numbers have a sign; identities are text: so that DataFusion, DuckDB and
//! Spark read all of it in the same way.

use leakscope_export::tables::{Column, Kind};

use Kind::{Integer, Real, Text, Time};

/// Of the tables. It changes when a column is removed or changes its meaning, not when one is added.
pub const VERSION: &str = "1";

/// A table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// A row for each recording.
    Recordings,
    /// A row for each label that somebody has given a recording.
    Labels,
    /// A row for each call site of a recording.
    Sites,
    /// Rows for each call site with something outstanding: how that grew.
    Windows,
    /// A row for each frame of each call stack, once for each program.
    Stacks,
    /// A row for each failed allocation and each free that cannot be right.
    EventsBad,
    /// A row for each number that a device has sent of itself.
    Metrics,
    /// A row for each call stack that was named later.
    Names,
}

/// Names of columns behind their kinds, in order.
macro_rules! columns {
    ($($kind:ident: $($name:ident)*;)*) => {
        &[$($((stringify!($name), $kind),)*)*]
    };
}

impl Table {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Recordings,
        Self::Labels,
        Self::Sites,
        Self::Windows,
        Self::Stacks,
        Self::EventsBad,
        Self::Metrics,
        Self::Names,
    ];

    /// What it is called, in SQL and as a file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Recordings => "recordings",
            Self::Labels => "labels",
            Self::Sites => "sites",
            Self::Windows => "windows",
            Self::Stacks => "stacks",
            Self::EventsBad => "events_bad",
            Self::Metrics => "metrics",
            Self::Names => "names",
        }
    }

    /// Its columns.
    pub const fn columns(self) -> &'static [Column] {
        match self {
            Self::Recordings => columns! {
                Text: recording device product hardware firmware elf_sha256;
                Integer: has_names;
                Text: kind;
                Time: ingested_at recorded_at;
                Real: uptime_s observed_s;
                Integer: sessions resets events heap_events lost_packets damaged_bytes;
                Text: conclusion;
                Integer: allocations frees outstanding_bytes peak_bytes heap_bytes free_bytes failed_allocations
                    leaks;
                Real: leak_bytes_per_s left_s;
                Integer: cycles;
                Text: leakscope source;
            },
            Self::Labels => columns! {
                Text: recording label content;
            },
            Self::Sites => columns! {
                Text: recording device firmware site stack verdict standing confidence;
                Integer: allocations frees allocated_bytes outstanding_blocks outstanding_bytes peak_bytes
                    failed_allocations;
                Real: growth_bytes_per_s growth_bytes_per_cycle watched_s;
                Integer: left_blocks left_bytes;
                Real: first_s last_s oldest_outstanding_s;
                Integer: stack_depth;
                Text: tasks;
            },
            Self::Windows => columns! {
                Text: recording site stack measure;
                Integer: window_number;
                Real: window_length;
                Integer: bytes;
            },
            Self::Stacks => columns! {
                Text: stack site elf_sha256;
                Integer: frame;
                Text: function file;
                Integer: line address;
            },
            Self::EventsBad => columns! {
                Text: recording device firmware kind;
                Real: t_s;
                Integer: bytes live_bytes;
                Text: site task;
            },
            Self::Metrics => columns! {
                Text: recording device firmware;
                Time: measured_at;
                Text: metric;
                Real: measured;
            },
            Self::Names => columns! {
                Text: unnamed_stack site stack;
            },
        }
    }
}
