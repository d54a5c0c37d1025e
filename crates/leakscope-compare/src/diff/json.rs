//! For programs: the document as it is. `docs/diff-json.md` describes the fields.

use super::document::Diff;

/// The document, on lines.
pub fn json(diff: &Diff) -> String {
    // Nothing in it can fail to be written.
    serde_json::to_string_pretty(diff).unwrap_or_default() + "\n"
}
