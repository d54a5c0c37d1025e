//! Damage: what was lost is said, and what is left is reported.

use leakscope_systemview::Packet;
use leakscope_testing::scenario::{IDF_HEAP, MAIN, Scenario};

use super::{Case, EVENTS, JSON, REPORT, SITE, block, case, leak, leaking};

pub(super) const CASES: &[Case] = &[
    case!(
        overflow,
        "The target dropped packets in the middle: a site whose blocks all live across the gap cannot be \
         judged.",
        [REPORT, JSON, ("events.txt", "events --from 0.05 --to 0.06")]
    ),
    case!(
        damaged_bytes,
        "Forty bytes in the middle were overwritten: they are skipped, and reading goes on.",
        [REPORT]
    ),
    case!(
        cut_off,
        "A recording that ends inside a packet, as a power failure leaves it.",
        [REPORT]
    ),
    case!(
        begins_in_the_middle,
        "A ring buffer, dumped: the oldest packets are overwritten, and with them the start sequence.",
        [REPORT]
    ),
    case!(
        restart,
        "The target resets in the middle: two sessions, each with the leak.",
        [REPORT, JSON, EVENTS]
    ),
    case!(
        clock_unknown,
        "The packet with the clock's rate is missing: times are ticks.",
        [REPORT, EVENTS]
    ),
];

fn overflow() -> Vec<Vec<u8>> {
    let mut recording = Scenario::begun();
    for number in 0..6 {
        recording.after(8_000).allocate(block(number), 64, SITE);
    }
    recording.after(10_000).overflow(17).run(MAIN);
    for number in 6..8 {
        recording.after(20_000).allocate(block(number), 64, SITE);
    }
    recording.after(100).stop();
    vec![recording.openocd()]
}

fn damaged_bytes() -> Vec<Vec<u8>> {
    let mut bytes = leaking().openocd();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 40].fill(0xFF);
    vec![bytes]
}

fn cut_off() -> Vec<Vec<u8>> {
    let mut recording = Scenario::begun();
    leak(&mut recording, 20);
    let mut bytes = recording.openocd();
    bytes.truncate(bytes.len() - 5);
    vec![bytes]
}

fn begins_in_the_middle() -> Vec<Vec<u8>> {
    let bytes = leaking().plain();
    vec![bytes[bytes.len() / 3..].to_vec()]
}

fn restart() -> Vec<Vec<u8>> {
    let mut recording = Scenario::empty();
    for since_power_on in [5_000_000, 120_000] {
        recording
            .start()
            .systime_us(since_power_on)
            .module(512, IDF_HEAP)
            .task(MAIN, "main")
            .run(MAIN);
        leak(&mut recording, 6);
        recording.after(50_000);
    }
    recording.stop();
    vec![recording.openocd()]
}

fn clock_unknown() -> Vec<Vec<u8>> {
    let mut recording = Scenario::empty();
    recording
        .sync()
        .packet(&Packet::TraceStart)
        .system("N=Scenario,O=FreeRTOS")
        .module(512, IDF_HEAP)
        .task(MAIN, "main")
        .run(MAIN);
    leak(&mut recording, 5);
    vec![recording.plain()]
}
