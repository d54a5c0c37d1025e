//! What fills up looks like a leak as long as it is not full: a much longer recording, in which it was full, knows better.

use leakscope_analysis::findings::{Confidence, Verdict};
use leakscope_report::Report;
use leakscope_report::document::call_site::CallSite;
use leakscope_report::units::{bytes, duration_of_seconds};
use serde::{Deserialize, Serialize};

/// A recording is much longer from this factor on: as between the sessions of one recording.
const LONGER: f64 = 4.0;

/// No clock is worth such a share of a length.
const NEARLY: f64 = 1.05;

/// What a call site held in the session that gave its verdict.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Level {
    /// The most bytes that lived at once.
    pub bytes: u64,
    /// How long the session was, in seconds.
    pub session_s: f64,
    /// The size of its largest block; 0 in an older baseline.
    #[serde(default)]
    pub largest_bytes: u64,
}

impl Level {
    /// Of a call site that was full; `None` of any other, and without a clock.
    pub(crate) fn full(report: &Report, site: &CallSite) -> Option<Self> {
        let full = [Verdict::Bounded, Verdict::Once].map(Verdict::name);
        let is_full = full.contains(&&*site.verdict) && site.confidence >= Confidence::Medium;
        is_full.then(|| Self::of(report, site)).flatten()
    }

    /// Of a call site that is accused, but by its level in marked cycles; `None` without a clock.
    pub(crate) fn accused(report: &Report, site: &CallSite) -> Option<Self> {
        let by_time = [
            Verdict::LeakSteady,
            Verdict::LeakGrowing,
            Verdict::LeakSurvivors,
        ];
        let is_accused = by_time.map(Verdict::name).contains(&&*site.verdict);
        is_accused.then(|| Self::of(report, site)).flatten()
    }

    fn of(report: &Report, site: &CallSite) -> Option<Self> {
        let session = report.sessions.get(site.session)?;
        Some(Self {
            bytes: site.peak_bytes,
            session_s: session.end_s? - session.start_s?,
            largest_bytes: site.largest_bytes,
        })
    }

    /// Whether what was full here knows better of what is accused there.
    pub(crate) fn knows_better(&self, accused: &Self) -> bool {
        self.session_s * NEARLY >= LONGER * accused.session_s && self.reaches(accused)
    }

    /// Whether it was full in a session as long, with as much.
    pub(crate) fn matches(&self, accused: &Self) -> bool {
        self.session_s * NEARLY >= accused.session_s && self.reaches(accused)
    }

    /// What fills up by itself scatters by the root of the number of its blocks, and twice that is allowed for.
    fn reaches(&self, accused: &Self) -> bool {
        let scatter = 2.0 * (self.bytes as f64 * self.largest_bytes as f64).sqrt();
        self.bytes as f64 + scatter >= accused.bytes as f64
    }

    /// Why it is no excuse, where it does not know better.
    pub(crate) fn does_not_explain(&self) -> String {
        format!(
            "the baseline knows it full, with {} in {}: that explains no more, and not what was recorded for as long",
            bytes(self.bytes),
            duration_of_seconds(self.session_s)
        )
    }

    /// The most of both.
    pub(crate) fn most(self, other: Self) -> Self {
        Self {
            bytes: self.bytes.max(other.bytes),
            session_s: self.session_s.max(other.session_s),
            largest_bytes: self.largest_bytes.max(other.largest_bytes),
        }
    }
}
