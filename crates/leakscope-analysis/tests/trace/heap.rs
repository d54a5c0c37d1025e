//! What lives, what failed, and what cannot be right.

use leakscope_analysis::findings::Verdict;
use leakscope_analysis::outcome::{AnomalyKind, Outcome};
use leakscope_analysis::problem::{Problem, ProblemKind};
use leakscope_analysis::trace::HeapEvent;
use leakscope_testing::scenario::{MAIN, Scenario, WORKER};

use crate::reading::{Kind, read_one};

const SITE: &[u32] = &[0x4200_1000, 0x4200_0100];
const OTHER: &[u32] = &[0x4200_2000, 0x4200_0100];
const BLOCK: u32 = 0x3FFB_0000;

#[test]
fn an_address_may_be_used_again() {
    let mut recording = Scenario::begun();
    for size in 1..=100 {
        recording.allocate(BLOCK, size, SITE).free(BLOCK, OTHER);
    }
    let reading = read_one(recording.plain());
    reading.check();
    let totals = reading.outcome.totals;
    assert_eq!(
        (totals.allocations, totals.frees, totals.outstanding_blocks),
        (100, 100, 0)
    );
    assert_eq!(totals.allocated_bytes, 5050);
    assert_eq!(totals.peak_bytes, 100);
    assert_eq!(
        (reading.site(SITE).smallest, reading.site(SITE).largest),
        (1, 100)
    );
    assert!(reading.codes().is_empty(), "{:?}", reading.codes());
}

/// There are enough of them for some to have the same place in any table.
#[test]
fn thousands_of_blocks_are_kept_apart() {
    let block = |number: u32| BLOCK + 8 * (number * 7919 % 16_384);
    let mut recording = Scenario::begun();
    for number in 0..3000 {
        recording.allocate(block(number), 16 + number, SITE);
    }
    for round in 1..6 {
        for number in (0..3000).rev().step_by(round) {
            recording.free(block(number), OTHER);
        }
        for number in (0..3000).rev().step_by(round) {
            recording.allocate(block(number), 16 + number, SITE);
        }
    }
    let reading = read_one(recording.plain());
    reading.check();
    let totals = reading.outcome.totals;
    assert_eq!(totals.outstanding_blocks, 3000);
    assert_eq!(totals.outstanding_bytes, (16..3016).sum::<u64>());
    assert_eq!(totals.frees, 3000 + 1500 + 1000 + 750 + 600);
    assert!(reading.codes().is_empty(), "{:?}", reading.codes());
}

/// Some free the old buffer, at another place, and then allocate a larger one.
#[test]
fn a_buffer_that_is_freed_before_it_is_enlarged_grows() {
    let buffer = |sizes: fn(u32) -> u32| {
        let mut recording = Scenario::begun();
        for step in 0..60 {
            recording
                .allocate(BLOCK, sizes(step), SITE)
                .after(1_000_000)
                .free(BLOCK, OTHER)
                .after(100_000);
        }
        recording.allocate(BLOCK, sizes(60), SITE).after(1_000_000);
        let reading = read_one(recording.plain());
        reading.site(SITE).finding.verdict
    };
    assert_eq!(buffer(|step| 64 * (step + 1)), Verdict::LeakGrowing);
    let breathing = buffer(|step| 64 * (1 + step % 20));
    assert!(!breathing.is_leak(), "{breathing:?}");
}

/// The halves of a reallocation come from one call in one context, one behind the other.
#[test]
fn not_every_free_before_an_allocation_is_a_reallocation() {
    let mut recording = Scenario::begun();
    recording.allocate(BLOCK, 16, SITE);
    recording.free(BLOCK, OTHER).allocate(BLOCK, 16, SITE);
    recording
        .free(BLOCK, SITE)
        .run(WORKER)
        .allocate(BLOCK, 16, SITE);
    recording
        .free(BLOCK, SITE)
        .free(BLOCK + 64, OTHER)
        .allocate(BLOCK, 16, SITE);
    recording.free(BLOCK, &[]).allocate(BLOCK, 16, &[]);
    assert_eq!(read_one(recording.plain()).outcome.totals.reallocations, 0);
    recording
        .free(BLOCK, SITE)
        .print("between\n")
        .allocate(BLOCK, 32, SITE);
    assert_eq!(read_one(recording.plain()).outcome.totals.reallocations, 1);
}

