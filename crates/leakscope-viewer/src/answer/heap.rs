//! The heap's level in columns.

use serde::Serialize;

use super::columns::Grid;
use crate::index::levels::{Bin, Levels};
use crate::query::Window;

/// Live bytes and counts, by column.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Heap {
    pub(super) from: u64,
    pub(super) to: u64,
    pub(super) width: u64,
    min: Vec<u64>,
    max: Vec<u64>,
    last: Vec<u64>,
    allocations: Vec<u32>,
    frees: Vec<u32>,
    allocated_bytes: Vec<u64>,
    failed: Vec<u32>,
}

impl Heap {
    pub(crate) fn new(window: Window, bins: &[Bin]) -> Self {
        Self {
            from: window.from,
            to: window.to,
            width: bins.len() as u64,
            min: bins.iter().map(|bin| bin.min).collect(),
            max: bins.iter().map(|bin| bin.max).collect(),
            last: bins.iter().map(|bin| bin.last).collect(),
            allocations: bins.iter().map(|bin| bin.allocations).collect(),
            frees: bins.iter().map(|bin| bin.frees).collect(),
            allocated_bytes: bins.iter().map(|bin| bin.allocated_bytes).collect(),
            failed: bins.iter().map(|bin| bin.failed).collect(),
        }
    }
}

/// The columns of a window, from what is kept in bins.
pub(crate) fn from_levels(levels: &Levels, window: Window, width: u64) -> Vec<Bin> {
    let mut grid = Grid::new(window, width);
    let length = 1u64 << levels.shift;
    for (begin, bin) in levels.within(window.from, window.to) {
        let end = (begin + length).min(window.to);
        grid.spread(begin.max(window.from), end, &bin);
    }
    grid.filled(levels.before(window.from))
}
