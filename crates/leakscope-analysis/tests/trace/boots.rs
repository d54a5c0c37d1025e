//! Several boots in one recording, and pauses of it: what is said of a call site by all of them.

use leakscope_analysis::findings::{Confidence, Verdict};
use leakscope_testing::scenario::{IDF_HEAP, MAIN, Scenario};

use crate::reading::{Reading, read_one};
use crate::sessions::{BLOCK, LEAK, OTHER, leak, restart};

/// Work that passes blocks on, and beside it one block every 10,000 ticks: a cache of so many, which gives up its oldest for
/// each new one.
fn cache(recording: &mut Scenario, ticks: u64, entries: usize) {
    let mut held = std::collections::VecDeque::new();
    for round in 0..(ticks / 10_000) as u32 {
        let passed = BLOCK + 0x8000 + 16 * (round % 8);
        recording.after(2000).allocate(passed, 16, OTHER);
        recording.after(2000).free(passed, OTHER);
        if held.len() == entries {
            let oldest = held.pop_front().expect("an entry");
            recording.after(1000).free(oldest, LEAK);
        } else {
            recording.after(1000);
        }
        let block = BLOCK + 64 * (round % 512);
        recording.after(5000).allocate(block, 48, LEAK);
        held.push_back(block);
    }
}

fn reset(recording: &mut Scenario) {
    recording.start().systime_us(1000).module(512, IDF_HEAP);
    recording.run(MAIN);
}

/// A device that was reset while a cache still filled up, before a longer session or behind it, in which the cache was full.
#[test]
fn a_longer_session_knows_what_fills_up() {
    for sessions in [[200_000, 3_000_000], [3_000_000, 200_000]] {
        let mut recording = Scenario::empty();
        for ticks in sessions {
            reset(&mut recording);
            cache(&mut recording, ticks, 30);
        }
        let reading = read_one(recording.plain());
        assert_eq!(reading.outcome.sessions.len(), 2);
        assert_eq!(reading.verdict(LEAK), Verdict::Bounded, "{sessions:?}");
    }
}

/// The same where other call sites that were full early make the short session's accusation sure.
#[test]
fn a_longer_session_knows_more_than_a_sure_one() {
    let filled: [&[u32]; 3] = [&[0x4200_3000], &[0x4200_3100], &[0x4200_3200]];
    let recorded = |sessions: &[u64]| {
        let mut recording = Scenario::empty();
        for &ticks in sessions {
            reset(&mut recording);
            for step in 0..4 {
                recording.after(ticks / 20);
                for (number, stack) in (0..).zip(filled) {
                    let block = BLOCK + 0x10_0000 + 64 * (4 * number + step);
                    recording.allocate(block, 32, stack);
                }
            }
            cache(&mut recording, ticks, 30);
        }
        read_one(recording.plain())
    };
    let short = recorded(&[200_000]);
    let finding = &short.site(LEAK).finding;
    assert!(finding.verdict.is_leak());
    assert_eq!(finding.confidence, Confidence::High, "{finding:?}");
    for sessions in [[200_000, 3_000_000], [3_000_000, 200_000]] {
        let both = recorded(&sessions);
        assert_eq!(both.outcome.sessions.len(), 2);
        assert_eq!(both.verdict(LEAK), Verdict::Bounded, "{sessions:?}");
    }
}

/// One of several sessions accuses what the others, as long and as busy, deny: that is not sure.
#[test]
fn a_session_alone_against_others_is_not_sure() {
    let recorded = |sessions: &[bool]| {
        let mut recording = Scenario::empty();
        for &is_leaking in sessions {
            reset(&mut recording);
            for block in 0..200_u32 {
                let (one, other) = (BLOCK + 32 * block, BLOCK + 32 * block + 16);
                recording.after(500).allocate(one, 8, LEAK);
                recording.allocate(other, 8, LEAK);
                recording.after(500).free(one, OTHER);
                if !is_leaking || block % 4 > 0 {
                    recording.free(other, OTHER);
                }
            }
        }
        read_one(recording.plain())
    };
    let confidence = |reading: &Reading| {
        let finding = &reading.site(LEAK).finding;
        assert_eq!(finding.verdict, Verdict::LeakSurvivors);
        finding.confidence
    };
    let alone = confidence(&recorded(&[true]));
    assert_eq!(confidence(&recorded(&[false, true, true])), alone);
    let doubted = recorded(&[false, true, false, false]);
    assert_eq!(confidence(&doubted), Confidence::Medium);
}

