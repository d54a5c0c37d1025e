//! One recording a verdict.

use leakscope_testing::scenario::{Scenario, WORKER};

use super::{ALL, Case, EVENTS, HEAP, JSON, LOG, OTHER, RELEASE, REPORT, SITE, THIRD, block, case};

pub(super) const CASES: &[Case] = &[
    case!(
        steady_leak,
        "ESP-IDF's heap module on two cores, in OpenOCD's joined file. `main` on core 0 leaks 24 bytes \
         every 10 ms; `worker` on core 1 frees what it is handed; three objects live from start-up on.",
        [
            REPORT,
            ALL,
            JSON,
            HEAP,
            ("print.txt", "report --print"),
            ("events.csv", "events --heap --format csv")
        ]
    ),
    case!(
        growing_table,
        "A table that is enlarged again and again: the new block is allocated, the old one freed.",
        [REPORT]
    ),
    case!(
        grown_by_realloc,
        "A buffer that `realloc` makes larger again and again, which ESP-IDF tells as a free and an \
         allocation with the same callers.",
        [REPORT, HEAP]
    ),
    case!(
        survivors_of_an_error_path,
        "Requests are served within 2 ms, but every tenth one fails, and its block is never freed.",
        [REPORT, ALL]
    ),
    case!(
        bounded_cache,
        "A cache of eight entries: once it is full, the oldest entry makes room for the next.",
        [REPORT, ALL]
    ),
    case!(
        marked_cycles,
        "Cycles that begin with a MARK event: each leaves one block behind.",
        [REPORT, EVENTS]
    ),
    case!(
        named_cycles,
        "Cycles that begin with a log message that the user names. The target's own marks, two a cycle, \
         begin none then.",
        [
            ("report.txt", "report --cycle begin"),
            ("report-marks.txt", "report"),
            LOG
        ]
    ),
    case!(
        late_release,
        "Blocks are collected from start to end, and all freed before recording stops.",
        [REPORT, ALL]
    ),
    case!(
        in_flight,
        "Messages take 5 ms each, and the recording ends while one is on its way.",
        [REPORT, ALL]
    ),
];

fn steady_leak() -> Vec<Vec<u8>> {
    let mut recording = Scenario::begun();
    recording.on(1).run(WORKER).on(0);
    for object in 0..3 {
        recording.after(100).allocate(block(object), 512, OTHER);
    }
    for number in 0..25 {
        recording.after(5_000).allocate(block(3 + number), 24, SITE);
        recording.allocate(block(1000), 100, THIRD);
        recording.print("handed over\n");
        recording.after(3_000).on(1).free(block(1000), RELEASE);
        recording.after(2_000).on(0);
    }
    recording.stop();
    vec![recording.joined()]
}

fn growing_table() -> Vec<Vec<u8>> {
    let mut recording = Scenario::begun();
    let places = [0x3FFB_0000, 0x3FFC_0000];
    recording.allocate(places[0], 64, SITE);
    for length in 2..42 {
        let [new, old] = [length - 1, length - 2].map(|number| places[number as usize % 2]);
        recording.after(5_000).allocate(new, 64 * length, SITE);
        recording.free(old, RELEASE);
    }
    recording.after(1_000).stop();
    vec![recording.openocd()]
}

fn grown_by_realloc() -> Vec<Vec<u8>> {
    let mut recording = Scenario::begun();
    recording.allocate(block(0), 100, SITE);
    for number in 1..30 {
        recording.after(5_000).free(block(number - 1), OTHER);
        recording.allocate(block(number), 100 + 20 * number, OTHER);
    }
    recording.after(5_000).stop();
    vec![recording.openocd()]
}

fn survivors_of_an_error_path() -> Vec<Vec<u8>> {
    let mut recording = Scenario::begun();
    for request in 0..240 {
        let address =
            block(request % 100 + 100 * u32::from(request % 10 == 7) * (1 + request / 10));
        recording.after(1_000).allocate(address, 48, SITE);
        recording.after(300 + u64::from(request * 37 % 1_500));
        if request % 10 != 7 {
            recording.free(address, RELEASE);
        }
    }
    recording.after(1_000).stop();
    vec![recording.openocd()]
}

fn bounded_cache() -> Vec<Vec<u8>> {
    let mut recording = Scenario::begun();
    for entry in 0..120 {
        if entry >= 8 {
            recording.free(block((entry - 8) % 16), RELEASE);
        }
        recording
            .after(2_500)
            .allocate(block(entry % 16), 200, SITE);
    }
    recording.after(1_000).stop();
    vec![recording.openocd()]
}

/// A cycle: what it needs for itself, and a block that it leaves behind.
fn cycle(recording: &mut Scenario, number: u32) {
    for own in 0..4 {
        recording.after(1_000).allocate(block(own), 64, OTHER);
    }
    recording
        .after(1_000)
        .allocate(block(100 + number), 40, SITE);
    for own in 0..4 {
        recording.after(1_000).free(block(own), RELEASE);
    }
}

fn marked_cycles() -> Vec<Vec<u8>> {
    let mut recording = Scenario::begun();
    for number in 0..10 {
        recording.after(10_000).mark(1);
        cycle(&mut recording, number);
    }
    recording.after(10_000).stop();
    vec![recording.openocd()]
}

fn named_cycles() -> Vec<Vec<u8>> {
    let mut recording = Scenario::begun();
    for number in 0..10 {
        recording
            .after(5_000)
            .print(&format!("begin cycle {number}\n"));
        recording.after(1_000).mark(1);
        cycle(&mut recording, number);
        recording.after(5_000).mark(1);
    }
    recording.after(10_000).stop();
    vec![recording.openocd()]
}

fn late_release() -> Vec<Vec<u8>> {
    let mut recording = Scenario::begun();
    for number in 0..40 {
        recording.after(10_000).allocate(block(number), 32, SITE);
    }
    recording.after(20_000).print("shutting down\n");
    for number in 0..40 {
        recording.free(block(number), RELEASE);
    }
    recording.after(100).stop();
    vec![recording.openocd()]
}

fn in_flight() -> Vec<Vec<u8>> {
    let mut recording = Scenario::begun();
    for number in 0..60 {
        recording.after(3_000).allocate(block(number % 2), 96, SITE);
        if number < 59 {
            recording.after(5_000).free(block(number % 2), RELEASE);
        }
    }
    recording.after(2_000).idle();
    vec![recording.openocd()]
}
