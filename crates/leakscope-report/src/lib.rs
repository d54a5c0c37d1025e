//! Findings and frames, written for people and for programs.
//!
//! The analysis answers with plain data ([`Outcome`](leakscope_analysis::outcome::Outcome)): ticks, bytes
//! and addresses. This crate puts them in words.
//!
//! # The tour
//! - [`text`] writes the report that a person reads, [json] the one that a program reads; its fields
//!   are documented in `docs/report-json.md`.
//! - [`events`] and [`log`] write single events and log messages as rows of text, JSON or CSV, as they
//!   come; [`filter`] chooses among them.
//! - [`Symbolizer`] turns return addresses into frames, with the allocator's own folded away.
//! - [`allocator`] lists functions that are the allocator's own; [`program`] says which frames are the allocator's, and whether the ELF file is the right one;
//!   [`Decorated`] names frames without one, from what a monitor has written.
//! - [`units`] is the only place where ticks and bytes become words.
//! - [`sanitise`] makes text from a device fit for a terminal.
//!
//! # Terms
//! - **call site**: a distinct call stack that allocates.
//! - **outstanding**: not freed when its session ended; a fact.
//! - **leak**: a verdict on a call site, with its reason.
pub mod advice;
pub mod allocator;
mod conclusion;
mod decorated;
pub mod events;
pub mod filter;
pub mod json;
pub mod log;
pub mod naming;
pub mod program;
mod sanitise;
mod symbolizer;
pub mod text;
pub mod units;
pub mod words;

pub use conclusion::Conclusion;
pub use decorated::Decorated;
pub use sanitise::sanitise;
pub use symbolizer::{FrameSource, NamedFrame, Stack, Symbolizer};
