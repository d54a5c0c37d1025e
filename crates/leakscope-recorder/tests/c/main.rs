//! `integrations/c/leakscope.c`: the same recorder as this crate, byte for byte.
//!
//! The same calls go to both, in random sequences, and what they write is compared. What is around them (clock, core, stacks)
//! is the same.
#![cfg(all(unix, not(any(target_arch = "riscv32", target_arch = "riscv64"))))]

mod both;
mod call;
mod calls;
mod compilers;
mod header;
mod host;
mod library;
mod probe;
mod records;
mod shared;
mod stack;
mod stream;
mod tell;

/// How many sequences of calls are tried.
fn cases() -> proptest::test_runner::Config {
    proptest::test_runner::Config {
        cases: std::env::var("PROPTEST_CASES")
            .map_or(200, |cases| cases.parse().expect("a number")),
        failure_persistence: None,
        ..Default::default()
    }
}
