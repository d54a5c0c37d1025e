//! Analyses a recording that arbitrary damage has hit.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| leakscope_fuzz::analysis::damage(bytes));
