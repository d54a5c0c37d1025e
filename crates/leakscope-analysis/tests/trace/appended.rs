//! Recordings that were appended to others: what was between, nobody knows, unless the target's clock tells.

use leakscope_analysis::trace::Start;
use leakscope_systemview::Packet;
use leakscope_testing::scenario::{HZ, IDF_HEAP, MAIN, Scenario};

use crate::reading::{Reading, read_one};
use crate::sessions::{BLOCK, OTHER, leak};

/// The middle of a recording behind another one, as `record --append` writes it, with this many seconds between; the target tells
/// its `clock` at both starts, the second of which comes late or not at all.
fn appended(between: u64, clock: impl Fn(u64) -> Packet<'static>, is_told: bool) -> Reading {
    let mut recording = Scenario::empty();
    recording.start().packet(&clock(0));
    describe(&mut recording);
    leak(&mut recording, 0, 30);
    recording.free(BLOCK, OTHER).free(BLOCK + 16, OTHER);
    recording.after(10).stop();
    recording.sync().packet(&Packet::TraceStart);
    // What is left of a packet.
    recording.raw(&[0x93, 0x05, 0x21]);
    for block in (0..30).map(|block| BLOCK + 16 * block) {
        recording.after(1000).free(block, OTHER);
        recording.allocate(block, 8, OTHER).free(block, OTHER);
    }
    if is_told {
        let now = recording.time() + between * u64::from(HZ);
        recording.start().packet(&clock(now));
        describe(&mut recording);
        leak(&mut recording, 100, 3);
    }
    let reading = read_one(recording.plain());
    reading.check();
    reading
}

fn describe(recording: &mut Scenario) {
    recording.module(512, IDF_HEAP);
    recording.run(MAIN);
}

fn cycles(time: u64) -> Packet<'static> {
    Packet::SystimeCycles {
        cycles: 77 + time as u32,
    }
}

#[test]
fn a_middle_is_no_part_of_the_older_session() {
    let reading = appended(100, cycles, false);
    assert_eq!(reading.outcome.sessions.len(), 2);
    assert_eq!(reading.starts(), [Start::First, Start::AfterStop]);
    assert!(reading.anomalies().is_empty(), "{:?}", reading.anomalies());
    assert_eq!(reading.outcome.totals.frees_of_older_blocks, 30);
}

/// The time that has passed is known to the target's counter alone, which comes round; one in microseconds can tell of a reset.
#[test]
fn what_a_clock_tells_behind_a_middle() {
    for between in [0, 7, 100] {
        let reading = appended(between, cycles, true);
        assert_eq!(reading.problem("restart"), None, "{between}");
        assert_eq!(reading.outcome.sessions.len(), 2, "{between}");
    }
    let of_another_boot = |time: u64| Packet::SystimeUs {
        microseconds: if time == 0 { 500_000 } else { 400_000 },
    };
    let reading = appended(100, of_another_boot, true);
    assert!(reading.problem("restart").is_some());
}

/// A target that is told to start by the recording that is appended is judged by its clock as ever.
#[test]
fn a_start_right_behind_the_joint_is_the_targets() {
    for is_reset in [false, true] {
        let mut recording = Scenario::begun();
        recording.packet(&cycles(recording.time()));
        leak(&mut recording, 0, 30);
        recording.after(10).stop();
        recording.sync().packet(&Packet::TraceStart);
        recording.after(3_000_000);
        let now = if is_reset { 5000 } else { recording.time() };
        recording.start().packet(&cycles(now));
        describe(&mut recording);
        leak(&mut recording, 100, 3);
        let reading = read_one(recording.plain());
        let sessions = &reading.outcome.sessions;
        assert_eq!(sessions.len(), 2, "{is_reset}");
        assert_eq!(sessions[1].after_reset, is_reset);
    }
}
