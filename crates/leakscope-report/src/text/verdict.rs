//! Verdicts in plain words.

use leakscope_analysis::findings::Confidence;

use super::layout::Paint;
use crate::document::call_site::CallSite;
use crate::policy::Standing;

/// As a heading. A verdict that a later version has given is called by its name.
pub(super) fn heading(site: &CallSite) -> &str {
    match site.verdict.as_str() {
        "leak-steady" => "LEAK, steady",
        "leak-growing" => "LEAK, growing",
        "leak-per-cycle" => "LEAK, per cycle",
        "leak-survivors" => "LEAK, survivors",
        "late-release" => "late release",
        "once" => "once at start-up",
        "in-flight" => "in flight",
        "all-freed" => "all freed",
        other => other,
    }
}

/// In a narrow column.
pub(super) fn short(site: &CallSite) -> &str {
    match site.verdict.as_str() {
        "once" => "once",
        _ => heading(site),
    }
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
