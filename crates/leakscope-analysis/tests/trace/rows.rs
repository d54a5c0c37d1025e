//! What a user of Espressif's `sysviewtrace_proc.py` runs into, row by row, and what happens here.
//!
//! The rows are those of a study of that script: 45 behaviours of which each loses a report, or makes
//! one wrong. A test `row_NN_…` in this file shows the better behaviour. The other rows are about what
//! the analysis does not do, and are shown elsewhere, or not at all:
//!
//! | row | about | where |
//! |---|---|---|
//! | 25 | one process for each address | `leakscope-symbols`, `tests/symbols/toolchain.rs`: addresses are resolved in process; `benches/frames.rs` for speed |
//! | 26 | no function names, no inlined frames | `leakscope-symbols`, `tests/symbols/toolchain.rs`, `call_lines.rs` |
//! | 27 | `addr2line` missing, and "OK" | no external program is used; a report without symbols: `leakscope-report`, `tests/report` |
//! | 28 | wrong ELF file, silently | here as far as the trace goes (`row_28_…`); the comparison with the file: `leakscope-symbols`, and the command |
//! | 29 | Xtensa assumed | `leakscope-symbols`, `tests/symbols/toolchain.rs`: the machine is the ELF file's |
//! | 31 | freeing is slow with many live blocks | a hash table; measured in `docs/performance.md` (no timing in tests) |
//! | 33 | missing file, traceback | `leakscope-capture`, `tests/files`; the command's transcripts |
//! | 34 | Windows paths lose seven characters | `leakscope-capture`, `tests/files` |
//! | 36 | exit code 0 with leaks | no gate yet: `report` exits with 0 when a report was made; the CI gate has an issue of its own |
//! | 39 | `-w` waits by burning CPU time | there is no such option: files are read to their end, pipes block |
//! | 40 | nothing is shown before the end | `row_40_…` shows that the analysis answers at any time; a live command has an issue of its own |
//! | 45 | log lines among JSON | the command's transcripts: data go to standard output, all else to standard error |
use leakscope_analysis::findings::{Confidence, Verdict};
use leakscope_analysis::heap::KeepAll;
use leakscope_analysis::outcome::AnomalyKind;
use leakscope_analysis::problem::ProblemKind;
use leakscope_analysis::trace::{HeapEvent, Layout, Start, Step};
use leakscope_analysis::{Analysis, trace};
use leakscope_systemview::{Arguments, Init, Packet, Print, id};

use crate::reading::{Kind, read, read_in_pieces, read_one};
use crate::scenario::{HZ, IDF_HEAP, MAIN, RAM, Recording, WORKER, encoded};

const SITE: &[u32] = &[0x400D_1000, 0x400D_2000];
const OTHER: &[u32] = &[0x400D_3000, 0x400D_2000];
const BLOCK: u32 = 0x3FFB_0000;

/// Ids that are new are skipped by their length.
#[test]
fn row_01_unknown_ids_are_skipped() {
    let mut recording = Recording::begun();
    recording.allocate(BLOCK, 16, SITE);
    for id in [28, 29, 30, 31, 511, 600, 4000] {
        recording.after(5).event(id, &[77, 3]);
    }
    recording.event(id::EX, &[200, 1, 2]);
    recording.free(BLOCK, OTHER).idle();
    let reading = read_one(recording.openocd());
    reading.check();
    assert_eq!(reading.outcome.totals.events, recording.packets() as u64);
    assert_eq!(reading.outcome.totals.outstanding_blocks, 0);
    assert_eq!(reading.problem("skipped-bytes"), None);
}

/// `DATA_SAMPLE` has two fields and no length.
#[test]
fn row_02_data_samples_keep_the_stream_in_step() {
    let mut recording = Recording::begun();
    for value in [0, 1, 300, 0x3F80_0000] {
        recording.packet(&Packet::DataSample { data: 2, value });
        recording.allocate(BLOCK + value, 16, SITE);
    }
    let reading = read_one(recording.openocd());
    assert_eq!(reading.count(id::DATA_SAMPLE), 4);
    assert_eq!(reading.outcome.totals.allocations, 4);
    assert!(reading.codes().is_empty(), "{:?}", reading.codes());
}

