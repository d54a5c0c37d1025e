//! What a call site left behind while it was watched: the numbers by which its growth can be compared with another's.

use super::case::Case;
use super::{CycleSteps, SiteHistory, Span, Verdict, survivors};

/// What a call site left behind, and how long it was watched. Times are ticks, sizes bytes. Of several sessions, those in which
/// it was not used included, all is added up.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Left {
    /// How long it was watched: the trace without its start-up, and without a silence of the whole heap at its end.
    pub ticks: u64,
    /// Blocks that were allocated in that time and live at its end. Of [`Verdict::LeakSurvivors`], only those that
    /// outlived the others.
    pub blocks: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The sum of the squares of their sizes, which says how much chance moves `bytes`.
    pub squared_bytes: f64,
    /// Of a leak, the bytes by the time at which they were allocated: in each of [`Left::WINDOWS`] equal parts of
    /// the time; of several sessions, those that show the leak.
    pub windows: Vec<u64>,
    /// Of [`Verdict::LeakGrowing`], and where blocks come and go without a leak, the lowest number of live bytes in each
    /// of successive windows, if there ever was a low above 0; of several sessions, one behind the other, as if each began at the
    /// level at which the one before ended …
    pub floors: Vec<u64>,
    /// … of so many ticks.
    pub floor_ticks: u64,
    /// What it gained in the cycles that the user marked.
    pub cycles: CycleSteps,
}

impl Left {
    /// The parts of the time.
    pub const WINDOWS: usize = 32;
}

/// What a call site left behind, given the verdict on it.
pub fn left(verdict: Verdict, history: &SiteHistory, span: &Span) -> Left {
    let case = Case::new(history, span);
    let mut left = Left {
        ticks: case.to - case.from,
        cycles: history.cycle_steps.clone(),
        ..Left::default()
    };
    let outlived = match verdict {
        Verdict::LeakSurvivors => survivors::births(&case)
            .or_else(|| survivors::births(&Case::without_loss(history, span))),
        _ => None,
    };
    let mut windows = vec![0; Left::WINDOWS];
    let mut outlived = outlived.as_deref().map(|births| births.iter().peekable());
    for (&birth, &size) in history.live_births.iter().zip(&history.live_sizes) {
        let stays = outlived
            .as_mut()
            .is_none_or(|births| births.next_if_eq(&&birth).is_some());
        if !stays || !(case.from..=case.to).contains(&birth) {
            continue;
        }
        left.blocks += 1;
        left.bytes += size;
        left.squared_bytes += (size as f64).powi(2);
        let window = case.position(birth) * Left::WINDOWS as f64;
        windows[(window as usize).min(Left::WINDOWS - 1)] += size;
    }
    if verdict.is_leak() {
        left.windows = windows;
    }
    let floors = case.floors();
    let comes_and_goes = verdict == Verdict::LeakGrowing || !verdict.is_leak() && history.frees > 0;
    if comes_and_goes && floors.bytes.iter().any(|&floor| floor > 0) {
        left.floors = floors.bytes.to_vec();
        left.floor_ticks = floors.window;
    }
    left
}
