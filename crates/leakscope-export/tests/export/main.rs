//! Exports, judged by their sums and by the programs that they are for.
//!
//! - [`made`]: made-up recordings, and what is exported of them.
//! - [`protobuf`]: a reader of messages that knows no format.
//! - [`totals`]: whatever happens, the sums are those of the report.
//! - [`golden`]: one recording in each format, as files to be read.
//! - [`heaps`]: several heaps.
//! - [`hostile`]: names that would be something else in a format.
//! - [`selection`]: parts of a recording.
//! - [`heaptrack_files`]: files of heaptrack's that are read.
//! - [`foreign`]: the programs that the formats are for read the same.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod foreign;
mod golden;
mod heaps;
mod heaptrack_files;
mod hostile;
mod made;
mod profiles;
mod protobuf;
mod selection;
mod totals;
