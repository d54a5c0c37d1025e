//! GitLab's Code Quality report: a JSON array of failures that have a place.

use leakscope_analysis::findings::Confidence;
use leakscope_report::sanitise;
use serde_json::{Value, json};

use super::{Checked, Place, function};

/// The array, and how many failures have no place in the repository, which it cannot say.
pub fn code_quality(checked: &Checked<'_>) -> (String, usize) {
    let mut entries: Vec<Value> = Vec::new();
    let mut without_place = 0;
    for (judgement, failure) in checked.failures() {
        let site = judgement.site(failure);
        let Some((site, place)) =
            site.and_then(|site| Some((site, Place::of(site, checked.root)?)))
        else {
            without_place += 1;
            continue;
        };
        let severity = match site.confidence {
            Confidence::High => "critical",
            Confidence::Medium => "major",
            Confidence::Low => "minor",
        };
        entries.push(json!({
            "description": format!("{} leaks: {}", function(site), sanitise(&failure.message)),
            "check_name": failure.kind.name(),
            "fingerprint": site.identity.stack,
            "severity": severity,
            "location": {"path": place.path, "lines": {"begin": place.line}},
        }));
    }
    let text = serde_json::to_string_pretty(&entries).unwrap_or_default() + "\n";
    (text, without_place)
}
