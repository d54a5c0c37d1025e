//! The kinds of problems, and their names.

use crate::dump::{Interruption, Sums};

/// The kinds of problems. Amounts are sums over all occurrences.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    /// The target had no room and dropped packets.
    Overflow {
        /// At least this many packets.
        packets: u64,
    },
    /// Bytes could not be read as packets and were skipped.
    Skipped {
        /// How many. 0 where a packet's delta is gone, and nothing else.
        bytes: u64,
    },
    /// Bytes before the first sync: a recording that begins in the middle.
    BeforeStart {
        /// How many.
        bytes: u64,
    },
    /// The data end inside a packet.
    Cut {
        /// How many bytes of it are there.
        bytes: u64,
    },
    /// There are no data of a core: a joined file ends before its part, or its file is empty.
    CoreMissing {
        /// The core.
        core: u8,
    },
    /// The data of a core are cut off before those of the others end.
    CoreEndsEarly {
        /// The core.
        core: u8,
        /// For how long its data are missing, in ticks.
        ticks: u64,
    },
    /// The data of a core begin before the place that the file's header names: as many bytes are missing before them.
    CoreBeginsEarly {
        /// The core.
        core: u8,
        /// How many bytes.
        bytes: u64,
    },
    /// Nothing looks like SystemView data.
    NotSystemView,
    /// There is a header and nothing behind it, or nothing at all.
    Empty,
    /// No start sequence was found: the data were read from their first plausible packet.
    NoStart,
    /// No `INIT`: the clock's rate is not known, and times are in ticks.
    NoInit,
    /// A packet whose fields could not be read; its neighbours could.
    UnreadablePacket {
        /// The id of the first.
        id: u32,
    },
    /// There is no heap event, or none could be named, so that nothing can be said of leaks.
    NoHeapEvents(Silence),
    /// Events of a module that nothing describes; they were taken for ESP-IDF's heap module because
    /// they have its shape.
    HeapModuleGuessed {
        /// The id of its first event.
        id: u32,
    },
    /// Events of modules that nothing describes.
    UnnamedModuleEvents {
        /// The id of the first.
        id: u32,
    },
    /// Heap events of the leakscope recorder came before its units: their addresses are offsets.
    NoHeapUnits,
    /// The leakscope recorder is newer than this reader.
    NewerRecorder {
        /// The version of what it sends.
        version: u32,
    },
    /// The device leaves blocks out, as it was told.
    Filtered {
        /// Those of fewer bytes.
        least_size: u32,
        /// All but one in so many addresses.
        one_in: u32,
        /// All that other tasks than this one allocate; 0: no such thing.
        task: u64,
    },
    /// Heap events without call stacks: all allocations count as one call site.
    NoCallStacks,
    /// The device sent the words of its stacks that could be return addresses, and there is no ELF file that says which
    /// of them are: only the first frame is known.
    StacksWithoutElf,
    /// The target restarted within the trace.
    Restart,
    /// Recording began again within the trace, and nothing says whether the target restarted.
    PerhapsRestart,
    /// Recording was stopped and started again within the trace.
    Paused,
    /// The frees of blocks were lost: their addresses were allocated again while they lived.
    FreeLost,
    /// Frees of addresses whose allocation was lost with other data.
    AllocationLost,
    /// A second free of an address proves nothing, since many frees are of blocks that nobody saw begin.
    AllocationsUnseen {
        /// How many.
        frees: u64,
    },
    /// Two inputs say that they are the same core.
    SameCoreTwice {
        /// The core.
        core: u8,
    },
    /// The clocks of the cores have different rates, or each its own start: the order of events between
    /// cores is approximate.
    ClocksDiffer,
    /// The target was started again with another rate of its clock.
    ClockChanged {
        /// By which all times are told, in Hz.
        before: u32,
        /// The rate from there on.
        now: u32,
    },
    /// The link carries no module descriptions, as Espressif's serial links: from those, the other
    /// core's scheduling is missing too (`SEGGER_RTT_WriteSkipNoLock` in `SEGGER_RTT_esp.c`).
    OneCoreOnly,
    /// All deltas are zero: nothing can be said about time.
    ClockStands,
    /// More anomalies or restarts than are kept.
    TooMany,
    /// More call stacks than are kept: allocations from others count as one call site.
    TooManyStacks {
        /// How many are kept.
        kept: u64,
    },
    /// The recording is too short to tell a leak from a program that starts up.
    TooShort {
        /// Its length in ticks.
        ticks: u64,
    },
    /// The ELF file is not the one that was running: its checksum is another.
    ElfDiffers,
    /// Return addresses lie outside the code of the ELF file.
    AddressesOutsideElf {
        /// How many distinct ones.
        outside: u64,
        /// How many there are in all.
        all: u64,
    },
    /// A system may load the program anywhere, and return addresses are too few to tell where it did.
    PlaceUnknown {
        /// How many distinct ones.
        addresses: u64,
    },
    /// The ELF file has no debug information.
    NoDebugInfo {
        /// Whether functions have names nevertheless, from its table of symbols.
        has_functions: bool,
    },
    /// Return addresses of the trace have no call before them in the ELF file: it is another program, or another build.
    NotBehindCalls {
        /// Those that have one.
        behind: u64,
        /// Those that are in the code of the ELF file.
        tested: u64,
    },
    /// Nothing tells whether the ELF file is the one that was traced: no checksum, and the file has no code to look at, or
    /// that of a machine whose calls are not known.
    ElfUnchecked,
    /// The description of a module is damaged: its name is nearly that of a heap module.
    DescriptionDamaged {
        /// The id of its first event.
        offset: u32,
    },
    /// The input is a packed file that is damaged or cut off: what it held from there on is missing.
    PackedCut,
    /// Two descriptions name different modules at one place: one of them is damaged.
    DescriptionsDisagree {
        /// The id of the module's first event.
        offset: u32,
    },
    /// A dump of a record buffer, and no trace: nothing can be said of growth over time.
    NoHistory,
    /// The record buffer had overflowed before it was dumped.
    RecordsEvicted,
    /// A dump lacks records that it announces, or its end.
    DumpCut {
        /// Records that are there.
        found: u64,
        /// Records that it announces, if its first line is there.
        announced: Option<u64>,
        /// The device stopped in the middle: no more of it was printed.
        is_interrupted: bool,
        /// Its first line and its last are there: records between them are missing.
        has_end: bool,
    },
    /// The device stopped in the middle of a dump.
    DumpInterrupted(Interruption),
    /// A dump's own sum of what was not freed is another than that of its records.
    DumpSumsDiffer {
        /// What the dump says.
        sums: Sums,
        /// What was read.
        read: Sums,
    },
    /// Something was recorded while the dump was printed.
    DumpChanged,
    /// The device found its own list of records damaged.
    RecordListCorrupt,
    /// Lines among those of the dump that could not be read.
    UnreadableLines,
    /// A log holds several dumps, of which one is reported.
    SeveralDumps {
        /// How many.
        dumps: u64,
        /// Whether the one that is reported is whole.
        is_whole: bool,
    },
    /// Blocks that a dump lists as alive, at addresses that it lists twice, or of which it may lack the older records:
    /// ESP-IDF may have noted their frees in those (`list_find` in `heap_trace_standalone.c`).
    AddressesReused {
        /// The device looked records up in a hash map.
        has_hash_map: bool,
        /// Only blocks that live are kept: mode `HEAP_TRACE_LEAKS`.
        is_of_leaks: bool,
    },
    /// Frees of blocks of which there is no record.
    FreesWithoutRecord {
        /// How many, at the least.
        frees: u64,
    },
    /// Callers that are addresses of data: ESP-IDF on RISC-V, built without frame pointers, records the
    /// frame pointer in place of the first caller (`heap_trace.inc`).
    CallersAreData,
}

