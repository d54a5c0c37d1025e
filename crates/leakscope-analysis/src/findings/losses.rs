//! What the loss of data did to the heap's history as a whole: how likely a free is lost, and how long it stays
//! hidden.
//!
//! A block whose free was lost looks alive, until its memory is used again. Most are found out so within
//! seconds. How many stay hidden, all call sites together show: each lost its frees in the same gaps, under
//! the same allocator.

use super::{Lifetimes, SiteHistory, Span};

/// The classes of ages: [`Lifetimes::class`] of a block that is older than all others is the last.
pub(super) const CLASSES: usize = Lifetimes::BUCKETS + 1;

/// From so many lost packets on, it must show that addresses return: otherwise no reuse is no proof.
const MANY_LOST: f64 = 30.0;

/// Blocks that live when a gap begins and are freed in it show by reuse; those born in it show as frees of
/// unknown blocks. The two are mirror images, and were seen at a ratio of 0.66 to 2.1 under allocators of all
/// kinds. If addresses never return, it is 0.
const LEAST_REUSE: f64 = 0.2;

/// A call site that should have lost so many frees shows how many of them are found out late.
const CONTROL: f64 = 5.0;

/// With fewer such sites, or fewer lost frees in all, they show nothing.
const LEAST_CONTROLS: usize = 3;
const LEAST_CONTROLLED: f64 = 30.0;

/// Some sites' blocks end late for good reasons, so that what counts is the share below which a quarter of the group
/// lies.
const FEW: f64 = 0.25;

/// The memory of a site that was never seen to free anything may return less often than others': three times as much
/// is allowed for, and one in two hundred.
const MARGIN: f64 = 3.0;
const LEAST_HIDDEN: f64 = 0.005;

/// Added to the frees whose memory did not return, because those that were seen are a sample: where none is seen, up to three
/// may be expected (of more, one would have been seen in 95 of 100 cases).
pub(super) const UNSEEN: f64 = 3.0;

/// The losses of a session.
#[derive(Clone, Debug, PartialEq)]
pub struct Losses {
    /// Packets that were read.
    pub(super) packets: f64,
    /// Packets that were lost.
    pub(super) lost: f64,
    /// Lost packets for each that was read.
    pub(super) odds: f64,
    /// How many packets a lost one is lost together with, on average.
    pub(super) together: f64,
    /// Whether nothing can be concluded: addresses do not return, or nobody knows how much was lost.
    pub(super) is_blind: bool,
    /// Of the lost frees of blocks that would be of each class now, or older, the share that stays hidden at most.
    pub(super) hidden: [f64; CLASSES],
    /// Whether it is known which memory did not return.
    pub(super) shows_returns: bool,
    /// The share of them that shows late, so that the block seems to have lived for longer.
    pub(super) late: [f64; CLASSES],
}

/// What is counted of a session.
#[derive(Clone, Copy, Debug, Default)]
pub struct LossCounts {
    /// Packets that were read, in all.
    pub packets: u64,
    /// Allocations at addresses whose block had been freed: they show that addresses return.
    pub returned: u64,
    /// Blocks whose memory was used again while they seemed to live.
    pub reused: u64,
    /// Frees of blocks whose allocation was lost.
    pub unknown_frees: u64,
    /// Whether some freed blocks were forgotten, so that nobody knows if their memory returned.
    pub has_forgotten: bool,
}

