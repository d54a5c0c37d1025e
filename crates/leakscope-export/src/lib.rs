//! Recordings as other profilers read them: a file a format.
//!
//! A recording is read twice. The first time gives the report, with names of functions and verdicts ([`Facts`]); the
//! second time, a format is told in order of time what happened ([`Sink`]), and writes it; where allocations failed, it is read
//! between for which frees were none (`undone`). Nothing here parses a recording, and no format keeps more of it than what lives,
//! and its call sites.
//!
//! # The tour
//! - [`Format`] lists the formats; [`Format::begin`] begins one, [`export`] tells it of a recording.
//! - [`Selection`] is the part that is exported. `lives` makes of what each event did to the heap
//!   ([`Effect`](leakscope_analysis::heap::Effect)) the lives of blocks, which begin once and end once.
//! - [`tables`] writes rows of any columns: those of a recording, and those of a fleet.
//! - `sums` adds these up for the formats that have no times: [`pprof`](Format::Pprof), [`folded`](Format::Folded).
//!
//! Each says only what it can say truly. What a format has no words for is named when it is finished.
#![forbid(unsafe_code)]

mod export;
mod facts;
mod folded;
mod format;
mod heaptrack;
mod lives;
mod output;
mod perfetto;
mod pprof;
mod protobuf;
mod selection;
mod sink;
mod sums;
pub mod tables;
mod undone;
mod value;

pub use export::{ExportError, export};
pub use facts::Facts;
pub use format::{Format, Options};
pub use heaptrack::{Heaptrack, HeaptrackError};
pub use lives::{Change, What};
pub use output::Output;
pub use pprof::{Profile, ProfileError};
pub use selection::Selection;
pub use sink::{Effected, Several, Sink};
pub use tables::Table;
pub use value::Value;
