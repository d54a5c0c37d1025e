//! How fast a call site grows: what findings are ranked by.

use super::case::Case;
use super::{SiteHistory, Span, Verdict, survivors, theil_sen};

/// A rate of growth: so many bytes in so many ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Growth {
    /// Bytes gained; negative if they were lost.
    pub bytes: i64,
    /// In this many ticks; never 0.
    pub ticks: u64,
}

impl Growth {
    /// No growth.
    pub const NONE: Self = Self { bytes: 0, ticks: 1 };

    pub(super) fn new(bytes: u64, ticks: u64) -> Self {
        Self {
            bytes: i64::try_from(bytes).unwrap_or(i64::MAX),
            ticks: ticks.max(1),
        }
    }

    /// In the time of both.
    pub(crate) fn join(&mut self, later: Self) {
        self.bytes = self.bytes.saturating_add(later.bytes);
        self.ticks = self.ticks.saturating_add(later.ticks);
    }
}

/// How fast a call site grows, given the verdict on it.
///
/// For a leak: over the time in which it leaked. For what is unclassified or uncertain: what it would be
/// if all that is outstanding were leaked, so that the worst of them come first. For all others: none.
pub fn growth(verdict: Verdict, history: &SiteHistory, span: &Span) -> Growth {
    let case = Case::new(history, span);
    match verdict {
        Verdict::LeakSteady => of_births(&case, &history.live_births),
        Verdict::LeakSurvivors => survivors::births(&case)
            .or_else(|| survivors::births(&Case::without_loss(history, span)))
            .map_or(Growth::NONE, |births| of_births(&case, &births)),
        Verdict::LeakGrowing => of_floors(&case),
        Verdict::LeakPerCycle => Growth {
            bytes: history.cycles.net_bytes,
            ticks: span.cycles_to.saturating_sub(span.cycles_from).max(1),
        },
        Verdict::Unclassified | Verdict::Uncertain => Growth::new(
            history.live_bytes,
            span.end.saturating_sub(history.first_allocation),
        ),
        Verdict::Lost
        | Verdict::LateRelease
        | Verdict::Bounded
        | Verdict::Once
        | Verdict::InFlight
        | Verdict::AllFreed => Growth::NONE,
    }
}

/// One block of mean size for each pause between births.
fn of_births(case: &Case<'_>, births: &[u64]) -> Growth {
    let (Some(first), Some(last)) = (births.first(), births.last()) else {
        return Growth::NONE;
    };
    let blocks = u128::from(case.outstanding().max(1));
    let bytes = u128::from(case.history.live_bytes) * (births.len() as u128 - 1) / blocks;
    Growth::new(bytes as u64, last.saturating_sub(*first))
}

/// The line through the floors, over all of them.
fn of_floors(case: &Case<'_>) -> Growth {
    let floors = case.floors();
    let windows = floors.bytes.len() as u64;
    let bytes = theil_sen::slope(floors.bytes) * windows as f64;
    Growth::new(bytes.max(0.0) as u64, floors.window.saturating_mul(windows))
}
