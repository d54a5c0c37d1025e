//! The report as a program reads it.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use leakscope_analysis::findings::Verdict;
use leakscope_analysis::heap::KnownBlock;
use leakscope_analysis::outcome::{AnomalyKind, Outcome};
use leakscope_analysis::problem::{Problem, ProblemKind};
use leakscope_analysis::trace::StackCertainty;
use leakscope_memory::image::{Image, Piece};
use leakscope_report::memory::{Examined, Live, Look};
use leakscope_report::{Report, Symbolizer, json};
use serde_json::Value;

use crate::everything::everything;
use crate::golden::assert_golden;
use crate::outcomes;
use crate::program::Program;

fn written(outcome: &Outcome) -> String {
    let inputs = ["core0.svdat".to_owned(), "core1.svdat".to_owned()];
    let mut symbolizer = Symbolizer::new(Some(&Program));
    let report = Report::new(outcome, &mut symbolizer, &inputs);
    let mut out = Vec::new();
    json::write(&mut out, &report).unwrap();
    String::from_utf8(out).unwrap()
}

fn parsed(outcome: &Outcome) -> Value {
    serde_json::from_str(&written(outcome)).unwrap()
}

#[test]
fn golden_outputs() {
    assert_golden("tutorial.json", &written(&outcomes::tutorial()));
    assert_golden("everything.json", &written(&everything()));
    assert_golden("empty.json", &written(&outcomes::empty()));
}

#[test]
fn the_leak_of_the_tutorial() {
    let report = parsed(&outcomes::tutorial());
    assert_eq!(report["schema"], "leakscope.report");
    assert_eq!(report["version"], 1);
    assert_eq!(report["conclusion"], "leak");
    let leak = &report["call_sites"][0];
    assert_eq!(leak["verdict"], "leak-steady");
    assert_eq!(leak["outstanding_bytes"], 270);
    assert!((leak["growth_bytes_per_second"].as_f64().unwrap() - 1_097.0).abs() < 0.1);
    assert_eq!(
        leak["tasks"],
        serde_json::json!(["alloc0", "alloc1", "alloc2"])
    );
    let frames: Vec<_> = leak["frames"]
        .as_array()
        .unwrap()
        .iter()
        .map(|frame| &frame["function"])
        .collect();
    assert_eq!(frames, ["leak_one", "alloc_task", "vPortTaskWrapper"]);
    assert_eq!(leak["frames"][0]["inlined"], true);
    assert_eq!(leak["frames"][0]["address"], "0x400d3bb4");
}

#[test]
fn without_heap_events_nothing_is_concluded() {
    for outcome in [outcomes::mute(), outcomes::empty()] {
        assert_eq!(parsed(&outcome)["conclusion"], "nothing-known");
    }
    assert_eq!(parsed(&outcomes::clean())["conclusion"], "uncertain");
}

/// Where more was lost than read, a leak would hardly have been seen.
#[test]
fn nothing_is_said_of_a_trace_that_is_mostly_lost() {
    let mut outcome = outcomes::tutorial();
    outcome
        .call_sites
        .retain(|site| !site.finding.verdict.is_leak());
    assert_eq!(parsed(&outcome)["conclusion"], "no-leak-seen");
    let skipped = |bytes| outcomes::problem(ProblemKind::Skipped { bytes }, 1);
    for (bytes, conclusion) in [(10_000, "no-leak-seen"), (20_000, "uncertain")] {
        let mut damaged = outcome.clone();
        damaged.problems.push(skipped(bytes));
        let document = parsed(&damaged);
        assert_eq!(document["conclusion"], conclusion, "{bytes} of 30,000");
        let headline = document["headline"].as_str().expect("a sentence");
        let is_said = headline.contains("more was lost than could be read");
        assert_eq!(is_said, conclusion == "uncertain", "{headline}");
    }
    outcome.totals.dropped_packets = outcome.totals.events + 1;
    assert_eq!(parsed(&outcome)["conclusion"], "uncertain");
}

/// Where nothing was allocated, or of a call site's many blocks hardly one was freed, the trace shows no fate of them.
#[test]
fn a_trace_that_shows_no_fate_of_blocks_says_so() {
    let mut outcome = outcomes::tutorial();
    outcome
        .call_sites
        .retain(|site| !site.finding.verdict.is_leak());
    let answer = |outcome: &Outcome| {
        let document = parsed(outcome);
        let [conclusion, headline] =
            ["conclusion", "headline"].map(|field| document[field].as_str().unwrap().to_owned());
        (conclusion, headline)
    };
    let mut kept = outcome.clone();
    kept.call_sites[0].finding.verdict = Verdict::Unclassified;
    for (frees, is_uncertain) in [(0, true), (2, true), (3, false), (20, false)] {
        let site = &mut kept.call_sites[0];
        (site.allocations, site.frees, site.outstanding_blocks) = (40, frees, 40 - frees);
        let (conclusion, headline) = answer(&kept);
        assert_eq!(
            conclusion == "uncertain",
            is_uncertain,
            "{frees}: {headline}"
        );
        assert_eq!(
            headline.contains("hardly a block of 1 call site was freed"),
            is_uncertain
        );
    }
    outcome.totals.allocations = 0;
    let (conclusion, headline) = answer(&outcome);
    assert_eq!(conclusion, "uncertain");
    assert!(
        headline.ends_with("no block was allocated in it"),
        "{headline}"
    );
}

#[test]
fn without_a_clock_seconds_are_null() {
    let mut outcome = everything();
    outcome.target.timestamp_hz = 0;
    let report = parsed(&outcome);
    assert_eq!(report["trace"]["length_s"], Value::Null);
    assert_eq!(
        report["call_sites"][0]["growth_bytes_per_second"],
        Value::Null
    );
    assert_eq!(report["call_sites"][0]["growth_ticks"], 9_480_000);
}

