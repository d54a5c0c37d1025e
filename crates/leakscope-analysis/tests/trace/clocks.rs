//! Two cores whose files each hold what concerns both: time that damage took from one is found again.

use leakscope_systemview::Packet;
use leakscope_testing::scenario::{MAIN, Scenario, WORKER};

use crate::reading::{Reading, read_one};

const WORK: [u32; 2] = [0x400D_1000, 0x400D_2000];
const LEAK: [u32; 2] = [0x400D_3000, 0x400D_4000];

/// The first core allocates and wakes a task on the second, which frees. What the first keeps then lies where the freed block
/// lay.
fn recording() -> Scenario {
    let mut recording = Scenario::begun();
    recording.depth = 2;
    for round in 0..120_u32 {
        let block = 0x3FFB_0000 + 64 * round;
        let worker = recording.shrink(WORKER);
        recording.on(0).after(900).run(MAIN);
        recording
            .after(u64::from(round * 7 % 50))
            .allocate(block, 40, &WORK);
        recording.after(20);
        recording.packet(&Packet::TaskStartReady { task: worker });
        recording
            .on(1)
            .after(30)
            .run(WORKER)
            .after(40)
            .free(block, &WORK);
        recording.after(10).idle();
        for _ in 0..3 {
            recording.after(300).enter(5).after(11).exit();
        }
        recording.on(0).after(200).allocate(block, 40, &LEAK);
        recording.after(15).idle();
    }
    recording.stop();
    recording
}

/// When core 0 allocated for the last time, less when core 1 freed for the last time.
fn apart(reading: &Reading) -> i64 {
    let last = |core: u8| {
        let events = reading
            .heap()
            .into_iter()
            .filter(|event| event.core == core);
        events.map(|event| event.time).max().unwrap_or(0) as i64
    };
    last(0) - last(1)
}

/// Neither the order of the cores' events is lost with bytes of one of them, nor the leak.
#[test]
fn lost_time_is_found_again() {
    let bytes = recording().joined();
    let sound = read_one(bytes.clone());
    assert_eq!(sound.outcome.totals.frees_of_older_blocks, 0);
    let second = bytes
        .windows(10)
        .rposition(|ten| ten == [0; 10])
        .expect("a sync");
    let first = bytes
        .windows(10)
        .position(|ten| ten == [0; 10])
        .expect("a sync");
    let mut mended = 0;
    let parts = [first..second, second..bytes.len()];
    for (number, part) in parts.iter().enumerate() {
        for step in 1..40 {
            let at = part.start + 300 + (part.len() - 1500) * step / 40;
            let mut damaged = bytes.clone();
            damaged.drain(at..at + 40 + step);
            let reading = read_one(damaged);
            let totals = reading.outcome.totals;
            assert!(
                totals.frees_of_older_blocks <= 6,
                "{number} {step}: {totals:?}"
            );
            mended += u32::from(apart(&reading) == apart(&sound));
            let leak = &reading.outcome.call_sites[0];
            assert!(
                leak.finding.verdict.is_leak(),
                "{number} {step}: {:?}",
                leak.finding
            );
            assert_eq!(leak.stack, LEAK.map(u64::from), "{number} {step}");
        }
    }
    assert!(mended >= 74, "{mended} of 78");
}