/// `realloc` of a block that is older than the trace is one, too.
#[test]
fn the_reallocation_of_an_older_block_is_one() {
    let mut recording = Scenario::begun();
    recording.free(BLOCK, SITE).allocate(BLOCK + 64, 32, SITE);
    let totals = read_one(recording.plain()).outcome.totals;
    assert_eq!((totals.reallocations, totals.frees_of_older_blocks), (1, 1));
}

/// A reallocation that fails leaves the block as it was: same address, size, time and owner.
#[test]
fn a_failed_reallocation_revives_its_block() {
    let mut recording = Scenario::begun();
    recording.allocate(BLOCK, 100, SITE).after(500);
    recording
        .run(WORKER)
        .free(BLOCK, OTHER)
        .allocate(0, 1 << 20, OTHER);
    let reading = read_one(recording.plain());
    reading.check();
    let outcome = &reading.outcome;
    let block = reading.site(SITE).blocks[0];
    assert_eq!(
        (block.address, block.size, block.time),
        (u64::from(BLOCK), 100, 1)
    );
    assert_eq!(outcome.totals.frees, 0);
    assert_eq!(outcome.totals.failed_allocations, 1);
    assert_eq!(outcome.contexts[0].outstanding_bytes, 100);
    assert_eq!(outcome.contexts[1].frees, 0);
    assert_eq!(outcome.failed_allocations[0].live_bytes, 100);
    recording.free(BLOCK, SITE).after(100_000).idle();
    let reading = read_one(recording.plain());
    assert_eq!(reading.outcome.totals.outstanding_blocks, 0);
    assert_eq!(reading.verdict(SITE), Verdict::AllFreed);
    assert!(reading.anomalies().is_empty());
}

/// The C recorder has no word for that in ESP-IDF's dialect: the block begins again where it was, and its size is not known.
#[test]
fn a_failed_reallocation_without_a_size_leaves_the_block() {
    let mut recording = Scenario::begun();
    recording.allocate(BLOCK, 100, SITE).after(500);
    recording
        .run(WORKER)
        .free(BLOCK, OTHER)
        .allocate(BLOCK, 0, OTHER);
    let reading = read_one(recording.plain());
    reading.check();
    let block = reading.site(SITE).blocks[0];
    assert_eq!(
        (block.address, block.size, block.time),
        (u64::from(BLOCK), 100, 1)
    );
    let totals = reading.outcome.totals;
    assert_eq!(
        (totals.allocations, totals.frees, totals.failed_allocations),
        (1, 0, 1)
    );
}

/// With PSRAM one region is tried after the other, and each trial of a reallocation is recorded with its
/// free: the first failure is none for the program.
#[test]
fn a_reallocation_that_tries_two_regions() {
    let mut recording = Scenario::begun();
    recording.allocate(BLOCK, 100, SITE).after(500);
    recording.free(BLOCK, OTHER).allocate(0, 5000, OTHER);
    recording
        .free(BLOCK, OTHER)
        .allocate(0x3F80_0000, 5000, OTHER);
    let reading = read_one(recording.plain());
    reading.check();
    let totals = reading.outcome.totals;
    assert_eq!(
        (totals.outstanding_blocks, totals.outstanding_bytes),
        (1, 5000)
    );
    assert_eq!(
        (totals.failed_allocations, totals.failed_and_retried),
        (1, 1)
    );
    assert_eq!(
        (totals.allocations, totals.frees, totals.reallocations),
        (2, 1, 1)
    );
}

