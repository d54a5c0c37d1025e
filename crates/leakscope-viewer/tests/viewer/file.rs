//! The single file: bounded, and it says what it leaves out.

use leakscope_testing::scenario::Scenario;
use leakscope_viewer::{Program, page};
use serde_json::Value;

use super::program::{ask, engine, inputs};

/// The document in a page.
pub(crate) fn document(page: &str) -> Value {
    let (_, rest) = page.split_once("id=\"leakscope-data\">").unwrap();
    let (json, _) = rest.split_once("</script>").unwrap();
    serde_json::from_str(json).unwrap()
}

pub(crate) fn written(inputs: Vec<Vec<u8>>) -> String {
    written_with(&Program::default(), inputs)
}

pub(crate) fn written_with(program: &Program, inputs: Vec<Vec<u8>>) -> String {
    let mut engine = engine(program, inputs);
    let mut page = Vec::new();
    page::write(&mut page, &mut engine, page::EVENTS).unwrap();
    String::from_utf8(page).unwrap()
}

#[test]
fn a_short_trace_is_all_there() {
    let page = written(inputs(11, 3_000));
    let document = document(&page);
    assert_eq!(document["schema"], "leakscope.page");
    assert_eq!(document["overview"]["left_out"], serde_json::json!([]));
    let events = document["overview"]["totals"]["events"].as_u64().unwrap();
    assert_eq!(
        document["events"]["rows"].as_array().unwrap().len() as u64,
        events
    );
    assert_eq!(document["timeline"]["resolution"], 1);
    let blocks = document["blocks"].as_array().unwrap();
    assert!(
        blocks
            .iter()
            .any(|block| block[0].is_u64() && block[1].is_u64())
    );
}

#[test]
fn a_long_trace_is_not_longer_and_says_what_is_missing() {
    let page = written(inputs(12, 200_000));
    let document = document(&page);
    let data = page.len() - page::length_without_data();
    assert!(data < 6_000_000, "{data} bytes of data");
    let rows = document["events"]["rows"].as_array().unwrap();
    assert!(rows.len() < 10_000);
    assert!(rows.is_sorted_by_key(|row| row["index"].as_u64()));
    let left_out = document["overview"]["left_out"].as_array().unwrap();
    let left_out: Vec<&str> = left_out.iter().map(|text| text.as_str().unwrap()).collect();
    let told = |part: &str| left_out.iter().any(|text| text.contains(part));
    assert!(
        told("events are listed") && told("the timeline tells apart"),
        "{left_out:?}"
    );
    let first = rows[0]["index"].as_u64();
    let last = rows[rows.len() - 1]["index"].as_u64();
    let events = document["overview"]["totals"]["events"].as_u64().unwrap();
    assert_eq!((first, last), (Some(0), Some(events - 1)));
    let logs = rows.iter().filter(|row| row["kind"] == "error").count();
    assert!(logs >= 500, "{logs} log messages");
    // Between the log messages from both ends, as many as are missing.
    let is_log =
        |row: &&Value| ["log", "warning", "error"].contains(&row["kind"].as_str().unwrap());
    let all = document["overview"]["totals"]["log_messages"].as_u64();
    let gap = ["from", "to", "lines"].map(|name| document["log_gap"][name].as_u64().unwrap());
    let within = rows.iter().filter(is_log).filter(|row| {
        let index = row["index"].as_u64().unwrap();
        (gap[0]..gap[1]).contains(&index)
    });
    assert_eq!(within.count(), 0);
    assert_eq!(
        Some(rows.iter().filter(is_log).count() as u64 + gap[2]),
        all
    );
}

#[test]
fn as_many_events_are_listed_as_were_asked_for() {
    let (program, inputs) = (Program::default(), inputs(12, 30_000));
    let mut engine = engine(&program, inputs);
    let mut listed = |events: u64| {
        let mut page = Vec::new();
        page::write(&mut page, &mut engine, events).unwrap();
        let document = document(&String::from_utf8(page).unwrap());
        document["events"]["rows"].as_array().unwrap().len() as u64
    };
    let all = listed(u64::MAX);
    let (none, some) = (listed(0), listed(9_000));
    assert!(
        (9_000..all).contains(&some) && none < some,
        "{none} {some} {all}"
    );
}

/// Of more call sites than the table has rows, rows and others come to what all of the trace does.
#[test]
fn call_sites_without_a_row_are_in_the_sums() {
    let recording = &mut Scenario::begun();
    for number in 0..1_100 {
        let (block, caller) = (0x3FFB_0000 + 64 * number, [0x400D_0000 + 16 * number]);
        recording
            .after(50)
            .allocate(block, 8 + number % 40, &caller);
        if number % 3 == 0 {
            recording.after(10).free(block, &[0x400E_0000]);
        }
    }
    let recording = recording.after(1000).idle().plain();
    let page = document(&written(vec![recording.clone()]));
    let program = Program::default();
    let served = ask(&mut engine(&program, vec![recording]), "sites", &[]);
    let totals = &page["overview"]["totals"];
    let told = |sites: &Value, name: &str| {
        let rows = sites["sites"].as_array().unwrap().iter();
        let listed: u64 = rows.map(|row| row[name].as_u64().unwrap()).sum();
        listed + sites["others"][name].as_u64().unwrap()
    };
    for name in [
        "outstanding_bytes",
        "outstanding_blocks",
        "allocated_bytes",
        "allocations",
    ] {
        assert_eq!(told(&page["sites"], name), totals[name], "{name}");
    }
    for name in ["bytes_at_peak", "temporary_bytes", "temporary"] {
        assert_eq!(told(&page["sites"], name), told(&served, name), "{name}");
    }
    let others = &page["sites"]["others"];
    assert_eq!(
        (&others["sites"], &served["others"]["sites"]),
        (&100.into(), &0.into())
    );
    let live = others["outstanding_sites"].as_u64().unwrap();
    assert_eq!(others["outstanding_blocks"], live);
}

#[test]
fn the_page_itself_is_short() {
    let length = page::length_without_data();
    assert!(length <= 600 * 1024, "{length} bytes");
}
