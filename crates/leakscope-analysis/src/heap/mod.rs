//! The model of the heap: which blocks live, who allocated them, and how that went over time.
//!
//! Memory grows with live blocks and distinct call stacks, never with the length of the trace.
pub mod allocator;
mod blocks;
mod contexts;
mod gaps;
mod heaps;
mod look;
mod mishap;
mod model;
mod recent;
mod sessions;
mod site;
mod summary;
mod table;
mod watch;

pub use look::KnownBlock;
pub use model::{FoldStack, HeapModel, KeepAll};
pub use watch::Watcher;
