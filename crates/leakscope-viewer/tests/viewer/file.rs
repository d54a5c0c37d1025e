//! The single file: bounded, and it says what it leaves out.

use leakscope_viewer::{Program, page};
use serde_json::Value;

use super::program::{engine, inputs};

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
    page::write(&mut page, &mut engine).unwrap();
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
}

#[test]
fn the_page_itself_is_short() {
    let length = page::length_without_data();
    assert!(length <= 600 * 1024, "{length} bytes");
}
