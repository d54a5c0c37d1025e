//! Inputs that hold no recording, or one in which nothing is said of a heap.

use leakscope_analysis::problem::{ProblemKind, Silence};
use leakscope_testing::scenario::{MAIN, Scenario};

use crate::reading::{Reading, read_one};

const SITE: &[u32] = &[0x400D_1000, 0x400D_2000];
const BLOCK: u32 = 0x3FFB_0000;

/// A recording without heap events says nothing about leaks, whatever else it holds.
#[test]
fn no_heap_events_is_a_problem() {
    let mut recording = Scenario::empty();
    recording.start().task(MAIN, "main").run(MAIN);
    for number in 0..100 {
        recording
            .after(10)
            .event(40 + number % 10, &[1, 2])
            .print("x\n");
    }
    let reading = read_one(recording.plain());
    let silence = |reading: &Reading| {
        let problem = reading.problem("no-heap-events");
        problem.map(|problem| problem.kind.clone())
    };
    let untraced = Some(ProblemKind::NoHeapEvents(Silence::Untraced));
    assert_eq!(silence(&reading), untraced);
    assert!(reading.outcome.call_sites.is_empty());
    // Of numbers that nothing describes, nobody knows whether they are of the heap.
    for number in 0..20 {
        recording.after(10).event(600, &[number]);
    }
    let unnamed = Some(ProblemKind::NoHeapEvents(Silence::Unnamed));
    assert_eq!(silence(&read_one(recording.plain())), unnamed);
    let mut described = Scenario::begun();
    described.after(10).print("x\n");
    assert_eq!(silence(&read_one(described.plain())), untraced);
}

/// Nothing, or nothing but a header, is an empty recording; text is none.
#[test]
fn what_is_no_recording() {
    let header = ";\n; Version     SEGGER SystemViewer V3.60\n;\n";
    assert_eq!(read_one(Vec::new()).codes(), ["empty"]);
    assert_eq!(read_one(header.into()).codes(), ["empty"]);
    let text = "This is a log file.\nIt has lines of text.\n".repeat(50);
    assert_eq!(read_one(text.clone().into()).codes(), ["not-systemview"]);
    assert_eq!(
        read_one([header, &text].concat().into()).codes(),
        ["not-systemview"]
    );
    let program = std::env::current_exe().expect("this test's program");
    let program = std::fs::read(program).expect("a file that can be read");
    assert_eq!(read_one(program).codes(), ["not-systemview"]);
}

/// Bytes without meaning are no recording, at whatever place one begins to read.
#[test]
fn random_bytes_are_no_recording() {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    let mut accepted = 0;
    for _ in 0..40 {
        let bytes = (0..8192).map(|_| next()).collect();
        accepted += usize::from(read_one(bytes).codes() != ["not-systemview"]);
    }
    assert!(accepted <= 1, "{accepted} of 40");
}

/// Offsets in a header that point nowhere are no end.
#[test]
fn offsets_beyond_the_end() {
    let mut recording = Scenario::begun();
    recording.allocate(BLOCK, 16, SITE);
    for offset in [u64::MAX, 1 << 40, 1_000_000] {
        let header = format!("; Author Espressif Inc\n; Offset Core0 0\n; Offset Core1 {offset}\n");
        let reading = read_one([header.as_bytes(), &recording.plain()].concat());
        assert_eq!(reading.outcome.totals.allocations, 1, "{offset}");
    }
}
