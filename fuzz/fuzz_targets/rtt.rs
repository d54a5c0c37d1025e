//! Reads arbitrary memory as a target's with RTT.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| leakscope_fuzz::capture::rtt(bytes));