/// What grew beyond that is no cache that was full there; and a leak is one in whichever session it shows.
#[test]
fn a_session_does_not_excuse_what_it_does_not_show() {
    for sessions in [
        [(800_000, usize::MAX), (3_200_000, 30)],
        [(200_000, 30), (3_000_000, usize::MAX)],
        [(3_000_000, usize::MAX), (200_000, 30)],
    ] {
        let mut recording = Scenario::empty();
        for (ticks, entries) in sessions {
            reset(&mut recording);
            cache(&mut recording, ticks, entries);
        }
        let reading = read_one(recording.plain());
        assert_eq!(reading.outcome.sessions.len(), 2);
        assert!(reading.verdict(LEAK).is_leak(), "{sessions:?}");
    }
}

/// Blocks of a leak, one at each of these moments, in sessions of so many ticks each; `None` is a session that does other work.
fn leaking_at(recording: &mut Scenario, ticks: u32, moments: Option<&[u32]>) {
    reset(recording);
    let mut moments = moments.unwrap_or_default().iter().peekable();
    for round in 0..ticks / 10_000 {
        let passed = BLOCK + 0x8000 + 16 * (round % 8);
        recording.after(4000).allocate(passed, 16, OTHER);
        recording.after(4000).free(passed, OTHER);
        let is_due = (moments.next_if(|&&moment| moment <= 10_000 * round)).is_some();
        recording.after(2000);
        if is_due {
            recording.allocate(BLOCK + 16 * round, 8, LEAK);
        }
    }
}

/// Of many sessions, what a leak left is that of all, over the time of all: not of the fastest.
#[test]
fn what_several_sessions_left_is_added_up() {
    let fast: Vec<u32> = (0..40).map(|block| 100_000 + 20_000 * block).collect();
    let slow: Vec<u32> = (0..20).map(|block| 100_000 + 40_000 * block).collect();
    let mut recording = Scenario::empty();
    for moments in [Some(&slow), Some(&fast), Some(&slow), None] {
        leaking_at(&mut recording, 1_000_000, moments.map(Vec::as_slice));
    }
    let reading = read_one(recording.plain());
    reading.check();
    assert_eq!(reading.outcome.sessions.len(), 4);
    let site = reading.site(LEAK);
    assert_eq!(
        (site.finding.verdict, site.session),
        (Verdict::LeakSteady, 1)
    );
    let left = &site.left;
    assert_eq!((left.blocks, left.bytes), (80, 640));
    assert!((left.squared_bytes - 80.0 * 64.0).abs() < 0.5);
    assert_eq!(left.windows.iter().sum::<u64>(), 640);
    let watched = 4.0 * 950_000.0;
    assert!(
        (left.ticks as f64 / watched - 1.0).abs() < 0.05,
        "{}",
        left.ticks
    );
    // It grows in the sessions that use it: on average by 80 blocks in three of them.
    let rate = site.growth.bytes as f64 / site.growth.ticks as f64;
    let expected = 640.0 / (0.75 * watched);
    assert!((rate / expected - 1.0).abs() < 0.05, "{:?}", site.growth);
}

