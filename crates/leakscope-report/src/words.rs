//! Reasons and messages of the analysis, put in words, and where their lines may be broken.

use leakscope_analysis::findings::Word;

use crate::units::{self, Clock};

/// The words joined: "27 of 27 blocks never freed, one every 9.04 ms".
pub(crate) fn phrase(words: &[Word], clock: Clock) -> String {
    words.iter().map(|&word| in_words(word, clock)).collect()
}

fn in_words(word: Word, clock: Clock) -> String {
    match word {
        Word::Text(text) => text.to_owned(),
        Word::Count(number) => units::count(number),
        Word::Bytes(bytes) => units::bytes(bytes),
        Word::Moment(ticks) => clock.moment(ticks),
        Word::Duration(ticks) => clock.duration(ticks),
        Word::Percent(percent) => format!("{percent} %"),
    }
}

/// Units as [`units`] writes them behind numbers.
const UNITS: [&str; 16] = [
    "d", "h", "min", "s", "ms", "µs", "ns", "tick", "ticks", "B", "%", "B/s", "B/min", "B/h",
    "B/day", "MiB/s",
];

/// The text with no place between a number and its unit where a line could be broken: "9.04\u{A0}ms",
/// "2\u{A0}h\u{A0}14\u{A0}min", "tick\u{A0}2,417".
pub(crate) fn unbroken(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let (mut before, mut behind_number) = ("", false);
    for (place, word) in text.split(' ').enumerate() {
        let is_number = word.starts_with(|character: char| character.is_ascii_digit());
        let unit = word.trim_end_matches([',', ';', ':', '.', ')']);
        let is_unit =
            UNITS.contains(&unit) && before.ends_with(|character: char| character.is_ascii_digit());
        let goes_on = match before {
            "d" | "h" | "min" => behind_number && is_number,
            "tick" => !behind_number && is_number,
            _ => false,
        };
        if place > 0 {
            kept.push(if is_unit || goes_on { '\u{A0}' } else { ' ' });
        }
        kept.push_str(word);
        (before, behind_number) = (word, is_unit);
    }
    kept
}
