//! What one side shows of a call site: the sums that are compared, over siblings and runs.

use leakscope_analysis::findings::Verdict;
use leakscope_report::document::call_site::{CallSite, Left};
use leakscope_report::{Report, Standing};
use serde::Serialize;

use super::matching::OfRun;
use crate::full::Level;

/// What growth is measured by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Per {
    /// Seconds in which the call site was watched.
    Second,
    /// Cycles that were marked, after the first two.
    Cycle,
    /// Allocations of the call site: what a program leaves per request does not depend on its load.
    Allocation,
    /// Recordings, however long they are.
    Run,
}

impl Per {
    /// As text: `second`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Second => "second",
            Self::Cycle => "cycle",
            Self::Allocation => "allocation",
            Self::Run => "run",
        }
    }
}

/// What the recordings of a side say of one call site as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Nothing was allocated there.
    Absent,
    /// It does not leak, as far as all recordings can tell.
    Fine,
    /// It may leak or not: what it left fits no pattern.
    Unclassified,
    /// Lost data hide whether it leaks.
    Uncertain,
    /// It leaks in one recording at least.
    Leak,
}

/// One call site on one side.
#[derive(Clone, Debug)]
pub(crate) struct Evidence {
    pub(super) state: State,
    pub(super) runs: Vec<Run>,
    /// The most of what accuses it, if each accusation may be that of what fills up.
    accused: Option<Level>,
    /// Where it was full, the longest.
    full: Option<Level>,
}

/// The same in one recording.
#[derive(Clone, Debug, Default)]
pub(super) struct Run {
    /// In the unit of comparison.
    pub(super) exposure: f64,
    /// How often the program began.
    pub(super) sessions: u64,
    /// Blocks left behind in that, and their bytes. Of cycles, bytes alone are known.
    pub(super) blocks: Option<f64>,
    pub(super) bytes: f64,
    /// Bytes that may have been left beside these: lost data hide it.
    pub(super) unsure_bytes: f64,
    squared_bytes: f64,
    /// Bytes left behind in equal parts of the time.
    pub(super) windows: Vec<f64>,
    /// Bytes gained in each group of cycles, and how many cycles that is.
    pub(super) cycles: Vec<f64>,
    pub(super) cycle_group: u64,
    /// How the level rose from window to window, in bytes per unit.
    pub(super) steps: Vec<f64>,
    /// Whether it rose while blocks came and went, so that blocks cannot be counted.
    pub(super) is_level: bool,
    pub(super) allocations: u64,
    pub(super) outstanding_blocks: u64,
    pub(super) outstanding_bytes: u64,
    /// Bytes of these that may be freed.
    pub(super) doubtful_bytes: u64,
    pub(super) peak_bytes: u64,
}

