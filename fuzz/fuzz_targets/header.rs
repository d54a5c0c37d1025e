//! Reads arbitrary bytes as a header, and looks for a start behind it.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| leakscope_fuzz::systemview::header(bytes));
