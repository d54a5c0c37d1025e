//! Call stacks by their bytes on the wire, in all lengths and with all that two of them can have in common.

use leakscope_analysis::trace::{StackId, Stacks};
use leakscope_systemview::varint;
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