/// As above, without a reallocation.
#[test]
fn an_allocation_that_is_tried_in_another_region() {
    let mut recording = Scenario::begun();
    recording
        .allocate(0, 5000, SITE)
        .allocate(0x3F80_0000, 5000, SITE);
    recording.allocate(0, 6000, SITE).allocate(BLOCK, 16, SITE);
    recording
        .allocate(0, 7000, SITE)
        .run(WORKER)
        .allocate(BLOCK + 64, 7000, SITE);
    let reading = read_one(recording.plain());
    let totals = reading.outcome.totals;
    assert_eq!(
        (totals.failed_allocations, totals.failed_and_retried),
        (3, 1)
    );
    let retried: Vec<bool> = reading
        .outcome
        .failed_allocations
        .iter()
        .map(|failed| failed.retried)
        .collect();
    assert_eq!(retried, [true, false, false]);
    assert_eq!(reading.site(SITE).failed_allocations, 3);
}

/// A place where every allocation fails is listed, and accused of nothing.
#[test]
fn a_site_where_nothing_succeeds() {
    let mut recording = Scenario::begun();
    for _ in 0..5 {
        recording.after(1000).allocate(0, 1 << 20, SITE);
    }
    let reading = read_one(recording.plain());
    assert_eq!(reading.verdict(SITE), Verdict::AllFreed);
    assert_eq!(reading.site(SITE).failed_allocations, 5);
    assert_eq!(reading.problem("no-heap-events"), None);
}

/// Which free of an unknown address is whose fault depends on what was lost.
#[test]
fn frees_of_unknown_addresses() {
    let mut recording = Scenario::begun();
    recording.free(BLOCK, OTHER);
    recording
        .allocate(BLOCK + 16, 16, SITE)
        .free(BLOCK + 16, SITE);
    recording.free(BLOCK + 16, OTHER);
    recording.after(100).overflow(3);
    recording.free(BLOCK + 32, OTHER).free(BLOCK + 16, OTHER);
    recording
        .allocate(BLOCK + 48, 16, SITE)
        .free(BLOCK + 48, SITE)
        .free(BLOCK + 48, OTHER);
    let reading = read_one(recording.plain());
    reading.check();
    let totals = reading.outcome.totals;
    assert_eq!(totals.frees_of_older_blocks, 1);
    assert_eq!(totals.double_frees, 2, "one before the loss, one after it");
    let lost = reading
        .problem("allocation-lost")
        .map(|problem| problem.count);
    assert_eq!(lost, Some(2));
}

/// Bytes that were skipped are a loss like any other.
#[test]
fn a_free_after_skipped_bytes_is_no_double_free() {
    let mut recording = Scenario::begun();
    recording.allocate(BLOCK, 16, SITE).free(BLOCK, SITE);
    recording.raw(&[0xFF; 40]);
    recording.free(BLOCK, SITE);
    for block in 0..20 {
        recording.allocate(BLOCK + 64 + 16 * block, 16, SITE);
    }
    let reading = read_one(recording.plain());
    assert!(reading.problem("skipped-bytes").is_some());
    assert!(
        reading.anomalies().is_empty(),
        "{:?}",
        reading.outcome.anomalies
    );
}

#[test]
fn an_address_inside_a_block_is_a_wrong_free() {
    let mut recording = Scenario::begun();
    recording.allocate(BLOCK, 64, SITE).after(5).run(WORKER);
    recording.free(BLOCK + 4, OTHER).free(BLOCK + 64, OTHER);
    let reading = read_one(recording.plain());
    assert_eq!(reading.anomalies(), ["wrong free"]);
    let anomaly = &reading.outcome.anomalies[0];
    let AnomalyKind::WrongFree {
        block,
        allocated_by,
    } = &anomaly.kind
    else {
        panic!("{anomaly:?}");
    };
    assert_eq!((block.address, block.size), (u64::from(BLOCK), 64));
    assert_eq!(allocated_by.frames, [0x4200_1000, 0x4200_0100]);
    assert_eq!(reading.outcome.context_name(anomaly.context), "worker");
    assert_eq!(
        reading.outcome.totals.outstanding_blocks, 1,
        "the block lives on"
    );
    assert_eq!(
        reading.outcome.totals.frees_of_older_blocks, 1,
        "the end is not inside"
    );
}

