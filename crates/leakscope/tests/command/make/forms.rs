//! The forms that files have.

use leakscope_testing::scenario::{Scenario, WORKER};

use super::{Case, JSON, LOG, REPORT, case, leaking};

pub(super) const CASES: &[Case] = &[
    case!(
        no_header,
        "A dump of the target's buffer: packets from the first byte on.",
        [REPORT]
    ),
    case!(
        esp_extension,
        "OpenOCD's old file for two cores: one stream, the core in a bit of each id.",
        [REPORT, LOG]
    ),
    case!(
        one_file_a_core,
        "OpenOCD's two files: what concerns both cores stands in both, and counts once.",
        [REPORT, JSON, LOG]
    ),
    case!(
        pyocd_header,
        "pyOCD's header has `Offset` lines even for one core.",
        [REPORT]
    ),
    case!(
        windows_header,
        "A header with Windows' ends of lines, and an empty line behind it.",
        [REPORT]
    ),
];

use super::{RELEASE, SITE, THIRD, block};

/// `main` leaks on core 0, `worker` frees on core 1; both log.
fn on_two_cores() -> Scenario {
    let mut recording = Scenario::begun();
    recording.on(1).run(WORKER).on(0);
    for number in 0..15 {
        recording.after(4_000).allocate(block(number), 24, SITE);
        recording
            .allocate(block(1000), 100, THIRD)
            .print("handed over\n");
        recording
            .after(3_000)
            .on(1)
            .free(block(1000), RELEASE)
            .print("done\n");
        recording.after(2_000).on(0);
    }
    recording.stop();
    recording
}

fn no_header() -> Vec<Vec<u8>> {
    vec![leaking().plain()]
}

fn esp_extension() -> Vec<Vec<u8>> {
    vec![on_two_cores().with_core_bit()]
}

fn one_file_a_core() -> Vec<Vec<u8>> {
    on_two_cores().openocd_by_core().to_vec()
}

fn pyocd_header() -> Vec<Vec<u8>> {
    let header =
        ";\n; RecordTime   14 Nov 2025 10:15:00\n; Author       pyOCD\n; Offset Core0 0\n;\n";
    vec![[header.as_bytes(), &leaking().plain()].concat()]
}

fn windows_header() -> Vec<Vec<u8>> {
    let header = "; Version     SEGGER SystemViewer V3.60\r\n; Title       A leak\r\n;\r\n\r\n";
    vec![[header.as_bytes(), &leaking().plain()].concat()]
}
