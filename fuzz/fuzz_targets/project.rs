//! Judges an arbitrary build of ESP-IDF's.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| leakscope_fuzz::project::project(bytes));