/// Messages with arguments are formatted here.
#[test]
fn row_03_log_arguments_are_formatted() {
    let mut recording = Recording::begun();
    let numbers = encoded(&[5, 0xBEEF]);
    recording.packet(&Packet::PrintFormatted(Print {
        text: "queue %d holds 0x%04x".into(),
        options: 1,
        arguments: Arguments {
            count: 2,
            encoded: &numbers,
        },
    }));
    let reading = read_one(recording.openocd());
    assert_eq!(reading.logs(), ["queue 5 holds 0xbeef"]);
}

/// Text that was cut inside a character is shown as far as it goes.
#[test]
fn row_04_text_cut_inside_a_character() {
    let mut recording = Recording::begun();
    recording.print_bytes(b"na\xC3").allocate(BLOCK, 16, SITE);
    let reading = read_one(recording.openocd());
    assert_eq!(reading.logs(), ["na\u{FFFD}"]);
    assert_eq!(reading.outcome.totals.allocations, 1);
}

/// A task without a name is called by its address.
#[test]
fn row_05_unknown_tasks_have_a_name() {
    let mut recording = Recording::begun();
    recording.run(0x3FFB_1234).allocate(BLOCK, 16, SITE);
    let task = recording.shrink(0x3FFB_5678);
    recording.packet(&Packet::TaskStopReady { task, cause: 4 });
    recording.allocate(BLOCK + 16, 16, SITE);
    let reading = read_one(recording.openocd());
    assert_eq!(reading.heap_contexts(), ["task@0x3ffb1234"; 2]);
}

/// An interrupt without a name is called by its number.
#[test]
fn row_06_unknown_interrupts_have_a_name() {
    let mut recording = Recording::begun();
    recording.system("I#5=SysTick");
    recording.enter(5).allocate(BLOCK, 16, SITE).exit();
    recording.enter(99).allocate(BLOCK + 16, 16, SITE).exit();
    let reading = read_one(recording.openocd());
    assert_eq!(reading.heap_contexts(), ["SysTick", "irq 99"]);
}

/// Allocations at address 0 failed, any number of them, and are reported with size and caller.
#[test]
fn row_07_failed_allocations_are_reported() {
    let mut recording = Recording::begun();
    recording.allocate(0, 100_000, SITE).after(100);
    recording.allocate(0, 200_000, OTHER);
    let reading = read_one(recording.openocd());
    let failed = &reading.outcome.failed_allocations;
    assert_eq!(reading.outcome.totals.failed_allocations, 2);
    assert_eq!(failed[0].size, 100_000);
    assert_eq!(failed[1].size, 200_000);
    assert_eq!(failed[1].stack, [0x400D_3000, 0x400D_2000]);
    assert_eq!(failed[1].time, failed[0].time + 101);
    assert_eq!(reading.outcome.totals.allocations, 0);
    assert!(!failed[0].retried && !failed[1].retried);
}

/// A failed allocation is no block, and `free(NULL)` is counted and means nothing.
#[test]
fn row_08_address_zero_is_never_a_block() {
    let mut recording = Recording::begun();
    recording
        .allocate(0, 64, SITE)
        .free(0, OTHER)
        .free(0, OTHER);
    let reading = read_one(recording.openocd());
    let totals = reading.outcome.totals;
    assert_eq!(totals.outstanding_blocks, 0);
    assert_eq!((totals.allocations, totals.frees), (0, 0));
    assert_eq!((totals.failed_allocations, totals.frees_of_null), (1, 2));
    assert_eq!(totals.heap_events, 3);
    assert!(reading.outcome.anomalies.is_empty());
}

/// A block at a live address replaces one whose free was lost: a problem, and no end.
#[test]
fn row_09_allocation_at_a_live_address() {
    let mut recording = Recording::begun();
    recording.allocate(BLOCK, 100, SITE).after(50);
    recording.allocate(BLOCK, 10, OTHER);
    let reading = read_one(recording.openocd());
    reading.check();
    assert_eq!(
        reading.problem("free-lost").map(|problem| problem.count),
        Some(1)
    );
    assert_eq!(reading.outcome.totals.outstanding_bytes, 10);
    assert_eq!(reading.site(SITE).outstanding_blocks, 0);
}

