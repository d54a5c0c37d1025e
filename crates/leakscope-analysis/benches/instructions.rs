//! How many instructions an event costs, counted by Valgrind: the gate against regressions.
//!
//! A count is the same on a busy machine and on an idle one. It is nearly the same on all machines of one
//! architecture: what differs is how glibc copies memory, which depends on the processor. Of that, the
//! copying instruction that Valgrind counts byte by byte is switched off, and the filling one; the rest was seen to make less
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
            "glibc.cpu.x86_rep_movsb_threshold=1000000000:glibc.cpu.x86_rep_stosb_threshold=1000000000",
        );
    config
}

fn recording() -> SyntheticRecording {
    let recording = synthetic::recording(PACKETS);
    assert_eq!(work::analysis(&recording.bytes).totals, recording.expected);
    recording
}

#[library_benchmark(setup = recording, config = costs(196.1))]
fn floor(recording: SyntheticRecording) -> usize {
    work::floor(&recording.bytes)
}

#[library_benchmark(setup = recording, config = costs(150.3))]
fn packets(recording: SyntheticRecording) -> u64 {
    work::packets(&recording.bytes)
}

#[library_benchmark(setup = recording, config = costs(373.0))]
fn events(recording: SyntheticRecording) -> u64 {
    work::events(&recording.bytes)
}

#[library_benchmark(setup = recording, config = costs(403.0))]
fn analysis(recording: SyntheticRecording) -> Outcome {
    work::analysis(&recording.bytes)
}

/// What is no recording, behind one: noise, zeros, ones, text, as many bytes as the others have packets. What a byte of
/// it costs is what a packet costs elsewhere.
fn garbage() -> Vec<u8> {
    let mut bytes = synthetic::recording(2000).bytes;
    let mut random = 1_u64;
    let quarter = PACKETS as usize / 4;
    for kind in 0..4 {
        for at in 0..quarter {
            random = random.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(1);
            bytes.push(match kind {
                0 => (random >> 56) as u8,
                1 => 0,
                2 => 0xFF,
                _ => b"nothing of this is a packet "[at % 28],
            });
        }
    }
    bytes
}

#[library_benchmark(setup = garbage, config = costs(159.5))]
fn doubt(bytes: Vec<u8>) -> u64 {
    work::events(&bytes)
}

library_benchmark_group!(
    name = chain,
    benchmarks = [floor, packets, events, analysis, doubt]
);
main!(library_benchmark_groups = chain);
