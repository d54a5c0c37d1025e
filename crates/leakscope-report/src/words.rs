//! Reasons and messages of the analysis, put in words.

use leakscope_analysis::findings::Word;

use crate::units::{self, Clock};

/// The words joined: "27 of 27 blocks never freed, one every 9.04 ms".
pub fn phrase(words: &[Word], clock: Clock) -> String {
    words.iter().map(|&word| in_words(word, clock)).collect()
}

/// As [`phrase`], with no place between a number and its unit where a line could be broken.
pub(crate) fn unbroken_phrase(words: &[Word], clock: Clock) -> String {
    let words = words.iter().map(|&word| match word {
        Word::Text(text) => text.to_owned(),
        number => in_words(number, clock).replace(' ', "\u{A0}"),
    });
    words.collect()
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