impl Losses {
    /// Of what is lost, `sites` are to show how much stays hidden: histories of all sites that freed blocks.
    /// `None` if nothing was lost.
    pub fn of(
        span: &Span,
        counts: LossCounts,
        sites: impl Iterator<Item = SiteHistory>,
    ) -> Option<Self> {
        if span.gaps.is_empty() && counts.reused == 0 {
            return None;
        }
        let packets = counts.packets.max(1) as f64;
        let lengths = span
            .gaps
            .iter()
            .map(|gap| gap.to.saturating_sub(gap.from) as f64);
        let other_time = span.end.saturating_sub(span.start) as f64 - lengths.sum::<f64>();
        let rate = packets / other_time.max(1.0);
        let (mut lost, mut squares, mut is_blind) = (0.0, 0.0, false);
        for gap in &span.gaps {
            let length = gap.to.saturating_sub(gap.from) as f64;
            let packets = gap.lost.map_or(length * rate, |lost| lost as f64);
            is_blind |= gap.lost.is_none() && length == 0.0;
            lost += packets;
            // What a core did over a long time was no single event.
            let together = if span.missing.are_gap(gap) {
                1.0
            } else {
                packets
            };
            squares += packets * together;
        }
        let together = if lost > 0.0 { squares / lost } else { 0.0 };
        // Each reuse proves a lost packet, gap or not.
        let lost = lost.max(counts.reused as f64);
        let returns = (counts.returned > 0 || counts.reused > 0)
            && counts.reused as f64 >= LEAST_REUSE * counts.unknown_frees as f64;
        // Few losses need not show in any address; that each was a free of one site costs little then.
        is_blind |= !returns || lost < MANY_LOST && counts.reused == 0;
        let mut losses = Self {
            packets,
            lost,
            odds: lost / packets,
            together,
            is_blind,
            hidden: [1.0; CLASSES],
            shows_returns: !counts.has_forgotten,
            late: [0.0; CLASSES],
        };
        losses.compare(span, sites);
        Some(losses)
    }

    /// Fills in what stays hidden, and what shows late, as far as the sites show it.
    fn compare(&mut self, span: &Span, sites: impl Iterator<Item = SiteHistory>) {
        let length = span.end.saturating_sub(span.start) as f64;
        let mut frees = 0.0;
        let mut unreturned = [0.0; CLASSES];
        let mut controls = Vec::new();
        for site in sites {
            frees += site.frees as f64;
            let own = not_below(
                site.unreturned
                    .buckets
                    .iter()
                    .map(|&count| f64::from(count)),
            );
            unreturned
                .iter_mut()
                .zip(own)
                .for_each(|(sum, count)| *sum += count);
            if self.odds * site.frees as f64 >= CONTROL {
                controls.push(Control::of(&site));
            }
        }
        for class in (1..CLASSES).filter(|_| self.shows_returns) {
            let reached = frees * (1.0 - (1_u64 << (class - 1)) as f64 / length).max(0.0);
            let share = (unreturned[class] + UNSEEN) / reached;
            self.hidden[class] = (MARGIN * share + LEAST_HIDDEN).min(1.0);
        }
        let lost = |control: &Control| self.odds * control.frees;
        if controls.len() >= LEAST_CONTROLS
            && controls.iter().map(lost).sum::<f64>() >= LEAST_CONTROLLED
        {
            self.late = std::array::from_fn(|class| {
                let shares = (controls.iter())
                    .map(|control| (control.late[class] / lost(control), lost(control)));
                quantile(shares, FEW)
            });
        }
    }
}

/// What a site shows of lost frees.
struct Control {
    frees: f64,
    /// By class, blocks of this class and older ones that ended after a loss.
    late: [f64; CLASSES],
}

impl Control {
    fn of(site: &SiteHistory) -> Self {
        let mut late = [0.0; CLASSES];
        for (_, longest, _, count) in site.unsure_ends.counts() {
            late[longest] += count as f64;
        }
        Self {
            frees: site.frees as f64,
            late: not_below(late.into_iter()),
        }
    }
}

/// Of counts by class, those of each class and above.
pub(super) fn not_below(counts: impl Iterator<Item = f64>) -> [f64; CLASSES] {
    let mut sums = [0.0; CLASSES];
    sums.iter_mut()
        .zip(counts)
        .for_each(|(sum, count)| *sum = count);
    for class in (0..CLASSES - 1).rev() {
        sums[class] += sums[class + 1];
    }
    sums
}

/// The value below which this share of the weight lies. 0 if there are none.
fn quantile(values: impl Iterator<Item = (f64, f64)>, share: f64) -> f64 {
    let mut sorted: Vec<(f64, f64)> = values.collect();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let wanted = share * sorted.iter().map(|(_, weight)| weight).sum::<f64>();
    let mut below = 0.0;
    for (value, weight) in sorted {
        below += weight;
        if below >= wanted {
            return value;
        }
    }
    0.0
}
