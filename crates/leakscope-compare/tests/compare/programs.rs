//! Programs that were recorded, and builds of them that name their functions.

use std::sync::Arc;

use leakscope_analysis::Analysis;
use leakscope_analysis::heap::KeepAll;
use leakscope_analysis::trace::Layout;
use leakscope_report::{FrameSource, Report, Symbolizer};
use leakscope_symbols::CodeFrame;
use leakscope_testing::scenario::Scenario;

pub(crate) const POLL: u32 = 0x4200_1000;
pub(crate) const PARSE: u32 = 0x4200_2000;
pub(crate) const MAIN: u32 = 0x4200_3000;
pub(crate) const CACHE: u32 = 0x4200_4000;

const BLOCKS: u32 = 0x3FC8_0000;

/// What stands at each address: the function, and the line in its file.
pub(crate) struct Build(pub(crate) Vec<(u32, &'static str, &'static str, u32)>);

impl Build {
    pub(crate) fn usual() -> Self {
        Self(vec![
            (POLL, "net::poll", "/src/app/net.c", 42),
            (PARSE, "parse", "/src/app/parse.c", 7),
            (MAIN, "app_main", "/src/app/main.c", 99),
            (CACHE, "cache_get", "/src/app/cache.c", 1),
        ])
    }
}

impl FrameSource for Build {
    fn frames(&self, return_address: u64) -> Arc<[CodeFrame]> {
        let found = (self.0.iter()).filter(|row| u64::from(row.0) == return_address);
        found
            .map(|&(_, function, file, line)| CodeFrame {
                function: Some(function.into()),
                file: Some(file.into()),
                line: Some(line),
                column: None,
                inlined: false,
            })
            .collect()
    }
}

/// A recording with some start-up.
pub(crate) fn begun() -> Scenario {
    let mut recording = Scenario::begun();
    recording.after(1000);
    recording.allocate(BLOCKS, 512, &[CACHE, MAIN]);
    recording
}

/// Goes on for `rounds` of 10 ms: in each, `parse` allocates and frees; where `leaks` says so, `net::poll` leaves a block of
/// `size` bytes.
pub(crate) fn work(recording: &mut Scenario, rounds: u32, size: u32, leaks: impl Fn(u32) -> bool) {
    for round in 0..rounds {
        let block = BLOCKS + 0x1000 + 0x40 * recording.packets() as u32;
        recording.after(5000).allocate(block, 32, &[PARSE, MAIN]);
        recording.after(2000).free(block, &[PARSE, MAIN]);
        recording.after(3000);
        if leaks(round) {
            recording.allocate(block, size, &[POLL, MAIN]);
        }
    }
}

/// A program that leaks 24 bytes every 10 ms.
pub(crate) fn leaking() -> Scenario {
    let mut recording = begun();
    work(&mut recording, 100, 24, |_| true);
    recording
}

/// The same without the leak.
pub(crate) fn healthy() -> Scenario {
    let mut recording = begun();
    work(&mut recording, 100, 24, |_| false);
    recording
}

pub(crate) fn report(recording: &Scenario) -> Report {
    report_by(recording, Some(&Build::usual()))
}

pub(crate) fn report_by(recording: &Scenario, build: Option<&Build>) -> Report {
    report_of(&recording.openocd(), build)
}

/// Two cores, in a file of OpenOCD's: what the first allocates, it frees; the second leaks, and all of its packets stand in the file
/// behind those of the first: there, too.
pub(crate) fn second_core_leaks() -> (Vec<u8>, usize) {
    let mut recording = begun();
    for round in 0..100 {
        let block = BLOCKS + 0x1000 + 0x100 * round;
        recording.on(0).after(4000);
        recording.allocate(block, 32, &[PARSE, MAIN]).after(2000);
        recording.free(block, &[PARSE, MAIN]);
        recording.on(1).after(4000);
        recording.allocate(block + 0x80, 24, &[POLL, MAIN]);
    }
    let joined = recording.joined();
    let header = recording.openocd().len() - recording.plain().len();
    let [_, second] = recording.openocd_by_core();
    let start = joined.len() - (second.len() - header);
    (joined, start)
}

pub(crate) fn report_of(bytes: &[u8], build: Option<&Build>) -> Report {
    let mut analysis = Analysis::new(&Layout::of(&[bytes]), KeepAll);
    let Ok(_) = analysis.run(&[bytes][..]);
    let outcome = analysis.outcome();
    let mut symbolizer = Symbolizer::new(build.map(|build| build as &dyn FrameSource));
    Report::new(&outcome, &mut symbolizer, &["heap.svdat".to_owned()])
}
