//! Recordings that were once misread, of which the truth is known.

use leakscope_analysis::findings::{Confidence, Verdict};
use leakscope_testing::needs::case_bytes;

use crate::reading::{Reading, read_one};

/// Reads one of them; `None` if the test is to be skipped.
fn case(name: &str) -> Option<Reading> {
    Some(read_one(case_bytes(name)?))
}

/// How many allocations and frees there are, and how many blocks the first call site leaks.
fn gist(reading: &Reading) -> (u64, u64, u64) {
    let totals = &reading.outcome.totals;
    let first = reading.outcome.call_sites.first();
    let leak = first.filter(|site| site.finding.verdict.is_leak());
    let blocks = leak.map_or(0, |site| site.outstanding_blocks);
    (totals.allocations, totals.frees, blocks)
}

#[test]
fn sound_recordings_are_read_whole() {
    for (name, events, heap) in [
        ("recordings/first-log-of-62/61-characters.svdat", 108, 28),
        ("recordings/first-log-of-62/62-characters.svdat", 108, 28),
        ("recordings/stack-of-32-frames/input.svdat", 77, 13),
        (
            "recordings/description-lost-to-its-neighbour/interrupt-above-1023.svdat",
            16,
            0,
        ),
        ("recordings/sleeping-device/input.svdat", 300, 7),
        ("genuine/tohost-60-ticks.svdat", 507, 99),
        ("genuine/tohost-core-bits-with-header.svdat", 469, 99),
        ("genuine/tohost-core-bits-raw.bin", 469, 99),
    ] {
        let Some(reading) = case(name) else { return };
        assert_eq!(reading.problem("skipped-bytes"), None, "{name}");
        assert_eq!(reading.events.len(), events, "{name}");
        assert_eq!(reading.heap().len(), heap, "{name}");
    }
}

#[test]
fn a_ring_that_begins_inside_a_delta() {
    let Some(reading) = case("recordings/14-begins-in-an-interrupt.SVdat") else {
        return;
    };
    assert_eq!(reading.events.len(), 1429);
    assert_eq!(reading.count(leakscope_systemview::id::ISR_ENTER), 714);
}

#[test]
fn damaged_recordings_show_their_leak() {
    for (name, allocations, frees, leak) in [
        ("recordings/damage-in-the-start/input.svdat", 53, 25, 25),
        (
            "recordings/second-description-damaged/input.svdat",
            53,
            25,
            25,
        ),
        ("recordings/one-byte-skipped/input.svdat", 72, 27, 27),
        ("recordings/one-byte-deleted/input.svdat", 72, 27, 26),
        // Each free was the missing core's.
        ("recordings/second-core-missing/input.svdat", 72, 0, 0),
    ] {
        let Some(reading) = case(name) else { return };
        assert_eq!(gist(&reading), (allocations, frees, leak), "{name}");
        assert!(!reading.codes().is_empty(), "{name}");
    }
    let missing = case("recordings/second-core-missing/input.svdat");
    assert!(missing.is_none_or(|reading| reading.problem("core-missing").is_some()));
}

/// It leaks for a quarter of a second, and then the heap is silent for longer than that.
#[test]
fn a_leak_is_shown_though_the_program_idles_after_it() {
    let Some(reading) = case("genuine/tohost-60-ticks.svdat") else {
        return;
    };
    assert_eq!(gist(&reading), (72, 27, 27));
    let findings = reading.outcome.call_sites.iter().map(|site| &site.finding);
    let (leaks, others): (Vec<_>, Vec<_>) = findings.partition(|found| found.verdict.is_leak());
    assert_eq!(leaks.len(), 1);
    assert_eq!(leaks[0].confidence, Confidence::Medium);
    let fine = [Verdict::Once, Verdict::AllFreed];
    assert!(others.iter().all(|found| fine.contains(&found.verdict)));
}

/// Nothing in the first milliseconds of a recording is called a leak.
#[test]
fn the_beginning_of_a_recording_accuses_nobody() {
    let Some(bytes) = case_bytes("genuine/tohost-60-ticks.svdat") else {
        return;
    };
    let mut shortest = 0;
    for length in (100..bytes.len()).step_by(7) {
        let reading = read_one(bytes[..length].to_vec());
        let hz = u64::from(reading.outcome.target.timestamp_hz);
        if reading.outcome.totals.end > hz / 250 {
            break;
        }
        shortest += 1;
        assert_eq!(gist(&reading).2, 0, "{length} bytes");
    }
    assert!(shortest > 10, "{shortest} beginnings of up to 4 ms");
}
