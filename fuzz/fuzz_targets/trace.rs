//! Analyses arbitrary bytes as a recording.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| leakscope_fuzz::analysis::trace(bytes));