/// Dropped packets are counted, said, and make what they could explain uncertain.
#[test]
fn row_10_losses_are_said_and_weighed() {
    let mut recording = Recording::begun();
    for block in 0..20 {
        recording.after(1000).allocate(BLOCK + 16 * block, 8, SITE);
    }
    recording.after(5000).overflow(30).run(MAIN);
    for block in 20..24 {
        recording.after(1000).allocate(BLOCK + 16 * block, 8, SITE);
    }
    recording.after(1000).overflow(41);
    let reading = read_one(recording.openocd());
    let overflow = reading.problem("overflow").expect("an overflow");
    assert_eq!(overflow.kind, ProblemKind::Overflow { packets: 31 + 12 });
    assert_eq!(overflow.count, 2);
    assert_eq!(reading.outcome.totals.dropped_packets, 43);
    assert_eq!(reading.verdict(SITE), Verdict::Uncertain);
}

/// Heap events before the first switch count; nobody knows yet who ran.
#[test]
fn row_11_events_before_the_first_switch_count() {
    let mut recording = Recording::empty();
    recording.start().module(512, IDF_HEAP).task(MAIN, "main");
    recording.allocate(BLOCK, 16, SITE).run(MAIN);
    recording.allocate(BLOCK + 16, 16, SITE);
    let reading = read_one(recording.openocd());
    assert_eq!(reading.outcome.totals.allocations, 2);
    assert_eq!(reading.heap_contexts(), ["unknown", "main"]);
}

/// A core that waits for its first switch does not repeat the other's events.
#[test]
fn row_12_cores_wait_apart() {
    let mut recording = Recording::empty();
    recording.start().module(512, IDF_HEAP).task(MAIN, "main");
    for block in 0..3 {
        recording.on(0).allocate(BLOCK + 16 * block, 16, SITE);
    }
    recording.on(1).run(MAIN).allocate(BLOCK + 0x100, 16, SITE);
    let reading = read(&recording.openocd_by_core());
    assert_eq!(reading.outcome.totals.allocations, 4);
    assert_eq!(reading.problem("free-lost"), None);
}

/// What core 1 does is no context of core 0.
#[test]
fn row_13_contexts_belong_to_a_core() {
    let mut recording = Recording::empty();
    recording.start().module(512, IDF_HEAP).task(MAIN, "main");
    recording.on(0).allocate(BLOCK, 16, SITE);
    recording.on(1).after(1).idle();
    recording.on(0).allocate(BLOCK + 16, 16, SITE);
    recording.on(1).allocate(BLOCK + 32, 16, SITE);
    let reading = read(&recording.openocd_by_core());
    assert_eq!(reading.heap_contexts(), ["unknown", "unknown", "idle"]);
}

/// A name is valid from when it was sent: the next task at the same address has another.
#[test]
fn row_14_names_are_valid_from_a_moment_on() {
    let mut recording = Recording::begun();
    recording
        .allocate(BLOCK, 16, SITE)
        .task(MAIN, "second")
        .run(MAIN);
    recording.allocate(BLOCK + 16, 16, SITE);
    let reading = read_one(recording.openocd());
    assert_eq!(reading.heap_contexts(), ["main", "second"]);
}

/// After `TASK_STOP_EXEC` the task does not run any more.
#[test]
fn row_15_a_stopped_task_runs_no_more() {
    let mut recording = Recording::begun();
    recording.packet(&Packet::TaskStopExec).free(BLOCK, SITE);
    let reading = read_one(recording.openocd());
    assert_eq!(reading.heap_contexts(), ["scheduler"]);
}

/// What happens while a core is idle is the idle task's.
#[test]
fn row_16_idle_is_a_context() {
    let mut recording = Recording::begun();
    recording
        .allocate(BLOCK, 16, SITE)
        .idle()
        .free(BLOCK, OTHER);
    recording.run(WORKER).allocate(BLOCK, 16, SITE);
    let reading = read_one(recording.openocd());
    assert_eq!(reading.heap_contexts(), ["main", "idle", "worker"]);
}

