//! Lists of log messages.

use leakscope_report::Symbolizer;
use leakscope_report::filter::Filter;
use leakscope_report::log::{Format, LogRow, Writer};
use serde_json::Value;

use crate::golden::assert_golden;
use crate::recording::{small, walk};

fn listed(format: Format) -> String {
    let mut out = Vec::new();
    let filter = Filter::default();
    let mut writer = Writer::new(&mut out, format, &filter);
    walk(&small(), |event, trace| {
        if let Some(row) = LogRow::new(event, trace, &Symbolizer::new(None)) {
            writer.write(row).unwrap();
        }
    });
    writer.finish().unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn golden_outputs() {
    assert_golden("log.txt", &listed(Format::Text));
    assert_golden("log-colour.txt", &listed(Format::ColouredText));
    assert_golden("log.jsonl", &listed(Format::JsonLines));
}

#[test]
fn arguments_are_filled_in_and_parts_joined() {
    let lines = listed(Format::JsonLines);
    let rows: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(rows.len(), 4);
    assert_eq!(rows[0]["text"], "plain, with \u{1b}[31mcolour\u{1b}[0m\n");
    assert_eq!(rows[1]["text"], "value 7 of -1, and more");
    assert_eq!(rows[1]["level"], "warning");
    assert_eq!(rows[2]["level"], "error");
}

#[test]
fn text_is_harmless() {
    let text = listed(Format::Text);
    assert!(!text.contains(|character: char| character != '\n' && character.is_control()));
    assert!(text.contains("plain, with colour\n"), "{text}");
}