impl Evidence {
    pub(super) fn of(runs: &[OfRun<'_>], reports: &[&Report], per: Option<Per>) -> Self {
        let states = runs.iter().flatten().map(|site| State::of(site));
        let runs = runs.iter().zip(reports);
        let sites = || {
            let runs = runs.clone();
            runs.flat_map(|(sites, report)| sites.iter().map(move |site| (*report, *site)))
        };
        let leaks = sites().filter(|(_, site)| State::of(site) == State::Leak);
        let accused: Option<Vec<Level>> = leaks
            .map(|(report, site)| Level::accused(report, site))
            .collect();
        let full = sites().filter_map(|(report, site)| Level::full(report, site));
        Self {
            state: states.max().unwrap_or(State::Absent),
            accused: accused.and_then(|levels| levels.into_iter().reduce(Level::most)),
            full: full.max_by(|one, other| one.session_s.total_cmp(&other.session_s)),
            runs: runs
                .map(|(sites, report)| Run::of(sites, report, per))
                .collect(),
        }
    }

    /// Of one call site in one recording that was read before: per second, or per cycle.
    pub(crate) fn of_left(
        state: State,
        (left, sessions): (&Left, u64),
        unsure_bytes: u64,
        per: Per,
    ) -> Self {
        let watched = left.watched_s.unwrap_or(0.0);
        let run = Run {
            sessions,
            unsure_bytes: unsure_bytes as f64,
            ..Run::default()
        };
        let run = run.that_left(&[left], watched, watched, per);
        Self {
            state,
            runs: vec![run],
            accused: None,
            full: None,
        }
    }

    /// Whether this side, where it is no leak, knows it better than the other, where it is one: see [`Level`].
    pub(super) fn knows_better_than(&self, other: &Self) -> bool {
        let is_told = self.state < State::Uncertain && other.state == State::Leak;
        let levels = self.full.zip(other.accused).filter(|_| is_told);
        levels.is_some_and(|(full, accused)| full.knows_better(&accused))
    }

    pub(super) fn sum(&self, of: fn(&Run) -> f64) -> f64 {
        self.runs.iter().map(of).sum()
    }

    /// Bytes outstanding in each recording: at least and at most.
    pub(super) fn outstanding(&self) -> Vec<(u64, u64)> {
        let runs = self.runs.iter();
        let range = |run: &Run| {
            let most = run.outstanding_bytes;
            (most.saturating_sub(run.doubtful_bytes), most)
        };
        runs.map(range).collect()
    }

    /// Bytes per unit: by the level of what rises so, or else by what was left.
    pub(crate) fn rate(&self, by_level: bool) -> f64 {
        let level = self.runs.iter().filter(|run| by_level && run.is_level);
        let steps: Vec<f64> = level.flat_map(|run| &run.steps).copied().collect();
        if steps.is_empty() {
            self.sum(|run| run.bytes) / self.sum(|run| run.exposure)
        } else {
            steps.iter().sum::<f64>() / steps.len() as f64
        }
    }

    /// Bytes that weigh as one block: blocks of one size each weigh one, and among others the large ones weigh more.
    pub(super) fn weight(&self) -> Option<f64> {
        let bytes = self.sum(|run| run.bytes);
        (bytes > 0.0).then(|| self.sum(|run| run.squared_bytes) / bytes)
    }
}

impl State {
    fn of(site: &CallSite) -> Self {
        match &site.standing {
            Standing::Leak | Standing::Suppressed(_) | Standing::Known(_) => Self::Leak,
            _ if site.verdict == Verdict::Uncertain.name() => Self::Uncertain,
            Standing::Unknown => Self::Unclassified,
            Standing::Fine => Self::Fine,
        }
    }
}

impl Run {
    fn of(sites: &[&CallSite], report: &Report, per: Option<Per>) -> Self {
        let run = Self {
            sessions: report.sessions.len().max(1) as u64,
            allocations: sites.iter().map(|site| site.allocations).sum(),
            outstanding_blocks: sites.iter().map(|site| site.outstanding_blocks).sum(),
            outstanding_bytes: sites.iter().map(|site| site.outstanding_bytes).sum(),
            doubtful_bytes: sites.iter().map(|site| site.doubtful_bytes).sum(),
            peak_bytes: sites.iter().map(|site| site.peak_bytes).sum(),
            unsure_bytes: (sites.iter())
                .map(|site| unsure_bytes(site, report) as f64)
                .sum(),
            ..Self::default()
        };
        let Some(per) = per else { return run };
        let lefts = sites.iter().filter_map(|site| site.left.as_ref());
        let lefts: Vec<&Left> = lefts.collect();
        let watched = watched_s(lefts.first().copied(), report);
        let exposure = match per {
            Per::Second => watched,
            Per::Cycle => report.totals.cycles as f64,
            Per::Allocation => run.allocations as f64,
            Per::Run => 1.0,
        };
        run.that_left(&lefts, watched, exposure, per)
    }

