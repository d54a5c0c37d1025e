//! A window cut into columns of equal width.

use crate::index::levels::Bin;
use crate::index::live::Live;
use crate::query::Window;

/// The most columns that are made of a curve's stretches.
const COLUMNS: u64 = 512;

/// A window in whole columns, and how long one is: as a stretch of a curve, or longer where those are short. They are where all that
/// is in the curve happened at the begin of a long trace.
pub(crate) fn of_stretches(window: Window, stretch: u64) -> (Window, u64) {
    let mut column = stretch;
    while (window.to - window.from) / column >= COLUMNS - 1 {
        column *= 2;
    }
    let columns = Window {
        from: window.from / column * column,
        to: window.to.next_multiple_of(column),
    };
    (columns, column)
}

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