impl ProblemKind {
    /// The stable name that programs read.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Overflow { .. } => "overflow",
            Self::Skipped { .. } => "skipped-bytes",
            Self::BeforeStart { .. } => "bytes-before-start",
            Self::Cut { .. } => "cut-off",
            Self::CoreMissing { .. } => "core-missing",
            Self::CoreEndsEarly { .. } => "core-ends-early",
            Self::CoreBeginsEarly { .. } => "core-begins-early",
            Self::NotSystemView => "not-systemview",
            Self::Empty => "empty",
            Self::NoStart => "no-start",
            Self::NoInit => "no-init",
            Self::UnreadablePacket { .. } => "unreadable-packet",
            Self::NoHeapEvents(_) => "no-heap-events",
            Self::HeapModuleGuessed { .. } => "heap-module-guessed",
            Self::UnnamedModuleEvents { .. } => "unnamed-module-events",
            Self::NoHeapUnits => "no-heap-units",
            Self::NewerRecorder { .. } => "newer-recorder",
            Self::Filtered { .. } => "filtered",
            Self::NoCallStacks => "no-call-stacks",
            Self::StacksWithoutElf => "stacks-without-elf",
            Self::Restart => "restart",
            Self::PerhapsRestart => "perhaps-restart",
            Self::Paused => "paused",
            Self::FreeLost => "free-lost",
            Self::AllocationLost => "allocation-lost",
            Self::AllocationsUnseen { .. } => "allocations-unseen",
            Self::SameCoreTwice { .. } => "same-core-twice",
            Self::PackedCut => "packed-cut-off",
            Self::ClocksDiffer => "clocks-differ",
            Self::ClockChanged { .. } => "clock-changed",
            Self::OneCoreOnly => "one-core-only",
            Self::ClockStands => "clock-stands",
            Self::TooMany => "too-many",
            Self::TooManyStacks { .. } => "too-many-stacks",
            Self::TooShort { .. } => "too-short",
            Self::ElfDiffers => "elf-differs",
            Self::AddressesOutsideElf { .. } => "addresses-outside-elf",
            Self::DescriptionDamaged { .. } => "description-damaged",
            Self::DescriptionsDisagree { .. } => "descriptions-disagree",
            Self::PlaceUnknown { .. } => "place-unknown",
            Self::NoDebugInfo { .. } => "no-debug-info",
            Self::NotBehindCalls { .. } => "not-behind-calls",
            Self::ElfUnchecked => "elf-unchecked",
            Self::NoHistory => "no-history",
            Self::RecordsEvicted => "records-evicted",
            Self::DumpCut { .. } => "dump-cut-off",
            Self::DumpInterrupted(_) => "dump-interrupted",
            Self::DumpSumsDiffer { .. } => "dump-sums-differ",
            Self::DumpChanged => "dump-changed",
            Self::RecordListCorrupt => "record-list-corrupt",
            Self::UnreadableLines => "unreadable-lines",
            Self::SeveralDumps { .. } => "several-dumps",
            Self::AddressesReused { .. } => "addresses-reused",
            Self::FreesWithoutRecord { .. } => "frees-without-record",
            Self::CallersAreData => "callers-are-data",
        }
    }
}

/// Why there are no heap events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// Leakscope's recorder made the trace, and was told of none.
    OfRecorder,
    /// There are events that nothing describes, and heap events may be among them.
    Unnamed,
    /// All events have names: nobody traced the heap.
    Untraced,
    /// A part of the recording was asked for.
    InPart,
}
