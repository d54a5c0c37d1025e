//! Recordings of a made-up program, of any length, and what a reader finds in them.
//!
//! Two cores take turns at random: of a hundred things that happen, about 35 are switches of tasks, 5
//! interrupts, 5 log messages, the rest allocations and frees with call stacks of 5 frames. Of one call
//! site's blocks, one in twenty is never freed. The same length gives the same bytes, everywhere and always.

mod program;
mod random;
mod stream;

use leakscope_analysis::outcome::Totals;
use leakscope_systemview::Packet;

use program::Program;
use stream::Stream;

/// A recording, and the sums that a right analysis finds in it.
pub(crate) struct SyntheticRecording {
    /// In the form of OpenOCD's one file for two cores.
    pub(crate) bytes: Vec<u8>,
    pub(crate) expected: Totals,
}

/// A recording of at least this many packets besides those that start and stop it.
pub(crate) fn recording(packets: u64) -> SyntheticRecording {
    let mut program = Program::new();
    while program.totals.events < packets {
        program.step();
    }
    finish(program)
}

fn finish(program: Program) -> SyntheticRecording {
    let (mut totals, now) = (program.totals, program.now);
    let mut cores = program.cores;
    for core in &mut cores {
        core.send(now + 1, &Packet::TraceStop);
    }
    totals.copies += 1;
    totals.sessions = 1;
    totals.end = now + 1;
    totals.events = cores.iter().map(Stream::packets).sum();
    let cores = cores.map(Stream::into_bytes);
    totals.bytes = cores.iter().map(|core| core.len() as u64).sum();
    SyntheticRecording {
        bytes: joined(cores),
        expected: totals,
    }
}

/// OpenOCD's header for one file with two cores, and they.
fn joined([mut first, second]: [Vec<u8>; 2]) -> Vec<u8> {
    let header = format!(
        ";\n; Version     SEGGER SystemViewer V3.60\n; Author      Espressif Inc\n\
         ; Offset Core0 0\n; Offset Core1 {}\n;\n",
        first.len()
    );
    first.splice(..0, header.into_bytes());
    first.extend(second);
    first
}
