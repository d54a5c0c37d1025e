//! Formats arbitrary arguments by an arbitrary format.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| leakscope_fuzz::systemview::printf(bytes));
