//! Reads arbitrary bytes as a saved report, and shows it.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| leakscope_fuzz::report::saved_report(bytes));