/// What is in flight at the end of a session in which nothing leaks is not left behind by one in which something does.
#[test]
fn what_is_in_flight_elsewhere_is_not_left() {
    let recorded = |sessions: &[bool]| {
        let mut recording = Scenario::empty();
        for &is_leaking in sessions {
            reset(&mut recording);
            let mut queue = std::collections::VecDeque::new();
            for block in 0..300_u32 {
                let address = BLOCK + 32 * block;
                recording.after(1000).allocate(address, 8, LEAK);
                if !is_leaking || block % 10 > 0 {
                    queue.push_back(address);
                }
                if queue.len() > 3 {
                    let oldest = queue.pop_front().expect("a block");
                    recording.after(100).free(oldest, OTHER);
                }
            }
        }
        let reading = read_one(recording.plain());
        let site = reading.site(LEAK);
        assert_eq!(site.finding.verdict, Verdict::LeakSurvivors);
        site.left.clone()
    };
    let (alone, beside) = (recorded(&[true]), recorded(&[false, true, false]));
    assert_eq!((beside.blocks, beside.bytes), (alone.blocks, alone.bytes));
    assert!(beside.ticks > 2 * alone.ticks);
}

/// A session before the first that used the call site counts as one behind it.
#[test]
fn sessions_count_in_any_order() {
    let moments: Vec<u32> = (0..40).map(|block| 100_000 + 20_000 * block).collect();
    let recorded = |order: [bool; 3]| {
        let mut recording = Scenario::empty();
        for is_used in order {
            let moments = is_used.then_some(moments.as_slice());
            leaking_at(&mut recording, 1_000_000, moments);
        }
        let reading = read_one(recording.plain());
        let site = reading.site(LEAK);
        (site.left.ticks, site.left.blocks, site.growth)
    };
    let (ticks, blocks, growth) = recorded([true, false, false]);
    for order in [[false, true, false], [false, false, true]] {
        let other = recorded(order);
        assert_eq!((other.1, other.2), (blocks, growth));
        assert!(other.0.abs_diff(ticks) < ticks / 100, "{order:?}");
    }
}

/// A level that rises in each of several sessions: the fall to the next session's begin is none of its steps.
#[test]
fn levels_of_several_sessions_are_one_behind_the_other() {
    let recorded = |sessions: &[u32]| {
        let mut recording = Scenario::empty();
        for &rounds in sessions {
            reset(&mut recording);
            for round in 0..rounds {
                let block = |number: u32| BLOCK + 64 * (3 * round + number);
                for number in 0..3 {
                    recording.after(500).allocate(block(number), 8, LEAK);
                }
                let oldest = BLOCK + 64 * (3 * (round / 2) + round % 2);
                recording.after(500).free(oldest, OTHER);
            }
        }
        read_one(recording.plain())
    };
    let one = recorded(&[400]);
    let several = recorded(&[400, 100, 200]);
    let rate = |reading: &Reading| {
        let site = reading.site(LEAK);
        assert_eq!(site.finding.verdict, Verdict::LeakGrowing);
        let floors = &site.left.floors;
        assert!(floors.len() >= 8 && floors.is_sorted(), "{floors:?}");
        site.growth.bytes as f64 / site.growth.ticks as f64
    };
    let (one, several) = (rate(&one), rate(&several));
    assert!((several / one - 1.0).abs() < 0.2, "{one} {several}");
}

/// One boot that is recorded in pieces of so many rounds each, with a pause between: a ring that frees its oldest entry for each
/// new one, a leak beside it if there is one, and work that comes and goes; one function frees all of it.
fn paused(pieces: &[u32], entries: usize, is_leaking: bool) -> Reading {
    let mut recording = Scenario::begun();
    let mut held = std::collections::VecDeque::new();
    let mut round = 0;
    for (number, &rounds) in (0_u64..).zip(pieces) {
        if number > 0 {
            recording.stop().after(1_000_000);
            let now = recording.time();
            restart(&mut recording, now);
            recording.run(MAIN);
        }
        for _ in 0..rounds {
            let passed = BLOCK + 0x8000 + 16 * (round % 8);
            recording.after(2000).allocate(passed, 16, &[0x4200_3000]);
            recording.after(2000).free(passed, OTHER);
            if held.len() == entries {
                let oldest = held.pop_front().expect("an entry");
                recording.after(1000).free(oldest, OTHER);
            }
            let block = BLOCK + 0x1_0000 + 64 * round;
            recording.after(5000).allocate(block, 48, LEAK);
            held.push_back(block);
            if is_leaking {
                recording.allocate(block + 0x10_0000, 32, &[0x4200_4000]);
            }
            round += 1;
        }
    }
    read_one(recording.plain())
}

