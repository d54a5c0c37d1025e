//! What one damage does to the answer: next to nothing. The same at each run; `examples/damage` does it at length.

use leakscope_analysis::Analysis;
use leakscope_analysis::heap::KeepAll;
use leakscope_analysis::outcome::Outcome;
use leakscope_analysis::trace::Layout;
use leakscope_testing::scenario::{MAIN, Scenario, WORKER};

const LEAK: [u32; 2] = [0x400D_1234, 0x400D_9999];
const WORK: [u32; 2] = [0x400D_5678, 0x400D_9999];

/// Two tasks take turns; one leaves a block each time.
fn recording() -> Vec<u8> {
    let mut recording = Scenario::begun();
    for round in 0..150 {
        let block = 0x3FFB_0000 + 128 * round;
        recording.after(900).run(WORKER);
        recording.after(50).allocate(block, 100, &WORK);
        recording.after(700).enter(5).after(20).exit();
        recording.after(100).free(block, &WORK);
        recording.after(900).run(MAIN);
        recording.after(60).allocate(block + 64, 24, &LEAK);
        recording.after(30).print(&format!("round {round}\n"));
    }
    recording.openocd()
}

fn outcome(bytes: &[u8]) -> Outcome {
    let inputs = [bytes];
    let mut analysis = Analysis::new(&Layout::of(&inputs), KeepAll);
    let Ok(_) = analysis.run(&inputs[..]);
    analysis.outcome()
}

/// Whether the true leak is found, and is the first.
fn is_found(bytes: &[u8]) -> bool {
    outcome(bytes).call_sites.first().is_some_and(|first| {
        first.finding.verdict.is_leak()
            && first.stack == LEAK.map(u64::from)
            && first.outstanding_blocks > 120
    })
}

/// In how many of 60 places, spread over all but the header, this leaves the leak where it is. Nowhere does it make the
/// trace ten times too long.
fn found_after(harm: impl Fn(&mut Vec<u8>, usize)) -> usize {
    let sound = recording();
    let end = outcome(&sound).totals.end;
    let header = sound
        .windows(10)
        .position(|ten| ten == [0; 10])
        .expect("a sync");
    let places = (0..60).map(|step| header + (sound.len() - header - 64) * step / 60);
    let is_found_without = |place: &usize| {
        let mut bytes = sound.clone();
        harm(&mut bytes, *place);
        assert!(outcome(&bytes).totals.end < 10 * end, "at {place}");
        is_found(&bytes)
    };
    places.filter(is_found_without).count()
}

#[test]
fn flipped_bits() {
    let found = found_after(|bytes, place| bytes[place] ^= 1 << (place % 8));
    assert!(found >= 59, "{found} of 60");
}

#[test]
fn deleted_bytes() {
    let found = found_after(|bytes, place| drop(bytes.drain(place..place + 1 + place % 64)));
    assert!(found >= 57, "{found} of 60");
}

#[test]
fn inserted_bytes() {
    let found = found_after(|bytes, place| {
        let strange = (0..=place % 64).map(|byte| (byte * 97 + place * 31) as u8);
        bytes.splice(place..place, strange);
    });
    assert!(found >= 57, "{found} of 60");
}

/// What stands among skipped bytes can be no more frees than such bytes hold of the shortest: each has its callers.
#[test]
fn a_long_skipped_text_is_few_packets() {
    const CALLERS: [u32; 5] = [
        0x400D_1234,
        0x400D_2345,
        0x400D_3456,
        0x400D_4567,
        0x400D_5678,
    ];
    let mut recording = Scenario::begun();
    recording.depth = 5;
    let mut places = Vec::new();
    for round in 0..60_u32 {
        recording.after(900).run(WORKER).after(50);
        recording.allocate(0x3FFB_0000 + 64 * round, 24, &CALLERS);
        recording
            .after(30)
            .print("I (1234) example: nothing that anybody needs to know, but long\n");
        places.push(recording.packets() - 1);
        recording.after(300).enter(5).after(9).exit();
    }
    let (bytes, all) = recording.plain_with_places();
    for place in places.iter().skip(20).step_by(5) {
        let mut damaged = bytes.clone();
        let at = all[*place].start + 30;
        damaged.splice(at..at, (0..60_u8).map(|byte| byte.wrapping_mul(151)));
        let outcome = outcome(&damaged);
        let leak = &outcome.call_sites[0];
        assert!(
            leak.finding.verdict.is_leak(),
            "{place}: {:?}",
            leak.finding
        );
        assert_eq!(leak.outstanding_blocks, 60);
    }
}