#[test]
fn hostile_names_are_whole_but_harmless() {
    let text = written(&everything());
    assert!(!text.contains(|character: char| character != '\n' && character.is_control()));
    assert!(!text.contains('\u{202e}'));
    let report = parsed(&everything());
    let name = report["tasks"][4]["name"].as_str().unwrap();
    assert!(name.starts_with("evil\u{1b}[2J\u{202e}task\n"));
}

/// Paths of all fields: `call_sites[].frames[].line`. Objects and arrays themselves are no fields.
pub(crate) fn paths(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let dot = if path.is_empty() { "" } else { "." };
                paths(value, &format!("{path}{dot}{name}"), found);
            }
        }
        Value::Array(items) => {
            for item in items {
                paths(item, &format!("{path}[]"), found);
            }
        }
        _ => {
            found.insert(path.to_owned());
        }
    }
}

/// The first cells of the tables in the document.
pub(crate) fn documented(page: &str) -> Vec<String> {
    let document = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../docs")
        .join(page);
    let document = fs::read_to_string(document).unwrap();
    let rows = document
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    rows.map(|(path, _)| path.to_owned()).collect()
}

/// The same, and an image of memory in which a word points at the first block.
fn with_memory(outcome: &Outcome) -> Value {
    let site = &outcome.call_sites[1];
    let block = site.blocks[0];
    let mut live = Live::default();
    live.blocks.push(KnownBlock {
        block,
        site: site.id,
    });
    let piece = |bytes| Piece {
        address: block.address - 8,
        bytes,
    };
    let pointer = (block.address as u32).to_le_bytes().to_vec();
    let image = Image::of_pieces(vec![piece(pointer), piece(vec![0; 4])]);
    let examined = Examined::new(&image, None, &live, Some(outcome), &Look::default());
    let mut report = Report::new(outcome, &mut Symbolizer::new(None), &[]);
    examined.attach(&mut report);
    let mut written = Vec::new();
    json::write(&mut written, &report).unwrap();
    assert_eq!(json::read(&written).unwrap(), report);
    serde_json::from_slice(&written).unwrap()
}

#[test]
fn an_image_is_not_complete_beside_another_program() {
    let mut outcome = everything();
    outcome.problems.clear();
    let says = |outcome: &Outcome| {
        let missing = with_memory(outcome)["memory"]["missing"].to_string();
        missing.contains("the ELF file is another one")
    };
    assert!(!says(&outcome));
    outcome.problems.push(Problem {
        kind: ProblemKind::NotBehindCalls {
            behind: 1,
            tested: 9,
        },
        input: 0,
        offset: None,
        time: None,
        count: 1,
    });
    assert!(says(&outcome));
}

#[test]
fn the_document_and_the_output_have_the_same_fields() {
    let mut outcome = everything();
    let first = outcome.call_sites[1].blocks[0];
    let doubtful = StackCertainty {
        exact: 0,
        by_call: 1,
        is_cut_off: true,
    };
    for site in &mut outcome.call_sites {
        site.certainty = doubtful;
        site.stack = vec![crate::program::APP_MAIN];
        site.blocks = vec![first];
        (site.doubtful_blocks, site.doubtful_bytes) = (1, 24);
    }
    for anomaly in &mut outcome.anomalies {
        anomaly.stack.certainty = doubtful;
        match &mut anomaly.kind {
            AnomalyKind::DoubleFree {
                freed_by: stack, ..
            }
            | AnomalyKind::WrongFree {
                allocated_by: stack,
                ..
            } => stack.certainty = doubtful,
        }
    }
    for failure in &mut outcome.failed_allocations {
        failure.stack.certainty = doubtful;
    }
    let mut output = BTreeSet::new();
    outcome.heaps.truncate(1);
    paths(&parsed(&outcome), "", &mut output);
    // A report without a leak has limits.
    paths(&parsed(&outcomes::clean()), "", &mut output);
    paths(&with_memory(&outcome), "", &mut output);
    paths(&with_heap_map(&outcome), "", &mut output);
    assert_documented(output, "report-json.md");
}

/// The same with what a heap's map has to say.
fn with_heap_map(outcome: &Outcome) -> Value {
    let mut report = Report::new(outcome, &mut Symbolizer::new(None), &[]);
    let map = crate::heap_map::fragmented();
    report.heap_map = leakscope_report::heap_map::note(&map, &report);
    assert!(report.heap_map.is_some());
    let mut written = Vec::new();
    json::write(&mut written, &report).unwrap();
    assert_eq!(json::read(&written).unwrap(), report);
    serde_json::from_slice(&written).unwrap()
}

/// The fields of an output are those that a page lists.
pub(crate) fn assert_documented(mut output: BTreeSet<String>, page: &str) {
    // Of a value that is null in one place and an object in another, only the object's fields count.
    let whole = output.clone();
    output.retain(|path| {
        !whole
            .iter()
            .any(|other| other.starts_with(&format!("{path}.")))
    });
    let documented: BTreeSet<String> = documented(page).into_iter().collect();
    let missing: Vec<_> = output.difference(&documented).collect();
    assert!(missing.is_empty(), "not in docs/{page}: {missing:#?}");
    let surplus: Vec<_> = documented.difference(&output).collect();
    assert!(surplus.is_empty(), "only in docs/{page}: {surplus:#?}");
}

#[test]
fn each_field_is_documented_once() {
    let mut paths = documented("report-json.md");
    paths.sort();
    let all = paths.len();
    paths.dedup();
    assert_eq!(paths.len(), all);
    assert!(all > 50);
}
