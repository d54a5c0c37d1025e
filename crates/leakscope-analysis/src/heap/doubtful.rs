//! Frees that cannot be right, unless an allocation before them went unseen.
//!
//! Damage need not leave a gap: what remains of two packets may be read as one. Then only the heap shows that something is
//! missing, and perhaps only later.

use super::blocks::LiveBlock;
use super::hidden::Hidden;
use super::left_alone::LeftAlone;
use super::mistaken::Mistaken;
use super::model::HeapModel;
use crate::findings::first_gap;
use crate::outcome::{Anomaly, AnomalyKind, Outcome};
use crate::trace::StackId;

/// With so many frees of blocks that nobody saw begin, and one for so many frees, or for so many double frees that are made
/// from where such blocks are freed, some allocations are not recorded …
pub(super) const LEAST_UNSEEN: u64 = 10;
const FREES_FOR_ONE: u64 = 20;

/// What the trace knows of the order of events.
#[derive(Clone, Debug)]
pub(super) struct Order<'t> {
    /// Whether several cores were recorded.
    pub(super) has_several_cores: bool,
    /// Whether what another core did is missing, or stands where it does not belong.
    pub(super) misses_core: bool,
    /// When the trace ends.
    pub(super) end: u64,
    /// When events came that nobody described, of which there are few.
    pub(super) unnamed: Vec<u64>,
    /// Between which moments the target's own clock shows that something is missing, and between which that nothing is.
    pub(super) torn: &'t [(u64, u64)],
    pub(super) whole: &'t [(u64, u64)],
}

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
            let start = self.session.start;
            let since = self.order_unsure_since.unwrap_or(start);
            self.order_unsure_since = Some(since.min(start));
        }
    }

    /// The frees that cannot be right: those that are proven, and behind them those that are in doubt.
    pub(super) fn judged_anomalies(&self, order: &Order<'_>) -> Vec<Anomaly> {
        let is_explained = self.explained_by_what_is_left(order.end);
        let is_unnamed_before = |anomaly: &Anomaly| {
            let between = since(anomaly)..=anomaly.time;
            order.unnamed.iter().any(|time| between.contains(time))
        };
        let hidden = Hidden::of(self);
        let judged = self.anomalies.iter().map(|(anomaly, from)| Anomaly {
            is_doubtful: order.misses_core
                || order.has_several_cores && self.is_order_unsure(anomaly.time)
                || self.is_in_doubt(anomaly, *from)
                || overlaps(anomaly, order.torn)
                || hidden.explain(anomaly, *from, order)
                || is_unnamed_before(anomaly)
                || is_explained(anomaly),
            ..anomaly.clone()
        });
        let mut judged: Vec<Anomaly> = judged.collect();
        judged.sort_by_key(|anomaly| anomaly.is_doubtful);
        judged
    }

    /// Room for other frees that cannot be right: of these, no more stay than are listed, and first of all those that are not in
    /// doubt yet.
    #[cold]
    pub(super) fn drop_doubtful(&mut self) {
        let doubts = self.anomalies.iter();
        let doubts: Vec<bool> = doubts
            .map(|(anomaly, from)| self.is_in_doubt(anomaly, *from))
            .collect();
        let sure = doubts.iter().filter(|is_in_doubt| !**is_in_doubt).count();
        let mut room = [sure.min(Outcome::KEPT), Outcome::KEPT.saturating_sub(sure)];
        let mut doubts = doubts.into_iter().map(usize::from);
        self.anomalies.retain(|_| {
            let room = &mut room[doubts.next().unwrap_or_default()];
            let stays = *room > 0;
            *room -= usize::from(stays);
            stays
        });
    }

    /// Whether it is known already that a free may be right.
    pub(super) fn is_in_doubt(&self, anomaly: &Anomaly, from: StackId) -> bool {
        anomaly.is_doubtful || self.may_be_unseen(anomaly, from) || self.is_near_damage(anomaly)
    }

    /// Whether a free may be right, for what lives at the end of this session.
    fn explained_by_what_is_left(&self, end: u64) -> impl Fn(&Anomaly) -> bool + use<> {
        let (left_alone, mistaken) = match self.anomalies[..] {
            [] => Default::default(),
            [..] => (LeftAlone::of(self, end), Mistaken::of(self)),
        };
        move |anomaly| left_alone.explain(anomaly) || mistaken.explain(anomaly)
    }

    /// The session is over: which of its frees that cannot be right what it leaves behind explains.
    pub(super) fn judge_by_what_is_left(&mut self, end: u64) {
        let is_explained = self.explained_by_what_is_left(end);
        for (anomaly, _) in &mut self.anomalies {
            anomaly.is_doubtful = anomaly.is_doubtful || is_explained(anomaly);
        }
    }

    /// Whether an event of one core may stand before one of another that came first.
    fn is_order_unsure(&self, time: u64) -> bool {
        self.order_unsure_since.is_some_and(|since| since <= time)
    }

    fn is_near_damage(&self, anomaly: &Anomaly) -> bool {
        overlaps(anomaly, &self.doubts)
    }

    /// Whether what is freed twice may have been allocated between, because some allocations are not recorded.
    fn may_be_unseen(&self, anomaly: &Anomaly, from: StackId) -> bool {
        let older = self.totals.frees_of_older_blocks;
        let from_there = self.older.unseen(from);
        let is_one_for = |unseen: u64, frees| unseen.saturating_mul(FREES_FOR_ONE) >= frees;
        let are_older = older >= LEAST_UNSEEN
            && (is_one_for(older, self.totals.frees)
                || is_one_for(from_there, self.totals.double_frees));
        anomaly.kind.is_double() && (self.is_on_a_computer || are_older)
    }

    /// How many frees say that some allocations are not recorded, if that is why any of them are in doubt.
    pub(super) fn frees_of_unseen(&self) -> Option<u64> {
        let anomalies = self.anomalies.iter();
        let in_doubt = anomalies.filter(|(anomaly, from)| self.may_be_unseen(anomaly, *from));
        let in_doubt = in_doubt.count() as u64;
        let on_computer = if self.is_on_a_computer { in_doubt } else { 0 };
        (in_doubt > 0).then_some(self.totals.frees_of_older_blocks + on_computer)
    }
}

/// Whether one of these stretches touches that in which nothing may have gone unseen.
fn overlaps(anomaly: &Anomaly, stretches: &[(u64, u64)]) -> bool {
    let since = since(anomaly);
    let mut stretches = stretches.iter();
    stretches.any(|&(from, to)| from <= anomaly.time && since <= to)
}

/// From when on nothing may have gone unseen, if the free is to be wrong for sure.
pub(super) fn since(anomaly: &Anomaly) -> u64 {
    match &anomaly.kind {
        AnomalyKind::DoubleFree { freed_at, .. } => *freed_at,
        AnomalyKind::WrongFree { block, .. } => block.time,
    }
}
