//! Verdicts in plain words.

use leakscope_analysis::findings::{Confidence, Verdict};

use super::layout::Paint;
use crate::document::call_site::CallSite;
use crate::policy::Standing;

/// As a heading. A verdict that a later version has given is called by its name.
pub(super) fn heading(site: &CallSite) -> &str {
    let mut all = Verdict::ALL.into_iter();
    match all.find(|verdict| verdict.name() == site.verdict) {
        Some(Verdict::LeakSteady) => "LEAK, steady",
        Some(Verdict::LeakGrowing) => "LEAK, growing",
        Some(Verdict::LeakPerCycle) => "LEAK, per cycle",
        Some(Verdict::LeakSurvivors) => "LEAK, survivors",
        Some(Verdict::Lost) => "lost",
        Some(Verdict::LateRelease) => "late release",
        Some(Verdict::Bounded) => "bounded",
        Some(Verdict::Once) => "once at start-up",
        Some(Verdict::InFlight) => "in flight",
        Some(Verdict::Unclassified) => "unclassified",
        Some(Verdict::Uncertain) => "uncertain",
        Some(Verdict::AllFreed) => "all freed",
        None => &site.verdict,
    }
}

/// In a narrow column.
pub(super) fn short(site: &CallSite) -> &str {
    if site.verdict == Verdict::Once.name() {
        return "once";
    }
    heading(site)
}

pub(super) fn paint(site: &CallSite) -> Paint {
    match site.standing {
        Standing::Leak => Paint::Leak,
        Standing::Unknown => Paint::Warning,
        Standing::Suppressed(_) | Standing::Known(_) | Standing::Fine => Paint::Plain,
    }
}

pub(super) fn confidence(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::High => "high confidence",
        Confidence::Medium => "medium confidence",
        Confidence::Low => "low confidence",
    }
}
