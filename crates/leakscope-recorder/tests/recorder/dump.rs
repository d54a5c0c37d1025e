//! The text of a dump is ESP-IDF's, to the letter.

use leakscope_recorder::stack::Origin;
use leakscope_recorder::standalone::{Mode, RecordBuffer, Slot};
use leakscope_recorder::{Block, Recorder};

use crate::host::{FakeClock, FakeCore};

type FakeBuffer<'a> = RecordBuffer<'a, 2, &'a FakeClock, FakeCore>;

fn dump(recorder: &FakeBuffer<'_>) -> String {
    let mut text = String::new();
    recorder.dump(&mut text).expect("a string takes all");
    text
}

fn example(recorder: &FakeBuffer<'_>) {
    let block = |address, size| Block { address, size };
    // The form of a live block with its whole stack, of one whose stack ends early, and of one without.
    recorder.alloc(
        block(0x3fc9_f6b4, 6),
        Origin::Frames(&[0x4037_6321, 0x4037_6379]),
    );
    recorder.alloc(block(0x3fc9_f700, 1000), Origin::Frames(&[0x4037_6321]));
    recorder.alloc(block(0x3fc9_f800, 1_234_567), Origin::Unknown);
    // Freed, with and without a stack.
    recorder.alloc(block(0x3fcb_26f8, 3), Origin::Unknown);
    recorder.free(block(0x3fcb_26f8, 3), Origin::Unknown);
    recorder.alloc(block(0x3fcb_2700, 4), Origin::Frames(&[0x4037_6321]));
    recorder.free(block(0x3fcb_2700, 4), Origin::Frames(&[0x4037_7777]));
}

#[test]
fn of_all_blocks() {
    let clock = FakeClock::at(0x1a32_0699);
    let mut slots = [Slot::EMPTY; 8];
    let recorder: FakeBuffer<'_> = RecordBuffer::new(&clock);
    recorder.init(&mut slots).expect("a buffer");
    recorder.start(Mode::All).expect("a start");
    example(&recorder);
    assert_eq!(
        dump(&recorder),
        "\
====== Heap Trace: 5 records (8 capacity) ======
     6 bytes (@ 0x3fc9f6b4) allocated CPU 0 ccount 0x1a320698 caller 0x40376321:0x40376379
  1000 bytes (@ 0x3fc9f700) allocated CPU 0 ccount 0x1a320698 caller 0x40376321:
1234567 bytes (@ 0x3fc9f800) allocated CPU 0 ccount 0x1a320698
     3 bytes (@ 0x3fcb26f8) allocated CPU 0 ccount 0x1a320698 freed
     4 bytes (@ 0x3fcb2700) allocated CPU 0 ccount 0x1a320698 caller 0x40376321:
freed by 0x40377777:0x00000000
====== Heap Trace Summary ======
Mode: Heap Trace All
1235573 bytes alive in trace (3/5 allocations)
records: 5 (8 capacity, 5 high water mark)
total allocations: 5
total frees: 2
================================
"
    );
}

#[test]
fn of_leaks_in_a_buffer_that_was_too_small() {
    let clock = FakeClock::at(0);
    let mut slots = [Slot::EMPTY; 2];
    let recorder: FakeBuffer<'_> = RecordBuffer::new(&clock);
    recorder.init(&mut slots).expect("a buffer");
    recorder.start(Mode::Leaks).expect("a start");
    example(&recorder);
    assert_eq!(
        dump(&recorder),
        "\
====== Heap Trace: 1 records (2 capacity) ======
1234567 bytes (@ 0x3fc9f800) allocated CPU 0 ccount 0x00000000
====== Heap Trace Summary ======
Mode: Heap Trace Leaks
1234567 bytes 'leaked' in trace (1 allocations)
records: 1 (2 capacity, 2 high water mark)
total allocations: 5
total frees: 2
(NB: Internal Buffer has overflowed, so trace data is incomplete.)
================================
"
    );
}

#[test]
fn says_so_if_something_was_recorded_meanwhile() {
    struct Allocating<'a>(&'a FakeBuffer<'a>, String);
    impl std::fmt::Write for Allocating<'_> {
        fn write_str(&mut self, text: &str) -> std::fmt::Result {
            let block = Block {
                address: 8,
                size: 8,
            };
            self.0.alloc(block, Origin::Unknown);
            self.1.push_str(text);
            Ok(())
        }
    }
    let clock = FakeClock::at(0);
    let mut slots = [Slot::EMPTY; 2];
    let recorder: FakeBuffer<'_> = RecordBuffer::new(&clock);
    recorder.init(&mut slots).expect("a buffer");
    recorder.start(Mode::All).expect("a start");
    let mut output = Allocating(&recorder, String::new());
    recorder.dump(&mut output).expect("a string takes all");
    assert!(output.1.contains(
        "(NB: New entries were traced while dumping, so trace dump may have duplicate entries.)\n"
    ));
}

