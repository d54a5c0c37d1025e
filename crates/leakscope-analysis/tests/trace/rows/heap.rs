//! What happened to blocks: failures, losses, wrong frees, reallocations.

use leakscope_analysis::findings::{Confidence, Verdict};
use leakscope_analysis::outcome::AnomalyKind;
use leakscope_analysis::problem::ProblemKind;
use leakscope_testing::scenario::{MAIN, Scenario};

use super::{BLOCK, OTHER, SITE};
use crate::reading::read_one;

/// Allocations at address 0 failed, any number of them, and are reported with size and caller.
#[test]
fn row_07_failed_allocations_are_reported() {
    let mut recording = Scenario::begun();
    recording.allocate(0, 100_000, SITE).after(100);
    recording.allocate(0, 200_000, OTHER);
    let reading = read_one(recording.openocd());
    let failed = &reading.outcome.failed_allocations;
    assert_eq!(reading.outcome.totals.failed_allocations, 2);
    assert_eq!(failed[0].size, 100_000);
    assert_eq!(failed[1].size, 200_000);
    assert_eq!(failed[1].stack.frames, [0x400D_3000, 0x400D_2000]);
    assert_eq!(failed[1].time, failed[0].time + 101);
    assert_eq!(reading.outcome.totals.allocations, 0);
    assert!(!failed[0].retried && !failed[1].retried);
}

/// A failed allocation is no block, and `free(NULL)` is counted and means nothing.
#[test]
fn row_08_address_zero_is_never_a_block() {
    let mut recording = Scenario::begun();
    recording
        .allocate(0, 64, SITE)
        .free(0, OTHER)
        .free(0, OTHER);
    let reading = read_one(recording.openocd());
    let totals = reading.outcome.totals;
    assert_eq!(totals.outstanding_blocks, 0);
    assert_eq!((totals.allocations, totals.frees), (0, 0));
    assert_eq!((totals.failed_allocations, totals.frees_of_null), (1, 2));
    assert_eq!(totals.heap_events, 3);
    assert!(reading.outcome.anomalies.is_empty());
}

/// `malloc(0)` may return NULL: that is no failure, and revives no block that was freed before it.
#[test]
fn an_allocation_of_nothing_is_no_failure() {
    let mut recording = Scenario::begun();
    recording.allocate(BLOCK, 64, SITE).free(BLOCK, OTHER);
    recording.allocate(0, 0, OTHER);
    let totals = read_one(recording.openocd()).outcome.totals;
    assert_eq!(
        (totals.failed_allocations, totals.outstanding_blocks),
        (0, 0)
    );
    assert_eq!((totals.heap_events, totals.frees), (3, 1));
}

/// A block at a live address replaces one whose free was lost: a problem, and no end.
#[test]
fn row_09_allocation_at_a_live_address() {
    let mut recording = Scenario::begun();
    recording.allocate(BLOCK, 100, SITE).after(50);
    recording.allocate(BLOCK, 10, OTHER);
    let reading = read_one(recording.openocd());
    reading.check();
    assert_eq!(
        reading.problem("free-lost").map(|problem| problem.count),
        Some(1)
    );
    assert_eq!(reading.outcome.totals.outstanding_bytes, 10);
    assert_eq!(reading.site(SITE).outstanding_blocks, 0);
}

/// Dropped packets are counted, said, and make what they could explain uncertain.
#[test]
fn row_10_losses_are_said_and_weighed() {
    let mut recording = Scenario::begun();
    for block in 0..20 {
        recording.after(1000).allocate(BLOCK + 16 * block, 8, SITE);
    }
    recording.after(5000).overflow(30).run(MAIN);
    for block in 20..24 {
        recording.after(1000).allocate(BLOCK + 16 * block, 8, SITE);
    }
    recording.after(1000).overflow(41);
    let reading = read_one(recording.openocd());
    let overflow = reading.problem("overflow").expect("an overflow");
    assert_eq!(overflow.kind, ProblemKind::Overflow { packets: 31 + 12 });
    assert_eq!(overflow.count, 2);
    assert_eq!(reading.outcome.totals.dropped_packets, 43);
    assert_eq!(reading.verdict(SITE), Verdict::Uncertain);
}

/// The free of an address inside a block counts as wrong only while the block lives.
#[test]
fn row_23_wrong_frees_are_judged_at_their_time() {
    let mut recording = Scenario::begun();
    recording.free(BLOCK + 8, OTHER);
    recording.allocate(BLOCK, 32, SITE).free(BLOCK + 12, OTHER);
    recording.free(BLOCK, OTHER).free(BLOCK + 20, OTHER);
    let reading = read_one(recording.openocd());
    assert_eq!(reading.anomalies(), ["wrong free"]);
    assert_eq!(reading.outcome.anomalies[0].address, u64::from(BLOCK) + 12);
    assert_eq!(reading.outcome.totals.frees_of_older_blocks, 2);
}

/// A double free is told apart from the free of a block that is older than the trace.
#[test]
fn row_24_double_frees_are_reported() {
    let mut recording = Scenario::begun();
    recording.free(BLOCK, OTHER);
    recording.allocate(BLOCK + 64, 32, SITE);
    recording
        .free(BLOCK + 64, OTHER)
        .after(9)
        .free(BLOCK + 64, SITE);
    let reading = read_one(recording.openocd());
    assert_eq!(reading.outcome.totals.frees_of_older_blocks, 1);
    assert_eq!(reading.anomalies(), ["double free"]);
    let anomaly = &reading.outcome.anomalies[0];
    assert_eq!(anomaly.stack.frames, [0x400D_1000, 0x400D_2000]);
    let expected = AnomalyKind::DoubleFree {
        freed_at: anomaly.time - 10,
        freed_by: vec![0x400D_3000, 0x400D_2000].into(),
    };
    assert_eq!(anomaly.kind, expected);
}

/// A free and an allocation of the same call are one reallocation; if it fails, the block lives on.
#[test]
fn row_37_reallocations_are_paired() {
    let mut recording = Scenario::begun();
    recording.allocate(BLOCK, 16, SITE).after(100);
    recording.free(BLOCK, OTHER).allocate(BLOCK + 64, 32, OTHER);
    let totals = read_one(recording.openocd()).outcome.totals;
    assert_eq!(
        (totals.reallocations, totals.allocations, totals.frees),
        (1, 2, 1)
    );
    recording
        .after(100)
        .free(BLOCK + 64, OTHER)
        .allocate(0, 1 << 20, OTHER);
    let reading = read_one(recording.openocd());
    reading.check();
    let totals = reading.outcome.totals;
    assert_eq!((totals.failed_allocations, totals.reallocations), (1, 1));
    assert_eq!(
        (totals.outstanding_blocks, totals.outstanding_bytes),
        (1, 32)
    );
}

/// Many blocks of one place are one entry, and the worst entry comes first.
#[test]
fn row_41_blocks_are_grouped_by_call_stack() {
    let mut recording = Scenario::begun();
    recording.allocate(BLOCK - 0x1000, 4096, OTHER);
    for block in 0..1000 {
        recording.after(10).allocate(BLOCK + 16 * block, 16, SITE);
    }
    let reading = read_one(recording.openocd());
    let sites = &reading.outcome.call_sites;
    assert_eq!(sites.len(), 2);
    assert_eq!(sites[0].finding.verdict, Verdict::LeakSteady);
    assert_eq!(sites[0].finding.confidence, Confidence::Medium);
    assert_eq!(
        (sites[0].outstanding_blocks, sites[0].outstanding_bytes),
        (1000, 16_000)
    );
    assert_eq!(sites[1].finding.verdict, Verdict::Once);
}
