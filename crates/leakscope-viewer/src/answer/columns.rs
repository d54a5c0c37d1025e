//! A window cut into columns of equal width.

use crate::index::levels::Bin;
use crate::index::live::Live;
use crate::query::Window;

/// A window and its columns.
#[derive(Clone, Debug)]
pub(crate) struct Grid {
    pub(crate) window: Window,
    pub(crate) width: u64,
    bins: Vec<Option<Bin>>,
}

impl Grid {
    pub(crate) fn new(window: Window, width: u64) -> Self {
        Self {
            window,
            width,
            bins: vec![None; width as usize],
        }
    }

    /// The column that a moment of the window stands in.
    pub(crate) fn column(&self, time: u64) -> usize {
        let Window { from, to } = self.window;
        let since = u128::from(time.clamp(from, to - 1) - from);
        (since * u128::from(self.width) / u128::from(to - from)) as usize
    }

    /// The bin of a moment; `level` is the heap's before it.
    pub(crate) fn at(&mut self, time: u64, level: Live) -> &mut Bin {
        let column = self.column(time);
        self.bins[column].get_or_insert(Bin::at(level))
    }

    /// What was summed up from `begin` on belongs to its column.
    pub(crate) fn join(&mut self, begin: u64, bin: &Bin) {
        let column = self.column(begin);
        match &mut self.bins[column] {
            Some(held) => held.join(bin),
            held => *held = Some(*bin),
        }
    }

    /// All columns; where nothing happened, the level stays. `before` is the level before the first.
    pub(crate) fn filled(self, before: Live) -> Vec<Bin> {
        let mut level = before;
        let filled = self.bins.into_iter().map(|bin| {
            let bin = bin.unwrap_or(Bin::at(level));
            level = bin.last;
            bin
        });
        filled.collect()
    }
}
