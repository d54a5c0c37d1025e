//! Looks for heap dumps in arbitrary text.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| leakscope_fuzz::analysis::heap_dump(bytes));
