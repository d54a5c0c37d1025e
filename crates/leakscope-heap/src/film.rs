//! A heap's map over time: each region at the end of each column of a window, for pictures.

use leakscope_analysis::heap::Effect;
use leakscope_analysis::trace::Event;

use crate::cells::{Cell, cells};
use crate::history::Level;
use crate::map::HeapMap;
use crate::pool::Pool;
use crate::told::Told;

/// How time is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Columns {
    /// Where the first column begins, in ticks.
    pub from: u64,
    /// The ticks of a column, at least one.
    pub ticks: u64,
    /// If there would be more columns than this, at least two, they are joined in pairs.
    pub most: usize,
}

/// A region at the end of a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The region in rows, from its first byte on.
    pub cells: Vec<Cell>,
    /// How it was. The time is that of the last event.
    pub level: Level,
    /// The least that was free in the column.
    pub least_free: u64,
    /// The least that one allocation could have got in the column.
    pub least_largest: u64,
}

/// A map, and how it was.
#[derive(Debug)]
pub struct Film {
    map: HeapMap,
    columns: Columns,
    row_bytes: u64,
    /// By column those of all regions.
    frames: Vec<Vec<Frame>>,
    /// By region the least that was free, and could be had, in the column under way.
    least: Vec<(u64, u64)>,
}

impl Film {
    /// Of a map that was told nothing yet. A row has so many bytes of a region, at least one, or a few less.
    pub fn new(map: HeapMap, columns: Columns, row_bytes: u64) -> Self {
        let mut film = Self {
            map,
            columns,
            row_bytes,
            frames: Vec::new(),
            least: Vec::new(),
        };
        film.least = film.levels();
        film
    }

    /// Takes into account what an event did.
    pub fn observe(&mut self, time: u64, effect: &Effect) {
        self.take(time, effect, |map| map.observe(time, effect));
    }

    /// As [`HeapMap::observe_event`].
    pub fn observe_event(&mut self, event: &Event<'_>, effect: &Effect) {
        self.take(event.time, effect, |map| map.observe_event(event, effect));
    }

    fn take(&mut self, time: u64, effect: &Effect, tell: impl FnOnce(&mut HeapMap)) {
        self.map.settle_before(effect);
        self.pass(time);
        tell(&mut self.map);
        if time >= self.columns.from {
            self.lower();
        }
    }

    /// Time passes up to a moment, and nothing happens.
    pub fn pass(&mut self, time: u64) {
        if self.map.end() < self.columns.from {
            self.least = self.levels();
        } else {
            self.lower();
        }
        let Some(since) = time.checked_sub(self.columns.from) else {
            return;
        };
        while since / self.columns.ticks >= self.columns.most as u64 {
            self.join();
        }
        while (self.frames.len() as u64) < since / self.columns.ticks {
            self.frames.push(self.current());
            self.least = self.levels();
        }
    }

    /// Compares with what the target says of its heap.
    pub fn told(&mut self, time: u64, told: Told) {
        self.map.told(time, told);
    }

    /// Nothing more comes.
    pub fn finish(&mut self) {
        self.map.finish();
        self.lower();
    }

    /// The map as it is now.
    pub fn map(&self) -> &HeapMap {
        &self.map
    }

    /// How time is cut by now.
    pub fn columns(&self) -> Columns {
        self.columns
    }

    /// The columns that are over, each with all regions in the order of the map's.
    pub fn frames(&self) -> &[Vec<Frame>] {
        &self.frames
    }

    /// The column under way, as the regions are now.
    pub fn current(&self) -> Vec<Frame> {
        let pools = self.map.best().pools().iter().zip(&self.least);
        pools
            .map(|(pool, &(least_free, least_largest))| {
                let region = &pool.region().range;
                let rows = (region.end - region.start).div_ceil(self.row_bytes);
                Frame {
                    cells: cells(pool, rows),
                    level: Level::of(pool, self.map.end()),
                    least_free,
                    least_largest,
                }
            })
            .collect()
    }

    fn levels(&self) -> Vec<(u64, u64)> {
        let of = |pool: &Pool| (pool.space().free_bytes(), pool.largest_request());
        self.map.best().pools().iter().map(of).collect()
    }

    fn lower(&mut self) {
        let pools = self.map.best().pools().iter();
        for (pool, (free, largest)) in pools.zip(&mut self.least) {
            *free = pool.space().free_bytes().min(*free);
            *largest = pool.largest_request().min(*largest);
        }
    }

    fn join(&mut self) {
        self.columns.ticks = self.columns.ticks.saturating_mul(2);
        // The first half of the column under way.
        let half = if self.frames.len().is_multiple_of(2) {
            None
        } else {
            self.frames.pop()
        };
        for (frame, (free, largest)) in half.iter().flatten().zip(&mut self.least) {
            *free = frame.least_free.min(*free);
            *largest = frame.least_largest.min(*largest);
        }
        let mut frames = std::mem::take(&mut self.frames).into_iter();
        while let (Some(first), Some(mut second)) = (frames.next(), frames.next()) {
            for (first, second) in first.into_iter().zip(&mut second) {
                second.least_free = first.least_free.min(second.least_free);
                second.least_largest = first.least_largest.min(second.least_largest);
            }
            self.frames.push(second);
        }
    }
}
