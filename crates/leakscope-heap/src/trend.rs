//! Fragmentation as a verdict: the largest block that can be had shrinks while the free memory does not, or stays too small for
//! what the program asks for.

use leakscope_analysis::findings::Rise;
use leakscope_analysis::findings::theil_sen::slope;

use crate::history::{History, Level};
use crate::pool::Pool;

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
    /// The most bytes that the program has asked for twice or more.
    pub wanted: u64,
}

/// What happens to a heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrendKind {
    /// What is free stays, and the largest block shrinks.
    Fragmentation,
    /// What is free falls, and the largest block shrinks faster: blocks that are never freed stand between holes.
    PinningLeak,
    /// What is free is split and stays so: what the program asks for would fail though as much is free.
    Fragmented,
}

impl TrendKind {
    /// The name that programs read.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fragmentation => "fragmentation",
            Self::PinningLeak => "pinning-leak",
            Self::Fragmented => "fragmented",
        }
    }
}

impl Trend {
    /// What happened to a region, if its largest block shrinks to the end, or stays too small.
    pub(crate) fn of(history: &History, pool: &Pool) -> Option<Self> {
        Self::falling(history).or_else(|| Self::split(history, pool))
    }

    /// Throughout the second half, even at the calmest moments, there is room for what the program asks for, but not in one piece.
    fn split(history: &History, pool: &Pool) -> Option<Self> {
        let wanted = history.wanted_again();
        let needed = pool.needs(wanted);
        let windows = history.windows();
        let half = &windows[windows.len() / 2..];
        let is_split = |level: &Level| level.largest < wanted && level.free >= needed;
        let is_long = windows.len() >= START_UP;
        (is_long && half.iter().all(is_split)).then_some(Self {
            kind: TrendKind::Fragmented,
            from: *half.first()?,
            to: *half.last()?,
            wanted,
        })
    }

    fn falling(history: &History) -> Option<Self> {
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
        let wanted = history.wanted_again();
        Some(Self {
            kind,
            from,
            to,
            wanted,
        })
    }
}
