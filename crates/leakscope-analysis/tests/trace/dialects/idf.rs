//! ESP-IDF's heap module.

use leakscope_analysis::problem::ProblemKind;
use leakscope_testing::scenario::{IDF_HEAP, MAIN, Scenario, WORKER};

use super::{BLOCK, OTHER, SITE, begun};
use crate::reading::{Kind, read, read_one};

const CODE: u32 = 0x4200_1000;

#[test]
fn at_any_offset() {
    for offset in [512, 514, 600, 8000] {
        let mut recording = begun();
        recording.module(offset, IDF_HEAP);
        recording.heap = offset;
        recording.allocate(BLOCK, 16, SITE).free(BLOCK, OTHER);
        let reading = read_one(recording.openocd());
        assert_eq!(reading.outcome.totals.heap_events, 2, "{offset}");
        assert!(
            reading.codes().is_empty(),
            "{offset}: {:?}",
            reading.codes()
        );
    }
}

/// The function trace registers first, and its events are no blocks.
#[test]
fn behind_the_function_trace() {
    let functions = "M=ESP_FunctionTrace, 0 function_enter func=%p call_site=%p, \
                     1 function_exit func=%p call_site=%p";
    for heap_is_described in [true, false] {
        let mut recording = begun();
        recording.module(512, functions);
        if heap_is_described {
            recording.module(514, IDF_HEAP);
        }
        recording.heap = 514;
        for block in 0..4 {
            recording.event(512, &[0x400D_1234, 0x400D_5678]);
            recording.allocate(BLOCK + 16 * block, 16, SITE);
            recording.event(513, &[0x400D_1234, 0x400D_5678]);
        }
        recording.free(BLOCK, OTHER);
        let reading = read_one(recording.openocd());
        assert_eq!(reading.outcome.totals.heap_events, 5, "{heap_is_described}");
        assert_eq!(reading.outcome.totals.outstanding_blocks, 3);
        assert_eq!(
            reading.problem("heap-module-guessed").is_none(),
            heap_is_described
        );
        let described = Kind::Module(Some((functions.to_owned(), 0)));
        assert_eq!(
            reading
                .events
                .iter()
                .filter(|event| event.kind == described)
                .count(),
            4
        );
    }
}

/// Events of other modules are not taken for blocks, only because nothing describes them.
#[test]
fn other_modules_are_no_heap() {
    for numbers in [
        &[0x400D_1234, 0x400D_5678][..],
        &[0x4200_1234, 0x4200_5678],
        &[1, 2],
        &[BLOCK],
        &[BLOCK + 1, 16, 0x400D_1000],
        &[BLOCK, 16, 7, 0x400D_1000],
        &[],
    ] {
        let mut recording = begun();
        for _ in 0..10 {
            recording.after(10).event(512, numbers).event(513, numbers);
        }
        let reading = read_one(recording.openocd());
        assert_eq!(reading.outcome.totals.heap_events, 0, "{numbers:x?}");
        assert!(reading.problem("no-heap-events").is_some());
        assert!(reading.problem("unnamed-module-events").is_some());
        assert_eq!(reading.problem("skipped-bytes"), None, "{numbers:x?}");
    }
}

/// A recording that begins with a free is not led astray by it.
#[test]
fn guessed_from_an_allocation_not_from_a_free() {
    for callers in [SITE, &[][..], &[0x4200_1000], &[0x0800_1235]] {
        let mut recording = begun();
        recording
            .free(BLOCK + 0x100, callers)
            .allocate(BLOCK, 16, callers);
        recording
            .free(BLOCK, callers)
            .allocate(BLOCK + 16, 16, callers);
        let reading = read_one(recording.openocd());
        let guessed = reading.problem("heap-module-guessed").expect("a guess");
        assert_eq!(guessed.kind, ProblemKind::HeapModuleGuessed { id: 512 });
        assert_eq!(reading.outcome.totals.allocations, 2, "{callers:x?}");
        assert_eq!(reading.outcome.totals.outstanding_blocks, 1, "{callers:x?}");
    }
}

/// `heap_trace_start` again moves the module; the description that says so may be lost.
#[test]
fn moves_without_a_description() {
    let mut recording = Scenario::begun();
    recording.allocate(BLOCK, 16, SITE);
    recording.heap = 514;
    recording
        .allocate(BLOCK + 16, 16, SITE)
        .free(BLOCK, OTHER)
        .free(BLOCK + 16, OTHER);
    let reading = read_one(recording.openocd());
    assert_eq!(reading.outcome.totals.heap_events, 4);
    assert_eq!(reading.outcome.totals.outstanding_blocks, 0);
}

