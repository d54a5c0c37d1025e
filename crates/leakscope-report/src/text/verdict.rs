//! Verdicts in plain words.

use leakscope_analysis::findings::{Confidence, Verdict};

use super::layout::Paint;
use crate::document::call_site::CallSite;
use crate::policy::Standing;

const HEADINGS: [(Verdict, &str); 12] = [
    (Verdict::LeakSteady, "LEAK, steady"),
    (Verdict::LeakGrowing, "LEAK, growing"),
    (Verdict::LeakPerCycle, "LEAK, per cycle"),
    (Verdict::LeakSurvivors, "LEAK, survivors"),
    (Verdict::Lost, "lost"),
    (Verdict::LateRelease, "late release"),
    (Verdict::Bounded, "bounded"),
    (Verdict::Once, "once at start-up"),
    (Verdict::InFlight, "in flight"),
    (Verdict::Unclassified, "unclassified"),
    (Verdict::Uncertain, "uncertain"),
    (Verdict::AllFreed, "all freed"),
];

/// As a heading. A verdict that a later version has given is called by its name.
pub(super) fn heading(site: &CallSite) -> &str {
    let known = HEADINGS.iter();
    let known = known.filter(|(verdict, _)| verdict.name() == site.verdict);
    known
        .map(|(_, heading)| *heading)
        .next()
        .unwrap_or(&site.verdict)
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
