//! What each problem means, in words.

use super::{ProblemKind, Silence};
use crate::dump::Interruption;
use crate::findings::Word;

/// Part of the message of [`ProblemKind::Filtered`], if the device recorded what one task allocates: which task is seen by who
/// allocates.
pub const OTHER_TASKS: &str = "what other tasks than one allocate";

impl ProblemKind {
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
            Self::Skipped { bytes: 0 } => vec![
                Text("the time of a packet is missing in "),
                Count(count),
                Word::one_or(count, " place", " places"),
                Text("; times behind may be early"),
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
                Text("there are no data of core "),
                Count(u64::from(core)),
                Text(": what that core did is missing"),
            ],
            Self::CoreEndsEarly { core, ticks } => vec![
                Text("the data of core "),
                Count(u64::from(core)),
                Text(" are cut off "),
                Word::Duration(ticks),
                Text(" before the others end: what that core did then is missing"),
            ],
            Self::CoreBeginsEarly { core, bytes } => vec![
                Text("the data of core "),
                Count(u64::from(core)),
                Text(" begin "),
                Bytes(bytes),
                Text(
                    " before the place that the header names: what stood before them there is missing",
                ),
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
            Self::NoHeapEvents(why) => vec![Text(match why {
                Silence::OfRecorder => {
                    "leakscope's recorder has sent no heap event, so that this trace says nothing about leaks"
                }
                Silence::Unnamed => {
                    "no heap event could be named, so that this trace says nothing about leaks"
                }
                Silence::Untraced => {
                    "there is no heap event, so that this trace says nothing about leaks"
                }
                Silence::InPart => {
                    "there is no heap event in this part, so that it says nothing about leaks"
                }
            })],
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
                Text(
                    " came before the heap's base and unit: addresses there are numbers that tell blocks apart",
                ),
            ],
            Self::NewerRecorder { version } => vec![
                Text("the recorder sends version "),
                Count(u64::from(version)),
                Text(" of its heap events, and version 2 is known: what is new in it is left out"),
            ],
            Self::Filtered {
                least_size,
                one_in,
                task,
            } => {
                let mut words = vec![Text(
                    "the device was told to leave blocks out, so that numbers here are parts",
                )];
                let mut before = ": ";
                let mut say = |what: &[Word]| {
                    words.push(Text(core::mem::replace(&mut before, ", ")));
                    words.extend_from_slice(what);
                };
                if least_size > 0 {
                    say(&[Text("blocks of less than "), Bytes(u64::from(least_size))]);
                }
                if one_in > 1 {
                    say(&[
                        Text("all but one in "),
                        Count(u64::from(one_in)),
                        Text(" addresses"),
                    ]);
                }
                if task != 0 {
                    say(&[Text(OTHER_TASKS)]);
                }
                words
            }
            Self::NoCallStacks => vec![Text(
                "the heap events carry no call stacks: allocations cannot be told apart by place",
            )],
            Self::StacksWithoutElf => vec![Text(
                "call stacks end after their first frame: only the program's ELF file tells which of the words on the \
                 device's stacks are return addresses",
            )],
            Self::Restart => vec![
                Text("the target restarted "),
                Count(count),
                Word::one_or(count, " time", " times"),
                Text("; each session is judged by itself"),
            ],
            Self::PerhapsRestart => vec![
                Text("recording began again "),
                Count(count),
                Word::one_or(count, " time", " times"),
                Text(
                    ", and the target's clock does not tell whether it restarted; each session is judged by itself",
                ),
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
            Self::AllocationsUnseen { frees } => vec![
                Count(frees),
                Word::one_or(
                    frees,
                    " free is of a block that nobody saw begin",
                    " frees are of blocks that nobody saw begin",
                ),
                Text(
                    ": some allocations are not recorded, because they came before the recording or bypass what is \
                     recorded; who is freed twice may have been allocated between",
                ),
            ],
            Self::SameCoreTwice { core } => vec![
                Text("two inputs say that they are core "),
                Count(u64::from(core)),
                Text(": they were taken in the order given"),
            ],
            Self::PackedCut => vec![Text(
                "the packed file is damaged or cut off: what it held behind the end of this trace is missing",
            )],
            Self::ClockChanged { before, now } => vec![
                Text("the clock counts "),
                Count(u64::from(now)),
                Text(" a second from there on, and all times and rates are told by "),
                Count(u64::from(before)),
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
            Self::PlaceUnknown { addresses } => vec![
                Text("a system may load this program anywhere, and "),
                Count(addresses),
                Word::one_or(
                    addresses,
                    " return address is too few to tell where it did: nothing has a name",
                    " return addresses are too few to tell where it did: nothing has a name",
                ),
            ],
            Self::NoDebugInfo {
                has_functions: true,
            } => vec![Text(
                "the ELF file has no debug information: functions have names, and no lines",
            )],
            Self::NoDebugInfo {
                has_functions: false,
            } => vec![Text(
                "the ELF file is stripped: neither functions nor lines have names",
            )],
            Self::DescriptionDamaged { offset } => vec![
                Text("the description of the module with events from id "),
                Count(offset.into()),
                Text(" on is damaged: it nearly has a heap module's name, and is taken for that"),
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
            Self::ElfUnchecked => vec![Text(
                "whether this is the ELF file that was traced cannot be told: calls are looked for before return \
                 addresses, and none can be read in it",
            )],
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
                "the record buffer had overflowed: some allocations are missing, and may live",
            )],
            Self::DumpCut {
                found,
                announced: Some(announced),
                ..
            } => vec![
                Text("the dump is incomplete: it announces "),
                Count(announced),
                Word::one_or(announced, " record, and holds ", " records, and holds "),
                Count(found),
            ],
            Self::DumpCut {
                found,
                announced: None,
                ..
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
            Self::AddressesReused { .. } => vec![
                Count(count),
                Word::one_or(
                    count,
                    " block counts as alive and may be freed: ESP-IDF may have noted that in an older record of its address",
                    " blocks count as alive and may be freed: ESP-IDF may have noted that in older records of their addresses",
                ),
            ],
            Self::FreesWithoutRecord { frees } => vec![
                Count(frees),
                Word::one_or(
                    frees,
                    " free was of a block without a record: allocated before recording began, evicted, or freed already (a double free)",
                    " frees were of blocks without a record: allocated before recording began, evicted, or freed already (a double free)",
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
}
