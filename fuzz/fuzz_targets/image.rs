//! Reads arbitrary bytes as an image of memory.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| leakscope_fuzz::memory::image(bytes));
