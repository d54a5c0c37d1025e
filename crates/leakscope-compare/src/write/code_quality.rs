//! GitLab's Code Quality report: a JSON array of failures that have a place.

use leakscope_analysis::findings::Confidence;
use leakscope_report::sanitise;
use serde_json::{Value, json};

use super::Checked;
use super::alerts::{LeftOut, alerts};

/// The array, and what it cannot say.
pub fn code_quality(checked: &Checked<'_>) -> (String, LeftOut) {
    let (alerts, left_out) = alerts(checked);
    let entries = alerts.iter().map(|alert| {
        let site = alert.judgement.site(alert.failure);
        let severity = match site.map(|site| site.confidence) {
            None | Some(Confidence::High) => "critical",
            Some(Confidence::Medium) => "major",
            Some(Confidence::Low) => "minor",
        };
        json!({
            "description": format!("{}: {}", alert.title(), sanitise(&alert.failure.message)),
            "check_name": alert.failure.kind.name(),
            "fingerprint": alert.fingerprint,
            "severity": severity,
            "location": {"path": alert.place.path, "lines": {"begin": alert.place.line}},
        })
    });
    let entries: Vec<Value> = entries.collect();
    let text = serde_json::to_string_pretty(&entries).unwrap_or_default() + "\n";
    (text, left_out)
}
