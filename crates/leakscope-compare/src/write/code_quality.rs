//! GitLab's Code Quality report: a JSON array of failures that have a place, and of recordings of which nothing can be claimed.

use std::path::Path;

use leakscope_analysis::findings::Confidence;
use leakscope_report::sanitise;
use serde_json::{Value, json};

use super::alerts::{LeftOut, alerts};
use super::{Checked, Place};
use crate::gate::{Answer, Judgement};

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
    let doubts = (checked.judgements.iter()).filter_map(|judgement| doubt(checked, judgement));
    let entries: Vec<Value> = entries.chain(doubts).collect();
    let text = serde_json::to_string_pretty(&entries).unwrap_or_default() + "\n";
    (text, left_out)
}

/// Why nothing can be claimed of a recording, or nothing more: in its first line, as it has no other place.
fn doubt(checked: &Checked<'_>, judgement: &Judgement<'_>) -> Option<Value> {
    let name = judgement.name();
    let path = Place::path(Path::new(&name), checked.root);
    let file_name = || Some(Path::new(&name).file_name()?.to_string_lossy().into_owned());
    let (nothing, reasons) = (judgement.nothing(), judgement.reasons());
    (!judgement.inconclusive.is_empty()).then(|| {
        json!({
            "description": format!("{nothing}: {}", sanitise(&reasons)),
            "check_name": "inconclusive",
            "fingerprint": format!("inconclusive:{name}"),
            "severity": if judgement.answer == Answer::Inconclusive { "major" } else { "minor" },
            "location": {
                "path": path.or_else(file_name).unwrap_or_default(),
                "lines": {"begin": 1},
            },
        })
    })
}
