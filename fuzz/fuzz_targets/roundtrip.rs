//! Writes each packet that arbitrary bytes hold, and reads it back.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| leakscope_fuzz::systemview::roundtrip(bytes));