/// A description that comes after the heap was guessed does not make it forgotten.
#[test]
fn a_guess_outlives_a_description_before_it() {
    let mut recording = begun();
    recording.heap = 514;
    recording.allocate(BLOCK, 16, SITE);
    recording.module(
        512,
        "M=ESP_FunctionTrace, 0 function_enter func=%p, 1 function_exit func=%p",
    );
    recording.free(BLOCK, OTHER);
    let reading = read_one(recording.openocd());
    assert_eq!(reading.outcome.totals.outstanding_blocks, 0);
}

/// Other firmware after a reset may have another module at the same ids.
#[test]
fn another_module_takes_the_same_ids() {
    let mut recording = Scenario::begun();
    recording.allocate(BLOCK, 16, SITE).after(10).start();
    recording.module(512, "M=Network, 0 Send bytes=%u, 1 Receive bytes=%u");
    recording.event(512, &[100]).event(513, &[200]);
    let reading = read_one(recording.openocd());
    assert_eq!(reading.outcome.totals.heap_events, 1);
    assert_eq!(reading.problem("unreadable-packet"), None);
}

/// A module's description may come in several packets.
#[test]
fn a_description_in_parts() {
    let mut recording = begun();
    recording
        .module(512, "M=Network, 0 Send bytes=%u")
        .module(512, "1 Receive bytes=%u");
    recording.event(513, &[200]);
    let reading = read_one(recording.openocd());
    let described = "M=Network, 0 Send bytes=%u,1 Receive bytes=%u".to_owned();
    assert_eq!(
        reading.events.last().map(|event| event.kind.clone()),
        Some(Kind::Module(Some((described, 1))))
    );
}

/// A description on one core's part holds for the other: the firmware is one.
#[test]
fn a_description_holds_for_both_cores() {
    let mut recording = Scenario::begun();
    recording
        .on(1)
        .allocate(BLOCK, 16, SITE)
        .on(0)
        .free(BLOCK, OTHER);
    for files in [
        recording.openocd_by_core().to_vec(),
        vec![recording.joined()],
    ] {
        let reading = read(&files);
        assert_eq!(reading.outcome.totals.heap_events, 2);
        assert_eq!(reading.outcome.totals.outstanding_blocks, 0);
        assert!(reading.codes().is_empty(), "{:?}", reading.codes());
    }
}

/// Payloads that are cut short are told, and change nothing.
#[test]
fn unreadable_events_are_counted() {
    let mut recording = Scenario::begun();
    recording.allocate(BLOCK, 16, SITE);
    recording
        .event(512, &[])
        .event(512, &[BLOCK + 64])
        .event(513, &[]);
    recording.free(BLOCK, OTHER);
    let reading = read_one(recording.openocd());
    let unreadable = reading.problem("unreadable-packet").expect("a problem");
    assert_eq!(unreadable.count, 3);
    assert_eq!(reading.outcome.totals.heap_events, 2);
}

/// Where a heap module is known, another's pointers and small numbers are no blocks: no callers come with them.
#[test]
fn nothing_is_guessed_beside_a_heap_module() {
    let callers: &[u32] = &[0x400D_1000, 0x400D_2000, 0x400D_3000, 0];
    for numbers in [
        &[BLOCK + 0x100, 40][..],
        &[BLOCK + 0x100, 40, 0x400D_4000],
        &[BLOCK + 0x100, 40, 0, 0],
    ] {
        for is_first in [true, false] {
            let mut recording = Scenario::begun();
            for block in 0..10 {
                if is_first {
                    recording.event(600, numbers);
                }
                recording.allocate(BLOCK + 16 * block, 16, callers);
                recording.after(10).event(600, numbers);
            }
            let reading = read_one(recording.openocd());
            assert_eq!(reading.outcome.totals.heap_events, 10, "{numbers:x?}");
            assert_eq!(reading.problem("heap-module-guessed"), None);
            assert_eq!(reading.problem("one-core-only"), None);
            assert!(reading.problem("unnamed-module-events").is_some());
        }
    }
}

