//! What is wrong with the program. Each fault is something that a pair does with its first block; the second
//! one is always sent and freed.

mod bounded_cache;
mod burst;
mod error_path;
mod growing_table;
mod out_of_memory;
#[cfg(feature = "esp32c3")]
mod restart;
mod steady;

use crate::board;
use bounded_cache::Cache;
use growing_table::Table;

/// The fault that was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The first block is never freed.
    Steady,
    /// It is freed, unless an error comes in between.
    ErrorPath,
    /// It is put into a table, from which too few are taken out.
    GrowingTable,
    /// It is put into a cache that holds a few only: no leak.
    BoundedCache,
    /// It is freed; but one second block is freed twice.
    DoubleFree,
    /// As `Steady`, with blocks so large that the heap is exhausted.
    OutOfMemory,
    /// It is freed; at times hundreds are, faster than the sink takes the events.
    Burst,
    /// As `Steady`; and in the middle of it the program begins anew, once.
    #[cfg(feature = "esp32c3")]
    Restart,
}

impl Fault {
    const NAMES: &[(&str, Self)] = &[
        ("steady", Self::Steady),
        ("error-path", Self::ErrorPath),
        ("growing-table", Self::GrowingTable),
        ("bounded-cache", Self::BoundedCache),
        ("double-free", Self::DoubleFree),
        ("out-of-memory", Self::OutOfMemory),
        ("burst", Self::Burst),
        #[cfg(feature = "esp32c3")]
        ("restart", Self::Restart),
    ];

    /// The fault that was chosen; without a choice, the first.
    pub fn chosen() -> Self {
        let mut chosen = Self::Steady;
        board::fault_name(|name| {
            if let Some(&(_, fault)) = Self::NAMES.iter().find(|(known, _)| *known == name) {
                chosen = fault;
            }
        });
        chosen
    }
}

/// What a pair's first blocks are needed for.
pub struct FirstBlocks {
    fault: Fault,
    table: Table,
    cache: Cache,
}

impl FirstBlocks {
    pub const fn new(fault: Fault) -> Self {
        Self {
            fault,
            table: Table::new(),
            cache: Cache::new(),
        }
    }

    /// Allocates the first block of a round, and does with it what the fault says.
    pub fn handle_one(&mut self, number: usize, round: usize, size: usize) {
        match self.fault {
            Fault::Steady => steady::forget_block(number, size),
            Fault::ErrorPath => error_path::send_block(number, round, size),
            Fault::GrowingTable => self.table.open_session(round, size),
            Fault::BoundedCache => self.cache.load_page(round),
            Fault::DoubleFree => steady::free_block(number, size),
            Fault::OutOfMemory => out_of_memory::forget_large_block(number, size),
            Fault::Burst => burst::handle_many(round, size),
            #[cfg(feature = "esp32c3")]
            Fault::Restart => restart::forget_block_or_restart(number, round, size),
        }
    }
}