/// What was freed after a pause was of the ring: its new entries took the places of those.
#[test]
fn a_ring_is_no_leak_if_the_recording_pauses() {
    for pieces in [&[60, 25, 25][..], &[60, 25, 25, 25, 25, 25, 25, 25]] {
        let reading = paused(pieces, 30, true);
        reading.check();
        assert_eq!(reading.outcome.sessions.len(), pieces.len());
        assert!(!reading.verdict(LEAK).is_leak(), "{:?}", reading.site(LEAK));
        assert!(reading.verdict(&[0x4200_4000]).is_leak());
    }
    // What grows without bound does so in each of them.
    let endless = paused(&[60, 25, 25], usize::MAX, false);
    assert!(endless.verdict(LEAK).is_leak());
}

/// A pool that was filled before a pause, and is used in the long time after it, was full; a reset empties it.
#[test]
fn what_was_filled_before_a_pause_is_full() {
    let recorded = |is_reset: bool, pieces: u32| {
        let mut recording = Scenario::empty();
        reset(&mut recording);
        leak(&mut recording, 0, 30);
        for _ in 0..pieces {
            recording.after(10).stop().after(1_000_000);
            let now = if is_reset { 1000 } else { recording.time() };
            restart(&mut recording, now);
            recording.run(MAIN);
            for _ in 0..200 / pieces {
                recording.after(1000).allocate(BLOCK + 0x8000, 8, OTHER);
                recording.after(1000).free(BLOCK + 0x8000, OTHER);
            }
        }
        read_one(recording.plain())
    };
    // However many pauses there are in it.
    for pieces in [1, 2, 8] {
        let paused = recorded(false, pieces);
        assert_eq!(paused.outcome.sessions.len(), 1 + pieces as usize);
        assert_eq!(paused.verdict(LEAK), Verdict::Bounded, "{pieces}");
        assert_eq!(recorded(true, pieces).verdict(LEAK), Verdict::LeakSteady);
    }
}

/// A cache that was filled before a pause, and behind pauses exchanges an entry for a new one in one of so many rounds, or forgets
/// to free one in so many of those.
fn exchanged(pieces: u32, rounds: u32, forgotten: u32) -> Reading {
    let mut recording = Scenario::begun();
    let mut held = Vec::new();
    let mut next = BLOCK + 0x1_0000;
    let mut exchanges = 0;
    for piece in 0..pieces {
        for round in 0..40 {
            recording.after(1000).allocate(BLOCK, 8, OTHER);
            recording.after(1000).free(BLOCK, OTHER);
            if piece > 0 && round % rounds > 0 {
                continue;
            }
            if piece > 0 {
                let entry = held.swap_remove(17 * (exchanges as usize) % held.len());
                if exchanges % forgotten != 1 {
                    recording.free(entry, OTHER);
                }
                exchanges += 1;
            }
            recording.after(500).allocate(next, 48, LEAK);
            held.push(next);
            next += 64;
        }
        if piece + 1 < pieces {
            recording.stop().after(100_000);
            let now = recording.time();
            restart(&mut recording, now);
            recording.run(MAIN);
        }
    }
    read_one(recording.plain())
}

