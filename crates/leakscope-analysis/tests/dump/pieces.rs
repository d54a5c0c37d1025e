//! Dumps that are not whole: pasted in part, torn by other writers, cut off by a crash.

use std::fmt::Write;

use leakscope_analysis::dump::{Interruption, Log, Memory, Mode, Record, Sums};
use leakscope_analysis::heap::KeepAll;
use leakscope_analysis::outcome::Outcome;
use leakscope_analysis::problem::ProblemKind;
use proptest::prelude::*;

use crate::forms::{NEW, only};

fn outcome(text: &str) -> Outcome {
    Log::read(text.as_bytes()).outcome(&mut KeepAll)
}

fn codes(outcome: &Outcome) -> Vec<&str> {
    let problems = outcome.problems.iter();
    problems.map(|problem| problem.kind.code()).collect()
}

fn record(number: u32) -> String {
    format!(
        "    24 bytes (@ {:#010x}, Internal) allocated CPU 0 ccount 0x1a320698 caller 0x40376321:0x40376379\n",
        0x3fc9_0000 + number * 32
    )
}

/// A whole dump of so many records.
fn dump(records: u32) -> String {
    let mut text = format!("====== Heap Trace: {records} records (99 capacity) ======\n");
    text.extend((0..records).map(record));
    let _ = write!(
        text,
        "====== Heap Trace Summary ======\nMode: Heap Trace Leaks\n\
         {} bytes 'leaked' in trace ({records} allocations)\n\
         records: {records} (99 capacity, 99 high water mark)\ntotal allocations: 99\ntotal frees: 9\n\
         ================================\n",
        24 * records
    );
    text
}

#[test]
fn without_the_first_lines() {
    let text = dump(9);
    let rest = &text[text.find(&record(4)).expect("it is there")..];
    let read = only(rest);
    assert_eq!((read.records.len(), read.announced), (5, None));
    assert!(!read.is_whole);
    let all = Sums {
        blocks: 9,
        bytes: 9 * 24,
    };
    assert_eq!(read.sums, Some(all));
    let outcome = outcome(rest);
    assert_eq!(
        codes(&outcome),
        ["no-history", "dump-cut-off", "dump-sums-differ"]
    );
    let differ = ProblemKind::DumpSumsDiffer {
        sums: all,
        read: Sums {
            blocks: 5,
            bytes: 5 * 24,
        },
    };
    assert_eq!(outcome.problems[2].kind, differ);
    assert_eq!(outcome.totals.outstanding_bytes, 5 * 24);
}

#[test]
fn records_alone() {
    let text: String = (0..4).map(record).collect();
    let read = only(&text);
    assert_eq!((read.records.len(), read.is_whole), (4, false));
    assert_eq!(codes(&outcome(&text)), ["no-history", "dump-cut-off"]);
}

/// Printed by a program itself, in one line a record.
#[test]
fn records_that_say_who_freed_them() {
    let read = only(
        "I (77) leaks: 24 bytes (@ 0x3fc90000) allocated CPU 0 ccount 0x1a320698 caller 0x40376321 freed by 0x40376400:0x40376500\n\
         I (77) leaks: 25 bytes (@ 0x3fc90040) allocated CPU 1 ccount 0x1a320698 caller 0x40376321 freed\n\
         I (77) leaks: 26 bytes (@ 0x3fc90080) allocated CPU 1 ccount 0x1a320698 caller 0x40376321\n",
    );
    let freed: Vec<_> = read
        .records
        .iter()
        .map(|record| (record.is_freed, record.freed_by.clone()))
        .collect();
    let expected = [
        (true, vec![0x4037_6400, 0x4037_6500]),
        (true, vec![]),
        (false, vec![]),
    ];
    assert_eq!(freed, expected);
}

#[test]
fn the_sums_alone() {
    let text = dump(9);
    let rest = &text[text.find("Mode").expect("it is there")..];
    let read = only(rest);
    assert_eq!(
        (read.mode, read.total_allocations),
        (Some(Mode::Leaks), Some(99))
    );
    assert!(codes(&outcome(rest)).contains(&"dump-sums-differ"));
}

