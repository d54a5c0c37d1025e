//! The recorder, through its public interface: what it does is read back by the host's decoder.

#![allow(clippy::print_stdout, reason = "tests say what they measured")]

mod alloc;
mod apptrace;
mod bytes;
mod commands;
mod dump;
mod espressif;
mod filters;
mod hooks;
mod host;
mod loss;
mod nested;
mod overflow;
mod ratio;
mod records;
mod roundtrip;
mod rtt;
mod scans;
mod scheduler;
mod silence;
mod sinks;
mod stacks;
mod start;
mod threads;