/// A free inside a block whose start was freed before is wrong while the block around it lives.
#[test]
fn a_freed_address_inside_a_new_block_is_a_wrong_free() {
    let mut recording = Scenario::begun();
    recording
        .allocate(BLOCK + 32, 16, SITE)
        .free(BLOCK + 32, SITE);
    recording.allocate(BLOCK, 256, OTHER).free(BLOCK + 32, SITE);
    let reading = read_one(recording.plain());
    assert_eq!(reading.outcome.anomalies.len(), 1);
    assert_eq!(reading.outcome.totals.outstanding_blocks, 1);
}

/// Marks of the user divide a trace into cycles.
#[test]
fn a_leak_in_every_cycle() {
    let mut recording = Scenario::begun();
    for cycle in 0..12 {
        recording.after(1000).mark(7);
        let kept = BLOCK + 0x100 * cycle;
        recording
            .after(100)
            .allocate(kept, 40, SITE)
            .allocate(kept + 64, 24, SITE);
        recording.after(100).free(kept + 64, OTHER);
    }
    recording.after(1000).mark(7);
    let reading = read_one(recording.plain());
    assert_eq!(reading.verdict(SITE), Verdict::LeakPerCycle);
    let growth = reading.site(SITE).growth;
    assert_eq!(growth.bytes, 40 * 10, "the first two cycles are warm-up");
    assert_eq!(
        reading
            .events
            .iter()
            .filter(|event| event.kind == Kind::Mark(7))
            .count(),
        13
    );
}

/// The first marker that was seen is the one that counts.
#[test]
fn other_markers_begin_no_cycle() {
    let mut recording = Scenario::begun();
    for cycle in 0..12 {
        recording.after(1000).mark(7).allocate(BLOCK, 40, SITE);
        // A second marker while the block lives, and the block is gone at the next cycle.
        recording
            .after(100)
            .mark(8 + cycle)
            .after(100)
            .free(BLOCK, SITE);
    }
    assert_eq!(read_one(recording.plain()).verdict(SITE), Verdict::AllFreed);
}

/// Who allocates owns the block; who frees it is counted apart.
#[test]
fn contexts_add_up() {
    let mut recording = Scenario::begun();
    for block in 0..10 {
        recording.run(MAIN).allocate(BLOCK + 64 * block, 50, SITE);
        if block % 2 == 0 {
            recording.run(WORKER).free(BLOCK + 64 * block, OTHER);
        }
    }
    let reading = read_one(recording.plain());
    let [main, worker] = reading.outcome.contexts[..] else {
        panic!("{:?}", reading.outcome.contexts);
    };
    assert_eq!(
        (main.allocations, main.allocated_bytes, main.frees),
        (10, 500, 0)
    );
    assert_eq!((main.outstanding_blocks, main.outstanding_bytes), (5, 250));
    assert_eq!(
        (worker.frees, worker.freed_bytes, worker.allocations),
        (5, 250, 0)
    );
    assert_eq!(main.peak_bytes, 250);
}

/// The peak is that of the whole heap, with those who held it then.
#[test]
fn the_peak_names_its_holders() {
    let mut recording = Scenario::begun();
    recording
        .allocate(BLOCK, 100, SITE)
        .allocate(BLOCK + 0x1000, 300, OTHER);
    recording.after(50).free(BLOCK + 0x1000, OTHER);
    recording.allocate(BLOCK + 0x2000, 299, OTHER);
    let reading = read_one(recording.plain());
    let peak = &reading.outcome.peak;
    assert_eq!((peak.bytes, peak.time), (400, 2));
    let held: Vec<u64> = peak.holders.iter().map(|&(_, bytes)| bytes).collect();
    assert_eq!(held, [300, 100]);
    assert_eq!(reading.site(OTHER).bytes_at_peak, 300);
    assert_eq!(
        reading.outcome.call_sites[peak.holders[0].0].stack,
        [0x4200_2000, 0x4200_0100]
    );
}

