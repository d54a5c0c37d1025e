//! Walking the chain of frame pointers.

use leakscope_recorder::dialect::Leakscope;
use leakscope_recorder::stack::{Limits, Origin};
use leakscope_recorder::standalone::{Mode, RecordBuffer, Slot};
use leakscope_recorder::stream::{Config, Stream};
use leakscope_recorder::{Block, Recorder};

use crate::host::{CountingClock, HeapEvent, LeakscopeReader, drained, packets};

const BLOCK: Block = Block {
    address: 0x4000,
    size: 16,
};

/// The stack that a stream with this code range records.
fn walked(code: core::ops::Range<usize>, origin: Origin<'_>) -> Vec<u64> {
    let stream: Stream<Leakscope<6>, CountingClock> = Stream::new();
    stream.init(CountingClock::default(), Config::new("x").code(code));
    stream.start();
    stream.alloc(BLOCK, origin);
    let events = LeakscopeReader::read_all(&packets(&drained(&stream, 0)));
    match events.as_slice() {
        [HeapEvent::Alloc { stack, .. }] => stack.clone(),
        events => panic!("{events:?}"),
    }
}

/// Frames laid out by hand, on this thread's own stack, as the calling convention says.
#[cfg(all(any(target_arch = "x86_64", target_arch = "aarch64"), not(miri)))]
mod chains {
    use super::{Origin, walked};

    /// Walks a chain of three frames, which `spoil` may change; each is a caller's frame and a return
    /// address.
    fn walk(
        code: core::ops::Range<usize>,
        spoil: impl FnOnce(&mut [usize; 12], usize),
    ) -> Vec<u64> {
        let mut words = [0; 12];
        let base = words.as_ptr().addr();
        let word = size_of::<usize>();
        words[0] = base + 4 * word;
        words[1] = 0x1111;
        words[4] = base + 8 * word;
        words[5] = 0x2222;
        words[8] = 0;
        words[9] = 0x3333;
        spoil(&mut words, base);
        let words = std::hint::black_box(&mut words);
        walked(code, Origin::FramePointer(words.as_ptr().addr()))
    }

    const ALL: core::ops::Range<usize> = 1..usize::MAX;

    #[test]
    fn are_followed_to_their_end() {
        assert_eq!(walk(ALL, |_, _| ()), [0x1111, 0x2222, 0x3333]);
    }

    #[test]
    fn end_where_code_does() {
        assert_eq!(walk(0x1000..0x3000, |_, _| ()), [0x1111, 0x2222]);
        assert_eq!(walk(0x2000..0x3000, |_, _| ()), [] as [u64; 0]);
    }

    #[test]
    fn that_are_broken_are_followed_no_further() {
        let spoilt = |caller: fn(usize) -> usize| walk(ALL, |words, base| words[4] = caller(base));
        assert_eq!(spoilt(|_| 0), [0x1111, 0x2222], "ended");
        assert_eq!(spoilt(|base| base), [0x1111, 0x2222], "in a circle");
        assert_eq!(spoilt(|base| base + 65), [0x1111, 0x2222], "not aligned");
        assert_eq!(spoilt(|_| 8), [0x1111, 0x2222], "outside the stack");
        assert_eq!(
            spoilt(|_| usize::MAX - 7),
            [0x1111, 0x2222],
            "at the end of memory"
        );
        assert_eq!(walk(ALL, |words, _| words[5] = 0), [0x1111], "no code");
    }

    #[test]
    fn can_begin_behind_a_return_address() {
        let mut words = [0usize; 6];
        words[0] = words.as_ptr().addr() + 4 * size_of::<usize>();
        words[1] = 0xDEAD; // the same return address, as the frame knows it
        words[5] = 0x2222;
        let words = std::hint::black_box(&mut words);
        let frame_pointer = words.as_ptr().addr();
        let caller = |return_address, frame_pointer| Origin::Caller {
            return_address,
            frame_pointer,
        };
        assert_eq!(walked(ALL, caller(0x1111, frame_pointer)), [0x1111, 0x2222]);
        assert_eq!(walked(ALL, caller(0x1111, 0)), [0x1111]);
        assert_eq!(walked(0x2000..0x3000, caller(0x1111, 0)), [] as [u64; 0]);
    }
}

