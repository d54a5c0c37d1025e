//! Findings and frames, written for people and for programs.
//!
//! The analysis answers with plain data ([`Outcome`](leakscope_analysis::outcome::Outcome)): ticks, bytes
//! and addresses. This crate puts them in words.
//!
//! # The tour
//! - [`document`] is the report as data, [`Report`]: call sites with functions' names, verdicts and standings,
//!   totals, and a headline. It is built once; everything that is shown is read from it, and nothing is worked
//!   out again. [`policy`] says what counts as a leak, [`identity`] what a call site is called in every build.
//! - [`memory`] brings the blocks of a recording to an image of memory: who holds them, and what that makes of a finding.
//! - [`heap_map`] says what lies where in a recording's heap, whether it fragments, and why an allocation failed.
//! - [`text`] writes it for a person, [json] for a program, and reads that back; the fields are documented
//!   in `docs/report-json.md`.
//! - [`events`] and [`log`] write single events and log messages as rows of text, JSON or CSV, as they
//!   come; [`filter`] chooses among them.
//! - [`Symbolizer`] turns return addresses into frames, with the allocator's own folded away.
//! - [`ProgramUnwinder`] finds call stacks in what a device has sent of its stacks.
//! - [`allocator`] lists functions that are the allocator's own; [`program`] says which frames are the
//!   allocator's, and whether the ELF file is the right one; [`Decorated`] names frames without one, from what
//!   a monitor has written.
//! - [`units`] is the only place where ticks and bytes become words.
//! - [`html`] is what pages without scripts have in common.
//! - [`sanitise`] makes text from a device fit for a terminal.
//!
//! # Terms
//! - **call site**: a distinct call stack that allocates.
//! - **outstanding**: not freed when its session ended; a fact.
//! - **leak**: a verdict on a call site, with its reason.
mod advice;
pub mod allocator;
mod conclusion;
mod decorated;
pub mod document;
pub mod events;
pub mod filter;
pub mod heap_map;
pub mod html;
pub mod identity;
pub mod json;
pub mod log;
pub mod memory;
pub mod naming;
pub mod policy;
pub mod program;
mod sanitise;
mod sentences;
mod symbolizer;
pub mod text;
pub mod units;
mod unrecorded;
mod unwinder;
mod words;

pub use conclusion::Conclusion;
pub use decorated::Decorated;
pub use document::Report;
pub use policy::{Standing, can_be_leak};
pub use sanitise::sanitise;
pub use symbolizer::{FrameSource, NamedFrame, Stack, Symbolizer, without_allocator};
pub use unrecorded::{FILTERED, unrecorded};
pub use unwinder::ProgramUnwinder;
