//! Frees that cannot be right, unless an allocation before them went unseen.
//!
//! Damage need not leave a gap: what remains of two packets may be read as one. Then only the heap shows that something is
//! missing, and perhaps only later.

use super::blocks::LiveBlock;
use super::model::HeapModel;
use crate::findings::first_gap;
use crate::outcome::{Anomaly, AnomalyKind, Outcome};

/// With so many frees of blocks that nobody saw begin, and one for so many frees, some allocations are not recorded …
const LEAST_UNSEEN: u64 = 10;
const FREES_FOR_ONE: u64 = 20;

impl HeapModel {
    /// Between these moments something went unseen.
    pub(super) fn doubt(&mut self, from: u64, to: u64) {
        if self.doubts.len() < Outcome::KEPT {
            self.doubts.push((from, to));
        }
    }

    /// A block ended unseen. If no gap explains that, its free is missing from a stretch that seemed sound.
    pub(super) fn doubt_life(&mut self, block: LiveBlock, end: u64) {
        if first_gap(self.gaps.list(), block.time).is_none() {
            self.doubt(block.time, end);
        }
    }

    /// The frees that cannot be right, and which of them are in doubt.
    pub(super) fn judged_anomalies(&self) -> Vec<Anomaly> {
        let mut anomalies = self.anomalies.clone();
        for anomaly in &mut anomalies {
            anomaly.is_doubtful = self.is_doubtful(anomaly);
        }
        anomalies
    }

    fn is_doubtful(&self, anomaly: &Anomaly) -> bool {
        let since = match &anomaly.kind {
            AnomalyKind::DoubleFree { .. } if self.has_unseen_allocations() => return true,
            AnomalyKind::DoubleFree { freed_at, .. } => *freed_at,
            AnomalyKind::WrongFree { block, .. } => block.time,
        };
        let mut doubts = self.doubts.iter();
        doubts.any(|&(from, to)| from <= anomaly.time && since <= to)
    }

    /// Whether so many blocks are freed that nobody saw begin that what is freed twice may have been allocated between.
    pub(super) fn has_unseen_allocations(&self) -> bool {
        let older = self.totals.frees_of_older_blocks;
        older >= LEAST_UNSEEN && older.saturating_mul(FREES_FOR_ONE) >= self.totals.frees
    }
}
