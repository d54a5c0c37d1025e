//! A rule for a leak that is accepted, ready to be pasted into `leakscope.toml`.

use std::fmt::Write;

use leakscope_report::document::call_site::CallSite;
use leakscope_report::identity::normalised;
use leakscope_report::sanitise;

/// Functions that are enough to tell a call site.
const ENOUGH: usize = 4;

/// A rule that excuses this call site: a `[[suppress]]` table whose reason is to be filled in. `None` if no function of
/// its stack has a name.
pub fn suggest(site: &CallSite) -> Option<String> {
    let mut frames = Vec::new();
    let mut names = site.frames.iter().map(|frame| frame.function.as_deref());
    for name in names.by_ref().take(ENOUGH) {
        frames.push(name.map_or_else(|| "...".to_owned(), |name| escaped(&normalised(name))));
    }
    let id = frames.iter().find(|name| *name != "...")?.clone();
    let mut rule = String::from("[[suppress]]\n");
    let quoted = |text: &str| serde_json::Value::from(sanitise(text).into_owned()).to_string();
    let frames: Vec<String> = frames.iter().map(|name| quoted(name)).collect();
    // To a string, nothing fails.
    let _ = writeln!(rule, "id = {}", quoted(&id));
    let _ = writeln!(rule, "reason = \"\" # why is this accepted?");
    let _ = writeln!(rule, "frames = [{}]", frames.join(", "));
    let _ = writeln!(rule, "max-bytes = \"{}B\"", site.outstanding_bytes);
    Some(rule)
}

/// A name as a pattern that matches it and no other.
fn escaped(name: &str) -> String {
    name.replace(['[', '*'], "?")
}
