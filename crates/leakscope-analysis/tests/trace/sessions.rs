//! Restarts: what each session proves is kept, and a start sequence alone is no restart.

use leakscope_analysis::findings::Verdict;
use leakscope_analysis::outcome::ContextUsage;
use leakscope_analysis::trace::{Context, Start};
use leakscope_testing::scenario::{IDF_HEAP, MAIN, Scenario, WORKER};

use crate::reading::{read, read_one};

pub(crate) const LEAK: &[u32] = &[0x4200_1000];
pub(crate) const OTHER: &[u32] = &[0x4200_2000];
pub(crate) const BLOCK: u32 = 0x3FFB_0000;

/// One block every thousand ticks, none freed.
pub(crate) fn leak(recording: &mut Scenario, from: u32, blocks: u32) {
    for block in from..from + blocks {
        recording.after(1000).allocate(BLOCK + 16 * block, 8, LEAK);
    }
}

/// The start sequence in the middle of a recording.
pub(crate) fn restart(recording: &mut Scenario, microseconds: u64) {
    recording.start().systime_us(microseconds);
    recording.task(MAIN, "main").task(WORKER, "worker");
    recording.module(512, IDF_HEAP);
}

#[test]
fn a_stop_and_a_start_make_two_sessions() {
    let mut recording = Scenario::begun();
    leak(&mut recording, 0, 50);
    recording.after(10).stop().after(1_000_000);
    restart(&mut recording, 2_000_000);
    recording.run(MAIN).after(10);
    let freed_again = BLOCK + 16 * 3;
    recording
        .allocate(freed_again, 8, OTHER)
        .free(freed_again, OTHER);
    recording.after(100_000).idle();
    let reading = read_one(recording.plain());
    reading.check();
    let outcome = &reading.outcome;
    assert_eq!(reading.starts(), [Start::First, Start::AfterStop]);
    assert_eq!(outcome.sessions.len(), 2);
    assert_eq!(
        reading.problem("paused").map(|problem| problem.count),
        Some(1)
    );
    assert_eq!(reading.problem("restart"), None);
    let leak = reading.site(LEAK);
    assert_eq!(
        (leak.finding.verdict, leak.session),
        (Verdict::LeakSteady, 0)
    );
    assert_eq!(reading.verdict(OTHER), Verdict::AllFreed);
    assert_eq!(reading.site(OTHER).session, 1);
    assert_eq!(outcome.totals.outstanding_blocks, 50);
    assert!(outcome.anomalies.is_empty());
    assert_eq!(outcome.sessions[0].peak_bytes, 400);
    assert_eq!(outcome.sessions[1].peak_bytes, 8);
    assert_eq!(outcome.peak.bytes, 400);
}

/// Another core may go on behind a stop, or a start be lost.
#[test]
fn a_session_lasts_as_long_as_its_heap_is_seen() {
    let mut recording = Scenario::begun();
    leak(&mut recording, 0, 5);
    recording.stop().run(MAIN);
    leak(&mut recording, 5, 45);
    let end = recording.time();
    recording.after(10).idle().after(1_000_000);
    restart(&mut recording, 2_000_000);
    recording.run(MAIN).after(10).allocate(BLOCK, 8, OTHER);
    recording.free(BLOCK, OTHER).after(100_000).idle();
    let reading = read_one(recording.plain());
    reading.check();
    assert_eq!(reading.outcome.sessions.len(), 2);
    assert_eq!(reading.outcome.sessions[0].end, end);
    let leak = reading.site(LEAK);
    assert_eq!(
        (leak.finding.verdict, leak.session),
        (Verdict::LeakSteady, 0)
    );
}

/// Bytes behind the end of a recording take nothing from what it shows; those before it do.
#[test]
fn what_stands_behind_a_stop_is_no_loss() {
    let recorded = |is_stopped: bool| {
        let mut recording = Scenario::begun();
        leak(&mut recording, 0, 60);
        recording.after(1000);
        if is_stopped {
            recording.stop();
        }
        read_one(recording.raw(&[0xFF; 2000]).plain())
    };
    let behind = recorded(true);
    assert!(
        behind.problem("skipped-bytes").is_some(),
        "{:?}",
        behind.codes()
    );
    assert_eq!(behind.verdict(LEAK), Verdict::LeakSteady);
    assert_eq!(recorded(false).verdict(LEAK), Verdict::Uncertain);
}

