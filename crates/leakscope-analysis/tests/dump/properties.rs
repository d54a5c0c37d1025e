//! Any text can be read, and what leakscope's recorder prints comes back as it was, whatever a monitor does
//! to it.

use std::fmt::Write;

use leakscope_analysis::dump::{Log, Record};
use leakscope_analysis::heap::KeepAll;
use leakscope_recorder::platform::FunctionClock;
use leakscope_recorder::stack::Origin;
use leakscope_recorder::standalone::{Mode, Policy, RecordBuffer, Slot};
use leakscope_recorder::{Block, Recorder};
use proptest::prelude::*;

const DEPTH: usize = 3;

/// What a program does.
#[derive(Clone, Debug)]
enum Step {
    Allocate {
        size: usize,
        stack: Vec<usize>,
    },
    /// The block that was allocated so manyth, if it still lives.
    Free {
        which: usize,
        stack: Vec<usize>,
    },
}

fn stack() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(0x4037_0000_usize..0x4037_0040, 0..=DEPTH)
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => (1..999_999_usize, stack()).prop_map(|(size, stack)| Step::Allocate { size, stack }),
        1 => (0..40_usize, stack()).prop_map(|(which, stack)| Step::Free { which, stack }),
    ]
}

/// The dump of a program, and the records in it.
fn dumped(steps: &[Step], mode: Mode, capacity: usize) -> (String, Vec<Record>) {
    let mut slots = vec![Slot::EMPTY; capacity];
    let clock = FunctionClock {
        now: || 0x1a32_0698,
        hz: 1,
    };
    let buffer: RecordBuffer<'_, DEPTH, FunctionClock> =
        RecordBuffer::new(clock).policy(Policy::EvictFreed);
    buffer.init(&mut slots).expect("slots");
    buffer.start(mode).expect("a buffer");
    let mut live = Vec::new();
    for (number, step) in steps.iter().enumerate() {
        match step {
            Step::Allocate { size, stack } => {
                let block = Block {
                    address: 0x3fc9_0000 + 16 * number,
                    size: *size,
                };
                buffer.alloc(block, Origin::Frames(stack));
                live.push(block);
            }
            Step::Free { which, stack } if *which < live.len() => {
                buffer.free(live.remove(*which), Origin::Frames(stack));
            }
            Step::Free { .. } => {}
        }
    }
    let mut text = String::new();
    buffer.dump(&mut text).expect("a string takes all");
    let known = |frames: [usize; DEPTH]| -> Vec<u64> {
        let frames = frames.into_iter().take_while(|&frame| frame != 0);
        frames.map(|frame| frame as u64).collect()
    };
    let records = (0..buffer.count()).map(|index| {
        let record = buffer.get(index).expect("it was counted");
        Record {
            address: record.block.address as u64,
            size: record.block.size as u64,
            memory: None,
            core: record.core,
            cycles: record.time,
            allocated_by: known(record.allocated_by),
            is_freed: record.is_freed,
            freed_by: known(record.freed_by),
        }
    });
    (text.clone(), records.collect())
}

/// As a monitor would show it: cut at these places, decorated, with or without line breaks of its own.
fn monitored(text: &str, cuts: &[prop::sample::Index], run_together: bool) -> String {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(text.len())).collect();
    cuts.sort_unstable();
    let end = if run_together { "" } else { "\n" };
    let mut shown = String::new();
    let mut line = String::new();
    for (place, c) in text.chars().enumerate() {
        let is_cut = cuts.binary_search(&place).is_ok();
        if c != '\n' {
            line.push(c);
        }
        if c == '\n' || is_cut {
            shown += &line;
            shown.push('\n');
            for (_, address) in line.match_indices("0x40").map(|(at, _)| (at, &line[at..])) {
                if let Some(address) = address.get(..10) {
                    let _ = write!(shown, "--- {address}: f at a.c:7{end}");
                }
            }
            line.clear();
        }
    }
    shown
}

proptest! {
    #[test]
    fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let _ = Log::read(&bytes).outcome(&mut KeepAll);
    }

    #[test]
    fn any_pieces_of_dumps_are_read(
        pieces in prop::collection::vec(prop::sample::select(vec![
            "====== Heap Trace: 5 records (8 capacity) ======", "====== Heap Trace Summary ======", "=", "\n", " ",
            "     6 bytes (@ 0x3fc9f6b4, Internal) allocated CPU 0 ccount 0x1a320698", " caller ", "0x40376321",
            ":", "freed by ", " freed", "--- ", "0x40376321: ", "f at a.c:12", "(inlined by) ", " in ROM",
            "99999999999999999999999", "0x", "total allocations: 9", "12 bytes alive in trace (", "\u{1b}[", "m",
            "2 allocations trace (3 entry buffer)", "\u{fffd}", "é", " at ", ":?", " bytes (@ ", "(discriminator ",
            "================================", "2026-11-22 10:00:00 ", "[", "] ", "Mode: Heap Trace All",
        ]), 0..60),
    ) {
        let text = pieces.concat();
        let log = Log::read(text.as_bytes());
        let outcome = log.outcome(&mut KeepAll);
        let blocks: u64 = outcome.call_sites.iter().map(|site| site.outstanding_blocks).sum();
        prop_assert_eq!(blocks, outcome.totals.outstanding_blocks);
    }

    #[test]
    fn a_dump_comes_back_as_it_was(
        steps in prop::collection::vec(step(), 0..30),
        leaks in any::<bool>(),
        capacity in 1_usize..20,
    ) {
        let mode = if leaks { Mode::Leaks } else { Mode::All };
        let (text, records) = dumped(&steps, mode, capacity);
        let log = Log::read(text.as_bytes());
        prop_assert_eq!(&log.dumps[0].records, &records);
        prop_assert!(log.dumps[0].is_whole);
        prop_assert_eq!(log.dumps[0].torn_stacks, 0);
    }

    #[test]
    fn also_through_a_monitor(
        steps in prop::collection::vec(step(), 0..20),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
        run_together in any::<bool>(),
    ) {
        let (text, records) = dumped(&steps, Mode::All, 16);
        let cuts = if run_together { &[] } else { cuts.as_slice() };
        let shown = monitored(&text, cuts, run_together);
        let log = Log::read(shown.as_bytes());
        prop_assert_eq!(&log.dumps[0].records, &records, "{}", shown);
        prop_assert!(log.dumps[0].is_whole, "{}", shown);
        prop_assert_eq!(log.dumps[0].torn_stacks, 0, "{}", shown);
    }
}
