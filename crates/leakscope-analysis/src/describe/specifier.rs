//! What may follow a `%`, and how a number is laid out.

use super::named_type::{NamedType, NamedTypes};

/// How a value is taken and shown (UM08027, section 6.1.5.1).
#[derive(Clone, Copy, Debug)]
pub(super) enum Specifier<'t> {
    /// `%u`
    Unsigned,
    /// `%d`, and `%i`, which SEGGER's manual does not have
    Signed,
    /// `%x`
    Hexadecimal,
    /// `%X`, not in the manual
    HexadecimalUpper,
    /// `%b`
    Binary,
    /// `%p`
    Pointer,
    /// `%D`
    Time,
    /// `%t`, and `%T`, which ESP-IDF writes
    Task,
    /// `%I`
    Resource,
    /// `%s`
    String,
    /// `%B`
    Bytes,
    /// `%` and the name of a declared type
    Named(&'t NamedType),
    /// `%` and something else, presumably a type that is declared nowhere
    Undeclared,
}

impl<'t> Specifier<'t> {
    /// Reads the specifier that `word`, the letters and digits behind a `%`, begins with, and returns it
    /// with what follows it.
    ///
    /// The longest match wins: `us` is `%u` and the text "s" unless a type `us` is declared. `Bool` would
    /// be `%B` and "ool" where no type `Bool` is declared; no one means that, so it is
    /// [`Undeclared`](Self::Undeclared).
    pub(super) fn resolve<'w>(word: &'w str, types: &'t NamedTypes) -> (Self, &'w str) {
        if let Some((named_type, length)) = types.longest(word) {
            return (Self::Named(named_type), &word[length..]);
        }
        // printf's h and l
        let plain = word.trim_start_matches(['h', 'l']);
        let plain = if plain.is_empty() { word } else { plain };
        let (letter, rest) = plain.split_at(plain.len().min(1));
        if letter.starts_with(char::is_uppercase)
            && rest.len() > 1
            && rest.starts_with(char::is_lowercase)
        {
            return (Self::Undeclared, "");
        }
        let specifier = match letter {
            "u" => Self::Unsigned,
            "d" | "i" => Self::Signed,
            "x" => Self::Hexadecimal,
            "X" => Self::HexadecimalUpper,
            "b" => Self::Binary,
            "p" => Self::Pointer,
            "D" => Self::Time,
            "t" | "T" => Self::Task,
            "I" => Self::Resource,
            "s" => Self::String,
            "B" => Self::Bytes,
            _ => return (Self::Undeclared, ""),
        };
        (specifier, rest)
    }
}

/// The widest field that is honoured, in characters.
const WIDEST: usize = 64;

/// The flags and the width of a specifier, as printf has them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct FieldFormat {
    width: usize,
    left: bool,
    zeros: bool,
    plus: bool,
}

impl FieldFormat {
    /// Reads flags, width and precision at the start of `text`; returns what follows. The precision is
    /// ignored.
    pub(super) fn parse(text: &str) -> (Self, &str) {
        let rest = text.trim_start_matches(['-', '+', '0', '#']);
        let flags = &text[..text.len() - rest.len()];
        let behind = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        let width = rest[..rest.len() - behind.len()].parse().unwrap_or(0);
        let behind = behind.strip_prefix('.').map_or(behind, |p| {
            p.trim_start_matches(|c: char| c.is_ascii_digit())
        });
        let layout = Self {
            width: WIDEST.min(width),
            left: flags.contains('-'),
            zeros: flags.contains('0'),
            plus: flags.contains('+'),
        };
        (layout, behind)
    }

    /// A number in its field. `prefix` (`0x`) does not count for the width, as it would stand before the
    /// specifier in printf.
    pub(super) fn number(self, prefix: &str, is_negative: bool, digits: &str) -> String {
        let sign = match (is_negative, self.plus) {
            (true, _) => "-",
            (false, true) => "+",
            (false, false) => "",
        };
        let width = self.width.saturating_sub(sign.len());
        if self.left {
            format!("{prefix}{sign}{digits:<width$}")
        } else if self.zeros {
            format!("{prefix}{sign}{digits:0>width$}")
        } else {
            let gap = " ".repeat(width.saturating_sub(digits.len()));
            format!("{gap}{prefix}{sign}{digits}")
        }
    }

    /// A text in its field.
    pub(super) fn text(self, text: String) -> String {
        let width = self.width;
        match (width, self.left) {
            (0, _) => text,
            (_, true) => format!("{text:<width$}"),
            (_, false) => format!("{text:>width$}"),
        }
    }
}