/// What was recorded before a pause may have been freed in it: no double free, no lost allocation.
#[test]
fn frees_after_a_pause_are_of_older_blocks() {
    let mut recording = Scenario::begun();
    leak(&mut recording, 0, 5);
    recording.free(BLOCK, OTHER).after(10).stop().after(100);
    restart(&mut recording, 100_000);
    recording.free(BLOCK, OTHER).free(BLOCK + 16, OTHER);
    let reading = read_one(recording.plain());
    reading.check();
    let totals = reading.outcome.totals;
    assert_eq!((totals.frees_of_older_blocks, totals.frees), (2, 3));
    assert_eq!(totals.outstanding_blocks, 4);
    assert!(reading.anomalies().is_empty());
}

/// What a context holds at most is what it held at once: sessions are not added up, though what each has left is. How large a block
/// from before a pause was that is freed behind it is known.
#[test]
fn what_a_context_holds_at_most_is_of_one_session() {
    let recorded = |is_reset: bool| {
        let mut recording = Scenario::empty();
        restart(&mut recording, 5_000_000);
        recording.enter(16);
        leak(&mut recording, 0, 50);
        recording.exit().after(10);
        if is_reset {
            restart(&mut recording, 1000);
        } else {
            recording.stop().after(1000);
            restart(&mut recording, 7_000_000);
        }
        recording.enter(16);
        leak(&mut recording, 100, 60);
        if !is_reset {
            recording.free(BLOCK, OTHER);
        }
        recording.exit().after(100).stop();
        let reading = read_one(recording.plain());
        reading.check();
        let contexts = reading.outcome.contexts.clone();
        let is_interrupt = |usage: &&ContextUsage| usage.context == Context::Interrupt(16);
        let usage = *contexts.iter().find(is_interrupt).expect("an interrupt");
        let peak = reading.outcome.totals.peak_bytes;
        assert_eq!((usage.peak_bytes, peak), (480, 480), "{usage:?}");
        assert_eq!(
            (usage.outstanding_blocks, usage.outstanding_bytes),
            (110, 880)
        );
        (
            reading.outcome.sessions[1].after_reset,
            usage.frees,
            usage.freed_bytes,
        )
    };
    assert_eq!(recorded(true), (true, 0, 0));
    assert_eq!(recorded(false), (false, 1, 8));
}

/// Blocks that live when the recording pauses and are freed behind it, or whose memory is used again, are no evidence of a leak,
/// though they lived when their session ended. What nobody frees stays.
#[test]
fn what_is_freed_after_a_pause_is_freed() {
    let recorded = |ends: fn(&mut Scenario, u32)| {
        let mut recording = Scenario::begun();
        leak(&mut recording, 0, 20);
        recording.after(10).stop().after(1_000_000);
        restart(&mut recording, 1_100_000);
        for block in 0..20 {
            ends(recording.after(1000), BLOCK + 16 * block);
        }
        recording.after(100_000).idle();
        let reading = read_one(recording.plain());
        reading.check();
        let sessions = &reading.outcome.sessions;
        let left = sessions.iter().map(|session| session.outstanding_blocks);
        assert_eq!(left.sum::<u64>(), reading.outcome.totals.outstanding_blocks);
        (
            reading.verdict(LEAK),
            reading.outcome.totals.outstanding_blocks,
        )
    };
    let freed = recorded(|recording, block| _ = recording.free(block, OTHER));
    assert_eq!(freed, (Verdict::LateRelease, 20));
    // One that is freed proves that the target ran on.
    let used_again = recorded(|recording, block| {
        if block != BLOCK + 16 {
            recording.allocate(block, 8, OTHER);
        }
        recording.free(block, OTHER);
    });
    assert_eq!(used_again, (Verdict::LateRelease, 20));
    let (verdict, left) = recorded(|recording, _| _ = recording.idle());
    assert_eq!((verdict, left), (Verdict::LeakSteady, 20));
}