    /// With what siblings left in so many units, which took `watched` seconds. Cycles that fill no group are not counted.
    fn that_left(self, lefts: &[&Left], watched: f64, exposure: f64, per: Per) -> Self {
        let sum = |of: fn(&Left) -> f64| lefts.iter().map(|left| of(left)).sum::<f64>();
        let mut run = Self {
            exposure,
            blocks: Some(sum(|left| left.blocks as f64)),
            bytes: sum(|left| left.bytes as f64),
            squared_bytes: sum(|left| left.squared_bytes),
            windows: added(lefts.iter().map(|left| floats(&left.window_bytes))),
            cycles: added(lefts.iter().map(|left| {
                let groups = left.cycle_bytes.iter();
                groups.map(|&bytes| bytes as f64).collect()
            })),
            cycle_group: lefts.iter().map(|left| left.cycle_group).max().unwrap_or(0),
            is_level: lefts.iter().any(|left| !left.floor_bytes.is_empty()),
            ..self
        };
        // A saved report may have been written by anybody.
        while run.cycles.len() > Left::MOST_GROUPS {
            let pairs = run.cycles.chunks_exact(2);
            run.cycles = pairs.map(|pair| pair[0] + pair[1]).collect();
            run.cycle_group = run.cycle_group.saturating_mul(2);
        }
        if per == Per::Cycle && !run.cycles.is_empty() {
            run.exposure = (run.cycles.len() as u64 * run.cycle_group) as f64;
            let weight = run.squared_bytes / run.bytes;
            run.bytes = run.cycles.iter().sum::<f64>().max(0.0);
            if weight.is_finite() && weight > 0.0 {
                run.squared_bytes = run.bytes * weight;
            }
            run.blocks = (run.bytes == 0.0).then_some(0.0);
        }
        if watched <= 0.0 || run.exposure <= 0.0 {
            // Without a clock, nobody knows how long a window is.
            return run;
        }
        // A unit is so many seconds long.
        let unit = watched / run.exposure;
        run.steps = match lefts.iter().find_map(|left| left.floor_s) {
            Some(seconds) => {
                let floors = added(lefts.iter().map(|left| floats(&left.floor_bytes)));
                let rises = floors.windows(2).map(|pair| pair[1] - pair[0]);
                rises.map(|rise| rise / seconds * unit).collect()
            }
            None => {
                let seconds = watched / run.windows.len() as f64;
                let windows = run.windows.iter();
                windows.map(|bytes| bytes / seconds * unit).collect()
            }
        };
        run
    }
}

/// Of blocks that outlive the others, where data were lost, as many are not counted as may have been freed unseen: these, and
/// all that is outstanding, are what may have been left.
pub(crate) fn unsure_bytes(site: &CallSite, report: &Report) -> u64 {
    let totals = &report.totals;
    let has_lost = totals.dropped_packets > 0 || totals.skipped_bytes > 0;
    let is_estimate = has_lost && site.verdict == Verdict::LeakSurvivors.name();
    let left = site.left.as_ref().filter(|_| is_estimate);
    left.map_or(0, |left| site.outstanding_bytes.saturating_sub(left.bytes))
}

fn floats(numbers: &[u64]) -> Vec<f64> {
    numbers.iter().map(|&number| number as f64).collect()
}

/// How long a call site was watched: as it says itself, or as another of the recording does.
fn watched_s(left: Option<&Left>, report: &Report) -> f64 {
    let others = report
        .call_sites
        .iter()
        .filter_map(|site| site.left.as_ref());
    let mut watched = left.into_iter().chain(others);
    let seconds = watched.find_map(|left| left.watched_s);
    seconds.or(report.trace.length_s).unwrap_or(0.0)
}

/// Sums of the rows, from their first entries on.
fn added(rows: impl Iterator<Item = Vec<f64>>) -> Vec<f64> {
    let mut sums = Vec::new();
    for row in rows {
        sums.resize(sums.len().max(row.len()), 0.0);
        for (sum, number) in sums.iter_mut().zip(row) {
            *sum += number;
        }
    }
    sums
}
