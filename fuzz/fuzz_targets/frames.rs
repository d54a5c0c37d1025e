//! Cuts arbitrary bytes into packets, in both framings.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| leakscope_fuzz::systemview::frames(bytes));