/// A queue that is filled in one recording and emptied in the next.
#[test]
fn what_is_freed_two_pauses_later_is_freed() {
    let mut recording = Scenario::begun();
    for round in 0..12 {
        for message in 0..30 {
            let slot = BLOCK + 16 * message;
            match round % 3 {
                0 => recording.after(1000).allocate(slot, 8, LEAK),
                2 => recording.after(1000).free(slot, OTHER),
                _ => recording.after(1000).idle(),
            };
            let work = BLOCK + 0x4000;
            recording.allocate(work, 16, OTHER).free(work, OTHER);
        }
        recording.after(10).stop().after(1_000_000);
        let now = recording.time();
        restart(&mut recording, now);
    }
    let reading = read_one(recording.plain());
    reading.check();
    assert!(
        !reading.verdict(LEAK).is_leak(),
        "{:?}",
        reading.site(LEAK).finding
    );
}

/// A clock that runs back shows that the target was reset.
#[test]
fn a_reset_begins_a_new_heap_with_new_tasks() {
    let mut recording = Scenario::empty();
    recording
        .start()
        .systime_us(5_000_000)
        .module(512, IDF_HEAP);
    recording.task(MAIN, "main").run(MAIN);
    leak(&mut recording, 0, 40);
    recording.after(300);
    recording
        .start()
        .systime_us(1000)
        .module(512, IDF_HEAP)
        .run(MAIN);
    leak(&mut recording, 0, 40);
    let reading = read_one(recording.plain());
    reading.check();
    let outcome = &reading.outcome;
    assert_eq!(outcome.sessions.len(), 2);
    assert!(!outcome.sessions[0].after_reset && outcome.sessions[1].after_reset);
    assert_eq!(
        reading.problem("restart").map(|problem| problem.count),
        Some(1)
    );
    assert_eq!(reading.problem("free-lost"), None);
    assert_eq!(reading.verdict(LEAK), Verdict::LeakSteady);
    assert_eq!(reading.site(LEAK).outstanding_blocks, 80);
    let contexts = reading.heap_contexts();
    assert_eq!((contexts[0], contexts[79]), ("main", "task@0x3fc01000"));
    let starts = reading.starts();
    assert_eq!(starts.last(), Some(&Start::AfterReset));
}

/// Clocks of both cores' files: a reset is one reset.
#[test]
fn a_reset_of_two_cores_is_one() {
    let mut recording = Scenario::empty();
    recording
        .start()
        .systime_us(5_000_000)
        .module(512, IDF_HEAP)
        .run(MAIN);
    leak(&mut recording, 0, 10);
    recording
        .after(300)
        .start()
        .systime_us(1000)
        .module(512, IDF_HEAP);
    leak(&mut recording, 0, 10);
    for files in [
        recording.openocd_by_core().to_vec(),
        vec![recording.joined()],
        vec![recording.with_core_bit()],
    ] {
        let reading = read(&files);
        assert_eq!(reading.outcome.sessions.len(), 2);
        assert_eq!(
            reading.problem("restart").map(|problem| problem.count),
            Some(1)
        );
    }
}

/// A post-mortem ring repeats the start sequence every 256 packets; the heap goes on.
#[test]
fn a_repeated_start_sequence_splits_nothing() {
    let mut recording = Scenario::begun();
    for round in 0..10 {
        leak(&mut recording, 8 * round, 8);
        let now = recording.time();
        restart(&mut recording, now);
    }
    recording.after(10).free(BLOCK, OTHER);
    let reading = read_one(recording.plain());
    reading.check();
    assert_eq!(reading.outcome.sessions.len(), 1);
    assert_eq!(reading.outcome.totals.outstanding_blocks, 79);
    assert!(reading.codes().is_empty(), "{:?}", reading.codes());
    assert!(
        reading.starts()[1..]
            .iter()
            .all(|start| *start == Start::Repeated)
    );
    assert_eq!(*reading.heap_contexts().last().expect("a free"), "main");
}

