//! What the tests of several crates share.
//!
//! - [`Scenario`](scenario::Scenario) writes recordings, packet by packet.
//! - [`device`] is a board to be recorded: the real recorder at the far end of a link.
//! - [`filtered`] is one that is told to leave blocks out.
//! - [`program`] makes recordings of a program to which everything happens.
//! - [`moving`] makes recordings of a program that reallocates, and is interrupted in it.
//! - [`espressif`] reads recordings as Espressif's script does.
//! - [`needs`] is what tests need and may not find: tools, and the recordings of real boards.
#![allow(clippy::missing_panics_doc, reason = "a panic is how a test fails")]
#![allow(
    missing_docs,
    reason = "a method that is named as its packet says as much"
)]

pub mod device;
pub mod espressif;
pub mod filtered;
pub mod moving;
pub mod needs;
pub mod program;
pub mod scenario;

use std::path::{Path, PathBuf};

/// The program in this page is compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/rust.md")]
pub struct RustPage;

/// The folder of the project.
pub fn project() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    folder.canonicalize().expect("the project's own folder")
}