/// The real chain of this program, if it was compiled to have one.
#[cfg(all(
    not(miri),
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]
#[test]
fn real_frames_are_found() {
    #[inline(never)]
    fn descend(levels: usize, above: usize) -> Option<Vec<u64>> {
        let local = 0u8;
        let here = (&raw const local).addr();
        let origin = Origin::here();
        let Origin::FramePointer(frame) = origin else {
            panic!("{origin:?}");
        };
        if !(here..above).contains(&frame) {
            return None;
        }
        let stack = if levels == 0 {
            Some(walked(1..usize::MAX, origin))
        } else {
            descend(levels - 1, here)
        };
        std::hint::black_box(stack)
    }
    let local = 0u8;
    let Some(stack) = descend(4, (&raw const local).addr()) else {
        leakscope_testing::needs::say_skipped("compiled without -C force-frame-pointers=yes");
        return;
    };
    assert!(stack.len() >= 5, "{stack:x?}");
    let recursive_call = stack[0];
    assert_eq!(stack[..4], [recursive_call; 4], "{stack:x?}");
    assert_ne!(stack[4], recursive_call);
}

#[test]
fn more_frames_than_the_depth_are_cut() {
    let frames: Vec<usize> = (1..20).collect();
    let all = 1..usize::MAX;
    assert_eq!(
        walked(all.clone(), Origin::Frames(&frames)),
        [1, 2, 3, 4, 5, 6]
    );
    assert_eq!(walked(all, Origin::Unknown), [] as [u64; 0]);
}

#[test]
fn a_record_buffer_has_limits_too() {
    let mut slots = [Slot::<3>::EMPTY; 1];
    let limits = Limits {
        code: 0x1000..0x2000,
        ..Limits::PLATFORM
    };
    let recorder: RecordBuffer<'_, 3> =
        RecordBuffer::new(leakscope_recorder::platform::Silent).limits(limits);
    recorder.init(&mut slots).expect("a buffer");
    recorder.start(Mode::All).expect("a start");
    let origin = |return_address| Origin::Caller {
        return_address,
        frame_pointer: 0,
    };
    recorder.alloc(BLOCK, origin(0x1500));
    assert_eq!(
        recorder.get(0).expect("a record").allocated_by,
        [0x1500, 0, 0]
    );
    recorder.alloc(BLOCK, origin(0x2500));
    assert_eq!(recorder.get(0).expect("a record").allocated_by, [0, 0, 0]);
}

/// The save areas of Xtensa's windows, laid out by hand on this thread's own stack.
mod windows {
    use super::{Origin, walked};

    const WORD: usize = size_of::<usize>();
    /// The first word of each function's frame; the four words below are for its caller's registers.
    const FRAMES: [usize; 3] = [4, 12, 20];

    /// Walks from a function that was called by three, which `spoil` may change.
    fn walk(code: core::ops::Range<usize>, spoil: impl FnOnce(&mut [usize; 24])) -> Vec<u64> {
        let mut words = [0; 24];
        let base = words.as_ptr().addr();
        // Who was called by `call4`, `call8` and `call12` stands in the upper two bits.
        words[0] = 0x4000_2222;
        words[1] = base + FRAMES[1] * WORD;
        words[8] = 0x8000_3333;
        words[9] = base + FRAMES[2] * WORD;
        words[16] = 0;
        words[17] = 0xDEAD;
        spoil(&mut words);
        let words = std::hint::black_box(&mut words);
        walked(
            code,
            Origin::Windows {
                return_address: 0xC000_1111,
                stack_pointer: words.as_ptr().addr() + FRAMES[0] * WORD,
            },
        )
    }

    const ALL: core::ops::Range<usize> = 1..usize::MAX;

    #[test]
    fn are_followed_to_the_first_function() {
        let found = [0xC000_1111, 0xC000_2222, 0xC000_3333];
        assert_eq!(walk(ALL, |_| ()), found);
        assert_eq!(
            walk(ALL, |words| words[9] = 0),
            found,
            "where none is saved"
        );
    }

    #[test]
    fn end_where_code_does() {
        assert_eq!(walk(0xC000_1000..0xC000_3000, |_| ()).len(), 2);
        assert_eq!(walk(0x1000..0x4000, |_| ()), [] as [u64; 0]);
    }

    #[test]
    fn that_are_broken_are_followed_no_further() {
        let spoilt = |caller: fn(usize) -> usize| {
            walk(ALL, |words| words[1] = caller(words.as_ptr().addr())).len()
        };
        assert_eq!(spoilt(|_| 0), 2, "ended");
        assert_eq!(spoilt(|base| base + FRAMES[0] * WORD), 2, "in a circle");
        assert_eq!(spoilt(|base| base + FRAMES[1] * WORD + 1), 2, "not aligned");
        assert_eq!(spoilt(|_| 0x1000), 2, "outside the stack");
        assert_eq!(spoilt(|_| usize::MAX - 7), 2, "at the end of memory");
    }
}
