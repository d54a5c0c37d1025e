//! The heap's level in columns.

use serde::Serialize;

use super::columns::Grid;
use crate::index::levels::{Bin, Levels};
use crate::query::Window;

/// Live bytes, blocks and counts, by column: of the whole heap, or of a call site's blocks.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Heap {
    from: u64,
    to: u64,
    width: u64,
    min: Vec<u64>,
    max: Vec<u64>,
    last: Vec<u64>,
    blocks: Vec<u64>,
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
            last: bins.iter().map(|bin| bin.last.bytes).collect(),
            blocks: bins.iter().map(|bin| bin.last.blocks).collect(),
            allocations: bins.iter().map(|bin| bin.allocations).collect(),
            frees: bins.iter().map(|bin| bin.frees).collect(),
            allocated_bytes: bins.iter().map(|bin| bin.allocated_bytes).collect(),
            failed: bins.iter().map(|bin| bin.failed).collect(),
        }
    }
}

/// The columns of a window, from what is kept in bins: at most so many, each of as many whole bins as the others; and the
/// window that they are of, for the first and the last bin may reach beyond the one that was asked for.
pub(crate) fn from_levels(levels: &Levels, window: Window, width: u64) -> (Window, Vec<Bin>) {
    let first = window.from >> levels.shift;
    let bins = ((window.to - 1) >> levels.shift) + 1 - first;
    let each = bins.div_ceil(width);
    let columns = bins.div_ceil(each);
    let window = Window {
        from: first << levels.shift,
        to: (first + columns * each) << levels.shift,
    };
    let mut grid = Grid::new(window, columns);
    for (begin, bin) in levels.within(window.from, window.to) {
        grid.join(begin, &bin);
    }
    (window, grid.filled(levels.before(window.from)))
}
