//! Call stacks of words that could be return addresses (`ScannedStack`), with a program that knows them and without.

use leakscope_analysis::Analysis;
use leakscope_analysis::heap::KeepAll;
use leakscope_analysis::outcome::Outcome;
use leakscope_analysis::trace::{
    Certainty, Layout, Scan, StackCertainty, Step, Trace, Unwind, Unwinder, Unwound,
};
use leakscope_testing::scenario::Scenario;

use super::begun;

const BASE: u32 = 0x2000_0000;
const CODE: u32 = 0x0800_0000;
/// What the device of these recordings looks at, and sends at most.
const WORDS: u32 = 128;
const CANDIDATES: u32 = 4;

fn recording() -> Scenario {
    let mut recording = begun();
    recording.module(512, "M=leakscope heap");
    let units = [
        2, 4, 2, CANDIDATES, 0, BASE, 0, CODE, 0, 256, 0, 0, 1, 0, WORDS,
    ];
    recording.event(516, &units);
    recording
}

fn allocate(recording: &mut Scenario, block: u32, stack: u32) {
    let address = (16 * block).rotate_right(2);
    recording.after(1).event(512, &[address, 16, stack]);
}

/// A program in which each function keeps its return address eight words above its caller's, and of which the addresses
/// of the second half of the code are known by their calls only.
struct Program;

impl Unwind for Program {
    fn unwind(&self, scan: &Scan<'_>) -> Unwound {
        assert!(scan.candidates.is_sorted());
        assert_eq!(scan.words, WORDS);
        let mut frames = vec![(scan.return_address, Certainty::Exact)];
        let mut certainty = Certainty::Exact;
        for &(place, address) in scan.candidates {
            if place % 8 == 7 {
                if address >= u64::from(CODE) + 0x8000 {
                    certainty = Certainty::ByCall;
                }
                frames.push((address, certainty));
            }
        }
        Unwound {
            frames,
            is_cut_off: scan.is_full,
        }
    }
}

fn outcome(recording: &Scenario, unwinder: Unwinder) -> Outcome {
    let bytes = recording.plain();
    let inputs: &[&[u8]] = &[&bytes];
    let mut analysis = Analysis::new(&Layout::of(inputs).unwound_by(unwinder), KeepAll);
    let Ok(_) = analysis.run(inputs);
    analysis.outcome()
}

fn codes(outcome: &Outcome) -> Vec<&'static str> {
    let problems = outcome.problems.iter();
    let codes = problems.map(|problem| problem.kind.code());
    codes.filter(|code| *code != "too-short").collect()
}

/// Scans that differ in stale words only are one call site; the frames are the program's.
#[test]
fn the_program_tells_frames_from_stale_words() {
    let mut recording = recording();
    recording.event(523, &[1, 0x10, 2, 0x999, 5, 0x20, 8, 0x30]);
    recording.event(523, &[2, 0x10, 7, 0x20, 8, 0x30]);
    recording.event(523, &[3, 0x10, 7, 0x20, 8, 0x8000]);
    for (block, stack) in [(0, 1), (1, 2), (2, 1), (3, 3)] {
        allocate(&mut recording, block, stack);
    }
    let outcome = outcome(&recording, Unwinder::new(Program));
    assert_eq!(codes(&outcome), [""; 0]);
    let mut sites = outcome.call_sites;
    sites.sort_by_key(|site| site.id);
    let code = u64::from(CODE);
    assert_eq!(sites.len(), 2);
    assert_eq!(sites[0].allocations, 3);
    assert_eq!(sites[0].stack, [code + 0x10, code + 0x20, code + 0x30]);
    assert_eq!(sites[0].certainty, StackCertainty::EXACT);
    assert_eq!(sites[1].stack, [code + 0x10, code + 0x20, code + 0x8000]);
    let certainty = sites[1].certainty;
    assert!(!certainty.is_cut_off);
    assert_eq!(certainty.of_frame(1), Certainty::Exact);
    assert_eq!(certainty.of_frame(2), Certainty::ByCall);
}

/// A list that is full may not be whole; one site is as sure as the least sure of its scans.
#[test]
fn a_full_list_is_cut_off() {
    let mut recording = recording();
    recording.event(523, &[1, 0x10, 7, 0x20]);
    recording.event(523, &[2, 0x10, 1, 0x999, 1, 0x999, 1, 0x999, 4, 0x20]);
    allocate(&mut recording, 0, 1);
    allocate(&mut recording, 1, 2);
    let outcome = outcome(&recording, Unwinder::new(Program));
    assert_eq!(outcome.call_sites.len(), 1);
    assert_eq!(outcome.call_sites[0].allocations, 2);
    assert!(outcome.call_sites[0].certainty.is_cut_off);
}

