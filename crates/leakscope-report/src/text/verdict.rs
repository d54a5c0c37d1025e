//! Verdicts in plain words.

use leakscope_analysis::findings::{Confidence, Verdict};

use super::layout::Paint;

/// As a heading.
pub(super) fn heading(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::LeakSteady => "LEAK, steady",
        Verdict::LeakGrowing => "LEAK, growing",
        Verdict::LeakPerCycle => "LEAK, per cycle",
        Verdict::LeakSurvivors => "LEAK, survivors",
        Verdict::LateRelease => "late release",
        Verdict::Bounded => "bounded",
        Verdict::Once => "once at start-up",
        Verdict::InFlight => "in flight",
        Verdict::Unclassified => "unclassified",
        Verdict::Uncertain => "uncertain",
        Verdict::AllFreed => "all freed",
    }
}

/// In a narrow column.
pub(super) fn short(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Once => "once",
        other => heading(other),
    }
}

pub(super) fn paint(verdict: Verdict) -> Paint {
    match verdict {
        verdict if verdict.is_leak() => Paint::Leak,
        Verdict::Uncertain | Verdict::Unclassified => Paint::Warning,
        _ => Paint::Plain,
    }
}

pub(super) fn confidence(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::High => "high confidence",
        Confidence::Medium => "medium confidence",
        Confidence::Low => "low confidence",
    }
}
