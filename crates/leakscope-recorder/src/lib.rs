//! The device's side of leakscope: it records what a program allocates and frees, and who asked for it.
//!
//! There are two modes, and they record the same things. **Host-based**: every event becomes a packet of
//! SEGGER SystemView, which a host reads while the program runs ([`stream`]). **Standalone**: the device
//! keeps records in a buffer, and prints them when it is asked ([`standalone`]).
//!
//! ```
//! use leakscope_recorder::Traced;
//! use leakscope_recorder::dialect::Leakscope;
//! use leakscope_recorder::platform::host::HostClock;
//! use leakscope_recorder::stream::{Config, Stream};
//! # use std::alloc::System as Heap;
//!
//! // The recorder: call stacks of 8 frames, a buffer of 8 KiB.
//! static RECORDER: Stream<Leakscope<8>, HostClock, 8192> = Stream::new();
//! leakscope_recorder::global_recorder!(RECORDER);
//!
//! // The allocator, which it watches.
//! #[global_allocator]
//! static HEAP: Traced<Heap> = Traced::new(Heap);
//!
//! fn main() {
//!     RECORDER.init(HostClock::new(), Config::new("doorbell"));
//!     RECORDER.start();
//!     let leaked = Box::leak(Box::new([0; 100]));
//!     // A debug probe reads the buffer through RTT. Or the program sends it, when it has time:
//!     let mut trace = std::io::Cursor::new([0; 8192]);
//!     RECORDER
//!         .drain(0, &mut leakscope_recorder::sink::host::Output(&mut trace))
//!         .expect("there is room");
//!     assert!(trace.position() > 100);
//!     # let _ = leaked;
//! }
//! ```
//!
//! # Where things are
//! | module | what is there |
//! |---|---|
//! | [`Traced`], [`on_alloc`] | between the program and its allocator |
//! | [`stream`] | host-based mode: packets, overflow, the start sequence, the host's commands |
//! | [`dialect`] | the two forms of heap events: leakscope's own and ESP-IDF's (`docs/dialects.md`) |
//! | [`sink`] | where a stream's bytes go: RTT, Espressif's OpenOCD, a UART, semihosting, files and sockets |
//! | [`standalone`] | the record buffer, its policies, and the text that it prints |
//! | [`stack`] | call stacks, and the compiler flags that they need |
//! | [`platform`] | clocks and core numbers |
//! | [`hooks`] | embassy, `rtos-trace`, RTIC, esp-alloc |
//! | [`global_recorder!`] | which of a program's recorders all of these reach |
//! | `log` | the logger of the crate `log` |
//!
//! # Terms
//! - **recorder**: something that takes events; the trait [`Recorder`].
//! - **event**: an allocation, a free, a switch of tasks, an interrupt, a message.
//! - **call stack**: the return addresses that lead to an event, innermost first.
//! - **sink**: what takes a stream's bytes out of its buffer.
//! - **drop**: not to record an event for lack of room. Every drop is counted, and the host is told.
//!
//! # Promises
//! Recording allocates nothing, never blocks unless [asked to](stream::WhenFull), and may be called from
//! interrupts and from every core. What it needs to lock others out is the `critical-section`
//! implementation that the hardware's crate brings. No atomic compare-and-swap is needed, so it runs on
//! Cortex-M0 and RISC-V without the A extension.
//!
//! # Features
//! None is on by default, and without any the crate needs nothing but `core`.
//!
//! | feature | adds |
//! |---|---|
//! | `std` | clocks, sinks and stack bounds of a computer; its lock |
//! | `embassy` | the symbols that embassy-executor's feature `trace` asks for |
//! | `rtos-trace` | an implementation for the crate `rtos-trace` 0.2 |
//! | `log` | a logger for the crate `log` |
//! | `model` | places where tests interleave contexts |
//!
//! C has the same recorder in one file, `integrations/c/leakscope.c`; a test compares the two byte for byte.
//!
//! The oldest Rust that compiles it is 1.85.
#![cfg_attr(not(feature = "std"), no_std)]

mod alloc;
mod config;
pub mod description;
pub mod dialect;
mod event;
mod filter;
mod global;
pub mod hooks;
mod line;
mod locked;
#[cfg(feature = "log")]
pub mod log;
mod packets;
pub mod platform;
pub mod sink;
pub mod stack;
pub mod standalone;
pub mod stream;

pub use alloc::{Traced, on_alloc, on_free, on_realloc, on_realloc_begin};
pub use event::{Block, Recorder, SystemEvent, Task};
pub use global::recorder;
pub use leakscope_systemview::Level;