/// Stale words take the room of frames, now of more and now of fewer: that is one call site.
#[test]
fn what_is_cut_off_is_the_only_stack_that_begins_alike() {
    let scans: [&[u32]; 4] = [
        &[1, 0x10, 1, 0x999, 1, 0x999, 1, 0x999, 1, 0x999],
        &[2, 0x10, 1, 0x999, 1, 0x999, 5, 0x20, 1, 0x999],
        &[3, 0x10, 7, 0x20, 8, 0x30],
        &[4, 0x10, 7, 0x20, 8, 0x8000],
    ];
    let sites = |order: &[usize]| {
        let mut recording = recording();
        for (block, &scan) in (0..).zip(order) {
            recording.event(523, scans[scan]);
            allocate(&mut recording, block, scans[scan][0]);
        }
        let mut sites = outcome(&recording, Unwinder::new(Program)).call_sites;
        sites.sort_by_key(|site| site.id);
        sites
    };
    let code = u64::from(CODE);
    let whole = [code + 0x10, code + 0x20, code + 0x30];
    for order in [
        [0, 1, 2],
        [2, 1, 0],
        [1, 2, 0],
        [0, 2, 1],
        [1, 0, 2],
        [2, 0, 1],
    ] {
        let sites = sites(&order);
        assert_eq!(sites.len(), 1, "{order:?}");
        assert_eq!(sites[0].allocations, 3);
        assert_eq!(sites[0].stack, whole, "{order:?}");
        assert_eq!(sites[0].certainty.of_frame(0), Certainty::Exact);
        assert_eq!(sites[0].certainty.of_frame(2), Certainty::Possible);
        assert!(!sites[0].certainty.is_cut_off);
    }
    // From when on two go on, nobody knows which of them it is.
    let sites = sites(&[1, 2, 3, 1, 1, 0]);
    let counts: Vec<(usize, u64)> = sites
        .iter()
        .map(|site| (site.stack.len(), site.allocations))
        .collect();
    assert_eq!(counts, [(3, 2), (3, 1), (2, 2), (1, 1)]);
    assert!(sites[2].certainty.is_cut_off && sites[3].certainty.is_cut_off);
}

/// Without the program the first frame is certain, and nothing else.
#[test]
fn without_the_program_only_the_first_frame_is_a_call_stack() {
    let mut recording = recording();
    recording.event(523, &[1, 0x10, 7, 0x20]);
    recording.event(523, &[2, 0x10, 2, 0x999]);
    recording.event(523, &[3, 0x40]);
    for (block, stack) in [(0, 1), (1, 2), (2, 3)] {
        allocate(&mut recording, block, stack);
    }
    let outcome = outcome(&recording, Unwinder::default());
    assert_eq!(codes(&outcome), ["stacks-without-elf"]);
    let mut sites = outcome.call_sites;
    sites.sort_by_key(|site| site.id);
    let stacks: Vec<&[u64]> = sites.iter().map(|site| &*site.stack).collect();
    let code = u64::from(CODE);
    assert_eq!(stacks, [[code + 0x10], [code + 0x40]]);
    assert!(sites[0].certainty.is_cut_off);
    assert!(!sites[1].certainty.is_cut_off, "it was sent whole");
}

/// Of a trace that is read again from a checkpoint on, each stack keeps its number.
#[test]
fn a_checkpoint_keeps_the_numbers_of_stacks() {
    let mut recording = recording();
    recording.event(523, &[1, 0x10, 7, 0x20]);
    allocate(&mut recording, 0, 1);
    recording.event(523, &[2, 0x10, 2, 0x999, 5, 0x20]);
    allocate(&mut recording, 1, 2);
    let bytes = recording.plain();
    let inputs: &[&[u8]] = &[&bytes];
    let layout = Layout::of(inputs).unwound_by(Unwinder::new(Program));
    let mut trace = Trace::new(&layout);
    let mut checkpoint = None;
    while let Ok(Step::Event(event, trace)) = trace.step(inputs) {
        if event.id == 512 && checkpoint.is_none() {
            checkpoint = trace.checkpoint();
        }
    }
    let stacks = trace.stacks().count();
    assert_eq!(stacks, 2, "one, and the empty one");
    let mut again = checkpoint.unwrap().resume(&trace);
    while let Ok(Step::Event(..)) = again.step(inputs) {}
    assert_eq!(again.stacks().count(), stacks);
}

/// A candidate without its address, or two at one place, are no definition.
#[test]
fn what_is_damaged_defines_nothing() {
    for numbers in [&[1][..], &[1, 0x10, 3], &[1, 0x10, 3, 0x20, 0, 0x30]] {
        let mut recording = recording();
        recording.event(523, numbers);
        allocate(&mut recording, 0, 1);
        let outcome = outcome(&recording, Unwinder::new(Program));
        assert!(
            codes(&outcome).contains(&"unreadable-packet"),
            "{numbers:?}"
        );
        assert_eq!(outcome.call_sites[0].stack, [0; 0]);
    }
}
