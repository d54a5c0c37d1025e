//! How many words look like pointers to blocks by chance.
//!
//! Numbers are not spread evenly: on chips whose RAM lies at 0x3FC00000 each float between 1.5 and 2 looks like a pointer
//! to it. So it is measured: the same words are looked up among the same blocks, moved to the nearest addresses where no memory is.

use super::blocks::BlockMap;
use crate::image::Image;

/// Counts the words that point at moved blocks.
#[derive(Clone, Debug)]
pub(super) struct Chance<'m> {
    map: &'m BlockMap,
    /// Where the blocks are moved to: up, and down; none if there is no room.
    starts: Vec<u64>,
    hits: u64,
}

impl<'m> Chance<'m> {
    pub(super) fn new(image: &Image, map: &'m BlockMap) -> Self {
        let hull = map.hull();
        let size = hull.end - hull.start;
        let segments: Vec<_> = image.segments().map(|(range, _)| range).collect();
        let highest = if image.words.is_64_bit {
            u64::MAX
        } else {
            u32::MAX.into()
        };
        let mut above = hull.end;
        for segment in &segments {
            if segment.end > above && segment.start < above.saturating_add(size) {
                above = segment.end;
            }
        }
        let next_below = hull.start.checked_sub(size);
        let below = segments.iter().rev().fold(next_below, |below, segment| {
            let start = below?;
            let meets = segment.start < start.saturating_add(size) && start < segment.end;
            if meets {
                segment.start.checked_sub(size)
            } else {
                below
            }
        });
        let is_room =
            |start: &u64| size > 0 && start.checked_add(size).is_some_and(|end| end <= highest);
        let starts = [Some(above), below];
        Self {
            map,
            starts: starts.into_iter().flatten().filter(is_room).collect(),
            hits: 0,
        }
    }

    #[inline]
    pub(super) fn see(&mut self, word: u64) {
        let hull = self.map.hull();
        for start in &self.starts {
            let offset = word.wrapping_sub(*start);
            let is_in = offset < hull.end - hull.start;
            let moved = hull.start.wrapping_add(offset);
            self.hits += u64::from(is_in && self.map.find(moved).is_some());
        }
    }

    /// The mean of what was found; `None` if there is nowhere to move the blocks.
    pub(super) fn expected(&self) -> Option<f64> {
        let places = self.starts.len();
        (places > 0).then(|| self.hits as f64 / places as f64)
    }
}
