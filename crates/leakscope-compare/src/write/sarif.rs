//! SARIF 2.1.0, as GitHub's code scanning reads it: one result for each call site that fails.

use std::fmt::Write;

use leakscope_analysis::findings::Confidence;
use leakscope_report::document::call_site::CallSite;
use serde_json::{Value, json};

use super::{Checked, Place, function};
use crate::gate::Failure;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// Rules, by the names of failures: what they are, and what to do. The ids never change.
const RULES: [(&str, &str, &str); 6] = [
    (
        "leak-steady",
        "Blocks are allocated here again and again, and none is freed.",
        "Find who should free them. If it is a cache that has not filled yet, record longer.",
    ),
    (
        "leak-growing",
        "Blocks are freed, and yet the lowest level rises to the end of the recording.",
        "Look for what adds more than it removes: a table, a queue or an array without a limit.",
    ),
    (
        "leak-per-cycle",
        "Each cycle that was marked leaves something behind.",
        "Look at one cycle: what it allocates, it should free.",
    ),
    (
        "leak-survivors",
        "Most blocks are freed soon, and a growing number outlives them all.",
        "Look at the paths that leave the function early.",
    ),
    (
        "outstanding",
        "A dump of the heap holds blocks that the baseline does not know.",
        "Compare with a later dump, or record a trace.",
    ),
    ("leak", "Memory is not freed.", "Find who should free it."),
];

/// The document, and how many failures have no place in the repository, which SARIF cannot say.
pub fn sarif(checked: &Checked<'_>) -> (String, usize) {
    let mut results = Vec::new();
    let mut fingerprints: Vec<&str> = Vec::new();
    let mut without_place = 0;
    for (judgement, failure) in checked.failures() {
        let site = judgement.site(failure);
        let place = site.and_then(|site| Place::of(site, checked.root));
        match (site, place) {
            // One alert for a call site, however many recordings show it.
            (Some(site), Some(_)) if fingerprints.contains(&site.identity.stack.as_str()) => {}
            (Some(site), Some(place)) => {
                fingerprints.push(&site.identity.stack);
                results.push(result(checked, failure, site, &place));
            }
            _ => without_place += 1,
        }
    }
    let rules = RULES.iter().map(|&(id, what, help)| {
        json!({
            "id": id,
            "name": id,
            "shortDescription": {"text": what},
            "fullDescription": {"text": what},
            "help": {"text": help},
            "properties": {"tags": ["memory-leak"]},
        })
    });
    let sarif = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "leakscope",
                "version": env!("CARGO_PKG_VERSION"),
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "rules": rules.collect::<Value>(),
            }},
            "automationDetails": {"id": "leakscope/"},
            "results": results,
        }],
    });
    (format!("{sarif:#}\n"), without_place)
}

fn result(checked: &Checked<'_>, failure: &Failure, site: &CallSite, place: &Place) -> Value {
    let flow = site.frames.iter().filter_map(|frame| {
        let mut location = location(&Place::of_frame(frame, checked.root)?);
        location["message"] = message(frame.function.as_deref().unwrap_or("?"));
        Some(json!({"location": location}))
    });
    // From the outermost call inwards, as a program runs.
    let mut flow: Vec<Value> = flow.collect();
    flow.reverse();
    let (level, precision) = match site.confidence {
        Confidence::High => ("error", "very-high"),
        Confidence::Medium => ("error", "high"),
        Confidence::Low => ("warning", "medium"),
    };
    let rule = RULES.iter().position(|(id, ..)| *id == failure.kind.name());
    let rule = rule.unwrap_or(RULES.len() - 1);
    json!({
        "ruleId": RULES[rule].0,
        "ruleIndex": rule,
        "level": level,
        "message": message(&format!("{} leaks. {}.", function(site), failure.message)),
        "locations": [location(place)],
        "codeFlows": [{"threadFlows": [{"locations": flow}]}],
        "partialFingerprints": {"primaryLocationLineHash": format!("{}:1", site.identity.stack)},
        "properties": {"precision": precision},
    })
}

fn location(place: &Place) -> Value {
    json!({"physicalLocation": {
        "artifactLocation": {"uri": uri(&place.path)},
        "region": {"startLine": place.line, "startColumn": 1, "endLine": place.line, "endColumn": 2},
    }})
}

/// A path as a relative reference: what has a meaning there is escaped.
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' | b'~' | b'+' => {
                uri.push(byte.into());
            }
            other => {
                // To a string, nothing fails.
                let _ = write!(uri, "%{other:02X}");
            }
        }
    }
    uri
}

fn message(text: &str) -> Value {
    json!({"text": leakscope_report::sanitise(text)})
}
