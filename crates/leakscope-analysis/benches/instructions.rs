//! How many instructions an event costs, counted by Valgrind: the gate against regressions.
//!
//! A count is the same on a busy machine and on an idle one. It is nearly the same on all machines of one
//! architecture: what differs is how glibc copies memory, which depends on the processor. Of that, the
//! copying instruction that Valgrind counts byte by byte is switched off; the rest was seen to make less
//! than 1 % of difference.
//!
//! A bench fails if an event costs 5 % more than it says here. If you make the code faster, lower the
//! number. `CONTRIBUTING.md` says how to run it.
#![allow(missing_docs, reason = "of what the macros make")]

use gungraun::{
    Callgrind, EventKind, LibraryBenchmarkConfig, library_benchmark, library_benchmark_group, main,
};
use leakscope_analysis::outcome::Outcome;
use synthetic::SyntheticRecording;

mod synthetic;
mod work;

/// Enough that what each recording costs once weighs little.
const PACKETS: u64 = 100_000;

/// Instructions that an event costs; 5 % more is an error.
fn costs(instructions_per_packet: f64) -> LibraryBenchmarkConfig {
    let limit = PACKETS as f64 * instructions_per_packet * 1.05;
    let mut config = LibraryBenchmarkConfig::default();
    config
        .tool(Callgrind::default().hard_limits([(EventKind::Ir, limit as u64)]))
        .env(
            "GLIBC_TUNABLES",
            "glibc.cpu.x86_rep_movsb_threshold=1000000000",
        );
    config
}

fn recording() -> SyntheticRecording {
    let recording = synthetic::recording(PACKETS);
    assert_eq!(work::analysis(&recording.bytes).totals, recording.expected);
    recording
}

#[library_benchmark(setup = recording, config = costs(196.3))]
fn floor(recording: SyntheticRecording) -> usize {
    work::floor(&recording.bytes)
}

#[library_benchmark(setup = recording, config = costs(151.4))]
fn packets(recording: SyntheticRecording) -> u64 {
    work::packets(&recording.bytes)
}

#[library_benchmark(setup = recording, config = costs(421.6))]
fn events(recording: SyntheticRecording) -> u64 {
    work::events(&recording.bytes)
}

#[library_benchmark(setup = recording, config = costs(442.2))]
fn analysis(recording: SyntheticRecording) -> Outcome {
    work::analysis(&recording.bytes)
}

library_benchmark_group!(
    name = chain,
    benchmarks = [floor, packets, events, analysis]
);
main!(library_benchmark_groups = chain);
