//! What is answered, and when: sessions, log messages, outcomes while reading goes on.

use std::convert::Infallible;

use leakscope_analysis::heap::KeepAll;
use leakscope_analysis::trace::{Feed, Layout, Start, Step};
use leakscope_analysis::{Analysis, trace};
use leakscope_testing::scenario::{IDF_HEAP, Scenario};

use super::{BLOCK, OTHER, SITE};
use crate::growing::Growing;
use crate::reading::{read, read_one};

/// Scenario that was stopped and started again goes on in time, and in a session of its own.
#[test]
fn row_18_sessions_keep_their_order() {
    let mut recording = Scenario::begun();
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

/// The digest of the ELF file that the target sends is passed on, to be compared.
#[test]
fn row_28_the_digest_of_the_elf_file_is_kept() {
    let mut recording = Scenario::begun();
    recording.system("ELF_SHA256=0123456789abcdef");
    let target = read_one(recording.openocd()).outcome.target;
    assert_eq!(target.elf_sha256.as_deref(), Some("0123456789abcdef"));
}

/// Events leave as soon as they are read, and the room for bytes does not grow with the trace.
#[test]
fn row_30_events_stream() {
    let mut recording = Scenario::begun();
    for _ in 0..20_000 {
        recording.allocate(BLOCK, 16, SITE).free(BLOCK, OTHER);
    }
    let bytes = recording.openocd();
    let mut analysis = Analysis::new(&Layout::of(&[&bytes]), KeepAll);
    let mut feed = Measured {
        bytes: &bytes,
        largest: 0,
    };
    while let Ok(Step::Event(..)) = analysis.step(&mut feed) {}
    assert!(feed.largest <= trace::HEAD * 4, "{}", feed.largest);
    assert_eq!(analysis.outcome().totals.heap_events, 40_000);
}

/// Each log message is one event, also when its core's file is one of two.
#[test]
fn row_35_log_messages_come_once() {
    let mut recording = Scenario::begun();
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

/// The analysis can be asked at any time, and then goes on.
#[test]
fn row_40_an_outcome_at_any_time() {
    let mut recording = Scenario::begun();
    for block in 0..100 {
        recording.after(10).allocate(BLOCK + 16 * block, 16, SITE);
    }
    let bytes = recording.openocd();
    let mut asked = 0;
    let mut analysis = Analysis::new(&Layout::of(&[&bytes]), KeepAll);
    let mut feed = Growing {
        bytes: &bytes,
        written: 0,
    };
    let mut seen = 0;
    loop {
        match analysis.step(&mut feed) {
            Ok(Step::Event(event, _)) => {
                seen += u64::from(matches!(event.kind, trace::EventKind::Heap(_)));
            }
            Ok(Step::Waiting) => {
                assert_eq!(analysis.outcome().totals.allocations, seen);
                asked += 1;
                feed.written = bytes.len().min(feed.written + 40);
            }
            Ok(Step::Finished) => break,
        }
    }
    assert!(asked > 10);
    assert_eq!(analysis.outcome().totals.allocations, 100);
}

/// A file of which the largest read is known.
struct Measured<'b> {
    bytes: &'b [u8],
    largest: usize,
}

impl Feed for Measured<'_> {
    type Error = Infallible;

    fn read_at(&mut self, _: usize, offset: u64, buffer: &mut [u8]) -> Result<usize, Infallible> {
        self.largest = self.largest.max(buffer.len());
        [self.bytes].as_slice().read_at(0, offset, buffer)
    }
}
