//! What is wrong with the data: damage is counted and said, it never ends an analysis.

use crate::dump::{Interruption, Sums};
use crate::findings::Word;

/// Something wrong with the data, or something that was assumed to read them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What.
    pub kind: ProblemKind,
    /// The input it was first seen in, in the order in which the inputs were given.
    pub input: usize,
    /// Where in that input it was first seen, in bytes from its start.
    pub offset: Option<u64>,
    /// When it was first seen, in ticks since the trace began.
    pub time: Option<u64>,
    /// How often.
    pub count: u64,
}

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
        /// How many.
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
    /// A joined file ends before the part of a core of which its header speaks.
    CoreMissing {
        /// The core.
        core: u8,
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
    /// No heap event could be named, so that nothing can be said of leaks.
    NoHeapEvents,
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
    /// Heap events without call stacks: all allocations count as one call site.
    NoCallStacks,
    /// The target restarted within the trace.
    Restart,
    /// Recording was stopped and started again within the trace.
    Paused,
    /// The frees of blocks were lost: their addresses were allocated again while they lived.
    FreeLost,
    /// Frees of addresses whose allocation was lost with other data.
    AllocationLost,
    /// Two inputs say that they are the same core.
    SameCoreTwice {
        /// The core.
        core: u8,
    },
    /// The clocks of the cores have different rates, or each its own start: the order of events between
    /// cores is approximate.
    ClocksDiffer,
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
    /// Return addresses of the trace have no call before them in the ELF file: it is another program, or another build.
    NotBehindCalls {
        /// Those that have one.
        behind: u64,
        /// Those that are in the code of the ELF file.
        tested: u64,
    },
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
    /// Blocks that a dump lists as alive, at addresses that it lists twice: ESP-IDF may have noted their
    /// frees in the older records (`list_find` in `heap_trace_standalone.c`).
    AddressesReused,
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
            Self::NotSystemView => "not-systemview",
            Self::Empty => "empty",
            Self::NoStart => "no-start",
            Self::NoInit => "no-init",
            Self::UnreadablePacket { .. } => "unreadable-packet",
            Self::NoHeapEvents => "no-heap-events",
            Self::HeapModuleGuessed { .. } => "heap-module-guessed",
            Self::UnnamedModuleEvents { .. } => "unnamed-module-events",
            Self::NoHeapUnits => "no-heap-units",
            Self::NewerRecorder { .. } => "newer-recorder",
            Self::NoCallStacks => "no-call-stacks",
            Self::Restart => "restart",
            Self::Paused => "paused",
            Self::FreeLost => "free-lost",
            Self::AllocationLost => "allocation-lost",
            Self::SameCoreTwice { .. } => "same-core-twice",
            Self::ClocksDiffer => "clocks-differ",
            Self::OneCoreOnly => "one-core-only",
            Self::ClockStands => "clock-stands",
            Self::TooMany => "too-many",
            Self::TooManyStacks { .. } => "too-many-stacks",
            Self::TooShort { .. } => "too-short",
            Self::ElfDiffers => "elf-differs",
            Self::AddressesOutsideElf { .. } => "addresses-outside-elf",
            Self::DescriptionsDisagree { .. } => "descriptions-disagree",
            Self::NotBehindCalls { .. } => "not-behind-calls",
            Self::NoHistory => "no-history",
            Self::RecordsEvicted => "records-evicted",
            Self::DumpCut { .. } => "dump-cut-off",
            Self::DumpInterrupted(_) => "dump-interrupted",
            Self::DumpSumsDiffer { .. } => "dump-sums-differ",
            Self::DumpChanged => "dump-changed",
            Self::RecordListCorrupt => "record-list-corrupt",
            Self::UnreadableLines => "unreadable-lines",
            Self::SeveralDumps { .. } => "several-dumps",
            Self::AddressesReused => "addresses-reused",
            Self::FreesWithoutRecord { .. } => "frees-without-record",
            Self::CallersAreData => "callers-are-data",
        }
    }

    /// What it means, in words; `count` is how often it was seen.
    #[allow(clippy::too_many_lines, reason = "one arm a kind")]
    pub fn message(&self, count: u64) -> Vec<Word> {
        use Word::{Bytes, Count, Text};
        match *self {
            Self::Overflow { packets } => vec![
                Text("the target dropped at least "),
                Count(packets),
                Word::one_or(packets, " packet in ", " packets in "),
                Count(count),
                Word::one_or(count, " place", " places"),
                Text(": blocks alive across the loss may have been freed in it"),
            ],
            Self::Skipped { bytes } => vec![
                Bytes(bytes),
                Text(" in "),
                Count(count),
                Word::one_or(count, " place", " places"),
                Text(" are no packets and were skipped; times behind them may be early"),
            ],
            Self::BeforeStart { bytes } => vec![
                Text("the recording begins after "),
                Bytes(bytes),
                Text(" of other data"),
            ],
            Self::Cut { bytes } => vec![
                Text("the data end inside a packet, of which "),
                Bytes(bytes),
                Text(" are there"),
            ],
            Self::CoreMissing { core } => vec![
                Text("the file ends before the data of core "),
                Count(u64::from(core)),
                Text(", which its header announces: what that core did is missing"),
            ],
            Self::NotSystemView => vec![Text("these are no SystemView data")],
            Self::Empty => vec![Text("there are no events: the recording is empty")],
            Self::NoStart => vec![Text(
                "no start sequence was found: read from the first plausible packet on",
            )],
            Self::NoInit => vec![Text(
                "the packet with the clock's rate is missing: times are ticks",
            )],
            Self::UnreadablePacket { id } => vec![
                Count(count),
                Word::one_or(
                    count,
                    " packet does not have the fields of its id, ",
                    " packets do not have the fields of their id, first id ",
                ),
                Count(u64::from(id)),
            ],
            Self::NoHeapEvents => vec![Text(
                "no heap event could be named, so that this trace says nothing about leaks",
            )],
            Self::HeapModuleGuessed { id } => vec![
                Text("no description names the module of event "),
                Count(u64::from(id)),
                Text(": it was taken for ESP-IDF's heap module by the shape of its events"),
            ],
            Self::UnnamedModuleEvents { id } => vec![
                Count(count),
                Word::one_or(
                    count,
                    " event belongs to a module that nothing describes, id ",
                    " events belong to modules that nothing describes, first id ",
                ),
                Count(u64::from(id)),
            ],
            Self::NoHeapUnits => vec![
                Count(count),
                Word::one_or(count, " heap event", " heap events"),
                Text(" came before the heap's base: addresses there are offsets"),
            ],
            Self::NewerRecorder { version } => vec![
                Text("the recorder sends version "),
                Count(u64::from(version)),
                Text(" of its heap events, and version 1 is known: what is new in it is left out"),
            ],
            Self::NoCallStacks => vec![Text(
                "the heap events carry no call stacks: allocations cannot be told apart by place",
            )],
            Self::Restart => vec![
                Text("the target restarted "),
                Count(count),
                Word::one_or(count, " time", " times"),
                Text("; each session is judged by itself"),
            ],
            Self::Paused => vec![
                Text("recording was stopped and started again "),
                Count(count),
                Word::one_or(count, " time", " times"),
                Text("; each session is judged by itself"),
            ],
            Self::FreeLost => vec![
                Count(count),
                Word::one_or(
                    count,
                    " block was never seen to be freed although its address was used again",
                    " blocks were never seen to be freed although their addresses were used again",
                ),
            ],
            Self::AllocationLost => vec![
                Count(count),
                Word::one_or(
                    count,
                    " free is of a block whose allocation was lost",
                    " frees are of blocks whose allocation was lost",
                ),
            ],
            Self::SameCoreTwice { core } => vec![
                Text("two inputs say that they are core "),
                Count(u64::from(core)),
                Text(": they were taken in the order given"),
            ],
            Self::ClocksDiffer => vec![Text(
                "the cores have clocks of their own: the order of their events is approximate",
            )],
            Self::OneCoreOnly => vec![Text(
                "this looks recorded over a serial link, on which Espressif's recorder leaves out one \
                 core's tasks and interrupts: contexts may be wrong, and time may run slow",
            )],
            Self::ClockStands => vec![Text(
                "the target's clock stood still: nothing can be said about growth over time",
            )],
            Self::ElfDiffers => vec![Text(
                "the ELF file is not the one that was running (its SHA-256 differs): functions and \
                 lines may be wrong",
            )],
            Self::AddressesOutsideElf { outside, all } => vec![
                Count(outside),
                Text(" of "),
                Count(all),
                Word::one_or(
                    all,
                    " return address lies outside the code of the ELF file",
                    " return addresses lie outside the code of the ELF file",
                ),
            ],
            Self::DescriptionsDisagree { offset } => vec![
                Text("two descriptions of the module with events from id "),
                Count(offset.into()),
                Text(" on differ: one of them is damaged, and the sound one is used"),
            ],
            Self::NotBehindCalls { behind, tested } => vec![
                Text("this is not the ELF file that was traced: only "),
                Count(behind),
                Text(" of "),
                Count(tested),
                Text(
                    " return addresses have a call before them in it, so that its functions and lines are \
                     those of other code",
                ),
            ],
            Self::TooMany => vec![Text("there were more details than are kept")],
            Self::TooManyStacks { kept } => vec![
                Text("there were more than "),
                Count(kept),
                Text(" different call stacks: what came from others counts as one call site"),
            ],
            Self::TooShort { ticks } => vec![
                Text("the recording lasts only "),
                Word::Duration(ticks),
                Text(": too short to tell a leak from a program that starts up"),
            ],
            Self::NoHistory => vec![Text(
                "this is a dump of a record buffer: it shows what is allocated, and not how that grew, so \
                 that no leak can be told from a cache",
            )],
            Self::RecordsEvicted => vec![Text(
                "the record buffer had overflowed: what was recorded first is missing, and may live",
            )],
            Self::DumpCut {
                found,
                announced: Some(announced),
            } => vec![
                Text("the dump is incomplete: it announces "),
                Count(announced),
                Word::one_or(announced, " record, and holds ", " records, and holds "),
                Count(found),
            ],
            Self::DumpCut {
                found,
                announced: None,
            } => vec![
                Text("the dump is incomplete: its first line is missing, and "),
                Count(found),
                Word::one_or(found, " record is there", " records are there"),
            ],
            Self::DumpInterrupted(interruption) => vec![Text(match interruption {
                Interruption::Watchdog => {
                    "a watchdog stopped the device while it printed the dump: printing took too long"
                }
                Interruption::Panic => "the program crashed while the dump was printed",
                Interruption::Reset => "the device was reset while the dump was printed",
            })],
            Self::DumpSumsDiffer { sums, read } => vec![
                Text("the dump adds up to "),
                Bytes(sums.bytes),
                Text(" in "),
                Count(sums.blocks),
                Word::one_or(sums.blocks, " block; of these, ", " blocks; of these, "),
                Bytes(read.bytes),
                Text(" in "),
                Count(read.blocks),
                Word::one_or(read.blocks, " block was read", " blocks were read"),
            ],
            Self::DumpChanged => vec![Text(
                "something was recorded while the dump was printed: records may be missing or appear twice",
            )],
            Self::RecordListCorrupt => vec![Text(
                "the device found its list of records damaged: its memory was overwritten, or two cores \
                 changed the list at once",
            )],
            Self::UnreadableLines => vec![
                Count(count),
                Word::one_or(
                    count,
                    " line of the dump could not be read",
                    " lines of the dump could not be read",
                ),
            ],
            Self::SeveralDumps { dumps, is_whole } => vec![
                Text("the log holds "),
                Count(dumps),
                Text(if is_whole {
                    " dumps: the last whole one is reported"
                } else {
                    " dumps, none of them whole: the one with the most records is reported"
                }),
            ],
            Self::AddressesReused => vec![
                Count(count),
                Word::one_or(
                    count,
                    " block counts as alive at an address that was used before: ESP-IDF may have noted its \
                     free in the older record",
                    " blocks count as alive at addresses that were used before: ESP-IDF may have noted their \
                     frees in the older records",
                ),
            ],
            Self::FreesWithoutRecord { frees } => vec![
                Count(frees),
                Word::one_or(
                    frees,
                    " free was of a block without a record: allocated before recording began, or evicted",
                    " frees were of blocks without a record: allocated before recording began, or evicted",
                ),
            ],
            Self::CallersAreData => vec![
                Text("in "),
                Count(count),
                Word::one_or(
                    count,
                    " record the caller is an address of data, and was left out: on RISC-V, ESP-IDF needs \
                     frame pointers to know callers",
                    " records the caller is an address of data, and was left out: on RISC-V, ESP-IDF needs \
                     frame pointers to know callers",
                ),
            ],
        }
    }

    /// Whether two occurrences are one problem, seen twice.
    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::SameCoreTwice { core: a }, Self::SameCoreTwice { core: b })
            | (Self::CoreMissing { core: a }, Self::CoreMissing { core: b }) => a == b,
            _ => core::mem::discriminant(self) == core::mem::discriminant(other),
        }
    }

    /// Adds the amounts of another occurrence.
    fn add(&mut self, other: &Self) {
        match (self, other) {
            (Self::Overflow { packets: sum }, Self::Overflow { packets: more })
            | (Self::Skipped { bytes: sum }, Self::Skipped { bytes: more })
            | (Self::BeforeStart { bytes: sum }, Self::BeforeStart { bytes: more })
            | (Self::Cut { bytes: sum }, Self::Cut { bytes: more }) => *sum += more,
            _ => {}
        }
    }
}

/// The problems of a trace: one entry a kind, in order of first appearance.
#[derive(Clone, Debug, Default)]
pub struct Problems {
    list: Vec<Problem>,
}

impl Problems {
    /// Notes one occurrence.
    pub fn add(&mut self, kind: ProblemKind, input: usize, offset: Option<u64>, time: Option<u64>) {
        self.add_all(&Problem {
            kind,
            input,
            offset,
            time,
            count: 1,
        });
    }

    /// Notes all occurrences of a problem that was counted elsewhere.
    pub fn add_all(&mut self, problem: &Problem) {
        match self
            .list
            .iter_mut()
            .find(|known| known.kind.is_same(&problem.kind))
        {
            Some(known) => {
                known.kind.add(&problem.kind);
                known.count += problem.count;
            }
            None => self.list.push(problem.clone()),
        }
    }

    /// Whether this kind of problem was seen.
    pub fn has(&self, kind: &ProblemKind) -> bool {
        self.list.iter().any(|known| known.kind.is_same(kind))
    }

    /// All of them.
    pub fn list(&self) -> &[Problem] {
        &self.list
    }
}
