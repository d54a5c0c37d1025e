//! Text from a device made fit for a terminal.
//!
//! Names of tasks and functions and the text of log messages come from a device or from a file, and may
//! hold anything: sequences that recolour, retitle or rewrite a terminal, or characters that show text in
//! another order than it has.

use std::borrow::Cow;

/// One line without control characters.
///
/// Sequences that set colours or move the cursor (`ESC [ … m`) are removed as a whole, as logs are full
/// of them. Tabs and ends of lines become spaces; what else acts on a terminal or on the direction or
/// joining of text is removed, and what remains of other sequences stands there as the harmless letters
/// it is.
///
/// ```
/// use leakscope_report::sanitise;
/// assert_eq!(sanitise("\u{1b}[0;32mI (31) main:\tready\u{1b}[0m\n"), "I (31) main: ready ");
/// assert_eq!(sanitise("nimda\u{202e}"), "nimda");
/// ```
pub fn sanitise(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hostile) {
        return Cow::Borrowed(text);
    }
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let length = control_sequence(rest).unwrap_or(character.len_utf8());
        match character {
            '\t' | '\n' | '\r' | '\u{2028}' | '\u{2029}' => kept.push(' '),
            hostile if is_hostile(hostile) => {}
            harmless => kept.push(harmless),
        }
        rest = &rest[length..];
    }
    Cow::Owned(kept)
}

/// The length of the control sequence that `text` begins with (ECMA-48, section 5.4): `ESC [` or its
/// one-character form, parameters, a final letter.
fn control_sequence(text: &str) -> Option<usize> {
    let parameters = text
        .strip_prefix("\u{1b}[")
        .or_else(|| text.strip_prefix('\u{9b}'))?;
    let end = parameters.find(|character| !matches!(character, ' '..='?'))?;
    let is_final = parameters[end..].starts_with(|character| matches!(character, '@'..='~'));
    is_final.then_some(text.len() - parameters.len() + end + 1)
}

/// Control characters (C0, DEL, C1), and those of Unicode's format characters (category Cf) and
/// separators that change how the text around them looks.
pub(crate) fn is_hostile(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{AD}'                      // soft hyphen
            | '\u{61C}'                   // Arabic letter mark
            | '\u{180E}'                  // Mongolian vowel separator
            | '\u{200B}'..='\u{200F}'     // zero-width characters, direction marks
            | '\u{2028}'..='\u{202E}'     // line and paragraph separators, bidi embeddings and overrides
            | '\u{2060}'..='\u{206F}'     // word joiner, invisible operators, bidi isolates
            | '\u{FEFF}'                  // byte order mark
            | '\u{FFF9}'..='\u{FFFB}'     // interlinear annotation
            | '\u{E0000}'..='\u{E007F}'   // tags
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn terminal_sequences_lose_their_power() {
        for (hostile, harmless) in [
            ("\u{1b}]0;title\u{7}x", "]0;titlex"),
            ("\u{1b}]8;;http://e\u{1b}\\link", "]8;;http://e\\link"),
            ("\u{9b}31mred", "red"),
            ("a\u{1b}[2J\u{1b}[?25lb\u{1b}[ q", "ab"),
            ("\u{1b}[12", "[12"),
            ("\u{1b}[1é", "[1é"),
            ("\u{9d}0;title\u{9c}", "0;title"),
            ("over\rwritten", "over written"),
            ("back\u{8}\u{8}space\u{7f}", "backspace"),
            ("two\r\nlines", "two  lines"),
        ] {
            assert_eq!(sanitise(hostile), harmless);
        }
    }

    #[test]
    fn direction_cannot_be_overridden() {
        for hostile in "\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}\u{200e}\u{200f}\u{61c}".chars() {
            assert_eq!(sanitise(&format!("a{hostile}b")), "ab", "{hostile:?}");
        }
    }

    #[test]
    fn words_of_any_language_stay() {
        for text in ["", "main", "Wächter", "タスク", "задача", "🚀"] {
            assert!(matches!(sanitise(text), Cow::Borrowed(same) if same == text));
        }
    }

    proptest! {
        #[test]
        fn nothing_hostile_is_left(text: String) {
            prop_assert!(!sanitise(&text).contains(is_hostile));
        }
    }
}