/// Two writers in one line, lost characters, a line break in the middle.
#[test]
fn torn_records() {
    let whole = record(1);
    let torn = [
        whole.replace("0x3fc9", "0x3fc9I (77) wifi: new\n"),
        whole.replace("ccount 0x", ""),
        whole.replace("bytes (@", "byt"),
        whole.replace("40376321:0x", "4037E (5) a: b\n"),
        whole.replace(", Internal)", ""),
    ];
    for torn in torn {
        let text = dump(3).replace(&whole, &torn);
        let read = only(&text);
        assert_eq!((read.records.len(), read.broken_lines), (2, 1), "{text}");
        let outcome = outcome(&text);
        assert_eq!(
            codes(&outcome),
            ["no-history", "unreadable-lines", "dump-sums-differ"],
            "{text}"
        );
    }
}

/// Another writer's line begins behind a record that is whole.
#[test]
fn a_line_break_that_was_lost() {
    let text = dump(3).replace(&record(1), &record(1).replace('\n', "I (77) wifi: new\n"));
    let read = only(&text);
    assert_eq!((read.records.len(), read.broken_lines), (3, 0));
    let joined = dump(3).replace("0x40376379\n", "0x40376379");
    assert_eq!(only(&joined).records, only(&dump(3)).records);
}

/// The end of a record is lost, and the next one begins in its line; the record may be torn before, too.
#[test]
fn a_record_whose_end_was_lost_is_counted() {
    for prefix in ["", "10:00:00.123 > "] {
        let with_prefix = |line: &str| format!("{prefix}{line}\n");
        let whole: String = dump(3).lines().map(with_prefix).collect();
        for end in ["ccount 0x1a320698", "ccount 0x1a3", "ccount 0x", "alloc"] {
            for begin in ["    24", "    24W (77) wifi: new\n"] {
                let torn = format!("{begin} bytes (@ 0x3fc90020, Internal) allocated CPU 0 {end}");
                let text = whole.replace(&record(1), &torn);
                let read = only(&text);
                assert_eq!((read.records.len(), read.broken_lines), (2, 1), "{text}");
            }
        }
    }
}

#[test]
fn of_several_torn_dumps_the_fullest_counts_and_says_why() {
    let crash = "    24 bytes (@ 0x3fc91000, Internal) allocated CPU 0\
                 Guru Meditation Error: Core  1 panic'ed (Interrupt wdt timeout on CPU1). \n\
                 rst:0xc (RTC_SW_CPU_RST),boot:0x8 (SPI_FAST_FLASH_BOOT)\n";
    let cut = |records: u32| {
        let text = dump(40);
        text[..text.find(&record(records)).expect("it is there")].to_owned() + crash
    };
    let text = [7, 12, 5].map(cut).concat();
    let log = Log::read(text.as_bytes());
    assert_eq!(log.dumps.len(), 3);
    let fullest = log.fullest().expect("there are three");
    assert_eq!((fullest.records.len(), fullest.broken_lines), (12, 1));
    assert_eq!(fullest.interruption, Some(Interruption::Watchdog));
    let outcome = log.outcome(&mut KeepAll);
    assert_eq!(
        codes(&outcome),
        [
            "no-history",
            "dump-cut-off",
            "dump-interrupted",
            "unreadable-lines",
            "several-dumps"
        ]
    );
    let message = |place: usize| outcome.problems[place].kind.message(1);
    assert!(format!("{:?}", message(4)).contains("none of them whole"));
}

#[test]
fn labels_and_notes_of_forks() {
    let text = NEW
        .replace(",    PSRAM)", ",   SPIRAM)")
        .replace("0x3fc9f6b4, Internal", "0x3fc9f6b4,  RTCRAM")
        .replace(
            "total allocations",
            "internal records: (13 capacity, 11 high water mark)\ntotal allocations",
        )
        .replace(
            "total frees: 6\n",
            "total frees: 6\n(NB: SPI Buffer has overflowed, so trace data is incomplete.)\n(NB: whatever.)\n",
        );
    let read = only(&text);
    assert_eq!(read.records[0].memory, Some(Memory::Other));
    assert_eq!(read.records[2].memory, Some(Memory::Psram));
    assert!(read.has_overflowed && read.is_whole);
    assert_eq!(read.other_lines + read.broken_lines, 0);
    let said = NEW.replace(
        "Mode: Heap",
        "W (9) heap_trace: record buffer overflow!\nMode: Heap",
    );
    assert!(only(&said).has_overflowed);
}

