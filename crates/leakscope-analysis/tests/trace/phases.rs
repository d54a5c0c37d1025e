//! What the other call sites say of a program's phase weighs on how sure a leak is.

use leakscope_analysis::findings::{Confidence, Verdict};
use leakscope_testing::scenario::Scenario;

use crate::reading::{Reading, read_one};

const LEAK: &[u32] = &[0x4200_1000, 0x4200_0100];
const RINGS: [&[u32]; 3] = [
    &[0x4200_2000, 0x4200_0100],
    &[0x4200_3000, 0x4200_0100],
    &[0x4200_4000, 0x4200_0100],
];

/// A block leaks each time, and each ring takes an entry; of a ring of so many entries, the oldest makes room.
fn leak_beside_rings(rings: usize, entries: u32) -> Reading {
    let mut recording = Scenario::begun();
    for time in 0..400 {
        recording
            .after(500)
            .allocate(0x3FFB_0000 + 64 * time, 24, LEAK);
        for (ring, site) in (0_u32..).zip(&RINGS[..rings]) {
            let entry = |index: u32| 0x3FFC_0000 + 0x1_0000 * ring + 64 * index;
            if time >= entries {
                recording.after(10).free(entry(time - entries), site);
            }
            recording.after(10).allocate(entry(time), 40, site);
        }
    }
    read_one(recording.plain())
}

fn of_leak(reading: &Reading) -> (Verdict, Confidence, u64) {
    let finding = &reading.site(LEAK).finding;
    (
        finding.verdict,
        finding.confidence,
        reading.outcome.totals.double_frees,
    )
}

#[test]
fn a_leak_is_sure_where_what_fills_up_has_been_full_for_long() {
    let sure = (Verdict::LeakSteady, Confidence::High, 0);
    assert_eq!(of_leak(&leak_beside_rings(3, 80)), sure);
}

#[test]
fn a_leak_is_not_sure_where_nothing_shows_that_the_program_is_past_its_beginning() {
    let unsure = (Verdict::LeakSteady, Confidence::Medium, 0);
    assert_eq!(of_leak(&leak_beside_rings(0, 80)), unsure);
    assert_eq!(of_leak(&leak_beside_rings(2, 80)), unsure, "too few rings");
    assert_eq!(of_leak(&leak_beside_rings(3, 250)), unsure, "full late");
    assert_eq!(of_leak(&leak_beside_rings(3, 500)), unsure, "still filling");
}
