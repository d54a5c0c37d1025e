//! The tables and their columns, version 1. `docs/fleet.md` says what they mean, and a test compares both.
//!
//! Names are in lower case and no words of SQL; numbers have a sign; identities are text: so that DataFusion, DuckDB and
//! Spark read all of it in the same way.

use leakscope_export::tables::{Column, Kind};

/// Of the tables. It changes when a column is removed or changes its meaning, not when one is added.
pub const VERSION: &str = "1";

/// Tables: their names, and names of columns behind their kinds, in order.
macro_rules! tables {
    ($($(#[$doc:meta])* $table:ident $name:literal { $($kind:ident: $($column:ident)*;)* })*) => {
        /// A table.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Table {
            $($(#[$doc])* $table,)*
        }

        impl Table {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$table,)*];

            /// What it is called in SQL.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$table => $name,)*
                }
            }

            /// What it is called in a part.
            pub(crate) const fn file(self) -> &'static str {
                match self {
                    $(Self::$table => concat!($name, ".parquet"),)*
                }
            }

            /// Its columns.
            pub const fn columns(self) -> &'static [Column] {
                match self {
                    $(Self::$table => &[$($((stringify!($column), Kind::$kind),)*)*],)*
                }
            }
        }
    };
}

tables! {
    /// A row for each recording.
    Recordings "recordings" {
        Text: recording device product hardware firmware elf_sha256;
        Integer: has_names;
        Text: kind;
        Time: ingested_at recorded_at;
        Real: uptime_s observed_s;
        Integer: sessions resets events heap_events lost_packets damaged_bytes;
        Text: conclusion;
        Integer: allocations frees outstanding_bytes peak_bytes heap_bytes free_bytes failed_allocations leaks;
        Real: leak_bytes_per_s left_s;
        Integer: cycles;
        Text: leakscope source;
    }
    /// A row for each label that somebody has given a recording.
    Labels "labels" {
        Text: recording label content;
    }
    /// A row for each call site of a recording.
    Sites "sites" {
        Text: recording device firmware site stack verdict standing confidence;
        Integer: allocations frees allocated_bytes outstanding_blocks outstanding_bytes peak_bytes failed_allocations;
        Real: growth_bytes_per_s growth_bytes_per_cycle watched_s;
        Integer: left_blocks left_bytes;
        Real: first_s last_s oldest_outstanding_s;
        Integer: stack_depth;
        Text: tasks;
    }
    /// Rows for each call site with something outstanding: how that grew.
    Windows "windows" {
        Text: recording site stack measure;
        Integer: window_number;
        Real: window_length;
        Integer: bytes;
    }
    /// A row for each frame of each call stack, once for each program.
    Stacks "stacks" {
        Text: stack site elf_sha256;
        Integer: frame;
        Text: function file;
        Integer: line address;
    }
    /// A row for each failed allocation and each free that cannot be right.
    EventsBad "events_bad" {
        Text: recording device firmware kind;
        Integer: is_doubtful;
        Real: t_s;
        Integer: bytes live_bytes;
        Text: site task;
    }
    /// A row for each number that a device has sent of itself.
    Metrics "metrics" {
        Text: recording device firmware;
        Time: measured_at;
        Text: metric;
        Real: measured;
    }
    /// A row for each call stack that was named later.
    Names "names" {
        Text: unnamed_stack site stack;
    }
}