/// One block in memory far from the others does not make data of the code between them.
#[test]
fn callers_are_code_wherever_blocks_lie() {
    for block in ["0x600fe0a8", "0x50000010", "0x4ff80000", "0x3c200040"] {
        let text = dump(3).replace("0x3fc90040", block);
        let outcome = outcome(&text);
        assert_eq!(
            outcome.call_sites[0].stack,
            [0x4037_6321, 0x4037_6379],
            "{block}"
        );
    }
    // Code in the same memory as the heap, as chips have it that run programs out of RAM.
    let text = dump(3)
        .replace("0x3fc9", "0x4081")
        .replace("0x40376321", "0x40801a30");
    assert_eq!(
        outcome(&text).call_sites[0].stack,
        [0x4080_1a30, 0x4037_6379]
    );
}

/// Where a task's stack lies between blocks, its frame pointer is no caller.
#[test]
fn frame_pointers_are_left_out_wherever_the_heap_lies() {
    for heap in ["0x3fc9", "0x4081", "0x4ff2", "0x2001"] {
        let text = dump(3)
            .replace("0x3fc9", heap)
            .replace("0x40376321", &format!("{heap}f7e0"));
        let outcome = outcome(&text);
        assert_eq!(outcome.call_sites[0].stack, [0x4037_6379], "{heap}");
        assert!(codes(&outcome).contains(&"callers-are-data"));
    }
}

/// What tears a dump.
#[derive(Clone, Debug)]
enum Tear {
    /// Characters that a slow link lost.
    Lost {
        at: usize,
        count: usize,
    },
    /// Another writer's line in the middle.
    Between {
        at: usize,
    },
    /// The log begins later, or ends earlier.
    Begin {
        at: usize,
    },
    End {
        at: usize,
    },
}

fn tear() -> impl Strategy<Value = Tear> {
    let at = 0..2000_usize;
    prop_oneof![
        4 => (at.clone(), 1..40_usize).prop_map(|(at, count)| Tear::Lost { at, count }),
        4 => at.clone().prop_map(|at| Tear::Between { at }),
        1 => at.clone().prop_map(|at| Tear::Begin { at }),
        1 => at.prop_map(|at| Tear::End { at }),
    ]
}

impl Tear {
    fn apply(&self, text: &mut String) {
        let length = text.len();
        match *self {
            Self::Lost { at, count } if at < length => {
                text.replace_range(at..length.min(at + count), "");
            }
            Self::Between { at } if at < length => text.insert_str(at, "W (4711) wifi: <11,0>\n"),
            Self::Begin { at } if at < length => drop(text.drain(..at)),
            Self::End { at } => text.truncate(at),
            _ => {}
        }
    }
}

proptest! {
    /// No more than a dump's records are read, whatever tears it, and if some are missing that is said.
    #[test]
    fn a_torn_dump_says_what_is_missing(
        records in 1..20_u32,
        tears in prop::collection::vec(tear(), 0..4),
        prefix in prop::sample::select(vec!["", "10:00:00.123 > ", "Nov 25 10:00:00 host app[81]: "]),
    ) {
        let mut text = dump(records).lines().fold(String::new(), |text, line| text + prefix + line + "\n");
        for tear in &tears {
            tear.apply(&mut text);
        }
        let log = Log::read(text.as_bytes());
        let known: Vec<Record> = only(&dump(records)).records;
        let Some(fullest) = log.fullest() else {
            return Ok(());
        };
        prop_assert!(fullest.records.len() <= known.len(), "{}", text);
        if fullest.records.len() < known.len() {
            let outcome = log.outcome(&mut KeepAll);
            let codes = codes(&outcome);
            let is_said = ["dump-cut-off", "unreadable-lines", "dump-sums-differ", "several-dumps"];
            prop_assert!(codes.iter().any(|code| is_said.contains(code)), "{:?}\n{}", codes, text);
        }
        // A place that was torn lies in one record, or in two that are neighbours; all others are read as they were.
        let untouched = fullest.records.iter().filter(|record| known.contains(record)).count();
        prop_assert!(untouched + 2 * tears.len() >= fullest.records.len(), "{}", text);
    }
}
