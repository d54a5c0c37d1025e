//! Commands that the user can copy.

use leakscope_report::sanitise;

/// This program, as it was called.
pub(crate) fn program() -> String {
    quoted(&std::env::args().next().unwrap_or_default())
}

/// As a shell reads it.
pub(crate) fn quoted(text: &str) -> String {
    let text = sanitise(text);
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+=:,@%".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.into_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}
