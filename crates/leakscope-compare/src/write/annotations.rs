//! GitHub's workflow commands: the ten worst failures as annotations.

use std::fmt::Write;

use leakscope_report::sanitise;

use super::{Checked, Place, function};

/// GitHub shows so many of a step.
const SHOWN: usize = 10;

/// A line for each of the first failures: `::error file=…,line=…,title=…::…`.
pub fn annotations(checked: &Checked<'_>) -> String {
    let mut text = String::new();
    for (judgement, failure) in checked.failures().take(SHOWN) {
        let site = judgement.site(failure);
        let place = site.and_then(|site| Place::of(site, checked.root));
        let place = place.map_or(String::new(), |place| {
            format!("file={},line={},", property(&place.path), place.line)
        });
        let kind = &*sanitise(failure.kind.name());
        let title = site.map_or(kind.to_owned(), |site| {
            format!("{kind} in {}", function(site))
        });
        // To a string, nothing fails.
        let _ = writeln!(
            text,
            "::error {place}title={}::{}",
            property(&title),
            data(&sanitise(&format!(
                "{}: {}",
                judgement.name(),
                failure.message
            )))
        );
    }
    text
}

/// A message on its one line.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// A property, where commas and colons have a meaning, too.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
