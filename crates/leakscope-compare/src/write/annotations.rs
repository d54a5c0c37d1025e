//! GitHub's workflow commands: the ten worst failures as annotations.

use leakscope_report::sanitise;

use super::{Checked, Place, function_of};
use crate::gate::{Answer, Judgement};

/// GitHub shows so many errors of a step, and as many warnings.
const SHOWN: usize = 10;

/// A line for each of the first failures, and for each recording of which nothing can be claimed, or nothing more:
/// `::error file=…,line=…,title=…::…`.
pub fn annotations(checked: &Checked<'_>) -> String {
    let failures = checked.failures().map(|(judgement, failure)| {
        let place = Place::of(&failure.frames, checked.root);
        let place = place.map_or(String::new(), |place| {
            format!("file={},line={},", property(&place.path), place.line)
        });
        let kind = failure.kind.name();
        let title = function_of(failure);
        let title = title.map_or(kind.to_owned(), |name| format!("{kind} in {name}"));
        annotation("error", &place, &title, judgement, &failure.message)
    });
    let level = if checked.lets_inconclusive_pass {
        "warning"
    } else {
        "error"
    };
    let doubts = |answer, level| {
        let unclear = (checked.judgements.iter())
            .filter(move |one| one.answer == answer && !one.inconclusive.is_empty());
        unclear.map(move |judgement| {
            let reasons = judgement.reasons();
            annotation(level, "", judgement.nothing(), judgement, &reasons)
        })
    };
    let errors = failures.chain(doubts(Answer::Inconclusive, level));
    let warnings = doubts(Answer::Failed, "warning");
    errors.take(SHOWN).chain(warnings.take(SHOWN)).collect()
}

fn annotation(
    level: &str,
    place: &str,
    title: &str,
    judgement: &Judgement<'_>,
    message: &str,
) -> String {
    let title = property(&sanitise(title));
    let text = data(&sanitise(&format!("{}: {message}", judgement.name())));
    format!("::{level} {place}title={title}::{text}\n")
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
