//! The model of the heap: which blocks live, who allocated them, and how that went over time.
//!
//! [`HeapModel::observe`] says of each event what it did, as an [`Effect`]; who reads many events at once
//! is told as a [`Watcher`]. Memory grows with live blocks and distinct call stacks, never with the length of
//! the trace.
mod acquittal;
mod allocation;
mod blocks;
mod carried;
mod contexts;
mod cycle_count;
mod doubtful;
mod early;
mod effect;
mod floors;
mod fold;
mod free;
mod gaps;
mod heaps;
mod hidden;
mod keys;
mod left_alone;
mod look;
mod mishap;
mod mistaken;
mod model;
mod moment;
mod moving;
mod older;
mod overlap;
mod paused;
mod pieces;
mod recent;
mod releases;
mod sessions;
mod site;
mod site_id;
mod site_record;
mod summary;
mod table;
mod unreturned;
mod unseen;
mod watch;

pub use effect::{Completes, Effect, KnownBlock, UnknownFree};
pub use fold::{FoldStack, KeepAll};
pub use model::HeapModel;
pub use site_id::SiteId;
pub use watch::Watcher;
