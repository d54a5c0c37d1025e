//! Where data were lost.

use crate::findings::Gap;

/// The gaps of a session, in order of time, in bounded space.
#[derive(Clone, Debug, Default)]
pub(super) struct Gaps {
    list: Vec<Gap>,
    /// The end of the last one; 0 if there is none.
    until: u64,
    /// Packets that were lost at the most, less the lost allocations that frees have shown since.
    unshown: u64,
}

/// When there are more, those that lie closest to each other are joined. An hour in which a third of all
/// packets is lost has some 4,000.
const MOST_GAPS: usize = 1 << 16;

/// A free takes at least so many bytes, without its call stack: its id, a heap, an address and a time.
const SHORTEST_FREE: u64 = 4;

/// From so many skipped bytes on, it is not known how many packets are missing: so many stand where a
/// recording goes on after its link was lost.
const LOST_LINK: u64 = 512;

/// One damage takes away about so many packets at the most, beside those that it leaves unreadable: a USB packet of 64
/// bytes.
const TAKEN_AWAY: u64 = 64 / SHORTEST_FREE;

impl Gaps {
    /// A loss up to `to`; how many packets it cost follows from the bytes that were skipped, and those that each call `stack`
    /// takes at least, if the target did not count them.
    pub(super) fn add(
        &mut self,
        from: u64,
        to: u64,
        packets: Option<u64>,
        skipped: u64,
        stack: u64,
    ) {
        if self.list.len() == MOST_GAPS {
            self.join_closest();
        }
        // One packet more: what was skipped may have begun in one that was read.
        let bound = (skipped < LOST_LINK).then_some(1 + skipped / (SHORTEST_FREE + stack));
        // Each core has gaps of its own, and they may overlap.
        for earlier in self.list.iter_mut().rev() {
            if earlier.from <= from {
                break;
            }
            earlier.from = from;
        }
        let lost = packets.or(bound);
        self.list.push(Gap { from, to, lost });
        self.until = self.until.max(to);
        // Of what damage took away, nothing was skipped.
        let unshown = packets.or(bound.map(|bound| bound + TAKEN_AWAY));
        self.unshown = self.unshown.saturating_add(unshown.unwrap_or(u64::MAX));
    }

    /// Whether a free can be of a block whose allocation was lost: no more of these are than packets were lost before.
    pub(super) fn show_lost_allocation(&mut self) -> bool {
        let may_be = self.unshown > 0;
        self.unshown = self.unshown.saturating_sub(1);
        may_be
    }

    /// The end of the last gap; 0 if there is none.
    #[inline(always)]
    pub(super) fn until(&self) -> u64 {
        self.until
    }

    /// Whether anything was lost.
    pub(super) fn lost_any(&self) -> bool {
        self.list.iter().any(|gap| gap.lost != Some(0))
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    pub(super) fn list(&self) -> &[Gap] {
        &self.list
    }

    pub(super) fn any_since(&self, time: u64) -> bool {
        self.list.last().is_some_and(|gap| gap.to >= time)
    }

    /// Joins gaps with their neighbours where these are closer than most.
    fn join_closest(&mut self) {
        let mut distances: Vec<u64> = self.list.windows(2).map(distance).collect();
        let middle = distances.len() / 2;
        let (_, &mut close, _) = distances.select_nth_unstable(middle);
        let mut kept = Vec::with_capacity(MOST_GAPS);
        let mut rest = self.list.as_slice();
        while let [first, others @ ..] = rest {
            let joins = rest.get(..2).filter(|pair| distance(pair) <= close);
            kept.push(joins.map_or(*first, join));
            rest = joins.map_or(others, |_| &rest[2..]);
        }
        self.list = kept;
    }
}

fn distance(pair: &[Gap]) -> u64 {
    pair[1].from.saturating_sub(pair[0].to)
}

fn join(pair: &[Gap]) -> Gap {
    let lost = pair.iter().map(|gap| gap.lost);
    Gap {
        from: pair[0].from,
        to: pair[1].to,
        lost: lost.sum(),
    }
}
