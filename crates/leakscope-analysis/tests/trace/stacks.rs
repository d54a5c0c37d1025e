//! Call stacks by their bytes on the wire, in all lengths and with all that two of them can have in common.

use leakscope_analysis::Analysis;
use leakscope_analysis::findings::Verdict;
use leakscope_analysis::heap::KeepAll;
use leakscope_analysis::trace::{Layout, StackId, Stacks};
use leakscope_systemview::varint;
use leakscope_testing::scenario::Scenario;
use proptest::prelude::*;

fn encode(frames: &[u32]) -> Vec<u8> {
    let number = |&frame: &u32| {
        let (bytes, length) = varint::write(frame);
        bytes[..length].to_vec()
    };
    frames.iter().flat_map(number).collect()
}

/// Stacks of few different frames: many are the same, or begin or end as others do.
fn stacks() -> impl Strategy<Value = Vec<Vec<u32>>> {
    let frame = prop_oneof![Just(1u32), Just(0x4008_1234), 0x4008_1230u32..0x4008_1240];
    prop::collection::vec(prop::collection::vec(frame, 0..20), 0..60)
}

#[test]
fn stacks_beyond_the_most_are_none() {
    let mut stacks = Stacks::default();
    let known = stacks.intern(&[7]);
    for frame in 0..Stacks::MOST as u64 {
        stacks.intern(&[1, frame + 1]);
    }
    assert!(stacks.overflowed());
    assert_eq!(stacks.count(), Stacks::MOST);
    assert_eq!(stacks.intern(&[7]), known);
    assert_eq!(stacks.intern_encoded(&encode(&[7])), Some(known));
    assert_eq!(stacks.intern_encoded(&encode(&[9, 9])), Some(StackId::NONE));
    assert_eq!(stacks.intern_encoded(&[0x80]), None);
}

proptest! {
    #[test]
    fn the_same_bytes_are_the_same_stack_and_no_others(all in stacks()) {
        let mut interned = Stacks::default();
        let mut met: Vec<(Vec<u32>, _)> = Vec::new();
        for frames in &all {
            let stack = interned.intern_encoded(&encode(frames)).expect("whole numbers");
            let expected: Vec<u64> = frames.iter().map(|&frame| frame.into()).collect();
            prop_assert_eq!(interned.frames(stack), &expected[..]);
            for (others, other) in &met {
                prop_assert_eq!(others == frames, *other == stack);
            }
            met.push((frames.clone(), stack));
        }
    }
}

#[test]
fn bytes_that_end_inside_a_number_are_no_stack() {
    let mut interned = Stacks::default();
    for length in [1, 5, 16, 20, 32, 40] {
        let bytes = vec![0x81; length];
        assert_eq!(interned.intern_encoded(&bytes), None, "{length}");
        assert_eq!(interned.intern_encoded(&bytes), None, "{length}, again");
    }
}

/// What comes from the call stacks that are too many counts as one call site, which looks like a leak.
#[test]
fn call_sites_that_are_not_told_apart_are_not_accused() {
    let mut recording = Scenario::begun();
    for site in 0..Stacks::MOST as u32 {
        recording
            .after(10)
            .allocate(0x3FFB_0000, 16, &[0x4200_0000 + site]);
        recording.free(0x3FFB_0000, &[0x4200_0000]);
    }
    for block in 0..200 {
        recording
            .after(5000)
            .allocate(0x3FFC_0000 + block * 32, 16, &[0x4300_0000 + block]);
    }
    let inputs = [recording.plain()];
    let mut analysis = Analysis::new(&Layout::of(&[&inputs[0]]), KeepAll);
    let Ok(_) = analysis.run(&inputs[..]);
    let outcome = analysis.outcome();
    let pool = outcome.call_sites.iter().find(|site| site.stack.is_empty());
    let pool = pool.expect("what is not told apart");
    assert_eq!(pool.outstanding_blocks, 200);
    assert_eq!(pool.finding.verdict, Verdict::Uncertain);
    assert!(
        outcome
            .problems
            .iter()
            .any(|problem| problem.kind.code() == "too-many-stacks")
    );
}