/// A damaged name is still that of the heap module, and a name that is merely alike in its beginning is not.
#[test]
fn a_damaged_name_is_recognised() {
    let read_as = |description: &str| {
        let mut recording = begun();
        recording.module(512, description);
        recording.allocate(BLOCK, 16, SITE).free(BLOCK, OTHER);
        read_one(recording.openocd())
    };
    let whole = IDF_HEAP;
    let damaged = [
        whole.replace("Module", "Lodule"),
        whole.replace("M=", "O="),
        whole.replace("Heap ", "He"),
        whole.replace("Tracing", "Tra\u{1}\u{2}\u{3}g"),
        format!("{whole}\u{9}\u{3}\u{1}\u{4}main"),
        whole[..whole.len() - 3].to_owned(),
    ];
    for name in damaged {
        let reading = read_as(&name);
        assert_eq!(reading.outcome.totals.heap_events, 2, "{name}");
        let problem = reading.problem("description-damaged").expect(&name);
        assert_eq!(
            problem.kind,
            ProblemKind::DescriptionDamaged { offset: 512 }
        );
        assert_eq!(reading.codes(), ["description-damaged"]);
    }
    let other = read_as("M=ESP32 SystemView Lock Tracing Facility");
    assert_eq!(other.outcome.totals.heap_events, 0);
    assert_eq!(other.codes(), ["no-heap-events"]);
}

/// A reallocation that finds no memory is told as a free and an allocation: of nothing at address 0, or of no bytes where the block
/// stays. The block lives on, whoever came to run in between.
#[test]
fn a_failed_reallocation_may_be_interrupted() {
    for is_told_at_its_place in [false, true] {
        for is_interrupted in [false, true] {
            let mut recording = Scenario::begun();
            for block in 0..20 {
                let address = BLOCK + 0x100 * block;
                recording.run(MAIN).allocate(address, 40, &[CODE]);
                recording.after(10).free(address, &[CODE + 8]);
                if is_interrupted {
                    recording.run(WORKER);
                    for _ in 0..40 {
                        recording.allocate(BLOCK + 0x8000, 8, &[CODE + 16]);
                        recording.free(BLOCK + 0x8000, &[CODE + 32]);
                    }
                    recording.run(MAIN);
                }
                let (at, size) = if is_told_at_its_place {
                    (address, 0)
                } else {
                    (0, 4000)
                };
                recording.allocate(at, size, &[CODE + 8]);
                recording.run(MAIN).after(10).free(address, &[CODE + 24]);
            }
            let reading = read_one(recording.plain());
            reading.check();
            assert_eq!(reading.anomalies(), Vec::<&str>::new());
            let totals = reading.outcome.totals;
            let others = if is_interrupted { 800 } else { 0 };
            assert_eq!(
                (totals.allocations, totals.frees),
                (20 + others, 20 + others)
            );
            assert_eq!(
                (totals.failed_allocations, totals.outstanding_blocks),
                (20, 0)
            );
        }
    }
}

/// Without call stacks, a free and a failure behind it may be one call or two: of the block, a double free is not proven. Where the
/// failure tells its place, they are one.
#[test]
fn a_failed_reallocation_without_callers_proves_nothing() {
    for (at, size, doubtful) in [(0, 4000, &[true; 5][..]), (BLOCK, 0, &[])] {
        let mut recording = Scenario::begun();
        recording.run(MAIN);
        for _ in 0..5 {
            recording.allocate(BLOCK, 40, &[]).after(10);
            recording.free(BLOCK, &[]).allocate(at, size, &[]);
            recording.after(10).free(BLOCK, &[]);
        }
        let outcome = read_one(recording.plain()).outcome;
        let anomalies = outcome.anomalies.iter();
        let said: Vec<bool> = anomalies.map(|anomaly| anomaly.is_doubtful).collect();
        assert_eq!(said, doubtful);
        assert_eq!(outcome.totals.failed_allocations, 5);
    }
}

/// What `malloc(0)` gives is a block, also where another one was before.
#[test]
fn a_block_of_no_bytes_is_one() {
    let mut recording = Scenario::begun();
    for _ in 0..20 {
        recording.after(10).allocate(BLOCK, 0, &[CODE]);
        recording.after(10).free(BLOCK, &[CODE + 8]);
    }
    recording.allocate(BLOCK, 0, &[CODE]);
    let reading = read_one(recording.plain());
    reading.check();
    assert_eq!(reading.anomalies(), Vec::<&str>::new());
    let totals = reading.outcome.totals;
    assert_eq!(
        (totals.allocations, totals.frees, totals.failed_allocations),
        (21, 20, 0)
    );
    assert_eq!(
        (totals.outstanding_blocks, totals.outstanding_bytes),
        (1, 0)
    );
}
