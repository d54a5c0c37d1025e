//! Entry points of `leakscope-report`.

use leakscope_report::{json, text};

/// Reads `bytes` as a report. One that can be read is written as the same, and its text does nothing to a terminal.
pub fn saved_report(bytes: &[u8]) {
    let Ok(report) = json::read(bytes) else {
        return;
    };
    let mut again = Vec::new();
    json::write(&mut again, &report).expect("memory takes all");
    assert_eq!(json::read(&again).expect("a report"), report);
    let mut shown = Vec::new();
    text::write(&mut shown, &report, &text::TextOptions::default()).expect("memory takes all");
    let shown = String::from_utf8(shown).expect("text");
    assert!(!shown.contains(|it: char| it != '\n' && it.is_control()));
}
