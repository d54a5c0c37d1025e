//! Where trace bytes come from. This crate delivers bytes and does not say what they mean.
//!
//! - Recordings that exist: [`open`], [`Input`].
//! - Devices that send while they are recorded: [`source`].
//! - Recordings that are being made: [`recording`].
//!
//! [`open`] turns what the user named into [`Input`]s that can be read at any offset: plain files, files
//! compressed with gzip or zstd, and standard input (`-`). What it had to do beyond opening them is in
//! [`Input::notes`], to be told to the user.
//!
//! ```
//! let folder = tempfile::tempdir()?;
//! let path = folder.path().join("trace.svdat");
//! std::fs::write(&path, b"\0\0\0\0\0\0\0\0\0\0\x0A\x00")?;
//!
//! let mut inputs = leakscope_capture::open(&[path.display().to_string()], None)?;
//! let mut bytes = [0; 4];
//! assert_eq!(inputs[0].read_at(9, &mut bytes)?, 3);
//! assert_eq!(bytes[..3], [0x00, 0x0A, 0x00]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![deny(unsafe_code)]

mod chain;
mod compressed;
pub mod course;
mod error;
pub mod gdb;
mod input;
mod interrupt;
pub mod memory;
pub mod openocd;
mod parts;
mod place;
#[cfg(feature = "probe")]
pub mod probe;
mod receiver;
pub mod recording;
mod remembered;
mod rotated;
pub mod rtt;
pub mod source;

pub use error::OpenError;
pub use input::{Input, Note, cut, open, reads, recording_of_part};
pub use interrupt::Interrupt;
pub use place::{Gone, end_of_links, folder_of, is_same_file};
pub use receiver::{Receiver, TargetEvent};
pub use remembered::{Remembered, Standing};
