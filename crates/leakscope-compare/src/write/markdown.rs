//! Markdown, for a merge request or a step's summary.

use std::fmt::Write;

use super::{Checked, Place, function_of, word};

/// A table of failures for each recording.
pub fn markdown(checked: &Checked<'_>) -> String {
    let mut text = String::from("## leakscope\n");
    for judgement in checked.judgements {
        let answer = word(judgement.answer);
        // To a string, nothing fails.
        let _ = writeln!(
            text,
            "\n**{}**: {answer}. {}.",
            cell(&judgement.name()),
            cell(&judgement.headline(checked.gate))
        );
        for reason in &judgement.inconclusive {
            let nothing = judgement.nothing();
            let _ = writeln!(text, "\n- {nothing}: {}", cell(&reason.message));
        }
        if judgement.failures.is_empty() {
            continue;
        }
        text.push_str("\n| what | where | why |\n|---|---|---|\n");
        for failure in &judgement.failures {
            let place = Place::of(&failure.frames, checked.root);
            let place = place.map(|place| format!(" ({}:{})", place.path, place.line));
            let function = function_of(failure).unwrap_or_default();
            let _ = writeln!(
                text,
                "| {} | {} | {} |",
                cell(failure.kind.name()),
                cell(&format!("{function}{}", place.unwrap_or_default())),
                cell(&failure.message)
            );
        }
    }
    text
}

/// Text as it is, on one line of a table: nothing in it is markup.
fn cell(text: &str) -> String {
    let mut cell = String::with_capacity(text.len());
    for character in leakscope_report::sanitise(text).chars() {
        match character {
            '\n' | '\r' | '\t' => cell.push(' '),
            '<' => cell.push_str("&lt;"),
            '>' => cell.push_str("&gt;"),
            '&' => cell.push_str("&amp;"),
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '~' | '!' | '@' => {
                cell.push('\\');
                cell.push(character);
            }
            other => cell.push(other),
        }
    }
    cell
}
