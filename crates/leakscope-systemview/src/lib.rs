//! The packets of SEGGER SystemView: bytes in, values out, and back.
//!
//! A recording is an optional text [`Header`], ten zero bytes ([`sync::SYNC`]), then packets:
//! `id [length] payload delta`, without delimiters, checksums or absolute times. This crate cuts
//! bytes into [`Frame`]s, gives frames their meaning as [`Packet`]s, and writes packets. It does no
//! more than that: it keeps no state between packets, allocates nothing, depends on nothing, and never
//! panics, for any bytes. Its callers find out what ran, what time it was and what the heap looked
//! like. [`wire_format`] says what readers must know, and where it is known from.
//!
//! ```
//! use leakscope_systemview::{Frame, Packet};
//!
//! // "task 0x60 starts to execute", 300 ticks after the packet before.
//! let bytes = [0x04, 0x60, 0xAC, 0x02];
//! let frame = Frame::split(&bytes)?;
//! assert_eq!((frame.id, frame.delta, frame.length), (4, 300, 4));
//! assert_eq!(Packet::parse(&frame)?, Packet::TaskStartExec { task: 0x60 });
//!
//! // The same packet, written.
//! let mut buffer = [0; 16];
//! let written = Packet::TaskStartExec { task: 0x60 }.encode(300, &mut buffer)?;
//! assert_eq!(buffer[..written], bytes);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Terms
//! - **id**: what kind of packet; below 24 without a length, so that its layout must be known
//!   ([`id`]); from 512 on, events of modules.
//! - **delta**: ticks since the packet stored before it. The tick rate is in [`Packet::Init`].
//! - **shrunk id**: tasks, timers and resources are addresses sent as `(address - base) >> shift`
//!   ([`Init::shrink`], [`Init::expand`]).
//! - **core bit**: on the link from an ESP chip, bit 6 of the id says which core spoke
//!   ([`Frame::split_with_core_bit`]).
#![no_std]
#![forbid(unsafe_code)]
#![deny(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::string_slice
)]

mod encode;
mod error;
mod extended;
mod frame;
mod header;
pub mod id;
mod packet;
mod print;
mod printf;
pub mod sync;
mod sysdesc;
mod text;
pub mod varint;

#[doc = include_str!("../wire-format.md")]
pub mod wire_format {}

pub use encode::Writer;
pub use error::{BufferTooSmall, FrameError, Malformed};
pub use extended::{DataKind, Extended, RegisterData};
pub use frame::{Frame, MAX_PAYLOAD, Shape, WINDOW, fields_without_length};
pub use header::{Header, HeaderLine};
pub use packet::{Init, Packet};
pub use print::{Arguments, Level, Print};
pub use printf::{Printf, PrintfInElf};
pub use sysdesc::{SystemDescription, SystemItem};
pub use text::Text;