/// Each second block is freed while the dump is printed: the others are all in it. Then another dump begins.
#[test]
fn passes_over_what_is_removed_and_nothing_else() {
    struct Freeing<'a>(&'a FakeBuffer<'a>, String, std::ops::Range<usize>);
    impl std::fmt::Write for Freeing<'_> {
        fn write_str(&mut self, text: &str) -> std::fmt::Result {
            if let Some(number) = self.2.next() {
                self.0.free(numbered(2 * number), Origin::Unknown);
            }
            self.1.push_str(text);
            Ok(())
        }
    }
    struct Dumping<'a>(&'a FakeBuffer<'a>, String);
    impl std::fmt::Write for Dumping<'_> {
        fn write_str(&mut self, text: &str) -> std::fmt::Result {
            if self.1.contains("bytes (@") && !self.1.contains("Summary") {
                dump(self.0);
            }
            self.1.push_str(text);
            Ok(())
        }
    }
    fn numbered(number: usize) -> Block {
        let address = 0x3fc9_0000 + 8 * number;
        Block { address, size: 8 }
    }
    let clock = FakeClock::at(0);
    let mut slots = [Slot::EMPTY; 100];
    let recorder: FakeBuffer<'_> = RecordBuffer::new(&clock);
    recorder.init(&mut slots).expect("a buffer");
    recorder.start(Mode::Leaks).expect("a start");
    for number in 0..100 {
        recorder.alloc(numbered(number), Origin::Unknown);
    }
    let mut output = Freeing(&recorder, String::new(), 0..50);
    recorder.dump(&mut output).expect("a string takes all");
    for number in (1..100).step_by(2) {
        let record = format!("(@ 0x{:08x})", numbered(number).address);
        assert_eq!(output.1.matches(&record).count(), 1, "{}", output.1);
    }

    let mut output = Dumping(&recorder, String::new());
    recorder.dump(&mut output).expect("a string takes all");
    let note = "(NB: Internal Buffer has overflowed, so trace data is incomplete.)\n";
    assert!(output.1.contains(note), "{}", output.1);
    assert!(!dump(&recorder).contains(note), "{}", dump(&recorder));
}

/// A double free is the second free of a block that has no record any more.
#[test]
fn says_what_has_no_record() {
    let clock = FakeClock::at(0);
    let mut slots = [Slot::EMPTY; 2];
    let recorder: FakeBuffer<'_> = RecordBuffer::new(&clock);
    recorder.init(&mut slots).expect("a buffer");
    recorder.start(Mode::Leaks).expect("a start");
    let block = Block {
        address: 0x3fc9_f6b4,
        size: 6,
    };
    recorder.alloc(block, Origin::Unknown);
    recorder.free(block, Origin::Unknown);
    recorder.free(block, Origin::Unknown);
    recorder.failed(4096, Origin::Unknown);
    let note = "(NB: 1 frees of blocks that have no record, 1 failed allocations.)\n";
    assert!(dump(&recorder).contains(note), "{}", dump(&recorder));
}

/// While new allocations are ignored, a block that moves keeps its record.
#[test]
fn of_a_block_that_moved_during_a_pause() {
    let clock = FakeClock::at(0);
    let mut slots = [Slot::EMPTY; 2];
    let recorder: FakeBuffer<'_> = RecordBuffer::new(&clock);
    recorder.init(&mut slots).expect("a buffer");
    recorder.start(Mode::Leaks).expect("a start");
    let block = |address, size| Block { address, size };
    recorder.alloc(block(0x3fc9_f6b4, 6), Origin::Unknown);
    recorder.pause_allocations().expect("a pause");
    let (from, to) = (block(0x3fc9_f6b4, 6), block(0x3fc9_f800, 60));
    recorder.realloc_begins(from, Origin::Unknown);
    recorder.realloc(from, to, Origin::Unknown);
    let record = "    60 bytes (@ 0x3fc9f800) allocated CPU 0 ccount 0x00000000\n";
    assert!(dump(&recorder).contains(record), "{}", dump(&recorder));
}