/// What a call site holds over all pieces of a boot does not grow, though it allocates: it is full.
#[test]
fn what_exchanges_its_blocks_behind_pauses_is_full() {
    for (pieces, rounds) in [(2, 4), (3, 4), (3, 10), (12, 20), (30, 20)] {
        let healthy = exchanged(pieces, rounds, u32::MAX);
        healthy.check();
        assert_eq!(healthy.outcome.sessions.len(), pieces as usize);
        let finding = &healthy.site(LEAK).finding;
        assert_eq!(finding.verdict, Verdict::Bounded, "{pieces}: {finding:?}");
    }
    for (pieces, rounds, forgotten) in [(2, 4, 2), (3, 4, 3), (12, 20, 2), (30, 20, 2)] {
        let leaking = exchanged(pieces, rounds, forgotten);
        let finding = &leaking.site(LEAK).finding;
        assert!(finding.verdict.is_leak(), "{pieces}: {finding:?}");
    }
}

/// Batches of 16, freed together when they are whole, or all but one of so many; and in the pause behind each piece, which nobody sees.
fn collected(pieces: &[u32], forgotten: usize) -> Reading {
    let mut recording = Scenario::begun();
    let mut next = BLOCK + 0x1_0000;
    for (number, &rounds) in (0_u32..).zip(pieces) {
        if number > 0 {
            recording.stop().after(100_000);
            let now = recording.time();
            restart(&mut recording, now);
            recording.run(MAIN);
        }
        let mut batch = Vec::new();
        for _ in 0..rounds {
            recording.after(9000).allocate(next, 48, LEAK);
            batch.push(next);
            next += 64;
            recording.after(500).allocate(BLOCK, 8, OTHER);
            recording.after(500).free(BLOCK, OTHER);
            if batch.len() == 16 {
                for (place, block) in batch.drain(..).enumerate() {
                    if place % forgotten != 1 {
                        recording.free(block, OTHER);
                    }
                }
            }
        }
    }
    read_one(recording.plain())
}

/// A piece that is shorter than a batch takes to be whole shows none that is freed; the other pieces show it.
#[test]
fn what_is_freed_in_other_pieces_is_in_flight() {
    for pieces in [&[32, 10, 32, 32][..], &[10, 32, 32, 10, 33]] {
        let reading = collected(pieces, usize::MAX);
        reading.check();
        let finding = &reading.site(LEAK).finding;
        let found = (finding.verdict, finding.confidence);
        assert_eq!(found, (Verdict::InFlight, Confidence::Low), "{finding:?}");
        let leaking = collected(pieces, 2);
        assert!(leaking.verdict(LEAK).is_leak(), "{:?}", leaking.site(LEAK));
    }
    // No piece sees a batch freed.
    assert!(collected(&[10, 10, 10], usize::MAX).verdict(LEAK).is_leak());
}

/// A cache that fills in a short piece and at the beginning of a long one, which it holds its level in.
#[test]
fn what_fills_across_a_pause_and_holds_is_full() {
    let filled = |last: u32| {
        let mut recording = Scenario::begun();
        for round in 0..220 {
            if round == 20 {
                recording.stop().after(1000);
                let now = recording.time();
                restart(&mut recording, now);
                recording.run(MAIN);
            }
            if round < last {
                let block = BLOCK + 0x1_0000 + 64 * round;
                recording.after(1000).allocate(block, 48, LEAK);
            }
            recording.after(1000).allocate(BLOCK, 8, OTHER);
            recording.after(1000).free(BLOCK, OTHER);
        }
        read_one(recording.plain())
    };
    assert_eq!(filled(33).verdict(LEAK), Verdict::Bounded);
    assert!(filled(220).verdict(LEAK).is_leak());
}

/// Of more boots than are listed all are counted.
#[test]
fn all_boots_are_counted() {
    let mut recording = Scenario::empty();
    for _ in 0..300 {
        reset(&mut recording);
        recording.after(100_000).allocate(BLOCK, 16, OTHER);
        recording.after(100_000).free(BLOCK, OTHER);
    }
    let outcome = read_one(recording.plain()).outcome;
    assert_eq!(
        (outcome.totals.sessions, outcome.sessions.len()),
        (300, 257)
    );
}
