//! The text of a record buffer, found in a console's log: what ESP-IDF's `heap_trace_dump()` prints, and
//! the standalone mode of leakscope's recorder.
//!
//! A dump lists blocks with the call stacks that allocated them. It has no history: its only times are a
//! cycle counter of 32 bits that wraps around, so that nothing can be said of growth. What it does show
//! is which call sites hold how many blocks, and, in the mode that keeps freed ones too, of which call
//! sites none was freed.
//!
//! ```
//! use leakscope_analysis::dump::Log;
//! use leakscope_analysis::heap::KeepAll;
//!
//! let log = Log::read(b"\
//! I (512) main: done\r
//! ====== Heap Trace: 1 records (100 capacity) ======\r
//!      6 bytes (@ 0x3fc9f6b4, Internal) allocated CPU 0 ccount 0x1a320698 caller 0x40376321:0x40376379\r
//! ====== Heap Trace Summary ======\r
//! Mode: Heap Trace Leaks\r
//! 6 bytes 'leaked' in trace (1 allocations)\r
//! records: 1 (100 capacity, 2 high water mark)\r
//! total allocations: 9\r
//! total frees: 8\r
//! ================================\r
//! ");
//! let outcome = log.outcome(&mut KeepAll);
//! assert_eq!(outcome.call_sites[0].stack, [0x4037_6321, 0x4037_6379]);
//! assert_eq!(outcome.call_sites[0].outstanding_bytes, 6);
//! ```
//!
//! # The tour
//! - [`Log::read`] finds the dumps in a log. `text` makes lines of its bytes, `decoration` takes out what
//!   monitors write between them (and keeps it: it names functions), `anchor` finds the lines of a dump in
//!   those of the log, `grammar` knows them, `scanner` their parts, and `assembly` joins lines that were cut;
//!   `torn` finds call stacks of which a part is lost. `program` is what a device tells of its program.
//! - [`Log::outcome`] makes of one dump what a report needs (`summary`); `code` tells code from data.
//!
//! The forms that are understood are those of ESP-IDF 3.3 up to now (`heap_trace_standalone.c`,
//! `heap_trace_dump_base`), and records that programs print themselves (`docs/heap-dumps.md`), whatever
//! stands before and behind each line, whole or in pieces.
mod anchor;
mod assembly;
mod code;
mod decoration;
mod grammar;
mod interruption;
mod program;
mod scanner;
mod summary;
mod text;
mod torn;

use std::collections::BTreeMap;

pub use decoration::Decoration;
pub use interruption::Interruption;
pub use program::Program;
pub use text::{is_text, text_bytes};

use assembly::Assembly;

/// A log, as far as it was about heaps.
#[derive(Clone, Debug, Default)]
pub struct Log {
    /// The dumps in it, in the order of the log.
    pub dumps: Vec<Dump>,
    /// Functions and lines that a monitor has written beside the addresses; innermost first.
    pub decorations: BTreeMap<u64, Vec<Decoration>>,
    /// The programs that ran, in the order of the log: at each start, and in a panic, a device tells its own.
    pub programs: Vec<Program>,
    /// Where lines begin by which a device says that it restarts, in bytes from the start of the log.
    pub restarts: Vec<u64>,
    /// The bytes of the log.
    pub bytes: u64,
}

impl Log {
    /// Finds all dumps. Any bytes will do.
    pub fn read(bytes: &[u8]) -> Self {
        let mut assembly = Assembly::default();
        let mut decorations = decoration::Decorations::default();
        let mut programs = Vec::new();
        let mut restarts = Vec::new();
        text::each_line(bytes, |offset, line| {
            programs.extend(Program::told(offset, line));
            restarts.extend(interruption::is_restart(line).then_some(offset));
            decorations.split(line, |text| assembly.line(offset, text));
        });
        Self {
            dumps: assembly.finish(),
            decorations: decorations.list,
            programs,
            restarts,
            bytes: bytes.len() as u64,
        }
    }