/// A stop at the end, and nothing behind it, is one session that was stopped.
#[test]
fn a_stop_at_the_end_splits_nothing() {
    let mut recording = Scenario::begun();
    leak(&mut recording, 0, 10);
    recording.after(10).stop();
    let reading = read_one(recording.plain());
    assert_eq!(reading.outcome.sessions.len(), 1);
    assert!(reading.outcome.sessions[0].stopped);
}

/// The heap goes on for a moment after the command to stop: it belongs to the session that ends.
#[test]
fn each_sessions_verdicts_are_its_own() {
    let mut recording = Scenario::begun();
    for round in 0..3 {
        // A leak in the second session only.
        for block in 0..40 {
            let address = BLOCK + 16 * block;
            recording.after(1000).allocate(address, 8, LEAK).after(100);
            if round != 1 {
                recording.free(address, OTHER);
            }
        }
        recording.after(1000).stop().after(1_000_000);
        restart(&mut recording, 10_000_000 * (round + 1));
        recording.run(MAIN);
    }
    let reading = read_one(recording.plain());
    reading.check();
    assert_eq!(reading.outcome.sessions.len(), 4);
    let site = reading.site(LEAK);
    assert_eq!(
        (site.finding.verdict, site.session),
        (Verdict::LeakSteady, 1)
    );
    assert_eq!(
        (site.allocations, site.frees, site.outstanding_blocks),
        (120, 80, 40)
    );
    assert!(
        site.blocks.is_empty(),
        "the last session left no block behind"
    );
}

/// What a site does in a later session is judged as if it were the first.
#[test]
fn a_later_session_is_judged_like_the_first() {
    let grow = |recording: &mut Scenario| {
        // Of each three blocks two are freed.
        for round in 0..200_u32 {
            let block = |number: u32| BLOCK + 64 * (3 * round + number);
            for number in 0..3 {
                recording.after(500).allocate(block(number), 8, LEAK);
            }
            recording
                .after(500)
                .free(block(1), OTHER)
                .free(block(2), OTHER);
        }
        // A cache that fills early.
        recording.after(1000);
    };
    let mut alone = Scenario::begun();
    grow(&mut alone);
    let first = read_one(alone.plain());
    let mut later = Scenario::begun();
    leak(&mut later, 0x10_0000, 3);
    later.after(3_000_000).stop().after(1_000_000);
    restart(&mut later, 50_000_000);
    later.run(MAIN);
    grow(&mut later);
    let second = read_one(later.plain());
    let [first, second] = [first.site(LEAK), second.site(LEAK)];
    assert_eq!(second.session, 1);
    assert!(first.finding.verdict.is_leak(), "{:?}", first.finding);
    assert_eq!(second.finding.verdict, first.finding.verdict);
    assert_eq!(second.finding.confidence, first.finding.confidence);
}

/// A reset ends the blocks of call sites that are never used again; behind a pause they may live.
#[test]
fn no_block_of_before_a_reset_is_listed() {
    for (is_reset, listed) in [(true, 0), (false, 3)] {
        let mut recording = Scenario::empty();
        recording.start().systime_us(5_000_000);
        recording.module(512, IDF_HEAP).run(MAIN);
        leak(&mut recording, 0, 3);
        if !is_reset {
            recording.after(10).stop();
        }
        let clock = if is_reset { 4_000_000 } else { 90_000_000 };
        recording.after(1_000).start().systime_us(clock);
        recording.module(512, IDF_HEAP).run(MAIN);
        recording.after(10).allocate(BLOCK + 0x4000, 40, OTHER);
        let outcome = read_one(recording.plain()).outcome;
        let blocks: Vec<_> = outcome
            .call_sites
            .iter()
            .map(|site| site.blocks.len())
            .collect();
        assert_eq!((outcome.sessions.len(), &blocks[..]), (2, &[listed, 1][..]));
        assert_eq!(outcome.call_sites[0].outstanding_blocks, 3);
    }
}
