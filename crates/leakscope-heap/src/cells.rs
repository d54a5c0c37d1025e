//! A region as a row of cells, for pictures: how much of each is free, and whose blocks are most of the rest.

use std::collections::BTreeMap;

use leakscope_analysis::heap::SiteId;

use crate::pool::Pool;
use crate::space::What;

/// A stretch of memory in a picture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// Its bytes. The cells of a region differ by one byte at most.
    pub bytes: u64,
    /// Bytes of holes.
    pub free: u64,
    /// Bytes that may be in use since before the recording, or are the allocator's own.
    pub unknown: u64,
    /// The call site with the most bytes; of several the first one.
    pub site: Option<SiteId>,
    /// When the oldest block was allocated, in ticks.
    pub oldest: Option<u64>,
}

/// The region in `columns` cells, from its first byte to its last; fewer if it has fewer bytes.
pub fn cells(pool: &Pool, columns: u64) -> Vec<Cell> {
    let region = &pool.region().range;
    let length = region.end.saturating_sub(region.start);
    let columns = columns.min(length);
    let border = |column: u64| {
        let offset = u128::from(length) * u128::from(column) / u128::from(columns.max(1));
        region.start + offset as u64
    };
    let mut pieces = pool.space().pieces().peekable();
    let cells = (0..columns).map(|column| {
        let (start, end) = (border(column), border(column + 1));
        let mut sites: BTreeMap<SiteId, u64> = BTreeMap::new();
        let mut cell = Cell {
            bytes: end - start,
            ..Cell::default()
        };
        let mut used = 0;
        while let Some((range, what)) = pieces.peek().filter(|(range, _)| range.start < end) {
            let bytes = range.end.min(end).saturating_sub(range.start.max(start));
            match what {
                What::Hole => cell.free += bytes,
                What::Unknown => {}
                What::Block(block) => {
                    used += bytes;
                    *sites.entry(block.site).or_default() += bytes;
                    cell.oldest = Some(cell.oldest.map_or(block.time, |time| time.min(block.time)));
                }
            }
            if range.end > end {
                break;
            }
            pieces.next();
        }
        cell.unknown = cell.bytes - cell.free - used;
        let most = sites.into_iter().rev().max_by_key(|(_, bytes)| *bytes);
        cell.site = most.map(|(site, _)| site);
        cell
    });
    cells.collect()
}