/// Details are kept up to a limit; counts go on.
#[test]
fn many_anomalies_are_counted() {
    let mut recording = Scenario::begun();
    recording.allocate(BLOCK, 16, SITE).free(BLOCK, SITE);
    let times = Outcome::KEPT as u64 + 10;
    for _ in 0..times {
        recording.free(BLOCK, OTHER).allocate(0, 1, SITE).after(1);
    }
    let reading = read_one(recording.plain());
    let outcome = &reading.outcome;
    assert_eq!(outcome.totals.double_frees, times);
    assert_eq!(outcome.anomalies.len(), Outcome::KEPT);
    assert_eq!(outcome.totals.failed_allocations, times);
    assert_eq!(outcome.failed_allocations.len(), Outcome::KEPT);
    assert!(reading.problem("too-many").is_some());
}

/// Trailing empty slots are no frames; the same stack is one call site whatever the depth.
#[test]
fn unused_slots_are_no_frames() {
    let mut recording = Scenario::begun();
    for depth in [2, 4, 10, 32] {
        recording.depth = depth;
        recording.allocate(BLOCK + 64 * depth as u32, 16, SITE);
    }
    recording.depth = 0;
    recording.allocate(BLOCK + 0x1_0000, 16, &[]);
    let reading = read_one(recording.plain());
    assert_eq!(reading.outcome.call_sites.len(), 2);
    assert_eq!(reading.site(SITE).allocations, 4);
    assert_eq!(reading.site(&[]).allocations, 1);
    let heap = reading.heap();
    let Kind::Heap(HeapEvent::Allocation { size: 16, .. }, frames) = &heap[3].kind else {
        panic!("an allocation");
    };
    assert_eq!(*frames, [0x4200_1000, 0x4200_0100]);
}

fn double_frees(recording: &Scenario) -> (u64, Vec<(u64, bool)>) {
    let outcome = read_one(recording.plain()).outcome;
    let anomalies = outcome.anomalies.iter();
    let listed = anomalies.map(|anomaly| (anomaly.address, anomaly.is_doubtful));
    assert_eq!(
        outcome.totals.double_frees + outcome.totals.doubtful_frees,
        outcome.anomalies.len() as u64
    );
    (outcome.totals.double_frees, listed.collect())
}

/// Memory is used again while its block seems to live, and no gap says that something is missing. So a second free proves
/// nothing if the first one lies before; where nothing is missing, it does.
#[test]
fn a_second_free_is_in_doubt_where_something_went_unseen() {
    let [a, b, c] = [0x3FFB_1000, 0x3FFB_2000, 0x3FFB_3000];
    let mut recording = Scenario::begun();
    recording.allocate(a, 16, SITE).after(10).free(a, SITE);
    recording.allocate(b, 16, SITE).after(10);
    recording.free(a, SITE).after(10).allocate(b, 24, SITE);
    recording.after(100).allocate(c, 16, SITE);
    recording.after(10).free(c, SITE).after(10).free(c, SITE);
    recording.after(1000).allocate(c, 16, SITE);
    let expected = vec![(u64::from(c), false), (u64::from(a), true)];
    assert_eq!(double_frees(&recording), (1, expected));
}

/// Where holes show, others do not: a second free long after the first one may be that of a block between, and one that follows
/// at once is not.
#[test]
fn a_second_free_long_after_the_first_is_in_doubt_where_holes_are_many() {
    let recorded = |holes: u32| {
        let [early, at_once] = [0x3FFB_1000, 0x3FFB_1100];
        let mut recording = Scenario::begun();
        for hole in 0..holes {
            let block = 0x3FFB_4000 + 64 * hole;
            recording.after(50).allocate(block, 16, SITE);
            recording.after(50).allocate(block, 24, SITE);
        }
        recording.after(100).allocate(early, 16, SITE).after(10);
        recording.free(early, SITE).after(1000);
        recording.allocate(at_once, 16, SITE).after(10);
        recording.free(at_once, SITE).after(10).free(at_once, SITE);
        recording.after(10).free(early, SITE).after(1000);
        recording
    };
    let [early, at_once] = [0x3FFB_1000, 0x3FFB_1100];
    let proven = vec![(at_once, false), (early, false)];
    assert_eq!(double_frees(&recorded(0)), (2, proven));
    let in_doubt = vec![(at_once, false), (early, true)];
    assert_eq!(double_frees(&recorded(5)), (1, in_doubt));
}

