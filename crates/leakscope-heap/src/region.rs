//! Where a heap's memory is.

use std::ops::Range;

/// Memory that one allocator has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    /// From its first byte to behind its last.
    pub range: Range<u64>,
    /// What it is called, by whoever told of it; may be hostile.
    pub name: Option<String>,
}
