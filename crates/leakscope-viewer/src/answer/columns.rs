//! A window cut into columns of equal width.

use crate::index::levels::Bin;
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
    pub(crate) fn at(&mut self, time: u64, level: u64) -> &mut Bin {
        let column = self.column(time);
        self.bins[column].get_or_insert(Bin::at(level))
    }

    /// What was summed up from `begin` to `end` is shown in all columns between; its counts in the first.
    pub(crate) fn spread(&mut self, begin: u64, end: u64, bin: &Bin) {
        let (first, last) = (self.column(begin), self.column(end - 1));
        let counted = *bin;
        let level = Bin {
            min: bin.min,
            max: bin.max,
            last: bin.last,
            ..Bin::default()
        };
        for (place, held) in self.bins[first..=last].iter_mut().enumerate() {
            let next = if place == 0 { &counted } else { &level };
            match held {
                Some(held) => held.join(next),
                None => *held = Some(*next),
            }
        }
    }

    /// All columns; where nothing happened, the level stays. `before` is the level before the first.
    pub(crate) fn filled(self, before: u64) -> Vec<Bin> {
        let mut level = before;
        let filled = self.bins.into_iter().map(|bin| {
            let bin = bin.unwrap_or(Bin::at(level));
            level = bin.last;
            bin
        });
        filled.collect()
    }
}