/// In a program that frees many blocks which nobody saw begin, what is freed twice may have been allocated between.
#[test]
fn a_second_free_is_in_doubt_where_allocations_are_not_recorded() {
    let recorded = |older: u32| {
        let mut recording = Scenario::begun();
        for block in 0..older {
            recording.after(10).free(0x3FFC_0000 + block * 64, SITE);
        }
        let at = 0x3FFB_1000;
        recording.allocate(at, 16, SITE).after(10).free(at, SITE);
        recording.after(10).free(at, SITE);
        recording
    };
    let proven = double_frees(&recorded(3));
    assert_eq!(proven, (1, vec![(0x3FFB_1000, false)]));
    let unseen = recorded(20);
    assert_eq!(double_frees(&unseen), (0, vec![(0x3FFB_1000, true)]));
    let problems = read_one(unseen.plain()).outcome.problems;
    let explains =
        |problem: &Problem| matches!(problem.kind, ProblemKind::AllocationsUnseen { frees: 20 });
    assert!(problems.iter().any(explains), "{problems:?}");
}

/// One bit of a free's address is changed: what was meant lives on, alone of its call site, and another block is freed twice.
#[test]
fn a_second_free_is_in_doubt_where_one_bit_makes_it_right() {
    let (meant, other) = (0x3FFB_1000, 0x3FFB_1400);
    let recorded = |freed: u32| {
        let mut recording = Scenario::begun();
        for _ in 0..5 {
            for address in [meant, other] {
                recording.after(10).allocate(address, 16, SITE);
                recording.after(10).free(address, SITE);
            }
        }
        recording.after(10).allocate(meant, 16, SITE);
        recording.after(10).allocate(other, 16, SITE);
        recording.after(10).free(other, SITE);
        recording.after(10).free(freed, SITE).after(1000);
        recording.print("the end");
        recording
    };
    assert_eq!(double_frees(&recorded(meant)), (0, vec![]));
    assert_eq!(
        double_frees(&recorded(other)),
        (0, vec![(u64::from(other), true)])
    );
    // Where the call site leaves more blocks behind, that one lives on is nothing special.
    let mut leaking = recorded(other);
    for block in 0..3 {
        let address = 0x3FFC_0000 + 64 * block;
        leaking.after(10).allocate(address, 16, SITE).after(1000);
    }
    leaking.print("the end");
    assert_eq!(double_frees(&leaking).0, 1);
}

/// A log message that cannot be read is damage, whoever reads.
#[test]
fn a_message_that_cannot_be_read_is_a_problem() {
    let mut recording = Scenario::begun();
    recording.print("one").after(10);
    // Its text has 9 characters, of which 3 are there.
    recording
        .event(26, &[])
        .raw(&[26, 4, 9, b'a', b'b', b'c', 10]);
    recording.print("two");
    let reading = read_one(recording.plain());
    assert!(reading.problem("unreadable-packet").is_some());
}

/// Without the header of a joined file, one core's part is read behind the other's: what both did seems to be done twice.
#[test]
fn double_frees_are_in_doubt_without_the_header() {
    let mut recording = Scenario::begun();
    for block in 0..20 {
        let address = 0x3FFB_1000;
        recording
            .after(100)
            .on(0)
            .allocate(address, 16 + block, SITE);
        recording.after(100).on(1).free(address, SITE);
    }
    let whole = recording.joined();
    let outcome = read_one(whole.clone()).outcome;
    assert_eq!(outcome.totals.double_frees, 0);
    let outcome = read_one(whole[16..].to_vec()).outcome;
    assert!(outcome.totals.doubtful_frees > 0, "{:?}", outcome.totals);
    assert_eq!(outcome.totals.double_frees, 0, "{:?}", outcome.totals);
}
