//! Models of allocators, and what follows from them: what of a heap is free, in how many holes, who splits it, why an allocation
//! failed, and whether one of a given size would.
//!
//! A recording tells where blocks lie, and how many bytes were asked for. What lies between them depends on the allocator: its
//! headers, its rounding, its way to choose among holes. This crate has models of the allocators that devices use, tries each on
//! a recording, and believes the one that predicts most addresses. The share of addresses that it predicted says how good the
//! map is.
//!
//! ```
//! use leakscope_analysis::heap::{Completes, Effect, KnownBlock, SiteId};
//! use leakscope_analysis::outcome::Block;
//! use leakscope_analysis::trace::Context;
//! use leakscope_heap::{HeapMap, Region};
//!
//! // 64 KiB of RAM under FreeRTOS' heap_4, and two blocks, of which the first is freed.
//! let region = Region { range: 0x2000_0000..0x2001_0000, name: None };
//! let mut map = HeapMap::new(&[region], &[], u64::MAX);
//! let block = |address, size, time| {
//!     let block = Block { address, size, time, context: Context::Unknown, core: 0 };
//!     KnownBlock { block, site: SiteId::new(0) }
//! };
//! let (first, second) = (block(0x2000_0008, 100, 1), block(0x2000_0078, 24, 2));
//! for began in [first, second] {
//!     let effect = Effect::Allocation { began, lost: None, completes: Completes::Nothing };
//!     map.observe(began.block.time, &effect);
//! }
//! map.observe(3, &Effect::Free { ended: first });
//! map.finish();
//!
//! let heap = map.best();
//! assert_eq!((heap.allocator().id, heap.predicted(), map.addresses()), ("heap_4", 2, 2));
//! assert_eq!(heap.pools()[0].space().holes(), 2);
//! assert_eq!(heap.pools()[0].place_of(100), Some(0x2000_0008));
//! ```
//!
//! # The tour
//! - [`Allocator`] names the allocators, a file each below `allocator/`; a `Model` is one of them in one region.
//! - [`Space`] is what each byte of a region is; [`Pool`] is a region under one model, which predicts, and is corrected by what the
//!   device did.
//! - [`HeapMap`] has a pool for each region and each allocator, and says which allocator it [best](HeapMap::best) is.
//! - [`History`] keeps levels over time, from which [`Trend`] says whether the heap fragments; [`pins()`] names who splits it;
//!   [`Failure`] says why an allocation failed; [`Check`] is what the target itself said, or an image of its [`Memory`]; [`cells()`] is a region as a picture has it, [`Film`] the same over time.
//!
//! # Terms
//! - **block**: a block of the program, with what the allocator keeps beside its bytes; **hole**: free memory between blocks.
//! - **unknown**: memory in which older blocks may live, or none; the recording does not say.
//! - **largest**: the most bytes that one allocation can get.
#![forbid(unsafe_code)]

mod allocator;
mod cells;
mod failure;
mod film;
mod history;
mod holes;
mod image;
mod map;
mod pins;
mod pool;
mod region;
mod space;
mod told;
mod trend;

pub use allocator::Allocator;
pub use cells::{Cell, cells};
pub use failure::{Failure, Reason};
pub use film::{Columns, Film, Frame};
pub use history::{History, Level};
pub use image::Memory;
pub use map::{Candidate, HeapMap, SURE};
pub use pins::{Pin, pins};
pub use pool::Pool;
pub use region::Region;
pub use space::{Block, Space, What};
pub use told::{Check, Listener, Told};
pub use trend::{Trend, TrendKind};
