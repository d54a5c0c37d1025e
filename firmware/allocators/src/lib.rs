//! The recorder at each of the allocators that Rust programs for microcontrollers use. A file is what a program with that
//! allocator needs; docs/rust.md has the rest of `main`.
#![no_std]

#[cfg(feature = "embedded-alloc")]
pub mod embedded_alloc;
#[cfg(feature = "esp-alloc")]
mod esp_alloc;
#[cfg(feature = "linked-list-allocator")]
pub mod linked_list_allocator;
#[cfg(feature = "talc")]
pub mod talc;

use leakscope_recorder::dialect::Leakscope;
use leakscope_recorder::platform::Silent;
use leakscope_recorder::stream::Stream;

// `Silent` has no clock: yours is a counter of the chip.
static RECORDER: Stream<Leakscope<10>, Silent> = Stream::new();
leakscope_recorder::global_recorder!(RECORDER);

/// How much memory the heap has.
#[cfg(not(feature = "esp-alloc"))]
const SIZE: usize = 16 * 1024;
/// The heap's memory.
#[cfg(not(feature = "esp-alloc"))]
static mut MEMORY: [u8; SIZE] = [0; SIZE];
