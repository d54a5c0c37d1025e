//! Holes that do not show: where damage leaves gaps, it has also made whole packets of what remained of two.
//!
//! Such a hole takes an allocation with it, and then a block is freed twice, as far as can be seen.

use rustc_hash::FxHashMap;

use super::doubtful::{Order, since};
use super::model::HeapModel;
use crate::findings::Lifetimes;
use crate::outcome::{Anomaly, AnomalyKind};
use crate::trace::StackId;

/// One hole does not show for this many that do.
const SHOWN_FOR_ONE: u64 = 4;

/// Hidden holes explain a free that cannot be right if the chance of one such free is more than one in this many.
const CHANCES: u64 = 100;

/// What holes that do not show may explain.
#[derive(Debug)]
pub(super) struct Hidden {
    shown: u64,
    /// How long blocks lived that were freed: between two frees of an address lies a life.
    lives: Lifetimes,
    /// How many holes it takes for all that one call stack frees twice, and the end of the last.
    by_stack: FxHashMap<StackId, (u64, u64)>,
}

impl Hidden {
    /// At the end of the trace.
    pub(super) fn of(heap: &HeapModel) -> Self {
        let mut by_stack: FxHashMap<StackId, (u64, u64)> = FxHashMap::default();
        let mut lives = Lifetimes::default();
        if heap.anomalies.is_empty() || heap.doubts.is_empty() {
            return Self {
                shown: 0,
                lives,
                by_stack,
            };
        }
        for of_site in heap.sites.iter().filter_map(|site| site.lives()) {
            lives.join(of_site);
        }
        let sure = heap.anomalies.iter();
        for (anomaly, from) in sure.filter(|(anomaly, from)| !heap.is_in_doubt(anomaly, *from)) {
            let (holes, end) = by_stack.entry(*from).or_default();
            if *holes == 0 || since(anomaly) > *end {
                (*holes, *end) = (*holes + 1, anomaly.time);
            }
        }
        Self {
            shown: heap.doubts.len() as u64,
            lives,
            by_stack,
        }
    }

    /// Whether they explain a free that cannot be right: one lies before it by chance, or one anywhere has hidden a life that is
    /// shorter than the time between two frees. Where the target's clock shows that nothing is missing, they do not, but for one
    /// bit of an address.
    pub(super) fn explain(&self, anomaly: &Anomaly, from: StackId, order: &Order<'_>) -> bool {
        let holes = self.by_stack.get(&from).map_or(0, |&(holes, _)| holes);
        if self.shown == 0 || holes > self.most() {
            return false;
        }
        let since = since(anomaly);
        let mut whole = order.whole.iter();
        let is_whole = whole.any(|&(from, to)| from <= since && anomaly.time <= to);
        let is_likely = |share: u64, of: u64| {
            let [chances, shown, share, of] =
                [CHANCES * self.shown, SHOWN_FOR_ONE, share, of].map(u128::from);
            chances * share > shown * of
        };
        match &anomaly.kind {
            AnomalyKind::DoubleFree { .. } => {
                let span = anomaly.time.saturating_sub(since);
                let lives = self.lives.count();
                let shorter = lives - self.lives.reaching(span);
                !is_whole && (is_likely(span, order.end) || is_likely(shorter, lives))
            }
            AnomalyKind::WrongFree { block, .. } => {
                !is_whole || anomaly.address.abs_diff(block.address).is_power_of_two()
            }
        }
    }

    /// The most holes that can be where none shows: the number that is expected, three standard deviations, and one.
    fn most(&self) -> u64 {
        let expected = self.shown / SHOWN_FOR_ONE;
        1 + expected + (9 * self.shown / SHOWN_FOR_ONE).isqrt()
    }
}
