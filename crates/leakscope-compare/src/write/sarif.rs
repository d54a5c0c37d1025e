//! SARIF 2.1.0, as GitHub's code scanning reads it: one result for each call site that fails.

use std::collections::BTreeMap;
use std::fmt::Write;

use leakscope_analysis::findings::Confidence;
use leakscope_report::document::call_site::CallSite;
use serde_sarif::sarif::{
    ArtifactLocation, CodeFlow, Location, Message, MultiformatMessageString, PhysicalLocation,
    PropertyBag, Region, ReportingDescriptor, Result, ResultLevel, Run, RunAutomationDetails,
    Sarif, ThreadFlow, ThreadFlowLocation, Tool, ToolComponent,
};

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
        ReportingDescriptor::builder()
            .id(id)
            .name(id)
            .short_description(words(what))
            .full_description(words(what))
            .help(words(help))
            .properties(properties([("tags", serde_json::json!(["memory-leak"]))]))
            .build()
    });
    let driver = ToolComponent::builder()
        .name("leakscope")
        .version(env!("CARGO_PKG_VERSION"))
        .information_uri(env!("CARGO_PKG_REPOSITORY"))
        .rules(rules.collect::<Vec<_>>())
        .build();
    let run = Run::builder()
        .tool(Tool::builder().driver(driver).build())
        .automation_details(RunAutomationDetails::builder().id("leakscope/").build())
        .results(results)
        .build();
    let sarif = Sarif::builder()
        .schema(SCHEMA)
        .version("2.1.0")
        .runs(vec![run])
        .build();
    // Nothing in it can fail to be written.
    (
        serde_json::to_string_pretty(&sarif).unwrap_or_default() + "\n",
        without_place,
    )
}

fn result(checked: &Checked<'_>, failure: &Failure, site: &CallSite, place: &Place) -> Result {
    let flow = site.frames.iter().filter_map(|frame| {
        let place = Place::of_frame(frame, checked.root)?;
        let name = frame.function.as_deref().unwrap_or("?");
        let mut location = location(&place);
        location.message = Some(message(name));
        Some(ThreadFlowLocation::builder().location(location).build())
    });
    // From the outermost call inwards, as a program runs.
    let mut flow: Vec<_> = flow.collect();
    flow.reverse();
    let flow = ThreadFlow::builder().locations(flow).build();
    let (level, precision) = match site.confidence {
        Confidence::High => (ResultLevel::Error, "very-high"),
        Confidence::Medium => (ResultLevel::Error, "high"),
        Confidence::Low => (ResultLevel::Warning, "medium"),
    };
    let rule = RULES.iter().position(|(id, ..)| *id == failure.kind.name());
    let rule = rule.unwrap_or(RULES.len() - 1);
    Result::builder()
        .rule_id(RULES[rule].0)
        .rule_index(rule as i64)
        .level(level)
        .message(message(&format!(
            "{} leaks. {}.",
            function(site),
            failure.message
        )))
        .locations(vec![location(place)])
        .code_flows(vec![CodeFlow::builder().thread_flows(vec![flow]).build()])
        .partial_fingerprints(BTreeMap::from([(
            "primaryLocationLineHash".to_owned(),
            format!("{}:1", site.identity.stack),
        )]))
        .properties(properties([("precision", precision.into())]))
        .build()
}

fn location(place: &Place) -> Location {
    let region = Region::builder()
        .start_line(i64::from(place.line))
        .start_column(1)
        .end_line(i64::from(place.line))
        .end_column(2)
        .build();
    let artifact = ArtifactLocation::builder().uri(uri(&place.path)).build();
    let physical = PhysicalLocation::builder()
        .artifact_location(artifact)
        .region(region)
        .build();
    Location::builder().physical_location(physical).build()
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

fn message(text: &str) -> Message {
    let text = leakscope_report::sanitise(text).into_owned();
    Message::builder().text(text).build()
}

fn words(text: &str) -> MultiformatMessageString {
    MultiformatMessageString::builder().text(text).build()
}

fn properties<const N: usize>(entries: [(&str, serde_json::Value); N]) -> PropertyBag {
    let entries = entries
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value));
    PropertyBag::builder()
        .additional_properties(entries.collect::<BTreeMap<_, _>>())
        .build()
}
