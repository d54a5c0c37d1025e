//! What can be typed after `leakscope gdbinit`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Write a file that makes GDB record, without leakscope.
///
/// Use it as `gdb -x FILE`: it connects, sets breakpoints where the recording begins and ends, and writes the trace
/// in between.
#[derive(Debug, Args)]
pub(crate) struct Gdbinit {
    /// The program's ELF file.
    #[arg(long, value_name = "FILE")]
    pub(crate) elf: PathBuf,
    /// What the program runs on [default: what the ELF file says].
    #[arg(long, value_enum)]
    pub(crate) target: Option<GdbTarget>,
    /// Where GDB finds the debug server.
    #[arg(long, value_name = "HOST:PORT", default_value = "localhost:3333")]
    pub(crate) gdb: String,
    /// The recording that GDB makes.
    #[arg(short, long, value_name = "FILE", default_value = "heap.svdat")]
    pub(crate) output: PathBuf,
    /// Begin at this function [default: heap_trace_start, or at once if an RTT program has none].
    #[arg(long, value_name = "SYMBOL|ADDRESS")]
    pub(crate) start: Option<String>,
    /// End at this function [default: heap_trace_stop, or Ctrl-C if an RTT program has none].
    #[arg(long, value_name = "SYMBOL|ADDRESS")]
    pub(crate) stop: Option<String>,
}

/// What takes the trace out of the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum GdbTarget {
    /// ESP chips: Espressif's OpenOCD.
    #[value(
        name = "esp",
        aliases = [
            "esp32", "esp32s2", "esp32s3", "esp32c2", "esp32c3", "esp32c5", "esp32c6", "esp32c61", "esp32h2",
            "esp32h4", "esp32p4"
        ]
    )]
    Espressif,
    /// Any other with RTT: GDB itself, out of memory.
    Rtt,
}