/// The end of an interrupt whose begin was lost leaves the task where it is.
#[test]
fn row_17_only_interrupts_end_with_an_interrupt() {
    let mut recording = Recording::begun();
    recording.exit().exit().allocate(BLOCK, 16, SITE);
    let reading = read_one(recording.openocd());
    assert_eq!(reading.heap_contexts(), ["main"]);
}

/// Recording that was stopped and started again goes on in time, and in a session of its own.
#[test]
fn row_18_sessions_keep_their_order() {
    let mut recording = Recording::begun();
    recording
        .after(1000)
        .allocate(BLOCK, 16, SITE)
        .after(1000)
        .stop();
    recording.after(5000).start().module(512, IDF_HEAP);
    recording.after(1000).allocate(BLOCK, 32, SITE);
    let reading = read_one(recording.openocd());
    reading.check();
    let sessions = &reading.outcome.sessions;
    assert_eq!(sessions.len(), 2);
    assert_eq!(
        (sessions[0].outstanding_bytes, sessions[1].outstanding_bytes),
        (16, 32)
    );
    assert!(sessions[0].stopped && sessions[0].end == 2001 && sessions[1].start == 7001);
    assert_eq!(reading.problem("free-lost"), None);
    assert_eq!(reading.starts(), [Start::First, Start::AfterStop]);
}

/// `INIT` says the units once more, and its delta counts once.
#[test]
fn row_19_init_again_changes_nothing() {
    let mut recording = Recording::begun();
    recording.after(100).init().allocate(BLOCK, 16, SITE);
    let reading = read_one(recording.openocd());
    assert_eq!(reading.heap()[0].time, 101);
    assert_eq!(reading.outcome.target.timestamp_hz, HZ);
    assert!(reading.codes().is_empty(), "{:?}", reading.codes());
}

/// The heap module may move; its old ids keep their meaning.
#[test]
fn row_20_modules_move() {
    let mut recording = Recording::begun();
    recording.allocate(BLOCK, 16, SITE);
    recording.module(514, IDF_HEAP);
    recording.heap = 514;
    recording.allocate(BLOCK + 16, 16, SITE).free(BLOCK, OTHER);
    let reading = read_one(recording.openocd());
    assert_eq!(reading.outcome.totals.heap_events, 3);
    assert_eq!(reading.outcome.totals.outstanding_blocks, 1);
    recording.heap = 512;
    recording.free(BLOCK + 16, OTHER);
    let reading = read_one(recording.openocd());
    assert_eq!(reading.outcome.totals.outstanding_blocks, 0);
}

/// The heap module is known by its name, with and without `M=`, or by the shape of its events.
#[test]
fn row_21_the_heap_module_is_found_or_its_absence_said() {
    for description in [Some(IDF_HEAP), IDF_HEAP.strip_prefix("M="), None] {
        let mut recording = Recording::empty();
        recording.start().task(MAIN, "main").run(MAIN);
        if let Some(description) = description {
            recording.module(512, description);
        }
        recording.allocate(BLOCK, 16, SITE).free(BLOCK, OTHER);
        let reading = read_one(recording.openocd());
        assert_eq!(reading.outcome.totals.heap_events, 2, "{description:?}");
        let is_guessed = reading.problem("heap-module-guessed").is_some();
        assert_eq!(is_guessed, description.is_none());
    }
    let mut silent = Recording::empty();
    silent.start().task(MAIN, "main").run(MAIN).print("boot\n");
    assert!(
        read_one(silent.openocd())
            .problem("no-heap-events")
            .is_some()
    );
}

/// A file that ends inside a packet is reported as far as it goes.
#[test]
fn row_22_a_cut_file_reports_what_it_holds() {
    let mut recording = Recording::begun();
    recording.allocate(BLOCK, 16, SITE).free(BLOCK, OTHER);
    let mut bytes = recording.openocd();
    bytes.truncate(bytes.len() - 3);
    let length = bytes.len() as u64;
    let reading = read_one(bytes);
    assert_eq!(reading.outcome.totals.outstanding_blocks, 1);
    let cut = reading.problem("cut-off").expect("a cut");
    let ProblemKind::Cut { bytes } = cut.kind else {
        panic!("{cut:?}");
    };
    assert_eq!(cut.offset, Some(length - bytes));
}

