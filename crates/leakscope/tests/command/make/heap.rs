//! What goes wrong in a program, beside leaks.

use leakscope_testing::scenario::{MAIN, Scenario, WORKER};

use super::{Case, HEAP, JSON, OTHER, RELEASE, REPORT, SITE, THIRD, block, case};

pub(super) const CASES: &[Case] = &[
    case!(
        failed_allocations,
        "Allocations that found no memory; one that was tried again in another region at once; \
         `free(NULL)`, which is allowed.",
        [REPORT, JSON, HEAP]
    ),
    case!(
        wrong_frees,
        "A block freed twice, an address inside a block, and a block that is older than the recording.",
        [REPORT, JSON]
    ),
];

fn failed_allocations() -> Vec<Vec<u8>> {
    let mut recording = Scenario::begun();
    recording.allocate(block(0), 20_000, OTHER);
    for number in 0..3 {
        recording
            .after(5_000)
            .allocate(0, 30_000 + 1_000 * number, SITE);
    }
    recording.run(WORKER).after(5_000).allocate(0, 512, THIRD);
    recording.allocate(block(200), 512, THIRD);
    recording
        .after(5_000)
        .free(0, RELEASE)
        .free(block(200), RELEASE);
    recording.run(MAIN).after(5_000).free(block(0), RELEASE);
    recording.stop();
    vec![recording.openocd()]
}

fn wrong_frees() -> Vec<Vec<u8>> {
    let mut recording = Scenario::begun();
    recording.after(1_000).allocate(block(0), 64, SITE);
    recording.after(1_000).allocate(block(1), 128, OTHER);
    recording.after(1_000).free(block(0), RELEASE);
    recording.after(1_000).run(WORKER).free(block(0), THIRD);
    recording.after(1_000).free(block(1) + 16, THIRD);
    recording.after(1_000).free(block(77), RELEASE);
    recording.after(1_000).free(block(1), RELEASE);
    recording.stop();
    vec![recording.openocd()]
}
