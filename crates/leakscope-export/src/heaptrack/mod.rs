//! heaptrack's interpreted file: lines of a letter and numbers in hexadecimal, of which some define strings, addresses,
//! stacks and kinds of allocations, and others use them by number.
//!
//! A block that is freed is named by its size and stack, not by its address.
mod read;
mod write;

pub use read::{Heaptrack, HeaptrackError};
pub(crate) use write::Writer;