/// The free of an address inside a block counts as wrong only while the block lives.
#[test]
fn row_23_wrong_frees_are_judged_at_their_time() {
    let mut recording = Recording::begun();
    recording.free(BLOCK + 8, OTHER);
    recording.allocate(BLOCK, 32, SITE).free(BLOCK + 12, OTHER);
    recording.free(BLOCK, OTHER).free(BLOCK + 20, OTHER);
    let reading = read_one(recording.openocd());
    assert_eq!(reading.anomalies(), ["wrong free"]);
    assert_eq!(reading.outcome.anomalies[0].address, u64::from(BLOCK) + 12);
    assert_eq!(reading.outcome.totals.frees_of_older_blocks, 2);
}

/// A double free is told apart from the free of a block that is older than the trace.
#[test]
fn row_24_double_frees_are_reported() {
    let mut recording = Recording::begun();
    recording.free(BLOCK, OTHER);
    recording.allocate(BLOCK + 64, 32, SITE);
    recording
        .free(BLOCK + 64, OTHER)
        .after(9)
        .free(BLOCK + 64, SITE);
    let reading = read_one(recording.openocd());
    assert_eq!(reading.outcome.totals.frees_of_older_blocks, 1);
    assert_eq!(reading.anomalies(), ["double free"]);
    let anomaly = &reading.outcome.anomalies[0];
    assert_eq!(anomaly.stack, [0x400D_1000, 0x400D_2000]);
    let expected = AnomalyKind::DoubleFree {
        freed_at: anomaly.time - 10,
        freed_by: vec![0x400D_3000, 0x400D_2000],
    };
    assert_eq!(anomaly.kind, expected);
}

/// The digest of the ELF file that the target sends is passed on, to be compared.
#[test]
fn row_28_the_digest_of_the_elf_file_is_kept() {
    let mut recording = Recording::begun();
    recording.system("ELF_SHA256=0123456789abcdef");
    let target = read_one(recording.openocd()).outcome.target;
    assert_eq!(target.elf_sha256.as_deref(), Some("0123456789abcdef"));
}

/// Events leave as soon as they are read, and the room for bytes does not grow with the trace.
#[test]
fn row_30_events_stream() {
    let mut recording = Recording::begun();
    for _ in 0..20_000 {
        recording.allocate(BLOCK, 16, SITE).free(BLOCK, OTHER);
    }
    let bytes = recording.openocd();
    let mut analysis = Analysis::new(&Layout::of(&[&bytes]), KeepAll);
    let mut place = Layout::of(&[&bytes]).parts[0].start as usize;
    let mut largest = 0;
    loop {
        match analysis.step() {
            Step::Event(..) => {}
            Step::NeedBytes(stream) => {
                let space = analysis.space(stream);
                largest = largest.max(space.len());
                let count = space.len().min(bytes.len() - place);
                space[..count].copy_from_slice(&bytes[place..place + count]);
                analysis.supply(stream, count);
                place += count;
            }
            Step::Finished => break,
        }
    }
    assert!(largest <= trace::HEAD * 4, "{largest}");
    assert_eq!(analysis.outcome().totals.heap_events, 40_000);
}

/// Any header will do, or none.
#[test]
fn row_32_headers_of_all_kinds() {
    let mut recording = Recording::begun();
    recording.allocate(BLOCK, 16, SITE);
    let data = recording.plain();
    for header in [
        "",
        ";\n; Version\t\tSEGGER SystemViewer V2.42\n; Author\t\tEspressif Inc\n;\n",
        ";\r\n; Version     SEGGER SystemViewer V2.42\r\n; Author      Espressif Inc\r\n;\r\n",
        "; Version  SEGGER SystemViewer V3.50\n; RecordTime 1\n; Author me\n; Title A; B\n;\n\n",
        "; Title\tonly one line\n",
        ";\n; RecordTime   01 Jan 2026 00:00:00\n; Author       pyOCD\n; Offset Core0 0\n;\n",
    ] {
        let reading = read_one([header.as_bytes(), &data].concat());
        assert_eq!(reading.outcome.totals.allocations, 1, "{header:?}");
        assert!(
            reading.codes().is_empty(),
            "{header:?}: {:?}",
            reading.codes()
        );
    }
}

