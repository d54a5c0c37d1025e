//! Reads arbitrary bytes as a file of heaptrack's.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| leakscope_fuzz::export::heaptrack(bytes));
