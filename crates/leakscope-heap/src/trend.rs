//! Fragmentation as a verdict: the largest block that can be had shrinks while the free memory does not.

use leakscope_analysis::findings::Rise;
use leakscope_analysis::findings::theil_sen::slope;

use crate::history::{History, Level};

/// Start-up is the first of this many equal parts of a recording.
const START_UP: usize = 8;

/// The largest block shrinks by this share at least.
const LEAST_LOSS: f64 = 0.1;

/// Free memory that falls by less than this share of what the largest block loses is flat.
const FLAT: f64 = 0.25;

/// Free memory that falls by this share of what the largest block loses, or more, explains the loss.
const EXPLAINS: f64 = 0.6;

/// How much is free, and how large a block can be had, from the beginning to the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trend {
    /// What is happening.
    pub kind: TrendKind,
    /// The calmest moment of the first window.
    pub from: Level,
    /// The calmest moment of the last window.
    pub to: Level,
}

/// What happens to a heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrendKind {
    /// What is free stays, and the largest block shrinks.
    Fragmentation,
    /// What is free falls, and the largest block shrinks faster: blocks that are never freed stand between holes.
    PinningLeak,
}

impl TrendKind {
    /// The name that programs read.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fragmentation => "fragmentation",
            Self::PinningLeak => "pinning-leak",
        }
    }
}

impl Trend {
    /// What happened to a region, if its largest block shrinks to the end.
    pub fn of(history: &History) -> Option<Self> {
        // A program that starts up takes what it needs.
        let windows = history.windows();
        let windows = &windows[windows.len() / START_UP..];
        let (from, to) = (*windows.first()?, *windows.last()?);
        let most = windows.iter().map(|level| level.largest).max()?;
        let losses: Vec<u64> = windows.iter().map(|level| most - level.largest).collect();
        if !Rise::of(&losses, 0.0)?.is_lasting(history.mean_size()) {
            return None;
        }
        let free: Vec<u64> = windows.iter().map(|level| level.free).collect();
        let (loss, fall) = (slope(&losses), -slope(&free));
        if loss * windows.len() as f64 <= LEAST_LOSS * most as f64 {
            return None;
        }
        let kind = match fall / loss {
            flat if flat < FLAT => TrendKind::Fragmentation,
            falling if falling < EXPLAINS => TrendKind::PinningLeak,
            _ => return None,
        };
        Some(Self { kind, from, to })
    }
}