/// Each log message is one event, also when its core's file is one of two.
#[test]
fn row_35_log_messages_come_once() {
    let mut recording = Recording::begun();
    recording
        .on(0)
        .print("zero\n")
        .on(1)
        .after(1)
        .print("one\n");
    for files in [
        recording.openocd_by_core().to_vec(),
        vec![recording.joined()],
        vec![recording.with_core_bit()],
    ] {
        let reading = read(&files);
        assert_eq!(reading.logs(), ["zero\n", "one\n"]);
        assert_eq!(reading.outcome.totals.log_messages, 2);
    }
}

/// A free and an allocation of the same call are one reallocation; if it fails, the block lives on.
#[test]
fn row_37_reallocations_are_paired() {
    let mut recording = Recording::begun();
    recording.allocate(BLOCK, 16, SITE).after(100);
    recording.free(BLOCK, OTHER).allocate(BLOCK + 64, 32, OTHER);
    let totals = read_one(recording.openocd()).outcome.totals;
    assert_eq!(
        (totals.reallocations, totals.allocations, totals.frees),
        (1, 2, 1)
    );
    recording
        .after(100)
        .free(BLOCK + 64, OTHER)
        .allocate(0, 1 << 20, OTHER);
    let reading = read_one(recording.openocd());
    reading.check();
    let totals = reading.outcome.totals;
    assert_eq!((totals.failed_allocations, totals.reallocations), (1, 1));
    assert_eq!(
        (totals.outstanding_blocks, totals.outstanding_bytes),
        (1, 32)
    );
}

/// Without `INIT` times are ticks, and that is said; what came before it is read all the same.
#[test]
fn row_38_events_without_init() {
    let mut recording = Recording::empty();
    recording.sync().packet(&Packet::TraceStart);
    recording.module(512, IDF_HEAP).run(MAIN);
    for block in 0..12 {
        recording.after(10).allocate(BLOCK + 16 * block, 16, SITE);
    }
    let reading = read_one(recording.openocd());
    assert!(reading.problem("no-init").is_some());
    assert_eq!(reading.outcome.totals.allocations, 12);
    let begin = reading.heap()[0].time;
    recording.init().allocate(BLOCK + 0x1000, 16, SITE);
    let reading = read_one(recording.openocd());
    assert_eq!(reading.problem("no-init"), None);
    assert_eq!(
        reading.heap()[0].time,
        begin,
        "the clock does not jump at INIT"
    );
    assert_eq!(reading.outcome.target.timestamp_hz, HZ);
}

/// The analysis can be asked at any time, and then goes on.
#[test]
fn row_40_an_outcome_at_any_time() {
    let mut recording = Recording::begun();
    for block in 0..100 {
        recording.after(10).allocate(BLOCK + 16 * block, 16, SITE);
    }
    let bytes = recording.openocd();
    let mut asked = 0;
    let layout = Layout::of(&[&bytes]);
    let mut analysis = Analysis::new(&layout, KeepAll);
    let mut place = layout.parts[0].start as usize;
    let mut seen = 0;
    loop {
        match analysis.step() {
            Step::Event(event, _) => {
                seen += u64::from(matches!(event.kind, trace::EventKind::Heap(_)));
            }
            Step::NeedBytes(stream) => {
                assert_eq!(analysis.outcome().totals.allocations, seen);
                asked += 1;
                let count = (bytes.len() - place).min(40);
                analysis.space(stream)[..count].copy_from_slice(&bytes[place..place + count]);
                analysis.supply(stream, count);
                place += count;
            }
            Step::Finished => break,
        }
    }
    assert!(asked > 10);
    assert_eq!(analysis.outcome().totals.allocations, 100);
}

/// Many blocks of one place are one entry, and the worst entry comes first.
#[test]
fn row_41_blocks_are_grouped_by_call_stack() {
    let mut recording = Recording::begun();
    recording.allocate(BLOCK - 0x1000, 4096, OTHER);
    for block in 0..1000 {
        recording.after(10).allocate(BLOCK + 16 * block, 16, SITE);
    }
    let reading = read_one(recording.openocd());
    let sites = &reading.outcome.call_sites;
    assert_eq!(sites.len(), 2);
    assert_eq!(sites[0].finding.verdict, Verdict::LeakSteady);
    assert_eq!(sites[0].finding.confidence, Confidence::High);
    assert_eq!(
        (sites[0].outstanding_blocks, sites[0].outstanding_bytes),
        (1000, 16_000)
    );
    assert_eq!(sites[1].finding.verdict, Verdict::Once);
}

