//! Takes arbitrary bytes from a GDB server.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| leakscope_fuzz::capture::gdb(bytes));