    /// The dump that tells the most: the last whole one; if none is whole, the one with the most records, and
    /// of these the last.
    pub fn fullest(&self) -> Option<&Dump> {
        let whole = self.dumps.iter().rfind(|dump| dump.is_whole);
        whole.or_else(|| self.dumps.iter().max_by_key(|dump| dump.records.len()))
    }

    /// Which dumps, by their number from 1, came after a restart that the dump before had not seen.
    pub fn restarted_before(&self) -> Vec<usize> {
        let pairs = self.dumps.windows(2).zip(2..);
        let restarted = pairs.filter(|(pair, _)| {
            let between = pair[0].offset..pair[1].offset;
            self.restarts.iter().any(|offset| between.contains(offset))
        });
        restarted.map(|(_, number)| number).collect()
    }

    /// The program that printed a dump: the one that told of itself last before it, or else first behind it.
    pub fn program(&self, dump: &Dump) -> Option<&Program> {
        let behind = self
            .programs
            .partition_point(|program| program.offset < dump.offset);
        self.programs.get(behind.saturating_sub(1))
    }
}

/// One dump, as it stands in the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each is a note of its own")]
pub struct Dump {
    /// Where its first line begins, in bytes from the start of the log.
    pub offset: u64,
    /// How many records the buffer held; not known if the dump's first line is missing.
    pub announced: Option<u64>,
    /// For how many it has room.
    pub capacity: Option<u64>,
    /// The records that were printed, oldest first.
    pub records: Vec<Record>,
    /// Whether freed blocks are kept too; not known if the dump's end is missing.
    pub mode: Option<Mode>,
    /// What is left of the printed records, as the dump itself adds up.
    pub sums: Option<Sums>,
    /// Allocations since recording began, those included of which there is no record.
    pub total_allocations: Option<u64>,
    /// Frees since then, those included of blocks that were allocated before. (ESP-IDF does not count
    /// frees while the buffer is empty.)
    pub total_frees: Option<u64>,
    /// Allocations that found no memory; leakscope's recorder tells them, if there were some.
    pub failed_allocations: u64,
    /// Records had to give way to others, whether their blocks lived or not.
    pub has_overflowed: bool,
    /// The device looked addresses up in a hash map: later versions find the newest record of one by it, earlier ones the oldest.
    pub has_hash_map: bool,
    /// Something was recorded while the dump was printed.
    pub changed_meanwhile: bool,
    /// The device found its list of records damaged.
    pub is_corrupt: bool,
    /// Lines between the first and the last that are neither the dump's nor a monitor's.
    pub other_lines: u64,
    /// Records and other lines of the dump of which a part is missing.
    pub broken_lines: u64,
    /// Records whose call stacks have a part missing, which is not known; they have none here.
    pub torn_stacks: u64,
    /// What made the device stop printing.
    pub interruption: Option<Interruption>,
    /// Whether the first and the last line are there.
    pub is_whole: bool,
}

/// Blocks that were not freed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// How many.
    pub blocks: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// Which blocks are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// All of them, with a note on those that were freed.
    All,
    /// Those that were not freed.
    Leaks,
}

/// One block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// Where it is.
    pub address: u64,
    /// Its size, as it was asked for.
    pub size: u64,
    /// In which memory, where the dump says so.
    pub memory: Option<Memory>,
    /// On which core it was allocated.
    pub core: u8,
    /// That core's cycle counter then, without its two lowest bits.
    pub cycles: u32,
    /// Who allocated it: return addresses, innermost first.
    pub allocated_by: Vec<u64>,
    /// Whether it was freed.
    pub is_freed: bool,
    /// Who freed it, where that is known.
    pub freed_by: Vec<u64>,
}

/// The memory of a block, by its label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Memory {
    /// On the chip.
    Internal,
    /// Outside.
    Psram,
    /// One that only a fork of ESP-IDF names.
    Other,
}