/// Old and new files of two cores say the same.
#[test]
fn row_42_old_and_new_files_of_two_cores() {
    let mut recording = Recording::begun();
    recording.on(1).after(3).run(WORKER);
    for block in 0..10 {
        recording.on(block as u8 % 2).after(7);
        recording.allocate(BLOCK + 16 * block, 16, SITE);
    }
    let seen = |files: &[Vec<u8>]| -> Vec<(u64, u8, String, Kind)> {
        let reading = read(files);
        assert_eq!(reading.outcome.target.cores, [0, 1]);
        let event = |event: &crate::reading::Seen| {
            (
                event.time,
                event.core,
                event.context.clone(),
                event.kind.clone(),
            )
        };
        reading.heap().into_iter().map(event).collect()
    };
    let old = seen(&[recording.with_core_bit()]);
    assert_eq!(old.len(), 10);
    assert_eq!(old[1].1, 1);
    assert_eq!(old[1].2, "worker");
    assert_eq!(seen(&[recording.joined()]), old);
    assert_eq!(seen(&recording.openocd_by_core()), old);
}

/// A long header, and data without a sync, are no obstacle.
#[test]
fn row_43_long_headers_and_no_sync() {
    let mut recording = Recording::begun();
    for block in 0..20 {
        recording.allocate(BLOCK + 16 * block, 16, SITE);
    }
    let joined = recording.joined();
    let comment = format!("; Description {}\n", "long ".repeat(2000));
    let reading = read_one([comment.as_bytes(), &joined].concat());
    assert_eq!(reading.outcome.totals.allocations, 20);
    let reading = read_one(recording.plain()[10..].to_vec());
    assert_eq!(reading.outcome.totals.allocations, 20);
    assert!(reading.problem("no-start").is_some());
}

/// A core is what its file says it is, in whatever order the files are given.
#[test]
fn row_44_cores_are_known_by_name() {
    let mut recording = Recording::begun();
    recording
        .on(1)
        .after(1)
        .run(WORKER)
        .allocate(BLOCK, 16, SITE);
    recording.on(0).after(1).free(BLOCK, OTHER);
    let [zero, one] = recording.openocd_by_core();
    let reading = read(&[one.clone(), zero.clone()]);
    let cores: Vec<u8> = reading.heap().iter().map(|event| event.core).collect();
    assert_eq!(cores, [1, 0]);
    assert_eq!(reading.heap_contexts(), ["worker", "main"]);
    assert_eq!(reading.heap()[0].input, 0);
    let alone = read(&[one]);
    assert_eq!(alone.heap()[0].core, 1);
    assert_eq!(alone.outcome.target.cores, [1]);
    let twice = read(&[zero.clone(), zero]);
    assert_eq!(
        twice
            .problem("same-core-twice")
            .map(|problem| &problem.kind),
        Some(&ProblemKind::SameCoreTwice { core: 0 })
    );
}

/// Ids are shrunk by what `INIT` says, so that tasks are called by their real addresses.
#[test]
fn ids_are_expanded() {
    let mut recording = Recording::empty();
    recording.shift(2).start().module(512, IDF_HEAP);
    recording.run(RAM + 0x40).allocate(BLOCK, 16, SITE);
    let reading = read_in_pieces(&[recording.plain()], || 1);
    assert_eq!(reading.heap_contexts(), ["task@0x3fc00040"]);
    let Kind::Heap(HeapEvent::Allocation { address, .. }, _) = reading.heap()[0].kind else {
        panic!("an allocation");
    };
    assert_eq!(
        address,
        u64::from(BLOCK),
        "blocks are not shrunk by this module"
    );
    let init = Init {
        timestamp_hz: HZ,
        cpu_hz: 160 * HZ,
        ram_base: RAM,
        id_shift: 2,
    };
    assert_eq!(init.expand(0x10), RAM + 0x40);
}
