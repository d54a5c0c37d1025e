//! SARIF 2.1.0, as GitHub's code scanning reads it: one result for each call stack that fails, and a notification for each recording
//! of which nothing can be claimed.

use std::fmt::Write;

use leakscope_analysis::findings::Confidence;
use serde_json::{Value, json};

use super::alerts::{Alert, LeftOut, alerts};
use super::{Checked, Place};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// Rules, by the names of failures: what they are, and what to do. The ids never change.
const RULES: [(&str, &str, &str); 10] = [
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
        "lost",
        "Nothing in the device's memory points at these blocks any more.",
        "Look for who forgot the last pointer.",
    ),
    (
        "outstanding",
        "A dump of the heap holds blocks that the baseline does not know.",
        "Compare with a later dump, or record a trace.",
    ),
    (
        "double-free",
        "A block is freed that had been freed.",
        "Find which of both frees owns the block.",
    ),
    (
        "wrong-free",
        "An address is freed inside a block.",
        "Free the address that the allocation returned.",
    ),
    (
        "failed-allocation",
        "An allocation found no memory.",
        "Free memory, or ask for less.",
    ),
    ("leak", "Memory is not freed.", "Find who should free it."),
];

/// The document, and what it cannot say.
pub fn sarif(checked: &Checked<'_>) -> (String, LeftOut) {
    let (alerts, left_out) = alerts(checked);
    let results: Vec<Value> = (alerts.iter())
        .map(|alert| result(checked, alert))
        .collect();
    let rules = RULES.iter().map(|&(id, what, help)| {
        json!({
            "id": id,
            "name": id,
            "shortDescription": {"text": what},
            "fullDescription": {"text": what},
            "help": {"text": help},
            "properties": {"tags": [if is_of_leaks(id) { "memory-leak" } else { "memory" }]},
        })
    });
    let doubts = (checked.judgements.iter())
        .filter(|judgement| !judgement.inconclusive.is_empty())
        .map(|judgement| {
            let (name, nothing) = (judgement.name(), judgement.nothing());
            let text = format!("{name}: {nothing}: {}", judgement.reasons());
            json!({"level": "warning", "message": message(&text)})
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
            "invocations": [{
                "executionSuccessful": true,
                "toolExecutionNotifications": doubts.collect::<Value>(),
            }],
            "results": results,
        }],
    });
    (format!("{sarif:#}\n"), left_out)
}

fn is_of_leaks(rule: &str) -> bool {
    !["double-free", "wrong-free", "failed-allocation"].contains(&rule)
}

fn result(checked: &Checked<'_>, alert: &Alert<'_>) -> Value {
    let failure = alert.failure;
    let flow = failure.frames.iter().filter_map(|frame| {
        let mut location = location(&Place::of_frame(frame, checked.root)?);
        location["message"] = message(frame.function.as_deref().unwrap_or("?"));
        Some(json!({"location": location}))
    });
    // From the outermost call inwards, as a program runs.
    let mut flow: Vec<Value> = flow.collect();
    flow.reverse();
    let site = alert.judgement.site(failure);
    let (level, precision) = match site.map(|site| site.confidence) {
        None | Some(Confidence::High) => ("error", "very-high"),
        Some(Confidence::Medium) => ("error", "high"),
        Some(Confidence::Low) => ("warning", "medium"),
    };
    let rule = RULES.iter().position(|(id, ..)| *id == failure.kind.name());
    let rule = rule.unwrap_or(RULES.len() - 1);
    json!({
        "ruleId": RULES[rule].0,
        "ruleIndex": rule,
        "level": level,
        "message": message(&format!("{}. {}.", alert.title(), failure.message)),
        "locations": [location(&alert.place)],
        "codeFlows": [{"threadFlows": [{"locations": flow}]}],
        "partialFingerprints": {"primaryLocationLineHash": format!("{}:1", alert.fingerprint)},
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
