//! `integrations/c/leakscope.c`: the same recorder as this crate, byte for byte.
//!
//! The same calls go to both, in random sequences, and what they write is compared. What is around them (clock, core, stacks)
//! is the same.
#![cfg(all(unix, not(any(target_arch = "riscv32", target_arch = "riscv64"))))]

mod call;
mod compilers;
mod header;
mod host;
mod interface;
mod library;
mod records;
mod stack;
mod stream;
