//! Pins: the call sites whose blocks stand between holes, so that there is no larger one.

use std::collections::BTreeMap;
use std::ops::Range;

use leakscope_analysis::heap::SiteId;

use crate::space::{Space, What};

/// A call site whose blocks split free memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin {
    /// Who allocated them.
    pub site: SiteId,
    /// How many of its blocks stand in the stretch that would be one hole without them.
    pub blocks: u64,
    /// The bytes that those were asked for.
    pub bytes: u64,
    /// When the first of them was allocated, in ticks.
    pub oldest: u64,
    /// The largest hole as it is, or as it is without the call sites before this one.
    pub largest_before: u64,
    /// The largest hole that there would be without these blocks.
    pub largest_after: u64,
}

/// A stretch of holes and blocks of one call site, side by side.
#[derive(Clone, Debug)]
struct Stretch {
    range: Range<u64>,
    blocks: u64,
    bytes: u64,
    oldest: u64,
}

impl Stretch {
    fn length(&self) -> u64 {
        self.range.end - self.range.start
    }
}

/// The call sites that pin most, at most `most` of them: each is the one that matters most when those before it are gone.
pub fn pins(space: &Space, most: usize) -> Vec<Pin> {
    let mut pins: Vec<Pin> = Vec::new();
    while pins.len() < most {
        let gone: Vec<SiteId> = pins.iter().map(|pin| pin.site).collect();
        let (largest, longest) = stretches(space, &gone);
        let best = longest
            .into_iter()
            .rev()
            .max_by_key(|(_, stretch)| stretch.length());
        let Some((site, stretch)) = best.filter(|(_, stretch)| stretch.length() > largest) else {
            break;
        };
        pins.push(Pin {
            site,
            blocks: stretch.blocks,
            bytes: stretch.bytes,
            oldest: stretch.oldest,
            largest_before: largest,
            largest_after: stretch.length(),
        });
    }
    pins
}

/// The largest hole, and the longest stretch of each call site, with the blocks of some call sites taken for holes.
fn stretches(space: &Space, gone: &[SiteId]) -> (u64, BTreeMap<SiteId, Stretch>) {
    let mut current: BTreeMap<SiteId, Stretch> = BTreeMap::new();
    let mut longest: BTreeMap<SiteId, Stretch> = BTreeMap::new();
    let mut largest = 0;
    // The hole before this piece, and the call site of the block before that.
    let mut hole: Range<u64> = 0..0;
    let mut before: Option<SiteId> = None;
    let mut keep = |stretch: &Stretch, site| {
        let best = longest.entry(site).or_insert_with(|| stretch.clone());
        if stretch.length() > best.length() {
            *best = stretch.clone();
        }
    };
    for (range, what) in space.pieces() {
        let block = match what {
            What::Block(block) if !gone.contains(&block.site) => block,
            What::Unknown => {
                before = None;
                hole = range.end..range.end;
                continue;
            }
            _ => {
                hole = if hole.end == range.start {
                    hole.start..range.end
                } else {
                    range
                };
                largest = largest.max(hole.end - hole.start);
                if let Some(site) = before
                    && let Some(stretch) = current.get_mut(&site)
                {
                    stretch.range.end = hole.end;
                    keep(stretch, site);
                }
                continue;
            }
        };
        let start = if hole.end == range.start {
            hole.start
        } else {
            range.start
        };
        let begun = Stretch {
            range: start..start,
            blocks: 0,
            bytes: 0,
            oldest: block.time,
        };
        let stretch = current.entry(block.site).or_insert_with(|| begun.clone());
        if before != Some(block.site) || stretch.range.end < start {
            *stretch = begun;
        }
        stretch.range.end = range.end;
        stretch.blocks += 1;
        stretch.bytes = stretch.bytes.saturating_add(block.size);
        stretch.oldest = stretch.oldest.min(block.time);
        keep(stretch, block.site);
        before = Some(block.site);
        hole = range.end..range.end;
    }
    (largest, longest)
}
